/* What asks for a clean stop (base/stopping.h); a second one stops at once. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

void ik__signals_watch(void);
void ik__signals_unwatch(void); /* they have their usual effect again */
bool ik__signals_seen(void);
/* What would exceed the greatest size of a file fails as on a full disk. */
void ik__signals_file_size(void);
/* From here on the work goes on where nobody reads any more what it says. */
void ik__signals_unheard(void);

#endif
