/* Pictures made smaller by the means of areas, Y, Cr and Cb as OpenCV rounds them, and how sharp a plane is. */

#include "_native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- samepic.verify.photometry.area_means ---- */

#define MOST_BANDS 4

/* The share that each of `count` places from `first` on has in one place of the result. */
typedef struct {
    Py_ssize_t first, count;
    float *shares;
} Span;

typedef struct {
    const void *from;
    Py_ssize_t height, width, bands, rows, columns;
    int floats; /* float32 instead of bytes */
    void *out;
} Area;

/* The share of every place between two edges, each to a thousandth as OpenCV has it, in a result of `to` places. */
static void spans_of(Py_ssize_t from, Py_ssize_t to, Span *spans, float *shares)
{
    const double scale = (double)from / (double)to;
    for (Py_ssize_t k = 0; k < to; k++) {
        const double start = (double)k * scale, end = start + scale < (double)from ? start + scale : (double)from;
        Py_ssize_t first = (Py_ssize_t)ceil(start), last = (Py_ssize_t)floor(end);
        Span *span = spans + k;
        *span = (Span){first, 0, shares};
        if ((double)first - start > 1e-3)
            span->first--, span->shares[span->count++] = (float)(((double)first - start) / (end - start));
        for (; first < last; first++)
            span->shares[span->count++] = (float)(1 / (end - start));
        if (end - (double)last > 1e-3 && last < from)
            span->shares[span->count++] = (float)((end - (double)last) / (end - start));
        shares += span->count;
    }
}

INLINE void add_lines(const Area *a, const Span *span, float *restrict sums)
{
    const Py_ssize_t wide = a->width * a->bands;
    memset(sums, 0, (size_t)wide * sizeof(float));
    for (Py_ssize_t k = 0; k < span->count; k++) {
        const Py_ssize_t at = (span->first + k) * wide;
        const float share = span->shares[k];
        if (a->floats) {
            const float *restrict row = (const float *)a->from + at;
            for (Py_ssize_t x = 0; x < wide; x++)
                sums[x] += share * row[x];
        } else {
            const uint8_t *restrict row = (const uint8_t *)a->from + at;
            for (Py_ssize_t x = 0; x < wide; x++)
                sums[x] += share * row[x];
        }
    }
}

/* Add up the places of a line, four bands at a time: those that a picture lacks are overwritten by the next place. */
INLINE void add_places(const Area *a, const Span *spans, const float *sums, float *line)
{
    for (Py_ssize_t x = 0; x < a->columns; x++) {
        const float *from = sums + spans[x].first * a->bands, *shares = spans[x].shares;
        float held[MOST_BANDS] = {0};
        for (Py_ssize_t k = 0; k < spans[x].count; k++)
            ROLLED for (int band = 0; band < MOST_BANDS; band++)
                held[band] += shares[k] * from[k * a->bands + band];
        memcpy(line + x * a->bands, held, sizeof held);
    }
}

INLINE void shrink(const Area *a, const Span *down, const Span *across, float *room)
{
    float *sums = room, *line = sums + a->width * a->bands + MOST_BANDS;
    const Py_ssize_t wide = a->columns * a->bands;
    for (Py_ssize_t y = 0; y < a->rows; y++) {
        add_lines(a, down + y, sums);
        add_places(a, across, sums, line);
        if (a->floats) {
            memcpy((float *)a->out + y * wide, line, (size_t)wide * sizeof(float));
            continue;
        }
        uint8_t *restrict out = (uint8_t *)a->out + y * wide;
        for (Py_ssize_t x = 0; x < wide; x++)
            out[x] = (uint8_t)(int)rintf(line[x]);
    }
}

IN_FORMS(void, shrink, avx2, (const Area *a, const Span *down, const Span *across, float *room), shrink(a, down, across, room))

static int shrink_here(const void *area)
{
    const Area *a = area;
    const size_t shares = (size_t)(a->height + a->width + 2 * (a->rows + a->columns));
    const size_t lines = (size_t)((a->width + a->columns) * a->bands + 2 * MOST_BANDS);
    Span *spans = malloc((size_t)(a->rows + a->columns) * sizeof(Span));
    float *room = calloc(shares + lines, sizeof(float));
    if (spans && room) {
        float *across = room + a->height + 2 * a->rows;
        spans_of(a->height, a->rows, spans, room);
        spans_of(a->width, a->columns, spans + a->rows, across);
        FASTEST(shrink, avx2)(a, spans, spans + a->rows, room + shares);
    }
    const int done = spans && room;
    free(spans);
    free(room);
    return done;
}

PyObject *native_shrunk(PyObject *self, PyObject *args)
{
    Py_buffer from;
    Py_ssize_t height, width, rows, columns;
    int floats;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*nnnnp:shrunk", &from, &height, &width, &rows, &columns, &floats))
        return NULL;
    const Py_ssize_t size = floats ? (Py_ssize_t)sizeof(float) : 1;
    const int fit = rows > 0 && columns > 0 && height >= rows && width >= columns && height <= PY_SSIZE_T_MAX / 64 / width;
    const Py_ssize_t bands = fit ? from.len / (height * width * size) : 0;
    if (bands < 1 || bands > MOST_BANDS || from.len != height * width * bands * size || (uintptr_t)from.buf % (size_t)size)
        PyErr_SetString(PyExc_ValueError, "wanted a picture of one to four bands, and a size that is not larger");
    else if ((found = PyByteArray_FromStringAndSize(NULL, rows * columns * bands * size)) != NULL) {
        const Area a = {from.buf, height, width, bands, rows, columns, floats, PyByteArray_AsString(found)};
        found = native_run(found, shrink_here, &a);
    }
    PyBuffer_Release(&from);
    return found;
}

