/* ELF sections; see elf.h. Every offset is checked against the size. */
#include "elf.h"

#include <string.h>

bool check_elf_read(const void *bytes, size_t size, check_elf *out) {
    *out = (check_elf){.bytes = bytes, .size = size};
    if (size < sizeof out->head) return false;
    memcpy(&out->head, bytes, sizeof out->head);
    return !memcmp(out->head.e_ident, ELFMAG, SELFMAG) &&
           out->head.e_ident[EI_CLASS] == ELFCLASS64 && out->head.e_shentsize == sizeof(Elf64_Shdr);
}

static bool within(const check_elf *e, uint64_t offset, uint64_t n) {
    return offset <= e->size && n <= e->size - offset;
}

bool check_elf_section(const check_elf *e, unsigned i, Elf64_Shdr *out) {
    uint64_t at = e->head.e_shoff + (uint64_t)i * sizeof *out;
    if (i >= e->head.e_shnum || e->head.e_shoff > e->size || !within(e, at, sizeof *out))
        return false;
    memcpy(out, e->bytes + at, sizeof *out);
    return out->sh_type == SHT_NOBITS || within(e, out->sh_offset, out->sh_size);
}

const char *check_elf_text(const check_elf *e, const Elf64_Shdr *strings, uint64_t at) {
    if (strings->sh_type != SHT_STRTAB || at >= strings->sh_size) return NULL;
    const char *s = (const char *)e->bytes + strings->sh_offset + at;
    return memchr(s, 0, strings->sh_size - at) ? s : NULL;
}

bool check_elf_named(const check_elf *e, const char *name, Elf64_Shdr *out) {
    Elf64_Shdr names;
    if (!check_elf_section(e, e->head.e_shstrndx, &names)) return false;
    for (unsigned i = 0; i < e->head.e_shnum; i++) {
        const char *s =
            check_elf_section(e, i, out) ? check_elf_text(e, &names, out->sh_name) : NULL;
        if (s && !strcmp(s, name)) return out->sh_type != SHT_NOBITS;
    }
    return false;
}
