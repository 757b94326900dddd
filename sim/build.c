#include "sim/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/init.h"
#include "sim/stream.h"
#include "sim/text.h"

/* The last site of an address is left to what stands around a stack. */
enum { BUILD_SITES_MAX = STREAM_SITES - 1 };

enum { LEAST_ROOM = 8 };

void build_start(struct build *build, const struct lexer *lexer, struct graph *graph)
{
    *build = (struct build){.lexer = lexer, .graph = graph, .mixture = -1};
    snprintf(graph->what, sizeof graph->what, "%s", lexer->what);
}

void *build_grow(const struct lexer *lexer, void *array, int count, size_t size)
{
    if (count > 0 && (count < LEAST_ROOM || (count & (count - 1)) != 0))
        return array;
    void *larger = realloc(array, (count > 0 ? 2 * (size_t)count : LEAST_ROOM) * size);
    if (!larger)
        error_set(lexer->error, ERROR_RESOURCE, "%.300s: out of memory", lexer->what);
    return larger;
}

/* Room for one more element of an array of the graph, cleared, behind a count that is not raised yet. */
#define GROW(build, array, count)                                                                                      \
    ((array) = grow_or_keep((build)->lexer, (array), (count), sizeof *(array), &grown), grown)

static void *grow_or_keep(const struct lexer *lexer, void *array, int count, size_t size, bool *grown)
{
    char *larger = build_grow(lexer, array, count, size);
    *grown = larger != NULL;
    if (!*grown)
        return array;
    memset(larger + (size_t)count * size, 0, size);
    return larger;
}

static void copy_name(char *to, size_t size, const struct lexer_token *name)
{
    size_t length = name->length < size - 1 ? name->length : size - 1;
    memcpy(to, name->text, length);
    to[length] = '\0';
}

struct graph_node build_node(enum graph_kind kind)
{
    struct graph_node node = {.kind = kind, .a = -1, .b = -1, .c = -1, .index = -1, .site = -1, .mixture = -1};
    for (int i = 0; i < GRAPH_OPTIONS_MAX; i++)
        node.option[i] = -1;
    return node;
}

int build_add(struct build *build, const struct lexer_token *at, struct graph_node node)
{
    struct graph *graph = build->graph;
    bool grown;
    if (graph->node_count == GRAPH_NODES_MAX)
        return lexer_error(build->lexer, at, "too long: a section has at most %d operations", GRAPH_NODES_MAX);
    if (!GROW(build, graph->nodes, graph->node_count))
        return ERROR_RESOURCE;
    const struct lexer_token *place = build->at.text ? &build->at : at;
    node.line = place->line;
    node.column = lexer_column(place);
    if (graph_is_signal(node.kind)) {
        node.mixture = build->mixture;
        if (node.a >= 0)
            node.memory = graph->nodes[node.a].memory;
    }
    graph->nodes[graph->node_count] = node;
    return graph->node_count++;
}

int build_binary(struct build *build, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    struct graph_node node = build_node(kind);
    node.a = a;
    node.b = b;
    return build_add(build, at, node);
}

int build_number(struct build *build, const struct lexer_token *at, double value)
{
    struct graph_node node = build_node(GRAPH_NUMBER);
    node.value = value;
    return build_add(build, at, node);
}

int build_statement(struct build *build, const struct lexer_token *name, int node)
{
    struct graph *graph = build->graph;
    bool grown;
    if (graph->statement_count == GRAPH_STATEMENTS_MAX)
        return lexer_error(build->lexer, name, "too long: a section has at most %d statements", GRAPH_STATEMENTS_MAX);
    if (!GROW(build, graph->statements, graph->statement_count))
        return ERROR_RESOURCE;
    struct graph_statement *statement = &graph->statements[graph->statement_count];
    copy_name(statement->name, sizeof statement->name, name);
    statement->node = node;
    return graph->statement_count++;
}

int build_argument(struct build *build, const struct graph_argument *argument)
{
    struct graph *graph = build->graph;
    bool grown;
    if (!GROW(build, graph->arguments, graph->argument_count))
        return ERROR_RESOURCE;
    graph->arguments[graph->argument_count] = *argument;
    return graph->argument_count++;
}

int build_call(struct build *build, const struct lexer_token *name, int first_argument, int first, int output)
{
    struct graph *graph = build->graph;
    bool grown;
    if (!GROW(build, graph->calls, graph->call_count))
        return ERROR_RESOURCE;
    struct graph_call *call = &graph->calls[graph->call_count];
    copy_name(call->function, sizeof call->function, name);
    call->first_argument = first_argument;
    call->argument_count = graph->argument_count - first_argument;
    call->first = first;
    call->output = output;
    return graph->call_count++;
}

/* ---- matrices and their sites ---- */

int build_matrix(struct build *build, const struct lexer_token *name, int node)
{
    struct graph *graph = build->graph;
    bool grown;
    if (!GROW(build, graph->matrices, graph->matrix_count))
        return ERROR_RESOURCE;
    struct graph_matrix *matrix = &graph->matrices[graph->matrix_count];
    copy_name(matrix->name, sizeof matrix->name, name);
    matrix->site = -1;
    matrix->node = node;
    graph->nodes[node].index = graph->matrix_count;
    return graph->matrix_count++;
}

/* Whether the rest of a name behind a function's is a number, or nothing. */
static bool is_numbered(const char *name, const char *function, size_t length)
{
    return strncmp(name, function, length) == 0 && strspn(name + length, "0123456789") == strlen(name + length);
}