/* ---- samepic.verify.tone.planes_of ---- */

#define SHIFT 14 /* bits of the weights behind the point */

typedef struct {
    const uint8_t *rgb;
    Py_ssize_t count;
    float *out;
} Colors;

/* The distance from gray of a channel that is so far from luma, by the weight of the difference. */
INLINE float from_gray(int apart, int weight)
{
    const float found = (float)((apart * weight + (1 << (SHIFT - 1))) >> SHIFT), least = found > -128 ? found : -128;
    return least < 127 ? least : 127; /* of floats, since GCC makes jumps of it before it is a float */
}

#define TOGETHER 64 /* pixels whose bytes are sorted by channel before they are computed with */

/* Set the planes of luma and of both distances from gray. */
INLINE void convert(const Colors *c)
{
    int32_t r[TOGETHER] = {0}, g[TOGETHER] = {0}, b[TOGETHER] = {0};
    float shown[3][TOGETHER];
    for (Py_ssize_t first = 0; first < c->count; first += TOGETHER) {
        const Py_ssize_t count = c->count - first < TOGETHER ? c->count - first : TOGETHER;
        const uint8_t *restrict rgb = c->rgb + 3 * first;
        for (Py_ssize_t i = 0; i < count; i++)
            r[i] = rgb[3 * i], g[i] = rgb[3 * i + 1], b[i] = rgb[3 * i + 2];
        for (int i = 0; i < TOGETHER; i++) {
            const int luma = (r[i] * 4899 + g[i] * 9617 + b[i] * 1868 + (1 << (SHIFT - 1))) >> SHIFT;
            shown[0][i] = (float)luma;
            shown[1][i] = from_gray(r[i] - luma, 11682);
            shown[2][i] = from_gray(b[i] - luma, 9241);
        }
        for (int k = 0; k < 3; k++)
            memcpy(c->out + k * c->count + first, shown[k], (size_t)count * sizeof(float));
    }
}

IN_FORMS(void, convert, avx2, (const Colors *c), convert(c))

static int convert_here(const void *colors)
{
    FASTEST(convert, avx2)(colors);
    return 1;
}

PyObject *native_planes(PyObject *self, PyObject *args)
{
    Py_buffer rgb;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*:planes", &rgb))
        return NULL;
    if (rgb.len % 3 || rgb.len > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(float))
        PyErr_SetString(PyExc_ValueError, "wanted three bytes a pixel");
    else if ((found = PyByteArray_FromStringAndSize(NULL, rgb.len * (Py_ssize_t)sizeof(float))) != NULL) {
        const Colors c = {rgb.buf, rgb.len / 3, (float *)(void *)PyByteArray_AsString(found)};
        found = native_run(found, convert_here, &c);
    }
    PyBuffer_Release(&rgb);
    return found;
}

/* ---- samepic.verify.evidence.sharpness_of ---- */

#define AT_ONCE 8 /* sums that are kept beside each other */

typedef struct {
    const float *plane;
    Py_ssize_t height, width;
    double found;
} Sharp;

/* The Laplacian of a place by its four neighbors. */
INLINE float laplacian(float middle, float above, float below, float before, float behind)
{
    return above + below + before + behind - 4 * middle;
}

INLINE void add_squares(Sharp *s)
{
    const Py_ssize_t wide = s->width, high = s->height;
    double sums[AT_ONCE] = {0};
    for (Py_ssize_t y = 0; y < high; y++) {
        const float *row = s->plane + y * wide;
        const float *above = y ? row - wide : high > 1 ? row + wide : row;
        const float *below = y + 1 < high ? row + wide : high > 1 ? row - wide : row;
        Py_ssize_t x = 1;
        for (; x + AT_ONCE < wide; x += AT_ONCE)
            ROLLED for (int k = 0; k < AT_ONCE; k++) {
                const float v = laplacian(row[x + k], above[x + k], below[x + k], row[x + k - 1], row[x + k + 1]);
                sums[k] += (double)v * v;
            }
        for (; x <= wide; x++) { /* the rest, and the first of the row in the place of one behind the last */
            const Py_ssize_t at = x < wide ? x : 0, before = at ? at - 1 : wide > 1, behind = at + 1 < wide ? at + 1 : at - (wide > 1);
            const float v = laplacian(row[at], above[at], below[at], row[before], row[behind]);
            sums[0] += (double)v * v;
        }
    }
    for (int k = 0; k < AT_ONCE; k++)
        s->found += sums[k];
}

IN_FORMS(void, add_squares, avx2, (Sharp *s), add_squares(s))

PyObject *native_sharpness(PyObject *self, PyObject *args)
{
    Py_buffer plane;
    Py_ssize_t width;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*n:sharpness", &plane, &width))
        return NULL;
    const Py_ssize_t line = width > 0 && width < PY_SSIZE_T_MAX / 64 ? width * (Py_ssize_t)sizeof(float) : 0;
    if (!line || !plane.len || plane.len % line || (uintptr_t)plane.buf % sizeof(float))
        PyErr_SetString(PyExc_ValueError, "wanted an aligned plane of float32, of whole lines");
    else {
        Sharp s = {plane.buf, plane.len / line, width, 0};
        Py_BEGIN_ALLOW_THREADS
        FASTEST(add_squares, avx2)(&s);
        Py_END_ALLOW_THREADS
        found = PyFloat_FromDouble(s.found);
    }
    PyBuffer_Release(&plane);
    return found;
}
