/* The luma of a JPEG at an eighth of its size, as libjpeg has it: the DC coefficient of each block (ITU-T T.81).

   All other coefficients are passed over: what their codes and their bits take is looked up for several at a time. What is
   no plain baseline or progressive coding, or not sound as far as it is read, is left to libjpeg. */

#include "_native.h"

#include <stdlib.h>
#include <string.h>

#define LOOKED_UP 11 /* bits of what comes next; with 12 or 13 it is no faster, 2026-11-30 */
#define WINDOWS (1 << LOOKED_UP)
#define MOST 3 /* components */

/* What comes next: its bits, the extra ones included (5), how many coefficients (7), whether the block then ends (1). */
typedef uint16_t Step;

typedef struct {
    const uint8_t *counts, *symbols; /* of codes of 1 to 16 bits; NULL before it is defined */
    uint16_t found[WINDOWS];         /* the length of a code and its symbol, 0 where the code is longer */
    Step steps[WINDOWS];             /* of AC coefficients; 0 where the code is longer */
    int32_t differences[WINDOWS];    /* of DC coefficients, times 32, and their bits; 0 where these are more */
    int32_t first[17], behind[17], place[17]; /* codes of each length: the first, the one behind the last, its symbol */
} Table;

typedef struct {
    int across, down, quantum;
    const Table *dc, *ac;
} Component;

typedef struct {
    const uint8_t *at, *end;
    Py_ssize_t width, height; /* in blocks of luma */
    Py_ssize_t columns, rows; /* of units */
    int components, interval, progressive, shift;
    Component of[MOST];
    uint8_t *out;
    int sound;
} Walk;

/* The bits of a scan, the next one on top; `missing` of them are beyond its end. A symbol and what follows it take at
   most 31, and after a refill there are 56 or more. */
typedef struct {
    const uint8_t *at, *end;
    uint64_t held;
    int count, missing;
} Bits;

INLINE void refill(Bits *b)
{
    if (b->end - b->at >= 8) {
        uint64_t v = 0;
        for (int k = 0; k < 8; k++)
            v = v << 8 | b->at[k];
        if (!((~v - 0x0101010101010101u) & v & 0x8080808080808080u)) { /* none is 0xFF */
            b->held |= v >> b->count;
            b->at += (63 - b->count) >> 3, b->count |= 56;
            return;
        }
    }
    for (; b->count <= 56; b->count += 8) {
        uint64_t next = 0;
        if (b->at < b->end && *b->at != 0xFF)
            next = *b->at++;
        else if (b->end - b->at > 1 && b->at[1] == 0)
            next = 0xFF, b->at += 2;
        else
            b->missing += 8;
        b->held |= next << (56 - b->count);
    }
}

INLINE void drop(Bits *b, int bits)
{
    b->held <<= bits;
    b->count -= bits;
}

/* Return the next symbol, -1 where there is no such code. */
INLINE int symbol(Bits *b, const Table *t)
{
    const uint16_t found = t->found[b->held >> (64 - LOOKED_UP)];
    if (found) {
        drop(b, found >> 8);
        return found & 255;
    }
    for (int length = LOOKED_UP + 1; length <= 16; length++) {
        const int32_t code = (int32_t)(b->held >> (64 - length));
        if (code < t->behind[length]) {
            drop(b, length);
            return t->symbols[t->place[length] + code - t->first[length]];
        }
    }
    return -1;
}

INLINE int32_t difference(int32_t value, int bits)
{
    return value >> (bits - 1) ? value : value - (1 << bits) + 1;
}

/* Add the next difference to the DC coefficient; false where it is not sound. */
INLINE int add_dc(Bits *b, const Table *t, int32_t *sum)
{
    refill(b);
    const int32_t known = t->differences[b->held >> (64 - LOOKED_UP)];
    if (known) {
        drop(b, known & 31);
        *sum += known >> 5;
        return (uint32_t)(*sum + 32768) < 65536;
    }
    const int bits = symbol(b, t);
    if (bits < 0 || bits > 15)
        return 0;
    if (bits) {
        *sum += difference((int32_t)(b->held >> (64 - bits)), bits);
        drop(b, bits);
    }
    return (uint32_t)(*sum + 32768) < 65536;
}

/* Pass over the other 63 coefficients; false where they are more or have no code. */
INLINE int pass_ac(Bits *b, const Table *t)
{
    int at = 1;
    while (at < 64) {
        refill(b);
        int taken = 0;
        for (; taken < 2; taken++) { /* a step takes 26 bits at most */
            const Step step = t->steps[b->held >> (64 - LOOKED_UP)];
            const int after = at + (step >> 5 & 127);
            if (!step || after >= 64)
                break;
            drop(b, step & 31);
            if (step >> 12)
                return 1;
            at = after;
        }
        if (taken)
            continue;
        const int next = symbol(b, t);
        if (next < 0)
            return 0;
        if (!(next & 15) && next != 0xF0)
            return 1;
        drop(b, next & 15);
        at += (next >> 4) + 1;
    }
    return at == 64;
}

