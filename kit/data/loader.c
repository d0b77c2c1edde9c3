/* A ring of batches filled by worker threads, an item at a time and in order; see loader.h.
 *
 * `head` is the batch that the reader gets next and head - 1 the one it holds, so batches head to
 * head + AHEAD - 1 may be filled and the ring has one place more than AHEAD. */
#include "loader.h"

#include "base/numbers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/watch.h"
#include "inadekit/philox.h"

enum { AHEAD = 3, RING = AHEAD + 1 };

/* An item that could not be read. */
typedef struct skipped {
    int64_t row, item;
    ik_error why;
} skipped;

typedef struct place {
    ik__batch *batch;
    int64_t *items; /* [B], which item each row is */
    int64_t first;  /* pictures that were seen before it */
    int64_t done;   /* rows read */
    int64_t failed; /* the lowest row that failed, or B */
    ik_status status;
    ik_error err;
    int n_skipped;
    skipped *skipped;
} place;

struct ik__loader {
    const ik__data *data;
    ik__course course;
    int64_t batch; /* its */
    uint64_t seed;
    bool skip;
    bool *told;            /* [items]: was it said that the item is skipped? */
    int64_t n_skipped;     /* items of which it was */
    int64_t epoch, *order; /* the permutation at hand, of `epoch` */
    pthread_mutex_t lock;
    pthread_cond_t room, ready;
    int64_t head;      /* the batch the reader gets next */
    int64_t fill, row; /* the next row to be read */
    bool closing;
    place ring[RING];
    int threads;
    pthread_t *thread;
};

/* Fisher-Yates: item i changes places with one of 0..i. */
static void shuffle(ik__loader *l, int64_t epoch) {
    int64_t count = ik__data_info_of(l->data)->count[IK_TRAIN];
    uint64_t stream = ik_stream_of("loader.order");
    for (int64_t i = 0; i < count; i++) l->order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        uint32_t w[4];
        ik_philox_block(l->seed, stream, (uint64_t)epoch, 0, (uint64_t)i, w);
        int64_t j = (int64_t)(((uint64_t)w[1] << 32 | w[0]) % ((uint64_t)i + 1));
        int64_t kept = l->order[i];
        l->order[i] = l->order[j];
        l->order[j] = kept;
    }
    l->epoch = epoch;
}

/* Makes the place of batch `fill` ready for its rows. Under the lock. */
static void begin_batch(ik__loader *l, place *p) {
    const ik__course at = ik__course_at(&l->course, l->fill);
    if (l->epoch != at.epoch) shuffle(l, at.epoch);
    memcpy(p->items, l->order + at.taken, (size_t)l->batch * sizeof *p->items);
    p->first = at.pictures;
    p->done = 0;
    p->failed = l->batch;
    p->n_skipped = 0;
    p->status = IK_OK;
}

/* Under the lock; false: no memory. */
static bool note_skipped(place *p, int64_t row, int64_t item, const ik_error *why) {
    skipped *more = realloc(p->skipped, sizeof *more * (size_t)(p->n_skipped + 1));
    if (!more) return false;
    p->skipped = more;
    more[p->n_skipped++] = (skipped){row, item, *why};
    return true;
}

/* The items behind one that cannot be read, up to one that can; whatever is read when, it is the
 * same. Where none can be read, the first one's error stays. */
static ik_status read_another(const ik__loader *l, const uint64_t *key, place *p, int64_t row) {
    ik_error ignored;
    ik_status status = IK_FAILED;
    for (int64_t i = 1; i < l->course.items && status; i++) {
        int64_t item = (p->items[row] + i) % l->course.items;
        status = ik__data_read(l->data, IK_TRAIN, item, key, p->batch, row, &ignored);
    }
    return status;
}

static void read_row(ik__loader *l, int64_t k, int64_t row) {
    place *p = &l->ring[k % RING];
    uint64_t use = (uint64_t)(p->first + row);
    uint64_t key = ik_mix64(l->seed ^ ik_mix64(use ^ ik_stream_of("loader.use")));
    ik_error err = {""};
    ik_status status = ik__data_read(l->data, IK_TRAIN, p->items[row], &key, p->batch, row, &err);
    bool skip = status && l->skip && !read_another(l, &key, p, row);
    pthread_mutex_lock(&l->lock);
    if (skip && note_skipped(p, row, p->items[row], &err)) status = IK_OK;
    if (status && row < p->failed) { /* the lowest row's error, whoever was first */
        p->failed = row;
        p->status = status;
        p->err = err;
    }
    if (++p->done == l->batch) pthread_cond_signal(&l->ready);
    pthread_mutex_unlock(&l->lock);
}

