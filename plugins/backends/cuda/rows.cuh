/* Kernels over rows of channels: `outer` groups of n rows, each row of `groups` vectors.
 *
 * A block has some vectors of a chunk of rows. Its threads stand side by side across the vectors
 * and, where these are fewer than threads, in several lanes of rows; a thread keeps its vector and
 * steps from row to row, so that what belongs to the channels is fetched once.
 *
 *   pass:   f.row(own, outer, row, group) for every row and vector.
 *   reduce: adds up over the rows of a group: in registers, then between the lanes of a block as a
 *           tree, then between the blocks in a second launch as a tree. Nothing depends on timing
 * or on the device. Between the launches go (chunks x groups) parts, 1024 blocks' at most. serial:
 * the same by one thread for each sum, where rows are few. */
#ifndef CUDA_ROWS_CUH
#define CUDA_ROWS_CUH

#include <type_traits>

#include "launch.cuh"

struct rows {
    int64_t outer, n, groups;
    int64_t width, tiles; /* vectors of a block, blocks across a row */
    int64_t lanes;        /* rows of a block at a time */
    int64_t chunk, chunks;
};

static inline rows rows_of(int64_t outer, int64_t n, int64_t groups, int64_t width) {
    rows r = {outer, n, groups, smaller(width, groups)};
    r.tiles = cuda_ceil_div(groups, r.width);
    r.lanes = THREADS / r.width;
    r.chunk = n, r.chunks = 1;
    return r;
}

/* Chunks of at least `least` rows, about a multiple of the lanes. */
static inline rows in_chunks(rows r, int64_t least) {
    r.chunk = cuda_ceil_div(larger(least, 1), r.lanes) * r.lanes;
    r.chunks = larger(cuda_ceil_div(r.n, r.chunk), 1);
    return r;
}

static inline int64_t block_count(const rows &r) {
    return r.outer * r.chunks * r.tiles;
}

/* Where a thread stands. */
struct standing {
    int64_t outer, chunk, group, first, last; /* rows first, first + lanes, ... below last */
    int64_t lane;
    bool idle; /* beyond the last lane or vector */
};

/* As `digit`, of a block's number: CUDA counts blocks in 31 bits. */
IK_HD static inline int64_t block_digit(int64_t &block, int64_t base) {
    uint32_t rest = (uint32_t)block / (uint32_t)base,
             last = (uint32_t)block - rest * (uint32_t)base;
    block = rest;
    return last;
}

IK_HD static inline standing standing_of(const rows &r, int64_t block, int thread) {
    standing s;
    s.lane = thread / (int)r.width;
    s.group = block_digit(block, r.tiles) * r.width + (thread - s.lane * r.width);
    s.chunk = block_digit(block, r.chunks);
    s.outer = block;
    s.first = s.chunk * r.chunk + s.lane;
    s.last = smaller((s.chunk + 1) * r.chunk, r.n);
    s.idle = s.lane >= r.lanes || s.group >= r.groups;
    return s;
}

/* A functor reads a row in two steps, so that several can be on their way at once:
 * fetch(fetched, outer, row, group) reads, and add or row, below, takes it. Calls
 * take(fetched, row) for rows first, first + step, ... below last where wanted(row). */
template <class F, class W, class T>
IK_HD static inline void take_rows(const F &f, int64_t outer, int64_t group, int64_t first,
                                   int64_t last, int64_t step, const W &wanted, const T &take) {
    for (int64_t row = first; row < last; row += F::at_once * step) {
        typename F::fetched x[F::at_once];
        bool is[F::at_once];
        UNROLL for (int j = 0; j < F::at_once; j++) {
            is[j] = row + j * step < last && wanted(row + j * step);
            if (is[j]) f.fetch(x[j], outer, row + j * step, group);
        }
        UNROLL for (int j = 0; j < F::at_once; j++) if (is[j]) take(x[j], row + j * step);
    }
}

struct every_row {
    IK_HD bool operator()(int64_t) const {
        return true;
    }
};

/* --- pass. F: fetched, at_once, own; begin(outer, group) -> own; fetch;
 * row(own, fetched, outer, row, group). */

template <class F> struct row_taker {
    const F &f;
    typename F::own &own;
    int64_t outer, group;
    IK_HD void operator()(const typename F::fetched &x, int64_t row) const {
        f.row(own, x, outer, row, group);
    }
};

template <class F> struct passing {
    F f;
    rows r;
    typedef nothing shared;
    typedef typename F::own own;
    IK_HD bool phase(int, int64_t block, int thread, shared &, own &o) const {
        standing s = standing_of(r, block, thread);
        if (s.idle) return false;
        o = f.begin(s.outer, s.group);
        take_rows(f, s.outer, s.group, s.first, s.last, r.lanes, every_row{},
                  row_taker<F>{f, o, s.outer, s.group});
        return false;
    }
};

/* Rows of a thread, which share what belongs to the channels; fewer where blocks would be too few
 * to keep a device busy. */
enum { PASS_ROWS = 8, PASS_BLOCKS = 512 };

template <class F>
static ik_status pass(const queue &q, int64_t outer, int64_t n, int64_t groups, const F &f) {
    rows r = rows_of(outer, n, groups, THREADS);
    int64_t share = cuda_ceil_div(outer * r.tiles * n, PASS_BLOCKS * r.lanes);
    r = in_chunks(r, r.lanes * smaller(share, PASS_ROWS));
    return blocks(q, n > 0 ? block_count(r) : 0, passing<F>{f, r});
}

