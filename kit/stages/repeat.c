/* See repeat.h. */
#include "repeat.h"

#include "folder/checkpoints.h"

#include <ctype.h>
#include <stdlib.h>

/* A word of a command line, in quotes where it needs them. */
static void add_word(FILE *to, const char *word) {
    bool plain = *word != 0;
    for (const char *p = word; *p; p++)
        plain &= isalnum((unsigned char)*p) || strchr("_-./,:=", *p) != NULL;
    if (plain) fputs(word, to);
    if (plain) return;
    fputc('\'', to);
    for (const char *p = word; *p; p++) fputs(*p == '\'' ? "'\\''" : (char[]){*p, 0}, to);
    fputc('\'', to);
}

static bool holds(const ik__session *s, const ik__painted *p, const char *label) {
    const ik__batch *b = p->layouts;
    const int32_t *has = b->segment_label + p->row * s->info->max_segments;
    for (int64_t k = 0; k < b->segment_count[p->row]; k++)
        if (has[k] == ik__data_label(s->info, label)) return true;
    return false;
}

/* Of what varies in the run that which the layout has; gives how much that is. */
static int add_varied(FILE *to, const ik__session *s, const ik__painted *p) {
    const struct ik__synthesize *set = &s->set.synthesize;
    int n = 0;
    for (int i = 0; i < set->vary_labels.n; i++) {
        if (!holds(s, p, set->vary_labels.v[i])) continue;
        fputs(" --vary-label ", to);
        add_word(to, set->vary_labels.v[i]);
        n++;
    }
    for (int i = 0; i < set->vary_instances.n; i++)
        if (set->vary_instances.v[i] < p->layouts->instances[p->row])
            n += fprintf(to, " --vary-instance %lld", (long long)set->vary_instances.v[i]) > 0;
    return n;
}

static void add_synthesize(FILE *to, const ik__session *s, const ik__painted *p) {
    int64_t newest = -1;
    ik_error ignored; /* then it is as if there were none */
    if (ik__checkpoints_newest(s->out.text, &newest, &ignored)) newest = -1;
    ik__path from = newest < 0 ? ik__folder_file(IK__REPEAT_RUN, IK__PIPELINE_FILE)
                               : ik__folder_checkpoint(IK__REPEAT_RUN, newest);
    fprintf(to, "inadekit synthesize %s%s --layout %lld --seed %lld",
            newest < 0 ? "--pipeline " : "", from.text, (long long)p->item, (long long)s->set.seed);
    /* Where nothing varies, all are the first. */
    bool same = p->how == IK__VARIED && !add_varied(to, s, p);
    fprintf(to, " --samples %lld --out pictures", same ? 1 : (long long)p->sample + 1);
}

char *ik__repeat_text(const ik__session *s, const ik__painted *p) {
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    if (!to) return NULL;
    if (p->how == IK__STYLED) /* references are items of the data, which only a run reads */
        fputs("inadekit run " IK__REPEAT_RUN "/" IK__PIPELINE_FILE
              " --resume --set stages=[synthesize] --out " IK__REPEAT_RUN,
              to);
    else
        add_synthesize(to, s, p);
    if (!fclose(to)) return text;
    free(text);
    return NULL;
}
