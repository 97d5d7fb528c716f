/* What the evidence holds of every cell, in one pass over the planes, and what the network of cells makes of it. */

#include "_native.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SIDE 64

/* The planes that come in, and what goes out of each cell: means, but for the peak. */
enum { RAW_Y, RAW_CR, RAW_CB, SHARP, SHOWN_Y, SHOWN_CR, SHOWN_CB, TARGET_Y, TARGET_CR, TARGET_CB, PLANES };
enum {
    APART,     /* of the absolute difference of luma that is left */
    LEFT,      /* of that difference */
    UNTONED,   /* of the difference of luma before the tone was changed */
    OWN_CR,    /* of the colors: shown, of the target, and raw */
    OWN_CB,
    OTHER_CR,
    OTHER_CB,
    FIRST_CR,
    FIRST_CB,
    HELD,      /* of luma and its square, of the source and of the target */
    HELD_TWICE,
    OTHER,
    OTHER_TWICE,
    PEAK,      /* the largest difference over 3 x 3 pixels */
    KEPT
};

typedef struct {
    const float *planes[PLANES];
    Py_ssize_t height, width, side, rows, columns;
    float *out;
} Cells;

INLINE Py_ssize_t reflected(Py_ssize_t at, Py_ssize_t count)
{
    while (count > 1 && (at < 0 || at >= count))
        at = at < 0 ? -at : 2 * (count - 1) - at;
    return count > 1 ? at : 0;
}

/* Add a line of pixels to the sums of its columns. */
INLINE void add_pixels(const Cells *c, Py_ssize_t y, float *restrict sums)
{
    const Py_ssize_t at = y * c->width, wide = c->width;
    const float *restrict shown = c->planes[SHOWN_Y] + at, *restrict target = c->planes[TARGET_Y] + at;
    const float *restrict raw = c->planes[RAW_Y] + at, *restrict sharp = c->planes[SHARP] + at;
    for (Py_ssize_t x = 0; x < wide; x++) {
        const float t = target[x], s = sharp[x], left = t - shown[x];
        sums[APART * wide + x] += left < 0 ? -left : left;
        sums[LEFT * wide + x] += left;
        sums[UNTONED * wide + x] += t - raw[x];
        sums[HELD * wide + x] += s;
        sums[HELD_TWICE * wide + x] += s * s;
        sums[OTHER * wide + x] += t;
        sums[OTHER_TWICE * wide + x] += t * t;
    }
    static const int colors[6] = {SHOWN_CR, SHOWN_CB, TARGET_CR, TARGET_CB, RAW_CR, RAW_CB};
    for (int k = 0; k < 6; k++) {
        const float *restrict color = c->planes[colors[k]] + at;
        float *restrict sum = sums + (OWN_CR + k) * wide;
        for (Py_ssize_t x = 0; x < wide; x++)
            sum[x] += color[x];
    }
}

/* The differences of a line, each with both beside it. */
INLINE void across_of(const Cells *c, Py_ssize_t y, float *restrict left, float *restrict out)
{
    const Py_ssize_t wide = c->width, at = reflected(y, c->height) * wide;
    const float *restrict shown = c->planes[SHOWN_Y] + at, *restrict target = c->planes[TARGET_Y] + at;
    left[0] = target[reflected(-1, wide)] - shown[reflected(-1, wide)];
    left[wide + 1] = target[reflected(wide, wide)] - shown[reflected(wide, wide)];
    for (Py_ssize_t x = 0; x < wide; x++)
        left[x + 1] = target[x] - shown[x];
    for (Py_ssize_t x = 0; x < wide; x++)
        out[x] = left[x] + left[x + 1] + left[x + 2];
}

INLINE void raise_peaks(const float *restrict a, const float *restrict b, const float *restrict d, Py_ssize_t wide,
                        float *restrict peaks)
{
    for (Py_ssize_t x = 0; x < wide; x++) {
        const float sum = a[x] + b[x] + d[x], size = sum < 0 ? -sum : sum;
        peaks[x] = peaks[x] > size ? peaks[x] : size;
    }
}

