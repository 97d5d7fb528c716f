/* What laying two pictures over each other costs most: local correlation, one contrast everywhere, and the odds of every
   cell. Means are summed in double and kept as floats where OpenCV keeps them so, hence the same figures as by its
   passes. */

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

INLINE void score(const Planes *p, const double *restrict windows, Py_ssize_t at, Py_ssize_t count)
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
            score(p, windows, y / p->step * out, out);
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

/* ---- samepic.verify.align.one_contrast ---- */

#define WIDE 31 /* side of the window that gets one mean and one contrast */

typedef struct {
    const uint8_t *plane;
    Py_ssize_t height, width;
    uint8_t *out;
} Levels;

/* The sums of the columns of a window, with as many places beside them as the window reaches beyond a line. */
INLINE void add_line(const Levels *l, Py_ssize_t y, int sign, int32_t *restrict sums, int32_t *restrict squares)
{
    const uint8_t *row = l->plane + mirrored(y, l->height) * l->width;
    for (Py_ssize_t x = 0; x < l->width; x++) {
        const int32_t v = row[x];
        sums[x + WIDE / 2] += sign * v;
        squares[x + WIDE / 2] += sign * v * v;
    }
}

INLINE void add_windows(int32_t *restrict sums, Py_ssize_t width, int32_t *restrict windows)
{
    const Py_ssize_t reach = WIDE / 2;
    int32_t held = 0;
    for (Py_ssize_t x = 0; x < reach; x++) {
        sums[x] = sums[reach + mirrored(x - reach, width)];
        sums[reach + width + x] = sums[reach + mirrored(width + x, width)];
    }
    for (Py_ssize_t x = 0; x < WIDE - 1; x++)
        held += sums[x];
    for (Py_ssize_t x = 0; x < width; x++) {
        held += sums[x + WIDE - 1];
        windows[x] = held;
        held -= sums[x];
    }
}

INLINE void level(const Levels *l, int32_t *room)
{
    const Py_ssize_t width = l->width, span = width + WIDE - 1;
    int32_t *sums = room, *squares = sums + span, *wide = squares + span, *wide_squares = wide + width;
    memset(sums, 0, 2 * (size_t)span * sizeof(int32_t));
    for (Py_ssize_t y = -(WIDE / 2); y <= WIDE / 2; y++)
        add_line(l, y, 1, sums, squares);
    for (Py_ssize_t y = 0; y < l->height; y++) {
        const uint8_t *restrict row = l->plane + y * width;
        uint8_t *restrict out = l->out + y * width;
        add_windows(sums, width, wide);
        add_windows(squares, width, wide_squares);
        for (Py_ssize_t x = 0; x < width; x++) {
            const float mean = (float)(wide[x] * (1.0 / (WIDE * WIDE)));
            const float raw = (float)(wide_squares[x] * (1.0 / (WIDE * WIDE))) - mean * mean;
            const float found = (row[x] - mean) * (48.0f / (sqrtf(raw > 0 ? raw : 0) + 6.0f)) + 128.0f;
            const float size = rintf(found < 0 ? -found : found);
            out[x] = (uint8_t)(size < 255 ? size : 255);
        }
        add_line(l, y - WIDE / 2, -1, sums, squares);
        add_line(l, y + WIDE / 2 + 1, 1, sums, squares);
    }
}

IN_FORMS(void, level, avx2, (const Levels *l, int32_t *room), level(l, room))

static int level_here(const void *levels)
{
    const Levels *l = levels;
    int32_t *room = malloc(4 * ((size_t)l->width + WIDE) * sizeof(int32_t));
    if (room == NULL)
        return 0;
    FASTEST(level, avx2)(l, room);
    free(room);
    return 1;
}

PyObject *native_level(PyObject *self, PyObject *args)
{
    Py_buffer plane;
    Py_ssize_t width;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*n:level", &plane, &width))
        return NULL;
    if (width < 1 || width > PY_SSIZE_T_MAX / 64 || !plane.len || plane.len % width)
        PyErr_SetString(PyExc_ValueError, "wanted a plane of whole lines");
    else {
        found = PyByteArray_FromStringAndSize(NULL, plane.len);
        if (found) {
            const Levels l = {plane.buf, plane.len / width, width, (uint8_t *)(void *)PyByteArray_AsString(found)};
            found = native_run(found, level_here, &l);
        }
    }
    PyBuffer_Release(&plane);
    return found;
}

/* ---- samepic.verify.evidence.Network.odds ---- */

#define MOST_WIDE 4096 /* inputs or outputs of a layer */

typedef struct {
    const float *inputs, *mean, *spread, *weights; /* of each layer its weights (in, out), then its bias */
    const int32_t *widths;                         /* of the inputs and of the outputs of each layer */
    Py_ssize_t count, layers;
    float *out;
} Perceptron;

#define AT_ONCE 8 /* rows of inputs that go through a layer together, so that its weights are read once */

