/* The fits of one change of tone, step by step as in samepic.verify.tone, and of one filter. */

#include "_native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS 24
#define ROUNDS 6
#define LEVELS 256
#define NUMBERS (LEVELS + 2 + 6 + 4)

typedef struct {
    double best, gray, most_mix, mix_pull, most_turn, most_gain, no_color, most_tint;
    double gain_pull, tint_pull, slope_pull, most_left;
    double settled; /* change of all samples at most from which no further round is made; 0 for none */
} Limits;

#define LIMITS (sizeof(Limits) / sizeof(double))

typedef struct {
    Py_ssize_t count;
    const double *y, *cr, *cb, *to_y, *to_cr, *to_cb; /* the samples of the source and of the target */
    const float *weights;
    double *w, *mixed, *left, *shown_y, *shown_cr, *shown_cb, *values, *masses;
    const Limits *is;
} Fit;

INLINE double held(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

INLINE double at_level(const double *curve, double y)
{
    if (!(y > 0))
        return curve[0];
    if (y >= LEVELS - 1)
        return curve[LEVELS - 1];
    const int k = (int)y;
    return curve[k] + (curve[k + 1] - curve[k]) * (y - k);
}

/* The value up to which the smallest ones hold a share of the mass, by quickselect; both arrays are reordered. */
static double quantile(double *v, double *m, Py_ssize_t count, double share)
{
    double total = 0, below = 0;
    for (Py_ssize_t i = 0; i < count; i++)
        total += m[i];
    const double wanted = share * total;
    Py_ssize_t low = 0, high = count - 1;
    while (low < high) {
        const double a = v[low], b = v[low + (high - low) / 2], c = v[high];
        const double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        Py_ssize_t i = low, lt = low, gt = high;
        double less = 0, same = 0;
        while (i <= gt) {
            const double x = v[i], y = m[i];
            if (x < pivot) {
                v[i] = v[lt], m[i] = m[lt], v[lt] = x, m[lt] = y;
                less += y, lt++, i++;
            } else if (x > pivot) {
                v[i] = v[gt], m[i] = m[gt], v[gt] = x, m[gt] = y;
                gt--;
            } else
                same += y, i++;
        }
        if (below + less >= wanted && lt > low)
            high = lt - 1;
        else if (below + less + same >= wanted || gt == high)
            return pivot;
        else
            below += less + same, low = gt + 1;
    }
    return v[low];
}

/* Cauchy weights of what is left, times the weights to begin with. */
static void doubt(const Fit *f, const double *left, const double *masses, double *to)
{
    const Py_ssize_t n = f->count;
    for (Py_ssize_t i = 0; i < n; i++)
        f->values[i] = left[i], f->masses[i] = masses ? masses[i] : (double)f->weights[i];
    const double most = 2 * quantile(f->values, f->masses, n, f->is->best), scale = 1 / (most > 2 ? most : 2);
    for (Py_ssize_t i = 0; i < n; i++) {
        const double part = left[i] * scale, share = 1 / (1 + part * part);
        to[i] = (masses ? masses[i] : (double)(f->weights[i] + 1e-6f)) * share * share;
    }
}

static void mix_of(const Fit *f, const double *curve, double mix[2])
{
    double rr = 0, rb = 0, bb = 0, r = 0, b = 0, total = 0;
    for (Py_ssize_t i = 0; i < f->count; i++) {
        const double w = f->w[i], left = f->to_y[i] - at_level(curve, f->y[i]), wr = w * f->cr[i], wb = w * f->cb[i];
        rr += wr * f->cr[i], rb += wr * f->cb[i], bb += wb * f->cb[i], r += wr * left, b += wb * left, total += w;
    }
    rr += f->is->mix_pull * total, bb += f->is->mix_pull * total;
    const double area = rr * bb - rb * rb;
    mix[0] = held((r * bb - rb * b) / area, -f->is->most_mix, f->is->most_mix);
    mix[1] = held((rr * b - rb * r) / area, -f->is->most_mix, f->is->most_mix);
}

/* The monotone curve through the weighted means of classes: pool adjacent violators. */
static void curve_of(const Fit *f, double *curve)
{
    double mass[BINS] = {0}, x[BINS] = {0}, y[BINS] = {0}, total = 0, at[BINS], to[BINS];
    double level[BINS], weight[BINS];
    int size[BINS], full = 0, blocks = 0;
    for (Py_ssize_t i = 0; i < f->count; i++) {
        const int k = (int)(f->mixed[i] * (BINS / 256.0)), bin = k < BINS ? k : BINS - 1;
        mass[bin] += f->w[i], x[bin] += f->w[i] * f->mixed[i], y[bin] += f->w[i] * f->to_y[i];
    }
    for (int k = 0; k < BINS; k++)
        total += mass[k];
    for (int k = 0; k < BINS; k++) {
        if (!(mass[k] > 0.002 * total))
            continue;
        at[full] = x[k] / mass[k];
        full++;
        level[blocks] = y[k] / mass[k], weight[blocks] = mass[k], size[blocks] = 1;
        for (blocks++; blocks > 1 && level[blocks - 2] > level[blocks - 1]; blocks--) {
            const double one = weight[blocks - 2], two = weight[blocks - 1];
            level[blocks - 2] = (level[blocks - 2] * one + level[blocks - 1] * two) / (one + two);
            weight[blocks - 2] = one + two, size[blocks - 2] += size[blocks - 1];
        }
    }
    for (int k = 0, n = 0; k < blocks; k++)
        for (int i = 0; i < size[k]; i++)
            to[n++] = level[k];
    for (int step = 0, k = 0; step < LEVELS; step++) {
        double v = step;
        if (full && step < at[0])
            v = to[0] + (step - at[0]);
        else if (full && step > at[full - 1])
            v = to[full - 1] + (step - at[full - 1]);
        else if (full) {
            while (k + 2 < full && step >= at[k + 1])
                k++;
            v = k + 1 < full ? to[k] + (to[k + 1] - to[k]) / (at[k + 1] - at[k]) * (step - at[k]) : to[0];
        }
        curve[step] = held(v, 0, LEVELS - 1);
    }
}

typedef struct {
    double re, im;
} Color;

static Color bounded(Color c, double most)
{
    const double size = sqrt(c.re * c.re + c.im * c.im), share = most / (size > 1e-9 ? size : 1e-9);
    const double part = share < 1 ? share : 1;
    return (Color){c.re * part, c.im * part};
}

/* The solution of the Hermitian equations [cc p q; p' n t; q' t s] x = r by Cramer's rule, where n, t and s are real. */
static void color_of(const Fit *f, Color *gain, Color *tint, Color *slope)
{
    double cc = 0, n = 0, t = 0, s = 0;
    Color p = {0, 0}, q = {0, 0}, left_c = {0, 0}, left = {0, 0}, rising = {0, 0};
    for (Py_ssize_t i = 0; i < f->count; i++) {
        const double w = f->w[i], a = f->cr[i], b = f->cb[i], u = (f->y[i] - 128) / 128, wu = w * u;
        const double da = f->to_cr[i] - a, db = f->to_cb[i] - b;
        cc += w * (a * a + b * b), n += w, t += wu, s += wu * u;
        p.re += w * a, p.im -= w * b, q.re += wu * a, q.im -= wu * b; /* of the conjugate of color */
        left_c.re += w * (a * da + b * db), left_c.im += w * (a * db - b * da);
        left.re += w * da, left.im += w * db, rising.re += wu * da, rising.im += wu * db;
    }
    const double total = n, pulled_n = n + f->is->tint_pull * total, pulled_s = s + f->is->slope_pull * total;
    const double area = pulled_n * pulled_s - t * t;
    cc += f->is->gain_pull * total;
    /* Tint and slope as functions of the gain are put into the first equation. */
    const Color tp = {(pulled_s * p.re - t * q.re) / area, (pulled_s * -p.im + t * q.im) / area};
    const Color sp = {(pulled_n * q.re - t * p.re) / area, (pulled_n * -q.im + t * p.im) / area};
    const Color tl = {(pulled_s * left.re - t * rising.re) / area, (pulled_s * left.im - t * rising.im) / area};
    const Color sl = {(pulled_n * rising.re - t * left.re) / area, (pulled_n * rising.im - t * left.im) / area};
    const double rest = cc - (p.re * tp.re - p.im * tp.im) - (q.re * sp.re - q.im * sp.im);
    Color g = {left_c.re - (p.re * tl.re - p.im * tl.im) - (q.re * sl.re - q.im * sl.im),
               left_c.im - (p.re * tl.im + p.im * tl.re) - (q.re * sl.im + q.im * sl.re)};
    g.re /= rest, g.im /= rest;
    Color ti = {tl.re - (tp.re * g.re - tp.im * g.im), tl.im - (tp.re * g.im + tp.im * g.re)};
    Color sk = {sl.re - (sp.re * g.re - sp.im * g.im), sl.im - (sp.re * g.im + sp.im * g.re)};
    g.re += 1;
    const double size = sqrt(g.re * g.re + g.im * g.im), bound = f->is->most_turn;
    const double turn = size > f->is->no_color ? atan2(g.im, g.re) : 0;
    if (fabs(turn) > bound || size > f->is->most_gain) {
        const double wide = fabs(turn), near = cos(wide - (wide < bound ? wide : bound));
        const double kept = size * (near > 0 ? near : 0), long_ = kept < f->is->most_gain ? kept : f->is->most_gain;
        const double angle = held(turn, -bound, bound);
        g = (Color){long_ * cos(angle), long_ * sin(angle)};
        /* The sums of what then is left: to - gain c = (to - c) + (1 - gain) c. */
        const Color more = {1 - g.re, -g.im};
        const Color one = {left.re + more.re * p.re + more.im * p.im, left.im + more.im * p.re - more.re * p.im};
        const Color two = {rising.re + more.re * q.re + more.im * q.im, rising.im + more.im * q.re - more.re * q.im};
        ti = (Color){(pulled_s * one.re - t * two.re) / area, (pulled_s * one.im - t * two.im) / area};
        sk = (Color){(pulled_n * two.re - t * one.re) / area, (pulled_n * two.im - t * one.im) / area};
    }
    *gain = g, *tint = bounded(ti, f->is->most_tint), *slope = bounded(sk, f->is->most_tint);
}

static void fit(const Fit *f, const double *apart, double *out)
{
    const Py_ssize_t n = f->count;
    double *curve = out, mix[2] = {0, 0}, rest = 0, power = 0, total = 0;
    Color gain = {0, 0}, tint = {0, 0}, slope = {0, 0};
    int colorless = 1;
    for (int k = 0; k < LEVELS; k++)
        curve[k] = k;
    for (Py_ssize_t i = 0; i < n; i++) {
        f->w[i] = (double)f->weights[i] + 1e-6;
        f->shown_y[i] = f->y[i], f->shown_cr[i] = f->cr[i], f->shown_cb[i] = f->cb[i];
        colorless &= sqrt(f->to_cr[i] * f->to_cr[i] + f->to_cb[i] * f->to_cb[i]) <= f->is->gray;
    }
    doubt(f, apart, f->w, f->w);
    for (int round = 0; round < ROUNDS; round++) {
        mix_of(f, curve, mix);
        for (Py_ssize_t i = 0; i < n; i++)
            f->mixed[i] = held(f->y[i] + mix[0] * f->cr[i] + mix[1] * f->cb[i], 0, 255);
        curve_of(f, curve);
        if (!colorless)
            color_of(f, &gain, &tint, &slope);
        double most = 0, most_color = 0;
        for (Py_ssize_t i = 0; i < n; i++) {
            const double a = f->cr[i], b = f->cb[i], rise = (f->y[i] - 128) / 128;
            const double y = at_level(curve, f->mixed[i]);
            const double cr = gain.re * a - gain.im * b + tint.re + slope.re * rise;
            const double cb = gain.im * a + gain.re * b + tint.im + slope.im * rise;
            const double moved = fabs(y - f->shown_y[i]), mr = cr - f->shown_cr[i], mb = cb - f->shown_cb[i];
            most = moved > most ? moved : most;
            most_color = mr * mr + mb * mb > most_color ? mr * mr + mb * mb : most_color;
            f->shown_y[i] = y, f->shown_cr[i] = cr, f->shown_cb[i] = cb;
            const double ly = f->to_y[i] - f->shown_y[i], lr = f->to_cr[i] - f->shown_cr[i], lb = f->to_cb[i] - f->shown_cb[i];
            f->left[i] = sqrt(ly * ly + lr * lr + lb * lb);
        }
        if (most + sqrt(most_color) < f->is->settled)
            break;
        doubt(f, f->left, NULL, f->w);
    }
    double *moved = f->shown_y;
    for (Py_ssize_t i = 0; i < n; i++) {
        const double my = f->shown_y[i] - f->y[i], mr = f->shown_cr[i] - f->cr[i], mb = f->shown_cb[i] - f->cb[i];
        const double square = my * my + mr * mr + mb * mb, w = f->weights[i];
        moved[i] = sqrt(square);
        total += w, power += w * square, rest += w * (f->left[i] < f->is->most_left ? f->left[i] : f->is->most_left);
    }
    double *numbers = out + LEVELS;
    const double found[] = {mix[0], mix[1], gain.re, gain.im, tint.re, tint.im, slope.re, slope.im};
    memcpy(numbers, found, sizeof found);
    numbers += sizeof found / sizeof *found;
    for (Py_ssize_t i = 0; i < n; i++)
        f->values[i] = f->left[i], f->masses[i] = (double)f->weights[i];
    numbers[0] = quantile(f->values, f->masses, n, f->is->best);
    numbers[1] = rest / total;
    for (Py_ssize_t i = 0; i < n; i++)
        f->values[i] = moved[i], f->masses[i] = (double)f->weights[i];
    numbers[2] = quantile(f->values, f->masses, n, 0.9);
    numbers[3] = sqrt(power / total);
}

/* A fit from those samples that are near by each row of distances (n,) in `starts`. */
PyObject *native_tone(PyObject *self, PyObject *args)
{
    Py_buffer samples, weights, starts, limits;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*:tone", &samples, &weights, &starts, &limits))
        return NULL;
    const Py_ssize_t n = weights.len / (Py_ssize_t)sizeof(float), line = n * (Py_ssize_t)sizeof(double);
    if (n < 1 || samples.len != 6 * line || starts.len % line || limits.len != sizeof(Limits) ||
        (uintptr_t)samples.buf % 8 || (uintptr_t)weights.buf % 4 || (uintptr_t)starts.buf % 8 || (uintptr_t)limits.buf % 8)
        PyErr_SetString(PyExc_ValueError, "wanted (6, n) samples and (k, n) distances in float64, and n weights in float32");
    else {
        const Py_ssize_t fits = starts.len / line;
        double *room = malloc(8 * (size_t)line);
        found = room ? PyByteArray_FromStringAndSize(NULL, fits * NUMBERS * (Py_ssize_t)sizeof(double)) : PyErr_NoMemory();
        if (found) {
            double *out = (double *)(void *)PyByteArray_AsString(found);
            const double *at = samples.buf;
            const Fit f = {n,        at,           at + n,       at + 2 * n,   at + 3 * n,   at + 4 * n,   at + 5 * n,  weights.buf,
                           room,     room + n,     room + 2 * n, room + 3 * n, room + 4 * n, room + 5 * n, room + 6 * n,
                           room + 7 * n, limits.buf};
            Py_BEGIN_ALLOW_THREADS
            for (Py_ssize_t k = 0; k < fits; k++)
                fit(&f, (const double *)starts.buf + k * n, out + k * NUMBERS);
            Py_END_ALLOW_THREADS
        }
        free(room);
    }
    PyBuffer_Release(&samples);
    PyBuffer_Release(&weights);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&limits);
    return found;
}

