#include <cblas.h>
#include <string.h>

#include "analysis/limit/rule.h"

/* Experts at a width. Each reads the body on the rows of the tokens that chose it, by the same rules and with draws of
 * its own: its signals and spaces are its own but for the space of what it is given and that of what it gives, whose
 * frames all experts and the block extend in turn. */

struct rule_expert {
    struct rule_run run;
    int count;
    int *tokens; // [count]
};

static const struct graph *graph_of(const struct rule_run *run)
{
    return run->layout->plan->graph;
}

static const struct plan_mixture *mixture_of(const struct rule_run *run, int node)
{
    return &run->layout->plan->nodes[node].mixture;
}

/* Columns of the spaces that experts share with the block. */
static void copy_columns(const struct rule_run *from, struct rule_run *to, int node)
{
    const int shared[] = {mixture_of(from, node)->expert, node};
    for (int i = 0; i < 2; i++)
        rule_space(to, shared[i])->columns = rule_space(from, shared[i])->columns;
}

static struct signal unset(int rows, int columns, struct pool *work)
{
    return (struct signal){columns, pool_take(work, (size_t)rows * (size_t)columns)};
}

/* Rows of its tokens, times weights by token, NULL: 1. */
static struct signal gather(const struct rule_expert *expert, const struct signal *signal, const double *weights,
                            int stride, struct pool *work)
{
    size_t K = (size_t)signal->columns;
    struct signal out = unset(expert->count, signal->columns, work);
    for (int i = 0; i < expert->count; i++) {
        const double *in = signal->at + (size_t)expert->tokens[i] * K;
        double weight = weights ? weights[expert->tokens[i] * stride] : 1;
        for (size_t j = 0; j < K; j++)
            out.at[(size_t)i * K + j] = weight * in[j];
    }
    return out;
}

/* The reverse: added to those of `out`, which has as many columns at least. */
static void scatter(const struct rule_expert *expert, const struct signal *rows, const double *weights, int stride,
                    const struct signal *out)
{
    for (int i = 0; i < expert->count; i++)
        cblas_daxpy(rows->columns, weights ? weights[expert->tokens[i] * stride] : 1,
                    rows->at + (size_t)i * (size_t)rows->columns, 1,
                    out->at + (size_t)expert->tokens[i] * (size_t)out->columns, 1);
}

static void find_tokens(struct rule_run *run, int node, int e, struct rule_expert *expert)
{
    int T = rule_space(run, node)->grams.tokens, E = mixture_of(run, node)->sizes.experts;
    const double *mask = rule_gates(run, node, RULE_GATES_MASK);
    expert->count = 0;
    expert->tokens = pool_take_zeros(run->work, (size_t)T * sizeof *expert->tokens);
    for (int t = 0; t < T; t++)
        if (mask[t * E + e] != 0)
            expert->tokens[expert->count++] = t;
}

static void open_expert(struct rule_run *run, int node, int e, struct rule_expert *expert)
{
    const struct plan_mixture *moe = mixture_of(run, node);
    size_t spaces = (size_t)run->layout->space_count;
    expert->run = *run;
    expert->run.address.expert = (uint32_t)e;
    expert->run.nodes = pool_take_zeros(run->work, (size_t)node * sizeof *run->nodes);
    expert->run.spaces = pool_take_zeros(run->work, spaces * sizeof *run->spaces);
    memcpy(expert->run.spaces, run->spaces, spaces * sizeof *run->spaces);
    for (size_t s = 0; s < spaces; s++)
        expert->run.spaces[s].grams.tokens = expert->count;
    const struct rule_node *given = &run->nodes[graph_of(run)->nodes[moe->expert].a];
    const double *weights = moe->weigh->input ? rule_gates(run, node, RULE_GATES_CHOSEN) + e : NULL;
    expert->run.nodes[moe->expert].out = gather(expert, &given->out, weights, moe->sizes.experts, run->work);
    expert->run.nodes[moe->expert].normed = given->normed;
}

static void body_forward(struct rule_run *run, int first, int end)
{
    for (int n = first; n < end; n++)
        if (graph_is_signal(graph_of(run)->nodes[n].kind)) {
            struct pool_mark mark = pool_mark(run->scratch);
            rules[graph_of(run)->nodes[n].kind].forward(run, n);
            pool_release(run->scratch, mark);
        }
}

