/* libspanscope: signal propagation in random deep transformer stacks.
 *
 *     struct spanscope_error error;
 *     spanscope_model *model = spanscope_model_new("placement=spannorm layers=64 width=512", &error);
 *     spanscope_profile *profile = spanscope_sample(model, &(struct spanscope_sampling){.samples = 32}, &error);
 *     int q = spanscope_profile_find(profile, "activation_variance", &error);
 *     const double *mean = spanscope_profile_column(profile, q, SPANSCOPE_MEAN); // [L + 1]
 *
 * Letters: L blocks, T tokens, d features; a signal is [T][d]. Layer 0 is the input of the stack, layer l the output of
 * block l. All numbers are dimensionless; variances are mean squares per entry, logarithms natural unless they say 10.
 *
 * Numbers are those of the program spanscope for the same settings and seed, bit for bit on the same build, and do not
 * depend on the number of threads.
 *
 * Functions that can fail return NULL, or a negative number, and say in *error what, where and what was expected; error
 * may be NULL. On success error->code is SPANSCOPE_OK. Nothing is printed, and no argument is kept but where it says so.
 * Different objects may be used by different threads at once, one object by one at a time; a model may be shared.
 * The first call turns GSL's error handler off, which would end the process, and sets OpenBLAS to one thread. What only a
 * fault of the library can break is asserted: the process is aborted rather than given a wrong number.
 */
#ifndef SPANSCOPE_H
#define SPANSCOPE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPANSCOPE_API __attribute__((visibility("default")))

/* "0.1.0". Programs built against one major version run with every later library of it; before 1, of one minor. */
SPANSCOPE_API const char *spanscope_version(void);

/* ---- errors ---- */

enum {
    SPANSCOPE_OK = 0,
    SPANSCOPE_INPUT = -1,       /* a setting, formula, name or number that is none */
    SPANSCOPE_RESOURCE = -2,    /* memory, or a file that a setting names */
    SPANSCOPE_INTERRUPTED = -3, /* *stop was set */
};

struct spanscope_error {
    int code;
    char text[1024]; /* for a person; may hold several lines, without a newline at the end */
};

/* ---- models ---- */

/* Everything that decides the law of a stack. Immutable. */
typedef struct spanscope_model spanscope_model;

/* Settings as the command line has them, NAME=VALUE with blanks between them, values with blanks in '...':
 *     "placement='y = norm(x + attn(x)); x = norm(x + ffn(y))' init=unit layers=32 tokens=8 mask=causal"
 * What is not given is the program's default (spannorm, scaleinit, L = 16, d = 256, H = 4, T = 16). NULL is "".
 * spanscope help run lists the settings, spanscope list their names. SPANSCOPE_INPUT, with the nearest name, for what is
 * none, for a setting that nothing in the model reads, and for a formula's mistake with its line and column. */
SPANSCOPE_API spanscope_model *spanscope_model_new(const char *settings, struct spanscope_error *error);

/* Safe on NULL, like every _free here. Profiles keep what they need of their model. */
SPANSCOPE_API void spanscope_model_free(spanscope_model *model);

/* The value of a setting as text that spanscope_model_new takes (without quotes), whole formulas among them, into
 * buffer[size], cut where it is too long; returns its length, or a negative code. */
SPANSCOPE_API long spanscope_model_get(const spanscope_model *model, const char *setting, char *buffer, size_t size,
                                       struct spanscope_error *error);

/* ---- profiles ---- */

/* Every observable at every layer: a table of L + 1 rows and named columns. */
typedef struct spanscope_profile spanscope_profile;

/* Zero is the default of every member. */
struct spanscope_sampling {
    int64_t samples;    /* independent stacks; 16, or with a precision the most, 100000 */
    uint64_t seed;      /* as it is: 0 is a seed, and the program's default is 1 */
    uint64_t first;     /* index of the first sample: parts of one run may be drawn apart */
    double precision;   /* in (0, 1): sample until every 95 % interval's half-width is this fraction of its mean, of 1
                            for cosines; 0: draw all samples */
    const char *engine; /* "dense", "conditioned" (the same law, cheaper for wide models); NULL: the cheaper */
    int threads;        /* as many as there are processors */
    size_t memory;      /* bytes, at most; three quarters of what is free */
    int per_token;      /* not 0: columns by position too */
    const volatile sig_atomic_t *stop; /* NULL, or looked at while it runs: nonzero ends it */
};

