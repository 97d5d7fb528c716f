/* How far two codings on one grid differ, block by block, and where two pictures differ at all. */

#include "_native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 8
#define CELLS 64

/* ---- samepic.verify.quantization: the excess over what two quantizations allow ---- */

typedef struct {
    const uint8_t *a, *b;
    Py_ssize_t width, height; /* in whole blocks of 8 pixels each way */
    Py_ssize_t line_a, line_b;
    int kind_a, kind_b, gray; /* kinds: 1 gray, 3 stored Y Cb Cr, 4 shown R G B */
    const float *dct, *luma, *color;
    float cut;
    float *out;
} Bands;

typedef struct {
    float *difference[3]; /* of Y, Cb, Cr, 16 rows each */
    float *half[2];       /* of Cb and Cr at half the size, 8 rows each */
    float *lightest, *darkest;
    float *plane[2][3]; /* of one row, of each picture */
} Strip;

INLINE void row_of(const uint8_t *restrict at, int kind, Py_ssize_t width, float *restrict y, float *restrict cb,
                   float *restrict cr)
{
    if (kind == 4)
        for (Py_ssize_t x = 0; x < width; x++) {
            const float r = at[3 * x], g = at[3 * x + 1], b = at[3 * x + 2];
            const float luma = r * 0.299f + g * 0.587f + b * 0.114f;
            y[x] = luma, cb[x] = (b - luma) * 0.564f + 127.5f, cr[x] = (r - luma) * 0.713f + 127.5f;
        }
    else if (kind == 3)
        for (Py_ssize_t x = 0; x < width; x++)
            y[x] = at[3 * x], cb[x] = at[3 * x + 1], cr[x] = at[3 * x + 2];
    else
        for (Py_ssize_t x = 0; x < width; x++)
            y[x] = at[x], cb[x] = cr[x] = 128;
}

/* The largest coefficient of a block, `line` floats from row to row, over what is allowed of it; its norm over the
   least that is allowed where that is no more than 1. */
INLINE float over(const float *at, Py_ssize_t line, const float *restrict dct, const float *restrict turned,
                  const float *restrict allowed, float least)
{
    float block[CELLS], most[SIDE] = {0}, sum[SIDE] = {0};
    for (int y = 0; y < SIDE; y++)
        ROLLED for (int x = 0; x < SIDE; x++) {
            const float v = at[y * line + x];
            block[y * SIDE + x] = v;
            sum[x] += v * v;
        }
    const float square = sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
    const float norm = sqrtf(square) / least;
    if (!(norm > 1))
        return norm;
    for (int u = 0; u < SIDE; u++) {
        float half[SIDE] = {0}, row[SIDE] = {0};
        for (int y = 0; y < SIDE; y++)
            ROLLED for (int x = 0; x < SIDE; x++)
                half[x] += dct[u * SIDE + y] * block[y * SIDE + x];
        for (int x = 0; x < SIDE; x++)
            ROLLED for (int v = 0; v < SIDE; v++)
                row[v] += turned[x * SIDE + v] * half[x];
        ROLLED for (int v = 0; v < SIDE; v++) {
            const float share = fabsf(row[v]) / allowed[u * SIDE + v];
            most[v] = share > most[v] ? share : most[v];
        }
    }
    for (int v = 1; v < SIDE; v++)
        most[0] = most[v] > most[0] ? most[v] : most[0];
    return most[0];
}

INLINE void ends_of(const float *restrict y, Py_ssize_t columns, float *restrict lightest, float *restrict darkest)
{
    for (Py_ssize_t k = 0; k < columns; k++)
        for (int x = 0; x < SIDE; x++) {
            const float v = y[k * SIDE + x];
            lightest[k] = v > lightest[k] ? v : lightest[k];
            darkest[k] = v < darkest[k] ? v : darkest[k];
        }
}

