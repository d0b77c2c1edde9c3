/* The recording plugins' descriptors: each loads without the core, exports what its folder and file
 * name promise, and its option rows fit the struct they fill. */
#include "support/suite.h"
#include <dlfcn.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

static const struct {
    ik_kind kind;
    const char *folder, *name;
} expected[] = {
    {IK_NORM, "norm", "inade"},        {IK_NORM, "norm", "spade"},
    {IK_NORM, "norm", "batch"},        {IK_NORM, "norm", "instance"},
    {IK_BLOCK, "blocks", "resblock"},  {IK_ENCODER, "encoders", "instance_unet"},
    {IK_ENCODER, "encoders", "conv"},  {IK_DISCRIMINATOR, "discriminators", "multiscale_patch"},
    {IK_LOSS, "losses", "hinge"},      {IK_LOSS, "losses", "feature_matching"},
    {IK_LOSS, "losses", "kl"},         {IK_LOSS, "losses", "l1"},
    {IK_LOSS, "losses", "perceptual"},
};
enum { EXPECTED = sizeof expected / sizeof *expected };

static const ik_plugin *load(int i) {
    char path[4096];
    snprintf(path, sizeof path, "%s/lib/inadekit/%s/%s.so", BUILD_DIR, expected[i].folder,
             expected[i].name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* kept: loaded code is never unloaded */
    ck_assert_msg(library != NULL, "%s", dlerror());
    ik_plugin_entry entry;
    void *symbol = dlsym(library, IK_PLUGIN_ENTRY);
    ck_assert_msg(symbol != NULL, "%s exports no " IK_PLUGIN_ENTRY, path);
    memcpy(&entry, &symbol, sizeof entry);
    const ik_plugin *const *list = entry();
    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(list[0]);
    ck_assert_ptr_null(list[1]);
    return list[0];
}

static size_t field_size(ik_option_type type) {
    switch (type) {
    case IK_OPT_BOOL:
        return sizeof(bool);
    case IK_OPT_INT:
        return sizeof(int64_t);
    case IK_OPT_DOUBLE:
        return sizeof(double);
    case IK_OPT_STRING:
        return sizeof(const char *);
    case IK_OPT_CHOICE:
        return sizeof(int);
    case IK_OPT_INTS:
        return sizeof(ik_ints);
    case IK_OPT_DOUBLES:
        return sizeof(ik_doubles);
    case IK_OPT_STRINGS:
        return sizeof(ik_strings);
    }
    ck_abort_msg("unknown option type %d", (int)type);
    return 0;
}

static void check_fallback(const ik_option *o) {
    if (!o->fallback) return; /* a required option */
    char *end;
    double value;
    switch (o->type) {
    case IK_OPT_BOOL:
        ck_assert_msg(!strcmp(o->fallback, "true") || !strcmp(o->fallback, "false"), "%s", o->name);
        return;
    case IK_OPT_INT:
        value = (double)strtoll(o->fallback, &end, 10);
        break;
    case IK_OPT_DOUBLE:
        value = strtod(o->fallback, &end);
        break;
    default:
        return;
    }
    ck_assert_msg(*o->fallback && !*end, "%s: default '%s' is no number", o->name, o->fallback);
    if (o->min != 0 || o->max != 0)
        ck_assert_msg(value >= o->min && value <= o->max, "%s: default out of range", o->name);
}

START_TEST(descriptor) {
    const ik_plugin *p = load(_i);
    ck_assert_uint_eq(p->struct_size, sizeof *p);
    ck_assert_uint_eq(p->abi_major, IK_ABI_MAJOR);
    ck_assert_uint_le(p->abi_minor, IK_ABI_MINOR);
    ck_assert_int_eq(p->kind, expected[_i].kind);
    ck_assert_str_eq(p->name, expected[_i].name);
    ck_assert_ptr_nonnull(p->version);
    ck_assert(p->summary && *p->summary);
}
END_TEST

START_TEST(options) {
    const ik_plugin *p = load(_i);
    size_t end = 0; /* rows stand in the order of the struct, so overlap shows as a step back */
    for (const ik_option *o = p->options; o && o->name; o++) {
        const size_t size = field_size(o->type);
        ck_assert_msg(o->help && *o->help, "%s has no help", o->name);
        ck_assert_msg(o->offset + size <= p->instance_size, "%s lies outside", o->name);
        ck_assert_msg(o->offset >= end, "%s overlaps", o->name);
        end = o->offset + size;
        ck_assert_msg(o->min <= o->max, "%s: empty range", o->name);
        for (const ik_option *other = p->options; other != o; other++)
            ck_assert_str_ne(other->name, o->name);
        check_fallback(o);
    }
    ck_assert(p->options || p->instance_size == 0);
}
END_TEST

START_TEST(interface) {
    const ik_plugin *p = load(_i);
    ck_assert_ptr_nonnull(p->iface);
    switch (p->kind) {
    case IK_NORM: {
        const ik_norm_iface *f = p->iface;
        ck_assert(f->struct_size == sizeof *f && f->record);
        break;
    }
    case IK_BLOCK: {
        const ik_block_iface *f = p->iface;
        ck_assert(f->struct_size == sizeof *f && f->record);
        break;
    }
    case IK_ENCODER: {
        const ik_encoder_iface *f = p->iface;
        ck_assert(f->struct_size == sizeof *f && f->record && f->provides && f->provides[0]);
        break;
    }
    case IK_DISCRIMINATOR: {
        const ik_discriminator_iface *f = p->iface;
        ck_assert(f->struct_size == sizeof *f && f->record && f->samplewise);
        break;
    }
    case IK_LOSS: {
        const ik_loss_iface *f = p->iface;
        ck_assert(f->struct_size == sizeof *f && f->record);
        break;
    }
    default:
        ck_abort_msg("kind %d is not recorded", (int)p->kind);
    }
}
END_TEST

/* What the option table cannot say alone: a first layer wider than the cap is refused, with the
 * remedy. */
START_TEST(discriminator_widths) {
    int which = 0;
    while (strcmp(expected[which].name, "multiscale_patch") != 0) which++;
    const ik_plugin *p = load(which);
    char *self = calloc(1, p->instance_size);
    ck_assert_ptr_nonnull(self);
    for (const ik_option *o = p->options; o->name; o++) {
        int64_t value = strcmp(o->name, "channels") == 0 ? 1024 : 512;
        if (o->type == IK_OPT_INT) memcpy(self + o->offset, &value, sizeof value);
    }
    ik_error err = {""};
    ck_assert_int_eq(p->init(self, &err), IK_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "max_channels"));
    free(self);
}
END_TEST

int main(void) {
    return RUN_SUITE("recording", NULL, NULL, {descriptor, EXPECTED}, {options, EXPECTED},
                     {interface, EXPECTED}, {discriminator_widths});
}
