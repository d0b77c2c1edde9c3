/* The dynamic symbols of a shared object, read from the file: nothing of it has run yet. */
#include "check.h"

#include "elf.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
static bool read_symbols(const void *bytes, size_t size, tally *t) {
    check_elf e;
    Elf64_Shdr table, strings;
    if (!check_elf_read(bytes, size, &e)) return false;
    for (unsigned i = 0; check_elf_section(&e, i, &table); i++) {
        if (table.sh_type != SHT_DYNSYM) continue;
        if (!check_elf_section(&e, table.sh_link, &strings)) return false;
        for (uint64_t k = 0; k + 1 <= table.sh_size / sizeof(Elf64_Sym); k++) {
            Elf64_Sym s;
            memcpy(&s, e.bytes + table.sh_offset + k * sizeof s, sizeof s);
            const char *name = check_elf_text(&e, &strings, s.st_name);
            if (name && *name) judge(&s, name, t);
        }
        return true;
    }
    return false;
}

void check_symbols(check_findings *f) {
    struct stat st;
    int fd = open(f->what->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *bytes = NULL;
    size_t size = 0;
    if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
        size = (size_t)st.st_size;
        bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) bytes = NULL;
    }
    if (fd >= 0) close(fd);
    tally t = {0};
    bool known = bytes && read_symbols(bytes, size, &t);
    if (bytes) munmap(bytes, size);
    if (!known) return; /* loading it says what is wrong */
    if (t.exports)
        check_found(f, CHECK_WRONG,
                    "it exports %d symbols beside '" IK_PLUGIN_ENTRY
                    "': %s; compile it with -fvisibility=hidden, or make them static",
                    t.exports, t.exported);
    if (t.uses)
        check_found(f, CHECK_WRONG,
                    "it uses %d symbols of the core, which may change any day: %s; a plugin needs "
                    "the headers in inadekit/ alone",
                    t.uses, t.used);
    if (!t.exports && !t.uses)
        check_found(f, CHECK_FINE, "it exports '" IK_PLUGIN_ENTRY "' and nothing else");
}