static void *work(void *user) {
    ik__loader *l = user;
    ik__plain_numbers();
    for (;;) {
        pthread_mutex_lock(&l->lock);
        while (!l->closing && l->fill >= l->head + AHEAD) pthread_cond_wait(&l->room, &l->lock);
        if (l->closing) break;
        int64_t k = l->fill, row = l->row++;
        if (row == 0) begin_batch(l, &l->ring[k % RING]);
        if (l->row == l->batch) l->fill++, l->row = 0;
        pthread_mutex_unlock(&l->lock);
        read_row(l, k, row);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static ik_status start(ik__loader *l, int threads, ik_error *err) {
    sigset_t all, before;
    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (l->threads < threads && !pthread_create(&l->thread[l->threads], NULL, work, l))
        l->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return l->threads ? IK_OK : ik_errorf(err, IK_FAILED, "cannot start a thread to read pictures");
}

static ik_status reserve(ik__loader *l, int64_t count, int threads, ik_error *err) {
    l->order = calloc((size_t)count, sizeof *l->order);
    l->told = calloc((size_t)count, sizeof *l->told);
    l->thread = calloc((size_t)threads, sizeof *l->thread);
    if (!l->order || !l->told || !l->thread) return ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < RING; i++) {
        ik_status status =
            ik__batch_new(&ik__data_info_of(l->data)->fields, l->batch, &l->ring[i].batch, err);
        if (status) return status;
        l->ring[i].items = calloc((size_t)l->batch, sizeof *l->ring[i].items);
        if (!l->ring[i].items) return ik_errorf(err, IK_FAILED, "out of memory");
    }
    return IK_OK;
}

ik_status ik__loader_enough(const ik__data *data, int64_t batch, ik_error *err) {
    int64_t count = ik__data_info_of(data)->count[IK_TRAIN];
    if (batch < 1) return ik_errorf(err, IK_USAGE, "train.batch has to be at least 1");
    if (count >= batch) return IK_OK;
    return ik_errorf(
        err, IK_USAGE,
        "the dataset has %lld pictures to train on, fewer than one batch of %lld; lower "
        "train.batch or add pictures",
        (long long)count, (long long)batch);
}

ik_status ik__loader_open(const ik__data *data, const ik__course *course, int threads,
                          uint64_t seed, bool skip, int64_t first, ik__loader **out,
                          ik_error *err) {
    int64_t count = ik__data_info_of(data)->count[IK_TRAIN], batch = course->batch;
    *out = NULL;
    ik_status status = ik__loader_enough(data, batch, err);
    if (status) return status;
    ik__loader *l = calloc(1, sizeof *l);
    if (!l) return ik_errorf(err, IK_FAILED, "out of memory");
    if (threads < 1) threads = 1;
    l->data = data;
    l->course = *course;
    l->batch = batch;
    l->seed = seed;
    l->skip = skip;
    l->epoch = -1;
    l->head = l->fill = first;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->room, NULL);
    pthread_cond_init(&l->ready, NULL);
    status = reserve(l, count, threads, err);
    if (!status) status = start(l, threads, err);
    if (status)
        ik__loader_close(l);
    else
        *out = l;
    return status;
}

static int by_row(const void *a, const void *b) {
    int64_t x = ((const skipped *)a)->row, y = ((const skipped *)b)->row;
    return (x > y) - (x < y);
}

/* Each item once, in the order of the rows. */
static void tell_skipped(ik__loader *l, place *p) {
    if (p->n_skipped) qsort(p->skipped, (size_t)p->n_skipped, sizeof *p->skipped, by_row);
    for (int i = 0; i < p->n_skipped; i++) {
        bool *told = &l->told[p->skipped[i].item];
        if (*told) continue;
        *told = true;
        l->n_skipped++;
        ik__tell(IK__NOTED, "skipped: %s", p->skipped[i].why.text);
    }
}

ik_status ik__loader_next(ik__loader *l, const ik__batch **out, ik_error *err) {
    place *p = &l->ring[l->head % RING];
    *out = NULL;
    pthread_mutex_lock(&l->lock);
    while (l->fill <= l->head || p->done < l->batch) pthread_cond_wait(&l->ready, &l->lock);
    ik_status status = p->status;
    if (status) {
        if (err) *err = p->err;
    } else {
        *out = p->batch;
        l->head++;
        pthread_cond_broadcast(&l->room);
    }
    pthread_mutex_unlock(&l->lock);
    if (!status) tell_skipped(l, p);
    return status;
}

int64_t ik__loader_skipped(const ik__loader *l) {
    return l->n_skipped;
}

void ik__loader_close(ik__loader *l) {
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->closing = true;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->threads; i++) pthread_join(l->thread[i], NULL);
    for (int i = 0; i < RING; i++) {
        ik__batch_free(l->ring[i].batch);
        free(l->ring[i].items);
        free(l->ring[i].skipped);
    }
    pthread_cond_destroy(&l->ready);
    pthread_cond_destroy(&l->room);
    pthread_mutex_destroy(&l->lock);
    free(l->thread);
    free(l->order);
    free(l->told);
    free(l);
}
