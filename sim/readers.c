#include "sim/readers.h"

#include <string.h>

#include "sim/function.h"
#include "sim/lexer.h"
#include "sim/prelude.h"
#include "sim/text.h"

static int find_variable(const char *name)
{
    int i = 0;
    while (strcmp(graph_variables[i].name, name) != 0)
        i++;
    return i;
}

/* Whether the node is the setting's name, or another that the same option of a call sets. */
static bool is_variable(const struct graph_node *node, const char *name)
{
    if (!name || node->kind != GRAPH_VARIABLE)
        return false;
    const char *option = graph_variables[find_variable(name)].option, *own = graph_variables[node->index].option;
    return strcmp(graph_variables[node->index].name, name) == 0 || (option && own && strcmp(option, own) == 0);
}

static bool node_reads(const struct graph *graph, const struct graph_node *node, const struct model *model,
                       const struct setting *setting)
{
    bool names_function = node->kind == GRAPH_POINTWISE && node->index >= 0;
    bool is_state = node->kind == GRAPH_INPUT && !graph->inputs[node->index].memory;
    bool says_itself = setting->option > 0 && node->option[setting->option - 1] >= 0;
    bool reads = (setting->readers >> node->kind & 1) && !names_function && !is_state && !says_itself &&
                 (!setting->need || setting->need->met(model, graph, node));
    return reads && !(setting->matrix && setting->matrix(&model->init, &graph->matrices[node->index]));
}

static bool graph_reads(const struct graph *graph, const struct model *model, const struct setting *setting)
{
    for (int n = 0; n < graph->node_count; n++)
        if (node_reads(graph, &graph->nodes[n], model, setting) || is_variable(&graph->nodes[n], setting->variable))
            return true;
    return false;
}

/* The scale of a matrix depends on the variable where the expression of its statement holds it. */
static bool scale_reads(const struct init *init, const struct graph_matrix *matrix, const char *variable)
{
    bool needed[GRAPH_NODES_MAX] = {false}, found = false;
    int statement = init_find(init, matrix);
    if (statement < 0)
        return false;
    needed[init->graph.statements[statement].node] = true;
    for (int n = init->graph.node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &init->graph.nodes[n];
        if (!needed[n])
            continue;
        found |= is_variable(node, variable);
        if (node->a >= 0)
            needed[node->a] = true;
        if (node->b >= 0)
            needed[node->b] = true;
    }
    return found;
}

static bool block_reads(const struct graph *graph, const struct model *model, const struct setting *setting)
{
    bool reads = graph_reads(graph, model, setting);
    for (int m = 0; setting->variable && m < graph->matrix_count && !reads; m++)
        reads = scale_reads(&model->init, &graph->matrices[m], setting->variable);
    return reads;
}

bool readers_exist(const struct setting *setting, const struct model *model)
{
    const struct formula *formula = &model->formula;
    if (setting->readers == 0 && !setting->variable)
        return true;
    if (setting->readers & READERS_LOSS)
        return model->cotangent->loss;
    bool reads = block_reads(&formula->first, model, setting) || block_reads(&formula->last, model, setting);
    for (int r = 0; r < formula->rule_count && !reads; r++)
        reads = graph_reads(&formula->rules[r].condition, model, setting) ||
                block_reads(&formula->rules[r].block, model, setting);
    return reads;
}

/* Whether a definition of the prelude holds the name of the variable, or another that the same option sets. */
static bool prelude_reads(const char *text, const char *variable)
{
    struct lexer lexer;
    lexer_init(&lexer, text, strlen(text), prelude_what, NULL);
    for (struct lexer_token token = lexer_next(&lexer); token.kind != LEXER_END; token = lexer_next(&lexer))
        for (int i = 0; token.kind == LEXER_NAME && i < graph_variable_count; i++) {
            struct graph_node node = {.kind = GRAPH_VARIABLE, .index = i};
            if (lexer_is(&token, graph_variables[i].name) && is_variable(&node, variable))
                return true;
        }
    return false;
}

static void list_reader(struct text *text, const char *reader)
{
    text_print(text, "%s%s", text->length > 0 ? ", " : "", reader);
}

/* The argument by which a call says itself what the setting would; NULL where none does. */
static const char *own_option(const struct setting *setting)
{
    struct function function;
    for (size_t i = 0; setting->option > 0 && function_at(i, &function); i++)
        if ((setting->readers >> function.kind & 1) && setting->option <= function.option_count)
            return function.options[setting->option - 1].name;
    return NULL;
}

size_t readers_print(const struct setting *setting, char *buffer, size_t size)
{
    static const struct {
        unsigned kinds;
        const char *words;
    } readers[] = {{READERS_MATRICES, "a matrix"},         {READERS_NORM, "norm()"},
                   {READERS_ATTEND, "attend(), attn()"},   {READERS_MOE, "moe()"},
                   {READERS_PHI, "phi(), ffn()"},          {READERS_MEMORY, "an input"},
                   {READERS_LOSS, "a loss as --cotangent"}};
    struct text text = {buffer, size, 0};
    unsigned left = setting->readers;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if ((left & readers[i].kinds) == readers[i].kinds) {
            list_reader(&text, readers[i].words);
            left &= ~readers[i].kinds;
        }
    if (setting->need)
        text_print(&text, " with %s", setting->need->words);
    const char *own = own_option(setting);
    if (own)
        text_print(&text, "%s without %s=", setting->need ? "," : "", own);
    if (!setting->variable)
        return text.length;
    bool only_init = graph_variables[find_variable(setting->variable)].init_only;
    for (size_t i = 0; i < prelude_count && setting->readers == 0; i++)
        if (prelude[i].activation != PRELUDE_GATED && prelude_reads(prelude[i].text, setting->variable)) {
            list_reader(&text, prelude[i].name);
            text_print(&text, "()");
        }
    text_print(&text, "%s%sthe name %s", text.length > 0 ? " or " : "",
               only_init && setting->readers == 0 ? "an initialisation with " : "", setting->variable);
    return text.length;
}
