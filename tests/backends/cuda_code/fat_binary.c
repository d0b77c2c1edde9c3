/* Reading fat binaries; see fat_binary.h. */
#define _GNU_SOURCE
#include "fat_binary.h"

#include "check/elf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = (int)0xBA55ED50, HEADER = 16, IMAGE_HEADER = 64, CUDA_MACHINE = 190 };

static uint64_t number(const unsigned char *at, int bytes) {
    uint64_t v = 0;
    for (int i = bytes; i-- > 0;) v = v << 8 | at[i];
    return v;
}

/* One image from `at`, in a container that ends at `end`; gives where it ends, 0 if it is damaged.
 */
static size_t read_image(const unsigned char *bytes, size_t at, size_t end, fat_image *out) {
    if (end - at < IMAGE_HEADER) return 0;
    uint64_t header = number(bytes + at + 4, 4), code = number(bytes + at + 8, 8);
    if (header < IMAGE_HEADER || header > end - at || code > end - at - header) return 0;
    *out = (fat_image){.kind = (int)number(bytes + at, 2),
                       .architecture = (int)number(bytes + at + 28, 4),
                       .at = at,
                       .header = header};
    check_elf e;
    bool plain = !number(bytes + at + 16, 4);
    if (out->kind == FAT_CUBIN && plain &&
        (!check_elf_read(bytes + at + header, code, &e) || e.head.e_machine != CUDA_MACHINE))
        return 0;
    return at + header + code;
}

static int read_containers(const unsigned char *bytes, size_t at, size_t end, fat_image *out,
                           int most, char *why, size_t room) {
    int n = 0;
    for (int container = 0; end - at >= HEADER; container++) {
        uint64_t header = number(bytes + at + 6, 2), size = number(bytes + at + 8, 8);
        if ((int)number(bytes + at, 4) != MAGIC || header < HEADER || header > end - at ||
            size > end - at - header) {
            snprintf(why, room, "container %d is damaged", container);
            return -1;
        }
        size_t stop = at + header + size;
        for (at += header; at < stop; n++) {
            fat_image image;
            at = read_image(bytes, at, stop, &image);
            if (!at) {
                snprintf(why, room, "container %d: an image is damaged", container);
                return -1;
            }
            image.container = container;
            if (n < most) out[n] = image;
        }
        at = (at + 7) / 8 * 8;
        if (at > end) break;
    }
    return n;
}

int fat_images(const unsigned char *bytes, size_t size, fat_image *out, int most, char *why,
               size_t room) {
    check_elf e;
    Elf64_Shdr section;
    if (!check_elf_read(bytes, size, &e))
        return read_containers(bytes, 0, size, out, most, why, room);
    if (check_elf_named(&e, ".nv_fatbin", &section))
        return read_containers(bytes, section.sh_offset, section.sh_offset + section.sh_size, out,
                               most, why, room);
    snprintf(why, room, "there is no section .nv_fatbin");
    return -1;
}

static bool holds(const fat_image *images, int n, int container, int kind, int architecture) {
    for (int i = 0; i < n; i++)
        if (images[i].container == container && images[i].kind == kind &&
            images[i].architecture == architecture)
            return true;
    return false;
}

bool fat_has(const fat_image *images, int n, const char *asked, char *why, size_t room) {
    int containers = n > 0 ? images[n - 1].container + 1 : 0;
    for (const char *s = asked; *s; s += strcspn(s, ","), s += *s == ',') {
        char *rest;
        int architecture = (int)strtol(s, &rest, 10);
        size_t length = strcspn(s, ",");
        bool real = !memmem(s, length, "-virtual", 8), virtual = !memmem(s, length, "-real", 5);
        if (rest == s) {
            snprintf(why, room, "'%.*s' is no architecture", (int)length, s);
            return false;
        }
        for (int c = 0; c < containers; c++) {
            const char *lacks = real && !holds(images, n, c, FAT_CUBIN, architecture)
                                    ? "object code for sm_"
                                : virtual && !holds(images, n, c, FAT_PTX, architecture)
                                    ? "PTX for compute_"
                                    : NULL;
            if (!lacks) continue;
            snprintf(why, room, "container %d has no %s%d", c, lacks, architecture);
            return false;
        }
    }
    if (!n) snprintf(why, room, "there are no images");
    return n > 0;
}
