/* Joining sets of 256-bit codes: samepic.spark.joins.

   A strip of codes lies on its side, so that 32 bytes hold the same four bits of 32 codes. Four bits of a query make a
   table of 16 counts, and one shuffle looks all of them up. Not all bits are counted: as many as tell by chance alone
   what is beyond the bound. What is left after that is counted again, whole and exactly. */

#include "_native.h"

#ifdef HAS_VARIANTS
#include <immintrin.h>
#endif

#include <stdlib.h>
#include <string.h>

#define FORMS 8
#define GROUPS 2
#define FORM_BYTES (FORMS * CODE_BYTES)
#define STRIP 128      /* codes in a strip: four registers */
#define DIGITS 64      /* of four bits each in a code */
#define WORD_DIGITS 16 /* in one of its four words */
#define BLOCK 512      /* codes, 16 KB, where there is no strip */

/* Forms that differ by words turned over, nearly, and which words those are: as in samepic.hamming. */
static const uint8_t groups[GROUPS][4] = {{0, 2, 4, 5}, {1, 3, 6, 7}};
static const uint8_t turned_over[4][WORDS] = {{0, 0, 0, 0}, {0, 1, 1, 0}, {1, 1, 0, 0}, {1, 0, 1, 0}};

/* The first form of a group, and the bits that all four have alike once their words are turned back: the others, those
   of the terms about the median, are not counted until the end. */
typedef struct {
    uint64_t form[WORDS], alike[WORDS];
} Group;

typedef struct {
    int64_t query, row, distance;
} Pair;

typedef struct {
    Pair *pairs;
    Py_ssize_t count, room;
} Pairs;

/* What is asked of all codes: the eight forms of each query, and which rows count. */
typedef struct {
    const uint64_t *forms;
    const int64_t *below;
    Py_ssize_t queries;
    int radius;
} Asked;

/* Where the codes of one key lie: a bit for each key there is, how many there are before each 64 of them, where the
   rows of each that is there start, and the rows. */
typedef struct {
    const uint64_t *bits;
    const uint32_t *ranks, *starts, *rows;
    Py_ssize_t keys, count, codes; /* of which nothing is read beyond the last */
} Keyed;

/* What is probed: of which query each key is, the key, and what is done to each of them in turn. */
typedef struct {
    const int64_t *queries;
    const uint32_t *keys, *masks;
    Py_ssize_t count, each;
} Probes;

static int add_pair(Pairs *found, Pair pair)
{
    return ADDED(found, pairs, 256, pair);
}

INLINE int bits_between(const uint64_t *a, const uint64_t *b)
{
    return ONES(a[0] ^ b[0]) + ONES(a[1] ^ b[1]) + ONES(a[2] ^ b[2]) + ONES(a[3] ^ b[3]);
}

/* Keep a pair if the nearest of the query's forms is within the radius. */
INLINE int check_pair(const uint64_t *codes, int64_t row, const Asked *asked, int forms, int64_t query, Pairs *found)
{
    const uint64_t *form = asked->forms + forms * WORDS * query;
    int least = 8 * CODE_BYTES;
    for (int i = 0; i < forms; i++, form += WORDS)
        least = smaller(least, bits_between(codes + WORDS * row, form));
    return least > asked->radius || add_pair(found, (Pair){query, row, least});
}

static Group group_of(const uint64_t *forms, int number)
{
    Group group;
    for (int word = 0; word < WORDS; word++) {
        const uint64_t first = forms[WORDS * groups[number][0] + word];
        uint64_t unlike = 0;
        for (int i = 1; i < 4; i++)
            unlike |= forms[WORDS * groups[number][i] + word] ^ first ^ (uint64_t)-(int64_t)turned_over[i][word];
        group.form[word] = first;
        group.alike[word] = ~unlike;
    }
    return group;
}

/* Of the bits that all forms of a group have alike: how many more differ in the nearest form than are equal. */
INLINE int least_apart(const uint64_t *code, const Group *group)
{
    int apart[WORDS];
    for (int i = 0; i < WORDS; i++)
        apart[i] = 2 * ONES((code[i] ^ group->form[i]) & group->alike[i]) - ONES(group->alike[i]);
    const int sum = abs(apart[0] + apart[1]), difference = abs(apart[0] - apart[1]);
    return apart[3] + smaller(apart[2] - sum, -apart[2] - difference);
}

