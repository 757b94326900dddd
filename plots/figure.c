#include "plots/figure.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plots/curves.h"
#include "plots/drawing.h"
#include "plots/learning.h"
#include "plots/profile_curves.h"
#include "plots/publish.h"
#include "sim/source.h"
#include "sim/text.h"
#include "train/score.h"

#define RATIO_LABEL   "{/:Italic g}_0 / {/:Italic g_L}"
#define RATIO_MEASURE "ratio of gradient variances"

const struct figure figures[] = {
    {.name = "activation",
     .title = "Activation variance against depth",
     .y_label = "activation variance {/:Italic q_l}",
     .measure = "mean square",
     .entry = FIGURE_INPUT,
     .scale = FIGURE_EITHER,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_value,
                .variants = {{"activation_variance", NULL, false, 0}}},
     .wish = {.least = 0, .most = INFINITY, .span = 0.8, .relative_span = 0.5}},
    {.name = "gradient",
     .title = "Gradient variance against depth",
     .y_label = "gradient variance {/:Italic g_l}",
     .measure = "mean square",
     .entry = FIGURE_COTANGENT,
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_geometric,
                .variants = {{"gradient_variance", "total", false, 0},
                             {"gradient_specific", "token-specific", false, 0}}},
     .wish = {.span = 1}},
    {.name = "layer-cosine",
     .title = "Cosine between successive layers against depth",
     .y_label = "layer cosine  cos({/:Italic x_{l-1}}, {/:Italic x_l})",
     .measure = "1 = idle layer",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_value,
                .variants = {{"layer_cosine", NULL, false, 0}}},
     .wish = {.least = -1, .most = 1, .span = 0.1}},
    {.name = "representation-collapse",
     .title = "Representation collapse: what a block changes, against depth",
     .y_label = "1 - cos({/:Italic x_{l-1}}, {/:Italic x_l})",
     .measure = "0 = idle layer",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_log_layer,
                .quantity = &quantity_complement,
                .variants = {{"layer_cosine", NULL, false, 0}}},
     .wish = {.span = 1}},
    {.name = "token-cosine",
     .title = "Cosine between tokens against depth",
     .y_label = "token cosine {/:Italic r_l}",
     .measure = "1 = rank collapse",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_value,
                .variants = {{"token_cosine", NULL, false, 0}}},
     .wish = {.least = -1, .most = 1, .span = 0.1}},
    {.name = "rank-collapse",
     .title = "Rank collapse: what tells tokens apart, against depth",
     .y_label = "1 - token cosine {/:Italic r_l}",
     .measure = "0 = rank collapse",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_complement,
                .variants = {{"token_cosine", NULL, false, 0}}},
     .wish = {.span = 1}},
    {.name = "entropy",
     .title = "Attention entropy against depth",
     .y_label = "attention entropy",
     .measure = "nat",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_value,
                .variants = {{"attention_entropy", NULL, false, 0}}},
     .wish = {.least = 0, .most = INFINITY, .span = 0.1, .relative_span = 0.2}},
    {.name = "branch-ratio",
     .title = "Size of the branches against depth",
     .y_label = "branch output over block input",
     .measure = "ratio of mean squares",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_value,
                .variants = {{"branch_ratio.ffn", "ffn", false, 0}, {"branch_ratio.attn", "attn", false, 0}}},
     .wish = {.span = 1}},
    {.name = "weight-gradient",
     .title = "Weight gradients against depth",
     .y_label = "weight gradient variance",
     .measure = "mean square per entry",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_geometric,
                .variants = {{"weight_gradient_variance.ffn.w2", "ffn w2", false, 0},
                             {"weight_gradient_variance.attn.wo", "attn wo", false, 0}}},
     .wish = {.span = 1}},
    {.name = "depth-scaling",
     .title = "Gradient through the stack against its depth",
     .y_label = RATIO_LABEL,
     .measure = RATIO_MEASURE,
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_depth,
                .quantity = &quantity_gain,
                .variants = {{"gradient_variance", NULL, false, 0}}},
     .wish = {.span = 1}},
    {.name = "scaleinit-constant",
     .title = "Gradient through the stack against the constant of ScaleInit",
     .y_label = RATIO_LABEL,
     .measure = RATIO_MEASURE,
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_constant,
                .quantity = &quantity_gain,
                .variants = {{"gradient_variance", NULL, false, 0}}},
     .wish = {.span = 1}},
    {.name = "fluctuation",
     .title = "Fluctuation of the gradient over samples against depth",
     .y_label = "{/:Italic d} Var log({/:Italic g}_0 / {/:Italic g_L})",
     .measure = "over samples, times width",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_depth,
                .quantity = &quantity_log_variance,
                .variants = {{"gradient_variance", NULL, false, 0}},
                .slope = 1,
                .slope_label = "proportional to {/:Italic L}"},
     .wish = {.span = 1}},
    {.name = "causal-position",
     .title = "Gradient variance against the position of the token",
     .y_label = "gradient variance at the input",
     .measure = "mean square by position",
     .entry = FIGURE_COTANGENT,
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_position,
                .quantity = &quantity_geometric,
                .variants = {{"gradient_variance", NULL, false, 0}}},
     .wish = {.span = 1}},
    {.name = "causal-depth",
     .title = "Gradient variance of single tokens against depth",
     .y_label = "gradient variance of a token",
     .measure = "mean square",
     .entry = FIGURE_COTANGENT,
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_geometric,
                .variants = {{"gradient_variance", "first token", false, SERIES_FIRST_TOKEN},
                             {"gradient_variance", "middle token", false, SERIES_MIDDLE_TOKEN},
                             {"gradient_variance", "last token", false, SERIES_LAST_TOKEN}}},
     .wish = {.span = 1}},
    {.name = "width-convergence",
     .title = "Gap between samples and prediction against width",
     .y_label = "|measured / predicted - 1|",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_width,
                .quantity = &quantity_gap,
                .variants = {{"gradient_variance", "gradient at the input", false, 0},
                             {"token_cosine", "token cosine at the output", true, 0}},
                .slope = -1,
                .slope_label = "proportional to 1/{/:Italic d}"},
     .wish = {.span = 1}},
    {.name = "learning",
     .title = "What is left to learn against the steps of training",
     .y_label = "{/:Italic u}",
     .measure = "1 = nothing learned",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_step,
                .quantity = &quantity_value,
                .variants = {{LEARNING_SCORE, NULL, false, 0}}},
     .wish = {.least = 0, .most = INFINITY, .span = 0.1}},
    {.name = "score-rate",
     .title = "What is left to learn against the learning rate",
     .y_label = "{/:Italic u}",
     .measure = "1 = nothing learned",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_rate, .quantity = &quantity_value, .variants = {{LEARNING_SCORE, NULL, true, 0}}},
     .wish = {.least = 0, .most = INFINITY, .span = 0.1}},
    {.name = "score-collapse",
     .title = "What is left to learn against how far apart tokens are at initialisation",
     .y_label = "{/:Italic u}",
     .measure = "1 = nothing learned",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_initial_spread,
                .quantity = &quantity_value,
                .variants = {{LEARNING_SCORE, NULL, true, 0}},
                .fit = FIT_AREA},
     .wish = {.least = 0, .most = INFINITY, .span = 0.1}},
    {.name = "collapse-roc",
     .title = "What the initial state tells of runs that fail",
     .y_label = "true positive rate",
     .measure = "of the runs that fail, those said to",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_false_positives,
                .quantity = &quantity_value,
                .variants = {{LEARNING_SCORE, "1 - token cosine {/:Italic r_L}", true, 0},
                             {LEARNING_SCORE, "log " RATIO_LABEL, true, 0}},
                .along = {LEARNING_SPREAD, LEARNING_RATIO},
                .slope = 1,
                .slope_label = "chance",
                .fit = FIT_ROC},
     .wish = {.least = 0, .most = 1, .span = 1}},
    {.name = "edge-depth",
     .title = "The largest learning rate against depth",
     .y_label = "largest rate",
     .measure = "{/:Italic u} at most " SCORE_QUOTE(SCORE_FAILS),
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_edge_depth,
                .quantity = &quantity_edge,
                .variants = {{LEARNING_SCORE, NULL, true, 0}},
                .slope = -1,
                .slope_label = "proportional to 1/{/:Italic L}",
                .fit = FIT_SLOPE},
     .wish = {.span = 1}},
    {.name = "edge-width",
     .title = "The largest learning rate against width",
     .y_label = "largest rate",
     .measure = "{/:Italic u} at most " SCORE_QUOTE(SCORE_FAILS),
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_edge_width,
                .quantity = &quantity_edge,
                .variants = {{LEARNING_SCORE, NULL, true, 0}},
                .slope = -1,
                .slope_label = "proportional to 1/{/:Italic d}",
                .fit = FIT_SLOPE},
     .wish = {.span = 1}},
    {.name = "ablation",
     .title = "What a trained stack loses without one of its blocks",
     .y_label = "loss without block {/:Italic l} less that with all",
     .measure = "nat",
     .scale = FIGURE_LINEAR,
     .choice = {.abscissa = &abscissa_layer,
                .quantity = &quantity_excess,
                .variants = {{"ablated_loss", NULL, false, 0}}},
     .wish = {.least = -INFINITY, .most = INFINITY, .span = 0.01}},
    {.name = "coordinate-check",
     .title = "Coordinate check: what one update changes, against width",
     .y_label = "change of the output {/:Italic x_L} by the update",
     .measure = "mean square",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_width,
                .quantity = &quantity_value,
                .variants = {{"activation_change", NULL, true, 0}},
                .fit = FIT_SLOPE},
     .wish = {.span = 1}},
    {.name = "cost",
     .title = "Time of a sample, forward and reverse, against width",
     .y_label = "time per sample",
     .measure = "s",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {.abscissa = &abscissa_width_by_engine,
                .quantity = &quantity_seconds,
                .variants = {{"activation_variance", NULL, false, 0}}},
     .wish = {.span = 1}},
};
const size_t figure_count = sizeof figures / sizeof *figures;

