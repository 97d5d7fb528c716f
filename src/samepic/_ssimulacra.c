/* SSIMULACRA 2.1: the sums of its error maps on all scales, in one pass down both pictures.

   What samepic.measures.ssimulacra2 says scale by scale is done here band by band: a band of lines goes through all
   scales before the next is read, and each scale keeps of the lines before only those that the blur still reaches. So
   everything stays near the processor, and no plane of the size of a picture is ever written. Scores are those of
   Python within 0.001, not to the last bit, since roots and light are polynomials, but the same on every processor. */

#include "_native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SCALES 5            /* of six, of which the last counts for nothing */
#define KINDS 3                  /* components of a pixel, kinds of cones, and maps of a component */
#define REACH 4                  /* lines and columns that the blur reaches to each side */
#define LINES (2 * REACH + 2)    /* that the blur of two needs */
#define SPAN 256                 /* columns at a time, with those that the blur reaches beside them */
#define STRIP (SPAN - 2 * REACH) /* and without: even, so that each has its half */
#define BAND 32                  /* lines at a time: half of them for each scale below, and two on the last */
#define LANES 32                 /* sums side by side */
#define ALIGNED 64

/* The planes that are blurred, of a + b and of a - b, and the maps, as bits of what counts. */
enum { BOTH, APART, BOTH_TWICE, APART_TWICE, PLANES };
enum { STRUCTURE = 1, RINGING = 2, BLUR = 4 };

typedef struct {
    float taps[REACH + 1]; /* the weights of the blur, from its middle on */
    float cones[KINDS][KINDS], bias;
    float mixes[KINDS][KINDS], shifts[KINDS]; /* of the cones' answers to each component */
    float floor;
} Numbers;

typedef float Line[SPAN];
typedef Line Ring[PLANES][LINES];
typedef double Sums[2][KINDS]; /* (norm, map) */

typedef struct {
    Py_ssize_t height, width, strips;
    const uint8_t *counts;    /* which maps count, of each component */
    Py_ssize_t lines, stride; /* of a band, and floats from one of its lines to the next */
    float *light;             /* (picture, color, line, stride); a line begins REACH columns before the picture */
    Ring *rings[KINDS];       /* of each component that counts, one a strip */
    Sums *sums;               /* of each component */
} Scale;

/* Of a strip: the light of two lines, (line, picture, color), what cones answer to one (of a + b and of a - b), one
   plane blurred down, the means of two lines, and the errors of one. */
typedef struct {
    Line light[2][2][KINDS], answers[KINDS][2], blurred[2], means[2][PLANES], errors;
} Lines;

typedef struct {
    const uint8_t *pictures[2];
    const Numbers *numbers;
    Py_ssize_t count;
    Scale scales[MOST_SCALES];
    Lines *lines;
} Work;

/* Two lines of a strip, y and y + 1: which columns of SPAN are within the picture, and how many within the strip. */
typedef struct {
    Py_ssize_t y, strip, first, end, inner;
} Place;

/* The light of both pictures on a line, by color. */
typedef const float *Light[2][KINDS];

/* Rounded twice, though some processors could at once: the score is the same on all of them. */
#define MADD(a, b, c) ((a) * (b) + (c))

INLINE Place place_of(const Scale *s, Py_ssize_t y, Py_ssize_t strip)
{
    const Py_ssize_t start = strip * STRIP, left = s->width - start;
    return (Place){y, strip, start ? 0 : REACH, REACH + (left < STRIP + REACH ? left : STRIP + REACH),
                   left < STRIP ? left : STRIP};
}

/* ---- From samples to what is blurred ---- */

#define DARK 10.3148f /* up to this sample of sRGB light rises evenly */

/* The linear light of a coded sample v of sRGB, `over` being twice what v has over DARK, or 0: it rises evenly with v,
   and with `over` by a polynomial more. That is faster than a table and within 3e-6 of it; after the cube root that is
   at most 0.0002 of the step to the next sample. */
INLINE float light_at(float v, float over)
{
    const float a = MADD(MADD(MADD(7.370369424e-26f, over, -1.738607464e-22f), over, 1.781040924e-19f), over,
                          -1.057915142e-16f);
    const float b = MADD(MADD(MADD(a, over, 4.211964856e-14f), over, -1.342216339e-11f), over, 5.847441264e-09f);
    return MADD(MADD(MADD(b, over, 2.225021246e-06f), over, 2.545756813e-06f), over, v * 3.035269835e-04f);
}