/* Take in up to 16 rows, from `top` on; what is below the last one counts as equal. */
INLINE void fill(const Bands *p, const Strip *s, Py_ssize_t top, Py_ssize_t rows)
{
    const Py_ssize_t width = p->width, columns = width / SIDE, wide = (width + 15) / 16 * 16;
    for (Py_ssize_t k = 0; k < 2 * columns; k++)
        s->lightest[k] = 0, s->darkest[k] = 255;
    for (Py_ssize_t r = 0; r < rows; r++) {
        row_of(p->a + (top + r) * p->line_a, p->kind_a, width, s->plane[0][0], s->plane[0][1], s->plane[0][2]);
        row_of(p->b + (top + r) * p->line_b, p->kind_b, width, s->plane[1][0], s->plane[1][1], s->plane[1][2]);
        for (int k = 0; k < (p->gray ? 1 : 3); k++) {
            float *restrict to = s->difference[k] + r * wide;
            const float *restrict one = s->plane[0][k], *restrict two = s->plane[1][k];
            for (Py_ssize_t x = 0; x < width; x++)
                to[x] = one[x] - two[x];
        }
        for (int k = 0; k < 2; k++)
            ends_of(s->plane[k][0], columns, s->lightest + r / SIDE * columns, s->darkest + r / SIDE * columns);
    }
    if (p->gray)
        return;
    for (int k = 1; k < 3; k++)
        for (Py_ssize_t r = rows; r < 16; r++)
            memset(s->difference[k] + r * wide, 0, (size_t)wide * sizeof(float));
    for (int k = 0; k < 2; k++)
        for (Py_ssize_t r = 0; r < SIDE; r++) {
            const float *restrict one = s->difference[k + 1] + 2 * r * wide, *restrict two = one + wide;
            float *restrict to = s->half[k] + r * (wide / 2);
            for (Py_ssize_t x = 0; x < wide / 2; x++)
                to[x] = (one[2 * x] + one[2 * x + 1] + two[2 * x] + two[2 * x + 1]) * 0.25f;
        }
}

INLINE void exceed(const Bands *p, const Strip *s)
{
    const Py_ssize_t columns = p->width / SIDE, wide = (p->width + 15) / 16 * 16;
    float least[2] = {p->luma[0], p->color[0]}, turned[CELLS];
    for (int k = 0; k < CELLS; k++)
        turned[k] = p->dct[k % SIDE * SIDE + k / SIDE];
    for (int k = 1; k < CELLS; k++) {
        least[0] = p->luma[k] < least[0] ? p->luma[k] : least[0];
        least[1] = p->color[k] < least[1] ? p->color[k] : least[1];
    }
    for (Py_ssize_t top = 0; top < p->height; top += 16) {
        const Py_ssize_t rows = p->height - top < 16 ? p->height - top : 16;
        fill(p, s, top, rows);
        for (Py_ssize_t r = 0; r < rows / SIDE; r++)
            for (Py_ssize_t k = 0; k < columns; k++) {
                const int was_cut = s->lightest[r * columns + k] >= 254.5f || s->darkest[r * columns + k] <= 0.5f;
                const float luma = over(s->difference[0] + r * SIDE * wide + k * SIDE, wide, p->dct, turned, p->luma, least[0]);
                p->out[(top / SIDE + r) * columns + k] = was_cut ? luma / p->cut : luma;
            }
        for (Py_ssize_t k = 0; !p->gray && k < wide / 16; k++) {
            const float one = over(s->half[0] + k * SIDE, wide / 2, p->dct, turned, p->color, least[1]);
            const float two = over(s->half[1] + k * SIDE, wide / 2, p->dct, turned, p->color, least[1]);
            const float most = one > two ? one : two;
            for (Py_ssize_t r = 0; r < rows / SIDE; r++)
                for (Py_ssize_t x = 2 * k; x < 2 * k + 2 && x < columns; x++) {
                    float *to = p->out + (top / SIDE + r) * columns + x;
                    *to = most > *to ? most : *to;
                }
        }
    }
}

IN_FORMS(void, exceed, avx2, (const Bands *p, const Strip *s), exceed(p, s))

static int exceed_here(const void *bands)
{
    const Bands *p = bands;
    const size_t wide = ((size_t)p->width + 15) / 16 * 16;
    float *room = calloc(wide * (48 + 8 + 6 + 4), sizeof(float));
    if (room == NULL)
        return 0;
    Strip s;
    float *at = room;
    for (int k = 0; k < 3; k++, at += 16 * wide)
        s.difference[k] = at;
    for (int k = 0; k < 2; k++, at += 4 * wide)
        s.half[k] = at;
    for (int k = 0; k < 6; k++, at += wide)
        s.plane[k / 3][k % 3] = at;
    s.lightest = at, s.darkest = at + 2 * wide;
    FASTEST(exceed, avx2)(p, &s);
    free(room);
    return 1;
}

static int kind_of(Py_ssize_t length, Py_ssize_t pixels, int shown)
{
    return length == pixels ? 1 : length == 3 * pixels ? (shown ? 4 : 3) : 0;
}

