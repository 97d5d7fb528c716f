/* The optional native part: what NumPy does in many passes, done in one.

   Each function has a twin in Python that says what it means and does the same, bit for bit; the tests hold both to one
   oracle. Arrays come in by the buffer protocol. Lengths are checked before the GIL is released, and the caller keeps
   what it hands in unchanged until the call returns. */

#include "_native.h"

#ifdef HAS_VARIANTS
#include <immintrin.h>
#endif

#include <stdlib.h>
#include <string.h>

/* ---- Search over 256-bit codes: samepic.hamming ---- */

static inline int farther(Near a, Near b)
{
    return a.distance != b.distance ? a.distance > b.distance : a.id > b.id;
}

static void sink(Near *heap, Py_ssize_t count, Py_ssize_t at)
{
    const Near moved = heap[at];
    for (;;) {
        Py_ssize_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && farther(heap[child + 1], heap[child]))
            child++;
        if (!farther(heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void as_heap(Near *heap, Py_ssize_t count)
{
    for (Py_ssize_t at = count / 2; at-- > 0;)
        sink(heap, count, at);
}

void *native_grown(void *items, Py_ssize_t *room, size_t size, Py_ssize_t first)
{
    const Py_ssize_t wanted = *room ? 2 * *room : first;
    void *grown = realloc(items, (size_t)wanted * size);
    if (grown == NULL)
        return items;
    *room = wanted;
    return grown;
}

PyObject *native_run(PyObject *found, int (*call)(const void *), const void *parts)
{
    int done;
    Py_BEGIN_ALLOW_THREADS
    done = call(parts);
    Py_END_ALLOW_THREADS
    if (!done) {
        Py_CLEAR(found);
        PyErr_NoMemory();
    }
    return found;
}

/* Keep a code that is not beyond the bound. Rare beside the codes that are passed over, so kept out of their loop. */
void native_keep(Scan *scan, Near found)
{
    if (scan->most < 0 || scan->count < scan->most) {
        if (!HAS_ROOM(scan, kept, 64)) {
            scan->failed = 1;
            scan->bound = -1;
            return;
        }
        scan->kept[scan->count++] = found;
        if (scan->count != scan->most)
            return;
        as_heap(scan->kept, scan->count);
    } else if (farther(scan->kept[0], found)) {
        scan->kept[0] = found;
        sink(scan->kept, scan->count, 0);
    }
    /* An equally far code with a smaller id still goes in. */
    scan->bound = scan->kept[0].distance;
}

INLINE void scan_codes(const uint64_t *code, const int64_t *ids, Py_ssize_t n, const uint64_t *query, Scan *scan)
{
    const uint64_t q0 = query[0], q1 = query[1], q2 = query[2], q3 = query[3];
    int64_t bound = scan->bound;
    for (Py_ssize_t row = 0; row < n; row++, code += WORDS) {
        int distance = ONES(code[0] ^ q0) + ONES(code[1] ^ q1) + ONES(code[2] ^ q2) + ONES(code[3] ^ q3);
        if (distance <= bound) {
            native_keep(scan, (Near){ids[row], distance});
            bound = scan->bound;
        }
    }
}

IN_FORMS(void, scan, popcnt,
         (const uint64_t *codes, const int64_t *ids, Py_ssize_t n, const uint64_t *query, Scan *scan),
         scan_codes(codes, ids, n, query, scan))

/* Nearest first, and by id where equally near: what remains of a heapsort. */
void native_sort_near(Near *kept, Py_ssize_t count)
{
    as_heap(kept, count);
    while (count-- > 1) {
        const Near last = kept[count];
        kept[count] = kept[0];
        kept[0] = last;
        sink(kept, count, 0);
    }
}

static PyObject *near_pairs(const Near *kept, Py_ssize_t count)
{
    PyObject *pairs = PyByteArray_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(Near));
    if (pairs != NULL && count)
        memcpy(PyByteArray_AsString(pairs), kept, (size_t)count * sizeof(Near));
    return pairs;
}

static PyObject *search(PyObject *self, PyObject *args)
{
    Py_buffer codes, ids, query;
    Py_ssize_t most, count;
    long long bound;
    PyObject *pairs = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*nL:search", &codes, &ids, &query, &most, &bound))
        return NULL;
    count = ids.len / 8;
    if (ids.len % 8 || codes.len % CODE_BYTES || codes.len / CODE_BYTES != count || query.len != CODE_BYTES)
        PyErr_SetString(PyExc_ValueError, "wanted n codes of 32 bytes, n ids of 8 and a query of 32");
    else if (most == 0 || (uintptr_t)codes.buf % 8 || (uintptr_t)ids.buf % 8)
        PyErr_SetString(PyExc_ValueError, "wanted at least one place for what is found, and aligned arrays");
    else {
        uint64_t words[WORDS];
        Scan scan = {NULL, 0, 0, most, bound, 0};
        memcpy(words, query.buf, CODE_BYTES);
        Py_BEGIN_ALLOW_THREADS
        FASTEST(scan, popcnt)(codes.buf, ids.buf, count, words, &scan);
        native_sort_near(scan.kept, scan.count);
        Py_END_ALLOW_THREADS
        pairs = scan.failed ? PyErr_NoMemory() : near_pairs(scan.kept, scan.count);
        free(scan.kept);
    }
    PyBuffer_Release(&codes);
    PyBuffer_Release(&ids);
    PyBuffer_Release(&query);
    return pairs;
}

/* ---- Search over the eight forms of a code at once: samepic.hamming.TurnedCodes ---- */

typedef struct {
    int64_t *rows;
    Py_ssize_t count, room;
} Rows;

static int add_row(Rows *rows, int64_t row)
{
    return ADDED(rows, rows, 64, row);
}

/* The least distance of a code to a query and to what is left of it when two of its four words are turned over. */
INLINE int least_of_four(const uint64_t *code, const uint64_t *query)
{
    const int a = ONES(code[0] ^ query[0]), b = ONES(code[1] ^ query[1]);
    const int c = ONES(code[2] ^ query[2]), d = ONES(code[3] ^ query[3]);
    const int ends = a + d, middle = b + c;
    const int across = smaller(c + d - a - b, b + d - a - c);
    return smaller(ends + middle, 128 + smaller(ends - middle, across));
}

/* Keep the rows of all codes that may be within the bound of one of two queries, each in four forms. */
INLINE int scan_turned(const uint64_t *code, Py_ssize_t n, const uint64_t *queries, int bound, Rows *rows)
{
    for (Py_ssize_t row = 0; row < n; row++, code += WORDS)
        if (smaller(least_of_four(code, queries), least_of_four(code, queries + WORDS)) <= bound && !add_row(rows, row))
            return 0;
    return 1;
}

IN_FORMS(int, turned, popcnt,
         (const uint64_t *codes, Py_ssize_t n, const uint64_t *queries, int bound, Rows *rows),
         return scan_turned(codes, n, queries, bound, rows))

#ifdef HAS_VARIANTS
/* The ones of each word of a code that differ from the query's, four 64-bit counts. */
VARIANT("avx2") static inline __m256i differing(__m256i code, __m256i query)
{
    const __m256i ones_of = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
                                             0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15), mixed = _mm256_xor_si256(code, query);
    const __m256i lower = _mm256_shuffle_epi8(ones_of, _mm256_and_si256(mixed, low));
    const __m256i upper = _mm256_shuffle_epi8(ones_of, _mm256_and_si256(_mm256_srli_epi16(mixed, 4), low));
    return _mm256_sad_epu8(_mm256_add_epi8(lower, upper), _mm256_setzero_si256());
}

/* What least_of_four returns for four codes: 16-bit numbers 0, 1, 4 and 5, with others between. */
VARIANT("avx2") static inline __m128i least_of_each(const __m256i *codes, __m256i query)
{
    const __m256i one = _mm256_slli_epi64(differing(codes[1], query), 32);
    const __m256i three = _mm256_slli_epi64(differing(codes[3], query), 32);
    const __m256i first = _mm256_or_si256(differing(codes[0], query), one);
    const __m256i last = _mm256_or_si256(differing(codes[2], query), three);
    const __m256i counts = _mm256_packs_epi32(first, last);
    /* a a b b of two codes, twice; then d d c c beside them. */
    const __m128i ab = _mm256_castsi256_si128(counts);
    const __m128i dc = _mm_shuffle_epi32(_mm256_extracti128_si256(counts, 1), 0xB1);
    const __m128i sums = _mm_add_epi16(ab, dc), apart = _mm_sub_epi16(dc, ab);
    const __m128i swapped = _mm_shuffle_epi32(sums, 0xB1);
    const __m128i across = _mm_sub_epi16(apart, _mm_shuffle_epi32(_mm_abs_epi16(apart), 0xB1));
    const __m128i turned = _mm_min_epi16(_mm_sub_epi16(sums, swapped), across);
    return _mm_min_epi16(_mm_add_epi16(sums, swapped), _mm_add_epi16(turned, _mm_set1_epi16(128)));
}

VARIANT("avx2,popcnt") static int
turned_avx2(const uint64_t *codes, Py_ssize_t n, const uint64_t *queries, int bound, Rows *rows)
{
    static const int place[4] = {0, 2, 8, 10}; /* of each code's number in the mask below, which has a bit a byte */
    const __m256i one = _mm256_loadu_si256((const __m256i *)(const void *)queries);
    const __m256i two = _mm256_loadu_si256((const __m256i *)(const void *)(queries + WORDS));
    const __m128i beyond = _mm_set1_epi16((short)(bound < 256 ? bound + 1 : 257));
    Py_ssize_t row = 0;
    if (bound < 0)
        return 1;
    for (; row + 4 <= n; row += 4) {
        __m256i four[4];
        for (int i = 0; i < 4; i++)
            four[i] = _mm256_loadu_si256((const __m256i *)(const void *)(codes + WORDS * (row + i)));
        const __m128i least = _mm_min_epi16(least_of_each(four, one), least_of_each(four, two));
        const int near = _mm_movemask_epi8(_mm_cmpgt_epi16(beyond, least));
        if (near & (1 << place[0] | 1 << place[1] | 1 << place[2] | 1 << place[3]))
            for (int i = 0; i < 4; i++)
                if (near >> place[i] & 1 && !add_row(rows, row + i))
                    return 0;
    }
    for (; row < n; row++)
        if (smaller(least_of_four(codes + WORDS * row, queries), least_of_four(codes + WORDS * row, queries + WORDS)) <=
                bound && !add_row(rows, row))
            return 0;
    return 1;
}
#endif

static PyObject *search_turned(PyObject *self, PyObject *args)
{
    Py_buffer codes, queries;
    int bound, done = 1;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*i:search_turned", &codes, &queries, &bound))
        return NULL;
    if (codes.len % CODE_BYTES || queries.len != 2 * CODE_BYTES || (uintptr_t)codes.buf % 8)
        PyErr_SetString(PyExc_ValueError, "wanted an aligned array of codes of 32 bytes and two queries of 32");
    else {
        uint64_t words[2 * WORDS];
        Rows rows = {NULL, 0, 0};
        memcpy(words, queries.buf, sizeof words);
        Py_BEGIN_ALLOW_THREADS
        done = FASTEST_OF_THREE(turned)(codes.buf, codes.len / CODE_BYTES, words, bound, &rows);
        Py_END_ALLOW_THREADS
        found = done ? PyByteArray_FromStringAndSize((const char *)rows.rows, rows.count * (Py_ssize_t)sizeof(int64_t))
                     : PyErr_NoMemory();
        free(rows.rows);
    }
    PyBuffer_Release(&codes);
    PyBuffer_Release(&queries);
    return found;
}

/* ---- Where a JPEG scan ends: samepic.picture.jpeg ---- */

/* Inside a scan 0xFF is data when 0x00 follows, a restart when 0xD0 to 0xD7 does, and fill when 0xFF does. */
static PyObject *scan_end(PyObject *self, PyObject *args)
{
    Py_buffer given;
    const char *data;
    Py_ssize_t size, at;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*n:scan_end", &given, &at))
        return NULL;
    data = given.buf;
    size = given.len;
    if (at < 0 || at > size) {
        PyBuffer_Release(&given);
        PyErr_SetString(PyExc_ValueError, "wanted a start within the data");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    for (const char *found = NULL; at < size; at = found - data + 1) {
        unsigned char next;
        found = memchr(data + at, 0xFF, (size_t)(size - at));
        at = found == NULL || found - data + 1 >= size ? size : found - data;
        if (at == size)
            break;
        next = (unsigned char)found[1];
        if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7))
            break;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&given);
    return PyLong_FromSsize_t(at);
}

