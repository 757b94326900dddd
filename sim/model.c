#include "sim/model.h"

#include <math.h>

#include "sim/stream.h"

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
        .mask = &masks[0],
        .router = &routers[0],
        .cotangent = &cotangents[0],
        .input_scale = 1,
        .logit_factor = 1,
    };
}

/* Largest sizes: far above any use, and small enough that every product of two of them fits size_t. */
enum { LAYERS_MAX = 100000, WIDTH_MAX = 1 << 22, FFN_WIDTH_MAX = 4 * WIDTH_MAX, TOKENS_MAX = 1 << 16 };

/* Squares of the input and their sums and ratios stay clear of both ends of double. */
static const double SCALE_MIN = 1e-100, SCALE_MAX = 1e100;

static int check_size(const char *what, int value, int largest, struct error *error)
{
    if (value >= 1 && value <= largest)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "%s: %d is not between 1 and %d", what, value, largest);
}

int model_check(struct model *model, struct error *error)
{
    if (model->ffn_width == 0)
        model->ffn_width = model->width <= WIDTH_MAX ? 4 * model->width : 4; // a wrong width is reported below
    struct {
        const char *what;
        int value, largest;
    } sizes[] = {
        {"layers", model->layers, LAYERS_MAX},
        {"width", model->width, WIDTH_MAX},
        {"heads", model->heads, WIDTH_MAX},
        {"tokens", model->tokens, TOKENS_MAX},
        {"ffn-width", model->ffn_width, FFN_WIDTH_MAX},
        {"experts", model->experts, STREAM_EXPERTS},
        {"top-k", model->top_k, STREAM_EXPERTS},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int code = check_size(sizes[i].what, sizes[i].value, sizes[i].largest, error);
        if (code != ERROR_NONE)
            return code;
    }
    if (model->width % model->heads != 0)
        return error_set(error, ERROR_INPUT, "heads: %d heads do not divide width %d", model->heads, model->width);
    if (model->top_k > model->experts)
        return error_set(error, ERROR_INPUT, "top-k: cannot choose %d of %d experts", model->top_k, model->experts);
    if (!(model->input_correlation >= 0 && model->input_correlation <= 1))
        return error_set(error, ERROR_INPUT, "input-correlation: %g is not between 0 and 1", model->input_correlation);
    if (!(model->input_scale >= SCALE_MIN && model->input_scale <= SCALE_MAX))
        return error_set(error, ERROR_INPUT, "input-scale: %g is not between %g and %g", model->input_scale, SCALE_MIN,
                         SCALE_MAX);
    model->phi2 = activation_second_moment(model->activation);
    if (!isfinite(model->phi2))
        return error_set(error, ERROR_RESOURCE, "out of memory");
    return ERROR_NONE;
}

void model_free(struct model *model)
{
    formula_free(&model->formula);
    init_free(&model->init);
}

int model_rows(const struct model *model)
{
    return model->sequences * model->tokens;
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
        .phi2 = model->phi2,
        .c = model->init.c,
        .s = model->init.s,
    };
}
