/* Sections of a shared object or cubin in memory. The bytes may be anything: what is handed out
 * lies inside of them. */
#ifndef CLI_CHECK_ELF_H
#define CLI_CHECK_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct check_elf {
    const unsigned char *bytes;
    size_t size;
    Elf64_Ehdr head;
} check_elf;

/* False where it is no 64-bit ELF file. `bytes` stays the caller's, and has to outlive *out. */
bool check_elf_read(const void *bytes, size_t size, check_elf *out);
/* Section `i` with all its bytes inside; false where there is none such. */
bool check_elf_section(const check_elf *e, unsigned i, Elf64_Shdr *out);
/* The section of that name. */
bool check_elf_named(const check_elf *e, const char *name, Elf64_Shdr *out);
/* The text of a string table at `at`, NULL where it does not end inside. */
const char *check_elf_text(const check_elf *e, const Elf64_Shdr *strings, uint64_t at);

#endif
