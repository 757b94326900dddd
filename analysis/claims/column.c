#include "analysis/claims/column.h"

#include <stdio.h>
#include <string.h>

struct column_count {
    const char *name;
    double (*of)(const struct depth *depth, int block); /* block from 0 */
};

static double count_norms(const struct depth *depth, int block)
{
    const struct graph *graph = depth->blocks[block].graph;
    int norms_found = 0;
    for (int n = 0; n < graph->node_count; n++)
        norms_found += graph->nodes[n].kind == GRAPH_NORM;
    return norms_found;
}

/* All matrix products, of weights (as matrices) and of attention. */
static double count_flops(const struct depth *depth, int block)
{
    return block_cost(depth->model, &linear_engines[0], depth->blocks[block].plan).flops;
}

static const struct column_count counts[] = {{"norms", count_norms}, {"flops", count_flops}};
enum { COUNTS = sizeof counts / sizeof *counts };

bool column_by_token(const char *text)
{
    return strstr(text, ".token") || strstr(text, ".median");
}

static bool find_median(struct column_term *term, const char *name, const struct observe_schema *schema)
{
    static const char suffix[] = ".median";
    size_t length = strlen(name), tail = sizeof suffix - 1;
    if (length <= tail || strcmp(name + length - tail, suffix) != 0)
        return false;
    for (int id = 0; id < OBSERVABLES; id++) {
        bool same = strlen(observables[id].name) == length - tail &&
                    strncmp(observables[id].name, name, length - tail) == 0;
        if (same && schema->token_column[id] >= 0) {
            *term = (struct column_term){.index = schema->token_column[id], .span = schema->tokens};
            return true;
        }
    }
    return false;
}

static bool find_term(struct column_term *term, const char *name, const struct observe_schema *schema)
{
    for (int c = 0; c < COUNTS; c++) {
        if (strcmp(counts[c].name, name) == 0) {
            *term = (struct column_term){.count = &counts[c]};
            return true;
        }
    }
    if (find_median(term, name, schema))
        return true;
    *term = (struct column_term){.index = observe_find(schema, name), .span = 1};
    return term->index >= 0;
}

int column_parse(struct column *column, const char *text, const struct observe_schema *schema, bool *found,
                 struct error *error)
{
    *column = (struct column){.exact = true};
    *found = true;
    for (const char *s = text, *end; *found; s = end + 1) {
        char name[OBSERVE_NAME_MAX];
        end = s + strcspn(s, "*/");
        if (column->term_count == COLUMN_TERMS_MAX || end == s || (size_t)(end - s) >= sizeof name)
            return error_set(error, ERROR_INPUT, "'%s' is not a product of at most %d observables", text,
                             COLUMN_TERMS_MAX);
        snprintf(name, sizeof name, "%.*s", (int)(end - s), s);
        struct column_term *term = &column->terms[column->term_count++];
        *found = find_term(term, name, schema);
        term->divides = s > text && s[-1] == '/';
        column->exact = column->exact && term->count;
        if (*end == '\0')
            break;
    }
    return ERROR_NONE;
}

static bool is_less(struct wide a, struct wide b)
{
    return ldexp(a.mantissa, a.exponent - b.exponent) < b.mantissa;
}

/* Of span values of one row; of an even number, the mean of the middle two. Insertion: spans are a few tokens. */
static struct wide median(int span, const struct wide *row, struct wide *sorted)
{
    for (int i = 0; i < span; i++) {
        int j = i;
        if (!wide_present(row[i]))
            return wide_absent();
        for (; j > 0 && is_less(row[i], sorted[j - 1]); j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = row[i];
    }
    struct wide high = sorted[span / 2];
    if (span % 2)
        return high;
    struct wide low = sorted[span / 2 - 1];
    return (struct wide){(ldexp(low.mantissa, low.exponent - high.exponent) + high.mantissa) / 2, high.exponent};
}

static struct wide multiply(struct wide a, struct wide b, bool divides)
{
    if (!wide_present(a) || !wide_present(b))
        return wide_absent();
    return divides ? (struct wide){a.mantissa / b.mantissa, a.exponent - b.exponent}
                   : (struct wide){a.mantissa * b.mantissa, a.exponent + b.exponent};
}

static struct wide term_value(const struct column_term *term, const struct depth *depth, int l, const struct wide *row,
                              struct wide *work)
{
    if (term->count)
        return l > 0 ? wide_of(term->count->of(depth, l - 1)) : wide_absent();
    return term->span == 1 ? row[term->index] : median(term->span, row + term->index, work);
}

void column_gather(const struct column *column, const struct depth *depth, const struct wide *values,
                   struct wide *gathered, struct wide *work)
{
    for (int l = 0; l <= depth->model->layers; l++) {
        const struct wide *row = values ? values + (size_t)l * (size_t)depth->schema.column_count : NULL;
        gathered[l] = wide_of(1);
        for (int t = 0; t < column->term_count; t++)
            gathered[l] = multiply(gathered[l], term_value(&column->terms[t], depth, l, row, work),
                                   column->terms[t].divides);
    }
}
