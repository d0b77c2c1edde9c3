/* Sums over segments without atomics: for each of `outer` lists of n rows, the rows of each id.
 *
 * A block takes a chunk of rows and up to 64 channels (32 where they cannot be taken eight at
 * once), notes which ids occur, and adds up one of them after the other: in registers, then as a
 * tree over its lanes. Neighbouring pixels mostly share an id, so a chunk has few; each row is read
 * once whatever the ids are. Sums go to the block's own table and are joined in order in a second
 * launch, which reads only tables' rows that were written: a byte per id says which. Bytes: the
 * rows and ids once (ids once per 64 channels), and two times the rows of the tables. */
#ifndef CUDA_SEGMENTS_CUH
#define CUDA_SEGMENTS_CUH

#include "rows.cuh"

/* What a row counts to: an id, nothing, or several ids by shares. */
enum { NO_ID = -1, MIXED_ID = -2, MIXED_MOST = 9 };

enum {
    ID_WINDOW = 1024,     /* ids that a block looks at; more take more blocks */
    SEGMENT_CHUNK = 4096, /* rows of a block at most */
    SEGMENT_BLOCKS = 512, /* blocks that keep a device busy */
    SEGMENT_ROWS = 256,   /* rows of a block at least */
};

struct segments {
    rows r;                    /* of the first launch */
    int64_t ids, windows;      /* all ids, blocks for them */
    int64_t tables, per_table; /* tables of the result, lists of chunks for each */
};

/* `tables` is `outer`, or 1 where all lists make one table. */
static inline segments segments_of(int64_t outer, int64_t n, int64_t groups, int64_t ids,
                                   int64_t tables, int v) {
    segments s;
    s.r = rows_of(outer, n, groups, v == 8 ? 8 : 32);
    int64_t share = cuda_ceil_div(outer * s.r.tiles * n, SEGMENT_BLOCKS);
    int64_t least = smaller(larger(share, SEGMENT_ROWS), SEGMENT_CHUNK - s.r.lanes);
    s.r = in_chunks(s.r, least);
    s.ids = ids, s.windows = larger(cuda_ceil_div(ids, ID_WINDOW), 1);
    s.tables = tables, s.per_table = outer / tables * s.r.chunks;
    return s;
}

/* F, on top of what reduce asks for (rows.cuh), but with begin(outer, id, group),
 * add(part, own, fetched, share) and finish(part, table, id, group):
 * id(outer, row); with F::mixes, mixture(outer, row, ids) -> how many, and share(outer, row, id).
 */
