/* The version in words: the build's own number, the plugin interface it offers, and of what and how
 * it was built. */
#include "version.h"

#include "inadekit/plugin.h"

#include <jpeglib.h>
#include <png.h>
#include <yaml.h>
#include <zip.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

#ifdef __clang__
#define COMPILER "" /* __VERSION__ begins with its name */
#else
#define COMPILER "gcc "
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZERS "address, undefined"
#else
#define SANITIZERS "none"
#endif
#ifdef LIBJPEG_TURBO_VERSION
#define JPEG_TEXT "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION)
#else
#define JPEG_TEXT "libjpeg " TEXT(JPEG_LIB_VERSION)
#endif

const char *ik__version_text(void) {
    return "inadekit " INADEKIT_VERSION
           " (plugin interface " TEXT(IK_ABI_MAJOR) "." TEXT(IK_ABI_MINOR) ")";
}

void ik__version_build(FILE *out) {
    fprintf(out, "build: %s, %s%s, sanitizers: %s\n",
            *INADEKIT_BUILD_TYPE ? INADEKIT_BUILD_TYPE : "no build type", COMPILER, __VERSION__,
            SANITIZERS);
    fprintf(out, "libraries: libyaml %s, libpng %s, %s, libzip %s\n", yaml_get_version_string(),
            png_get_libpng_ver(NULL), JPEG_TEXT, zip_libzip_version());
}