/* ---- samepic.verify.evidence.mix_of ---- */

#define PARTS 5
#define COLUMNS 8 /* of a sample: the parts, what is wanted, and room */
#define BINS_OF_RANKS 4096

typedef struct {
    const float *parts, *source, *target; /* the parts one after the other, each as large as the planes */
    const int64_t *where;
    Py_ssize_t size, count;
    double share, *weights;
} Mix;

/* A number that has a place among others, whatever the planes hold. */
INLINE double within(double v)
{
    return v < 1e30 && v > -1e30 ? v : 1e30;
}

/* Put the value of rank k in its place, the smaller ones before it and the larger ones behind it. */
static void rank(double *v, Py_ssize_t count, Py_ssize_t k)
{
    Py_ssize_t low = 0, high = count - 1;
    while (low < high) {
        const double pivot = v[low + (high - low) / 2];
        Py_ssize_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i <= j) {
                const double one = v[i];
                v[i++] = v[j], v[j--] = one;
            }
        }
        if (k > j && k < i)
            return;
        if (k <= j)
            high = j;
        else
            low = i;
    }
}

/* A percentile of `left`, as samepic.verify.photometry.percentile has it: only what lies in its class is ordered. */
static double percentile(const double *left, Py_ssize_t count, double share, double *room)
{
    const double at = (double)(count - 1) * share / 100;
    Py_ssize_t low = (Py_ssize_t)at, counts[BINS_OF_RANKS] = {0}, before = 0, found = 0;
    double least = left[0], most = left[0];
    for (Py_ssize_t i = 0; i < count; i++)
        least = left[i] < least ? left[i] : least, most = left[i] > most ? left[i] : most;
    const double scale = most > least ? (BINS_OF_RANKS - 1) / (most - least) : 0;
    for (Py_ssize_t i = 0; i < count; i++)
        counts[(int)((left[i] - least) * scale)]++;
    int first = 0, last;
    while (before + counts[first] <= low)
        before += counts[first++];
    Py_ssize_t held = before + counts[first];
    for (last = first; held < low + 2 && held < count;)
        held += counts[++last];
    for (Py_ssize_t i = 0; i < count; i++) {
        const int bin = (int)((left[i] - least) * scale);
        room[found] = left[i];
        found += bin >= first && bin <= last;
    }
    low -= before;
    rank(room, found, low);
    double above = low + 1 < found ? room[low + 1] : room[low];
    for (Py_ssize_t i = low + 2; i < found; i++)
        above = room[i] < above ? room[i] : above;
    return room[low] + (above - room[low]) * (at - floor(at));
}

