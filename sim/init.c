#include "sim/init.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/formula.h"
#include "sim/text.h"

const char *const init_matrix_names[INIT_MATRICES] = {"wq", "wk", "wv", "wo", "w1", "wg", "w2", "wr"};

const struct init_row init_rows[] = {
    {"unit",
     "wq = 1/sqrt(d); wk = wq; wv = wq; wo = wq; "
     "w1 = 1/sqrt(d); wg = w1; w2 = 1/sqrt(F*phi2); wr = 1/sqrt(d)",
     "He et al., arXiv 1502.01852", "every branch has gain 1 on unit input", 0},
    {"scaleinit",
     "wq = 1/sqrt(d); wk = wq; wv = wq; wo = c/sqrt(L)/sqrt(d); "
     "w1 = 1/sqrt(d); wg = w1; w2 = c/sqrt(L)/sqrt(F*phi2); wr = 1/sqrt(d)",
     "arXiv 2601.22580", "unit, with each branch's last matrix scaled by c/sqrt(L)", 'c'},
    {"gpt2", "wq = s; wk = s; wv = s; wo = s/sqrt(2*L); w1 = s; wg = s; w2 = s/sqrt(2*L); wr = s",
     "Radford et al. 2019", "one standard deviation s, each branch's last matrix divided by sqrt(2L)", 's'},
    {"xavier",
     "wq = sqrt(2/(d + d)); wk = wq; wv = wq; wo = wq; "
     "w1 = sqrt(2/(d + F)); wg = w1; w2 = sqrt(2/(F + d)); wr = sqrt(2/(d + E))",
     "Glorot and Bengio 2010", "sqrt(2/(fan_in + fan_out)) everywhere", 0},
    {"deepnorm",
     "wq = sqrt(2/(d + d)); wk = wq; wv = wq*(8*L)^(-1/4); wo = wv; "
     "w1 = sqrt(2/(d + F))*(8*L)^(-1/4); wg = w1; w2 = sqrt(2/(F + d))*(8*L)^(-1/4); wr = sqrt(2/(d + E))",
     "arXiv 2203.00555", "xavier, with wv, wo, w1, wg and w2 times (8L)^(-1/4)", 0},
};
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
    return formula_parse_scalars(text, length, what, init_matrix_names, INIT_MATRICES, &init->graph, error);
}

static int set_parameter(const struct init_row *row, const char *value, struct init *init, struct error *error)
{
    char *end;
    double number = strtod(value, &end);
    if (row->parameter == 0)
        return error_set(error, ERROR_INPUT, "initialisation %s takes no value, but '%.200s' was given", row->name,
                         value);
    if (end == value || *end != '\0' || !isfinite(number) || number < 0)
        return error_set(error, ERROR_INPUT, "initialisation %s: expected a number >= 0 for %c, found '%.200s'",
                         row->name, row->parameter, value);
    *(row->parameter == 'c' ? &init->c : &init->s) = number;
    return ERROR_NONE;
}

static int resolve_row(const struct init_row *row, const char *value, struct init *init, struct error *error)
{
    snprintf(init->label, sizeof init->label, "%s", row->name);
    int code = value != NULL ? set_parameter(row, value, init, error) : ERROR_NONE;
    return code != ERROR_NONE ? code : parse(row->text, strlen(row->text), row->name, init, error);
}

static int resolve_file(const char *path, struct init *init, struct error *error)
{
    const char *bytes;
    size_t length;
    int code = text_label(path, init->label, sizeof init->label, error);
    if (code == ERROR_NONE)
        code = text_once(path, FORMULA_TEXT_MAX, &bytes, &length, error);
    return code == ERROR_NONE ? parse(bytes, length, path, init, error) : code;
}

int init_resolve(const char *argument, struct init *init, struct error *error)
{
    *init = (struct init){.c = INIT_C, .s = INIT_S};
    size_t length = strcspn(argument, ":");
    const struct init_row *row = find_row(argument, length);
    if (row != NULL)
        return resolve_row(row, argument[length] == ':' ? argument + length + 1 : NULL, init, error);
    if (strpbrk(argument, "=\n") != NULL) {
        snprintf(init->label, sizeof init->label, "custom");
        return parse(argument, strlen(argument), "initialisation", init, error);
    }
    if (text_is_file(argument))
        return resolve_file(argument, init, error);
    char word[256];
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), argument);
    return unknown(word, error);
}

void init_free(struct init *init)
{
    graph_free(&init->graph);
}

bool init_assigns(const struct init *init, enum init_matrix matrix)
{
    for (int i = 0; i < init->graph.statement_count; i++)
        if (strcmp(init->graph.statements[i].name, init_matrix_names[matrix]) == 0)
            return true;
    return false;
}

static int negative(const struct init *init, const struct graph_statement *statement, double value, double l,
                    struct error *error)
{
    const struct graph_node *node = &init->graph.nodes[statement->node];
    return error_set(error, ERROR_INPUT, "%s: line %d, column %d: %s is negative (%g) in block %g", init->graph.what,
                     node->line, node->column, statement->name, value, l);
}

int init_evaluate(const struct init *init, const struct graph_scope *scope, double sd[INIT_MATRICES],
                  struct error *error)
{
    double values[GRAPH_NODES_MAX];
    struct graph_scope own = *scope;
    own.c = init->c;
    own.s = init->s;
    int code = graph_evaluate(&init->graph, &own, values, error);
    if (code != ERROR_NONE)
        return code;
    memset(sd, 0, INIT_MATRICES * sizeof *sd);
    for (int i = 0; i < init->graph.statement_count; i++) {
        const struct graph_statement *statement = &init->graph.statements[i];
        double value = values[statement->node];
        if (value < 0)
            return negative(init, statement, value, scope->l, error);
        for (int matrix = 0; matrix < INIT_MATRICES; matrix++)
            if (strcmp(init_matrix_names[matrix], statement->name) == 0)
                sd[matrix] = value;
    }
    return ERROR_NONE;
}