void rule_experts_forward(struct rule_run *run, int node)
{
    const struct plan_mixture *moe = mixture_of(run, node);
    int E = moe->sizes.experts, body = graph_of(run)->nodes[node].b;
    struct rule_expert *experts = pool_take_zeros(run->work, (size_t)E * sizeof *experts);
    const double *gates = rule_gates(run, node, RULE_GATES_CHOSEN);
    run->nodes[node].experts = experts;
    for (int e = 0; e < E; e++) {
        find_tokens(run, node, e, &experts[e]);
        if (experts[e].count == 0)
            continue;
        open_expert(run, node, e, &experts[e]);
        body_forward(&experts[e].run, moe->expert + 1, node);
        copy_columns(&experts[e].run, run, node);
    }
    run->nodes[node].out = frame_zero(rule_space(run, node), rule_space(run, node)->columns, run->work);
    for (int e = 0; e < E; e++)
        if (experts[e].count > 0)
            scatter(&experts[e], &experts[e].run.nodes[body].out, moe->weigh->input ? NULL : gates + e, E,
                    &run->nodes[node].out);
}

/* ---- reverse ---- */

/* <a, b> over the features of every row. */
static void products(const struct rule_expert *expert, double width, const struct signal *a, const struct signal *b,
                     double *out, int stride)
{
    int K = a->columns < b->columns ? a->columns : b->columns;
    for (int i = 0; i < expert->count; i++)
        out[expert->tokens[i] * stride] = width * cblas_ddot(K, a->at + (size_t)i * (size_t)a->columns, 1,
                                                             b->at + (size_t)i * (size_t)b->columns, 1);
}

static void body_backward(struct rule_run *run, int first, int end)
{
    for (int n = end - 1; n >= first; n--) {
        if (!graph_is_signal(graph_of(run)->nodes[n].kind))
            continue;
        rule_collect(run, n);
        if (n > first && run->nodes[n].gradient.at)
            rules[graph_of(run)->nodes[n].kind].backward(run, n);
    }
}

static void add_weights(struct rule_run *run, const struct rule_run *expert, int first, int end)
{
    const struct graph *graph = graph_of(run);
    for (int m = 0; m < graph->matrix_count; m++)
        if (graph->matrices[m].node > first && graph->matrices[m].node < end)
            run->weights[m] += expert->weights[m];
}

/* u: of the expert's gates, by what they multiply. */
static void expert_backward(struct rule_run *run, int node, int e, struct rule_expert *expert, double *u)
{
    const struct plan_mixture *moe = mixture_of(run, node);
    int E = moe->sizes.experts, body = graph_of(run)->nodes[node].b, given = graph_of(run)->nodes[moe->expert].a;
    bool input = moe->weigh->input;
    const double *gates = rule_gates(run, node, RULE_GATES_CHOSEN) + e;
    struct rule_node *nodes = expert->run.nodes;
    expert->run.work = run->work;
    expert->run.scratch = run->scratch;
    expert->run.weights = pool_take_zeros(run->work, ((size_t)graph_of(run)->matrix_count + 1) * sizeof(double));
    copy_columns(run, &expert->run, node);
    struct signal dy = gather(expert, rule_gradient(run, node), NULL, E, run->work);
    if (!input)
        products(expert, rule_space(run, node)->width, &dy, &nodes[body].out, u + e, E);
    nodes[body].gradient = input ? dy : gather(expert, rule_gradient(run, node), gates, E, run->work);
    body_backward(&expert->run, moe->expert, node);
    if (input && nodes[moe->expert].gradient.at) {
        struct signal x = gather(expert, &run->nodes[given].out, NULL, E, run->work);
        products(expert, rule_space(run, given)->width, &nodes[moe->expert].gradient, &x, u + e, E);
    }
    copy_columns(&expert->run, run, node);
    add_weights(run, &expert->run, moe->expert, node);
}

void rule_experts_backward(struct rule_run *run, int node, double *u)
{
    const struct plan_mixture *moe = mixture_of(run, node);
    int E = moe->sizes.experts, given = graph_of(run)->nodes[moe->expert].a;
    struct rule_expert *experts = run->nodes[node].experts;
    for (int e = 0; e < E; e++)
        if (experts[e].count > 0)
            expert_backward(run, node, e, &experts[e], u);
    struct signal all = frame_zero(rule_space(run, given), rule_space(run, given)->columns, run->work);
    for (int e = 0; e < E; e++) {
        const double *weights = moe->weigh->input ? rule_gates(run, node, RULE_GATES_CHOSEN) + e : NULL;
        if (experts[e].count > 0 && experts[e].run.nodes[moe->expert].gradient.at)
            scatter(&experts[e], &experts[e].run.nodes[moe->expert].gradient, weights, E, &all);
    }
    rule_give(run, given, all);
}