/* Solve for the weights by elimination: of products of the parts with a ridge, which keeps all pivots over 0. */
static void solve(double gram[PARTS][COLUMNS], double *weights)
{
    for (int k = 0; k < PARTS; k++)
        for (int i = k + 1; i < PARTS; i++) {
            const double times = gram[i][k] / gram[k][k];
            for (int j = k; j <= PARTS; j++)
                gram[i][j] -= times * gram[k][j];
        }
    for (int k = PARTS - 1; k >= 0; k--) {
        weights[k] = gram[k][PARTS];
        for (int j = k + 1; j < PARTS; j++)
            weights[k] -= gram[k][j] * weights[j];
        weights[k] /= gram[k][k];
    }
}

/* Add the products of the columns of those samples of which no more than `most` is left. */
INLINE void add_products(const float *samples, const double *left, Py_ssize_t count, double most, double *gram)
{
    double sums[PARTS][COLUMNS] = {{0}};
    for (Py_ssize_t n = 0; n < count; n++) {
        const float *s = samples + n * COLUMNS;
        const double counts = left[n] <= most;
        for (int i = 0; i < PARTS; i++)
            for (int j = 0; j < COLUMNS; j++)
                sums[i][j] += counts * s[i] * s[j];
    }
    memcpy(gram, sums, sizeof sums);
}