/* attn, attn2, ...: the number is that of the use, or the next that is free. */
static void name_site(const struct graph *graph, const struct lexer_token *function, char name[GRAPH_NAME_MAX])
{
    copy_name(name, GRAPH_NAME_MAX, function);
    size_t length = strlen(name);
    int number = 1;
    for (int s = 0; s < graph->site_count; s++)
        number += is_numbered(graph->sites[s].name, name, length);
    if (number > 1)
        snprintf(name + length, GRAPH_NAME_MAX - length, "%d", number);
}

static int add_site(struct build *build, const struct lexer_token *function, bool bare, int input, int output)
{
    struct graph *graph = build->graph;
    bool grown;
    if (graph->site_count == BUILD_SITES_MAX)
        return lexer_error(build->lexer, function, "too long: a section has at most %d branches", BUILD_SITES_MAX);
    if (!GROW(build, graph->sites, graph->site_count))
        return ERROR_RESOURCE;
    struct graph_site *site = &graph->sites[graph->site_count];
    if (!bare)
        name_site(graph, function, site->name);
    site->input = input;
    site->output = site->added = bare ? -1 : output;
    return graph->site_count++;
}

/* The unnamed site, or -1. */
static int unnamed_site(const struct graph *graph)
{
    for (int s = 0; s < graph->site_count; s++)
        if (graph->sites[s].output < 0)
            return s;
    return -1;
}

/* wq, wq_2, ...: the number is that of the name's use in the site. */
static void label_matrix(const struct graph *graph, struct graph_matrix *matrix)
{
    const char *site = graph->sites[matrix->site].name;
    int number = 1;
    for (const struct graph_matrix *m = graph->matrices; m < matrix; m++)
        number += m->site == matrix->site && strcmp(m->name, matrix->name) == 0;
    struct text label = {matrix->label, sizeof matrix->label, 0};
    text_print(&label, "%s%s%s", site, site[0] != '\0' ? "." : "", matrix->name);
    if (number > 1)
        text_print(&label, "_%d", number);
}

static bool is_copied(const struct graph *graph, const struct graph_matrix *matrix)
{
    return graph->nodes[matrix->node].mixture >= 0;
}

/* The matrices of the prelude have an address each, wherever they stand in the text. All others of a site, and the
 * second of a name, are counted through behind them: by the place of an expert, or where experts have them, by that of
 * a matrix, of which a site has few. */
static int address_matrix(struct build *build, const struct lexer_token *at, struct graph_matrix *matrix)
{
    enum { COUNTED = INIT_MATRICES, COPIED };
    const struct graph *graph = build->graph;
    bool taken = false, copied = is_copied(graph, matrix);
    uint32_t others = 0;
    for (const struct graph_matrix *m = graph->matrices; m < matrix; m++) {
        if (m->site != matrix->site)
            continue;
        taken |= strcmp(m->name, matrix->name) == 0;
        others += copied ? m->matrix >= COPIED : m->matrix == COUNTED;
    }
    for (uint32_t i = 0; i < INIT_MATRICES && !taken; i++)
        if (strcmp(init_matrix_names[i], matrix->name) == 0) {
            matrix->matrix = i;
            return ERROR_NONE;
        }
    matrix->matrix = copied ? COPIED + others : COUNTED;
    matrix->expert = copied ? 0 : others;
    return matrix->matrix < STREAM_MATRICES && matrix->expert < STREAM_EXPERTS
               ? ERROR_NONE
               : lexer_error(build->lexer, at, "too many matrices in one branch");
}

int build_site(struct build *build, const struct lexer_token *function, bool bare, int input, int first, int output)
{
    struct graph *graph = build->graph;
    int site = bare ? unnamed_site(graph) : -1;
    for (int i = 0; i < graph->matrix_count; i++) {
        struct graph_matrix *matrix = &graph->matrices[i];
        if (matrix->site >= 0 || matrix->node < first)
            continue;
        if (site < 0)
            site = add_site(build, function, bare, input, output);
        if (site < 0)
            return site;
        matrix->site = site;
        matrix->place = (uint32_t)site;
        label_matrix(graph, matrix);
        int code = address_matrix(build, function, matrix);
        if (code != ERROR_NONE)
            return code;
    }
    for (int n = first; site >= 0 && n <= output; n++) {
        graph->nodes[n].site = site;
        graph->sites[site].attends |= graph->nodes[n].kind == GRAPH_ATTEND;
    }
    return ERROR_NONE;
}

/* ---- the finished section ---- */

static bool passes_on(enum graph_kind kind)
{
    return kind == GRAPH_SCALE || kind == GRAPH_NORM || kind == GRAPH_POINTWISE || kind == GRAPH_PRODUCT;
}

/* The only node that reads n, -1 where there are none or several, or where n is an output. */
static int only_reader(const struct graph *graph, int n)
{
    int reader = -1, count = 0;
    for (int i = 0; i < graph->state_count; i++)
        count += 2 * (graph->outputs[i] == n);
    for (int i = n + 1; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        if (node->a != n && node->b != n && node->c != n)
            continue;
        reader = i;
        count++;
    }
    return count == 1 ? reader : -1;
}

void build_finish(struct graph *graph)
{
    for (int s = 0; s < graph->site_count; s++) {
        struct graph_site *site = &graph->sites[s];
        if (site->output < 0)
            continue;
        for (int next = site->output; next >= 0 && (next == site->output || passes_on(graph->nodes[next].kind));
             next = only_reader(graph, next))
            site->added = next;
    }
}