/* Set the sums of a layer, of so many rows each MOST_WIDE after the one before: inputs times their weights (in, out). */
INLINE void add_inputs(const float *restrict from, Py_ssize_t in, const float *restrict w, Py_ssize_t out,
                       float *restrict sums)
{
    Py_ssize_t j = 0;
    for (; j + 8 <= out; j += 8) {
        float held[AT_ONCE][8] = {{0}};
        for (Py_ssize_t i = 0; i < in; i++)
            for (int n = 0; n < AT_ONCE; n++)
                ROLLED for (int k = 0; k < 8; k++)
                    held[n][k] += from[n * MOST_WIDE + i] * w[i * out + j + k];
        for (int n = 0; n < AT_ONCE; n++)
            memcpy(sums + n * MOST_WIDE + j, held[n], sizeof held[n]);
    }
    for (; j < out; j++)
        for (int n = 0; n < AT_ONCE; n++) {
            float held = 0;
            for (Py_ssize_t i = 0; i < in; i++)
                held += from[n * MOST_WIDE + i] * w[i * out + j];
            sums[n * MOST_WIDE + j] = held;
        }
}

/* Put all inputs through the layers; `room` holds what goes into a layer and what comes out. */
INLINE void answer(const Perceptron *p, float *room)
{
    float *restrict from = room, *restrict sums = room + AT_ONCE * MOST_WIDE;
    for (Py_ssize_t first = 0; first < p->count; first += AT_ONCE) {
        const int rows = p->count - first < AT_ONCE ? (int)(p->count - first) : AT_ONCE;
        const float *inputs = p->inputs + first * p->widths[0], *weights = p->weights;
        for (int n = 0; n < rows; n++)
            for (int32_t i = 0; i < p->widths[0]; i++)
                from[n * MOST_WIDE + i] = (inputs[n * p->widths[0] + i] - p->mean[i]) / p->spread[i];
        for (Py_ssize_t k = 0; k < p->layers; k++) {
            const Py_ssize_t in = p->widths[k], out = p->widths[k + 1];
            const float *restrict bias = weights + in * out;
            const float least = k + 1 < p->layers ? 0 : -INFINITY;
            add_inputs(from, in, weights, out, sums);
            for (int n = 0; n < AT_ONCE; n++)
                for (Py_ssize_t j = 0; j < out; j++) {
                    const float v = sums[n * MOST_WIDE + j] + bias[j];
                    from[n * MOST_WIDE + j] = v < least ? least : v;
                }
            weights = bias + out;
        }
        for (int n = 0; n < rows; n++)
            p->out[first + n] = from[n * MOST_WIDE];
    }
}

IN_FORMS(void, answer, avx2, (const Perceptron *p, float *room), answer(p, room))

static int answer_here(const void *perceptron)
{
    const Perceptron *p = perceptron;
    float *room = calloc(2 * AT_ONCE * MOST_WIDE, sizeof(float));
    if (room == NULL)
        return 0;
    FASTEST(answer, avx2)(p, room);
    free(room);
    return 1;
}

/* How many numbers the layers of these widths take with mean and spread before them, -1 where they are none. */
static Py_ssize_t numbers_of(const int32_t *widths, Py_ssize_t layers)
{
    for (Py_ssize_t k = 0; k <= layers; k++)
        if (widths[k] < 1 || widths[k] > MOST_WIDE)
            return -1;
    Py_ssize_t numbers = 2 * (Py_ssize_t)widths[0];
    for (Py_ssize_t k = 0; k < layers; k++)
        numbers += ((Py_ssize_t)widths[k] + 1) * widths[k + 1];
    return layers < 64 ? numbers : -1;
}

PyObject *native_odds(PyObject *self, PyObject *args)
{
    Py_buffer inputs, numbers, widths;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*:odds", &inputs, &numbers, &widths))
        return NULL;
    const Py_ssize_t size = (Py_ssize_t)sizeof(float), layers = widths.len / (Py_ssize_t)sizeof(int32_t) - 1;
    const int32_t *wide = widths.buf;
    if ((uintptr_t)inputs.buf % 4 || (uintptr_t)numbers.buf % 4 || (uintptr_t)widths.buf % 4 || widths.len % 4 ||
        layers < 1 || numbers.len % size || numbers.len / size != numbers_of(wide, layers) || inputs.len % (size * wide[0]))
        PyErr_SetString(PyExc_ValueError, "wanted inputs and numbers in float32 that fit the widths of the layers");
    else {
        const Py_ssize_t count = inputs.len / size / wide[0];
        found = PyByteArray_FromStringAndSize(NULL, count * size);
        if (found) {
            const float *mean = numbers.buf, *spread = mean + wide[0];
            float *out = (float *)(void *)PyByteArray_AsString(found);
            const Perceptron p = {inputs.buf, mean, spread, spread + wide[0], wide, count, layers, out};
            found = native_run(found, answer_here, &p);
        }
    }
    PyBuffer_Release(&inputs);
    PyBuffer_Release(&numbers);
    PyBuffer_Release(&widths);
    return found;
}
