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
    for (int i = 0; i < IK__STOPPING; i++) sigaction(ik__stopping[i], NULL, &h->caught[i]);
}

static bool same_signals(const check_host *a, const check_host *b) {
    for (int i = 0; i < IK__STOPPING; i++)
        if (a->caught[i].sa_handler != b->caught[i].sa_handler ||
            a->caught[i].sa_flags != b->caught[i].sa_flags)
            return false;
    return true;
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
    if (!same_signals(&now, before))
        check_found(
            f, CHECK_WRONG,
            "it takes signals that stop a run, as SIGINT, for itself: it could no longer be stopped with a checkpoint");
    if (strcmp(now.locale, before->locale) != 0)
        check_found(f, CHECK_NOTE,
                    "it changes the program's locale to %.100s; threads of its own will write "
                    "numbers as that says",
                    now.locale);
    *before = now;
}
