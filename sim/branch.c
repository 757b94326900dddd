#include "sim/branch.h"

#include "sim/ffn.h"

const struct branch *branch_of(enum graph_kind kind)
{
    static const struct branch *const branches[] = {
        [GRAPH_ATTN] = &attention_branch,
        [GRAPH_FFN] = &ffn_branch,
        [GRAPH_MOE] = &moe_branch,
    };
    return (size_t)kind < sizeof branches / sizeof *branches ? branches[kind] : NULL;
}

struct linear_map branch_map(const struct branch_site *site, enum init_matrix matrix, int expert, int fan_out)
{
    struct linear_map map = {fan_out, site->sd[matrix], site->address};
    map.address.matrix = matrix;
    map.address.expert = (uint32_t)expert;
    return map;
}

struct linear_cost branch_linear_cost(const struct linear_engine *engine, const struct linear *linear)
{
    struct linear_cost cost = engine->cost(linear);
    size_t gradient = linear_gradient_work(linear);
    double grams = (double)linear->rows * linear->rows * linear->fan_in;
    for (int i = 0; i < linear->count; i++)
        grams += (double)linear->rows * linear->rows * linear->map[i].fan_out;
    return linear_cost_add(cost, (struct linear_cost){0, gradient, 0, grams});
}

void branch_linear_backward(const struct branch_site *site, const struct linear *linear, const double *x,
                            const double *const dy[], double beta, double *dx, const double *tape, struct arena work,
                            struct branch_report *report)
{
    double squares[LINEAR_MAPS] = {0};
    linear_gradient_squares(linear, x, dy, squares, work);
    for (int i = 0; i < linear->count; i++)
        report->gradient_squares[linear->map[i].address.matrix] += squares[i];
    site->engine->backward(site->engine, linear, x, dy, beta, dx, tape, work);
}
