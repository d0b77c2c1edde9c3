/* See path.h. The room is more than the system takes: what is cut to it is too long all the same.
 */
#include "path.h"

ik__path ik__path_of(const char *format, ...) {
    ik__path p;
    va_list args;
    va_start(args, format);
    vsnprintf(p.text, sizeof p.text, format, args);
    va_end(args);
    return p;
}
