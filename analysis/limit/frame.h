/* Signals as coordinates: what an infinitely or finitely wide signal is to whoever sees it through Grams alone.
 *
 * Signals of one space have the same m features. Norms, sums and maps see them through inner products only, so that any
 * orthonormal frame of R^m serves in place of the features: a signal is an array [rows][columns] of coordinates over
 * sqrt(m), and c c^T is its Gram per feature. A frame starts with the direction of equal features (column `population`)
 * and grows as fresh signals come about. In the limit m -> infinity they are orthogonal to all that was there; at a
 * finite width (`drawn`) they are Gaussian along it, and Bartlett's factor stands for the rest, so that signals and
 * their Grams have exactly the law of dense samples at a cost that does not depend on m.
 *
 * What acts on single features (functions, products, heads) needs features: a space's first `population` columns are
 * features drawn one by one, over sqrt(population/share). Grams are then `share` theirs, 1 - share the frame's, which
 * has their law: with share^2 = population/m the Gram's fluctuation has the first two moments of m features.
 *
 * Exchangeable tokens have two rows: the mean over tokens, and what any direction across it has, with the Gram's two
 * eigenvalues as squares.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_FRAME_H
#define SPANSCOPE_ANALYSIS_LIMIT_FRAME_H

#include "analysis/limit/gram.h"
#include "analysis/limit/pool.h"
#include "sim/stream.h"

struct space {
    struct gram_space grams; /* of its tokens */
    int width;               /* m */
    int population;          /* features held one by one */
    double share;            /* theirs of every Gram: 0 without, 1 where there is no frame */
    bool drawn;              /* the frame is that of a finite width */
    int tile;                /* > 0: the population is that many copies of an orthogonal basis instead of normals,
                                each with a column for every row at least */
    int columns;             /* in use so far */
};

struct signal {
    int columns;
    double *at; // [frame_rows][columns]; NULL for 0
};

int frame_rows(const struct space *space);

bool frame_is_zero(const struct space *space, const struct signal *signal);
/* Whether a signal of that square can go on to another block: it is neither beyond double nor below its normal numbers,
 * or 0 because all of the signal is. */
bool frame_in_range(const struct space *space, const struct signal *signal, double square);

/* Columns of a space without signals. */
int frame_first(const struct space *space);

/* gram = factor times the Gram per feature. */
void frame_gram(const struct space *space, double factor, const struct signal *signal, double *gram);

/* Of the frame's part alone, without its mean where `centred`: the law of one feature. */
void frame_law(const struct space *space, const struct signal *signal, bool centred, double *gram);

/* Its mean over features of the frame's part, share < 1; and of all. */
double frame_mean(const struct space *space, const struct signal *signal, int row);
double frame_mean_of(const struct space *space, const struct signal *signal, int row);

/* Adds a number by token to all features; and to those of the frame's part alone, share < 1. */
void frame_add_mean(const struct space *space, const double *mean, const struct signal *signal);     // [gram_rows]
void frame_add_law_mean(const struct space *space, const double *mean, const struct signal *signal); // [gram_rows]

/* Mean square per feature of token `row`, and sum over tokens of a product, per feature. */
double frame_square(const struct space *space, const struct signal *signal, int row);
double frame_dot(const struct space *space, const struct signal *a, const struct signal *b);

/* Of all tokens: the mean square of a token without the part that all share; the mean cosine over ordered pairs of those
 * from `first` on that are not zero, NaN where there are fewer than two; the Gram's trace over its largest eigenvalue,
 * NaN where there is none. By coordinates, which keep the digits of what is small beside what is shared. */
double frame_specific(const struct space *space, const struct signal *signal, struct pool *work);
double frame_cosine(const struct space *space, const struct signal *signal, int first, struct pool *work);
double frame_stable_rank(const struct space *space, const struct signal *signal, struct pool *work);

/* rows rows^T is a Gram: [T][rank], lower triangular where it has as many columns as rows; of exchangeable tokens the
 * two rows, rank 1. Or, of tokens alike, `steps` in place of the rows: what is on the diagonal, [0][T], and the same
 * in every row below it, [1][T]. */
struct factor {
    int rank;
    bool lower;
    double *rows, *steps;
};

struct factor frame_factor(struct gram_space grams, const double *gram, struct pool *work);

/* Of the Gram of tokens any two of which have the product shared >= 0; each one's square is own[gram_rows] more. */
struct factor frame_factor_alike(const struct space *space, const double *own, double shared, struct pool *work);

/* Of a sum over signals, in a list. */
struct frame_part {
    double factor;
    struct signal signal;
    const double *gram; /* of the signal, where it is known; may be NULL */
    struct frame_part *next;
};

/* Of its Gram: the coordinates themselves where they are few, in place where there is but one signal, times 1. */
struct factor frame_factor_sum(const struct space *space, const struct frame_part *parts, struct pool *work);

/* Whether all of the space is along its frame, so that nothing fresh lies across it. */
bool frame_is_full(const struct space *space);

/* A signal of independent Gaussian features whose Gram is the factor's, independent of all others of the space. unit,
 * unless NULL, becomes what the factor was multiplied by, [rank][columns]. Normals are those of the address. */
struct signal frame_fresh(struct space *space, const struct factor *factor, const struct stream_address *address,
                          struct pool *work, struct signal *unit);

/* The same, of the frame's part alone: what is added to it has this law. */
struct signal frame_law_signal(struct space *space, const struct factor *factor, struct pool *work);

/* signal *= factor. */
void frame_scale(const struct space *space, double factor, const struct signal *signal);

/* to += factor from, and row by row; `to` is moved where its columns do not suffice. */
void frame_add(const struct space *space, double factor, const struct signal *from, struct signal *to,
               struct pool *work);
void frame_add_rows(const struct space *space, const double *factor, const struct signal *from, struct signal *to,
                    struct pool *work);

/* A signal of zeros. */
struct signal frame_zero(const struct space *space, int columns, struct pool *work);

#endif
