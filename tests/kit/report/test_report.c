/* Reports: that they hold what they should, that nothing from outside gets into the markup, and
 * that the page and its pictures are whole. */
#include "page.h"
#include "support/runs.h"

#include "base/textfile.h"
#include "pictures/grid.h"
#include "report/chart.h"
#include "report/html.h"
#include "report/picture.h"
#include "report/report.h"

#include <math.h>

static char *page;

/* <folder>/NAME/report.html, checked for its form. */
static void read_page(const char *name) {
    char path[200];
    size_t n;
    snprintf(path, sizeof path, "%s/%s/report.html", folder, name);
    free(page);
    page = ik__textfile_read(path, 64 << 20, &n);
    ck_assert_msg(page, "%s is not there", path);
    ck_assert_uint_eq(strlen(page), n);
    check_well_formed(page);
    check_self_contained(page);
}

static void has(const char *text) {
    ck_assert_msg(strstr(page, text), "'%s' is not in the page", text);
}

static void lacks(const char *text) {
    ck_assert_msg(!strstr(page, text), "'%s' is in the page", text);
}

static int pictures(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/picture", folder);
    return check_pictures(page, path, 32, 32);
}

static int times(const char *text) {
    int n = 0;
    for (const char *p = page; (p = strstr(p, text)); p++) n++;
    return n;
}

static void tear_down_page(void) {
    free(page);
    page = NULL;
    tear_down();
}

/* --- A run. */

START_TEST(of_a_run) {
    run("a", "tiny.yaml", "--set synthesize.vary.instances=[0] --set synthesize.samples=3");
    read_page("a");
    has("<title>tiny</title>");
    has("6 training steps on cpu");
    has("32x32, 6 labels, 6 training pictures");
    has("<h2>Samples</h2>");
    has("<h2>One part varied</h2>");
    has("<h2>As training went on</h2>");
    has("step 3</div>");
    has("<h3>Training pictures at step 6</h3>");
    has("<figcaption>generator: total");
    has("<figcaption>discriminator: hinge");
    has("noise_channels: 8\n"); /* the pipeline */
    has("<th>version</th><td>inadekit ");
    has("oneDNN");
    has("of memory at most");
    lacks("Styles taken over");
    /* Samples 2x5, varied 2x6, over time 2x3, the last batch 2x3. */
    ck_assert_int_eq(pictures(), 10 + 12 + 6 + 6);
    ck_assert_int_eq(times("class=\"outline\""), 2 * 5);
}
END_TEST

START_TEST(evaluated) {
    run("a", "tiny.yaml",
        "--set 'stages=[train, evaluate, report]' --set 'evaluate=[{plugin: pixels, id: x<y}]'");
    read_page("a");
    has("<h2>Metrics</h2>\n<p class=\"note\">Over 2 layouts of the validation set, 2 samples of each.");
    has("<tr><th>x&lt;y.psnr</th><td class=\"number\">");
    lacks("<th>items</th>");
    ck_assert_int_eq(times("<figcaption>"), 5);
}
END_TEST

/* Weights that no training made and none will make. */
START_TEST(random_weights) {
    run("a", SOURCE_DIR "/tests/golden/perceptual_small.yaml",
        "--set dataset.max_instances=12 --set stages=[train,report]");
    read_page("a");
    ck_assert_int_eq(times(", random and frozen<"), 1);
}
END_TEST

START_TEST(styled) {
    ck_assert_int_eq(shell("sed -i 's/^  discriminator/  encoder: {plugin: instance_unet, "
                           "channels: 2}\\n  discriminator/' tiny.yaml"),
                     0);
    run("a", "tiny.yaml", "--set 'synthesize.style=[{item: 0, from: 0, to: 1}]'");
    read_page("a");
    has("<h2>Styles taken over</h2>");
    lacks("One part varied");
}
END_TEST

/* SPADE's pictures have nothing that could vary alone, and the page says so. */
START_TEST(nothing_varies) {
    run("a", "tiny.yaml",
        "--set 'norm={plugin: spade, hidden: 4}' --set synthesize.vary.instances=[0]");
    read_page("a");
    has("<b>0.0</b> within the outline, <b>0.0</b> elsewhere. Nothing of this system");
    run("b", "tiny.yaml", "--set synthesize.vary.instances=[0] --set train.lr.generator=0.05");
    read_page("b");
    lacks("Nothing of this system");
}
END_TEST

START_TEST(stages) {
    run("a", "tiny.yaml", "--set stages=[train,synthesize]");
    ck_assert_int_ne(shell("ls a/report.html"), 0);
    run("a", "tiny.yaml", "--set stages=[report] --resume");
    read_page("a");
    has("6 training steps");
    has("<h2>Samples</h2>");
    expect("run tiny.yaml --set stages=[raport]", 2,
           "unknown stage 'raport'; there are train, synthesize, evaluate and report");
    expect("run tiny.yaml --out b", 0, "done: see b/report.html\n");
}
END_TEST