/* Set the linear light of a line of pixels. */
INLINE void linear(const uint8_t *restrict pixels, Py_ssize_t n, Line *light, Py_ssize_t first)
{
    float *restrict red = light[0] + first, *restrict green = light[1] + first, *restrict blue = light[2] + first;
    for (Py_ssize_t x = 0; x < n; x++) {
        red[x] = pixels[KINDS * x];
        green[x] = pixels[KINDS * x + 1];
        blue[x] = pixels[KINDS * x + 2];
    }
    for (int k = 0; k < KINDS; k++) {
        float *restrict color = light[k] + first;
        for (Py_ssize_t x = 0; x < n; x++)
            color[x] = light_at(color[x], fabsf(color[x] - DARK) + (color[x] - DARK));
    }
}

/* Ask for bytes that are needed soon: no processor foresees where the next line of a strip is. */
INLINE void fetch(const uint8_t *bytes, Py_ssize_t n)
{
#if defined(__GNUC__)
    for (Py_ssize_t k = 0; k < n; k += 64)
        __builtin_prefetch(bytes + k);
#else
    (void)bytes;
    (void)n;
#endif
}

INLINE float *light_line(const Scale *s, int picture, int color, Py_ssize_t y)
{
    return s->light + ((picture * KINDS + color) * s->lines + y % s->lines) * s->stride;
}

/* Set the light of one of the two lines. */
INLINE void light_of(Work *w, Py_ssize_t scale, const Place *p, int which, Light light)
{
    const Scale *s = &w->scales[scale];
    const Py_ssize_t start = p->strip * STRIP, y = p->y + which;
    for (int k = 0; k < 2; k++) {
        Line *own = w->lines->light[which][k];
        if (scale == 0) {
            const Py_ssize_t at = y * s->width + start - REACH + p->first;
            if (y + 2 < s->height)
                fetch(w->pictures[k] + KINDS * (at + 2 * s->width), KINDS * (p->end - p->first));
            linear(w->pictures[k] + KINDS * at, p->end - p->first, own, p->first);
        }
        for (int c = 0; c < KINDS; c++)
            light[k][c] = scale ? light_line(s, k, c, y) + start : own[c];
    }
}

/* Set the means of each 2 x 2 of two lines; the last column of an odd width counts twice. */
INLINE void halve(const float *restrict a, const float *restrict b, Py_ssize_t n, float *restrict half)
{
    for (Py_ssize_t x = 0; x < n / 2; x++)
        half[x] = 0.25f * ((a[2 * x] + b[2 * x]) + (a[2 * x + 1] + b[2 * x + 1]));
    if (n % 2)
        half[n / 2] = 0.5f * (a[n - 1] + b[n - 1]);
}

/* The cube root of 0.003 to 1.1 within 3e-7 of it: a third of the exponent, and a polynomial for what that is off. */
INLINE float root_of(float x)
{
    union {
        float number;
        int32_t bits;
    } from = {x}, guess;
    guess.bits = (int32_t)MADD((float)from.bits, -1.0f / 3, 1.4242e9f);
    const float y = guess.number, square = x * y * y, off = MADD(square, y, -2.9f);
    const float a = MADD(MADD(0.00310401153f, off, -0.0100320205f), off, 0.0324864164f);
    return square * MADD(MADD(a, off, -0.113042317f), off, 0.491739005f);
}

/* Set the answers of one kind of cones to a line, of both pictures: their sum and their difference. */
INLINE void answer(const Light light, const float *weights, float bias, Line *restrict answers)
{
    const float *restrict red = light[0][0], *restrict green = light[0][1], *restrict blue = light[0][2];
    const float *restrict red_b = light[1][0], *restrict green_b = light[1][1], *restrict blue_b = light[1][2];
    const float r = weights[0], g = weights[1], b = weights[2];
    for (int x = 0; x < SPAN; x++) {
        const float one = root_of(MADD(red[x], r, MADD(green[x], g, MADD(blue[x], b, bias))));
        const float two = root_of(MADD(red_b[x], r, MADD(green_b[x], g, MADD(blue_b[x], b, bias))));
        answers[0][x] = one + two;
        answers[1][x] = one - two;
    }
}

/* Set the planes of a component; of the third kind of cones only where it has a part in it. */
INLINE void mix(const Line answers[KINDS][2], const float *mixes, float shift, int third, Ring *ring, Py_ssize_t y)
{
    float *restrict boths = (*ring)[BOTH][y], *restrict aparts = (*ring)[APART][y];
    float *restrict boths_twice = (*ring)[BOTH_TWICE][y], *restrict aparts_twice = (*ring)[APART_TWICE][y];
    const float l = mixes[0], m = mixes[1], s = mixes[2];
    for (int x = 0; x < SPAN; x++) {
        const float sum = third ? MADD(answers[2][0][x], s, 2 * shift) : 2 * shift;
        const float rest = third ? answers[2][1][x] * s : 0;
        const float both = MADD(answers[0][0][x], l, MADD(answers[1][0][x], m, sum));
        const float apart = MADD(answers[0][1][x], l, MADD(answers[1][1][x], m, rest));
        boths[x] = both;
        aparts[x] = apart;
        boths_twice[x] = both * both;
        aparts_twice[x] = apart * apart;
    }
}