IN_FORMS(void, add_products, avx2,
         (const float *samples, const double *left, Py_ssize_t count, double most, double *gram),
         add_products(samples, left, count, most, gram))

/* Fit the weights to those of the samples whose `left` is small, and say what is left then. */
static void fit_mix(const Mix *m, const float *samples, double *left, double *room)
{
    double gram[PARTS][COLUMNS], trace = 0;
    const double most = percentile(left, m->count, m->share, room);
    FASTEST(add_products, avx2)(samples, left, m->count, most, gram[0]);
    for (int i = 0; i < PARTS; i++)
        trace += gram[i][i];
    for (int i = 0; i < PARTS; i++)
        gram[i][i] += 1e-3 * trace / PARTS + 1e-6;
    solve(gram, m->weights);
    for (Py_ssize_t n = 0; n < m->count; n++) {
        double shown = 0;
        for (int k = 0; k < PARTS; k++)
            shown += m->weights[k] * samples[n * COLUMNS + k];
        left[n] = within(fabs(samples[n * COLUMNS + PARTS] - shown));
    }
}

static int mix_here(const void *mix)
{
    const Mix *m = mix;
    float *samples = calloc((size_t)m->count, COLUMNS * sizeof(float));
    double *left = calloc((size_t)m->count, sizeof(double)), *room = calloc((size_t)m->count + 1, sizeof(double));
    const int done = samples && left && room;
    if (done) {
        for (Py_ssize_t n = 0; n < m->count; n++) {
            const int64_t at = m->where[n];
            for (int k = 0; k < PARTS; k++)
                samples[n * COLUMNS + k] = m->parts[k * m->size + at];
            left[n] = within(m->target[at] - m->source[at]);
        }
        const double middle = percentile(left, m->count, 50, room);
        for (Py_ssize_t n = 0; n < m->count; n++) {
            samples[n * COLUMNS + PARTS] = (float)(left[n] - middle);
            left[n] = fabs(left[n] - middle);
        }
        fit_mix(m, samples, left, room);
        fit_mix(m, samples, left, room);
    }
    free(samples);
    free(left);
    free(room);
    return done;
}

