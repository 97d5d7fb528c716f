/* Corners of a plane of luma, spread over it, and the codes of what is round them. */

#include "_native.h"

#include <stdlib.h>
#include <string.h>

#define BORDER 15             /* a corner has a disc of this radius round it */
#define TESTS 256             /* bits of a code */
#define DIGIT 11              /* bits by which corners are sorted at a time */
#define NUMBERS 4             /* of a corner: x, y, and the two moments of the disc */

typedef struct {
    uint32_t key, at;
} Corner;

typedef struct {
    const unsigned char *plane;
    Py_ssize_t height, width, most, cell; /* corners are spread over cells of this side */
    float least, edges; /* the least response, and the weight of the squared trace (Harris and Stephens 1988) */
    int32_t *out;
    Py_ssize_t count;
} Search;

/* Sums over three pixels of a line of the products of both slopes: of x with itself, of both, and of y with itself.
   They are whole numbers that float32 holds exactly. */
INLINE void products(const Search *s, Py_ssize_t y, float *restrict room, float *restrict out)
{
    const Py_ssize_t wide = s->width;
    const unsigned char *restrict up = s->plane + (y - 1) * wide, *restrict here = up + wide, *restrict low = here + wide;
    float *restrict smooth = room, *restrict step = room + wide, *restrict kept = step + wide;
    for (Py_ssize_t x = 0; x < wide; x++) {
        smooth[x] = (float)(up[x] + 2 * here[x] + low[x]);
        step[x] = (float)(low[x] - up[x]);
    }
    for (int k = 0; k < 3; k++)
        kept[k * wide] = kept[(k + 1) * wide - 1] = 0;
    for (Py_ssize_t x = 1; x < wide - 1; x++) {
        const float across = smooth[x + 1] - smooth[x - 1], down = step[x - 1] + 2 * step[x] + step[x + 1];
        kept[x] = across * across;
        kept[wide + x] = across * down;
        kept[2 * wide + x] = down * down;
    }
    for (int k = 0; k < 3; k++) {
        const float *restrict of = kept + k * wide;
        float *restrict sums = out + k * wide;
        for (Py_ssize_t x = 1; x < wide - 1; x++)
            sums[x] = of[x - 1] + of[x] + of[x + 1];
    }
}

INLINE void respond(const float *restrict a, const float *restrict b, const float *restrict c, Py_ssize_t wide,
                    float edges, float *restrict out)
{
    for (Py_ssize_t x = 1; x < wide - 1; x++) {
        const float xx = a[x] + b[x] + c[x], xy = a[wide + x] + b[wide + x] + c[wide + x];
        const float yy = a[2 * wide + x] + b[2 * wide + x] + c[2 * wide + x], trace = xx + yy;
        out[x] = xx * yy - xy * xy - edges * (trace * trace);
    }
}

/* Mark where a line of responses is above all eight beside it. */
INLINE void mark(const float *restrict up, const float *restrict here, const float *restrict low, Py_ssize_t wide,
                 float least, float *restrict most, unsigned char *restrict marks)
{
    for (Py_ssize_t x = BORDER - 1; x < wide - BORDER + 1; x++) {
        const float higher = up[x] > low[x] ? up[x] : low[x];
        most[x] = higher > here[x] ? higher : here[x];
    }
    for (Py_ssize_t x = BORDER; x < wide - BORDER; x++)
        marks[x] = (unsigned char)((here[x] > least) & (here[x] >= most[x - 1]) & (here[x] >= most[x]) &
                                   (here[x] >= most[x + 1]));
}

typedef struct {
    Corner *corners;
    Py_ssize_t count, room;
} List;

/* Add the marked places of a line; false where there is no memory. The stronger one is, the smaller is its key. */
INLINE int add_marked(const unsigned char *marks, const float *here, Py_ssize_t y, Py_ssize_t wide, List *list)
{
    for (Py_ssize_t x = BORDER; x < wide - BORDER; x++) {
        if (!marks[x])
            continue;
        Corner found = {0, (uint32_t)(y * wide + x)};
        memcpy(&found.key, here + x, sizeof found.key);
        found.key = ~found.key;
        if (!ADDED(list, corners, 1024, found))
            return 0;
    }
    return 1;
}

/* `room` holds six lines of floats, three of three sums each, three of responses, and one of marks. */
INLINE int search(const Search *s, float *room, List *list)
{
    const Py_ssize_t wide = s->width, first = BORDER - 1, last = s->height - BORDER;
    float *most = room, *work = most + wide, *sums = work + 5 * wide, *responses = sums + 9 * wide;
    unsigned char *marks = (unsigned char *)(responses + 3 * wide);
    products(s, first - 1, work, sums + (first - 1) % 3 * 3 * wide);
    products(s, first, work, sums + first % 3 * 3 * wide);
    for (Py_ssize_t y = first; y <= last; y++) {
        products(s, y + 1, work, sums + (y + 1) % 3 * 3 * wide);
        respond(sums, sums + 3 * wide, sums + 6 * wide, wide, s->edges, responses + y % 3 * wide);
        if (y < first + 2)
            continue;
        const float *up = responses + (y - 2) % 3 * wide, *here = responses + (y - 1) % 3 * wide;
        mark(up, here, responses + y % 3 * wide, wide, s->least, most, marks);
        if (!add_marked(marks, here, y - 1, wide, list))
            return 0;
    }
    return 1;
}

