#include "play.h"
const struct scenario other_scenarios[] = {{0}};
