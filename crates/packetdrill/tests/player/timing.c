#include "play.h"
const struct scenario timing_scenarios[] = {{0}};
