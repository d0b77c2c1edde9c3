/* Files to read, and what else may lie there; see open.h. */
#define _GNU_SOURCE
#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *ik__why(int number) {
    return number ? strerror(number) : "the system gives no reason";
}

ik__path ik__from_where(const char *path, int number) {
    char here[PATH_MAX];
    if (number != ENOENT || *path == '/' || !getcwd(here, sizeof here))
        return ik__path_of("%s", "");
    return ik__path_of("; it is looked for in %s, where the program was started", here);
}

static const char *kind_of(mode_t mode) {
    return S_ISDIR(mode)    ? "it is a folder, and a file is wanted"
           : S_ISFIFO(mode) ? "it is a pipe, and only files are read"
           : S_ISSOCK(mode) ? "it is a socket, and only files are read"
                            : "it is a device, and only files are read";
}

FILE *ik__open_file(const char *path, const char **why) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    *why = ik__why(fd < 0 ? errno : EIO);
    if (fd < 0 && errno == ENXIO && !stat(path, &st)) *why = kind_of(st.st_mode);
    if (fd < 0) return NULL;
    FILE *file = NULL;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        *why = kind_of(st.st_mode);
    else if (!(file = fdopen(fd, "rb")))
        *why = ik__why(errno);
    if (!file) close(fd);
    return file;
}

#define UNFETCHED                                                                                  \
    ", so that fetching it went wrong; look into it with an editor, and fetch it again"
#define PICTURE(name) "a " name " picture; PNG and JPEG are read: convert it to PNG"

const char *ik__foreign(const void *head, size_t n) {
    static const struct {
        const char *begin, *what;
        size_t at; /* where in the file */
    } known[] = {
        {"<!doctype html", "a web page (HTML)" UNFETCHED, 0},
        {"<html", "a web page (HTML)" UNFETCHED, 0},
        {"<head", "a web page (HTML)" UNFETCHED, 0},
        {"<?xml", "an XML text" UNFETCHED, 0},
        {"version https://git-lfs",
         "a Git LFS pointer, which stands for the file; fetch the file "
         "itself with `git lfs pull`",
         0},
        {"\x1f\x8b", "compressed (gzip); unpack it", 0},
        {"\x28\xb5\x2f\xfd", "compressed (Zstandard); unpack it", 0},
        {"\xfd"
         "7zXZ",
         "compressed (xz); unpack it", 0},
        {"WEBP", PICTURE("WebP"), 8},
        {"GIF8", PICTURE("GIF"), 0},
        {"II*", PICTURE("TIFF"), 0},
        {"MM", PICTURE("TIFF"), 0},
        {"ftyphei", PICTURE("HEIF"), 4},
        {"ftypmif", PICTURE("HEIF"), 4},
        {"ftypavif", PICTURE("AVIF"), 4},
    };
    const char *s = head;
    if (n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) s += 3, n -= 3;
    while (n && strchr(" \t\r\n", *s) && *s) s++, n--;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].begin), at = known[i].at;
        if (n >= at + length && !strncasecmp(s + at, known[i].begin, length)) return known[i].what;
    }
    return NULL;
}