/* ---- The module ---- */


/* For each of n codes: the nearest of m others, the first of equals, and the distances of the nearest and the second. */
INLINE void two_nearest(const uint64_t *codes, Py_ssize_t n, const uint64_t *others, Py_ssize_t m, int32_t *found)
{
    for (Py_ssize_t i = 0; i < n; i++, found += 3) {
        const uint64_t *code = codes + WORDS * i, *other = others;
        int32_t best = 8 * CODE_BYTES + 1, second = best, at = -1;
        for (Py_ssize_t j = 0; j < m; j++, other += WORDS) {
            int32_t bits = ONES(code[0] ^ other[0]) + ONES(code[1] ^ other[1]) + ONES(code[2] ^ other[2]) +
                           ONES(code[3] ^ other[3]);
            if (bits < best) {
                second = best;
                best = bits;
                at = (int32_t)j;
            } else if (bits < second)
                second = bits;
        }
        found[0] = at;
        found[1] = best;
        found[2] = second;
    }
}

IN_FORMS(void, match, popcnt,
         (const uint64_t *codes, Py_ssize_t n, const uint64_t *others, Py_ssize_t m, int32_t *found),
         two_nearest(codes, n, others, m, found))

#ifdef HAS_VARIANTS
#define LANES 8
#define NONE ((int64_t)(8 * CODE_BYTES + 1) << 32 | 0xFFFFFFFF) /* farther than any code, and its number is -1 */

