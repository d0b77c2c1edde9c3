/* Of what and how it was built. */
#include "build.h"

#include "config/config.h"
#include "pictures/image.h"
#include "tensors/pth.h"

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

void ik__build_print(FILE *out) {
    fprintf(out, "build: %s, %s%s, sanitizers: %s\n",
            *INADEKIT_BUILD_TYPE ? INADEKIT_BUILD_TYPE : "no build type", COMPILER, __VERSION__,
            SANITIZERS);
    fprintf(out, "libraries: %s, %s, %s, %s\n", ik__conf_library(), ik__png_library(),
            ik__jpeg_library(), ik__pth_library());
}
