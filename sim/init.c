#include "sim/init.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/function.h"
#include "sim/prelude.h"
#include "sim/setting.h"
#include "sim/text.h"

const char *const init_matrix_names[INIT_MATRICES] = {"wq", "wk", "wv", "wo", "w1", "wg", "w2", "wr"};

// clang-format off
const struct init_row init_rows[] = {
    {"unit", "w = 1/sqrt(n); w2 = 1/sqrt(n*phi2)", "He et al., arXiv 1502.01852",
     "every branch has gain 1 on unit input", 0, false},
    {"scaleinit", "w = 1/sqrt(n); wo = c/sqrt(L)/sqrt(n); w2 = c/sqrt(L)/sqrt(n*phi2)", "arXiv 2601.22580",
     "unit, with each branch's last matrix scaled by c/sqrt(L)", 'c', false},
    {"normal", "w = s", "PyTorch's and Hugging Face's initializer_range", "one standard deviation s for all", 's', true},
    {"gpt2", "w = s; wo = s/sqrt(2*L); w2 = wo", "Radford et al. 2019",
     "one standard deviation s, each branch's last matrix divided by sqrt(2L)", 's', false},
    {"xavier", "w = sqrt(2/(n + m))", "Glorot and Bengio 2010", "sqrt(2/(fan_in + fan_out)) everywhere", 0, false},
    {"deepnorm", "w = sqrt(2/(n + m)); b = (8*L)^(-1/4); wv = w*b; wo = wv; w1 = wv; wg = wv; w2 = wv",
     "arXiv 2203.00555", "xavier, with wv, wo, w1, wg and w2 times (8L)^(-1/4)", 0, false},
};
// clang-format on
const size_t init_count = sizeof init_rows / sizeof *init_rows;

/* The row whose name is the first length bytes of argument, or NULL. */
static const struct init_row *find_row(const char *argument, size_t length)
{
    for (size_t i = 0; i < init_count; i++)
        if (strlen(init_rows[i].name) == length && memcmp(init_rows[i].name, argument, length) == 0)
            return &init_rows[i];
    return NULL;
}

static int unknown(const char *word, struct error *error)
{
    const char *names[sizeof init_rows / sizeof *init_rows];
    for (size_t i = 0; i < init_count; i++)
        names[i] = init_rows[i].name;
    return text_unknown(error, "initialisation", word, names, init_count);
}

static int parse(const char *text, size_t length, const char *what, struct init *init, struct error *error)
{
    int code = formula_parse_scalars(text, length, what, &init->graph, error);
    init->owners = code == ERROR_NONE ? owners_begin() : NULL;
    if (code != ERROR_NONE || init->owners)
        return code;
    graph_free(&init->graph);
    return error_set(error, ERROR_RESOURCE, "%.300s: out of memory", what);
}

static int set_parameter(const struct init_row *row, const char *value, struct init *init, struct error *error)
{
    double number = 0;
    struct error inner = {0};
    if (row->parameter == 0)
        return error_set(error, ERROR_INPUT, "initialisation %s takes no value, but '%.200s' was given", row->name,
                         value);
    if (setting_real(row->name, value, &number, &inner) != ERROR_NONE || number < 0)
        return error_set(error, ERROR_INPUT, "initialisation %s: expected a number >= 0 for %c, found '%.200s'",
                         row->name, row->parameter, value);
    *(row->parameter == 'c' ? &init->c : &init->s) = number;
    return ERROR_NONE;
}

static int resolve_row(const struct init_row *row, const char *value, struct init *init, struct error *error)
{
    snprintf(init->label, sizeof init->label, "%s", row->name);
    if (!value && row->required)
        return error_set(error, ERROR_INPUT, "initialisation %s needs a value, as in %s:0.02", row->name, row->name);
    int code = value ? set_parameter(row, value, init, error) : ERROR_NONE;
    return code != ERROR_NONE ? code : parse(row->text, strlen(row->text), row->name, init, error);
}

static int resolve_file(const char *path, struct init *init, struct error *error)
{
    const char *bytes;
    size_t length;
    int code = text_once(path, FORMULA_TEXT_MAX, &bytes, &length, error);
    if (code == ERROR_NONE)
        code = text_label(path, init->label, sizeof init->label, error);
    return code == ERROR_NONE ? parse(bytes, length, path, init, error) : code;
}

