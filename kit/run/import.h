/* What `inadekit import` does. */
#ifndef INADEKIT_RUN_IMPORT_H
#define INADEKIT_RUN_IMPORT_H

#include "session/options.h"
#include "weights/convert.h"

/* ik__weights_import; where `fits` names a pipeline, only of weights that fit it. */
ik_status ik__import(const ik__conversion *c, const ik__run_options *fits, ik__converted *done,
                     ik_error *err);

#endif
