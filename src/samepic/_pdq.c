/* PDQ in native code: samepic.fingerprints.pdq and samepic.fingerprints.pdq say what it means. */

#include "_native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 64
#define GROUP 4
#define TERMS 16
#define COUNT (TERMS * TERMS)
#define MOST_LUMA 1e6f

/* The lines of an axis that each group of four samples meets, and their weights: `length` a group, four times that. */
typedef struct {
    Py_buffer lines, weights;
    Py_ssize_t length;
} Bands;

static int good_bands(Bands *bands, Py_ssize_t size)
{
    const int64_t *lines = bands->lines.buf;
    const Py_ssize_t count = bands->lines.len / 8;
    bands->length = count / (SIDE / GROUP);
    if (bands->lines.len % 8 || count % (SIDE / GROUP) || bands->weights.len / 8 != count * GROUP ||
        bands->weights.len % 8 || (uintptr_t)lines % 8 || (uintptr_t)bands->weights.buf % 8)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (lines[i] < 0 || lines[i] >= size)
            return 0;
    return 1;
}

/* Every product and sum is exact (see _QUANTUM in sampling.py), so their order does not matter. */
INLINE void sample(const uint8_t *restrict luma, Py_ssize_t width, const Bands *down, const Bands *across, int turned,
                   double *restrict row, float *restrict out)
{
    Py_ssize_t first[SIDE], end[SIDE];
    const int64_t *lines = down->lines.buf, *columns = across->lines.buf;
    const double *weights = down->weights.buf, *shares = across->weights.buf;
    for (Py_ssize_t x = 0; x < SIDE; x++) {
        first[x] = x * across->length;
        end[x] = first[x] + across->length;
        while (first[x] < end[x] && shares[first[x]] == 0)
            first[x]++;
        while (first[x] < end[x] && shares[end[x] - 1] == 0)
            end[x]--;
    }
    for (Py_ssize_t y = 0; y < SIDE; y++) {
        memset(row, 0, (size_t)width * sizeof(double));
        for (Py_ssize_t k = 0; k < down->length; k++) {
            const double weight = weights[y * down->length + k];
            const uint8_t *line = luma + lines[y / GROUP * down->length + k] * width;
            if (weight != 0)
                for (Py_ssize_t x = 0; x < width; x++)
                    row[x] += weight * line[x];
        }
        for (Py_ssize_t x = 0; x < SIDE; x++) {
            double sum = 0;
            const int64_t *column = columns + (x / GROUP - x) * across->length;
            for (Py_ssize_t k = first[x]; k < end[x]; k++)
                sum += shares[k] * row[column[k]];
            out[turned ? x * SIDE + y : y * SIDE + x] = (float)sum;
        }
    }
}

IN_FORMS(void, sample, avx2,
         (const uint8_t *luma, Py_ssize_t width, const Bands *down, const Bands *across, int turned, double *row,
          float *out),
         sample(luma, width, down, across, turned, row, out))

PyObject *native_samples(PyObject *self, PyObject *args)
{
    Py_buffer luma;
    Bands down, across;
    Py_ssize_t width;
    int turned;
    PyObject *taken = NULL;
    double *row;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*ny*y*y*y*p:samples", &luma, &width, &down.lines, &down.weights, &across.lines,
                          &across.weights, &turned))
        return NULL;
    if (width < 1 || luma.len % width || !good_bands(&down, luma.len / width) || !good_bands(&across, width))
        PyErr_SetString(PyExc_ValueError, "wanted luma of whole lines, and bands of lines within it");
    else if ((row = malloc((size_t)width * sizeof(double))) == NULL)
        PyErr_NoMemory();
    else {
        taken = PyByteArray_FromStringAndSize(NULL, SIDE * SIDE * (Py_ssize_t)sizeof(float));
        if (taken != NULL) {
            float *out = (float *)(void *)PyByteArray_AsString(taken);
            Py_BEGIN_ALLOW_THREADS
            FASTEST(sample, avx2)(luma.buf, width, &down, &across, turned, row, out);
            Py_END_ALLOW_THREADS
        }
        free(row);
    }
    PyBuffer_Release(&luma);
    PyBuffer_Release(&down.lines);
    PyBuffer_Release(&down.weights);
    PyBuffer_Release(&across.lines);
    PyBuffer_Release(&across.weights);
    return taken;
}

/* Multiply (16, 64) cosines by (64, columns) samples, adding one sample after another as the reference does. */
INLINE void cosines_of(const float *restrict cosines, const float *restrict in, int columns, float *restrict out)
{
    for (int i = 0; i < TERMS; i++, out += columns) {
        memset(out, 0, (size_t)columns * sizeof(float));
        for (int k = 0; k < SIDE; k++)
            for (int x = 0; x < columns; x++)
                out[x] += cosines[i * SIDE + k] * in[k * columns + x];
    }
}

