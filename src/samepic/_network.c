/* The network of copy codes: one full convolution, blocks that widen, filter each channel and narrow (MBConv, Sandler et
   al. 2018), one last widening. Channels are held in groups of LANES, a plane of pixels each, the last one padded.
   Every sum is added in one order and by fused products, with AVX2 and with AVX-512: the same bits. Elsewhere nothing is
   made here, and OpenCV runs the network. */

#include "_native.h"

#include <string.h>

#define LANES 16     /* outputs that are summed together: one register of AVX-512, two of AVX2 */
#define MOST_ROWS 12 /* pixels that are */
#define MOST_WIDE 8192
#define COLORS 3
#define STEM 3 /* side of the first filter, which halves both sides */

typedef struct {
    int32_t in, inner, out, side, stride;
} Block;

typedef struct {
    const uint8_t *pixels;
    const Block *blocks;
    const float *numbers; /* of each layer, in order, its weights and then its bias, laid out as by samepic.fingerprints.network */
    float *room, *out; /* room for four planes of `plane` numbers */
    Py_ssize_t side, count, last, plane;
} Net;

/* Indices are Py_ssize_t throughout: Python is built with ints that wrap, and addresses by those cost half the speed. */
INLINE Py_ssize_t padded(Py_ssize_t channels)
{
    return (channels + LANES - 1) / LANES * LANES;
}

INLINE float multiply_add(float a, float b, float sum)
{
#if defined(__GNUC__)
    return __builtin_fmaf(a, b, sum);
#else
    return a * b + sum;
#endif
}

INLINE float clipped(float value)
{
    const float least = value > 0 ? value : 0;
    return least < 6 ? least : 6;
}

/* ---- Every pixel by itself: pixels times weights (groups of outputs, inputs, LANES) ---- */

typedef struct {
    const float *from, *weights, *bias, *residual;
    float *to;
    Py_ssize_t count, in, out;
    int clips;
} Product;

INLINE void tile(const Product *p, Py_ssize_t row, Py_ssize_t group, int rows)
{
    const float *restrict w = p->weights + group * p->in * LANES;
    float held[MOST_ROWS][LANES];
    UNROLLED for (Py_ssize_t n = 0; n < rows; n++)
        memcpy(held[n], p->bias + group * LANES, sizeof held[n]);
    for (Py_ssize_t first = 0; first < p->in; first += LANES) {
        const float *restrict from = p->from + first * p->count + row * LANES;
        for (Py_ssize_t k = 0; k < LANES; k++, w += LANES)
            UNROLLED for (Py_ssize_t n = 0; n < rows; n++)
                ROLLED for (Py_ssize_t j = 0; j < LANES; j++)
                    held[n][j] = multiply_add(from[n * LANES + k], w[j], held[n][j]);
    }
    const Py_ssize_t at = (group * p->count + row) * LANES;
    UNROLLED for (Py_ssize_t n = 0; n < rows; n++)
        ROLLED for (Py_ssize_t j = 0; j < LANES; j++) {
            const float sum = p->clips ? clipped(held[n][j]) : held[n][j];
            p->to[at + n * LANES + j] = p->residual ? sum + p->residual[at + n * LANES + j] : sum;
        }
}

/* The last tile begins early enough to be whole: it makes some pixels again, as they were. */
INLINE void tile_at(const Product *p, Py_ssize_t row, Py_ssize_t group, int rows)
{
    if (p->count >= rows)
        tile(p, row + rows <= p->count ? row : p->count - rows, group, rows);
    else
        for (; row < p->count; row++)
            tile(p, row, group, 1);
}

/* What is larger, pixels or weights, is read once; the other stays in the cache. */
INLINE void multiply(const Product *p, int rows)
{
    const Py_ssize_t groups = p->out / LANES;
    const int by_group = p->count < p->out;
    const Py_ssize_t outer = by_group ? groups : p->count, inner = by_group ? p->count : groups;
    const Py_ssize_t outer_step = by_group ? 1 : rows, inner_step = by_group ? rows : 1;
    for (Py_ssize_t i = 0; i < outer; i += outer_step)
        for (Py_ssize_t j = 0; j < inner; j += inner_step)
            tile_at(p, by_group ? j : i, by_group ? i : j, rows);
}

