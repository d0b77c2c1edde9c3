/* The version in words: the build's own number and the plugin interface it offers. */
#include "version.h"

#include "inadekit/plugin.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *ik__version_text(void) {
    return "inadekit " INADEKIT_VERSION
           " (plugin interface " TEXT(IK_ABI_MAJOR) "." TEXT(IK_ABI_MINOR) ")";
}
