#include "analysis/layers.h"

#include <stdbool.h>
#include <string.h>

/* Layers are counted from 1. */
static bool is_called(const json_t *list, size_t layer, const char *word)
{
    return strcmp(json_string_value(json_array_get(list, layer - 1)), word) == 0;
}

/* The shortest distance at which the list is its own beginning again, of which at least one layer tells; 0: there is
 * none. */
static size_t shortest_period(const json_t *list, const char *word)
{
    size_t count = json_array_size(list);
    for (size_t period = 1; period < count; period++) {
        size_t layer = period + 1;
        while (layer <= count && is_called(list, layer, word) == is_called(list, layer - period, word))
            layer++;
        if (layer > count)
            return period;
    }
    return 0;
}

static void print_or(size_t *parts, struct text *out)
{
    text_print(out, "%s", (*parts)++ > 0 ? " or " : "");
}

static void print_residues(const json_t *list, const char *word, size_t period, struct text *out)
{
    size_t parts = 0, called = 0, other = 0;
    for (size_t layer = 1; layer <= period; layer++)
        if (is_called(list, layer, word))
            called++;
        else
            other = layer;
    if (called > 1 && called == period - 1) {
        text_print(out, "mod(l, %zu) != %zu", period, other % period);
        return;
    }
    for (size_t layer = 1; layer <= period; layer++)
        if (is_called(list, layer, word)) {
            print_or(&parts, out);
            text_print(out, "mod(l, %zu) == %zu", period, layer % period);
        }
}

static void print_ranges(const json_t *list, const char *word, struct text *out)
{
    size_t parts = 0, count = json_array_size(list);
    for (size_t first = 1, end; first <= count; first = end + 1) {
        end = first;
        while (end <= count && is_called(list, end, word))
            end++;
        if (end == first)
            continue;
        print_or(&parts, out);
        if (end > count)
            text_print(out, "l >= %zu", first);
        else if (first == 1)
            text_print(out, "l < %zu", end);
        else
            text_print(out, end == first + 1 ? "l == %zu" : "l >= %zu and l < %zu", first, end);
    }
}

void layers_condition(const json_t *list, const char *word, struct text *out)
{
    size_t count = json_array_size(list), called = 0, period = shortest_period(list, word);
    for (size_t layer = 1; layer <= count; layer++)
        called += is_called(list, layer, word);
    if (called == 0 || called == count)
        text_print(out, called == 0 ? "l < 1" : "l >= 1");
    else if (period > 0)
        print_residues(list, word, period, out);
    else
        print_ranges(list, word, out);
}
