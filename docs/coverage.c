#include "docs/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sampler.h"
#include "sim/setting.h"
#include "sim/text.h"

enum { FIELDS = 7, FILE_MAX = 1 << 20, SEED = 1 };

static const char SMALL[] = "layers=4 width=24 heads=4 tokens=5 ffn-width=32 init=scaleinit";

static int split(char *line, struct coverage_row *row)
{
    const char **fields[FIELDS] = {&row->name,    &row->before,  &row->now,   &row->settings,
                                   &row->formula, &row->missing, &row->source};
    for (int i = 0; i < FIELDS; i++) {
        char *field = strsep(&line, "\t");
        if (!field)
            return i;
        *fields[i] = field;
    }
    return line ? FIELDS + 1 : FIELDS;
}

static int visit_line(char *line, coverage_visitor *visit, void *context, struct error *error)
{
    struct coverage_row row = {0};
    if (*line == '#' || *line == '\0')
        return ERROR_NONE;
    if (split(line, &row) != FIELDS)
        return error_set(error, ERROR_INPUT, "expected %d fields with tabs between them", FIELDS);
    return visit(&row, context, error);
}

int coverage_each(const char *path, coverage_visitor *visit, void *context, struct error *error)
{
    char *text, *next;
    size_t length;
    int code = text_read(path, FILE_MAX, &text, &length, error), number = 0;
    if (code != ERROR_NONE)
        return code;
    char *copy = realloc(text, length + 1);
    if (!copy) {
        free(text);
        return error_set(error, ERROR_RESOURCE, "out of memory");
    }
    copy[length] = '\0';
    next = copy;
    for (char *line; code == ERROR_NONE && (line = strsep(&next, "\n"));) {
        struct error inner = {0};
        number++;
        code = visit_line(line, visit, context, &inner);
        if (code != ERROR_NONE)
            error_set(error, inner.code, "%s, line %d: %s", path, number, inner.text);
    }
    free(copy);
    return code;
}

static int make_model(const struct coverage_row *row, struct model *model, struct error *error)
{
    model_defaults(model);
    int code = setting_apply_all(model, SMALL, error);
    if (code == ERROR_NONE)
        code = setting_apply(model, "placement", row->formula, error);
    if (code == ERROR_NONE)
        code = setting_apply_all(model, row->settings, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

static int check_ends(const struct stack *stack, const struct wide *values, struct error *error)
{
    const struct observe_schema *schema = &stack->depth.schema;
    const struct wide *last = values + (size_t)stack->depth.model->layers * (size_t)schema->column_count;
    double q = last[schema->layer_column[OBSERVE_ACTIVATION_VARIANCE]].mantissa;
    double g = values[schema->layer_column[OBSERVE_GRADIENT_VARIANCE]].mantissa;
    if (!(isfinite(q) && isfinite(g) && q > 0 && g > 0))
        return error_set(error, ERROR_INPUT, "a sample has activation variance %g and gradient variance %g", q, g);
    return ERROR_NONE;
}

static int sample(const struct stack *stack, struct error *error)
{
    struct stack_workspace workspace;
    size_t cells = (size_t)(stack->depth.model->layers + 1) * (size_t)stack->depth.schema.column_count;
    struct wide *values = calloc(cells, sizeof *values);
    if (!values)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    int code = stack_workspace_init(&workspace, stack, error);
    if (code == ERROR_NONE) {
        code = stack_sample(stack, &workspace, SEED, 0, NULL, values, error);
        stack_workspace_free(&workspace);
    }
    if (code == ERROR_NONE)
        code = check_ends(stack, values, error);
    free(values);
    return code;
}

int coverage_check(const struct coverage_row *row, struct error *error)
{
    static const char *const words[] = {"exact", "approximate", "none"};
    struct model model;
    struct stack stack;
    bool none = strcmp(row->now, "none") == 0, exact = strcmp(row->now, "exact") == 0;
    if (!exact && !none && strcmp(row->now, "approximate") != 0)
        return text_unknown(error, "coverage", row->now, words, 3);
    if (none != (*row->formula == '\0') || exact != (*row->missing == '\0'))
        return error_set(error, ERROR_INPUT, "%s is %s with formula '%.80s', and '%s' left out", row->name, row->now,
                         row->formula, row->missing);
    if (none)
        return ERROR_NONE;
    int code = make_model(row, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = stack_init(&stack, &model, NULL, false, (size_t)1 << 30, error);
    if (code == ERROR_NONE) {
        code = sample(&stack, error);
        stack_free(&stack);
    }
    model_free(&model);
    return code;
}

/* ---- the table ---- */

struct counts {
    int before[3], now[3], rows; /* exact, approximate, none */
};

static int count_row(const struct coverage_row *row, void *context, struct error *error)
{
    struct counts *counts = context;
    counts->rows++;
    counts->before[*row->before == 'E' ? 0 : *row->before == 'A' ? 1 : 2]++;
    counts->now[*row->now == 'e' ? 0 : *row->now == 'a' ? 1 : 2]++;
    return coverage_check(row, error);
}

static int print_row(const struct coverage_row *row, void *context, struct error *error)
{
    FILE *stream = context;
    (void)error;
    fprintf(stream, "| %s | %s | %s%s%s | ", row->name, row->source, row->now,
            !*row->missing  ? ""
            : *row->formula ? ", without "
                            : ": ",
            row->missing);
    fprintf(stream, *row->formula ? "`%s` %s%s%s |\n" : "%s%s%s%s |\n", row->formula, *row->settings ? "with `" : "",
            row->settings, *row->settings ? "`" : "");
    return ERROR_NONE;
}

int coverage_print(const char *path, FILE *stream, struct error *error)
{
    struct counts counts = {{0}, {0}, 0};
    int code = coverage_each(path, count_row, &counts, error);
    if (code != ERROR_NONE)
        return code;
    fprintf(
        stream,
        "# Architectures and their formulas\n\n"
        "Made by `make coverage` from docs/coverage.tsv: every formula below was parsed, and a small stack of it "
        "sampled.\nThe law meant is that at initialisation: biases of 0 and gains of 1 are no gap, and sizes are "
        "small ones.\n\n"
        "Of %d architectures and placements %d are exact, %d approximate, %d cannot be written. With attn, ffn, moe, "
        "norm, sums\nand scales alone it was %d, %d and %d.\n\n"
        "| architecture | source | | formula |\n|---|---|---|---|\n",
        counts.rows, counts.now[0], counts.now[1], counts.now[2], counts.before[0], counts.before[1], counts.before[2]);
    return coverage_each(path, print_row, stream, error);
}
