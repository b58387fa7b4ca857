#include "play.h"
const struct scenario readiness_scenarios[] = {{0}};
