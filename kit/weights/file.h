/* A file of weights, whatever its format: named tensors, and whether they are the ones wanted.
 *
 * The format is told by the first bytes: safetensors, or what torch.save writes (zip, or the stream
 * of PyTorch before 1.6). A folder stands for its weights.safetensors, so a checkpoint can be named
 * as such. Spectral norm of PyTorch before 1.1 is read as of later ones (spectral.h). Not for
 * use from several threads at once. */
#ifndef INADEKIT_WEIGHTS_FILE_H
#define INADEKIT_WEIGHTS_FILE_H

#include "inadekit/backend.h"

#include "rename.h"

/* In the folder of a checkpoint: what a folder's weights are, and what its optimiser holds. */
#define IK__WEIGHTS_FILE "weights.safetensors"
#define IK__OPTIMIZER_FILE "optimizer.safetensors"

typedef struct ik__wfile ik__wfile;

typedef struct ik__wfile_entry {
    const char *name;   /* as the pipeline has it, where a map or a network has renamed it */
    const char *origin; /* as the file has it */
    const char *raw_dtype;
    ik_dtype dtype;
    ik_shape shape;
    bool spare;         /* nobody need ask for it */
    bool unmatched;     /* a map has no rule for it */
    ik__wmap_axes axes; /* of the shape here, those in the file */
} ik__wfile_entry;

ik_status ik__wfile_open(const char *path, ik__wfile **out, ik_error *err);
void ik__wfile_close(ik__wfile *f); /* NULL is fine */
/* The file's own path, that of a folder's weights included. */
const char *ik__wfile_path(const ik__wfile *f);
/* Were its entries renamed by a map that is for such a file, as far as maps say? */
bool ik__wfile_mapped(const ik__wfile *f);
int ik__wfile_count(const ik__wfile *f);
/* NULL outside 0..count-1; the order is the file's. Lives until the file is closed or renamed. */
const ik__wfile_entry *ik__wfile_entry_at(const ik__wfile *f, int i);
/* The position of a name, -1 if it is not there. */
int ik__wfile_find(const ik__wfile *f, const char *name);
/* Are there entries NETWORK.*? */
bool ik__wfile_holds(const ik__wfile *f, const char *network);
/* All elements of entry i in logical order, as float or int32_t by its dtype. */
ik_status ik__wfile_read(ik__wfile *f, int i, void *to, ik_error *err);
/* A value of the metadata of a safetensors file, else NULL. */
const char *ik__wfile_meta(const ik__wfile *f, const char *key);

/* Renames every entry by a map, into `NETWORK.*`. One that no rule matches is no longer to be found
 * by any name, but counts as surplus unless the map spares it. */
ik_status ik__wfile_rename(ik__wfile *f, const ik__wmap *map, const char *network, ik_error *err);
/* The other way round: `NETWORK.*`, or all where there are none such, get their names of the map.
 */
ik_status ik__wfile_rename_back(ik__wfile *f, const ik__wmap *map, ik_error *err);
/* fit.c. Fails where entries are left that no rule matched, and lists them. */
ik_status ik__wfile_all_renamed(const ik__wfile *f, ik_error *err);

/* Keeps what belongs to one network, under the network's name: the entries `NETWORK.*`; or, where a
 * safetensors file has none such, or a file of PyTorch or a mapped one has others too, all entries
 * with `NETWORK.` put before. With `strict` always the former; there may be none. */
ik_status ik__wfile_keep(ik__wfile *f, const char *network, bool strict, ik_error *err);

/* From now on an entry is read from `over`, which must live as long, where that has `LEADorigin` of
 * the same shape. How many there are. */
int ik__wfile_overlay(ik__wfile *f, ik__wfile *over, const char *lead);

/* What is to be filled from a file: an entry of real numbers. */
typedef struct ik__wanted {
    const char *name;
    ik_shape shape;
    void *storage; /* the backend's */
} ik__wanted;

/* fit.c. All that is missing, of another shape or type, or surplus in the file, in one error; with
 * the map that it takes, where its names tell. */
ik_status ik__wfile_fit(const ik__wfile *f, int n, const ik__wanted *wanted, ik_error *err);
/* Fills all of them, if all fit. */
ik_status ik__wfile_load(ik__wfile *f, int n, const ik__wanted *wanted,
                         const ik_backend_iface *backend, void *self, ik_error *err);

#endif
