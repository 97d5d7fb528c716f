/* What a comparison of screenshots costs most: what each pixel is to the one at its place in the other picture. */

#include "_native.h"

#include <math.h>
#include <string.h>

enum { EQUAL, UNSEEN, FAINT, SMOOTHED, DIFFERENT };

#define LEVELS 256
#define TABLES (9 * LEVELS + 9 + 3)

typedef struct {
    const uint8_t *a, *b;
    Py_ssize_t width, height;
    const double *tables; /* 3 x 3 tables from levels to LMS, the matrix from LMS to OKLab, and the toe's three */
    double threshold, faint;
    int antialiasing;
} Screens;

#define at(picture, s, x, y) ((picture) + 3 * ((y) * (s)->width + (x)))

/* Return the cube root of 0 to 1 to the last bits: a start good to one in 100 and two steps of Halley's. */
INLINE double cube_root(double value)
{
    if (value <= 0)
        return 0;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = bits / 3 + UINT64_C(0x2A9F7893782DA1CE);
    double root;
    memcpy(&root, &bits, sizeof root);
    for (int step = 0; step < 2; step++) {
        const double cube = root * root * root;
        root *= (cube + 2 * value) / (2 * cube + value);
    }
    return root;
}

static void oklab(const Screens *s, const uint8_t *pixel, double *lab)
{
    const double *table = s->tables, *mix = table + 9 * LEVELS, *toe = mix + 9;
    double cones[3];
    for (int k = 0; k < 3; k++, table += 3 * LEVELS)
        cones[k] = cube_root(table[pixel[0]] + table[LEVELS + pixel[1]] + table[2 * LEVELS + pixel[2]]);
    for (int k = 0; k < 3; k++)
        lab[k] = mix[3 * k] * cones[0] + mix[3 * k + 1] * cones[1] + mix[3 * k + 2] * cones[2];
    const double over = toe[2] * lab[0] - toe[0];
    lab[0] = 0.5 * (over + sqrt(over * over + 4 * toe[1] * toe[2] * lab[0]));
}

INLINE int luma(const uint8_t *pixel)
{
    return 299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2];
}

INLINE int alike(const uint8_t *one, const uint8_t *two)
{
    return one[0] == two[0] && one[1] == two[1] && one[2] == two[2];
}

INLINE int on_edge(const Screens *s, Py_ssize_t x, Py_ssize_t y)
{
    return x == 0 || y == 0 || x == s->width - 1 || y == s->height - 1;
}

INLINE int inside(const Screens *s, Py_ssize_t x, Py_ssize_t y)
{
    return x >= 0 && y >= 0 && x < s->width && y < s->height;
}

/* Whether more than two of the pixels around one equal it, the frame counting as one. */
static int is_plain(const Screens *s, const uint8_t *picture, Py_ssize_t x, Py_ssize_t y)
{
    int equal = on_edge(s, x, y);
    for (Py_ssize_t u = x - 1; u <= x + 1; u++)
        for (Py_ssize_t v = y - 1; v <= y + 1; v++)
            if ((u != x || v != y) && inside(s, u, v))
                equal += alike(at(picture, s, x, y), at(picture, s, u, v));
    return equal > 2;
}

/* Whether a pixel smooths an edge: between a darker and a brighter neighbour, one of which is on plain ground. */
static int is_smooth(const Screens *s, const uint8_t *picture, Py_ssize_t x, Py_ssize_t y)
{
    const int here = luma(at(picture, s, x, y));
    int equal = on_edge(s, x, y), darkest = 0, brightest = 0;
    Py_ssize_t dark[2] = {0}, bright[2] = {0};
    for (Py_ssize_t u = x - 1; u <= x + 1; u++)
        for (Py_ssize_t v = y - 1; v <= y + 1; v++) {
            if ((u == x && v == y) || !inside(s, u, v))
                continue;
            const int step = luma(at(picture, s, u, v)) - here;
            if (step == 0 && ++equal > 2)
                return 0;
            if (step < darkest)
                darkest = step, dark[0] = u, dark[1] = v;
            if (step > brightest)
                brightest = step, bright[0] = u, bright[1] = v;
        }
    if (!darkest || !brightest)
        return 0;
    return (is_plain(s, s->a, dark[0], dark[1]) && is_plain(s, s->b, dark[0], dark[1])) ||
           (is_plain(s, s->a, bright[0], bright[1]) && is_plain(s, s->b, bright[0], bright[1]));
}

static double tell_row(const Screens *s, Py_ssize_t y, uint8_t *kinds)
{
    const uint8_t *a = at(s->a, s, 0, y), *b = at(s->b, s, 0, y), *last_a = NULL, *last_b = NULL;
    double largest = 0, distance = 0;
    for (Py_ssize_t x = 0; x < s->width; x++, a += 3, b += 3) {
        if (alike(a, b))
            continue;
        if (!last_a || !alike(a, last_a) || !alike(b, last_b)) {
            double one[3], two[3];
            oklab(s, a, one), oklab(s, b, two);
            const double l = one[0] - two[0], u = one[1] - two[1], v = one[2] - two[2];
            distance = sqrt(l * l + u * u + v * v);
            last_a = a, last_b = b;
            if (distance > largest)
                largest = distance;
        }
        if (distance <= s->threshold)
            kinds[x] = distance < s->faint ? UNSEEN : FAINT;
        else
            kinds[x] = s->antialiasing && (is_smooth(s, s->a, x, y) || is_smooth(s, s->b, x, y)) ? SMOOTHED : DIFFERENT;
    }
    return largest;
}

static double classify(const Screens *s, uint8_t *kinds)
{
    double largest = 0;
    for (Py_ssize_t y = 0; y < s->height; y++) {
        if (memcmp(at(s->a, s, 0, y), at(s->b, s, 0, y), (size_t)(3 * s->width)) == 0)
            continue;
        const double found = tell_row(s, y, kinds + y * s->width);
        if (found > largest)
            largest = found;
    }
    return largest;
}

PyObject *native_screens(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer a, b, tables;
    Screens s;
    if (!PyArg_ParseTuple(args, "y*y*ny*ddp", &a, &b, &s.width, &tables, &s.threshold, &s.faint, &s.antialiasing))
        return NULL;
    PyObject *kinds = NULL, *result = NULL;
    if (s.width < 1 || a.len != b.len || a.len % (3 * s.width) || tables.len != TABLES * (Py_ssize_t)sizeof(double)) {
        PyErr_SetString(PyExc_ValueError, "screens: wanted two pictures of one size, three bytes a pixel, and the tables");
    } else {
        s.a = a.buf, s.b = b.buf, s.tables = tables.buf, s.height = a.len / (3 * s.width);
        kinds = PyByteArray_FromStringAndSize(NULL, a.len / 3);
        if (kinds) {
            uint8_t *to = (uint8_t *)PyByteArray_AsString(kinds);
            double largest;
            Py_BEGIN_ALLOW_THREADS
            memset(to, EQUAL, (size_t)(a.len / 3));
            largest = classify(&s, to);
            Py_END_ALLOW_THREADS
            result = Py_BuildValue("(Nd)", kinds, largest);
        }
    }
    PyBuffer_Release(&a), PyBuffer_Release(&b), PyBuffer_Release(&tables);
    return result;
}
