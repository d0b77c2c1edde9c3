/* Little scenes drawn on the fly: sky, ground, and houses, trees, balls and clouds.
 *
 * A scene follows from (seed, split, index) alone. Every object is an instance with a colour and a
 * texture of its own that its class does not tell, so a model has something to vary per instance.
 * Lengths are in heights of the picture: y runs 0..1 downwards, x 0..width/height. */
#include <stdlib.h>

#include "inadekit/philox.h"
#include "inadekit/plugin.h"

enum { SKY, GROUND, HOUSE, TREE, BALL, CLOUD, CLASSES };
enum { OBJECTS = 64, CROWD = 16, MOST_LABELS = 256, LEAST_SIDE = 32, SAMPLES = 3 };
enum { FORMS = CLASSES - HOUSE }; /* of objects */

static const char *const class_names[] = {"sky", "ground", "house", "tree", "ball", "cloud"};

typedef struct shapes {
    int64_t count, validation, labels;
    ik_ints objects;
    uint64_t seed;
    int height, width;
} shapes;

typedef struct colour {
    double r, g, b;
} colour;

typedef enum { GRADIENT, STRIPES, CHECKS, DOTS, TEXTURES } texture_kind;

typedef struct object {
    int class, variant, breed;
    double x, y, w, h; /* centre of the base, width and height */
    colour one, two;
    texture_kind texture;
    double period, cosine, sine;
} object;

typedef struct scene {
    int n;
    object o[2 + OBJECTS]; /* back to front */
} scene;

/* A stream of uniform numbers. */
typedef struct dice {
    uint64_t seed, stream, index, next;
} dice;

static double roll(dice *d, double low, double high) {
    uint32_t w[4];
    ik_philox_block(d->seed, d->stream, d->index, 0, d->next++, w);
    return low + (high - low) * ik_uniform01(w[0]);
}

static int pick(dice *d, int n) {
    return (int)roll(d, 0, n);
}

/* --- Looks. */

static colour from_hsv(double hue, double saturation, double value) {
    double c[3];
    for (int i = 0; i < 3; i++) { /* red, green, blue peak at hue 0, 1/3, 2/3 */
        double away = fabs(fmod(hue + 1.0 - i / 3.0 + 0.5, 1.0) - 0.5) * 6;
        double part = away < 1 ? 1 : away < 2 ? 2 - away : 0;
        c[i] = value * (1 - saturation * (1 - part));
    }
    return (colour){c[0], c[1], c[2]};
}

static void dress(object *o, dice *d) {
    double hue = roll(d, 0, 1), saturation = roll(d, 0.3, 0.9), value = roll(d, 0.4, 1);
    double other = value > 0.68 ? value - roll(d, 0.22, 0.36) : value + roll(d, 0.22, 0.36);
    o->one = from_hsv(hue, saturation, value);
    o->two = from_hsv(fmod(hue + roll(d, -0.17, 0.17) + 1, 1), saturation * 0.8, other);
    o->texture = (texture_kind)pick(d, TEXTURES);
    o->period = roll(d, 0.075, 0.15) * (o->class <= GROUND ? 1.7 : 1);
    double angle = roll(d, 0, 3.14159265358979);
    o->cosine = cos(angle), o->sine = sin(angle);
}

static double fraction(double x) {
    return x - floor(x);
}

/* How much of colour two shows at a point (u, v) from the object's centre of base. */
static double pattern(const object *o, double u, double v) {
    double s = (u * o->cosine + v * o->sine) / o->period;
    double t = (v * o->cosine - u * o->sine) / o->period;
    double a = fraction(s), b = fraction(t);
    switch (o->texture) {
    case STRIPES:
        return a < 0.45;
    case CHECKS:
        return (a < 0.5) != (b < 0.5);
    case DOTS:
        return (a - 0.5) * (a - 0.5) + (b - 0.5) * (b - 0.5) < 0.09;
    default:
        break;
    }
    double along = 0.5 + (u * o->cosine + (v + o->h / 2) * o->sine) / (o->w + o->h);
    return along < 0 ? 0 : along > 1 ? 1 : along;
}

