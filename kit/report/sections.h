/* The parts of a report. Each adds itself to the page, or nothing where its files are missing. */
#ifndef INADEKIT_REPORT_SECTIONS_H
#define INADEKIT_REPORT_SECTIONS_H

#include "base/text.h"
#include "folder/curves.h"
#include "folder/facts.h"

/* A run that is reported on: alone, or as one of several beside each other. */
typedef struct ik__subject {
    const char *name;    /* short, for columns */
    const char *folder;  /* of the run */
    const char *problem; /* why a variant failed; NULL if it did not */
    ik__facts facts;
    ik__losses losses;
} ik__subject;

/* page.c */
void ik__page_begin(ik__text *to, const char *title, const char *subtitle);
/* A line of key figures. */
void ik__page_figures(ik__text *to, const ik__subject *s);
void ik__page_end(ik__text *to);
/* <style> of every page. */
extern const char ik__page_style[];

/* One run: samples.c, progress.c */
void ik__section_samples(ik__text *to, const ik__subject *s);
void ik__section_varied(ik__text *to, const ik__subject *s);
void ik__section_styled(ik__text *to, const ik__subject *s);
void ik__section_progress(ik__text *to, const ik__subject *s);

/* One or several: losses.c, numbers.c */
void ik__section_losses(ik__text *to, int n, const ik__subject *s);
void ik__section_metrics(ik__text *to, int n, const ik__subject *s);
void ik__section_numbers(ik__text *to, int n, const ik__subject *s);
/* <folder>/pipeline.yaml, and the machine. */
void ik__section_pipeline(ik__text *to, const char *folder);
void ik__section_machine(ik__text *to, const ik__subject *s);

/* Several: beside.c */
void ik__section_samples_beside(ik__text *to, int n, const ik__subject *s);
void ik__section_varied_beside(ik__text *to, int n, const ik__subject *s);

#endif
