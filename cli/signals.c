/* Signals only set a flag; training looks at it between steps. */
#include "signals.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t seen;
static struct sigaction before[2]; /* of SIGINT, SIGTERM */

static void note(int number) {
    (void)number;
    seen = 1;
}

void ik__signals_watch(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = note;
    /* The second one has its usual effect; calls that a signal falls into go on. */
    a.sa_flags = (int)SA_RESETHAND | SA_RESTART;
    seen = 0;
    sigaction(SIGINT, &a, &before[0]);
    sigaction(SIGTERM, &a, &before[1]);
}

void ik__signals_unwatch(void) {
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
}

bool ik__signals_seen(void) {
    return seen;
}
