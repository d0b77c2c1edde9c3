/* Files to read: what is refused instead of being waited for, and what a wrong file is called; and
 * what a terminal is given. */
#include "support/pictures.h"

#include "base/open.h"
#include "base/text.h"

#include <sys/socket.h>
#include <sys/un.h>

static void refuses(const char *path, const char *what) {
    const char *why = NULL;
    ck_assert_ptr_null(ik__open_file(path, &why));
    ck_assert_msg(strstr(why, what) == why, "not '%s': %s", what, why);
}

START_TEST(only_files) {
    const char *why;
    ck_assert_int_eq(mkfifo(in_scratch("pipe"), 0600), 0);
    refuses(in_scratch("pipe"), "it is a pipe, and only files are read");
    refuses(in_scratch("absent"), "No such file or directory");
    refuses(scratch, "it is a folder, and a file is wanted");
    refuses("/dev/zero", "it is a device, and only files are read");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%.90s/socket", scratch);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    refuses(at.sun_path, "it is a socket, and only files are read");
    close(fd);
    write_bytes("file", "text", 4);
    FILE *f = ik__open_file(in_scratch("file"), &why);
    char text[5] = "";
    ck_assert_uint_eq(fread(text, 1, 5, f), 4);
    ck_assert_str_eq(text, "text");
    fclose(f);
}
END_TEST

START_TEST(reasons) {
    ck_assert_str_eq(ik__why(0), "the system gives no reason");
    ck_assert_str_eq(ik__why(2), "No such file or directory");
}
END_TEST

START_TEST(what_it_is) {
    static const struct {
        const char *head, *what;
    } files[] = {
        {"\xef\xbb\xbf\n <!DOCTYPE HTML><html>", "a web page (HTML)"},
        {"<html lang=de>", "a web page (HTML)"},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied", "an XML text"},
        {"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"},
        {"RIFF\1\1\1\1WEBPVP8 ", "a WebP picture"},
        {"GIF89a\1\1", "a GIF picture"},
        {"\x1f\x8b\x08\x01", "compressed (gzip)"},
        {"\1\1\1\x1c"
         "ftypheic\1\1",
         "a HEIF picture"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *what = ik__foreign(files[i].head, strlen(files[i].head));
        ck_assert_msg(what && strstr(what, files[i].what) == what, "%s: %s", files[i].head, what);
    }
    ck_assert_ptr_null(ik__foreign("", 0));
    ck_assert_ptr_null(ik__foreign("name: x\n", 8));
    ck_assert_ptr_null(ik__foreign("<htm", 4));
}
END_TEST

START_TEST(visible) {
    ik__text t = {0};
    ik__text_visible(&t, "a\x1b]0;owned\x07\x1b[31m\r\b\x7f\tb\n\xc2\x9b"
                         "1m\xff\xc3\xa4\xe2\x82\xac");
    ck_assert_str_eq(t.data, "a\\x1b]0;owned\\x07\\x1b[31m\\x0d\\x08\\x7f\tb\n\\xc2\\x9b1m\\xff"
                             "\xc3\xa4\xe2\x82\xac");
    ik__text_free(&t);
}
END_TEST

int main(void) {
    return RUN_SUITE("open", scratch_make, scratch_remove, {only_files}, {reasons}, {what_it_is},
                     {visible});
}