INLINE int alike_bits(const Group *group)
{
    return ONES(group->alike[0]) + ONES(group->alike[1]) + ONES(group->alike[2]) + ONES(group->alike[3]);
}

INLINE int join_blocks(const uint64_t *codes, Py_ssize_t n, const Asked *asked, Pairs *found)
{
    for (Py_ssize_t start = 0; start < n; start += BLOCK)
        for (Py_ssize_t query = 0; query < asked->queries; query++) {
            const uint64_t *forms = asked->forms + FORMS * WORDS * query;
            const Group one = group_of(forms, 0), two = group_of(forms, 1);
            const int first = 2 * asked->radius - alike_bits(&one), second = 2 * asked->radius - alike_bits(&two);
            Py_ssize_t end = start + BLOCK < n ? start + BLOCK : n;
            if (asked->below[query] < end)
                end = (Py_ssize_t)asked->below[query];
            for (Py_ssize_t row = start; row < end; row++)
                if ((least_apart(codes + WORDS * row, &one) <= first ||
                     least_apart(codes + WORDS * row, &two) <= second) &&
                    !check_pair(codes, row, asked, FORMS, query, found))
                    return 0;
        }
    return 1;
}

IN_FORMS(int, join, popcnt, (const uint64_t *codes, Py_ssize_t n, const Asked *asked, Pairs *found),
         return join_blocks(codes, n, asked, found))

/* The k nearest of each query, as a heap in `scans`: rows are their ids. */
INLINE void nearest_blocks(const uint64_t *codes, Py_ssize_t n, const uint64_t *queries, Py_ssize_t count, Scan *scans)
{
    for (Py_ssize_t start = 0; start < n; start += BLOCK) {
        const Py_ssize_t end = start + BLOCK < n ? start + BLOCK : n;
        for (Py_ssize_t query = 0; query < count; query++)
            for (Py_ssize_t row = start; row < end; row++) {
                const int distance = bits_between(codes + WORDS * row, queries + WORDS * query);
                if (distance <= scans[query].bound)
                    native_keep(scans + query, (Near){row, distance});
            }
    }
}

IN_FORMS(void, nearest, popcnt,
         (const uint64_t *codes, Py_ssize_t n, const uint64_t *queries, Py_ssize_t count, Scan *scans),
         nearest_blocks(codes, n, queries, count, scans))

#ifdef HAS_VARIANTS
typedef struct {
    _Alignas(32) uint8_t digits[DIGITS][STRIP];
} Strip;

/* For each mask and value of a digit: how many more of its bits under the mask differ from each value than are equal. */
#define ENTRIES (256 * 16)
#define ENTRY(table, place) ((table) + 16 * (place))

static void fill_table(int8_t *table)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        const unsigned mask = i >> 8, apart = (i >> 4 ^ i) & 15 & mask;
        table[i] = (int8_t)(2 * (int)ONES((uint64_t)apart) - (int)ONES((uint64_t)mask));
    }
}

/* Write down which entry of the table is that of each digit of a code. */
static void fill_places(const uint64_t *code, const uint64_t *mask, uint8_t *places)
{
    const uint8_t *bytes = (const uint8_t *)code, *masks = (const uint8_t *)mask;
    for (int i = 0; i < CODE_BYTES; i++) {
        places[2 * i] = (uint8_t)((masks[i] & 15) << 4 | (bytes[i] & 15));
        places[2 * i + 1] = (uint8_t)((masks[i] & 0xF0) | bytes[i] >> 4);
    }
}

/* Return whether counting so many bits separates chance from the radius: by chance half of them differ, and at
   three and a half deviations above the radius one code in four thousand is counted in vain. */
static int enough(int bits, int radius)
{
    const int above = bits - 2 * radius;
    return above > 0 && 4 * above * above >= 49 * bits;
}

/* What is looked up for a query: two rows of places, how many digits (of each word, where words are turned over), and
   beyond which sums nothing can be within the radius. */
typedef struct {
    uint8_t places[GROUPS][DIGITS];
    int many, limits[GROUPS];
} Looked;

/* A sum is an 8-bit number: what is beyond -128 or 127 ends there, and so do limits. */
static int limit_of(int bits, int radius)
{
    const int limit = 2 * radius - bits;
    return limit > 125 ? 125 : limit < -128 ? -128 : limit;
}

