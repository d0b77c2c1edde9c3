/* Which plugin is at work, so that a crash names it, and so does the end of the process.
 *
 * Around a call into a plugin: ik__blame b; ik__blame_begin(&b, plugin, "recording"); ...;
 * ik__blame_end(&b). Calls nest, each thread has its own. What a plugin may change of its thread
 * (locale, rounding, flushing to zero, blocked signals) is after the call as before. */
#ifndef INADEKIT_PLUGIN_BLAME_H
#define INADEKIT_PLUGIN_BLAME_H

#include "inadekit/plugin.h"

#include <fenv.h>
#include <locale.h>
#include <signal.h>

typedef struct ik__blame {
    const struct ik__blame *outer;
    const char *kind, *name, *doing;
    locale_t locale;
    fenv_t numbers;
    sigset_t blocked;
} ik__blame;

void ik__blame_begin(ik__blame *b, const ik_plugin *p, const char *doing);
/* The same of a file whose descriptors are not known yet. */
void ik__blame_file(ik__blame *b, const char *path, const char *doing);
void ik__blame_end(const ik__blame *b);

/* How often a plugin has been called since this was last asked of it; and which one to count. */
int ik__blame_count(const ik_plugin *p);

/* From here on a fatal signal says on stderr who was at work, and then has its usual effect; and
 * `exit` in the midst of the work is a failure that says the same. */
void ik__blame_watch(void);
/* The work is done: whoever exits now may. */
void ik__blame_over(void);
/* A child process: it is this one's end now that is watched. */
void ik__blame_here(void);
/* No more, nor of anybody else who watches: they end the process. */
void ik__blame_unwatch(void);
/* The status with which the process has to end that is about to end with this one; says why. */
int ik__blame_exit(int status);

/* "norm/mine: recording" of this thread, cut where the room ends; empty when no plugin is at work.
 */
void ik__blame_text(char *text, size_t size);
/* This text is kept up to date by the main thread's plugins: memory shared with a parent process,
 * who reads it when this one is gone. NULL: no more. */
enum { IK__BLAME_TEXT = 512 };
void ik__blame_share(char *text);

#endif
