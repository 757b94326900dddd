#include "analysis/entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watcher {
    struct entries *entries;
    const struct entries_wish *wish;
    size_t count;       /* entries of a layer */
    struct error error; /* the first of a head or of memory */
};

/* ---- histograms ---- */

static void count_entry(struct entries_histogram *histogram, double value)
{
    double place = (value + ENTRIES_REACH) * (ENTRIES_BINS / (2.0 * ENTRIES_REACH));
    if (place < 0)
        histogram->below++;
    else if (place >= ENTRIES_BINS)
        histogram->above++;
    else
        histogram->bins[(int)place]++;
    histogram->least = fmin(histogram->least, value);
    histogram->most = fmax(histogram->most, value);
}

/* Of x 2^exponent. */
static void make_histogram(struct entries_histogram *histogram, size_t count, const double *x, int exponent)
{
    double square = 0;
    for (size_t i = 0; i < count; i++)
        square += x[i] * x[i];
    double rms = sqrt(square / (double)count);
    *histogram = (struct entries_histogram){.rms = {rms, exponent}, .least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < count; i++)
        count_entry(histogram, rms > 0 ? x[i] / rms : 0);
}

static void see_activation(void *context, int layer, const double *x)
{
    const struct watcher *watcher = context;
    make_histogram(&watcher->entries->activations[layer], watcher->count, x, 0);
}

static void see_gradient(void *context, int layer, const double *g, int exponent)
{
    const struct watcher *watcher = context;
    make_histogram(&watcher->entries->gradients[layer], watcher->count, g, exponent);
}

/* ---- maps ---- */

/* Block number i from 0 of those whose attentions are kept. */
static int chosen_block(const struct watcher *watcher, int i)
{
    int layers = watcher->entries->layers, last = watcher->wish->blocks - 1;
    return last > 0 ? 1 + (int)lround((double)(layers - 1) * i / last) : 1;
}

static bool is_chosen(const struct watcher *watcher, int number)
{
    for (int i = 0; i < watcher->wish->blocks; i++)
        if (chosen_block(watcher, i) == number)
            return true;
    return false;
}

static struct entries_map *add_map(struct watcher *watcher, size_t cells)
{
    struct entries *entries = watcher->entries;
    struct entries_map *more = realloc(entries->maps, (size_t)(entries->map_count + 1) * sizeof *more);
    double *a = memory_doubles(cells);
    if (more)
        entries->maps = more;
    if (!more || !a) {
        free(a);
        error_set(&watcher->error, ERROR_RESOURCE, "out of memory for an attention of %zu entries", cells);
        return NULL;
    }
    more[entries->map_count] = (struct entries_map){.a = a};
    return &more[entries->map_count++];
}

static void see_attention(void *context, const struct block *block, int node, const struct attention *attention,
                          const double *a)
{
    struct watcher *watcher = context;
    int head = watcher->wish->head, site = block->graph->nodes[node].site;
    const char *name = site >= 0 ? block->graph->sites[site].name : "";
    if (watcher->error.code != ERROR_NONE || !is_chosen(watcher, (int)block->number))
        return;
    if (head > attention->heads) {
        error_set(&watcher->error, ERROR_INPUT, "--head: %d, but the attention of block %u has %d head%s", head,
                  block->number, attention->heads, attention->heads == 1 ? "" : "s");
        return;
    }
    size_t cells = memory_multiply((size_t)attention->queries, (size_t)attention->keys);
    struct entries_map *map = add_map(watcher, cells);
    if (!map)
        return;
    map->block = (int)block->number;
    snprintf(map->site, sizeof map->site, "%s", name);
    map->heads = attention->heads;
    map->head = head;
    map->queries = attention->queries;
    map->keys = attention->keys;
    memcpy(map->a, a + (size_t)(head - 1) * cells, cells * sizeof *map->a);
}

/* ---- a sample ---- */

static int watch_sample(struct watcher *watcher, const struct stack *stack, struct error *error)
{
    const struct entries_wish *wish = watcher->wish;
    const struct stack_watch watch = {see_activation, see_gradient, {see_attention, watcher}, watcher};
    size_t cells = (size_t)(watcher->entries->layers + 1) * (size_t)stack->depth.schema.column_count;
    struct wide *values = calloc(cells, sizeof *values);
    struct stack_workspace workspace = {0};
    int code = values ? stack_workspace_init(&workspace, stack, error)
                      : error_set(error, ERROR_RESOURCE, "out of memory");
    if (code == ERROR_NONE) {
        workspace.watch = &watch;
        code = stack_sample(stack, &workspace, wish->seed, wish->sample, wish->stop, values, error);
        stack_workspace_free(&workspace);
    }
    free(values);
    if (code == ERROR_NONE && watcher->error.code != ERROR_NONE) {
        *error = watcher->error;
        code = error->code;
    }
    return code;
}

int entries_init(struct entries *entries, const struct model *model, const struct entries_wish *wish,
                 struct error *error)
{
    struct stack stack;
    struct watcher watcher = {entries, wish, (size_t)model->tokens * (size_t)model->width, {0}};
    *entries = (struct entries){.layers = model->layers};
    int code = stack_init(&stack, model, wish->engine, false, wish->memory, error);
    if (code != ERROR_NONE)
        return code;
    entries->engine = stack.engine->name;
    entries->activations = calloc((size_t)model->layers + 1, sizeof *entries->activations);
    entries->gradients = calloc((size_t)model->layers + 1, sizeof *entries->gradients);
    if (entries->activations && entries->gradients)
        code = watch_sample(&watcher, &stack, error);
    else
        code = error_set(error, ERROR_RESOURCE, "out of memory");
    stack_free(&stack);
    if (code != ERROR_NONE)
        entries_free(entries);
    return code;
}

void entries_free(struct entries *entries)
{
    for (int i = 0; i < entries->map_count; i++)
        free(entries->maps[i].a);
    free(entries->maps);
    free(entries->activations);
    free(entries->gradients);
    *entries = (struct entries){0};
}