static void look_turned(const uint64_t *forms, int radius, Looked *looked)
{
    int bits[GROUPS] = {0, 0};
    for (int i = 0; i < GROUPS; i++) {
        const Group group = group_of(forms, i);
        fill_places(group.form, group.alike, looked->places[i]);
    }
    looked->many = 0;
    do {
        for (int i = 0; i < GROUPS; i++)
            for (int word = 0; word < WORDS; word++)
                bits[i] += ONES((uint64_t)(looked->places[i][WORD_DIGITS * word + looked->many] >> 4));
        looked->many++;
    } while (looked->many < WORD_DIGITS && !(enough(bits[0], radius) && enough(bits[1], radius)));
    for (int i = 0; i < GROUPS; i++)
        looked->limits[i] = limit_of(bits[i], radius);
}

/* Lay 16 bytes of 16 codes on their side: each round interleaves the upper half of the rows with the lower. */
VARIANT("avx2") static void lay_16(const uint8_t *codes, uint8_t *digits)
{
    const __m128i low = _mm_set1_epi8(15);
    __m128i rows[16], next[16];
    for (int i = 0; i < 16; i++)
        rows[i] = _mm_loadu_si128((const __m128i *)(const void *)(codes + CODE_BYTES * i));
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 8; i++) {
            next[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + 8]);
            next[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + 8]);
        }
        memcpy(rows, next, sizeof rows);
    }
    for (int i = 0; i < 16; i++, digits += 2 * STRIP) {
        _mm_store_si128((__m128i *)(void *)digits, _mm_and_si128(rows[i], low));
        _mm_store_si128((__m128i *)(void *)(digits + STRIP), _mm_and_si128(_mm_srli_epi16(rows[i], 4), low));
    }
}

/* Lay a strip of codes, of which there may be fewer, on its side. */
VARIANT("avx2") static void lay_strip(const uint64_t *codes, Py_ssize_t count, Strip *strip)
{
    uint8_t rest[STRIP * CODE_BYTES];
    const uint8_t *bytes = (const uint8_t *)codes;
    if (count < STRIP) {
        memset(rest, 0, sizeof rest);
        memcpy(rest, codes, (size_t)count * CODE_BYTES);
        bytes = rest;
    }
    for (int code = 0; code < STRIP; code += 16)
        for (int half = 0; half < 2; half++)
            lay_16(bytes + CODE_BYTES * code + 16 * half, strip->digits[half * DIGITS / 2] + code);
}

#define LOAD(at) _mm256_load_si256((const __m256i *)(const void *)(at))
#define TABLE(at) _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(const void *)(at)))
#define LOOK(sum, counts, codes) sum = _mm256_add_epi8(sum, _mm256_shuffle_epi8(counts, codes))

/* Add the counts of so many digits of a strip to the sums: four of the first query and four of the second. */
VARIANT("avx2") INLINE void
count_two(const uint8_t (*digits)[STRIP], int many, const int8_t *table, const uint8_t *one, const uint8_t *two,
          __m256i *sums)
{
    __m256i a0 = sums[0], a1 = sums[1], a2 = sums[2], a3 = sums[3];
    __m256i b0 = sums[4], b1 = sums[5], b2 = sums[6], b3 = sums[7];
    for (int i = 0; i < many; i++) {
        const __m256i first = TABLE(ENTRY(table, one[i])), second = TABLE(ENTRY(table, two[i]));
        __m256i codes = LOAD(digits[i]);
        LOOK(a0, first, codes);
        LOOK(b0, second, codes);
        codes = LOAD(digits[i] + 32);
        LOOK(a1, first, codes);
        LOOK(b1, second, codes);
        codes = LOAD(digits[i] + 64);
        LOOK(a2, first, codes);
        LOOK(b2, second, codes);
        codes = LOAD(digits[i] + 96);
        LOOK(a3, first, codes);
        LOOK(b3, second, codes);
    }
    sums[0] = a0, sums[1] = a1, sums[2] = a2, sums[3] = a3;
    sums[4] = b0, sums[5] = b1, sums[6] = b2, sums[7] = b3;
}