template <class F> struct segmenting {
    F f;
    segments s;
    typename F::part *partial; /* [outer][chunks][ids][groups] */
    uint8_t *occurs;           /* [outer][chunks][ids] */
    struct shared {
        int16_t ids[SEGMENT_CHUNK]; /* of the rows, counted from the window's first */
        uint8_t present[ID_WINDOW];
        typename F::part parts[THREADS];
    };
    struct own {
        int64_t outer, chunk, group, start; /* row `start` is the chunk's first */
        int rows, lane, first_id, ids, id;  /* `ids` from first_id on are the window's */
        bool idle, notes;
    };

    IK_HD void begin(int64_t block, int thread, shared &sh, own &o) const {
        o.first_id = (int)block_digit(block, s.windows) * ID_WINDOW;
        o.ids = (int)smaller(s.ids - o.first_id, ID_WINDOW);
        o.id = -1;
        standing at = standing_of(s.r, block, thread);
        o.outer = at.outer, o.chunk = at.chunk, o.group = at.group;
        o.lane = (int)at.lane, o.idle = at.idle;
        o.notes = at.group < s.r.width; /* the first tile does, once for all */
        o.start = at.chunk * s.r.chunk;
        o.rows = (int)smaller(s.r.chunk, s.r.n - o.start);
        for (int i = thread; i < o.ids; i += THREADS) sh.present[i] = 0;
    }

    /* Threads may note the same id: they write the same. */
    IK_HD void note_ids(int thread, shared &sh, const own &o) const {
        for (int i = thread; i < o.rows; i += THREADS) {
            int64_t id = f.id(o.outer, o.start + i);
            if constexpr (F::mixes)
                if (id == MIXED_ID) {
                    int32_t mixed[MIXED_MOST];
                    int n = f.mixture(o.outer, o.start + i, mixed);
                    for (int j = 0; j < n; j++)
                        if (inside(mixed[j] - o.first_id, o.ids))
                            sh.present[mixed[j] - o.first_id] = 1;
                    sh.ids[i] = MIXED_ID;
                    continue;
                }
            id -= o.first_id;
            sh.ids[i] = inside(id, o.ids) ? (int16_t)id : (int16_t)NO_ID;
            if (sh.ids[i] >= 0) sh.present[id] = 1;
        }
    }

    IK_HD int64_t row_of_tables(const own &o) const {
        return (o.outer * s.r.chunks + o.chunk) * s.ids + o.first_id;
    }

    /* Which rows count to the id at hand. */
    struct of_id {
        const shared &sh;
        int64_t start;
        int id;
        IK_HD bool operator()(int64_t row) const {
            int of = sh.ids[row - start];
            return of == id || (F::mixes && of == MIXED_ID);
        }
    };
    struct adder {
        const F &f;
        const shared &sh;
        const own &o;
        typename F::part &part;
        const typename F::own &with;
        IK_HD void operator()(const typename F::fetched &x, int64_t row) const {
            float share = 1;
            if constexpr (F::mixes)
                if (sh.ids[row - o.start] == MIXED_ID)
                    share = f.share(o.outer, row, o.first_id + o.id);
            if (share > 0) f.add(part, with, x, share);
        }
    };

    IK_HD typename F::part sum_up(const shared &sh, const own &o) const {
        typename F::own with;
        if constexpr (!std::is_empty_v<typename F::own>)
            with = f.begin(o.outer, o.first_id + o.id, o.group);
        typename F::part part;
        part.clear();
        take_rows(f, o.outer, o.group, o.start + o.lane, o.start + o.rows, s.r.lanes,
                  of_id{sh, o.start, o.id}, adder{f, sh, o, part, with});
        return part;
    }

    IK_HD bool phase(int k, int64_t block, int thread, shared &sh, own &o) const {
        if (k == 0) begin(block, thread, sh, o);
        if (k == 1) note_ids(thread, sh, o);
        if (k < 2) return true;
        if (k == 2 && o.notes)
            for (int i = thread; i < o.ids; i += THREADS)
                occurs[row_of_tables(o) + i] = sh.present[i];
        int rounds = rounds_of(s.r.lanes), round = (k - 2) % (rounds + 1);
        if (round == 0) {
            do o.id++;
            while (o.id < o.ids && !sh.present[o.id]);
            if (o.id >= o.ids) return false;
            if (!o.idle) sh.parts[thread] = sum_up(sh, o);
        } else if (!o.idle) {
            tree_round(sh.parts, round - 1, rounds, o.lane, s.r.lanes, thread, s.r.width);
        }
        if (round == rounds && o.lane == 0 && !o.idle)
            partial[(row_of_tables(o) + o.id) * s.r.groups + o.group] = sh.parts[thread];
        return true;
    }
};

/* What joins the chunks of a table; its vectors are those of all ids. */
template <class F> struct joining_segments {
    F f;
    segments s;
    const typename F::part *partial;
    const uint8_t *occurs;
    typedef typename F::part part;
    typedef nothing own;
    typedef const part *fetched;
    static constexpr int at_once = 1;
    IK_HD void fetch(fetched &x, int64_t table, int64_t chunk, int64_t vector) const {
        int64_t at = (table * s.per_table + chunk) * s.ids;
        bool written = occurs[at + quotient(vector, s.r.groups)];
        x = written ? &partial[at * s.r.groups + vector] : NULL;
    }
    IK_HD void add(part &p, const own &, const fetched &x) const {
        if (x) p.join(*x);
    }
    IK_HD void finish(const part &p, int64_t table, int64_t vector) const {
        int64_t group = digit(vector, s.r.groups);
        f.finish(p, table, vector, group);
    }
};

static inline size_t segments_rows(const segments &s) {
    return (size_t)(s.r.outer * s.r.chunks * s.ids);
}

template <class F> static size_t segments_bytes(const segments &s) {
    return segments_rows(s) * ((size_t)s.r.groups * sizeof(typename F::part) + 1);
}

/* `workspace` has segments_bytes. */
template <class F>
static ik_status sum_segments(const queue &q, const segments &s, const F &f, void *workspace) {
    typename F::part *partial = (typename F::part *)workspace;
    uint8_t *occurs = (uint8_t *)(partial + segments_rows(s) * (size_t)s.r.groups);
    ik_status status =
        blocks(q, block_count(s.r) * s.windows, segmenting<F>{f, s, partial, occurs});
    if (status) return status;
    rows second =
        rows_of(s.tables, s.per_table, s.ids * s.r.groups, larger(THREADS / s.per_table, 1));
    joining_segments<F> join = {f, s, partial, occurs};
    return blocks(q, block_count(second), reducing<joining_segments<F>>{join, second, NULL});
}

#endif