PyObject *native_excess(PyObject *self, PyObject *args)
{
    Py_buffer a, b, dct, luma, color;
    Py_ssize_t width, height;
    int shown_a, shown_b, gray;
    double cut;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*nnppy*y*y*dp:excess", &a, &b, &width, &height, &shown_a, &shown_b, &dct, &luma,
                          &color, &cut, &gray))
        return NULL;
    const Py_ssize_t whole = CELLS * (Py_ssize_t)sizeof(float);
    const int sound = width >= SIDE && height >= SIDE && width < PY_SSIZE_T_MAX / 8 / height;
    const int kinds[2] = {sound ? kind_of(a.len, width * height, shown_a) : 0,
                          sound ? kind_of(b.len, width * height, shown_b) : 0};
    if (!kinds[0] || !kinds[1])
        PyErr_SetString(PyExc_ValueError, "wanted two pictures of 8-bit samples, of one or three channels and one size");
    else if (dct.len != whole || luma.len != whole || color.len != whole || (uintptr_t)dct.buf % 4 ||
             (uintptr_t)luma.buf % 4 || (uintptr_t)color.buf % 4 || !(cut > 0))
        PyErr_SetString(PyExc_ValueError, "wanted three aligned tables of 64 float32 and a divisor over 0");
    else {
        const Py_ssize_t size = (width / SIDE) * (height / SIDE);
        found = PyByteArray_FromStringAndSize(NULL, size * (Py_ssize_t)sizeof(float));
        if (found) {
            const Bands p = {a.buf,
                             b.buf,
                             width / SIDE * SIDE,
                             height / SIDE * SIDE,
                             a.len / height,
                             b.len / height,
                             kinds[0],
                             kinds[1],
                             gray,
                             dct.buf,
                             luma.buf,
                             color.buf,
                             (float)cut,
                             (float *)(void *)PyByteArray_AsString(found)};
            found = native_run(found, exceed_here, &p);
        }
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&dct);
    PyBuffer_Release(&luma);
    PyBuffer_Release(&color);
    return found;
}

/* ---- samepic.verify.resave: the largest difference in each block, those at the edge included ---- */

static void differ(const uint8_t *restrict a, const uint8_t *restrict b, Py_ssize_t line, Py_ssize_t height,
                   Py_ssize_t step, uint8_t *restrict row, uint8_t *restrict out)
{
    const Py_ssize_t columns = (line + step - 1) / step;
    for (Py_ssize_t top = 0; top < height; top += SIDE, out += columns) {
        const Py_ssize_t end = top + SIDE < height ? top + SIDE : height;
        memset(row, 0, (size_t)line);
        for (Py_ssize_t y = top; y < end; y++) {
            const uint8_t *restrict one = a + y * line, *restrict two = b + y * line;
            for (Py_ssize_t x = 0; x < line; x++) {
                const uint8_t left = one[x] > two[x] ? one[x] - two[x] : two[x] - one[x];
                row[x] = left > row[x] ? left : row[x];
            }
        }
        for (Py_ssize_t k = 0; k < columns; k++) {
            const Py_ssize_t last = (k + 1) * step < line ? (k + 1) * step : line;
            uint8_t most = 0;
            for (Py_ssize_t x = k * step; x < last; x++)
                most = row[x] > most ? row[x] : most;
            out[k] = most;
        }
    }
}

PyObject *native_differ(PyObject *self, PyObject *args)
{
    Py_buffer a, b;
    Py_ssize_t line, bands;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*nn:differ", &a, &b, &line, &bands))
        return NULL;
    if (line < 1 || bands < 1 || bands > 4 || a.len != b.len || !a.len || a.len % line)
        PyErr_SetString(PyExc_ValueError, "wanted two pictures of 8-bit samples of one size, of whole lines");
    else {
        const Py_ssize_t height = a.len / line, step = SIDE * bands;
        uint8_t *row = malloc((size_t)line);
        found = row ? PyByteArray_FromStringAndSize(NULL, (height + 7) / 8 * ((line + step - 1) / step)) : PyErr_NoMemory();
        if (found) {
            uint8_t *out = (uint8_t *)(void *)PyByteArray_AsString(found);
            Py_BEGIN_ALLOW_THREADS
            differ(a.buf, b.buf, line, height, step, row, out);
            Py_END_ALLOW_THREADS
        }
        free(row);
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    return found;
}
