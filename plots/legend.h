/* What distinguishes profiles goes to the key, what they share to the caption. */
#ifndef SPANSCOPE_PLOTS_LEGEND_H
#define SPANSCOPE_PLOTS_LEGEND_H

#include <stdbool.h>

#include "plots/saved.h"

enum legend_grouping {
    LEGEND_EACH,     /* every profile has a name of its own */
    LEGEND_BY_DEPTH, /* profiles that differ in depth only share a name */
};

struct legend {
    char **names; /* [count], plain text: "prenorm, unit" */
    int *groups;  /* [count], from 0: equal where the names are, but for measured against predicted */
    size_t count;
    int group_count;
    char *caption; /* plain text: "d = 512, T = 32, relu" */
};

int legend_init(struct legend *legend, const struct saved_list *list, enum legend_grouping grouping,
                struct error *error);
void legend_free(struct legend *legend);

#endif
