/* Signals only set a flag; training looks at it between steps. */
#include "signals.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t seen;

static void note(int number) {
    (void)number;
    seen = 1;
}

void ik__signals_watch(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = note;
    a.sa_flags = (int)SA_RESETHAND; /* the second one has its usual effect */
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

bool ik__signals_seen(void) {
    return seen;
}
