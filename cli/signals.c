/* Signals only set a flag; work looks at it where it can stop. */
#include "signals.h"

#include "base/stopping.h"

#include <string.h>

static volatile sig_atomic_t seen;
static struct sigaction before[IK__STOPPING];

static void note(int number) {
    (void)number;
    seen = 1;
}

void ik__signals_watch(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    seen = 0;
    for (int i = 0; i < IK__STOPPING; i++) {
        int number = ik__stopping[i];
        a.sa_handler = ik__stops(number) ? note : SIG_IGN;
        /* The second one has its usual effect, but that of processor time comes every second; calls
         * that a signal falls into go on. */
        a.sa_flags = SA_RESTART | (number == SIGXCPU ? 0 : (int)SA_RESETHAND);
        sigaction(number, &a, &before[i]);
    }
}

void ik__signals_unwatch(void) {
    for (int i = 0; i < IK__STOPPING; i++) sigaction(ik__stopping[i], &before[i], NULL);
}

void ik__signals_file_size(void) {
    signal(SIGXFSZ, SIG_IGN);
}

void ik__signals_unheard(void) {
    signal(SIGPIPE, SIG_IGN);
}

bool ik__signals_seen(void) {
    return seen;
}
