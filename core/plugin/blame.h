/* Which plugin is at work, so that a crash names it.
 *
 * Around a call into a plugin: ik__blame b; ik__blame_begin(&b, plugin, "recording"); ...;
 * ik__blame_end(&b). Calls nest, each thread has its own. */
#ifndef INADEKIT_PLUGIN_BLAME_H
#define INADEKIT_PLUGIN_BLAME_H

#include "inadekit/plugin.h"

typedef struct ik__blame {
    const struct ik__blame *outer;
    const char *kind, *name, *doing;
} ik__blame;

void ik__blame_begin(ik__blame *b, const ik_plugin *p, const char *doing);
/* The same of a file whose descriptors are not known yet. */
void ik__blame_file(ik__blame *b, const char *path, const char *doing);
void ik__blame_end(const ik__blame *b);

/* From here on a fatal signal says on stderr who was at work, and then has its usual effect. */
void ik__blame_watch(void);
/* No more, nor of anybody else who watches: they end the process. */
void ik__blame_unwatch(void);

/* "norm/mine: recording" of this thread, cut where the room ends; empty when no plugin is at work.
 */
void ik__blame_text(char *text, size_t size);
/* This text is kept up to date by the main thread's plugins: memory shared with a parent process,
 * who reads it when this one is gone. NULL: no more. */
enum { IK__BLAME_TEXT = 512 };
void ik__blame_share(char *text);

#endif
