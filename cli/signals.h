/* SIGINT and SIGTERM ask for a clean stop; a second one stops at once. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

void ik__signals_watch(void);
void ik__signals_unwatch(void); /* they have their usual effect again */
bool ik__signals_seen(void);

#endif