/* Eight others at a time, their words apart: words k of all others lie from k * room on. A code that is met is its
   distance and its number in one, so that the least is the first of the nearest. */
VARIANT("avx512f,avx512vpopcntdq") static void
two_nearest_of_eight(const uint64_t *code, const uint64_t *words, Py_ssize_t room, Py_ssize_t m, int32_t *found)
{
    const __m512i a = _mm512_set1_epi64((int64_t)code[0]), b = _mm512_set1_epi64((int64_t)code[1]);
    const __m512i c = _mm512_set1_epi64((int64_t)code[2]), d = _mm512_set1_epi64((int64_t)code[3]);
    const __m512i none = _mm512_set1_epi64(NONE);
    __m512i at = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), best = none, second = none;
    for (Py_ssize_t j = 0; j < m; j += LANES) {
        const uint64_t *w = words + j;
        const __m512i one = _mm512_popcnt_epi64(_mm512_xor_si512(a, _mm512_loadu_si512(w)));
        const __m512i two = _mm512_popcnt_epi64(_mm512_xor_si512(b, _mm512_loadu_si512(w + room)));
        const __m512i three = _mm512_popcnt_epi64(_mm512_xor_si512(c, _mm512_loadu_si512(w + 2 * room)));
        const __m512i four = _mm512_popcnt_epi64(_mm512_xor_si512(d, _mm512_loadu_si512(w + 3 * room)));
        const __m512i bits = _mm512_add_epi64(_mm512_add_epi64(one, two), _mm512_add_epi64(three, four));
        __m512i met = _mm512_or_si512(_mm512_slli_epi64(bits, 32), at);
        if (m - j < LANES)
            met = _mm512_mask_blend_epi64((__mmask8)(0xFF << (m - j)), met, none);
        second = _mm512_min_epi64(second, _mm512_max_epi64(best, met));
        best = _mm512_min_epi64(best, met);
        at = _mm512_add_epi64(at, _mm512_set1_epi64(LANES));
    }
    int64_t kept[2 * LANES], first = NONE, next = NONE;
    _mm512_storeu_si512(kept, best);
    _mm512_storeu_si512(kept + LANES, second);
    for (int i = 0; i < 2 * LANES; i++)
        if (kept[i] < first) {
            next = first;
            first = kept[i];
        } else if (kept[i] < next)
            next = kept[i];
    found[0] = (int32_t)(uint32_t)first;
    found[1] = (int32_t)(first >> 32);
    found[2] = (int32_t)(next >> 32);
}