/* Return the 128th smallest of 256 terms (Hoare's selection). */
static float median(const float *terms)
{
    const int wanted = COUNT / 2 - 1;
    float left[COUNT];
    int low = 0, high = COUNT - 1;
    memcpy(left, terms, sizeof left);
    while (low < high) {
        const float pivot = left[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (left[i] < pivot)
                i++;
            while (pivot < left[j])
                j--;
            if (i <= j) {
                const float swapped = left[i];
                left[i++] = left[j];
                left[j--] = swapped;
            }
        }
        if (wanted <= j)
            high = j;
        else if (wanted >= i)
            low = i;
        else
            break;
    }
    return left[wanted];
}

/* Write the codes of terms with the signs of a mirrored (odd columns), an upside-down picture (odd rows), or both: as
   they are at `straight`, and with rows and columns changed at `crossed`. The first term is the last bit. */
static void two_codes(const float *terms, int mirrored, int flipped, uint8_t *straight, uint8_t *crossed)
{
    float turned[COUNT], middle;
    for (int y = 0; y < TERMS; y++)
        for (int x = 0; x < TERMS; x++) {
            const int minus = (mirrored && x % 2 == 0) != (flipped && y % 2 == 0);
            turned[y * TERMS + x] = minus ? -terms[y * TERMS + x] : terms[y * TERMS + x];
        }
    middle = median(turned);
    memset(straight, 0, CODE_BYTES);
    memset(crossed, 0, CODE_BYTES);
    for (int y = 0; y < TERMS; y++)
        for (int x = 0; x < TERMS; x++) {
            const int bit = turned[y * TERMS + x] > middle, at = y * TERMS + x, other = x * TERMS + y;
            straight[CODE_BYTES - 1 - at / 8] |= (uint8_t)(bit << at % 8);
            crossed[CODE_BYTES - 1 - other / 8] |= (uint8_t)(bit << other % 8);
        }
}

static int quality(const float *taken)
{
    int64_t total = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const float *at = taken + y * SIDE + x;
            if (y + 1 < SIDE)
                total += abs((int)((at[0] - at[SIDE]) * 100.0f / 255.0f));
            if (x + 1 < SIDE)
                total += abs((int)((at[0] - at[1]) * 100.0f / 255.0f));
        }
    return total / 90 > 100 ? 100 : (int)(total / 90);
}

static void code_samples(const float *taken, const float *cosines, float noise, uint8_t *codes, int *figures)
{
    float half[TERMS * SIDE], across[SIDE * TERMS], crossed[COUNT], terms[COUNT], middle;
    int above = 0;
    cosines_of(cosines, taken, SIDE, half);
    for (int i = 0; i < TERMS; i++)
        for (int x = 0; x < SIDE; x++)
            across[x * TERMS + i] = half[i * SIDE + x];
    cosines_of(cosines, across, TERMS, crossed);
    for (int i = 0; i < COUNT; i++)
        terms[i] = crossed[i % TERMS * TERMS + i / TERMS];
    middle = median(terms);
    for (int i = 0; i < COUNT; i++)
        above += fabsf(terms[i] - middle) > noise;
    figures[0] = quality(taken);
    figures[1] = 100 * above / COUNT;
    /* In the order of FORMS. */
    two_codes(terms, 0, 0, codes, codes + 6 * CODE_BYTES);
    two_codes(terms, 1, 0, codes + 5 * CODE_BYTES, codes + 1 * CODE_BYTES);
    two_codes(terms, 0, 1, codes + 4 * CODE_BYTES, codes + 3 * CODE_BYTES);
    two_codes(terms, 1, 1, codes + 2 * CODE_BYTES, codes + 7 * CODE_BYTES);
}

PyObject *native_code(PyObject *self, PyObject *args)
{
    Py_buffer taken, cosines;
    float noise;
    uint8_t codes[8 * CODE_BYTES];
    int figures[2], good;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*f:code", &taken, &cosines, &noise))
        return NULL;
    good = taken.len == SIDE * SIDE * 4 && cosines.len == TERMS * SIDE * 4 && (uintptr_t)taken.buf % 4 == 0 &&
           (uintptr_t)cosines.buf % 4 == 0;
    for (int i = 0; good && i < SIDE * SIDE; i++)
        good = fabsf(((const float *)taken.buf)[i]) <= MOST_LUMA;
    for (int i = 0; good && i < TERMS * SIDE; i++)
        good = fabsf(((const float *)cosines.buf)[i]) <= 1;
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        code_samples(taken.buf, cosines.buf, noise, codes, figures);
        Py_END_ALLOW_THREADS
    } else
        PyErr_SetString(PyExc_ValueError, "wanted 64 x 64 samples, at most 1e6 each, and 16 x 64 cosines, as float32");
    PyBuffer_Release(&taken);
    PyBuffer_Release(&cosines);
    if (!good)
        return NULL;
    return Py_BuildValue("(Nii)", PyBytes_FromStringAndSize((const char *)codes, sizeof codes), figures[0], figures[1]);
}
