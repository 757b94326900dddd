/* The type of tensors: signals, cotangents, matrices. What is said of them (observables, losses, norms, counts) is
 * double whatever it is.
 *
 * Sources that hold tensors are compiled twice, the second time with -DSINGLE; all names that these objects define are
 * then given the ending _single (Makefile). So a source knows one type, one BLAS and its own tables, and other sources,
 * compiled once, are shared. Who is compiled once sees doubles only; sim/precision and train/trainers are the ways to
 * the others.
 * Structures look the same from both sides: they hold pointers to numbers and no numbers of the type. */
#ifndef SPANSCOPE_SIM_REAL_H
#define SPANSCOPE_SIM_REAL_H

#include <float.h>
#include <stddef.h>
#include <string.h>

/* REAL_DOT adds up in double, blocks of floats in float before; REAL_SQUARE(count, a) = sum a^2 in double altogether.
 * REAL_RESOLVED is what rounding makes of 1 - r where r = 1, in deep stacks; mean squares between REAL_SQUARE_MIN and
 * _MAX leave room for the sums and products of a block. */
#ifdef SINGLE
typedef float real;
#define REAL_NAME           "single precision"
#define REAL_BLAS(name)     cblas_s##name
#define REAL_LAPACK(name)   LAPACKE_s##name
#define REAL_DOT            cblas_dsdot
#define REAL_SQUARE         real_square
#define REAL_EPSILON        FLT_EPSILON
#define REAL_MIN            FLT_MIN
#define REAL_MAX            FLT_MAX
#define REAL_RESOLVED       (8 * FLT_EPSILON)
#define REAL_SQUARE_MIN     (FLT_MIN / FLT_EPSILON)
#define REAL_SQUARE_MAX     (FLT_MAX * FLT_EPSILON)
#define REAL_ROW(rows, row) (&(rows)[real_row(rows, sizeof *(rows), (row)->name)])
#else
typedef double real;
#define REAL_NAME           "double"
#define REAL_BLAS(name)     cblas_d##name
#define REAL_LAPACK(name)   LAPACKE_d##name
#define REAL_DOT            cblas_ddot
#define REAL_SQUARE(n, a)   cblas_ddot((int)(n), a, 1, a, 1)
#define REAL_EPSILON        DBL_EPSILON
#define REAL_MIN            DBL_MIN
#define REAL_MAX            DBL_MAX
#define REAL_RESOLVED       0
#define REAL_SQUARE_MIN     DBL_MIN
#define REAL_SQUARE_MAX     DBL_MAX
#define REAL_ROW(rows, row) (row)
#endif

static inline double real_square(size_t count, const real *a)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)a[i];
    return sum;
}

/* REAL_ROW is a row of this precision's table: a model's and a plan's rows are those of double. This is the index of
 * the row of that name, which exists; rows begin with their names. */
static inline size_t real_row(const void *rows, size_t size, const char *name)
{
    size_t i = 0;
    while (strcmp(*(const char *const *)((const char *)rows + i * size), name) != 0)
        i++;
    return i;
}

#endif
