#include "plots/series.h"

#include <stdlib.h>
#include <string.h>

bool series_is_theory(const struct series *series)
{
    return series->role >= SERIES_FLOOR;
}

int series_no_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for the curves of a figure");
}

struct series *series_append(struct series_list *list, const char *name, size_t room)
{
    struct series *grown = reallocarray(list->series, list->count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    list->series = grown;
    struct series *series = &grown[list->count];
    *series = (struct series){.name = strdup(name), .points = calloc(room > 0 ? room : 1, sizeof *series->points)};
    if (series->name && series->points) {
        list->count++;
        return series;
    }
    free(series->name);
    free(series->points);
    return NULL;
}

void series_remove(struct series_list *list, size_t index)
{
    struct series *series = &list->series[index];
    free(series->name);
    free(series->points);
    memmove(series, series + 1, (--list->count - index) * sizeof *series);
}

void series_remove_last(struct series_list *list)
{
    series_remove(list, list->count - 1);
}

void series_free(struct series_list *list)
{
    while (list->count > 0)
        series_remove_last(list);
    free(list->series);
    *list = (struct series_list){0};
}
