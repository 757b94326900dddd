/* Products with few rows and many columns, the shape of everything that a conditioned sample multiplies: T x T by T x
 * n, and T x n by n x T. OpenBLAS first sets the result to zero and copies both factors, which costs as much as these
 * products themselves when the inner length is 8 to 64 (bench/conditioned prints both rates). Row-major, strides in
 * reals, no overlap. */
#ifndef SPANSCOPE_SIM_PANEL_H
#define SPANSCOPE_SIM_PANEL_H

#include <stdbool.h>

#include "sim/lanes.h"

/* Columns that are summed up together. */
enum { PANEL_STRIP = 2 * REALS };

/* Rows from which products are left to OpenBLAS, where other sizes allow it. */
enum { PANEL_LONG = 128 };

/* A matrix whose entry (i, j) is at base[i * row + j * column]. */
struct panel_view {
    const real *base;
    size_t row, column;
};

/* The whole strips of a right factor, row k of strip s at base[s * strip + k * row]. */
struct panel_strips {
    const real *base;
    size_t strip, row;
};

/* Where they are: b.column is 1; and one behind the other in work [inner][columns]. */
struct panel_strips panel_in_place(struct panel_view b);
struct panel_strips panel_pack(int inner, int columns, struct panel_view b, real *work);

/* c = beta c + a b, a rows x inner, b inner x columns with its whole strips, c [rows][columns]; beta 0 or 1, and 0 reads
 * nothing from c. Results are kept in registers over the whole inner length. */
void panel_product(int rows, int inner, int columns, struct panel_view a, struct panel_view b,
                   struct panel_strips strips, double beta, real *c);

/* c = beta c + a b, a [rows][inner], b [inner][columns], c [rows][columns]; beta 0 or 1, and 0 reads nothing from c.
 * lower: the entries of a right of its diagonal are 0, and most of them are passed over. */
void panel_multiply(int rows, int inner, int columns, const real *a, int a_stride, bool lower, const real *b,
                    int b_stride, double beta, real *c, int c_stride);

/* c = beta c + a b^T, a [rows][columns], b [others][columns], c [rows][others]. */
void panel_inner(int rows, int others, int columns, const real *a, int a_stride, const real *b, int b_stride,
                 double beta, real *c, int c_stride);

/* c = a a^T, a [rows][columns], c [rows][rows]. */
void panel_gram(int rows, int columns, const real *a, real *c);

#endif
