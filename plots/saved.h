/* Saved profiles: files of JSON objects, as `run` and `predict` write them. */
#ifndef SPANSCOPE_PLOTS_SAVED_H
#define SPANSCOPE_PLOTS_SAVED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/document.h"
#include "sim/error.h"
#include "sim/model.h"

/* One profile. Strings and objects belong to root. */
struct saved {
    json_t *root;
    json_t *config; /* with what the profile says of a training; read only: jansson iterates over what is not const */
    const json_t *rows;  /* the array "layers" */
    struct model *model; /* that config describes; NULL where it cannot be made again */
    const char *kind, *placement, *init;
    int layers;  /* L; a row's layer is 0..L, some may be missing. Of a run of `train`: its last step */
    size_t line; /* where it stands in its file, from 1 */
};

enum { SAVED_MOST = 4096 };

struct saved_list {
    struct saved *profiles;
    size_t count;
    bool runs;          /* runs of `train` are taken too (plots/learning), else passed over */
    const char *others; /* what the reader takes besides, for messages: ", \"spanscope/map/1\""; or NULL */
};

/* An observable of one layer over n samples. NaN where the file has null or nothing: a mean outside the range of double
 * is known by log10_mean alone; predictions have no interval and no spread, n is 0. */
struct saved_value {
    double mean, se, lo, hi, log10_mean;
    double mean_log, sd_log; /* of the natural logarithm, where every sample is positive */
    double n;
};

/* Appends the profiles of a file ("-": standard input) to the list, which starts zeroed. Keys that are not known are
 * ignored. ERROR_RESOURCE, with file and line, for a file that cannot be read or is not made of profiles; the list then
 * keeps what it had. */
int saved_read(const char *path, struct saved_list *list, struct error *error);

/* The same from where a file is open already, such as one that can be read only once. */
int saved_take(struct document_reader *reader, struct saved_list *list, struct error *error);
void saved_free(struct saved_list *list);

/* The configuration's value, or otherwise where it is absent or of another type. */
double saved_number(const struct saved *profile, const char *key, double otherwise);
const char *saved_text(const struct saved *profile, const char *key, const char *otherwise);

/* Whether it was not measured behind steps of a training, of which theory and predictions say nothing. */
bool saved_is_initial(const struct saved *profile);

/* Rows in the order of their layers. */
size_t saved_rows(const struct saved *profile);
int saved_layer(const struct saved *profile, size_t row);

/* False where the layer does not have the observable. */
bool saved_value(const struct saved *profile, size_t row, const char *observable, struct saved_value *value);

/* The last position of which the row has a column, OBSERVABLE.token7; 0 where it has none. */
int saved_tokens(const struct saved *profile, size_t row, const char *observable);

/* The "floor" or "ceiling" that `predict --bounds` gives an observable; NAN where there is none within double. */
double saved_limit(const struct saved *profile, size_t row, const char *observable, const char *limit);

/* The row of that layer; false where there is none. */
bool saved_find(const struct saved *profile, int layer, size_t *row);

#endif