/* Put a line of each component that counts in its ring. */
INLINE void put_line(Work *w, const Scale *s, const Place *p, Py_ssize_t y, const Light light)
{
    const Numbers *n = w->numbers;
    const Line(*answers)[2] = (const Line(*)[2])w->lines->answers;
    for (int c = 0; c < (s->counts[2] ? 3 : 2); c++)
        answer(light, n->cones[c], n->bias, w->lines->answers[c]);
    for (int c = 0; c < KINDS; c++) {
        if (!s->counts[c])
            continue;
        Ring *ring = &s->rings[c][p->strip];
        if (c == 2)
            mix(answers, n->mixes[c], n->shifts[c], 1, ring, y % LINES);
        else
            mix(answers, n->mixes[c], n->shifts[c], 0, ring, y % LINES);
        /* beyond the picture is nothing */
        for (int k = 0; k < PLANES; k++) {
            memset((*ring)[k][y % LINES], 0, (size_t)p->first * sizeof(float));
            memset((*ring)[k][y % LINES] + p->end, 0, (size_t)(SPAN - p->end) * sizeof(float));
        }
    }
}

INLINE void put_nothing(const Scale *s, const Place *p, Py_ssize_t y)
{
    for (int c = 0; c < KINDS; c++)
        for (int k = 0; s->counts[c] && k < PLANES; k++)
            memset(s->rings[c][p->strip][k][y % LINES], 0, sizeof(Line));
}

/* Take two lines in: their halves to the next scale, and their planes to the rings. */
INLINE void take_lines(Work *w, Py_ssize_t scale, const Place *p)
{
    const Scale *s = &w->scales[scale], *next = scale + 1 < w->count ? s + 1 : NULL;
    const int counts = s->counts[0] | s->counts[1] | s->counts[2], lines = p->y + 1 < s->height ? 2 : 1;
    Light light[2];
    for (int k = 0; k < lines; k++)
        light_of(w, scale, p, k, light[k]);
    for (int k = 0; next && k < 2; k++)
        for (int c = 0; c < KINDS; c++)
            halve(light[0][k][c] + REACH, light[lines - 1][k][c] + REACH, p->inner,
                  light_line(next, k, c, p->y / 2) + REACH + p->strip * STRIP / 2);
    for (int k = 0; counts && k < lines; k++)
        put_line(w, s, p, p->y + k, (const float *const(*)[KINDS])light[k]);
    if (lines == 1)
        put_nothing(s, p, p->y + 1);
}

/* ---- The maps ---- */

/* Blur a plane down, at y and at the line before. */
INLINE void blur_down(const Ring *ring, Py_ssize_t y, int plane, const float *taps, Line *restrict out)
{
    const float *restrict line[LINES];
    for (int k = 0; k < LINES; k++)
        line[k] = (*ring)[plane][(y + 1 + k) % LINES];
    const float t0 = taps[0], t1 = taps[1], t2 = taps[2], t3 = taps[3], t4 = taps[4];
    for (int x = 0; x < SPAN; x++) {
        /* all are read before any is written, so that none is read twice */
        const float a = line[0][x], b = line[1][x], c = line[2][x], d = line[3][x], e = line[4][x];
        const float f = line[5][x], g = line[6][x], h = line[7][x], i = line[8][x], j = line[9][x];
        out[0][x] = MADD(t4, a + i, MADD(t3, b + h, MADD(t2, c + g, MADD(t1, d + f, t0 * e))));
        out[1][x] = MADD(t4, b + j, MADD(t3, c + i, MADD(t2, d + h, MADD(t1, e + g, t0 * f))));
    }
}

INLINE void blur_across(const float *restrict line, const float *taps, float *restrict out)
{
    const float t0 = taps[0], t1 = taps[1], t2 = taps[2], t3 = taps[3], t4 = taps[4];
    for (int x = 0; x < STRIP; x++)
        out[x] = MADD(t4, line[x] + line[x + 8],
                       MADD(t3, line[x + 1] + line[x + 7],
                             MADD(t2, line[x + 2] + line[x + 6],
                                   MADD(t1, line[x + 3] + line[x + 5], t0 * line[x + 4]))));
}

