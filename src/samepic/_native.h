/* What the files of the native part share. */

#ifndef SAMEPIC_NATIVE_H
#define SAMEPIC_NATIVE_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#define CODE_BYTES 32

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* Code for newer processors beside that for all, chosen when it runs. */
#if defined(__GNUC__) && defined(__x86_64__)
#define HAS_VARIANTS 1
#define VARIANT(name) __attribute__((target(name)))
#define RUNS(name) __builtin_cpu_supports(name)
#endif

PyObject *native_samples(PyObject *self, PyObject *args);
PyObject *native_code(PyObject *self, PyObject *args);
PyObject *native_correlation(PyObject *self, PyObject *args);
PyObject *native_energies(PyObject *self, PyObject *args);
PyObject *native_screens(PyObject *self, PyObject *args);
PyObject *native_png_pixels(PyObject *self, PyObject *args);

#endif