/* Bring the sums of the columns together in the cells of a row. */
INLINE void put_cells(const Cells *c, Py_ssize_t row, const float *sums)
{
    const float share = 1.0f / (float)(c->side * c->side);
    for (int k = 0; k < KEPT; k++) {
        const float *of = sums + k * c->width;
        float *out = c->out + ((Py_ssize_t)k * c->rows + row) * c->columns;
        for (Py_ssize_t cell = 0; cell < c->columns; cell++) {
            const Py_ssize_t first = cell * c->side, end = first + c->side;
            float held = 0;
            if (k == PEAK) {
                for (Py_ssize_t x = first; x < end && x < c->width; x++)
                    held = held > of[x] ? held : of[x];
                out[cell] = held * (1.0f / 9.0f);
                continue;
            }
            if (end <= c->width)
                for (Py_ssize_t x = first; x < end; x++)
                    held += of[x];
            else
                for (Py_ssize_t x = first; x < end; x++)
                    held += of[reflected(x, c->width)];
            out[cell] = held * share;
        }
    }
}

/* `room` holds the sums of the columns, a line with both its ends, and three lines of differences added across. */
INLINE void measure(const Cells *c, float *room)
{
    const Py_ssize_t wide = c->width;
    float *sums = room, *line = sums + KEPT * wide, *lines = line + wide + 2;
    for (Py_ssize_t y = -1; y < 1; y++)
        across_of(c, y, line, lines + (y + 1) * wide);
    for (Py_ssize_t row = 0; row < c->rows; row++) {
        memset(sums, 0, (size_t)(KEPT * wide) * sizeof(float));
        for (Py_ssize_t y = row * c->side; y < (row + 1) * c->side; y++) {
            add_pixels(c, reflected(y, c->height), sums);
            if (y >= c->height)
                continue;
            across_of(c, y + 1, line, lines + (y + 2) % 3 * wide);
            raise_peaks(lines, lines + wide, lines + 2 * wide, wide, sums + PEAK * wide);
        }
        put_cells(c, row, sums);
    }
}

IN_FORMS(void, measure, avx2, (const Cells *c, float *room), measure(c, room))

static int measure_here(const void *cells)
{
    const Cells *c = cells;
    float *room = malloc(((size_t)(KEPT + 4) * (size_t)c->width + 2) * sizeof(float));
    if (room == NULL)
        return 0;
    FASTEST(measure, avx2)(c, room);
    free(room);
    return 1;
}

static PyObject *measured(const Py_buffer *planes, Py_ssize_t width, Py_ssize_t side)
{
    const Py_ssize_t line = width > 0 && width < PY_SSIZE_T_MAX / 256 ? width * (Py_ssize_t)sizeof(float) : 0;
    if (!line || !planes[0].len || planes[0].len % line || side < 1 || side > MOST_SIDE) {
        PyErr_SetString(PyExc_ValueError, "wanted planes of whole lines, and a side of 1 to 64");
        return NULL;
    }
    Cells c = {{NULL}, planes[0].len / line, width, side, 0, 0, NULL};
    for (int k = 0; k < PLANES; k++)
        c.planes[k] = planes[k].buf;
    c.rows = (c.height + side - 1) / side;
    c.columns = (width + side - 1) / side;
    PyObject *found = PyByteArray_FromStringAndSize(NULL, KEPT * c.rows * c.columns * (Py_ssize_t)sizeof(float));
    if (found == NULL)
        return NULL;
    c.out = (float *)(void *)PyByteArray_AsString(found);
    return native_run(found, measure_here, &c);
}

PyObject *native_cells(PyObject *self, PyObject *args)
{
    Py_buffer planes[PLANES];
    Py_ssize_t width, side;
    PyObject *list, *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!nn:cells", &PyList_Type, &list, &width, &side))
        return NULL;
    if (PyList_Size(list) != PLANES) {
        PyErr_SetString(PyExc_ValueError, "wanted ten planes of float32");
        return NULL;
    }
    int taken = 0, fit = 1;
    for (; taken < PLANES && fit; taken++) {
        fit = !PyObject_GetBuffer(PyList_GetItem(list, taken), &planes[taken], PyBUF_SIMPLE);
        if (!fit)
            break;
        if (planes[taken].len != planes[0].len || (uintptr_t)planes[taken].buf % sizeof(float)) {
            PyErr_SetString(PyExc_ValueError, "wanted aligned planes of float32 of one size");
            fit = 0;
        }
    }
    if (fit)
        found = measured(planes, width, side);
    while (taken-- > 0)
        PyBuffer_Release(&planes[taken]);
    return found;
}