int init_resolve(const char *argument, struct init *init, struct error *error)
{
    *init = (struct init){.c = INIT_C, .s = INIT_S};
    size_t length = strcspn(argument, ":");
    const struct init_row *row = find_row(argument, length);
    if (row)
        return resolve_row(row, argument[length] == ':' ? argument + length + 1 : NULL, init, error);
    if (text_is_file(argument))
        return resolve_file(argument, init, error);
    if (strpbrk(argument, "=\n")) {
        snprintf(init->label, sizeof init->label, "custom");
        return parse(argument, strlen(argument), "initialisation", init, error);
    }
    char word[256];
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), argument);
    return unknown(word, error);
}

char init_given(const char *argument)
{
    size_t length = strcspn(argument, ":");
    const struct init_row *row = argument[length] == ':' ? find_row(argument, length) : NULL;
    return row ? row->parameter : 0;
}

void init_share(const struct init *from, struct init *to)
{
    *to = *from;
    owners_join(to->owners);
}

void init_free(struct init *init)
{
    if (owners_leave(init->owners))
        graph_free(&init->graph);
    init->graph = (struct graph){0};
    init->owners = NULL;
}

static int negative(const struct init *init, const struct graph_statement *statement, const char *label, double value,
                    double l, struct error *error)
{
    const struct graph_node *node = &init->graph.nodes[statement->node];
    return error_set(error, ERROR_INPUT, "%s: line %d, column %d: %s is negative (%g) for %s in block %g",
                     init->graph.what, node->line, node->column, statement->name, value, label, l);
}

static int missing(const struct init *init, const struct graph *graph, const struct graph_matrix *matrix,
                   struct error *error)
{
    char candidate[GRAPH_LABEL_MAX + 32] = "";
    const char *names[GRAPH_STATEMENTS_MAX];
    for (int i = 0; i < init->graph.statement_count; i++)
        names[i] = init->graph.statements[i].name;
    const char *near = error_nearest(matrix->name, names, (size_t)init->graph.statement_count);
    if (near)
        snprintf(candidate, sizeof candidate, " (there is '%s')", near);
    return error_set(error, ERROR_INPUT,
                     "%s: '%s' is not assigned%s; the %s has %s in line %d: assign it, or w for all", init->graph.what,
                     matrix->name, candidate, graph->what, matrix->label, graph->nodes[matrix->node].line);
}

int init_find(const struct init *init, const struct graph_matrix *matrix)
{
    const char *names[] = {matrix->label, matrix->name, "w"};
    int found = -1;
    for (size_t i = 0; found < 0 && i < sizeof names / sizeof *names; i++)
        found = graph_statement(&init->graph, names[i]);
    return found;
}

const struct law *init_law(const struct init *init, const struct graph_matrix *matrix)
{
    int found = init_find(init, matrix);
    const struct graph_node *node = found < 0 ? NULL : &init->graph.nodes[init->graph.statements[found].node];
    return node && node->kind == GRAPH_LAW ? &laws[node->index] : NULL;
}

static int check_matrices(const struct init *init, const struct graph *graph, struct error *error)
{
    for (int i = 0; i < graph->matrix_count; i++)
        if (init_find(init, &graph->matrices[i]) < 0)
            return missing(init, graph, &graph->matrices[i], error);
    return ERROR_NONE;
}

/* ---- assignments that say nothing ---- */

/* Whether an assignment behind statement i reads its value, or takes it over as it is. */
static bool is_read(const struct graph *graph, int i)
{
    int node = graph->statements[i].node;
    for (int n = node + 1; n < graph->node_count; n++)
        if (graph->nodes[n].a == node || graph->nodes[n].b == node || graph->nodes[n].c == node)
            return true;
    for (int j = i + 1; j < graph->statement_count; j++)
        if (graph->statements[j].node == node)
            return true;
    return false;
}

/* Of the prelude or of a mixture: the first of its name, as a number counts the calls of one formula. */
static bool is_usual_site(const char *name, size_t length)
{
    struct function function;
    return prelude_has(name, length) || (function_find(name, length, &function) && function.kind == GRAPH_MOE);
}