/* Renewed with every checkpoint, so that a long run can be looked at. */
START_TEST(while_training) {
    int status;
    pid_t child = start("a", "--set", "train.steps=3000", "--set", "train.picture_every=4");
    while (lines_of("a/log.jsonl") < 9) {
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        sleep_for(0.001);
    }
    kill(child, SIGINT);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    read_page("a");
    has(" training steps on cpu");
    has("step 8</div>");
    has("<h2>Losses</h2>");
    lacks("<h2>Samples</h2>");
    ck_assert_int_ne(shell("ls a/*.part"), 0);
}
END_TEST

/* Text of the user's stands in the page as text. */
START_TEST(hostile_names) {
    static const char bad[] = "name: \"<script>alert('1')&amp;<\\\"\\u2028]]>\"\n";
    char all[4096];
    int n = snprintf(all, sizeof all, "%s%s", bad, strchr(tiny, '\n') + 1);
    write_bytes("bad.yaml", all, (size_t)n);
    run("a", "bad.yaml", "--set train.steps=1");
    read_page("a");
    has("<title>&lt;script&gt;alert(&#39;1&#39;)&amp;amp;&lt;&quot;");
    has("name: &quot;&lt;script&gt;");
}
END_TEST

/* What is missing or spoilt leaves a gap, never a broken page. */
START_TEST(gaps) {
    char path[128];
    ik_error err = {""};
    run("a", "tiny.yaml", "--set synthesize.vary.instances=[0]");
    ck_assert_int_eq(
        shell("truncate -s 300 a/images/samples.png; echo x >a/images/varied-mask.png;"
              "truncate -s -9 a/log.jsonl; printf 'x\\n{\"step\": 1}\\n' >>a/log.jsonl; "
              "cp a/images/varied-mask.png a/images/train-00000003.png"),
        0);
    snprintf(path, sizeof path, "%s/a", folder);
    ck_assert(!ik__report_run(path, &err));
    read_page("a");
    lacks("<h2>Samples</h2>");
    lacks("One part varied");
    has("step 6</div>");
    lacks("step 3</div>");
    has("<h2>Losses</h2>");
    ck_assert_int_eq(shell("mkdir empty"), 0);
    snprintf(path, sizeof path, "%s/empty", folder);
    ck_assert(!ik__report_run(path, &err));
    read_page("empty");
    lacks("<h2>Losses</h2>");
    has("/empty</title>");
    has("the folder has no run.json");
    snprintf(path, sizeof path, "%s/nowhere", folder);
    ck_assert_int_eq(ik__report_run(path, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "nowhere/report.html: cannot be written: No such file"));
}
END_TEST

/* --- A comparison. */

static void compare(const char *text) {
    char all[4096];
    int n = snprintf(all, sizeof all, "%scompare: [%s]\n", tiny, text);
    write_bytes("c.yaml", all, (size_t)n);
}

START_TEST(of_a_comparison) {
    compare("{name: inade}, {name: batch, set: [norm.plugin=batch]}");
    run("c", "c.yaml", "--set synthesize.vary.instances=[0]");
    read_page("c/inade");
    has("<title>tiny-inade</title>");
    read_page("c");
    has("<title>tiny</title>");
    has("2 variants, each 6 training steps");
    has("<a href=\"inade/report.html\">inade</a> · <a href=\"batch/report.html\">batch</a>");
    has("<tr><th></th><th class=\"number\">inade</th><th class=\"number\">batch</th></tr>");
    has("<h2>One part varied</h2>");
    has("compare:\n");
    ck_assert_int_eq(times("<figcaption>generator: total"), 1);
    /* Two curves, each twice, in every panel. */
    ck_assert_int_eq(times("class=\"raw c1\""), times("<figcaption>"));
    /* Side by side 2x4; varied: 2 layouts, 2 variants, 3 pictures. */
    ck_assert_int_eq(pictures(), 8 + 12);
    has("<tr><th>batch</th><td class=\"number\">0.0</td><td class=\"number\">0.0</td></tr>");
}
END_TEST

/* A comparison that is stopped shows what there is. */
START_TEST(unfinished_comparison) {
    int status;
    compare("{name: one}, {name: two}");
    ck_assert_int_eq(shell("mv c.yaml tiny.yaml; mkdir c"), 0);
    pid_t child = start("c", "--set", "train.steps=200", NULL, NULL);
    while (lines_of("c/two/log.jsonl") < 1) {
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        sleep_for(0.001);
    }
    kill(child, SIGTERM);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    read_page("c");
    has("<p><a href=\"one/report.html\">one</a></p>");
    has("<b>two</b> has not run yet.");
    has("<h2>The same layouts, side by side</h2>");
    ck_assert_int_eq(pictures(), 2 * 3);
}
END_TEST

