/* A YAML file and overrides: up to the first NUL byte the file, then a `--set` text per NUL. What
 * loads must survive being written and read again. */
#include "fuzz.h"

#include "config/config.h"

enum { SETS = 8, MAX_DUMP = 1 << 20 };

static void check_round_trip(const ik__conf *conf) {
    ik_error err = {""};
    ik__conf *again = NULL;
    char *text = ik__conf_dump(conf);
    FUZZ_CHECK(text);
    size_t size = strlen(text);
    if (size <= MAX_DUMP) { /* copies of aliases may outgrow what a file may hold */
        FUZZ_CHECK(ik__conf_parse("dump", text, size, &again, &err) == IK_OK);
        char *twice = ik__conf_dump(again);
        FUZZ_CHECK(twice && strcmp(text, twice) == 0);
        free(twice);
        ik__conf_free(again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    const char *sets[SETS];
    int n = 0;
    size_t file = strlen(text);
    for (size_t at = file + 1; at <= size && n < SETS; at += strlen(text + at) + 1)
        sets[n++] = text + at;
    ik_error err = {""};
    ik__conf *conf = NULL;
    ik_status status = ik__conf_load(fuzz_file(data, file), n, sets, &conf, &err);
    fuzz_check_status(status, &err);
    if (!status) check_round_trip(conf);
    ik__conf_free(conf);
    free(text);
    return 0;
}
