/* Paints a map that this program draws itself, with a checkpoint, in pure C:
 *
 *     gcc embed.c $(pkg-config --cflags --libs inadekit) -o embed
 *     ./embed runs/quickstart out.ppm
 *
 * Sky over ground, two balls; from left to right the map's picture four times, where only the left
 * ball is drawn anew. */
#include <inadekit/inadekit.h>
#include <stdlib.h>

enum { SAMPLES = 4, SIDE = 128, SKY = 0, GROUND = 1, BALL = 4 };

static void say(void *user, ik_tone tone, const char *text) {
    (void)user, (void)tone;
    fprintf(stderr, "%s\n", text);
}

/* A ball of a radius about (y, x). */
static void draw_ball(int32_t *label, int32_t *instance, int y, int x, int radius, int32_t id) {
    for (int i = 0; i < SIDE * SIDE; i++) {
        int dy = i / SIDE - y, dx = i % SIDE - x;
        if (dy * dy + dx * dx <= radius * radius) label[i] = BALL, instance[i] = id;
    }
}

/* The pictures beside each other, as a PPM. */
static int save(const char *path, const uint8_t *rgb, int64_t height, int64_t width) {
    FILE *f = fopen(path, "wb");
    if (!f) return perror(path), 1;
    fprintf(f, "P6\n%lld %lld\n255\n", (long long)(SAMPLES * width), (long long)height);
    for (int64_t y = 0; y < height; y++)
        for (int64_t i = 0; i < SAMPLES; i++)
            fwrite(rgb + ((i * height + y) * width) * 3, 3, (size_t)width, f);
    return fclose(f) ? perror(path), 1 : 0;
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: embed CHECKPOINT OUT.ppm\n"), 2;
    static int32_t label[SIDE * SIDE], instance[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) label[i] = instance[i] = i < SIDE * 70 ? SKY : GROUND;
    draw_ball(label, instance, 96, 36, 22, 10);
    draw_ball(label, instance, 96, 92, 22, 11);

    const ik_watch watch = {.size = sizeof watch, .note = say};
    const ik_source source = {.size = sizeof source, .checkpoint = argv[1], .watch = &watch};
    ik_painter *painter;
    ik_error err;
    if (ik_painter_open(&source, &painter, &err)) return fprintf(stderr, "%s\n", err.text), 1;

    ik_painter_info info = {.size = sizeof info};
    ik_painter_describe(painter, &info);
    uint8_t *rgb = malloc((size_t)(SAMPLES * info.height * info.width * 3));
    const ik_layout layout = {
        .size = sizeof layout, .height = SIDE, .width = SIDE, .label = label, .instance = instance};
    const int64_t left[] = {10};
    const ik_choice choice = {.size = sizeof choice,
                              .seed = 1,
                              .samples = SAMPLES,
                              .n_vary_instances = 1,
                              .vary_instances = left};
    int failed = !rgb || ik_paint(painter, &layout, &choice, rgb, &err);
    if (failed) fprintf(stderr, "%s\n", rgb ? err.text : "out of memory");
    if (!failed) failed = save(argv[2], rgb, info.height, info.width);
    free(rgb);
    ik_painter_close(painter);
    return failed;
}