/* ---- Every channel by itself: a filter (side, side, channels) over a plane, halved where the stride is 2 ---- */

typedef struct {
    const float *from, *weights, *bias;
    float *to;
    Py_ssize_t size, channels; /* of a plane as high as wide */
} Filter;

#define BESIDE 4 /* pixels beside each other that are filtered together */

/* How far the filter reaches beyond the upper and left edge: TensorFlow's "same", the odd place behind the others. */
INLINE Py_ssize_t padding(Py_ssize_t size, int side, int stride)
{
    const Py_ssize_t beyond = ((size + stride - 1) / stride - 1) * stride + side - size;
    return beyond > 0 ? beyond / 2 : 0;
}

/* Filter some pixels beside each other: `from` and `w` are at the first row of both that counts, and at its column
   `begin`; `step` numbers lie between the rows of the plane. */
INLINE void filter_some(const float *restrict from, const float *restrict w, const float *restrict bias,
                        float *restrict to, int rows, Py_ssize_t step, int columns, int side, int stride, int count)
{
    float held[BESIDE][LANES];
    UNROLLED for (Py_ssize_t n = 0; n < count; n++)
        memcpy(held[n], bias, sizeof held[n]);
    for (int v = 0; v < rows; v++, from += step, w += side * LANES)
        UNROLLED for (Py_ssize_t u = 0; u < columns; u++)
            UNROLLED for (Py_ssize_t n = 0; n < count; n++)
                ROLLED for (Py_ssize_t j = 0; j < LANES; j++)
                    held[n][j] = multiply_add(from[(n * stride + u) * LANES + j], w[u * LANES + j], held[n][j]);
    UNROLLED for (Py_ssize_t n = 0; n < count; n++)
        ROLLED for (Py_ssize_t j = 0; j < LANES; j++)
            to[n * LANES + j] = clipped(held[n][j]);
}

INLINE void filter_group(const Filter *f, const float *from, const float *w, const float *bias, float *to, int side,
                         int stride)
{
    const Py_ssize_t size = f->size, out = (size + stride - 1) / stride, before = padding(size, side, stride);
    /* Pixels from `inner` to `end` see whole rows of the filter. */
    const Py_ssize_t inner = (before + stride - 1) / stride, whole = (size + before - side) / stride + 1;
    const Py_ssize_t end = size + before < side ? inner : whole < out ? whole : out;
    for (Py_ssize_t y = 0; y < out; y++, to += out * LANES) {
        const Py_ssize_t top = y * stride - before;
        const int first = top < 0 ? (int)-top : 0, last = top + side > size ? (int)(size - top) : side;
        const float *row = from + (top + first) * size * LANES, *weights = w + first * side * LANES;
        for (Py_ssize_t x = 0; x < out; x++) {
            const Py_ssize_t left = x * stride - before;
            if (x == inner && end - inner >= BESIDE) {
                for (; x < end; x += BESIDE) {
                    const Py_ssize_t at = x + BESIDE <= end ? x : end - BESIDE;
                    filter_some(row + (at * stride - before) * LANES, weights, bias, to + at * LANES, last - first,
                                size * LANES, side, side, stride, BESIDE);
                }
                x = end - 1;
                continue;
            }
            const int begin = left < 0 ? (int)-left : 0, stop = left + side > size ? (int)(size - left) : side;
            filter_some(row + (left + begin) * LANES, weights + begin * LANES, bias, to + x * LANES, last - first,
                        size * LANES, stop - begin, side, stride, 1);
        }
    }
}

INLINE void filter(const Filter *f, int side, int stride)
{
    const Py_ssize_t out = (f->size + stride - 1) / stride;
    for (Py_ssize_t first = 0; first < f->channels; first += LANES)
        filter_group(f, f->from + first * f->size * f->size, f->weights + first * side * side, f->bias + first,
                     f->to + first * out * out, side, stride);
}

