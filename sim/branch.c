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

void branch_linear_backward(const struct branch_site *site, const struct linear *linear, const double *x,
                            const double *const y[], const double *const dy[], double beta, double *dx,
                            const double *tape, struct arena work, struct branch_report *report)
{
    double squares[LINEAR_MAPS] = {0};
    site->engine->backward(site->engine, linear, x, y, dy, beta, dx, squares, tape, work);
    for (int i = 0; i < linear->count; i++)
        report->gradient_squares[linear->map[i].address.matrix] += squares[i];
}