/* One less the structural similarity of each column: see _unlike in Python. */
INLINE void unlike(const Line *restrict means, float floor, float *restrict errors)
{
    for (int x = 0; x < STRIP; x++) {
        const float both = means[BOTH][x], apart = means[APART][x];
        const float shift = apart * apart, power = means[APART_TWICE][x] - shift;
        const float spread = means[BOTH_TWICE][x] - both * both + power + floor, ratio = 2 * power / spread;
        errors[x] = ratio + shift * (1 - ratio);
    }
}

/* How much more b departs from its surroundings than a: see _more_detail in Python. */
INLINE void more_detail(const float *restrict boths, const float *restrict aparts, const Line *restrict means,
                        float *restrict errors)
{
    for (int x = 0; x < STRIP; x++) {
        const float both = boths[x + REACH] - means[BOTH][x], apart = aparts[x + REACH] - means[APART][x];
        const float a = fabsf(both + apart), b = fabsf(both - apart);
        errors[x] = (b - a) / (a + 2);
    }
}

/* Add the errors of a line, and their fourth powers; what is under 0 once it has its sign is none. */
INLINE void add_errors(const float *errors, Py_ssize_t n, float sign, Sums *found, int map)
{
    float sums[2][LANES] = {{0}};
    for (Py_ssize_t x = 0; x < n; x += LANES)
        ROLLED for (int k = 0; k < LANES; k++) {
            /* twice the error, or 0, without a branch */
            const float twice = MADD(sign, errors[x + k], fabsf(errors[x + k])), square = twice * twice;
            sums[0][k] += twice;
            sums[1][k] = MADD(square, square, sums[1][k]);
        }
    for (int norm = 0; norm < 2; norm++)
        for (int left = LANES / 2; left > 0; left /= 2)
            for (int k = 0; k < left; k++)
                sums[norm][k] += sums[norm][k + left];
    (*found)[0][map] += sums[0][0] / 2;
    (*found)[1][map] += sums[1][0] / 16;
}

/* Add the errors of a component on one of the two lines whose means are known, y. */
INLINE void add_maps(const Work *w, const Scale *s, const Place *p, int c, Py_ssize_t y, const Line *means)
{
    const Ring *ring = (const Ring *)&s->rings[c][p->strip];
    const size_t beyond = (size_t)(SPAN - p->inner) * sizeof(float);
    float *errors = w->lines->errors;
    if (s->counts[c] & STRUCTURE) {
        unlike(means, w->numbers->floor, errors);
        memset(errors + p->inner, 0, beyond);
        add_errors(errors, p->inner, 1, &s->sums[c], 0);
    }
    if (s->counts[c] & (RINGING | BLUR)) {
        more_detail((*ring)[BOTH][y % LINES], (*ring)[APART][y % LINES], means, errors);
        memset(errors + p->inner, 0, beyond);
        if (s->counts[c] & RINGING)
            add_errors(errors, p->inner, 1, &s->sums[c], 1);
        if (s->counts[c] & BLUR)
            add_errors(errors, p->inner, -1, &s->sums[c], 2);
    }
}

/* Add the errors of the two lines that now have all they need: REACH before those that were taken in last. */
INLINE void add_lines(const Work *w, const Scale *s, const Place *p)
{
    Lines *l = w->lines;
    const float *taps = w->numbers->taps;
    const Py_ssize_t y = p->y - REACH;
    for (int c = 0; c < KINDS; c++) {
        if (!s->counts[c])
            continue;
        for (int k = 0; k < (s->counts[c] & STRUCTURE ? PLANES : BOTH_TWICE); k++) {
            blur_down((const Ring *)&s->rings[c][p->strip], p->y + 1, k, taps, l->blurred);
            for (int which = 0; which < 2; which++)
                blur_across(l->blurred[which], taps, l->means[which][k]);
        }
        for (int which = 0; which < 2 && y + which < s->height; which++)
            add_maps(w, s, p, c, y + which, (const Line *)l->means[which]);
    }
}

/* ---- Down the scales ---- */

INLINE void measure(Work *w)
{
    for (Py_ssize_t first = 0; first < w->scales[0].height; first += BAND)
        for (Py_ssize_t scale = 0; scale < w->count; scale++) {
            const Scale *s = &w->scales[scale];
            const Py_ssize_t start = first >> scale, end = (first + BAND) >> scale;
            /* below the last line are as many of nothing as the blur reaches */
            const Py_ssize_t past = end < s->height ? end : s->height + REACH;
            for (Py_ssize_t strip = 0; strip < s->strips; strip++)
                for (Py_ssize_t y = start; y < past; y += 2) {
                    const Place p = place_of(s, y, strip);
                    if (y < s->height)
                        take_lines(w, scale, &p);
                    else
                        for (int k = 0; k < 2; k++)
                            put_nothing(s, &p, y + k);
                    if (y >= REACH)
                        add_lines(w, s, &p);
                }
        }
}

