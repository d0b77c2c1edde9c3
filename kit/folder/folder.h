/* The folder that a run leaves, and what lies in it by which name. Nothing else spells these out.
 */
#ifndef INADEKIT_FOLDER_FOLDER_H
#define INADEKIT_FOLDER_FOLDER_H

#include "base/path.h"

/* The run folder, not made yet: what is given, unless NULL or empty, or runs/<name>, with a number
 * behind it where that is taken; with `resume` the newest of those. */
ik__path ik__folder_choose(const char *given, const char *name, bool resume);

/* Files of a run folder. A comparison's has the first four. */
#define IK__FACTS_FILE "run.json"
#define IK__REPORT_FILE "report.html"
#define IK__PIPELINE_FILE "pipeline.yaml"
#define IK__LOG_FILE "log.jsonl"
#define IK__LOCK_FILE "lock" /* while somebody works in it; see lock.h */
#define IK__IMAGES_FOLDER "images"
ik__path ik__folder_file(const char *run, const char *file);

/* Removes what runs that were killed left half written of these files, and of pictures. */
void ik__folder_sweep(const char *run);

/* images/<name>.png, a grid; images/<name>, its pictures one by one. */
ik__path ik__folder_grid(const char *run, const char *name);
ik__path ik__folder_pictures(const char *run, const char *name);
/* images/<name>-<step>.png, as training went on. */
ik__path ik__folder_step_grid(const char *run, const char *name, int64_t step);

/* checkpoints/step-<step>, and the same while it is being written. */
#define IK__CHECKPOINT_PREFIX "step-"
#define IK__WRITING_PREFIX ".writing-"
ik__path ik__folder_checkpoints(const char *run);
ik__path ik__folder_checkpoint(const char *run, int64_t step);
ik__path ik__folder_writing(const char *run, int64_t step);
/* Files of a checkpoint; weights and optimiser are weights/file.h's. */
#define IK__CHOICES_FILE "choices.txt"

#endif