/* ---- The whole ---- */

#define SEEN (STEM * COLORS) /* numbers of a row of what the first filter sees */

/* Lay a row of what the first filter sees of a pixel from number `begin` on. */
INLINE void im2col_row(const uint8_t *from, Py_ssize_t row, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t plane, float *to)
{
    UNROLLED for (Py_ssize_t k = begin; k < end; k++) {
        const Py_ssize_t at = row * SEEN + k;
        to[at / LANES * plane + at % LANES] = ((float)from[k] - 127) * (1.0f / 128);
    }
}

/* Lay what the first filter sees of each pixel of the plane half as wide as its channels, colors as -1 to 1. */
static void im2col(const uint8_t *pixels, Py_ssize_t side, float *to)
{
    const Py_ssize_t out = (side + 1) / 2, before = padding(side, STEM, 2), plane = out * out * LANES;
    memset(to, 0, (size_t)(out * out * padded(STEM * SEEN)) * sizeof(float));
    for (Py_ssize_t y = 0; y < out; y++)
        for (Py_ssize_t x = 0; x < out; x++, to += LANES)
            UNROLLED for (Py_ssize_t v = 0; v < STEM; v++) {
                const Py_ssize_t row = 2 * y - before + v, left = 2 * x - before;
                const uint8_t *from = pixels + (row * side + left) * COLORS;
                if (row < 0 || row >= side)
                    continue;
                if (left >= 0 && left + STEM <= side)
                    im2col_row(from, v, 0, SEEN, plane, to);
                else
                    im2col_row(from, v, left < 0 ? -left * COLORS : 0, smaller(SEEN, (int)(side - left) * COLORS), plane, to);
            }
}

INLINE const float *product(const float *numbers, Product p, int rows)
{
    p.weights = numbers, p.bias = numbers + p.in * p.out;
    multiply(&p, rows);
    return p.bias + p.out;
}

/* Put a picture through all layers. Of four planes two take turns as what goes into a block and what comes out. */
INLINE void run(const Net *net, int rows)
{
    float *held = net->room, *wide = held + net->plane, *thin = wide + net->plane, *next = thin + net->plane;
    const float *numbers = net->numbers;
    Py_ssize_t size = (net->side + 1) / 2;
    im2col(net->pixels, net->side, wide);
    const Product stem = {.from = wide, .to = held, .count = size * size, .in = padded(STEM * SEEN),
                          .out = padded(net->blocks[0].in), .clips = 1};
    numbers = product(numbers, stem, rows);
    for (Py_ssize_t k = 0; k < net->count; k++) {
        const Block *b = net->blocks + k;
        const Py_ssize_t in = padded(b->in), inner = padded(b->inner), out = padded(b->out);
        const float *seen = held;
        if (b->inner != b->in) {
            const Product widen = {.from = held, .to = wide, .count = size * size, .in = in, .out = inner, .clips = 1};
            numbers = product(numbers, widen, rows);
            seen = wide;
        }
        const Py_ssize_t places = (Py_ssize_t)b->side * b->side;
        const Filter each = {seen, numbers, numbers + places * inner, thin, size, inner};
        if (b->side == 3)
            b->stride == 1 ? filter(&each, 3, 1) : filter(&each, 3, 2);
        else
            b->stride == 1 ? filter(&each, 5, 1) : filter(&each, 5, 2);
        numbers += (places + 1) * inner;
        const int keeps = b->in == b->out && b->stride == 1;
        size = (size + b->stride - 1) / b->stride;
        const Product narrow = {.from = thin, .to = next, .count = size * size, .in = inner, .out = out,
                                .residual = keeps ? held : NULL};
        numbers = product(numbers, narrow, rows);
        float *const turned = held;
        held = next, next = turned;
    }
    const Product last = {.from = held, .to = net->out, .count = size * size,
                          .in = padded(net->blocks[net->count - 1].out), .out = padded(net->last), .clips = 1};
    product(numbers, last, rows);
}

