/* What distinguishes profiles goes to the key, what they share to the caption. */
#ifndef SPANSCOPE_PLOTS_LEGEND_H
#define SPANSCOPE_PLOTS_LEGEND_H

#include <stdbool.h>

#include "plots/abscissa.h"
#include "plots/saved.h"

struct legend {
    char **names;         /* [count], plain text: "prenorm, unit" */
    int *groups;          /* [count], from 0: equal where the names are, but for measured against predicted */
    size_t *first, *next; /* [count], profiles of the same name: the first, and the next behind (count: none) */
    size_t count;
    int group_count;
    char *caption; /* plain text: "d = 512, T = 32, relu" */
};

/* Along an abscissa of profiles, those that differ in its keys only, and in what they were sampled with, share a name;
 * otherwise every profile has a name of its own. */
int legend_init(struct legend *legend, const struct saved_list *list, const struct abscissa *abscissa,
                struct error *error);
void legend_free(struct legend *legend);

#endif