VARIANT("avx512f,avx512vpopcntdq,popcnt") static void
match_avx512(const uint64_t *codes, Py_ssize_t n, const uint64_t *others, Py_ssize_t m, int32_t *found)
{
    const Py_ssize_t room = (m + LANES - 1) / LANES * LANES;
    uint64_t *words = room ? calloc((size_t)room, CODE_BYTES) : NULL;
    if (words == NULL) {
        two_nearest(codes, n, others, m, found);
        return;
    }
    for (Py_ssize_t j = 0; j < m; j++)
        for (int k = 0; k < WORDS; k++)
            words[k * room + j] = others[WORDS * j + k];
    for (Py_ssize_t i = 0; i < n; i++)
        two_nearest_of_eight(codes + WORDS * i, words, room, m, found + 3 * i);
    free(words);
}

#define FASTEST_MATCH (RUNS("avx512f") && RUNS("avx512vpopcntdq") ? match_avx512 : FASTEST(match, popcnt))
#else
#define FASTEST_MATCH FASTEST(match, popcnt)
#endif

static PyObject *match(PyObject *self, PyObject *args)
{
    Py_buffer codes, others;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*:match", &codes, &others))
        return NULL;
    if (codes.len % CODE_BYTES || others.len % CODE_BYTES || (uintptr_t)codes.buf % 8 || (uintptr_t)others.buf % 8)
        PyErr_SetString(PyExc_ValueError, "wanted two aligned arrays of codes of 32 bytes");
    else {
        Py_ssize_t n = codes.len / CODE_BYTES, m = others.len / CODE_BYTES;
        found = PyByteArray_FromStringAndSize(NULL, n * 3 * (Py_ssize_t)sizeof(int32_t));
        if (found) {
            int32_t *rows = (int32_t *)(void *)PyByteArray_AsString(found);
            Py_BEGIN_ALLOW_THREADS
            FASTEST_MATCH(codes.buf, n, others.buf, m, rows);
            Py_END_ALLOW_THREADS
        }
    }
    PyBuffer_Release(&codes);
    PyBuffer_Release(&others);
    return found;
}

