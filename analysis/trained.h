/* Training runs that a store keeps (analysis/store): of a finished one what it has come to, of one on its way its whole
 * state. Either is bytes that whoever keeps them understands.
 *
 * A run is known by the law that decides its bits and by its settings as JSON, without the names of formulas.
 */
#ifndef SPANSCOPE_ANALYSIS_TRAINED_H
#define SPANSCOPE_ANALYSIS_TRAINED_H

#include "analysis/store.h"

struct trained_run {
    int64_t id;   /* in its store */
    char *law;    /* beside the settings */
    json_t *run;  /* the settings: "config" of the model (analysis/config), and whatever else decides the bits */
    int64_t done; /* steps */
    bool finished;
};

/* The bytes that are kept, which the caller frees; NULL where there are none. ERROR_RESOURCE where they are damaged. */
int trained_find(struct store *store, const char *law, const json_t *run, char **bytes, size_t *length,
                 struct error *error);

/* Keeps them from now on, unless as many steps of the run are kept already. */
int trained_keep(struct store *store, const struct trained_run *run, const char *bytes, size_t length,
                 struct error *error);

/* All runs in the order in which they were added. */
struct trained_list {
    struct trained_run *runs;
    int count;
};

int trained_list(struct store *store, struct trained_list *list, struct error *error);
void trained_list_free(struct trained_list *list);

int trained_remove(struct store *store, int64_t id, struct error *error);

/* Keeps a run of one store in another. */
int trained_copy(struct store *from, const struct trained_run *run, struct store *to, struct error *error);

/* Adds the number of damaged runs, which are removed where drop is true. */
int trained_check(struct store *store, bool drop, int64_t *damaged, struct error *error);

#endif