/* Tell, in a mask for each 32 codes of a strip, which may be within the radius by the digits counted. */
VARIANT("avx2") static inline uint32_t
near_turned(const Strip *strip, const int8_t *table, const Looked *looked, uint32_t *masks)
{
    const uint8_t *one = looked->places[0], *two = looked->places[1];
    const __m256i zero = _mm256_setzero_si256();
    __m256i a[8], b[8], c[8], d[8], beyond[GROUPS];
    uint32_t any = 0;
    /* What ended at 127 instead of 128 may make a sum one more. Sums and limits are both even or both odd, so that one
       more than the limit is let through and nothing else with it. */
    for (int i = 0; i < GROUPS; i++)
        beyond[i] = _mm256_set1_epi8((char)(looked->limits[i] + 2));
    for (int i = 0; i < 8; i++)
        a[i] = b[i] = c[i] = d[i] = zero;
    count_two(strip->digits, looked->many, table, one, two, a);
    count_two(strip->digits + WORD_DIGITS, looked->many, table, one + WORD_DIGITS, two + WORD_DIGITS, b);
    count_two(strip->digits + 2 * WORD_DIGITS, looked->many, table, one + 2 * WORD_DIGITS, two + 2 * WORD_DIGITS, c);
    count_two(strip->digits + 3 * WORD_DIGITS, looked->many, table, one + 3 * WORD_DIGITS, two + 3 * WORD_DIGITS, d);
    /* A word turned over counts the other way: the least of a+b+c, a-b-c, c-a-b and b-a-c, with d, which never is. What
       is negative is added last, as a sum that ended at -128 must not grow again. */
    for (int i = 0; i < 8; i++) {
        const __m256i sum = _mm256_adds_epi8(a[i], b[i]), difference = _mm256_subs_epi8(a[i], b[i]);
        const __m256i straight = _mm256_min_epi8(sum, _mm256_subs_epi8(zero, sum));
        const __m256i across = _mm256_min_epi8(difference, _mm256_subs_epi8(zero, difference));
        d[i] = _mm256_min_epi8(_mm256_adds_epi8(_mm256_adds_epi8(d[i], c[i]), straight),
                               _mm256_adds_epi8(_mm256_subs_epi8(d[i], c[i]), across));
    }
    for (int i = 0; i < 4; i++) {
        const __m256i near = _mm256_or_si256(_mm256_cmpgt_epi8(beyond[0], d[i]), _mm256_cmpgt_epi8(beyond[1], d[i + 4]));
        any |= masks[i] = (uint32_t)_mm256_movemask_epi8(near);
    }
    return any;
}

VARIANT("avx2,popcnt") static int join_avx2(const uint64_t *codes, Py_ssize_t n, const Asked *asked, Pairs *found)
{
    _Alignas(32) int8_t table[ENTRIES];
    Strip strip;
    Looked *looked = malloc((size_t)asked->queries * sizeof(Looked));
    int done = looked != NULL;
    fill_table(table);
    for (Py_ssize_t query = 0; query < asked->queries && done; query++)
        look_turned(asked->forms + FORMS * WORDS * query, asked->radius, looked + query);
    for (Py_ssize_t start = 0; start < n && done; start += STRIP) {
        const Py_ssize_t count = n - start < STRIP ? n - start : STRIP;
        lay_strip(codes + WORDS * start, count, &strip);
        for (Py_ssize_t query = 0; query < asked->queries && done; query++) {
            const int64_t rows = asked->below[query] - start < count ? asked->below[query] - start : count;
            uint32_t masks[STRIP / 32];
            if (rows <= 0 || !near_turned(&strip, table, looked + query, masks))
                continue;
            for (int i = 0; i < STRIP / 32; i++)
                for (uint32_t mask = masks[i]; mask && done; mask &= mask - 1) {
                    const int row = 32 * i + __builtin_ctz(mask);
                    done = row >= rows || check_pair(codes, start + row, asked, FORMS, query, found);
                }
        }
    }
    free(looked);
    return done;
}

/* Write down a code's digits, by the halves of its bytes as a strip has them. */
VARIANT("avx2") static inline void places_of(const uint64_t *code, uint8_t *places)
{
    const __m256i low = _mm256_set1_epi8(15), bytes = _mm256_loadu_si256((const __m256i *)(const void *)code);
    const __m256i first = _mm256_and_si256(bytes, low), second = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
    const __m256i one = _mm256_unpacklo_epi8(first, second), two = _mm256_unpackhi_epi8(first, second);
    _mm256_storeu_si256((__m256i *)(void *)places, _mm256_permute2x128_si256(one, two, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)(places + 32), _mm256_permute2x128_si256(one, two, 0x31));
}