/* Samples random stacks, forward and in exact reverse mode. sampling NULL: all defaults. Where *stop was set after some
 * samples were done, their profile is returned and error->code is SPANSCOPE_INTERRUPTED. */
SPANSCOPE_API spanscope_profile *spanscope_sample(const spanscope_model *model,
                                                  const struct spanscope_sampling *sampling,
                                                  struct spanscope_error *error);

struct spanscope_prediction {
    double error;    /* in (0, 1): standard error aimed at, relative to the value, of cosines to 1; 0.003, and 0.05 for
                        what is not drawn */
    uint64_t seed;   /* of what is drawn */
    int width_limit; /* not 0: the limit of infinite width and many heads; else at the model's own */
    int replicas;    /* without: draw stacks, that many at most; without it as many as two seconds allow */
    int draws;       /* in the limit: attention matrices per block and batch; 256 */
    int full;        /* not 0: draw where exchangeable tokens have a closed form, too */
    int threads;     /* as many as there are processors */
    int per_token;   /* not 0: columns by position too */
    const volatile sig_atomic_t *stop;
};

/* What samples have at the model's own width, from Gram matrices of the tokens, without sampling, or what they converge
 * to, which is off by T/d, H/d and 1/d. prediction NULL: all defaults. */
SPANSCOPE_API spanscope_profile *spanscope_predict(const spanscope_model *model,
                                                   const struct spanscope_prediction *prediction,
                                                   struct spanscope_error *error);

/* Floors and ceilings of expectations in the limit of infinite width and many heads, whatever the attentions do: only
 * SPANSCOPE_FLOOR and SPANSCOPE_CEILING hold numbers, where a bound is known. */
SPANSCOPE_API spanscope_profile *spanscope_bound(const spanscope_model *model, int per_token,
                                                 struct spanscope_error *error);

SPANSCOPE_API void spanscope_profile_free(spanscope_profile *profile);

/* ---- reading ---- */

enum spanscope_statistic {
    SPANSCOPE_MEAN,       /* over samples */
    SPANSCOPE_SD,         /* standard deviation over samples */
    SPANSCOPE_SE,         /* standard error of the mean; 0 where a prediction is exact */
    SPANSCOPE_LO,         /* the two-sided 95 % Student interval of the mean: lower end */
    SPANSCOPE_HI,         /* upper end */
    SPANSCOPE_LOG10_MEAN, /* of means beyond the range of double, too */
    SPANSCOPE_MEAN_LOG,   /* mean and standard deviation of the logarithm over samples: what deep narrow stacks are */
    SPANSCOPE_SD_LOG,     /* nearly normal in */
    SPANSCOPE_FLOOR,
    SPANSCOPE_CEILING,
    SPANSCOPE_STATISTICS
};

/* L, the number of columns, and that of the samples drawn (of a prediction, its replicas; of bounds 0). */
SPANSCOPE_API int spanscope_profile_layers(const spanscope_profile *profile);
SPANSCOPE_API int spanscope_profile_columns(const spanscope_profile *profile);
SPANSCOPE_API int64_t spanscope_profile_samples(const spanscope_profile *profile);

/* Column number `column` from 0: its name, such as gradient_variance or branch_ratio.attn, and what it is, in words;
 * NULL where there is none. They live as long as the profile. */
SPANSCOPE_API const char *spanscope_profile_name(const spanscope_profile *profile, int column);
SPANSCOPE_API const char *spanscope_profile_summary(const spanscope_profile *profile, int column);

/* Number of the column of that name; SPANSCOPE_INPUT, with the nearest name, where there is none. */
SPANSCOPE_API int spanscope_profile_find(const spanscope_profile *profile, const char *name,
                                         struct spanscope_error *error);

/* A statistic of a column at layers 0 to L, [L + 1]; NaN where there is no number (a layer that does not have the
 * observable, an sd of one sample, what is out of the range of double). It lives as long as the profile; NULL where there
 * is no such column or statistic. */
SPANSCOPE_API const double *spanscope_profile_column(const spanscope_profile *profile, int column,
                                                     enum spanscope_statistic statistic);

/* A statistic of a quantity of the whole stack, such as gradient_ratio (spanscope list quantities), into *value; NaN where
 * there is none. Returns a code. */
SPANSCOPE_API int spanscope_profile_quantity(const spanscope_profile *profile, const char *quantity,
                                             enum spanscope_statistic statistic, double *value,
                                             struct spanscope_error *error);

#ifdef __cplusplus
}
#endif
#endif
