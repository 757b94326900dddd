/* Curves as they are drawn, and what is to be known to make them. */
#ifndef SPANSCOPE_PLOTS_SERIES_H
#define SPANSCOPE_PLOTS_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "plots/abscissa.h"
#include "plots/fit.h"
#include "plots/legend.h"
#include "plots/quantity.h"
#include "plots/saved.h"

enum { SERIES_VARIANTS = 3 };

/* Of a column by token, which `run --per-token` writes. */
enum series_position { SERIES_ALL_TOKENS, SERIES_FIRST_TOKEN, SERIES_MIDDLE_TOKEN, SERIES_LAST_TOKEN };

struct series_choice {
    const struct abscissa *abscissa;
    const struct quantity *quantity;
    struct {
        const char *observable; /* or a column of one: branch_ratio.attn */
        const char *label;      /* tells variants apart in the key; NULL where there is one */
        bool top;               /* off the abscissae of layers: read at layer L, else at layer 0 */
        enum series_position position;
    } variants[SERIES_VARIANTS];
    const char
        *along[SERIES_VARIANTS]; /* a key of the configuration that is x, in place of the abscissa's; NULL: none */
    double slope; /* of a grey line for comparison through the first point of the first curve, both axes logarithmic
                     or neither; 0: none */
    const char *slope_label;
    enum fit_kind fit; /* what names end with */
};

/* As drawn: on a logarithmic axis y, lo and hi are log10. The interval is NaN where unknown; on a logarithmic axis lo
 * is -INFINITY where the interval reaches 0 or below. */
struct series_point {
    double x, y, lo, hi; /* x is log10 on a logarithmic abscissa */
};

enum series_role {
    SERIES_MEASURED,
    SERIES_PREDICTED,
    SERIES_FLOOR,
    SERIES_CEILING,
    SERIES_EXACT,
    SERIES_SLOPE,
    SERIES_ROLES
};

struct series {
    char *name;        /* plain text; empty for a line of theory that belongs to several profiles */
    const char *label; /* what follows the name, as gnuplot's enhanced text; NULL where nothing does */
    enum series_role role;
    int group; /* of the legend: the colour; -1 where several groups share a line of theory */
    int variant;
    struct series_point *points; /* [count] */
    size_t count, zeros;         /* zeros: points that a logarithmic axis does not reach */
};

struct series_list {
    struct series *series; /* data, then theory */
    size_t count;
    char zeros[300]; /* on a logarithmic axis: the names of what is 0, everywhere or somewhere; plain text */
};

/* What the curves of a figure are made from. */
struct series_source {
    const struct series_choice *choice;
    bool logarithmic;                          /* y */
    const struct saved_list *profiles, *shown; /* all, and those that curves are made of */
    const struct legend *legend;               /* of shown */
};

/* Lines without data: of theory, or for comparison. */
bool series_is_theory(const struct series *series);

/* A new series at the end of the list, without points but with room for them; its name is copied. NULL without
 * memory. */
struct series *series_append(struct series_list *list, const char *name, size_t room);

/* ERROR_RESOURCE, in the words for all that is made of curves. */
int series_no_memory(struct error *error);

/* Those behind it move up. */
void series_remove(struct series_list *list, size_t index);
void series_remove_last(struct series_list *list);
void series_free(struct series_list *list);

#endif