/* Keep what is near a query of the codes of a strip, from `start` on, whose sums are not beyond the limit. */
VARIANT("avx2,popcnt") static void keep_near(const __m256i *sums, int limit, const uint64_t *codes, Py_ssize_t start,
                                             Py_ssize_t n, const uint64_t *query, Scan *scan)
{
    const __m256i beyond = _mm256_set1_epi8((char)(limit + 1));
    for (int i = 0; i < STRIP / 32; i++) {
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(beyond, sums[i]));
        /* A sum of 128 is -128 here, so the farthest code of all may be counted again in vain. */
        for (mask = limit < 127 ? mask : UINT32_MAX; mask; mask &= mask - 1) {
            const Py_ssize_t row = start + 32 * i + __builtin_ctz(mask);
            const int distance = row < n ? bits_between(codes + WORDS * row, query) : 8 * CODE_BYTES + 1;
            if (distance <= scan->bound)
                native_keep(scan, (Near){row, distance});
        }
    }
}

static int digits_for(int64_t bound)
{
    int digits = 1;
    while (digits < DIGITS && !enough(4 * digits, (int)bound))
        digits++;
    return digits;
}

VARIANT("avx2,popcnt") static void
nearest_avx2(const uint64_t *codes, Py_ssize_t n, const uint64_t *queries, Py_ssize_t count, Scan *scans)
{
    _Alignas(32) int8_t table[16 * 16];
    Strip strip;
    for (unsigned i = 0; i < sizeof table; i++)
        table[i] = (int8_t)(ONES((uint64_t)((i >> 4 ^ i) & 15)) - 2);
    for (Py_ssize_t start = 0; start < n; start += STRIP) {
        lay_strip(codes + WORDS * start, n - start < STRIP ? n - start : STRIP, &strip);
        /* Two queries at once, so that what is loaded of the codes serves both; the last may be there twice. */
        for (Py_ssize_t query = 0; query < count; query += 2) {
            const int one = digits_for(scans[query].bound);
            const Py_ssize_t other = query + 1 < count ? query + 1 : query;
            const int two = digits_for(scans[other].bound), many = one > two ? one : two;
            uint8_t places[2][DIGITS];
            __m256i sums[8];
            for (int i = 0; i < 2; i++)
                places_of(queries + WORDS * (i ? other : query), places[i]);
            for (int i = 0; i < 8; i++)
                sums[i] = _mm256_setzero_si256();
            count_two(strip.digits, many, table, places[0], places[1], sums);
            keep_near(sums, (int)scans[query].bound - 2 * many, codes, start, n, queries + WORDS * query, scans + query);
            if (other > query)
                keep_near(sums + 4, (int)scans[other].bound - 2 * many, codes, start, n, queries + WORDS * other,
                          scans + other);
        }
    }
}
#endif

#define AHEAD 64 /* places that are on their way into the cache while others are looked at */

#if defined(__GNUC__)
#define FETCH(at) __builtin_prefetch(at)
#else
#define FETCH(at) (void)(at)
#endif

/* Look at the codes of so many keys, of which the ranks are given. */
INLINE int look_at(const uint64_t *codes, const Asked *asked, int forms, const Keyed *keyed, const uint32_t *ranks,
                   int count, int64_t query, Pairs *found)
{
    const int64_t below = asked->below[query] < keyed->codes ? asked->below[query] : keyed->codes;
    uint32_t waiting[AHEAD];
    int many = 0;
    for (int i = 0; i < count; i++)
        if (keyed->starts[ranks[i]] < keyed->count)
            FETCH(keyed->rows + keyed->starts[ranks[i]]);
    for (int i = 0; i < count; i++)
        for (uint32_t at = keyed->starts[ranks[i]]; at < keyed->starts[ranks[i] + 1]; at++) {
            if ((Py_ssize_t)at >= keyed->count || (int64_t)keyed->rows[at] >= below)
                break; /* rows of a key go up */
            FETCH(codes + WORDS * (size_t)keyed->rows[at]);
            waiting[many++] = keyed->rows[at];
            if (many == AHEAD)
                for (; many; many--)
                    if (!check_pair(codes, waiting[many - 1], asked, forms, query, found))
                        return 0;
        }
    for (; many; many--)
        if (!check_pair(codes, waiting[many - 1], asked, forms, query, found))
            return 0;
    return 1;
}