const struct figure *figure_find(const char *name)
{
    for (size_t i = 0; i < figure_count; i++)
        if (strcmp(figures[i].name, name) == 0)
            return &figures[i];
    return NULL;
}

static bool has_band(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++)
        if (!isnan(series->points[i].lo))
            return true;
    return false;
}

static bool reaches_zero(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++)
        if (series->points[i].lo == -INFINITY)
            return true;
    return false;
}

/* Lines of theory that lie beyond the axis altogether would be words in the key without a line. */
static void remove_invisible(struct series_list *list, const struct axis *axis)
{
    for (size_t i = list->count; i-- > 0;) {
        const struct series *series = &list->series[i];
        bool visible = !series_is_theory(series);
        for (size_t p = 0; p < series->count && !visible; p++)
            visible = series->points[p].y >= axis->lo && series->points[p].y <= axis->hi;
        if (!visible)
            series_remove(list, i);
    }
}

static void survey(struct drawing *drawing)
{
    bool measured = false;
    double first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < drawing->list.count; i++) {
        const struct series *series = &drawing->list.series[i];
        drawing->bands = drawing->bands || has_band(series);
        drawing->zeros = drawing->zeros || reaches_zero(series);
        drawing->predictions = drawing->predictions || series->role == SERIES_PREDICTED;
        drawing->slope = drawing->slope || series->role == SERIES_SLOPE;
        drawing->theory = drawing->theory || (series_is_theory(series) && series->role != SERIES_SLOPE);
        measured = measured || series->role == SERIES_MEASURED;
        first = fmin(first, series->points[0].x);
        last = fmax(last, series->points[series->count - 1].x);
    }
    drawing->mixed = measured && drawing->predictions;
    const struct abscissa *abscissa = drawing->figure->choice.abscissa;
    double from = isnan(abscissa->from) ? first : fmin(abscissa->from, first);
    double margin = (last - from) * (abscissa->over == ABSCISSA_LAYERS ? 0.015 : 0.04);
    drawing->last = last;
    drawing->x = axis_between(abscissa->logarithmic, from - margin, last + margin);
}

