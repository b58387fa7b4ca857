#include "play.h"
const struct scenario option_scenarios[] = {{0}};