/* --- Forms. Each says whether the point (u, v) is inside (v is 0 at the base, negative above) and
 * how bright it is there. */

static bool in_disc(double u, double v, double cu, double cv, double r) {
    return (u - cu) * (u - cu) + (v - cv) * (v - cv) < r * r;
}

static bool house(const object *o, double u, double v, double *light) {
    double half = o->w / 2, wall = 0.58 * o->h;
    if (v > 0 || v < -o->h) return false;
    if (v < -wall) { /* the roof overhangs */
        *light = 0.62;
        return fabs(u) < 1.2 * half * (v + o->h) / (o->h - wall);
    }
    bool door = fabs(u - 0.12 * o->w) < 0.13 * o->w && v > -0.62 * wall;
    bool window = fabs(u + 0.24 * o->w) < 0.11 * o->w && v < -0.4 * wall && v > -0.78 * wall;
    *light = door ? 0.4 : window ? 1.5 : u < 0 ? 1.05 : 0.95;
    return fabs(u) < half;
}

static bool tree(const object *o, double u, double v, double *light) {
    double crown = 0.3 * o->h,
           up = (-v - crown) / (o->h - crown); /* 0 under the crown, 1 at its top */
    bool leaves;
    if (o->variant) {
        double tier = up < 0.5 ? up : 0.7 * up; /* a fir in two tiers */
        leaves = up > 0 && up < 1 &&
                 fabs(u) < 0.5 * o->w * (up < 0.5 ? 1 - 1.25 * tier : 1.75 * (1 - up));
        leaves = leaves && !(up >= 0.5 && fabs(u) > 0.36 * o->w);
    } else {
        double x = 2 * u / o->w, y = 2 * up - 1;
        leaves = x * x + y * y < 1;
    }
    *light = leaves ? 1.05 - 0.35 * u / o->w - 0.25 * (0.5 - up) : 0.45;
    return leaves || (v <= 0 && v > -0.5 * o->h && fabs(u) < 0.09 * o->w);
}

static bool ball(const object *o, double u, double v, double *light) {
    double r = o->w / 2, x = u / r + 0.35, y = (v + r) / r + 0.4; /* lit from the upper left */
    double away = x * x + y * y;
    *light = away < 0.06 ? 1.6 : 1.18 - 0.26 * away;
    return in_disc(u, v, 0, -r, r);
}

static bool cloud(const object *o, double u, double v, double *light) {
    double w = o->w;
    *light = 1.12 + 0.3 * (v + 0.25 * w) / w * -1;
    return v < 0 &&
           (in_disc(u, v, -0.27 * w, -0.13 * w, 0.19 * w) ||
            in_disc(u, v, 0.0, -0.2 * w, 0.25 * w) || in_disc(u, v, 0.28 * w, -0.11 * w, 0.2 * w));
}

static bool hit(const object *o, double x, double y, double *light) {
    double u = x - o->x, v = y - o->y;
    if (o->class > GROUND && (fabs(u) > 0.65 * o->w || v > 0 || v < -o->h)) return false;
    switch (o->class) {
    case SKY:
        *light = 0.85 + 0.3 * y;
        return true;
    case GROUND:
        *light = 1.1 - 0.3 * (y - o->y);
        return y >= o->y;
    case HOUSE:
        return house(o, u, v, light);
    case TREE:
        return tree(o, u, v, light);
    case BALL:
        return ball(o, u, v, light);
    default:
        return cloud(o, u, v, light);
    }
}

/* --- Scenes. */

/* With more labels than classes, objects of one form are of several breeds, which differ in size;
 * those of a crowd are smaller, so that most can be seen. */
