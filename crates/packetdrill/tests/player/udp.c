#include "play.h"
const struct scenario udp_scenarios[] = {{0}};