INLINE int probe_keys(const uint64_t *codes, const Asked *asked, int forms, const Keyed *keyed, const Probes *probes,
                      Pairs *found)
{
    for (Py_ssize_t i = 0; i < probes->count; i++) {
        uint32_t ranks[AHEAD];
        int count = 0;
        for (Py_ssize_t j = 0; j < probes->each; j++) {
            const uint32_t key = probes->keys[i] ^ probes->masks[j], place = key >> 6, bit = key & 63;
            const uint64_t bits = keyed->bits[place];
            if (!(bits >> bit & 1))
                continue;
            const uint32_t rank = keyed->ranks[place] + (uint32_t)ONES(bits & (((uint64_t)1 << bit) - 1));
            if ((Py_ssize_t)rank >= keyed->keys)
                continue;
            FETCH(keyed->starts + rank);
            ranks[count++] = rank;
            if (count == AHEAD) {
                if (!look_at(codes, asked, forms, keyed, ranks, count, probes->queries[i], found))
                    return 0;
                count = 0;
            }
        }
        if (!look_at(codes, asked, forms, keyed, ranks, count, probes->queries[i], found))
            return 0;
    }
    return 1;
}

IN_FORMS(int, probe, popcnt,
         (const uint64_t *codes, const Asked *asked, int forms, const Keyed *keyed, const Probes *probes, Pairs *found),
         return probe_keys(codes, asked, forms, keyed, probes, found))

PyObject *native_join_turned(PyObject *self, PyObject *args)
{
    Py_buffer codes, forms, below;
    Asked asked;
    int done = 1;
    PyObject *pairs = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*i:join_turned", &codes, &forms, &below, &asked.radius))
        return NULL;
    asked.queries = forms.len / FORM_BYTES;
    if (codes.len % CODE_BYTES || forms.len % FORM_BYTES || below.len % 8 || below.len / 8 != asked.queries)
        PyErr_SetString(PyExc_ValueError, "wanted codes of 32 bytes, q queries of 256 and q int64");
    else if ((uintptr_t)codes.buf % 8 || (uintptr_t)forms.buf % 8 || (uintptr_t)below.buf % 8)
        PyErr_SetString(PyExc_ValueError, "wanted aligned arrays");
    else {
        Pairs found = {NULL, 0, 0};
        asked.forms = forms.buf;
        asked.below = below.buf;
        Py_BEGIN_ALLOW_THREADS
        if (asked.radius >= 0 && asked.queries)
            done = FASTEST_OF_THREE(join)(codes.buf, codes.len / CODE_BYTES, &asked, &found);
        Py_END_ALLOW_THREADS
        pairs = done ? PyByteArray_FromStringAndSize((const char *)found.pairs, found.count * (Py_ssize_t)sizeof(Pair))
                     : PyErr_NoMemory();
        free(found.pairs);
    }
    PyBuffer_Release(&codes);
    PyBuffer_Release(&forms);
    PyBuffer_Release(&below);
    return pairs;
}

/* Return as many int64 triples as `scans` kept in all, those of each query nearest first. */
static PyObject *nearest_pairs(Scan *scans, Py_ssize_t count)
{
    Py_ssize_t total = 0;
    PyObject *pairs;
    for (Py_ssize_t query = 0; query < count; query++) {
        if (scans[query].failed)
            return PyErr_NoMemory();
        total += scans[query].count;
    }
    pairs = PyByteArray_FromStringAndSize(NULL, total * (Py_ssize_t)sizeof(Pair));
    if (pairs != NULL) {
        Pair *next = (Pair *)(void *)PyByteArray_AsString(pairs);
        for (Py_ssize_t query = 0; query < count; query++) {
            native_sort_near(scans[query].kept, scans[query].count);
            for (Py_ssize_t i = 0; i < scans[query].count; i++)
                *next++ = (Pair){query, scans[query].kept[i].id, scans[query].kept[i].distance};
        }
    }
    return pairs;
}