static void measure_plain(Work *w)
{
    measure(w);
}

#ifdef HAS_VARIANTS
VARIANT("avx2") static void measure_avx2(Work *w)
{
    measure(w);
}

VARIANT("avx512f,avx512bw,avx512dq,avx512vl") static void measure_avx512(Work *w)
{
    measure(w);
}

#define FASTEST_MEASURE                                                                                                \
    (RUNS("avx512f") && RUNS("avx512bw") && RUNS("avx512dq") && RUNS("avx512vl") ? measure_avx512                      \
     : RUNS("avx2")                                                              ? measure_avx2                        \
                                                                                 : measure_plain)
#else
#define FASTEST_MEASURE measure_plain
#endif

/* Return how many bytes the lines and rings of all scales take; give them out of `room` unless that is NULL. */
static size_t lay_out(Work *w, char *room)
{
    size_t used = 0;
    for (Py_ssize_t k = 0; k < w->count; k++) {
        Scale *s = &w->scales[k];
        s->light = room ? (float *)(void *)(room + used) : NULL;
        used += k ? 2 * KINDS * (size_t)(s->lines * s->stride) * sizeof(float) : 0;
        for (int c = 0; c < KINDS; c++) {
            s->rings[c] = room ? (Ring *)(void *)(room + used) : NULL;
            used += s->counts[c] ? (size_t)s->strips * sizeof(Ring) : 0;
        }
    }
    return used;
}

static int measure_here(const void *given)
{
    Work w = *(const Work *)given;
    char *room = calloc(sizeof(Lines) + lay_out(&w, NULL) + ALIGNED, 1);
    if (room == NULL)
        return 0;
    char *aligned = room + (ALIGNED - (uintptr_t)room % ALIGNED);
    w.lines = (Lines *)(void *)aligned;
    lay_out(&w, aligned + sizeof(Lines));
    FASTEST_MEASURE(&w);
    free(room);
    return 1;
}

static PyObject *measured(const Py_buffer *a, const Py_buffer *b, Py_ssize_t width, const Py_buffer *numbers,
                          const Py_buffer *counts)
{
    Work w = {{a->buf, b->buf}, numbers->buf, counts->len / KINDS, {{0}}, NULL};
    PyObject *found = PyByteArray_FromStringAndSize(NULL, w.count * (Py_ssize_t)sizeof(Sums[KINDS]));
    if (found == NULL)
        return NULL;
    Sums *sums = (Sums *)(void *)PyByteArray_AsString(found);
    memset(sums, 0, (size_t)w.count * sizeof(Sums[KINDS]));
    Py_ssize_t height = a->len / KINDS / width;
    for (Py_ssize_t k = 0; k < w.count; k++) {
        const Py_ssize_t strips = (width + STRIP - 1) / STRIP, stride = strips * STRIP + 2 * REACH;
        const uint8_t *kinds = (const uint8_t *)counts->buf + k * KINDS;
        w.scales[k] = (Scale){height, width, strips, kinds, BAND >> k, stride, NULL, {NULL}, sums + k * KINDS};
        height = (height + 1) / 2;
        width = (width + 1) / 2;
    }
    return native_run(found, measure_here, &w);
}

PyObject *native_ssimulacra(PyObject *self, PyObject *args)
{
    Py_buffer a, b, numbers, counts;
    Py_ssize_t width;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*ny*y*:ssimulacra", &a, &b, &width, &numbers, &counts))
        return NULL;
    if (width < 1 || width > PY_SSIZE_T_MAX / 65536 || !a.len || a.len != b.len || a.len % (KINDS * width))
        PyErr_SetString(PyExc_ValueError, "wanted two pictures of one size, of whole lines of three samples a pixel");
    else if (numbers.len != sizeof(Numbers) || (uintptr_t)numbers.buf % sizeof(float))
        PyErr_Format(PyExc_ValueError, "wanted %zd aligned numbers of float32",
                     (Py_ssize_t)(sizeof(Numbers) / sizeof(float)));
    else if (!counts.len || counts.len % KINDS || counts.len > KINDS * MOST_SCALES)
        PyErr_SetString(PyExc_ValueError, "wanted the maps that count of three components on one to five scales");
    else
        found = measured(&a, &b, width, &numbers, &counts);
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&numbers);
    PyBuffer_Release(&counts);
    return found;
}
