/* The lines of a PNG back to pixels: its five filters undone (PNG, third edition, 9), colours and alpha apart. */

#include "_native.h"

#include <string.h>

enum { NONE, SUB, UP, AVERAGE, PAETH };

INLINE uint8_t paeth(int left, int above, int corner)
{
    const int across = above - corner, down = left - corner;
    const int to_left = across < 0 ? -across : across, to_above = down < 0 ? -down : down;
    const int both = across + down, to_corner = both < 0 ? -both : both;
    const int first = to_above <= to_corner ? above : corner;
    return (uint8_t)(to_left <= to_above && to_left <= to_corner ? left : first);
}

/* Undo one filter from `raw` into `line`; `above` is the line before, of zeros for the first. */
INLINE void undo_paeth(const uint8_t *raw, const uint8_t *above, uint8_t *line, Py_ssize_t bytes, const int step)
{
    int left[4] = {0}, corner[4] = {0};
    for (Py_ssize_t x = 0; x < bytes; x += step)
        for (int k = 0; k < step; k++) {
            left[k] = line[x + k] = (uint8_t)(raw[x + k] + paeth(left[k], above[x + k], corner[k]));
            corner[k] = above[x + k];
        }
}

INLINE void undo_beside(const uint8_t *raw, const uint8_t *above, uint8_t *line, Py_ssize_t bytes, const int step)
{
    int left[4] = {0};
    for (Py_ssize_t x = 0; x < bytes; x += step)
        for (int k = 0; k < step; k++)
            left[k] = line[x + k] = (uint8_t)(raw[x + k] + (above ? (left[k] + above[x + k]) / 2 : left[k]));
}

INLINE int undo(const uint8_t *raw, const uint8_t *above, uint8_t *line, Py_ssize_t bytes, const int step)
{
    switch (*raw++) {
    case NONE:
        memcpy(line, raw, (size_t)bytes);
        return 1;
    case SUB:
        undo_beside(raw, NULL, line, bytes, step);
        return 1;
    case UP:
        for (Py_ssize_t x = 0; x < bytes; x++)
            line[x] = (uint8_t)(raw[x] + above[x]);
        return 1;
    case AVERAGE:
        undo_beside(raw, above, line, bytes, step);
        return 1;
    case PAETH:
        undo_paeth(raw, above, line, bytes, step);
        return 1;
    default:
        return 0;
    }
}

static int opaque_lines(const uint8_t *raw, const uint8_t *zeros, uint8_t *rgb, Py_ssize_t width, Py_ssize_t height)
{
    const Py_ssize_t bytes = 3 * width;
    for (Py_ssize_t y = 0; y < height; y++, raw += bytes + 1, rgb += bytes)
        if (!undo(raw, y ? rgb - bytes : zeros, rgb, bytes, 3))
            return 0;
    return 1;
}

static int clear_lines(const uint8_t *raw, uint8_t *lines, uint8_t *rgb, uint8_t *alpha, Py_ssize_t width, Py_ssize_t height)
{
    const Py_ssize_t bytes = 4 * width;
    for (Py_ssize_t y = 0; y < height; y++, raw += bytes + 1) {
        uint8_t *line = lines + (y & 1) * bytes;
        if (!undo(raw, lines + !(y & 1) * bytes, line, bytes, 4))
            return 0;
        for (Py_ssize_t x = 0; x < width; x++, rgb += 3)
            rgb[0] = line[4 * x], rgb[1] = line[4 * x + 1], rgb[2] = line[4 * x + 2], *alpha++ = line[4 * x + 3];
    }
    return 1;
}

PyObject *native_png_pixels(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer raw;
    Py_ssize_t width, height;
    int bands;
    if (!PyArg_ParseTuple(args, "y*nni", &raw, &width, &height, &bands))
        return NULL;
    PyObject *rgb = NULL, *alpha = NULL, *result = NULL;
    uint8_t *lines = NULL;
    if (width < 1 || height < 1 || (bands != 3 && bands != 4) || width > PY_SSIZE_T_MAX / 8 / height ||
        raw.len != height * (bands * width + 1)) {
        PyErr_SetString(PyExc_ValueError, "png_pixels: wanted the filtered lines of 8-bit RGB or RGBA");
        goto done;
    }
    rgb = PyByteArray_FromStringAndSize(NULL, 3 * width * height);
    alpha = PyByteArray_FromStringAndSize(NULL, bands == 4 ? width * height : 0);
    lines = PyMem_Calloc((size_t)(2 * bands * width), 1);
    if (!rgb || !alpha || !lines) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        goto done;
    }
    uint8_t *to = (uint8_t *)PyByteArray_AsString(rgb), *clear = (uint8_t *)PyByteArray_AsString(alpha);
    int sound;
    Py_BEGIN_ALLOW_THREADS
    sound = bands == 3 ? opaque_lines(raw.buf, lines, to, width, height)
                       : clear_lines(raw.buf, lines, to, clear, width, height);
    Py_END_ALLOW_THREADS
    if (sound)
        result = Py_BuildValue("(OO)", rgb, alpha);
    else
        PyErr_SetString(PyExc_ValueError, "png_pixels: wanted filters 0 to 4");
done:
    PyMem_Free(lines);
    Py_XDECREF(rgb), Py_XDECREF(alpha);
    PyBuffer_Release(&raw);
    return result;
}
