/* The object code of the cuda backend: for which architectures it is there, and that a kernel which
 * spills registers does not compile. Needs no tool but nvcc, and no device. */
#include "support/runs.h"

#include "fat_binary.h"

#define PLUGIN BUILD_DIR "/lib/inadekit/backends/cuda.so"
#define USUAL "80-real,90-real,90-virtual"
#ifndef ASKED /* by option, as -DCMAKE_CUDA_ARCHITECTURES=80-real */
#define ASKED USUAL
#endif

enum { MOST = 1024 };

static unsigned char *bytes;
static size_t size;
static fat_image images[MOST];
static int n;
static char why[200];

static void load(const char *path) {
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    size = (size_t)ftell(f);
    rewind(f);
    free(bytes);
    bytes = malloc(size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, size, f), size);
    fclose(f);
}

static void read_it(void) {
    n = fat_images(bytes, size, images, MOST, why, sizeof why);
    ck_assert_msg(n > 0 && n < MOST, "%d images: %s", n, why);
}

static void refuses(const char *asked, const char *text) {
    n = fat_images(bytes, size, images, MOST, why, sizeof why);
    ck_assert(n < 0 || !fat_has(images, n, asked, why, sizeof why));
    ck_assert_str_eq(why, text);
}

static int count(int kind, int architecture) {
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += images[i].kind == kind && images[i].architecture == architecture;
    return sum;
}

START_TEST(plugin) {
    load(PLUGIN);
    read_it();
    if (strcmp(ASKED, USUAL) != 0)
        printf("cuda_code: built for " ASKED " by option, not for the usual " USUAL "\n");
    for (int a = 0; a < 1000; a++)
        if (count(FAT_CUBIN, a) || count(FAT_PTX, a))
            printf("cuda_code: sm_%d: %d files with object code, %d with PTX\n", a,
                   count(FAT_CUBIN, a), count(FAT_PTX, a));
    ck_assert_int_eq(images[n - 1].container + 1, CU_FILES);
    ck_assert_msg(fat_has(images, n, ASKED, why, sizeof why), "%s", why);
}
END_TEST

/* --- what nvcc makes for other architectures */

/* By nvcc as it compiles the plugin's kernels, but for `code`; its status. What it says is in the
 * file out.txt. */
static int compile(const char *code, int block) {
    return shell("command=$(sed -n 's/^ *\"command\": \"\\(.*nvcc .*\\) -c .*backends\\/cuda\\/"
                 "flat\\.cu .*/\\1/p' %s/compile_commands.json | sed 's/ --generate-code=[^ ]*//g; "
                 "s/\\\\\\\\\"/\"/g') && test -n \"$command\" && eval \"$command\" %s -DBLOCK=%d "
                 "-fatbin -o made.fatbin %s/registers.cu >out.txt 2>&1",
                 BUILD_DIR, code, block, FOLDER);
}

static void show_output(void) {
    char command[128];
    snprintf(command, sizeof command, "cat %s/out.txt >&2", folder);
    if (system(command)) fputs("nvcc was not reached\n", stderr);
}

static void compiles(const char *code) {
    char path[128];
    int status = compile(code, 128);
    if (status) show_output();
    ck_assert_int_eq(status, 0);
    snprintf(path, sizeof path, "%s/made.fatbin", folder);
    load(path);
    read_it();
}

START_TEST(single) {
    compiles("--generate-code=arch=compute_80,code=sm_80");
    ck_assert_int_eq(n, 1);
    ck_assert_msg(fat_has(images, n, "80-real", why, sizeof why), "%s", why);
    refuses("80-real,90-real,90-virtual", "container 0 has no object code for sm_90");
    refuses("80", "container 0 has no PTX for compute_80");
    compiles("--generate-code=arch=compute_90,code=compute_90");
    ck_assert_int_eq(n, 1);
    ck_assert_msg(fat_has(images, n, "90-virtual", why, sizeof why), "%s", why);
    refuses("90-real", "container 0 has no object code for sm_90");
    compiles("--generate-code=arch=compute_90,code=[sm_90,compute_90]");
    ck_assert_int_eq(n, 2);
    ck_assert_msg(fat_has(images, n, "90", why, sizeof why), "%s", why);
}
END_TEST

START_TEST(damaged) {
    load(PLUGIN);
    read_it();
    const fat_image last = images[n - 1];
    char text[100];
    snprintf(text, sizeof text, "container %d has no %s%d", last.container,
             last.kind == FAT_PTX ? "PTX for compute_" : "object code for sm_", last.architecture);
    bytes[last.at + 28]--;
    refuses(ASKED, text);
    bytes[last.at + 28]++;
    snprintf(text, sizeof text, "container %d: an image is damaged", last.container);
    if (last.kind == FAT_CUBIN) {
        bytes[last.at + last.header]++;
        refuses(ASKED, text);
        bytes[last.at + last.header]--;
    }
    memset(bytes + last.at + 8, 255, 8);
    refuses(ASKED, text);
    bytes[images[0].at - 16]++;
    refuses(ASKED, "container 0 is damaged");
    load(BUILD_DIR "/lib/inadekit/backends/naive.so");
    refuses(ASKED, "there is no section .nv_fatbin");
}
END_TEST

START_TEST(spills) {
    ck_assert_int_eq(
        shell("grep -c '\"command\".*nvcc .*--warn-on-spills -Xptxas=-Werror.*backends/cuda/[a-z_]*"
              "\\.cu ' %s/compile_commands.json | grep -qx %d",
              BUILD_DIR, CU_FILES),
        0);
    for (const char *s = ASKED; *s; s += strcspn(s, ","), s += *s == ',') {
        int length = (int)strcspn(s, ",-");
        char code[80];
        if (!strncmp(s + length, "-virtual", 8)) continue; /* PTX has registers without end */
        snprintf(code, sizeof code, "--generate-code=arch=compute_%.*s,code=sm_%.*s", length, s,
                 length, s);
        compiles(code);
        ck_assert_int_ne(compile(code, 1024), 0);
        ck_assert_int_eq(shell("grep -q 'error.*Registers are spilled to local memory' out.txt"),
                         0);
        printf("cuda_code: sm_%.*s: a kernel that spills does not compile\n", length, s);
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("cuda_code", set_up, tear_down, {plugin}, {single}, {damaged}, {spills});
}