/* The words that all profiles share of what went in, "" where they differ. An input of scale s has mean square s^2. */
static void write_entry(enum figure_entry entry, const struct saved_list *shown, char *words, size_t size)
{
    *words = '\0';
    for (size_t i = 0; i < shown->count && entry != FIGURE_NOTHING; i++) {
        const struct saved *profile = &shown->profiles[i];
        const char *cotangent = saved_text(profile, "cotangent", cotangents[0].name);
        char own[64];
        if (entry == FIGURE_INPUT)
            snprintf(own, sizeof own, "input = %.4g", pow(saved_number(profile, "input_scale", 1), 2));
        else if (strcmp(cotangent, cotangents[0].name) == 0)
            snprintf(own, sizeof own, "cotangent = 1");
        else
            snprintf(own, sizeof own, "%.32s cotangent", cotangent_find(cotangent) ? cotangent : "another");
        if (i > 0 && strcmp(own, words) != 0) {
            *words = '\0';
            return;
        }
        snprintf(words, size, "%s", own);
    }
}

static void write_y_label(struct drawing *drawing, const struct saved_list *shown)
{
    char entry[64];
    const struct figure *figure = drawing->figure;
    struct text text = {drawing->y_label, sizeof drawing->y_label, 0};
    write_entry(figure->entry, shown, entry, sizeof entry);
    text_print(&text, "%s", figure->y_label);
    if (figure->measure)
        text_print(&text, "  (%s%s%s)", figure->measure, *entry ? "; " : "", entry);
}

