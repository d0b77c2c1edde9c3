/* Norms that do something to the program that loads them: FAULT says what. Built once per fault,
 * for test_hostile.c. */
#define _GNU_SOURCE
#include "inadekit/plugin.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xmmintrin.h>

enum fault {
    EXITS_LOADING,
    FAILS_LOADING,
    EXITS_RECORDING,
    LEAVES_AT_ONCE,
    LEAVES_QUICKLY,
    CRASHES_LOADING,
    STOPS_ITSELF,
    BLOCKS_SIGNALS,
    LEAVES_A_PROCESS,
    LEAVES_A_DAEMON,
    IFACE_NOWHERE,
    NO_RECORD,
    RECORD_NOWHERE,
    NAME_NOWHERE,
    OPTIONS_NOWHERE,
    OPTIONS_WITHOUT_END,
    DESCRIPTOR_NOWHERE,
    SETS_LOCALE,
    SETS_ITS_LOCALE,
    FLUSHES_TO_ZERO,
    CHANGES_MUCH,
    NOTHING,
};

static void leave_a_process(void) {
    if (fork()) return;
    if (FAULT == LEAVES_A_DAEMON) setsid();
    for (;;) pause();
}

static void block_and_wait(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (;;) pause();
}

static void once(void) {
    switch ((int)FAULT) {
    case EXITS_RECORDING:
        exit(0);
    case LEAVES_AT_ONCE:
        _exit(0);
    case LEAVES_QUICKLY:
        quick_exit(0);
    case STOPS_ITSELF:
        raise(SIGSTOP);
        break;
    case BLOCKS_SIGNALS:
        block_and_wait();
        break;
    case LEAVES_A_PROCESS:
    case LEAVES_A_DAEMON:
        leave_a_process();
        break;
    case SETS_LOCALE:
        if (!setlocale(LC_NUMERIC, "xx")) abort();
        break;
    case SETS_ITS_LOCALE:
        uselocale(newlocale(LC_NUMERIC_MASK, "xx", (locale_t)0));
        break;
    case FLUSHES_TO_ZERO:
        _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
        _MM_SET_ROUNDING_MODE(_MM_ROUND_TOWARD_ZERO);
        break;
    case CHANGES_MUCH:
        if (chdir("/")) abort();
        umask(0);
        if (!setlocale(LC_NUMERIC, "xx")) abort();
        signal(SIGTERM, SIG_IGN);
        break;
    default:
        break;
    }
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    static bool done;
    (void)self;
    if (!done) once();
    done = true;
    return ik_affine(g, x, 1, 0);
}

static ik_norm_iface iface = {sizeof iface, record};
/* Nothing but rows up to the end of what can be read. */
static const ik_option row = {"a", "one number", IK_OPT_INT, 0, "1", 0, 0, NULL};
static ik_plugin plugin = {IK_PLUGIN_HEAD(IK_NORM, NAME, "1", "wrong on purpose"),
                           .instance_size = 8, .iface = &iface};

__attribute__((constructor)) static void loading(void) {
    static ik_option many[4096];
    for (int i = 0; i < 4096; i++) many[i] = row;
    void *nowhere = (void *)16;
    switch ((int)FAULT) {
    case EXITS_LOADING:
        exit(0);
    case FAILS_LOADING:
        exit(1);
    case CRASHES_LOADING:
        raise(SIGSEGV);
        break;
    case IFACE_NOWHERE:
        plugin.iface = nowhere;
        break;
    case NO_RECORD:
        iface.record = NULL;
        break;
    case RECORD_NOWHERE:
        memcpy(&iface.record, &nowhere, sizeof nowhere);
        break;
    case NAME_NOWHERE:
        plugin.name = nowhere;
        break;
    case OPTIONS_NOWHERE:
        plugin.options = nowhere;
        break;
    case OPTIONS_WITHOUT_END:
        plugin.options = many;
        break;
    default:
        break;
    }
}

IK_EXPORT_PLUGINS(FAULT == DESCRIPTOR_NOWHERE ? (const ik_plugin *)16 : &plugin)