static PyMethodDef methods[] = {
    {"search", search, METH_VARARGS, "Return the codes nearest to a query as (id, distance) pairs of int64."},
    {"search_turned", search_turned, METH_VARARGS, "Return the rows of codes that may be near a form of two queries."},
    {"join_turned", native_join_turned, METH_VARARGS, "Return (query, row, distance) of codes near a form, as int64."},
    {"join_nearest", native_join_nearest, METH_VARARGS, "Return (query, row, distance) of the nearest, as int64."},
    {"probe", native_probe, METH_VARARGS, "Return (query, row, distance) of codes with a key near, as int64."},
    {"match", match, METH_VARARGS, "Return (nearest, its distance, the second distance) of each code, as int32."},
    {"scan_end", scan_end, METH_VARARGS, "Return where the first marker behind a JPEG scan's data is, else the end."},
    {"eighth", native_eighth, METH_VARARGS, "Return the luma of a JPEG at an eighth of its size; None where it is not plain."},
    {"samples", native_samples, METH_VARARGS, "Return the (64, 64) float32 luma samples of PDQ, by bands of lines."},
    {"code", native_code, METH_VARARGS, "Return the eight PDQ codes, the quality and the detail of luma samples."},
    {"network", native_network, METH_VARARGS, "Return the last planes of the network of copy codes, or None."},
    {"correlation", native_correlation, METH_VARARGS, "Return local correlation, least and most variance as float32."},
    {"level", native_level, METH_VARARGS, "Return a plane of 8-bit levels of one mean and contrast in every window."},
    {"odds", native_odds, METH_VARARGS, "Return what a perceptron makes of each row of inputs, as float32."},
    {"cells", native_cells, METH_VARARGS, "Return the means of every cell and its peak, 14 planes of float32."},
    {"corners", native_corners, METH_VARARGS, "Return x, y and two moments of corners spread over a plane, as int32."},
    {"describe", native_describe, METH_VARARGS, "Return a code of 256 bits of each place of a plane."},
    {"excess", native_excess, METH_VARARGS, "Return by how much each block exceeds what two codings allow, as float32."},
    {"differ", native_differ, METH_VARARGS, "Return the largest difference of two pictures in each 8 x 8 block."},
    {"shrunk", native_shrunk, METH_VARARGS, "Return a picture made smaller by the means of areas."},
    {"planes", native_planes, METH_VARARGS, "Return Y, Cr and Cb of a picture, color as the distance from gray, in float32."},
    {"sharpness", native_sharpness, METH_VARARGS, "Return the sum of the squared Laplacian of a plane of float32."},
    {"tone", native_tone, METH_VARARGS, "Return fits of a change of tone, 268 float64 each."},
    {"mix", native_mix, METH_VARARGS, "Return the weights of five parts that bring a plane nearest to another, as float64."},
    {"ssimulacra", native_ssimulacra, METH_VARARGS, "Return the sums of the error maps of SSIMULACRA 2.1, as float64."},
    {"png_pixels", native_png_pixels, METH_VARARGS, "Return colours and alpha of a PNG's inflated lines."},
    {"screens", native_screens, METH_VARARGS, "Return what each pixel is to the other picture's, and the largest distance."},
    {NULL, NULL, 0, NULL},
};

#ifdef __linux__
/* ---- HEIC on one thread: samepic.sandbox.child ----

   libheif asks libde265 for a thread for each picture, and dies without one. A process that may start no thread loads
   this module ahead of both, so that they find these two names first: libde265 then decodes on the thread of its caller. */

int samepic_threads_asked = 0;

int de265_start_worker_threads(void *context, int count)
{
    (void)context;
    samepic_threads_asked += count;
    return 0;
}
#endif

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "samepic._native", "The optional native part of samepic.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&module);
}
