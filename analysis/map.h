/* Trainability maps: what a stack does from end to end, predicted over a grid of two numbers of its configuration. */
#ifndef SPANSCOPE_ANALYSIS_MAP_H
#define SPANSCOPE_ANALYSIS_MAP_H

#include "analysis/gauge.h"
#include "sim/setting.h"

enum { MAP_COUNT = 50, MAP_COUNT_MOST = 2000 };

/* An axis: a setting that is a number. */
struct map_axis {
    char name[GRAPH_NAME_MAX];
    const struct setting *setting;
    bool logarithmic;
    int count;
    double *values; /* [count], ascending */
};

/* Text is NAME=FROM:TO[:COUNT][:log|:lin]: COUNT values (50) from FROM to TO, evenly (lin) or by equal ratios (log).
 * Whole numbers are rounded and named once, and have whole ends. ERROR_INPUT says what is wrong and the nearest name. */
int map_axis_parse(struct map_axis *axis, const char *text, struct error *error);
void map_axis_free(struct map_axis *axis);

/* Value i as a setting's text. */
void map_axis_text(const struct map_axis *axis, int i, char *text, size_t size);

/* What is kept of a prediction: quantities (analysis/gauge) by their text. */
struct map_value {
    const char *name;
    const char *summary;
};

extern const struct map_value map_values[];
enum { MAP_VALUES = 6 };

/* Makes the checked model of grid point x, y; called from several threads at once. */
typedef int map_model(void *context, int x, int y, struct model *model, struct error *error);

struct map_point {
    double values[MAP_VALUES]; /* NAN where there is none */
    double errors[MAP_VALUES]; /* their standard errors: 0 where nothing was drawn, NAN where they are not known */
    double order_error;        /* what a closed form to first order in T/d leaves, relative, as it estimates; else 0 */
    bool drawn;
};

struct map {
    struct map_axis x, y;
    struct map_point *points;  // [y.count][x.count]
    size_t done;               /* points that were predicted, or cannot be: all unless interrupted */
    size_t beyond;             /* points whose prediction leaves the range of double: all NAN */
    size_t first;              /* of them, by number y x.count + x */
    struct error first_beyond; /* why that one does */
};

struct map_plan {
    map_model *model;
    void *context;
    struct moments_options moments;                           /* of a point, which takes one thread */
    int threads;                                              /* points in parallel; results do not depend on it */
    int share, shares;                                        /* only part `share` of so many; 0 of 0: all */
    void (*progress)(void *context, size_t done, size_t all); /* may be NULL; all of this share */
    void *progress_context;
};

/* Whether a point belongs to part `share` of so many: by diagonals, so that each part has as many dear points. */
bool map_shares(const struct map *map, size_t point, int share, int shares);

/* Makes the model of every point, and checks its blocks: ERROR_INPUT names the first that is none, "heads = 3, layers = 1". */
int map_check(const struct map *map, const struct map_plan *plan, struct error *error);

/* Predicts every point of the axes, which are parsed, after map_check, so that a mistake costs no time. ERROR_INTERRUPTED
 * leaves the points that are done, and NAN elsewhere, as where a point is another's share. */
int map_predict(struct map *map, const struct map_plan *plan, struct error *error);
void map_free(struct map *map);

#endif
