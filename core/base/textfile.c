/* Small files, whole or not at all. */
#include "textfile.h"

#include "aside.h"
#include "open.h"

#include <stdlib.h>
#include <sys/stat.h>

ik_status ik__textfile_write(const char *path, const char *text, size_t n, ik_error *err) {
    ik__aside aside;
    if (!text) return ik_errorf(err, IK_FAILED, "%s: out of memory while writing it", path);
    ik_status status = ik__aside_open(&aside, path, err);
    if (status) return status;
    fwrite(text, 1, n, aside.file); /* commit sees whether it went well */
    return ik__aside_commit(&aside, err);
}

char *ik__textfile_read(const char *path, size_t most, size_t *n) {
    const char *why;
    FILE *f = ik__open_file(path, &why);
    struct stat st;
    char *text = NULL;
    if (f && !fstat(fileno(f), &st) && st.st_size >= 0 && (uint64_t)st.st_size <= most)
        text = malloc((size_t)st.st_size + 1);
    *n = text ? fread(text, 1, (size_t)st.st_size, f) : 0;
    if (text) text[*n] = 0;
    if (f) fclose(f);
    return text;
}