static void grow(object *o, dice *d, int labels, int objects) {
    int breeds = (labels - 1 - o->class) / FORMS + 1;
    double size = 1;
    if (breeds > 1) {
        o->breed = pick(d, breeds);
        size = 0.6 + 0.8 * o->breed / breeds;
    }
    if (objects > CROWD) size *= sqrt((double)CROWD / objects);
    o->w *= size, o->h *= size;
}

static void place(object *o, dice *d, double x, double horizon) {
    double near = roll(d, 0.1, 1), size = 0.2 + 0.2 * near;
    o->class = HOUSE + pick(d, CLASSES - HOUSE);
    o->variant = pick(d, 2);
    o->x = x;
    o->y = horizon + (1 - horizon) * (0.15 + 0.75 * near);
    o->w = size * roll(d, 0.8, 1.15);
    o->h = o->w;
    if (o->class == HOUSE) o->h = o->w * roll(d, 0.95, 1.35), o->w *= 1.1;
    if (o->class == TREE) o->h = o->w * roll(d, 1.35, 1.8);
    if (o->class == BALL) o->w *= 0.75, o->h = o->w;
    if (o->class == CLOUD) {
        o->y = horizon * roll(d, 0.3, 0.85);
        o->w = roll(d, 0.28, 0.5);
        o->h = 0.45 * o->w;
    }
    dress(o, d);
}

static void compose(const shapes *s, ik_split split, int64_t index, scene *out) {
    dice d = {s->seed, ik_stream_of(split == IK_TRAIN ? "shapes.train" : "shapes.validation"),
              (uint64_t)index, 0};
    double aspect = (double)s->width / s->height, horizon = roll(&d, 0.42, 0.62);
    int least = (int)s->objects.v[0], most = (int)s->objects.v[1];
    int n = least + pick(&d, most - least + 1);
    out->n = 2 + n;
    out->o[0] = (object){.class = SKY, .x = aspect / 2, .y = horizon, .w = aspect, .h = horizon};
    out->o[1] =
        (object){.class = GROUND, .x = aspect / 2, .y = horizon, .w = aspect, .h = 1 - horizon};
    dress(&out->o[0], &d);
    dress(&out->o[1], &d);
    for (int i = 0; i < n; i++) {
        object o = {0};
        place(&o, &d, aspect * (i + roll(&d, 0.15, 0.85)) / n, horizon);
        grow(&o, &d, (int)s->labels, n);
        /* Farther objects first; clouds before everything that stands on the ground. */
        double depth = o.class == CLOUD ? o.y - 1 : o.y;
        int at = 2 + i;
        for (; at > 2; at--) {
            const object *p = &out->o[at - 1];
            if ((p->class == CLOUD ? p->y - 1 : p->y) <= depth) break;
            out->o[at] = out->o[at - 1];
        }
        out->o[at] = o;
    }
}

/* The foremost object at a point, and its colour there. */
static int look(const scene *s, double x, double y, colour *c) {
    for (int i = s->n - 1; i >= 0; i--) {
        const object *o = &s->o[i];
        double light;
        if (!hit(o, x, y, &light)) continue;
        double t = pattern(o, x - o->x, y - o->y);
        c->r = light * (o->one.r + t * (o->two.r - o->one.r));
        c->g = light * (o->one.g + t * (o->two.g - o->one.g));
        c->b = light * (o->one.b + t * (o->two.b - o->one.b));
        return i;
    }
    return 0;
}