START_TEST(failed_variant) {
    compare("{name: good}, {name: bad, set: [losses.0.weight=1e39, 'losses.0.id=\"<i>\"']}");
    expect("run c.yaml --out c -q", 1, "variant 'bad' failed");
    read_page("c");
    has("<b>bad failed.</b> step 1: the loss");
    lacks("href=\"bad/");
    has("href=\"good/report.html\"");
    ck_assert_int_eq(pictures(), 2 * 3);
}
END_TEST

/* --- Parts. */

#define EXPECT_HTML(expected, ...)                                                                 \
    do {                                                                                           \
        ik__text t = {0};                                                                          \
        ik__html(&t, __VA_ARGS__);                                                                 \
        ck_assert(!t.failed);                                                                      \
        ck_assert_str_eq(t.data ? t.data : "", expected);                                          \
        ik__text_free(&t);                                                                         \
    } while (0)

START_TEST(html) {
    EXPECT_HTML("<a b=\"&lt;&gt;&amp;&quot;&#39;\">7 -8 1.50 100%</a>",
                "<a b=\"%s\">%d %lld %.2f %d%%</a>", "<>&\"'", 7, -8LL, 1.5, 100);
    EXPECT_HTML("a\xEF\xBF\xBD z\n\t\xEF\xBF\xBD é\xEF\xBF\xBD", "%s",
                "a\xff z\n\t\x01 é\xEF\xBF\xBE");
    EXPECT_HTML("", "%s", "");
}
END_TEST

/* A mask of 3x4 with two pixels, one above the other, and one in the corner. */
START_TEST(outline) {
    uint8_t mask[3 * 4 * 3] = {0};
    const int set[] = {1, 5, 11};
    for (int i = 0; i < 3; i++) memset(mask + 3 * set[i], 255, 3);
    ik__text t = {0};
    ik__outline(&t, mask, 3, 4);
    ck_assert_str_eq(t.data, "<svg class=\"outline\" viewBox=\"0 0 4 3\" "
                             "preserveAspectRatio=\"none\"><path "
                             "d=\"M1 0H2M1 2H2M3 2H4M3 3H4M1 0V2M2 0V2M3 2V3M4 2V3\"/></svg>");
    ik__text_free(&t);
}
END_TEST

/* A larger picture goes into the page as JPEG, close to what it was. */
START_TEST(large_picture) {
    enum { H = 150, W = 200 };
    static uint8_t rgb[H * W * 3];
    for (int i = 0; i < H * W * 3; i++)
        rgb[i] = (uint8_t)(128 + 100 * sin(i % 3 + i / 3 % W * 0.05));
    char path[128];
    ik__text t = {0};
    snprintf(path, sizeof path, "%s/picture", folder);
    ik__picture(&t, rgb, H, W, false, "a \"picture\"");
    ck_assert(!t.failed);
    ck_assert_ptr_nonnull(strstr(t.data, "<img alt=\"a &quot;picture&quot;\" width=\"200\" "
                                         "height=\"150\" src=\"data:image/jpeg;base64,"));
    ck_assert_int_eq(check_pictures(t.data, path, H, W), 1);
    int h, w, most = 0;
    uint8_t *back;
    ik_error err = {""};
    ck_assert(!ik__images.read_rgb(path, &h, &w, &back, &err));
    for (int i = 0; i < H * W * 3; i++)
        most = abs(rgb[i] - back[i]) > most ? abs(rgb[i] - back[i]) : most;
    ck_assert_int_le(most, 12);
    free(back);
    ik__text_free(&t);
    ik__picture(&t, rgb, H, W, true, ""); /* a map keeps its colours */
    ck_assert_ptr_nonnull(strstr(t.data, "data:image/png;"));
    check_pictures(t.data, path, H, W);
    ck_assert(!ik__images.read_rgb(path, &h, &w, &back, &err));
    ck_assert_int_eq(memcmp(rgb, back, sizeof rgb), 0);
    free(back);
    ik__text_free(&t);
    const ik__sheet small = {.rows = 20, .columns = 6, .height = 64, .width = 64};
    const ik__sheet large = {.rows = 20, .columns = 6, .height = 512, .width = 1024};
    ck_assert_int_eq(ik__sheet_rows(&small, 12, 6), 12);
    ck_assert_int_eq(ik__sheet_rows(&large, 12, 6), 2);
}
END_TEST