/* Where GCC lays the loops on fused products of AVX2 or AVX-512 they take a third to two thirds of OpenCV's time; where
   Clang does, twice of it, and elsewhere nobody has measured them. */
#if defined(HAS_VARIANTS) && !defined(__clang__)
VARIANT("avx2,fma") static void run_avx2(const Net *net)
{
    run(net, 5);
}
VARIANT("avx512f,prefer-vector-width=512") static void run_avx512f(const Net *net)
{
    run(net, MOST_ROWS);
}
#define RUN (RUNS("avx512f") ? run_avx512f : RUNS("avx2") && RUNS("fma") ? run_avx2 : NULL)
#else
#define RUN NULL
#endif

typedef void (*Run)(const Net *);

static int run_here(const void *net)
{
    const Run fastest = RUN;
    fastest(net);
    return 1;
}

/* Return how many numbers the layers take, -1 where they do not fit; set the largest plane and the side of the last. */
static Py_ssize_t measure(Net *net, Py_ssize_t *size)
{
    Py_ssize_t numbers = (padded(STEM * SEEN) + 1) * padded(net->blocks[0].in), in = net->blocks[0].in;
    *size = (net->side + 1) / 2;
    const Py_ssize_t first = padded(net->blocks[0].in);
    net->plane = *size * *size * (first > padded(STEM * SEEN) ? first : padded(STEM * SEEN));
    for (Py_ssize_t k = 0; k < net->count; k++) {
        const Block *b = net->blocks + k;
        if (b->in != in || b->in < 1 || b->in > MOST_WIDE || b->inner < 1 || b->inner > MOST_WIDE || b->out < 1 ||
            b->out > MOST_WIDE || (b->side != 3 && b->side != 5) || b->stride < 1 || b->stride > 2)
            return -1;
        const Py_ssize_t inner = padded(b->inner), out = padded(b->out);
        const Py_ssize_t needed = *size * *size * (inner > out ? inner : out);
        net->plane = needed > net->plane ? needed : net->plane;
        numbers += (b->inner != b->in ? (padded(b->in) + 1) * inner : 0) + (b->side * b->side + 1) * inner +
                   (inner + 1) * out;
        *size = (*size + b->stride - 1) / b->stride, in = b->out;
    }
    return numbers + (padded(in) + 1) * padded(net->last);
}

PyObject *native_network(PyObject *self, PyObject *args)
{
    Py_buffer pixels, blocks, numbers, room;
    Py_ssize_t side, last, size = 0;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*ny*ny*w*:network", &pixels, &side, &blocks, &last, &numbers, &room))
        return NULL;
    Net net = {.pixels = pixels.buf, .blocks = blocks.buf, .numbers = numbers.buf, .room = room.buf, .side = side,
               .count = blocks.len / (Py_ssize_t)sizeof(Block), .last = last};
    if (side < 1 || side > 1024 || pixels.len != side * side * COLORS || !net.count || net.count > 256 ||
        blocks.len % (Py_ssize_t)sizeof(Block) || last < 1 || last > MOST_WIDE || (uintptr_t)blocks.buf % 4 ||
        (uintptr_t)numbers.buf % 4 || (uintptr_t)room.buf % 4 ||
        numbers.len != measure(&net, &size) * (Py_ssize_t)sizeof(float) ||
        room.len < 4 * net.plane * (Py_ssize_t)sizeof(float))
        PyErr_SetString(PyExc_ValueError, "wanted a square of RGB, numbers that fit the blocks, and room in float32");
    else if ((Run)RUN == NULL)
        found = Py_NewRef(Py_None);
    else {
        found = PyByteArray_FromStringAndSize(NULL, size * size * padded(last) * (Py_ssize_t)sizeof(float));
        if (found) {
            net.out = (float *)(void *)PyByteArray_AsString(found);
            found = native_run(found, run_here, &net);
        }
    }
    PyBuffer_Release(&pixels);
    PyBuffer_Release(&blocks);
    PyBuffer_Release(&numbers);
    PyBuffer_Release(&room);
    return found;
}