static double cap(double x) {
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* SAMPLES x SAMPLES points a pixel; the middle one decides the maps. */
static void draw(const shapes *s, const scene *scene, ik_item *item) {
    for (int i = 0; i < s->height; i++)
        for (int j = 0; j < s->width; j++) {
            size_t at = (size_t)i * (size_t)s->width + (size_t)j;
            colour sum = {0, 0, 0};
            for (int k = 0; k < SAMPLES * SAMPLES; k++) {
                colour c = {0, 0, 0};
                int o = look(scene, (j + (k % SAMPLES + 0.5) / SAMPLES) / s->height,
                             (i + (k / SAMPLES + 0.5) / SAMPLES) / s->height, &c);
                sum.r += cap(c.r), sum.g += cap(c.g), sum.b += cap(c.b);
                if (k != SAMPLES * SAMPLES / 2) continue;
                item->instance[at] = o;
                item->label[at] = scene->o[o].class + FORMS * scene->o[o].breed;
            }
            const double scale = 255.0 / (SAMPLES * SAMPLES);
            item->image[3 * at] = (uint8_t)(sum.r * scale + 0.5);
            item->image[3 * at + 1] = (uint8_t)(sum.g * scale + 0.5);
            item->image[3 * at + 2] = (uint8_t)(sum.b * scale + 0.5);
        }
}

/* --- The plugin. */

static ik_status shapes_init(void *self, ik_error *err) {
    const shapes *s = self;
    if (s->objects.n == 2 && s->objects.v[0] <= s->objects.v[1]) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "datasets/shapes: objects has to be [fewest, most], such as [2, 6]");
}

static ik_status shapes_open(void *self, const ik_image_api *images, int64_t height, int64_t width,
                             uint64_t seed, ik_dataset_info *info, ik_error *err) {
    shapes *s = self;
    (void)images;
    if (height < LEAST_SIDE || width < LEAST_SIDE)
        return ik_errorf(
            err, IK_USAGE,
            "datasets/shapes: size [%lld, %lld] is too small to draw in; take at least "
            "[%d, %d]",
            (long long)height, (long long)width, LEAST_SIDE, LEAST_SIDE);
    s->height = (int)height, s->width = (int)width, s->seed = seed;
    info->labels = s->labels;
    info->count[IK_TRAIN] = s->count;
    info->count[IK_VALIDATION] = s->validation;
    info->label_names = s->labels == CLASSES ? class_names : NULL;
    return IK_OK;
}

static ik_status shapes_read(const void *self, ik_split split, int64_t index, ik_item *item,
                             ik_error *err) {
    const shapes *s = self;
    size_t pixels = (size_t)s->height * (size_t)s->width;
    snprintf(item->name, sizeof item->name, "%s_%06lld", split == IK_TRAIN ? "train" : "validation",
             (long long)index);
    item->height = item->image_height = s->height;
    item->width = item->image_width = s->width;
    item->image = malloc(3 * pixels);
    item->label = malloc(pixels * sizeof *item->label);
    item->instance = malloc(pixels * sizeof *item->instance);
    if (!item->image || !item->label || !item->instance)
        return ik_errorf(err, IK_FAILED, "datasets/shapes: out of memory");
    scene scene;
    compose(s, split, index, &scene);
    draw(s, &scene, item);
    return IK_OK;
}

static const ik_option options[] = {
    {"count", "scenes to train on", IK_OPT_INT, offsetof(shapes, count), "2000", 0, 1e9, NULL},
    {"validation", "scenes to validate on", IK_OPT_INT, offsetof(shapes, validation), "16", 0, 1e9,
     NULL},
    {"objects", "fewest and most objects of a scene, besides sky and ground", IK_OPT_INTS,
     offsetof(shapes, objects), "[2, 6]", 0, OBJECTS, NULL},
    {"labels",
     "how many; with more than the six, objects of one form are of several breeds, which "
     "differ in size",
     IK_OPT_INT, offsetof(shapes, labels), "6", CLASSES, MOST_LABELS, NULL},
    {NULL},
};

static const ik_dataset_iface iface = {sizeof iface, shapes_open, shapes_read, NULL, NULL};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_DATASET, "shapes", "1.0",
                   "scenes of houses, trees, balls and clouds, drawn on the fly"),
    .options = options,
    .instance_size = sizeof(shapes),
    .init = shapes_init,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
