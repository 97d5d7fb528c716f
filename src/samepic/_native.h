/* What the files of the native part share. */

#ifndef SAMEPIC_NATIVE_H
#define SAMEPIC_NATIVE_H

/* One build serves every Python from 3.11 on, if no format of arguments has a "#": its meaning changed in 3.13. */
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <stdint.h>

#define CODE_BYTES 32
#define WORDS (CODE_BYTES / 8)

/* A ROLLED loop of eight becomes one operation on eight numbers: unrolled first, it would not. */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define ROLLED _Pragma("GCC unroll 1")
#define UNROLLED _Pragma("GCC unroll 16")
#else
#define INLINE static inline
#define ROLLED
#define UNROLLED
#endif

/* Code for newer processors beside that for all, chosen when it runs. */
#if defined(__GNUC__) && defined(__x86_64__)
#define HAS_VARIANTS 1
#define VARIANT(name) __attribute__((target(name)))
#define RUNS(name) __builtin_cpu_supports(name)
#define IN_FORMS(Result, name, variant, parameters, body)                                                              \
    static Result name##_plain parameters { body; }                                                                    \
    VARIANT(#variant) static Result name##_##variant parameters { body; }
#define FASTEST(name, variant) (RUNS(#variant) ? name##_##variant : name##_plain)
#define FASTEST_OF_THREE(name) (RUNS("avx2") && RUNS("popcnt") ? name##_avx2 : FASTEST(name, popcnt))
#else
#define IN_FORMS(Result, name, variant, parameters, body) static Result name##_plain parameters { body; }
#define FASTEST(name, variant) name##_plain
#define FASTEST_OF_THREE(name) name##_plain
#endif

/* Whether there is room for one more in a list of `count` items with `room`, which grows from `first` by doubling. */
#define HAS_ROOM(list, items, first)                                                                                   \
    ((list)->count < (list)->room ||                                                                                   \
     ((list)->items = native_grown((list)->items, &(list)->room, sizeof *(list)->items, first),                        \
      (list)->count < (list)->room))

#if defined(__GNUC__)
#define ONES(x) __builtin_popcountll(x)
#else
#define ONES(x) ones(x)
INLINE int ones(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (int)(x * 0x0101010101010101u >> 56);
}
#endif

INLINE int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* A code and how far it is. */
typedef struct {
    int64_t id;
    int64_t distance;
} Near;

/* What a scan keeps: at most `most` codes (a heap, farthest first) of at most `bound` bits, or all where most < 0. */
typedef struct {
    Near *kept;
    Py_ssize_t count, room, most;
    int64_t bound;
    int failed;
} Scan;

/* Add an item to such a list; false where there is no memory. */
#define ADDED(list, items, first, item)                                                                                \
    (HAS_ROOM(list, items, first) ? ((list)->items[(list)->count++] = (item), 1) : 0)

/* Return the items with twice the room, or as they were where there is no memory. */
void *native_grown(void *items, Py_ssize_t *room, size_t size, Py_ssize_t first);

/* Call without the interpreter's lock; return `found`, or NULL with an error where the call had no memory. */
PyObject *native_run(PyObject *found, int (*call)(const void *), const void *parts);

void native_keep(Scan *scan, Near found);
void native_sort_near(Near *kept, Py_ssize_t count);

PyObject *native_join_turned(PyObject *self, PyObject *args);
PyObject *native_join_nearest(PyObject *self, PyObject *args);
PyObject *native_probe(PyObject *self, PyObject *args);
PyObject *native_samples(PyObject *self, PyObject *args);
PyObject *native_code(PyObject *self, PyObject *args);
PyObject *native_network(PyObject *self, PyObject *args);
PyObject *native_correlation(PyObject *self, PyObject *args);
PyObject *native_level(PyObject *self, PyObject *args);
PyObject *native_odds(PyObject *self, PyObject *args);
PyObject *native_cells(PyObject *self, PyObject *args);
PyObject *native_corners(PyObject *self, PyObject *args);
PyObject *native_describe(PyObject *self, PyObject *args);
PyObject *native_screens(PyObject *self, PyObject *args);
PyObject *native_png_pixels(PyObject *self, PyObject *args);
PyObject *native_excess(PyObject *self, PyObject *args);
PyObject *native_eighth(PyObject *self, PyObject *args);
PyObject *native_differ(PyObject *self, PyObject *args);
PyObject *native_shrunk(PyObject *self, PyObject *args);
PyObject *native_planes(PyObject *self, PyObject *args);
PyObject *native_sharpness(PyObject *self, PyObject *args);
PyObject *native_tone(PyObject *self, PyObject *args);
PyObject *native_mix(PyObject *self, PyObject *args);
PyObject *native_ssimulacra(PyObject *self, PyObject *args);

#endif
