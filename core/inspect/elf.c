/* The dynamic symbols of a shared object, read from the file: nothing of it has run yet. The file
 * may be anything, so every offset is checked against its size. */
#include "inspect.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct image {
    const unsigned char *bytes;
    size_t size;
} image;

static bool within(const image *m, uint64_t offset, uint64_t n) {
    return offset <= m->size && n <= m->size - offset;
}

static bool section(const image *m, const Elf64_Ehdr *head, unsigned i, Elf64_Shdr *out) {
    uint64_t at = head->e_shoff + (uint64_t)i * sizeof *out;
    if (i >= head->e_shnum || head->e_shoff > m->size || !within(m, at, sizeof *out)) return false;
    memcpy(out, m->bytes + at, sizeof *out);
    return within(m, out->sh_offset, out->sh_size);
}

/* The text of a string table at `at`, NULL where it does not end inside. */
static const char *text(const image *m, const Elf64_Shdr *strings, uint64_t at) {
    if (at >= strings->sh_size) return NULL;
    const char *s = (const char *)m->bytes + strings->sh_offset + at;
    return memchr(s, 0, strings->sh_size - at) ? s : NULL;
}

/* Set by the linker, or copies that C++ shares between objects. */
static bool is_linkers(const Elf64_Sym *s, const char *name) {
    static const char *const names[] = {"_init", "_fini", "__bss_start", "_edata", "_end", NULL};
    int binding = ELF64_ST_BIND(s->st_info);
    if (binding == STB_WEAK || binding == STB_GNU_UNIQUE) return true;
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name)) return true;
    return false;
}

typedef struct tally {
    int exports, uses; /* beyond what is allowed */
    char exported[512], used[512];
} tally;

static void add(char *list, size_t size, int *n, const char *name) {
    size_t at = strlen(list);
    if (*n < 8) snprintf(list + at, size - at, "%s'%.80s'", *n ? ", " : "", name);
    if (*n == 8) snprintf(list + at, size - at, ", ...");
    ++*n;
}

static void judge(const Elf64_Sym *s, const char *name, tally *t) {
    int visibility = ELF64_ST_VISIBILITY(s->st_other);
    bool local = ELF64_ST_BIND(s->st_info) == STB_LOCAL;
    if (s->st_shndx == SHN_UNDEF) {
        if (!strncmp(name, "ik__", 4)) add(t->used, sizeof t->used, &t->uses, name);
    } else if (!local && visibility != STV_HIDDEN && visibility != STV_INTERNAL &&
               strcmp(name, IK_PLUGIN_ENTRY) != 0 && !is_linkers(s, name)) {
        add(t->exported, sizeof t->exported, &t->exports, name);
    }
}

/* False where the file is no shared object that this machine could load. */
static bool read_symbols(const image *m, tally *t) {
    Elf64_Ehdr head;
    Elf64_Shdr table, strings;
    if (m->size < sizeof head) return false;
    memcpy(&head, m->bytes, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_shentsize != sizeof table)
        return false;
    for (unsigned i = 0; section(m, &head, i, &table); i++) {
        if (table.sh_type != SHT_DYNSYM) continue;
        if (!section(m, &head, table.sh_link, &strings)) return false;
        for (uint64_t k = 0; k + 1 <= table.sh_size / sizeof(Elf64_Sym); k++) {
            Elf64_Sym s;
            memcpy(&s, m->bytes + table.sh_offset + k * sizeof s, sizeof s);
            const char *name = text(m, &strings, s.st_name);
            if (name && *name) judge(&s, name, t);
        }
        return true;
    }
    return false;
}

void ik__inspect_symbols(ik__findings *f) {
    struct stat st;
    int fd = open(f->what->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    image m = {NULL, 0};
    if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p != MAP_FAILED) m = (image){p, (size_t)st.st_size};
    }
    if (fd >= 0) close(fd);
    tally t = {0};
    bool known = m.bytes && read_symbols(&m, &t);
    if (m.bytes) munmap((void *)m.bytes, m.size);
    if (!known) return; /* loading it says what is wrong */
    if (t.exports)
        ik__found(f, IK__WRONG,
                  "it exports %d symbols beside '" IK_PLUGIN_ENTRY
                  "': %s; compile it with -fvisibility=hidden, or make them static",
                  t.exports, t.exported);
    if (t.uses)
        ik__found(f, IK__WRONG,
                  "it uses %d symbols of the core, which may change any day: %s; a plugin needs "
                  "the headers in inadekit/ alone",
                  t.uses, t.used);
    if (!t.exports && !t.uses)
        ik__found(f, IK__FINE, "it exports '" IK_PLUGIN_ENTRY "' and nothing else");
}