/* --- reduce. F: fetched, at_once, part, own; begin(outer, group) -> own, unless own is empty;
 * fetch; add(part, own, fetched); finish(part, outer, group). A part has clear() and join(other
 * part). */

template <int V> struct vector_sum {
    float v[V];
    IK_HD void clear() {
        set<V>(v, 0);
    }
    IK_HD void join(const vector_sum &other) {
        accumulate<V>(v, other.v);
    }
};

template <int V> struct two_sums {
    float a[V], b[V];
    IK_HD void clear() {
        set<V>(a, 0);
        set<V>(b, 0);
    }
    IK_HD void join(const two_sums &other) {
        accumulate<V>(a, other.a);
        accumulate<V>(b, other.b);
    }
};

template <class F> struct row_adder {
    const F &f;
    typename F::part &part;
    const typename F::own &own;
    IK_HD void operator()(const typename F::fetched &x, int64_t) const {
        f.add(part, own, x);
    }
};

template <class F>
IK_HD static inline typename F::part add_rows(const F &f, int64_t outer, int64_t group,
                                              int64_t first, int64_t last, int64_t step) {
    typename F::own own;
    if constexpr (!std::is_empty_v<typename F::own>) own = f.begin(outer, group);
    typename F::part part;
    part.clear();
    take_rows(f, outer, group, first, last, step, every_row{}, row_adder<F>{f, part, own});
    return part;
}

/* Rounds of a tree over the lanes. */
IK_HD static inline int rounds_of(int64_t lanes) {
    int n = 0;
    while ((int64_t)1 << n < lanes) n++;
    return n;
}

/* Round `i` of `rounds`: the lanes of the lower half take those of the upper half in. */
template <class P>
IK_HD static inline void tree_round(P *parts, int i, int rounds, int64_t lane, int64_t lanes,
                                    int thread, int64_t width) {
    int64_t half = (int64_t)1 << (rounds - 1 - i);
    if (lane < half && lane + half < lanes) parts[thread].join(parts[thread + half * width]);
}

template <class F> struct reducing {
    F f;
    rows r;
    typename F::part *partial; /* [outer][chunks][groups]; NULL: f.finish takes them */
    struct shared {
        typename F::part parts[THREADS];
    };
    typedef standing own;
    IK_HD bool phase(int k, int64_t block, int thread, shared &s, own &at) const {
        int rounds = rounds_of(r.lanes);
        if (k == 0) at = standing_of(r, block, thread);
        if (k == 0 && !at.idle)
            s.parts[thread] = add_rows(f, at.outer, at.group, at.first, at.last, r.lanes);
        if (k > 0 && !at.idle)
            tree_round(s.parts, k - 1, rounds, at.lane, r.lanes, thread, r.width);
        if (k < rounds) return true;
        if (at.lane == 0 && !at.idle) {
            if (partial)
                partial[(at.outer * r.chunks + at.chunk) * r.groups + at.group] = s.parts[thread];
            else
                f.finish(s.parts[thread], at.outer, at.group);
        }
        return false;
    }
};

/* What joins the parts of the chunks. */
template <class F> struct joining {
    F f;
    const typename F::part *partial;
    int64_t chunks, groups;
    typedef typename F::part part;
    typedef nothing own;
    typedef const part *fetched;
    static constexpr int at_once = 1;
    IK_HD void fetch(fetched &x, int64_t outer, int64_t row, int64_t group) const {
        x = &partial[(outer * chunks + row) * groups + group];
    }
    IK_HD void add(part &p, const own &, const fetched &x) const {
        p.join(*x);
    }
    IK_HD void finish(const part &p, int64_t outer, int64_t group) const {
        f.finish(p, outer, group);
    }
};

enum { REDUCE_BLOCKS = 1024, REDUCE_ROWS = 4 }; /* blocks at most, rows of a thread at least */

static inline rows reduce_rows(int64_t outer, int64_t n, int64_t groups) {
    rows r = rows_of(outer, n, groups, THREADS);
    int64_t share = cuda_ceil_div(outer * r.tiles * n, REDUCE_BLOCKS);
    return in_chunks(r, larger(share, r.lanes * REDUCE_ROWS));
}

template <class F> static size_t reduce_bytes(int64_t outer, int64_t n, int64_t groups) {
    rows r = reduce_rows(outer, n, groups);
    if (r.chunks == 1) return 0;
    return (size_t)(outer * r.chunks * groups) * sizeof(typename F::part);
}

/* `workspace` has reduce_bytes. */
template <class F>
static ik_status reduce(const queue &q, int64_t outer, int64_t n, int64_t groups, const F &f,
                        void *workspace) {
    rows r = reduce_rows(outer, n, groups);
    typename F::part *partial = r.chunks > 1 ? (typename F::part *)workspace : NULL;
    ik_status status = blocks(q, block_count(r), reducing<F>{f, r, partial});
    if (status || !partial) return status;
    /* Few parts of many chunks: lanes rather than vectors side by side. */
    rows second = rows_of(outer, r.chunks, groups, larger(THREADS / r.chunks, 1));
    joining<F> join = {f, partial, r.chunks, groups};
    return blocks(q, block_count(second), reducing<joining<F>>{join, second, NULL});
}

/* --- serial */

template <class F> struct counting {
    F f;
    int64_t n, groups;
    IK_HD void operator()(int64_t i) const {
        int64_t group = digit(i, groups);
        typename F::part p = add_rows(f, i, group, 0, n, 1);
        f.finish(p, i, group);
    }
};

template <class F>
static ik_status serial(const queue &q, int64_t outer, int64_t n, int64_t groups, const F &f) {
    return units(q, outer * groups, counting<F>{f, n, groups});
}

#endif