/* The usual matrices may be assigned whether the formula has them or not: one initialisation is of many formulas. */
static bool is_matrix(const char *name, const struct formula *formula)
{
    const struct graph *section;
    const char *dot = strchr(name, '.');
    bool usual = !dot || is_usual_site(name, (size_t)(dot - name));
    for (int i = 0; usual && i < INIT_MATRICES; i++)
        if (strcmp(dot ? dot + 1 : name, init_matrix_names[i]) == 0)
            return true;
    for (int i = 0; (section = formula_section(formula, i)) != NULL; i++)
        for (int j = 0; j < section->matrix_count; j++)
            if (strcmp(name, section->matrices[j].label) == 0 || strcmp(name, section->matrices[j].name) == 0)
                return true;
    return strcmp(name, "w") == 0;
}

/* The matrix, of the formula or the prelude, that the name is nearest to, or NULL. */
static const char *nearest_matrix(const char *name, const struct formula *formula)
{
    const char *names[GRAPH_STATEMENTS_MAX];
    const struct graph *section;
    size_t count = 0;
    for (int i = 0; i < INIT_MATRICES; i++)
        names[count++] = init_matrix_names[i];
    for (int i = 0; (section = formula_section(formula, i)) != NULL; i++)
        for (int j = 0; j < section->matrix_count && count + 2 <= GRAPH_STATEMENTS_MAX; j++) {
            names[count++] = section->matrices[j].label;
            names[count++] = section->matrices[j].name;
        }
    return error_nearest(name, names, count);
}

static bool is_listed(const char *name, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* " (its sites are attn, ffn)" */
static void list_sites(const struct formula *formula, struct text *text)
{
    const char *names[GRAPH_STATEMENTS_MAX];
    const struct graph *section;
    size_t count = 0;
    for (int i = 0; (section = formula_section(formula, i)) != NULL; i++)
        for (int s = 0; s < section->site_count && count < GRAPH_STATEMENTS_MAX; s++) {
            const char *name = section->sites[s].name;
            if (*name == '\0' || is_listed(name, names, count))
                continue;
            text_print(text, "%s%s", count > 0 ? ", " : " (its sites are ", name);
            names[count++] = name;
        }
    text_print(text, "%s", count > 0 ? ")" : "");
}

static int says_nothing(const struct init *init, const struct formula *formula, int i, struct error *error)
{
    const struct graph_statement *statement = &init->graph.statements[i];
    const struct graph_node *node = &init->graph.nodes[statement->node];
    char why[6 * GRAPH_LABEL_MAX] = "is assigned again";
    struct text text = {why, sizeof why, 0};
    if (!is_matrix(statement->name, formula)) {
        const char *near = nearest_matrix(statement->name, formula);
        text_print(&text, "is no matrix of the formula, and nothing reads it%s%s%s", near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
        if (strchr(statement->name, '.'))
            list_sites(formula, &text);
    }
    return error_set(error, ERROR_INPUT, "%s: line %d: '%s' %s", init->graph.what, node->line, statement->name, why);
}

int init_check(const struct init *init, const struct formula *formula, struct error *error)
{
    const struct graph *graph = &init->graph, *section;
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && (section = formula_section(formula, i)) != NULL; i++)
        code = check_matrices(init, section, error);
    for (int i = 0; code == ERROR_NONE && i < graph->statement_count; i++) {
        const char *name = graph->statements[i].name;
        bool last = graph_statement(graph, name) == i;
        if (!(last && is_matrix(name, formula)) && !is_read(graph, i))
            code = says_nothing(init, formula, i, error);
    }
    return code;
}

int init_evaluate(const struct init *init, const struct graph_scope *scope, const struct graph *graph,
                  const struct init_size sizes[], double sd[], struct error *error)
{
    double values[GRAPH_NODES_MAX];
    struct graph_scope own = *scope;
    own.c = init->c;
    own.s = init->s;
    own.n = own.m = 0;
    for (int i = 0; i < graph->matrix_count; i++) {
        int found = init_find(init, &graph->matrices[i]), code = ERROR_NONE;
        if (found < 0)
            return missing(init, graph, &graph->matrices[i], error);
        if (own.n != sizes[i].fan_in || own.m != sizes[i].fan_out) {
            own.n = sizes[i].fan_in;
            own.m = sizes[i].fan_out;
            code = graph_evaluate(&init->graph, &own, values, error);
        }
        if (code != ERROR_NONE)
            return code;
        const struct graph_statement *statement = &init->graph.statements[found];
        sd[i] = values[statement->node];
        if (sd[i] < 0)
            return negative(init, statement, graph->matrices[i].label, sd[i], scope->l, error);
    }
    return ERROR_NONE;
}
