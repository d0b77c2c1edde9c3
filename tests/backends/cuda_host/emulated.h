/* Drives the kernels of the cuda backend on the host: the same blocks, threads and phases.
 *
 * Every second replay goes through blocks and threads backwards, and shared and own values start as
 * rubbish: a kernel whose result depends on the order of threads within a phase, or on what it did
 * not write, gives other bytes. */
#ifndef EMULATED_H
#define EMULATED_H

extern "C" bool emulated_backwards;
/* While a stream is captured: keeps run(a copy of `what`) for the graph and gives true. */
extern "C" bool emulated_hold(void (*run)(void *what), const void *what, size_t bytes);

static inline int64_t emulated_turn(int64_t i, int64_t n) {
    return emulated_backwards ? n - 1 - i : i;
}

template <class F> static void run_units(const F &f, int64_t n) {
    int64_t blocks = cuda_ceil_div(n, THREADS);
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t t = 0; t < THREADS; t++) {
            int64_t i = emulated_turn(b, blocks) * THREADS + emulated_turn(t, THREADS);
            if (i < n) f(i);
        }
}

template <class F> static void run_block(const F &f, int64_t block) {
    typename F::shared shared;
    typename F::own own[THREADS];
    memset((void *)&shared, 0xa5, sizeof shared);
    memset((void *)own, 0xa5, sizeof own);
    bool more = true;
    for (int k = 0; more; k++)
        for (int t = 0; t < THREADS; t++) {
            int thread = (int)emulated_turn(t, THREADS);
            bool goes_on = f.phase(k, block, thread, shared, own[thread]);
            if (t && goes_on != more) {
                fprintf(stderr, "the threads of a block disagree about going on\n");
                abort();
            }
            more = goes_on;
        }
}

/* A launch with its arguments. */
template <class F, bool UNITS> struct launched {
    F f;
    int64_t n;
    static void run(void *self) {
        const launched *l = (const launched *)self;
        if constexpr (UNITS)
            run_units(l->f, l->n);
        else
            for (int64_t b = 0; b < l->n; b++) run_block(l->f, emulated_turn(b, l->n));
    }
    void now_or_held() {
        if (!emulated_hold(run, this, sizeof *this)) run(this);
    }
};

template <class F> static void enqueue_units(const F &f, int64_t n, cudaStream_t) {
    launched<F, true>{f, n}.now_or_held();
}

template <class F> static void enqueue_blocks(const F &f, int64_t blocks, cudaStream_t) {
    launched<F, false>{f, blocks}.now_or_held();
}

#endif