/* Go to what follows a restart; false where something else does. */
INLINE int restart(Bits *b, Py_ssize_t number)
{
    while (b->end - b->at > 1 && b->at[0] == 0xFF && b->at[1] == 0xFF)
        b->at++;
    if (b->end - b->at < 2 || b->at[0] != 0xFF || b->at[1] != 0xD0 + (number & 7) || b->count < b->missing)
        return 0;
    b->at += 2, b->held = 0, b->count = b->missing = 0;
    return 1;
}

/* Return the level of a block as libjpeg's inverse DCT of one coefficient does (jidctred.c). */
INLINE uint8_t level(int32_t coefficient)
{
    const int32_t near = ((coefficient + 4) >> 3) & 1023;
    return (uint8_t)(near < 128 ? near + 128 : near < 512 ? 255 : near < 896 ? 0 : near - 896);
}

INLINE int walk(const Walk *s, const int progressive)
{
    Bits b = {s->at, s->end, 0, 0, 0};
    int32_t sums[MOST] = {0};
    Py_ssize_t left = s->interval, restarts = 0;
    for (Py_ssize_t row = 0; row < s->rows; row++) {
        if (b.count < b.missing)
            return 0;
        for (Py_ssize_t column = 0; column < s->columns; column++) {
            if (s->interval && left-- == 0) {
                if (!restart(&b, restarts++))
                    return 0;
                memset(sums, 0, sizeof sums);
                left = s->interval - 1;
            }
            for (int k = 0; k < s->components; k++) {
                const Component *c = s->of + k;
                for (Py_ssize_t y = row * c->down; y < (row + 1) * c->down; y++)
                    for (Py_ssize_t x = column * c->across; x < (column + 1) * c->across; x++) {
                        if (!add_dc(&b, c->dc, sums + k) || (!progressive && !pass_ac(&b, c->ac)))
                            return 0;
                        if (k == 0 && x < s->width && y < s->height)
                            s->out[y * s->width + x] = level(sums[0] * (1 << s->shift) * c->quantum);
                    }
            }
        }
    }
    return b.count >= b.missing;
}

static int walk_here(const void *scan)
{
    Walk *s = (Walk *)(uintptr_t)scan;
    s->sound = s->progressive ? walk(s, 1) : walk(s, 0);
    return 1;
}

/* Lay out the codes of a table; false where they are no prefix code. */
static int lay_out(Table *t)
{
    int32_t code = 0, symbols = 0;
    memset(t->found, 0, sizeof t->found);
    memset(t->differences, 0, sizeof t->differences);
    for (int length = 1; length <= 16; length++, code <<= 1) {
        t->first[length] = code, t->place[length] = symbols;
        for (int k = 0; k < t->counts[length - 1]; k++, code++, symbols++) {
            if (code >= 1 << length)
                return 0;
            for (int w = 0; length <= LOOKED_UP && w < 1 << (LOOKED_UP - length); w++)
                t->found[(code << (LOOKED_UP - length)) + w] = (uint16_t)(length << 8 | t->symbols[symbols]);
        }
        t->behind[length] = code;
    }
    for (int w = 0; w < WINDOWS; w++) {
        int bits = 0, coefficients = 0, last = 0;
        while (bits < LOOKED_UP && !last) {
            const int found = t->found[(w << bits) & (WINDOWS - 1)], next = found & 255;
            if (!found || bits + (found >> 8) > LOOKED_UP || coefficients > 63)
                break;
            bits += (found >> 8) + (next & 15);
            last = !(next & 15) && next != 0xF0;
            coefficients += last ? 0 : (next >> 4) + 1;
        }
        const int found = t->found[w], length = found >> 8, more = found & 255;
        if (found && length + more <= LOOKED_UP) {
            const int32_t value = more ? difference(w >> (LOOKED_UP - length - more) & ((1 << more) - 1), more) : 0;
            t->differences[w] = value * 32 + length + more;
        }
        t->steps[w] = (Step)(bits | coefficients << 5 | last << 12);
    }
    return 1;
}

typedef struct {
    Table tables[2][4]; /* of DC and of AC coefficients */
    int quanta[4], ids[MOST], samplings[MOST], quantized[MOST];
    int components, progressive, interval;
    Py_ssize_t width, height;
} Header;

static int take_codes(Header *h, const uint8_t *at, Py_ssize_t length)
{
    while (length >= 17) {
        int symbols = 0;
        for (int k = 1; k <= 16; k++)
            symbols += at[k];
        if (length < 17 + symbols || at[0] & 0xEC || symbols > 256)
            return 0;
        Table *t = &h->tables[at[0] >> 4][at[0] & 3];
        t->counts = at + 1, t->symbols = at + 17;
        at += 17 + symbols, length -= 17 + symbols;
    }
    return length == 0;
}

static int take_quanta(Header *h, const uint8_t *at, Py_ssize_t length)
{
    while (length > 0) {
        const int wide = at[0] >> 4, size = 1 + 64 * (1 + wide);
        if (wide > 1 || (at[0] & 15) > 3 || length < size)
            return 0;
        h->quanta[at[0] & 15] = wide ? at[1] << 8 | at[2] : at[1];
        at += size, length -= size;
    }
    return 1;
}

