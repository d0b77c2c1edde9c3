/* The progress line. The clock is the monotonic one; nothing here touches results. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct ik__progress {
    FILE *out;
    int64_t total;
    bool terminal, colour, started, shown; /* shown: a line stands on the terminal */
    double begin, printed;                 /* when the run began and when the last line came */
    double rate, sampled;                  /* smoothed, steps a second; when it was last renewed */
    int64_t sampled_step;
};

/* --- Text. */

static int put_time(char *to, size_t size, double seconds) {
    int64_t s = seconds < 1e9 ? (int64_t)(seconds + 0.5) : 1000000000;
    int64_t minutes = s / 60, hours = minutes / 60;
    if (!hours) return snprintf(to, size, "%" PRId64 ":%02" PRId64, minutes, s % 60);
    return snprintf(to, size, "%" PRId64 ":%02" PRId64 ":%02" PRId64, hours, minutes % 60, s % 60);
}

void ik__progress_text(char *to, size_t size, int64_t step, int64_t total, double rate,
                       double elapsed, const char *losses) {
    char speed[64] = "", spent[64], left[80] = "";
    put_time(spent, sizeof spent, elapsed);
    int percent = total > 0 ? (int)(100.0 * (double)step / (double)total) : 100;
    if (rate > 0) {
        int digits = rate < 0.095 ? 3 : rate < 9.95 ? 2 : 1;
        snprintf(speed, sizeof speed, "  %.*f it/s", digits, rate);
        if (step < total) {
            strcpy(left, "  ");
            int n = put_time(left + 2, sizeof left - 2, (double)(total - step) / rate);
            strcpy(left + 2 + n, " left");
        }
    }
    snprintf(to, size, "%3d%% %" PRId64 "/%" PRId64 "%s  %s elapsed%s%s%s", percent, step, total,
             speed, spent, left, losses && *losses ? "  " : "", losses ? losses : "");
}

size_t ik__progress_cut(const char *text, int columns) {
    size_t n = 0;
    for (int used = 0; text[n]; n++) {
        bool begins = ((unsigned char)text[n] & 0xC0) != 0x80;
        if (begins && used++ >= columns) break;
    }
    return n;
}

/* --- The line. */

ik__progress *ik__progress_new(FILE *out, int64_t total, bool quiet) {
    ik__progress *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
    p->out = quiet ? NULL : out;
    p->total = total;
    p->terminal = p->out && isatty(fileno(out)) && term && strcmp(term, "dumb") != 0;
    p->colour = p->terminal && !(plain && *plain);
    return p;
}

static int columns_of(FILE *out) {
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

/* An average that forgets over about ten seconds, whatever the length of a step. */
static void renew_rate(ik__progress *p, double t, int64_t step) {
    double passed = t - p->sampled;
    if (passed < 0.1 || step <= p->sampled_step) return;
    double rate = (double)(step - p->sampled_step) / passed;
    double weight = p->rate > 0 ? 1 - exp(-passed / 10) : 1;
    p->rate += weight * (rate - p->rate);
    p->sampled = t;
    p->sampled_step = step;
}

static void print_line(ik__progress *p, const char *text) {
    if (!p->terminal) {
        fprintf(p->out, "%s\n", text);
    } else {
        /* One column stays free: writing into the last one would wrap on some terminals. */
        size_t n = ik__progress_cut(text, columns_of(p->out) - 1);
        size_t head = n < 4 ? n : 4; /* "100%" */
        fprintf(p->out, "\r%s%.*s%s%.*s\033[K", p->colour ? "\033[1;32m" : "", (int)head, text,
                p->colour ? "\033[0m" : "", (int)(n - head), text + head);
        p->shown = true;
    }
    fflush(p->out);
}

void ik__progress_at(ik__progress *p, int64_t step, const char *losses) {
    if (!p || !p->out) return;
    double t = ik__now();
    if (!p->started) {
        p->started = true;
        p->begin = p->sampled = p->printed = t;
        p->sampled_step = step;
        if (p->terminal) p->printed = t - 1; /* the first line comes at once */
    }
    renew_rate(p, t, step);
    if (step < p->total && t - p->printed < (p->terminal ? 0.1 : 10)) return;
    p->printed = t;
    char text[1024];
    ik__progress_text(text, sizeof text, step, p->total, p->rate, t - p->begin, losses);
    print_line(p, text);
}

void ik__progress_clear(ik__progress *p) {
    if (!p || !p->shown) return;
    fputs("\r\033[K", p->out);
    fflush(p->out);
    p->shown = false;
    p->printed = 0;
}

void ik__progress_free(ik__progress *p) {
    if (p && p->shown) {
        fputc('\n', p->out);
        fflush(p->out);
    }
    free(p);
}
