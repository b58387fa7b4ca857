#include "play.h"
const struct scenario waiting_scenarios[] = {{0}};