/* Three samples; the second differs by 10 and 20 of 255 in two pixels, one within the mask. */
START_TEST(difference) {
    enum { H = 2, W = 3 };
    char path[200];
    float rgb[H * W * 3] = {0};
    ik_error err = {""};
    ck_assert_int_eq(shell("mkdir -p a/images"), 0);
    ik__grid *g = ik__grid_new(1, 5, H, W, IK__GRID_PAD), *m = ik__grid_new(1, 1, H, W, 2);
    for (int k = 0; k < 5; k++) ik__grid_image(g, 0, k, rgb);
    rgb[3 * 1 + 2] = 20.1f / 127.5f, rgb[3 * 4 + 1] = -10.1f / 127.5f;
    ik__grid_image(g, 0, 3, rgb);
    for (int i = 0; i < H * W * 3; i++) rgb[i] = i / 3 == 1 ? 1 : -1;
    ik__grid_image(m, 0, 0, rgb);
    snprintf(path, sizeof path, "%s/a/images/x.png", folder);
    ck_assert(!ik__grid_save(g, path, &err));
    snprintf(path, sizeof path, "%s/a/images/m.png", folder);
    ck_assert(!ik__grid_save(m, path, &err));
    ik__grid_free(g);
    ik__grid_free(m);
    snprintf(path, sizeof path, "%s/a", folder);
    ik__sheet s, mask;
    ck_assert(!ik__sheet_open(&s, path, "x", H, W + 1)); /* not its cells */
    ck_assert(!ik__sheet_open(&s, path, "y", H, W));
    ck_assert(ik__sheet_open(&s, path, "x", H, W));
    ck_assert(ik__sheet_open(&mask, path, "m", H, W));
    ck_assert_int_eq(s.rows, 1);
    ck_assert_int_eq(s.columns, 5);
    uint8_t out[H * W * 3];
    ik__change c = {0};
    ik__difference(&s, &mask, 0, out, &c);
    ck_assert_int_eq(c.pixels_inside, 1);
    ck_assert_int_eq(c.pixels_outside, H * W - 1);
    ck_assert_double_eq_tol(c.inside, 20, 1);
    ck_assert_double_eq_tol(c.outside, 10, 1);
    ck_assert_int_eq(out[3], IK__BRIGHTER * (int)c.inside);
    ck_assert_int_eq(out[5], IK__BRIGHTER * (int)c.inside);
    ck_assert_int_eq(out[0], 0);
    ik__sheet_close(&s);
    ik__sheet_close(&mask);
}
END_TEST

/* Every path stays inside the view box, whatever the numbers are. */
static void check_chart(int n, const double *values, bool log) {
    double step[3000];
    ik__series s = {.name = "x", .n = n, .step = step, .value = (double *)values};
    for (int i = 0; i < n; i++) step[i] = i + 1;
    const ik__series *curves[2] = {NULL, &s};
    ik__text t = {0};
    ik__chart(&t, "<x>", 2, curves, (const int[]){0, 1});
    ck_assert(!t.failed);
    ck_assert_ptr_nonnull(strstr(t.data, "&lt;x&gt;"));
    ck_assert_int_eq(strstr(t.data, "(logarithmic)") != NULL, log);
    ck_assert_msg(!strstr(t.data, "nan") && !strstr(t.data, "inf"), "%s", t.data);
    int points = 0;
    for (const char *p = strstr(t.data, "class=\"raw c1\" d=\"") + 18; *p != '"'; points++) {
        double x, y;
        int used;
        ck_assert_int_eq(sscanf(p, "%*1[ML]%lf %lf%n", &x, &y, &used), 2);
        ck_assert(x >= 0 && x <= 360 && y >= 0 && y <= 210);
        p += used;
    }
    ck_assert_int_le(points, 400);
    ik__text_free(&t);
}

START_TEST(charts) {
    static double many[3000];
    for (int i = 0; i < 3000; i++) many[i] = pow(10, -i / 500.0);
    check_chart(3000, many, true);
    check_chart(1, (double[]){3}, false);
    check_chart(3, (double[]){0, 0, 0}, false);
    check_chart(3, (double[]){-1e30, 1e30, 5}, false);
    check_chart(4, (double[]){1, NAN, INFINITY, 2}, false);
    check_chart(2, (double[]){NAN, NAN}, false);
    check_chart(3, (double[]){1e-30, 1, 1e30}, true);
    check_chart(2, (double[]){0, 1000}, false);
}
END_TEST

int main(void) {
    return RUN_SUITE("report", set_up_runs, tear_down_page, {of_a_run}, {evaluated},
                     {random_weights}, {styled}, {nothing_varies}, {stages}, {while_training},
                     {hostile_names}, {gaps}, {of_a_comparison}, {unfinished_comparison},
                     {failed_variant}, {html}, {outline}, {large_picture}, {difference}, {charts});
}
