#include "accesses.h"

emulated_watch emulated_watched[32];
int emulated_watching;