PyObject *native_mix(PyObject *self, PyObject *args)
{
    Py_buffer parts, source, target, where;
    double share;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*d:mix", &parts, &source, &target, &where, &share))
        return NULL;
    const Py_ssize_t size = source.len / (Py_ssize_t)sizeof(float), count = where.len / (Py_ssize_t)sizeof(int64_t);
    const int64_t *at = where.buf;
    int fits = source.len == target.len && parts.len == PARTS * source.len && source.len % (Py_ssize_t)sizeof(float) == 0 &&
               count > 0 && count < PY_SSIZE_T_MAX / 64 && share >= 0 && share <= 100;
    fits = fits && !(((uintptr_t)parts.buf | (uintptr_t)source.buf | (uintptr_t)target.buf) % 4 || (uintptr_t)at % 8);
    for (Py_ssize_t n = 0; fits && n < count; n++)
        fits = at[n] >= 0 && at[n] < size;
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "wanted planes of float32 of one size, five of them parts, and places on them");
    else {
        found = PyByteArray_FromStringAndSize(NULL, PARTS * (Py_ssize_t)sizeof(double));
        if (found) {
            double *weights = (double *)(void *)PyByteArray_AsString(found);
            const Mix mix = {parts.buf, source.buf, target.buf, at, size, count, share, weights};
            found = native_run(found, mix_here, &mix);
        }
    }
    PyBuffer_Release(&parts);
    PyBuffer_Release(&source);
    PyBuffer_Release(&target);
    PyBuffer_Release(&where);
    return found;
}