/* The profiles that the figure shows something of, which own nothing. */
static int choose_shown(const struct figure *figure, const struct saved_list *profiles, struct saved_list *shown,
                        struct error *error)
{
    shown->profiles = calloc(profiles->count + 1, sizeof *shown->profiles);
    if (!shown->profiles)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu profiles", profiles->count);
    for (size_t i = 0; i < profiles->count; i++)
        if (profile_curves_shows(&figure->choice, profiles, i))
            shown->profiles[shown->count++] = profiles->profiles[i];
    return shown->count > 0 ? ERROR_NONE : profile_curves_nothing(&figure->choice, error);
}

static int make_series(struct drawing *drawing, const struct saved_list *profiles, const struct saved_list *shown,
                       struct error *error)
{
    const struct figure *figure = drawing->figure;
    bool logarithmic = figure->scale == FIGURE_LOGARITHMIC ||
                       (figure->scale == FIGURE_EITHER && profile_curves_needs_logarithm(&figure->choice, shown));
    write_y_label(drawing, shown);
    int code = legend_init(&drawing->legend, shown, figure->choice.abscissa, error);
    if (code == ERROR_NONE)
        code = curves_init(&drawing->list, &figure->choice, logarithmic, profiles, shown, &drawing->legend, error);
    if (code == ERROR_NONE)
        axis_fit(&drawing->y, logarithmic, &figure->wish, &drawing->list);
    return code;
}

static int prepare(struct drawing *drawing, const struct saved_list *profiles, struct error *error)
{
    struct saved_list shown = {0};
    int code = choose_shown(drawing->figure, profiles, &shown, error);
    if (code == ERROR_NONE)
        code = make_series(drawing, profiles, &shown, error);
    free(shown.profiles);
    if (code != ERROR_NONE)
        return code;
    remove_invisible(&drawing->list, &drawing->y);
    survey(drawing);
    return ERROR_NONE;
}

/* Files. */

static void print_script(FILE *file, const void *context)
{
    drawing_print_script(file, context);
}

static void print_data(FILE *file, const void *context)
{
    drawing_print_data(file, context);
}

static void print_caption(FILE *file, const void *context)
{
    drawing_print_caption(file, context);
}

int figure_draw(const struct figure *figure, const struct saved_list *profiles, const struct figure_wish *wish,
                struct error *error)
{
    struct drawing drawing = {.figure = figure,
                              .style = wish->style ? wish->style : &styles[0],
                              .name = wish->name ? wish->name : figure->name,
                              .title = wish->title ? wish->title : figure->title};
    locale_t numbers = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (numbers == (locale_t)0)
        return error_set(error, ERROR_RESOURCE, "out of memory for the C locale");
    locale_t before = uselocale(numbers);
    int code = prepare(&drawing, profiles, error);
    if (code == ERROR_NONE)
        code = (wish->publish ? wish->publish : publish)(
            wish->directory, drawing.name, (publish_print *const[]){print_script, print_data, print_caption}, &drawing,
            wish->stop, error);
    uselocale(before);
    freelocale(numbers);
    series_free(&drawing.list);
    legend_free(&drawing.legend);
    return code;
}
