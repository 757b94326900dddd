#include "sim/model.h"

#include <math.h>

#include "sim/readers.h"
#include "sim/setting.h"

void model_defaults(struct model *model)
{
    *model = (struct model){
        .layers = 16,
        .width = 256,
        .heads = 4,
        .tokens = 16,
        .sequences = 1,
        .experts = 8,
        .top_k = 2,
        .activation = &activations[0],
        .norm = &norms[0],
        .eps = NORM_EPSILON,
        .mask = &masks[0],
        .rotary = 1,
        .bias = &biases[0],
        .scaling = &scalings[0],
        .law = &laws[0],
        .router = &routers[0],
        .cotangent = &cotangents[0],
        .vocabulary = 256,
        .input_scale = 1,
        .logit_factor = 1,
        .init = {.c = INIT_C, .s = INIT_S},
    };
}

/* Whether anything is as wide as the width over the heads has it. */
static bool divides_width(const struct model *model)
{
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].offset == offsetof(struct model, head_width))
            return model->head_width == 0 && readers_exist(&settings[i], model);
    return false;
}

int model_check(struct model *model, struct error *error)
{
    if (model->ffn_width == 0)
        model->ffn_width = model->width <= MODEL_WIDTH_MAX ? 4 * model->width : 4; // a wrong width is reported below
    for (size_t i = 0; i < setting_count; i++) {
        int code = setting_check(&settings[i], model, error);
        if (code != ERROR_NONE)
            return code;
    }
    if (model->width % model->heads != 0 && divides_width(model))
        return error_set(error, ERROR_INPUT, "heads: %d heads do not divide width %d", model->heads, model->width);
    if (model->heads % model_kv_heads(model) != 0)
        return error_set(error, ERROR_INPUT, "kv-heads: %d do not divide %d heads", model->kv_heads, model->heads);
    if (model->top_k > model->experts)
        return error_set(error, ERROR_INPUT, "top-k: cannot choose %d of %d experts", model->top_k, model->experts);
    model->phi2 = activation_second_moment(model->activation);
    if (!isfinite(model->phi2))
        return error_set(error, ERROR_RESOURCE, "no second moment of %s: its quadrature fails, or memory is out",
                         model->activation->name);
    int code = formula_set_gated(&model->formula, model->activation->gated, error);
    return code != ERROR_NONE ? code : init_check(&model->init, &model->formula, error);
}

void model_share(const struct model *from, struct model *to)
{
    *to = *from;
    formula_share(&from->formula, &to->formula);
    init_share(&from->init, &to->init);
}

void model_free(struct model *model)
{
    formula_free(&model->formula);
    init_free(&model->init);
}

const struct law *model_law(const struct model *model, const struct graph_matrix *matrix)
{
    const struct law *own = init_law(&model->init, matrix);
    return own ? own : model->law;
}

bool model_is_normal(const struct model *model)
{
    const struct graph *graph;
    for (int i = 0; (graph = formula_section(&model->formula, i)) != NULL; i++)
        for (int m = 0; m < graph->matrix_count; m++)
            if (!model_law(model, &graph->matrices[m])->gaussian)
                return false;
    return true;
}

int model_rows(const struct model *model)
{
    return model->sequences * model->tokens;
}

int model_kv_heads(const struct model *model)
{
    return model->kv_heads > 0 ? model->kv_heads : model->heads;
}

int model_head_width(const struct model *model)
{
    return model->head_width > 0 ? model->head_width : model->width / model->heads;
}

int model_memory_tokens(const struct model *model)
{
    return model->memory_tokens > 0 ? model->memory_tokens : model->tokens;
}

struct graph_scope model_scope(const struct model *model, int l)
{
    return (struct graph_scope){
        .L = model->layers,
        .l = l,
        .d = model->width,
        .T = model->tokens,
        .F = model->ffn_width,
        .H = model->heads,
        .E = model->experts,
        .k = model->top_k,
        .heads = model->heads,
        .kv_heads = model_kv_heads(model),
        .head_width = model_head_width(model),
        .phi2 = model->phi2,
        .c = model->init.c,
        .s = model->init.s,
    };
}
