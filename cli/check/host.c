/* What belongs to the whole program, and not to a plugin: its folder, the rights of new files,
 * who catches Ctrl-C. */
#include "check.h"

#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

static mode_t mask_now(void) {
    mode_t mask = umask(0);
    umask(mask);
    return mask;
}

void check_host_note(check_host *h) {
    if (!getcwd(h->folder, sizeof h->folder)) *h->folder = 0;
    h->mask = mask_now();
    snprintf(h->locale, sizeof h->locale, "%s", setlocale(LC_ALL, NULL));
    sigaction(SIGINT, NULL, &h->caught[0]);
    sigaction(SIGTERM, NULL, &h->caught[1]);
}

static bool same_action(const struct sigaction *a, const struct sigaction *b) {
    return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags;
}

void check_host_compare(check_findings *f, check_host *before) {
    check_host now;
    check_host_note(&now);
    if (strcmp(now.folder, before->folder) != 0)
        check_found(f, CHECK_WRONG,
                    "it changes the program's working directory to %.200s; what a run is told to "
                    "write would lie there",
                    now.folder);
    if (now.mask != before->mask)
        check_found(f, CHECK_WRONG, "it changes the program's umask from %03o to %03o",
                    (unsigned)before->mask, (unsigned)now.mask);
    if (!same_action(&now.caught[0], &before->caught[0]) ||
        !same_action(&now.caught[1], &before->caught[1]))
        check_found(f, CHECK_WRONG,
                    "it takes SIGINT or SIGTERM for itself: a run could no longer be stopped with "
                    "a checkpoint");
    if (strcmp(now.locale, before->locale) != 0)
        check_found(f, CHECK_NOTE,
                    "it changes the program's locale to %.100s; threads of its own will write "
                    "numbers as that says",
                    now.locale);
    *before = now;
}
