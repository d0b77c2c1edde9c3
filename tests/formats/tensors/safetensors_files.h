/* A safetensors file in a folder of its own. */
#ifndef TEST_SAFETENSORS_FILES_H
#define TEST_SAFETENSORS_FILES_H

#include "tensors/safetensors.h"

#include "support/suite.h"
#include <stdlib.h>
#include <unistd.h>

static char folder[64], path[128];

static void make_folder(void) {
    strcpy(folder, "/tmp/ik-safetensors-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
}

static void remove_folder(void) {
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left behind */
}

static ik__st *open_good(void) {
    ik_error err = {0};
    ik__st *st = NULL;
    ck_assert_msg(ik__st_open(path, &st, &err) == IK_OK, "%s", err.text);
    return st;
}

#endif
