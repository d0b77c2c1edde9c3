/* What can go wrong while training: numbers that are not finite, files that do not fit, a full
 * disk. Each ends the run with a message that helps, and the last checkpoint stays whole. */
#include "support/runs.h"

#include <math.h>
#include <stdint.h>
#include <sys/mount.h>

#define LAST "a/checkpoints/step-00000003"

/* Three steps in folder a, and a copy of their checkpoint to compare with. */
static void begin(void) {
    run("a", "tiny.yaml", "--set train.steps=3");
    ck_assert_int_eq(shell("cp -r a/checkpoints kept"), 0);
}

static void expect_kept(void) {
    ck_assert_msg(same("kept", "a/checkpoints"), "the checkpoint was changed: %s", said);
}

/* Sets every element of an entry of the last checkpoint's weights. */
static void set_weights(const char *entry, float value) {
    char path[160], key[128], head[65536];
    snprintf(path, sizeof path, "%s/" LAST "/weights.safetensors", folder);
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    uint64_t size;
    ck_assert_uint_eq(fread(&size, sizeof size, 1, f), 1);
    ck_assert_uint_lt(size, sizeof head);
    ck_assert_uint_eq(fread(head, 1, size, f), size);
    head[size] = 0;
    snprintf(key, sizeof key, "\"%s\":", entry);
    const char *at = strstr(head, key);
    ck_assert_msg(at && (at = strstr(at, "\"data_offsets\":[")), "no entry %s", entry);
    long from, to;
    ck_assert_int_eq(sscanf(at, "\"data_offsets\":[%ld,%ld]", &from, &to), 2);
    fseek(f, 8 + (long)size + from, SEEK_SET);
    for (long i = from; i < to; i += 4) ck_assert_uint_eq(fwrite(&value, 4, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(shell("rm -rf kept && cp -r a/checkpoints kept"), 0);
}

static const struct {
    const char *entry;
    float value;
    const char *begins, *text;
} spoilt[] = {
    {"generator.up.conv_0.bias", NAN,
     "error: " LAST "/weights.safetensors: ", "generator.up.conv_0.bias holds nan"},
    {"generator.fc.weight", 3e38f, "error: step 4: the loss '",
     "generator.fc, linear [2,128], was the first to make "},
    {"discriminator.discriminator_1.model0.0.bias", INFINITY,
     "error: " LAST "/weights.safetensors: ",
     "discriminator.discriminator_1.model0.0.bias holds inf"},
};

START_TEST(not_finite) {
    begin();
    set_weights(spoilt[_i].entry, spoilt[_i].value);
    expect("run tiny.yaml --out a -q --resume", 1, spoilt[_i].begins);
    ck_assert_msg(strstr(said, spoilt[_i].text), "'%s' is not in: %s", spoilt[_i].text, said);
    expect_kept();
}
END_TEST

START_TEST(not_finite_at_once) {
    expect("run tiny.yaml --out a -q --set losses.1.weight=1e39", 1,
           "error: step 1: the loss 'total' of the generator is inf: ");
    ck_assert_int_ne(shell("ls a/checkpoints"), 0);
}
END_TEST

/* Losses that are finite, and gradients whose squares are not. */
START_TEST(no_spoilt_checkpoint) {
    expect("run tiny.yaml --out a -q --set losses.0.weight=1e30 --set train.steps=1", 1,
           "holds inf, so no checkpoint was written");
    ck_assert_int_ne(shell("ls -d a/checkpoints/*"), 0);
}
END_TEST

START_TEST(misfits) {
    begin();
    expect("run tiny.yaml --out a -q --resume --set networks.generator.nodes.0.out=[4,4,4]", 1,
           LAST "/weights.safetensors does not fit this pipeline (");
    static const char *const all[] = {
        "\n  of another shape: generator.fc.weight, [128,256] there, [64,256] here\n",
        "\n  of another shape: generator.fc.bias, [128] there, [64] here\n",
        "\n  of another shape: generator.head.conv_0.weight_orig, [8,8,3,3] there, [4,4,3,3] here\n"};
    for (int i = 0; i < 3; i++)
        ck_assert_msg(strstr(said, all[i]), "'%s' is not in: %s", all[i], said);
    expect("run tiny.yaml --out a -q --resume --set networks.discriminator.layers=4", 1,
           "\n  missing: discriminator.discriminator_0.model3.0.weight_orig\n");
    expect("run tiny.yaml --out a -q --resume --set networks.discriminator.scales=1", 1,
           "\n  surplus: discriminator.discriminator_1.model0.0.weight\n");
    /* More than a message holds. */
    expect("run tiny.yaml --out a -q --resume --set networks.discriminator.channels=8 "
           "--set networks.discriminator.scales=8",
           1, " more\n");
    ck_assert_msg(strstr(said, "\n  and "), "%s", said);
    expect_kept();
}
END_TEST

static const struct {
    const char *what, *text;
} broken[] = {
    {"truncate -s -4 " LAST "/weights.safetensors", LAST "/weights.safetensors: "},
    {"truncate -s 100 " LAST "/optimizer.safetensors", LAST "/optimizer.safetensors: "},
    {"echo hello >" LAST "/weights.safetensors", LAST "/weights.safetensors: "},
    {"rm " LAST "/weights.safetensors", LAST "/weights.safetensors: "},
    {"cp " LAST "/weights.safetensors " LAST "/optimizer.safetensors",
     LAST "/optimizer.safetensors does not fit this pipeline"},
    {"mv " LAST " a/checkpoints/step-00000005", "was written at step 3"},
};

START_TEST(broken_file) {
    begin();
    ck_assert_int_eq(shell("%s", broken[_i].what), 0);
    expect("run tiny.yaml --out a -q --resume", 1, broken[_i].text);
}
END_TEST

/* A file may grow to so many bytes and no further: a disk that is full for all but root too. */
START_TEST(limited) {
    begin();
    ck_assert_int_eq(shell("ulimit -f 20; " BUILD_DIR
                           "/bin/inadekit run tiny.yaml --out a -q --resume; [ $? -eq 1 ]"),
                     0);
    ck_assert_int_eq(shell("[ -d a/checkpoints/step-00000003 ] && "
                           "[ ! -e a/checkpoints/step-00000006 ] && ! ls -d a/checkpoints/.w*"),
                     0);
    expect_kept();
}
END_TEST

START_TEST(full_disk) {
    char path[128];
    snprintf(path, sizeof path, "%s/disk", folder);
    ck_assert_int_eq(shell("mkdir disk"), 0);
    if (geteuid() || mount("none", path, "tmpfs", 0, "size=2m")) {
        puts("full_disk: skipped, only root can mount a small disk");
        return;
    }
    ck_assert_int_eq(shell("mkdir disk/a && ln -s disk/a a"), 0);
    begin();
    run("whole", "tiny.yaml", "");
    /* All but 40 KiB are taken: too little for a checkpoint, which is known before. */
    ck_assert_int_eq(shell("head -c 4m /dev/zero >disk/filler; truncate -s -40k disk/filler"), 0);
    expect("run tiny.yaml --out a -q --resume", 1, "error: a: the disk is too full for ");
    ck_assert_ptr_nonnull(strstr(said, " KiB are free; lower train.keep"));
    /* For one, but not beside the pictures that come before it. */
    ck_assert_int_eq(shell("truncate -s -472k disk/filler"), 0);
    expect("run tiny.yaml --out a -q --resume", 1, "No space left on device");
    ck_assert_ptr_nonnull(strstr(said, "note: a: the disk may become full: "));
    ck_assert_int_eq(shell("diff -r kept a/checkpoints"), 0);
    ck_assert_int_eq(shell("rm disk/filler"), 0);
    run("a", "tiny.yaml", "--resume");
    expect_same_at("whole", "a", 6);
}
END_TEST

START_TEST(unwritable) {
    ck_assert_int_eq(shell("touch file"), 0);
    expect("run tiny.yaml --out file/a -q", 1, "error: cannot make the folder file/a");
    expect("run tiny.yaml --out file -q", 1, "error: cannot make the folder file/images");
    expect("run tiny.yaml --out /proc/inadekit -q", 1,
           "error: cannot make the folder /proc/inadekit");
    ck_assert_int_eq(shell("mkdir -p a/checkpoints && touch a/log.jsonl && rm a/log.jsonl && "
                           "mkdir a/log.jsonl"),
                     0);
    expect("run tiny.yaml --out a -q", 1, "a/log.jsonl: ");
}
END_TEST

/* A test that failed may have left its disk mounted. */
static void leave(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/disk", folder);
    umount2(path, MNT_DETACH);
    tear_down();
}

int main(void) {
    return RUN_SUITE("train_wrong", set_up_runs, leave, {not_finite, COUNT(spoilt)},
                     {not_finite_at_once}, {no_spoilt_checkpoint}, {misfits},
                     {broken_file, COUNT(broken)}, {limited}, {full_disk}, {unwritable});
}
