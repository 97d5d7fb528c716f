/* What laying two pictures over each other costs most: local correlation. Means are summed in double and kept as floats
   where OpenCV keeps them so, hence the same figures as by its passes. */

#include "_native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUMS 5 /* of a, b, a a, b b and a b */

/* Where a place outside 0 .. count - 1 is mirrored to, the outermost one not repeated. */
INLINE Py_ssize_t mirrored(Py_ssize_t at, Py_ssize_t count)
{
    if (count == 1)
        return 0;
    while (at < 0 || at >= count)
        at = at < 0 ? -at : 2 * (count - 1) - at;
    return at;
}

/* ---- samepic.verify.features.correlation_map ---- */

typedef struct {
    const float *a, *b;
    Py_ssize_t height, width, window, step;
    float floor;
    float *found, *least, *most;
} Planes;

INLINE void add_row(double *sums, const Planes *p, Py_ssize_t row)
{
    const float *a = p->a + row * p->width, *b = p->b + row * p->width;
    double *one = sums, *two = one + p->width, *aa = two + p->width, *bb = aa + p->width, *ab = bb + p->width;
    for (Py_ssize_t x = 0; x < p->width; x++) {
        const float u = a[x], v = b[x];
        one[x] += u, two[x] += v, aa[x] += u * u, bb[x] += v * v, ab[x] += u * v;
    }
}

/* Take away the row that the window leaves and add the one that it reaches. */
INLINE void move_down(double *restrict sums, const Planes *p, Py_ssize_t left, Py_ssize_t reached)
{
    const Py_ssize_t width = p->width;
    const float *restrict a = p->a + reached * width, *restrict b = p->b + reached * width;
    const float *restrict c = p->a + left * width, *restrict d = p->b + left * width;
    for (Py_ssize_t x = 0; x < width; x++) {
        const float uu = a[x] * a[x], vv = b[x] * b[x], uv = a[x] * b[x];
        const float ss = c[x] * c[x], tt = d[x] * d[x], st = c[x] * d[x];
        sums[x] += (double)a[x] - c[x];
        sums[width + x] += (double)b[x] - d[x];
        sums[2 * width + x] += (double)uu - ss;
        sums[3 * width + x] += (double)vv - tt;
        sums[4 * width + x] += (double)uv - st;
    }
}

/* Add up the windows of a row from the sums of its columns, which are copied to `wide`, both ends mirrored. */
INLINE void add_across(const Planes *p, const double *sums, double *restrict wide, double *restrict windows)
{
    const Py_ssize_t reach = p->window / 2, span = p->width + 2 * reach;
    double held[SUMS] = {0};
    for (int k = 0; k < SUMS; k++) {
        double *to = wide + k * span;
        memcpy(to + reach, sums + k * p->width, (size_t)p->width * sizeof(double));
        for (Py_ssize_t x = 0; x < reach; x++) {
            to[x] = to[reach + mirrored(x - reach, p->width)];
            to[reach + p->width + x] = to[reach + mirrored(p->width + x, p->width)];
        }
        for (Py_ssize_t x = 0; x < p->window; x++)
            held[k] += to[x];
    }
    for (Py_ssize_t x = 0;; x++) {
        for (int k = 0; k < SUMS; k++)
            windows[k * p->width + x] = held[k];
        if (x + 1 == p->width)
            return;
        for (int k = 0; k < SUMS; k++)
            held[k] += wide[k * span + x + p->window] - wide[k * span + x];
    }
}

INLINE void tell(const Planes *p, const double *restrict windows, Py_ssize_t at, Py_ssize_t count)
{
    float *restrict found = p->found + at, *restrict least = p->least + at, *restrict most = p->most + at;
    const Py_ssize_t width = p->width, step = p->step;
    const double share = 1.0 / ((double)p->window * (double)p->window);
    for (Py_ssize_t i = 0; i < count; i++) {
        const double *sums = windows + i * step;
        const float mean_a = (float)(sums[0] * share), mean_b = (float)(sums[width] * share);
        const float aa = (float)(sums[2 * width] * share), bb = (float)(sums[3 * width] * share);
        const float ab = (float)(sums[4 * width] * share);
        const float raw_a = aa - mean_a * mean_a, raw_b = bb - mean_b * mean_b;
        const float var_a = raw_a > 0 ? raw_a : 0, var_b = raw_b > 0 ? raw_b : 0;
        found[i] = (ab - mean_a * mean_b) / sqrtf((var_a + p->floor) * (var_b + p->floor));
        least[i] = var_a < var_b ? var_a : var_b;
        most[i] = var_a < var_b ? var_b : var_a;
    }
}

/* `room` holds the sums of the columns, those of a row with its ends mirrored, and those of its windows. */
INLINE void correlate(const Planes *p, double *room)
{
    const Py_ssize_t reach = p->window / 2, out = (p->width + p->step - 1) / p->step;
    double *sums = room, *wide = sums + SUMS * p->width, *windows = wide + SUMS * (p->width + 2 * reach);
    memset(sums, 0, (size_t)(SUMS * p->width) * sizeof(double));
    for (Py_ssize_t y = -reach; y <= reach; y++)
        add_row(sums, p, mirrored(y, p->height));
    for (Py_ssize_t y = 0; y < p->height; y++) {
        if (y % p->step == 0) {
            add_across(p, sums, wide, windows);
            tell(p, windows, y / p->step * out, out);
        }
        if (y + 1 < p->height)
            move_down(sums, p, mirrored(y - reach, p->height), mirrored(y + 1 + reach, p->height));
    }
}

IN_FORMS(void, correlate, avx2, (const Planes *p, double *room), correlate(p, room))

static int correlate_here(const void *planes)
{
    const Planes *p = planes;
    const size_t reach = (size_t)p->window / 2;
    double *room = malloc(SUMS * (3 * (size_t)p->width + 2 * reach) * sizeof(double));
    if (room == NULL)
        return 0;
    FASTEST(correlate, avx2)(p, room);
    free(room);
    return 1;
}

PyObject *native_correlation(PyObject *self, PyObject *args)
{
    Py_buffer a, b;
    Py_ssize_t width, window, step;
    double floor;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*nnnd:correlation", &a, &b, &width, &window, &step, &floor))
        return NULL;
    const Py_ssize_t line = width > 0 && width < PY_SSIZE_T_MAX / 64 ? width * (Py_ssize_t)sizeof(float) : 0;
    if (!line || a.len != b.len || !a.len || a.len % line || (uintptr_t)a.buf % 4 || (uintptr_t)b.buf % 4)
        PyErr_SetString(PyExc_ValueError, "wanted two aligned planes of float32 of one size, of whole lines");
    else if (window < 1 || window % 2 == 0 || window > 255 || step < 1 || !(floor > 0))
        PyErr_SetString(PyExc_ValueError, "wanted an odd window of at most 255, a step of 1 or more and a floor over 0");
    else {
        const Py_ssize_t height = a.len / line, size = (width + step - 1) / step * ((height + step - 1) / step);
        found = PyByteArray_FromStringAndSize(NULL, 3 * size * (Py_ssize_t)sizeof(float));
        if (found) {
            float *out = (float *)(void *)PyByteArray_AsString(found);
            const Planes p = {a.buf,        b.buf, height,     width,         window, step,
                              (float)floor, out,   out + size, out + 2 * size};
            found = native_run(found, correlate_here, &p);
        }
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    return found;
}