PyObject *native_join_nearest(PyObject *self, PyObject *args)
{
    Py_buffer codes, queries;
    Py_ssize_t most;
    int bound;
    PyObject *pairs = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*ni:join_nearest", &codes, &queries, &most, &bound))
        return NULL;
    if (codes.len % CODE_BYTES || queries.len % CODE_BYTES || (uintptr_t)codes.buf % 8 || (uintptr_t)queries.buf % 8)
        PyErr_SetString(PyExc_ValueError, "wanted two aligned arrays of codes of 32 bytes");
    else if (most < 1)
        PyErr_SetString(PyExc_ValueError, "wanted at least one place for what is found");
    else {
        const Py_ssize_t count = queries.len / CODE_BYTES;
        Scan *scans = calloc((size_t)count + 1, sizeof(Scan));
        if (scans == NULL)
            PyErr_NoMemory();
        else {
            for (Py_ssize_t query = 0; query < count; query++)
                scans[query].most = most, scans[query].bound = bound;
            Py_BEGIN_ALLOW_THREADS
            if (bound >= 0)
                FASTEST_OF_THREE(nearest)(codes.buf, codes.len / CODE_BYTES, queries.buf, count, scans);
            Py_END_ALLOW_THREADS
            pairs = nearest_pairs(scans, count);
            for (Py_ssize_t query = 0; query < count; query++)
                free(scans[query].kept);
            free(scans);
        }
    }
    PyBuffer_Release(&codes);
    PyBuffer_Release(&queries);
    return pairs;
}

enum { CODES, ASKED, BELOW, OF, KEYS, MASKS, BITS, RANKS, STARTS, ROWS, ARRAYS };

/* Tell whether arrays fit each other: no key, row or query may lead out of them. */
static int fit(const Py_buffer *given, Py_ssize_t forms)
{
    static const Py_ssize_t each[ARRAYS] = {CODE_BYTES, CODE_BYTES, 8, 8, 4, 4, 8, 4, 4, 4};
    Py_ssize_t count[ARRAYS];
    const uint32_t *keys, *masks;
    const int64_t *of;
    for (int i = 0; i < ARRAYS; i++) {
        const Py_ssize_t unit = each[i] < 8 ? each[i] : 8;
        count[i] = given[i].len / each[i];
        if (given[i].len % each[i] || (uintptr_t)given[i].buf % (size_t)unit)
            return 0;
    }
    if (forms < 1 || count[ASKED] != forms * count[BELOW] || count[OF] != count[KEYS] || count[BITS] != count[RANKS] ||
        count[BITS] < 1 || (count[BITS] & (count[BITS] - 1)) || count[STARTS] < 1)
        return 0;
    of = given[OF].buf, keys = given[KEYS].buf, masks = given[MASKS].buf;
    for (Py_ssize_t i = 0; i < count[OF]; i++)
        if (of[i] < 0 || of[i] >= count[BELOW] || keys[i] >> 6 >= (size_t)count[BITS])
            return 0;
    for (Py_ssize_t i = 0; i < count[MASKS]; i++)
        if (masks[i] >> 6 >= (size_t)count[BITS])
            return 0;
    return 1;
}

PyObject *native_probe(PyObject *self, PyObject *args)
{
    Py_buffer given[ARRAYS];
    Py_ssize_t forms;
    int radius, done = 1;
    PyObject *pairs = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*y*y*ni:probe", given, given + 1, given + 2, given + 3, given + 4,
                          given + 5, given + 6, given + 7, given + 8, given + 9, &forms, &radius))
        return NULL;
    if (!fit(given, forms))
        PyErr_SetString(PyExc_ValueError, "wanted arrays that fit each other");
    else {
        const Asked asked = {given[ASKED].buf, given[BELOW].buf, given[BELOW].len / 8, radius};
        const Keyed keyed = {given[BITS].buf, given[RANKS].buf, given[STARTS].buf, given[ROWS].buf,
                             given[STARTS].len / 4 - 1, given[ROWS].len / 4, given[CODES].len / CODE_BYTES};
        const Probes probes = {given[OF].buf, given[KEYS].buf, given[MASKS].buf, given[OF].len / 8, given[MASKS].len / 4};
        Pairs found = {NULL, 0, 0};
        Py_BEGIN_ALLOW_THREADS
        done = FASTEST(probe, popcnt)(given[CODES].buf, &asked, (int)forms, &keyed, &probes, &found);
        Py_END_ALLOW_THREADS
        pairs = done ? PyByteArray_FromStringAndSize((const char *)found.pairs, found.count * (Py_ssize_t)sizeof(Pair))
                     : PyErr_NoMemory();
        free(found.pairs);
    }
    for (int i = 0; i < ARRAYS; i++)
        PyBuffer_Release(given + i);
    return pairs;
}
