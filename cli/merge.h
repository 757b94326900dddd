/* Profiles from stores of samples, and the command `merge`. */
#ifndef SPANSCOPE_CLI_MERGE_H
#define SPANSCOPE_CLI_MERGE_H

#include "analysis/inventory.h"
#include "cli/format.h"
#include "cli/options.h"

/* A configuration that several stores may have samples of. */
struct merge_config {
    struct model model;
    const struct store_config *config; /* of the first store that has it */
    int64_t *ids;                      /* [stores], -1 where one does not have it */
};

struct merge {
    struct store *stores; /* [store_count], open */
    struct inventory *lists;
    int store_count;
    struct merge_config *configs; /* in the order of the first store, then of the second for what it adds, ... */
    int config_count;
    struct sweep sweep; /* what varies between them */
};

/* Whether a configuration is wanted. */
typedef bool merge_filter(const void *context, const struct store_config *config, const struct model *model);

/* filter: NULL for all. paths must outlive the merge. */
int merge_open(struct merge *merge, char *const paths[], int count, merge_filter *filter, const void *context,
               struct error *error);
void merge_close(struct merge *merge);

/* Hands over a configuration's samples in the order of their indices, up to the first that no store has, and says how
 * many there are behind it. ERROR_RESOURCE where two stores have different values of one sample. */
int merge_samples(struct merge *merge, const struct merge_config *config, sampler_visitor *visit, void *context,
                  int64_t *beyond, struct error *error);

/* Writes the profile of every configuration. gaps: how many have samples behind a gap, which are left out; said in words
 * unless quiet. */
int merge_write(struct merge *merge, const struct format *format, struct format_page *page, bool quiet, int *gaps,
                struct error *error);

/* Says on standard error that so many training runs are not among the profiles; nothing of none. */
void merge_tell_trained(const char *command, int count);

extern const struct options_command merge_options;

/* Takes argv[0] as the command's name; returns the exit status. */
int merge_command(int argc, char **argv);

#endif
