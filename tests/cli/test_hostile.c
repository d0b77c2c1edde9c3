/* Plugins that end the program, stop it, hang it or change it: named and survived by `plugins list`
 * and `plugins check`; a run says whose fault it is, and does not end as if all were well. */
#include "support/runs.h"

#define HOST BUILD_DIR "/hostile/host"

static void check(const char *plugin, const char *options, int status, const char *text) {
    char arguments[400];
    snprintf(arguments, sizeof arguments, "plugins check " HOST "/norm/%s.so %s", plugin, options);
    expect(arguments, status, text);
}

/* A folder of locales, with one that writes 1,5. */
static void set_up_hostile(void) {
    static const unsigned char numeric[] = {
        0x14, 0x11, 0x03, 0x20, 6,   0, 0,    0, 0x20, 0, 0,    0, 0x22, 0,   0,   0,   0x24, 0,
        0,    0,    0x28, 0,    0,   0, 0x2c, 0, 0,    0, 0x30, 0, 0,    0,   ',', 0,   '.',  0,
        3,    3,    0,    0,    ',', 0, 0,    0, '.',  0, 0,    0, 'U',  'T', 'F', '-', '8',  0};
    set_up_runs();
    ck_assert_int_eq(shell("mkdir xx"), 0);
    write_bytes("xx/LC_NUMERIC", (const char *)numeric, sizeof numeric);
    setenv("LOCPATH", folder, 1);
    setenv("INADEKIT_PLUGIN_PATH", HOST, 1);
}

/* Each is refused in its own row, and the rest is listed. */
START_TEST(listed) {
    static const char *const rows[][2] = {
        {"exits_loading", "it ends the program while it is loaded"},
        {"fails_loading", "it ends the program while it is loaded"},
        {"crashes_loading", "it crashes while it is loaded: ended by signal 11"},
        {"iface_nowhere", "is wrong: its interface lies nowhere"},
        {"no_record", "is wrong: a function of its interface is missing or lies nowhere"},
        {"record_nowhere", "is wrong: a function of its interface is missing or lies nowhere"},
        {"name_nowhere", "is wrong: name, version or summary is missing"},
        {"options_nowhere", "is wrong: its table of options has no end"},
        {"options_without_end", "is wrong: its table of options has no end"},
        {"descriptor_nowhere", "a descriptor lies nowhere"},
        {"short", "the file is cut short"},
    };
    ck_assert_int_eq(shell("mkdir -p cut/norm; head -c 5000 " HOST "/norm/nothing.so "
                           ">cut/norm/short.so"),
                     0);
    expect("plugins list norm --plugin-path cut", 0, "\nnorm  nothing              1 ");
    ck_assert_ptr_nonnull(strstr(said, "norm  inade"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char start[64];
        snprintf(start, sizeof start, "\nnorm  %s ", rows[i][0]);
        const char *row = strstr(said, start), *what = row ? strstr(row, rows[i][1]) : NULL;
        ck_assert_msg(what && what < strchr(row + 1, '\n'), "%s is not refused as '%s': %s",
                      rows[i][0], rows[i][1], said);
    }
}
END_TEST

START_TEST(checked) {
    check("nothing", "--set a=1", 1, "unknown option 'a'");
    check("exits_loading", "", 1, "exits_loading.so: being loaded\n");
    check("iface_nowhere", "", 1, "FAIL  it is refused: a descriptor for plugin interface 1.");
    check("exits_recording", "", 1, "FAIL  it ended the process; norm/exits_recording: recording");
    check("leaves_at_once", "", 1, "FAIL  it ended the process; norm/leaves_at_once: recording");
    check(
        "stops_itself", "--timeout 1", 1,
        "FAIL  it hung: no end after 1 s, as it had stopped itself; norm/stops_itself: recording");
    check("blocks_signals", "--timeout 1", 1,
          "FAIL  it hung: no end after 1 s; norm/blocks_signals: recording");
    check("leaves_a_process", "", 1, "FAIL  it left 1 process running, which were ended");
    check("leaves_a_daemon", "", 1, "FAIL  it left 1 process running, which were ended");
}
END_TEST

START_TEST(what_is_the_programs) {
    static const char *const texts[] = {"FAIL  it changes the program's working directory to /;",
                                        "FAIL  it changes the program's umask from 0",
                                        "FAIL  it takes signals that stop a run",
                                        "note  it changes the program's locale to "};
    for (int i = 0; i < 4; i++)
        if (i)
            ck_assert_msg(strstr(said, texts[i]), "'%s' is not in: %s", texts[i], said);
        else
            check("changes_much", "", 1, texts[i]);
}
END_TEST

/* A status that is not 0, and a word on whose fault it is. */
START_TEST(a_run_ends_badly) {
    static const char *const faults[] = {"exits_loading", "exits_recording", "leaves_at_once",
                                         "leaves_quickly"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char arguments[120], text[120];
        snprintf(arguments, sizeof arguments, "run tiny.yaml --out out --set norm.plugin=%s",
                 faults[i]);
        snprintf(text, sizeof text, "%s%s ended the program while ", i ? "error: norm/" : "norm/",
                 i ? faults[i] : "exits_loading.so");
        expect(arguments, 1, text);
        ck_assert_int_ne(shell("ls out"), 0);
    }
    ck_assert_int_eq(shell("{ cat tiny.yaml; echo 'compare: [{name: a, set: [norm=batch]}, "
                           "{name: b, set: [norm=exits_recording]}]'; } >compare.yaml"),
                     0);
    expect("run compare.yaml --out out", 1, "norm/exits_recording ended the program while ");
    expect("run tiny.yaml --out out --set norm.plugin=iface_nowhere", 1,
           "its interface lies nowhere");
}
END_TEST

/* Neither the log nor the weights of a run tell that a plugin has changed how numbers are written,
 * rounded, or which of them are zero. */
START_TEST(numbers_stay) {
#ifdef __SANITIZE_ADDRESS__ /* the plugin never frees its locale, which is not what is looked for  \
                             */
    setenv("ASAN_OPTIONS", "intercept_tls_get_addr=0:detect_leaks=0", 1);
#endif
    static const char *const faults[] = {"sets_locale", "sets_its_locale", "flushes_to_zero"};
    run("a", "tiny.yaml", "--set norm.plugin=nothing");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char options[64];
        snprintf(options, sizeof options, "--set norm.plugin=%s", faults[i]);
        run(faults[i], "tiny.yaml", options);
        expect_same_at("a", faults[i], 6);
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("hostile", set_up_hostile, tear_down, {listed}, {checked},
                     {what_is_the_programs}, {a_run_ends_badly}, {numbers_stay});
}