static int take_frame(Header *h, const uint8_t *at, Py_ssize_t length, int marker)
{
    h->components = length > 5 ? at[5] : 0;
    if (h->width || (h->components != 1 && h->components != 3) || length < 6 + 3 * h->components || at[0] != 8)
        return 0;
    h->progressive = marker == 0xC2;
    h->height = at[1] << 8 | at[2], h->width = at[3] << 8 | at[4];
    for (int k = 0; k < h->components; k++) {
        h->ids[k] = at[6 + 3 * k], h->samplings[k] = at[7 + 3 * k], h->quantized[k] = at[8 + 3 * k];
        const int across = h->samplings[k] >> 4, down = h->samplings[k] & 15;
        /* Luma is nowhere coarser than color. */
        if (across < 1 || across > h->samplings[0] >> 4 || down < 1 || down > (h->samplings[0] & 15) ||
            h->quantized[k] > 3 || across > 4 || down > 4)
            return 0;
    }
    return h->width > 0 && h->height > 0;
}

/* Prepare the first scan, whose header begins at `at`; false where it holds anything but luma, alone or with color. */
static int take_scan(Header *h, const uint8_t *at, Py_ssize_t length, Walk *s)
{
    const int count = length > 0 ? at[0] : 0;
    if (!h->width || (count != 1 && count != h->components) || length < 4 + 2 * count)
        return 0;
    const uint8_t *rest = at + 1 + 2 * count;
    if (rest[0] != 0 || rest[1] != (h->progressive ? 0 : 63) || rest[2] > (h->progressive ? 13 : 0))
        return 0;
    const int across = count == 1 ? 1 : h->samplings[0] >> 4, down = count == 1 ? 1 : h->samplings[0] & 15;
    s->width = (h->width + 7) / 8, s->height = (h->height + 7) / 8;
    s->columns = (h->width + 8 * across - 1) / (8 * across), s->rows = (h->height + 8 * down - 1) / (8 * down);
    s->components = count, s->interval = h->interval, s->progressive = h->progressive, s->shift = rest[2];
    for (int k = 0; k < count; k++) {
        Table *dc = &h->tables[0][at[2 + 2 * k] >> 4 & 3], *ac = &h->tables[1][at[2 + 2 * k] & 3];
        if (at[1 + 2 * k] != h->ids[k] || at[2 + 2 * k] & 0xCC || !dc->counts || !lay_out(dc))
            return 0;
        if (!h->progressive && (!ac->counts || !lay_out(ac)))
            return 0;
        s->of[k] = (Component){count == 1 ? 1 : h->samplings[k] >> 4, count == 1 ? 1 : h->samplings[k] & 15,
                               h->quanta[h->quantized[k]], dc, ac};
    }
    return s->of[0].quantum > 0 && (int64_t)s->of[0].quantum << s->shift <= 65535;
}

/* Read up to the first scan; false where that is not there or not plain. */
static int take_all(Header *h, const uint8_t *data, Py_ssize_t size, Walk *s)
{
    Py_ssize_t at = 2;
    while (size - at >= 4) {
        if (data[at] != 0xFF)
            return 0;
        const int marker = data[at + 1];
        if (marker == 0xFF) {
            at++;
            continue;
        }
        const Py_ssize_t length = (data[at + 2] << 8 | data[at + 3]) - 2;
        const uint8_t *body = data + at + 4;
        if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD9) || length < 0 || size - at - 4 < length)
            return 0;
        if (marker == 0xDA) {
            s->at = body + length, s->end = data + size;
            return take_scan(h, body, length, s);
        }
        if (marker == 0xDD)
            h->interval = length >= 2 ? body[0] << 8 | body[1] : 0;
        else if (marker == 0xC4 ? !take_codes(h, body, length)
                 : marker == 0xDB ? !take_quanta(h, body, length)
                 : marker < 0xD0  ? marker > 0xC2 || !take_frame(h, body, length, marker)
                                  : 0)
            return 0;
        at += 4 + length;
    }
    return 0;
}

PyObject *native_eighth(PyObject *self, PyObject *args)
{
    Py_buffer data;
    Py_ssize_t width, height;
    PyObject *found = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*nn:eighth", &data, &width, &height))
        return NULL;
    Walk s = {0};
    Header *h = calloc(1, sizeof *h);
    if (h == NULL)
        PyErr_NoMemory();
    else if (data.len > 4 && take_all(h, data.buf, data.len, &s) && h->width == width && h->height == height) {
        found = PyByteArray_FromStringAndSize(NULL, s.width * s.height);
        s.out = found ? (uint8_t *)PyByteArray_AsString(found) : NULL;
        found = found ? native_run(found, walk_here, &s) : NULL;
    }
    if (h && !s.sound && !PyErr_Occurred()) {
        Py_XDECREF(found);
        found = Py_NewRef(Py_None);
    }
    free(h);
    PyBuffer_Release(&data);
    return found;
}