IN_FORMS(int, search, avx2, (const Search *s, float *room, List *list), return search(s, room, list))

/* Sort by key, equal ones in the order they came; `other` has room for all. Returns whichever holds them then. */
static Corner *sorted(Corner *corners, Corner *other, Py_ssize_t count)
{
    for (int shift = 0; shift < 32; shift += DIGIT) {
        Py_ssize_t starts[(1 << DIGIT) + 1] = {0};
        for (Py_ssize_t k = 0; k < count; k++)
            starts[(corners[k].key >> shift & ((1 << DIGIT) - 1)) + 1]++;
        for (int k = 0; k < 1 << DIGIT; k++)
            starts[k + 1] += starts[k];
        for (Py_ssize_t k = 0; k < count; k++)
            other[starts[corners[k].key >> shift & ((1 << DIGIT) - 1)]++] = corners[k];
        Corner *held = corners;
        corners = other;
        other = held;
    }
    return corners;
}

#define SIDE (2 * BORDER + 1)

/* What lies in the disc: every pixel of each line as 255, and 0 beyond. */
static void draw_disc(unsigned char *disc)
{
    for (int y = -BORDER; y <= BORDER; y++)
        for (int x = -BORDER; x <= BORDER; x++)
            *disc++ = x * x + y * y <= BORDER * BORDER ? 255 : 0;
}

/* The two moments of the disc round a pixel: sums of the levels by how far to the right, and how far down, they lie. */
INLINE void moments(const unsigned char *restrict from, Py_ssize_t wide, const unsigned char *restrict disc,
                    int32_t *restrict out)
{
    uint16_t columns[SIDE] = {0};
    int32_t across = 0, down = 0;
    for (int y = 0; y < SIDE; y++, from += wide, disc += SIDE) {
        int32_t line = 0;
        for (int x = 0; x < SIDE; x++) {
            const uint16_t level = from[x] & disc[x];
            columns[x] = (uint16_t)(columns[x] + level);
            line += level;
        }
        down += (y - BORDER) * line;
    }
    for (int x = 0; x < SIDE; x++)
        across += (x - BORDER) * columns[x];
    out[0] = across;
    out[1] = down;
}

IN_FORMS(void, moments, avx2,
         (const unsigned char *from, Py_ssize_t wide, const unsigned char *disc, int32_t *out),
         moments(from, wide, disc, out))

static void put(Search *s, uint32_t at)
{
    int32_t *row = s->out + NUMBERS * s->count++;
    row[0] = (int32_t)(at % (uint32_t)s->width);
    row[1] = (int32_t)(at / (uint32_t)s->width);
}

static void measure(const Search *s)
{
    unsigned char disc[SIDE * SIDE];
    draw_disc(disc);
    for (Py_ssize_t k = 0; k < s->count; k++) {
        int32_t *row = s->out + NUMBERS * k;
        const unsigned char *from = s->plane + (row[1] - BORDER) * s->width + row[0] - BORDER;
        FASTEST(moments, avx2)(from, s->width, disc, row + 2);
    }
}

/* Choose the strongest of each cell, up to half of what is wanted, and then the strongest of all. */
static void choose(Search *s, const Corner *corners, Py_ssize_t count, int32_t *held, unsigned char *taken)
{
    const Py_ssize_t columns = (s->width - 2 * BORDER - 1) / s->cell + 1;
    Py_ssize_t cells = 0;
#define CELL_OF(at) (((at) / s->width - BORDER) / s->cell * columns + ((at) % s->width - BORDER) / s->cell)
    for (Py_ssize_t k = 0; k < count; k++)
        cells += !held[CELL_OF(corners[k].at)]++;
    const Py_ssize_t each = cells && s->most / (2 * cells) > 1 ? s->most / (2 * cells) : 1;
    for (Py_ssize_t k = 0; k < count; k++)
        held[CELL_OF(corners[k].at)] = 0;
    for (Py_ssize_t k = 0; k < count && s->count < s->most; k++) {
        taken[k] = count <= s->most || held[CELL_OF(corners[k].at)]++ < each;
        if (taken[k])
            put(s, corners[k].at);
    }
    for (Py_ssize_t k = 0; k < count && s->count < s->most; k++)
        if (!taken[k])
            put(s, corners[k].at);
#undef CELL_OF
}

