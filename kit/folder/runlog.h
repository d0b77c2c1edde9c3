/* log.jsonl: one JSON object per line, each written by one call, cut back when a run resumes. */
#ifndef INADEKIT_FOLDER_RUNLOG_H
#define INADEKIT_FOLDER_RUNLOG_H

#include "inadekit/types.h"

typedef struct ik__log ik__log;

/* Opens for appending, creating the file where there is none. keep_bytes -1 keeps every whole line
 * (an unfinished last one is cut off); else the file is cut back to so many bytes, as a checkpoint
 * counted them; it is an error if it is shorter or if they do not end a line. */
ik_status ik__log_open(const char *path, int64_t keep_bytes, ik__log **out, ik_error *err);

/* A line: begin, any number of members, end. Keys are the caller's, unique within a line. */
void ik__log_begin(ik__log *log);
void ik__log_int(ik__log *log, const char *key, int64_t value);
/* Nine digits, enough for a float; "nan", "inf" and "-inf" as strings, which JSON has no numbers
 * for. */
void ik__log_real(ik__log *log, const char *key, double value);
void ik__log_text(ik__log *log, const char *key, const char *value);
/* Writes the line. If that fails the file ends after the line before. */
ik_status ik__log_end(ik__log *log, ik_error *err);

/* Bytes of whole lines written so far, those kept at opening included: what a checkpoint notes. */
int64_t ik__log_bytes(const ik__log *log);
ik_status ik__log_sync(ik__log *log, ik_error *err);
void ik__log_close(ik__log *log);

#endif
