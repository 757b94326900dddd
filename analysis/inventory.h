/* A store as a whole: what it holds, whether it is as it was written, and less of it. */
#ifndef SPANSCOPE_ANALYSIS_INVENTORY_H
#define SPANSCOPE_ANALYSIS_INVENTORY_H

#include "analysis/store.h"

/* All configurations in the order in which they were added, with how many samples they have. */
struct inventory {
    struct store_config *configs;
    int count;
};

int inventory_read(struct store *store, struct inventory *inventory, struct error *error);

void inventory_free(struct inventory *inventory);

/* Removes a configuration and its samples. inventory_compact gives the room back to the file system. */
int inventory_remove(struct store *store, int64_t config, struct error *error);
int inventory_compact(struct store *store, struct error *error);

/* Reads everything and compares sums. Damaged samples are counted, and dropped where drop is true; ERROR_RESOURCE where
 * the file itself is damaged. */
int inventory_check(struct store *store, bool drop, int64_t *damaged, struct error *error);

#endif