static int search_here(const void *given)
{
    Search *s = *(Search *const *)given;
    List list = {NULL, 0, 0};
    const Py_ssize_t wide = s->width, cells = ((s->height - 1) / s->cell + 1) * ((wide - 1) / s->cell + 1);
    float *room = malloc((size_t)wide * (18 * sizeof(float) + 1));
    int done = room != NULL && FASTEST(search, avx2)(s, room, &list);
    Corner *other = malloc((size_t)(list.count + 1) * sizeof *other);
    int32_t *held = calloc((size_t)cells, sizeof *held);
    unsigned char *taken = calloc((size_t)(list.count + 1), 1);
    done = done && other != NULL && held != NULL && taken != NULL;
    if (done && list.count)
        choose(s, sorted(list.corners, other, list.count), list.count, held, taken);
    if (done)
        measure(s);
    free(room);
    free(list.corners);
    free(other);
    free(held);
    free(taken);
    return done;
}

PyObject *native_corners(PyObject *self, PyObject *args)
{
    Py_buffer plane;
    Py_ssize_t width, most, cell;
    float least, edges;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*nnnff:corners", &plane, &width, &most, &cell, &least, &edges))
        return NULL;
    const Py_ssize_t height = width > 0 && plane.len % width == 0 ? plane.len / width : 0;
    if (width <= 2 * BORDER || height <= 2 * BORDER || plane.len > INT32_MAX || most < 0 || most > INT32_MAX / 64 ||
        cell < 1 || !(least >= 0))
        PyErr_SetString(PyExc_ValueError, "wanted a plane of whole lines, of more than 30 pixels each way, and cells");
    else
        found = PyByteArray_FromStringAndSize(NULL, most * NUMBERS * (Py_ssize_t)sizeof(int32_t));
    if (found != NULL) {
        int32_t *out = (int32_t *)(void *)PyByteArray_AsString(found);
        Search s = {plane.buf, height, width, most, cell, least, edges, out, 0}, *at = &s;
        found = native_run(found, search_here, &at);
        if (found != NULL && PyByteArray_Resize(found, s.count * NUMBERS * (Py_ssize_t)sizeof(int32_t)) < 0)
            Py_CLEAR(found);
    }
    PyBuffer_Release(&plane);
    return found;
}

/* ---- Codes ---- */

typedef struct {
    const unsigned char *plane;
    const int32_t *places; /* x, y and direction of each */
    const signed char *tests;
    Py_ssize_t width, count;
    unsigned char *out;
} Coding;

static int code_here(const void *given)
{
    const Coding *c = given;
    for (Py_ssize_t k = 0; k < c->count; k++) {
        const int32_t *place = c->places + 3 * k;
        const unsigned char *middle = c->plane + place[1] * c->width + place[0];
        const signed char *test = c->tests + (Py_ssize_t)place[2] * TESTS * 4;
        for (int byte = 0; byte < CODE_BYTES; byte++) {
            unsigned bits = 0;
            for (int bit = 0; bit < 8; bit++, test += 4)
                bits |= (unsigned)(middle[test[1] * c->width + test[0]] < middle[test[3] * c->width + test[2]]) << bit;
            c->out[CODE_BYTES * k + byte] = (unsigned char)bits;
        }
    }
    return 1;
}

static int all_fit(const Coding *c, Py_ssize_t height, Py_ssize_t directions)
{
    for (Py_ssize_t k = 0; k < c->count; k++) {
        const int32_t *place = c->places + 3 * k;
        if (place[0] < BORDER || place[0] >= c->width - BORDER || place[1] < BORDER || place[1] >= height - BORDER ||
            place[2] < 0 || place[2] >= directions)
            return 0;
    }
    unsigned far = 0;
    for (Py_ssize_t k = 0; k < directions * TESTS * 4; k++)
        far |= c->tests[k] < -BORDER || c->tests[k] > BORDER;
    return !far;
}

PyObject *native_describe(PyObject *self, PyObject *args)
{
    Py_buffer plane, places, tests;
    Py_ssize_t width;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*ny*y*:describe", &plane, &width, &places, &tests))
        return NULL;
    const Py_ssize_t count = places.len / (3 * (Py_ssize_t)sizeof(int32_t)), directions = tests.len / (4 * TESTS);
    Coding c = {plane.buf, places.buf, tests.buf, width, count, NULL};
    if (width < 1 || plane.len % width || places.len % (3 * sizeof(int32_t)) || tests.len % (4 * TESTS) ||
        (uintptr_t)places.buf % sizeof(int32_t) || !all_fit(&c, plane.len / width, directions))
        PyErr_SetString(PyExc_ValueError, "wanted places at least 15 pixels within a plane, and tests up to there");
    else
        found = PyByteArray_FromStringAndSize(NULL, count * CODE_BYTES);
    if (found != NULL) {
        c.out = (unsigned char *)PyByteArray_AsString(found);
        found = native_run(found, code_here, &c);
    }
    PyBuffer_Release(&plane);
    PyBuffer_Release(&places);
    PyBuffer_Release(&tests);
    return found;
}
