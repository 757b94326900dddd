#include "cli/schema.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/map.h"
#include "analysis/overall.h"
#include "analysis/schema.h"
#include "cli/command.h"
#include "cli/type.h"
#include "sim/observe.h"
#include "sim/text.h"
#include "train/optimiser.h"

/* A member of an object. Its type is a word of cli/type. */
struct member {
    const char *name, *type, *summary;
    bool optional;
};

/* An object. extend adds members that come from other tables. */
struct shape {
    const char *name, *summary;
    const struct member *members;
    size_t count;
    void (*extend)(bool *ok, json_t *shape);
};

// clang-format off
#define MEMBERS(table) table, sizeof table / sizeof *table

static const struct member estimate_members[] = {
    {SCHEMA_MEAN, "number?", "over samples; null where it is out of the range of double"},
    {SCHEMA_LOG10_MEAN, "number?", "its decimal logarithm, of means out of that range too; null where it is not above 0"},
    {SCHEMA_SE, "number?", "standard error of the mean; 0 where a prediction is exact"},
    {SCHEMA_SD, "number?", "standard deviation over samples; null for fewer than two", true},
    {SCHEMA_LO, "number?", "lower end of the mean's 95 % Student interval", true},
    {SCHEMA_HI, "number?", "upper end", true},
    {SCHEMA_MEAN_LOG, "number?", "mean of the natural logarithm; null unless all samples are above 0", true},
    {SCHEMA_SD_LOG, "number?", "its standard deviation", true},
    {SCHEMA_N, "count", "samples that have a value", true},
    {SCHEMA_FLOOR, "number?", "lower bound of the expectation, where one is known (--bounds)", true},
    {"log10_" SCHEMA_FLOOR, "number?", "its decimal logarithm", true},
    {SCHEMA_CEILING, "number?", "upper bound", true},
    {"log10_" SCHEMA_CEILING, "number?", "its decimal logarithm", true},
};

static const struct member manifest_members[] = {
    {"version", "string", "of the program"},
    {"commit", "string", "of its sources"},
    {"blas", "string", "the OpenBLAS that it was linked to"},
    {"threads", "count", "on which the result does not depend", true},
    {"seconds", "number", "on the clock", true},
    {"peak_bytes", "count", "of the process so far", true},
};

static const struct member config_members[] = {
    {SCHEMA_ENGINE, "string", "what made the numbers: dense, conditioned, moments (a prediction) or held (a training)", true},
    {SCHEMA_FIRST_SAMPLE, "count", "index of the first sample", true},
    {SCHEMA_SHARD, "string", "I/N of a part of a run", true},
    {SCHEMA_SEED, "seed", "64 bits; above 2^63 - 1 a text", true},
    {SCHEMA_SAMPLES, "count", "stacks, or replicas of a prediction", true},
};

static const struct member layer_members[] = {
    {SCHEMA_LAYER, "count", "0 is the input of the stack, l the output of block l"},
    {"ablated_loss", "#estimate", "of a training: the loss on other sequences with this block replaced by the identity", true},
    {"activation_change", "#estimate", "of a training: mean square of what the update that follows changes x by", true},
};

static const struct member ratio_members[] = {
    {SCHEMA_MEAN, "number?", "over stacks"},
    {SCHEMA_SD, "number?", "over stacks"},
    {"quantiles", "{number?}", "by their level: 0.05, 0.25, 0.5, 0.75 and 0.95"},
};

static const struct member run_members[] = {
    {"task", "string", "what is learned"},
    {"vocabulary", "count", "V"},
    {"batch", "count", "sequences a step"},
    {"steps", "count", "updates"},
    {"optimiser", "string", "its name"},
    {"lr", "number", "learning rate"},
    {SCHEMA_SEED, "seed", "of weights and data"},
    {"warmup", "count", "steps over which the rate rises"},
    {"decay", "string", "how the rate falls behind them"},
    {"parametrisation", "string", "its name"},
    {"base_width", "number", "the width at which mup is the standard one"},
    {"step", "count", "of a profile: the updates before it", true},
};

#define PROFILE_HEAD(schema)                                                                                   \
    {SCHEMA_KEY, "=" schema, "what this document is"},                                                         \
    {SCHEMA_KIND, "@kind", "how the numbers came about"},                                                      \
    {SCHEMA_CONFIG, "#config", "all that decides the numbers"},                                                \
    {SCHEMA_MANIFEST, "#manifest", "what made them"},                                                          \
    {SCHEMA_ORDER_ERROR, "number?", "of a prediction to first order in T/d: what it may err by, relative, as it estimates", \
     true},                                                                                                    \
    {"log_gradient_ratio", "#ratio", "ln g_0/g_L over stacks that a prediction has drawn", true}

static const struct member profile_members[] = {
    PROFILE_HEAD(SCHEMA_PROFILE),
    {SCHEMA_STACK, "#stack", "quantities of the whole stack", true},
    {"training", "#run", "of a profile that `train --measure` took: the run and the step", true},
    {SCHEMA_LAYERS, "[#layer]", "L + 1 of them"},
};

static const struct member stack_members[] = {
    PROFILE_HEAD(SCHEMA_OVERALL),
    {SCHEMA_STACK, "#stack", "the quantities that --quantity chose"},
};

static const struct member axis_members[] = {
    {SCHEMA_NAME, "string", "the setting"},
    {SCHEMA_SCALE, "=" SCHEMA_SCALE_LOG "|" SCHEMA_SCALE_LIN, "how its values are spaced"},
    {SCHEMA_VALUES, "[number]", "ascending"},
};

static const struct member phase_members[] = {
    {"names", "[string]", "of the phases"},
    {"summaries", "[string]", "what each says, with its threshold"},
    {"at", "[[count?]]", "the phase of each point, by its number in names; null: none"},
};

static const struct member map_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_MAP, "what this document is"},
    {SCHEMA_KIND, "@kind", "how the numbers came about"},
    {SCHEMA_CONFIG, "#config", "what all points have in common"},
    {SCHEMA_READING, "#reading", "at which width, and by which draws"},
    {SCHEMA_DONE, "count", "of an interrupted map: points that were predicted; the others are null", true},
    {SCHEMA_X, "#axis", "to the right"},
    {SCHEMA_Y, "#axis", "upwards"},
    {SCHEMA_VALUES, "#map_values", "a row of numbers for each y, from below"},
    {SCHEMA_ERRORS, "#map_values", "where points are drawn, the standard errors of values; 0 where one is not", true},
    {SCHEMA_ORDER_ERROR, "[[number?]]", "at the model's width, what a point in closed form to first order in T/d leaves, " \
     "relative, as it estimates; null where one is drawn", true},
    {"phases", "#phases", "what kind of stack each point is"},
};

static const struct member reading_members[] = {
    {SCHEMA_NAME, "=" SCHEMA_WIDTH_LIMIT "|" SCHEMA_AT_WIDTH, "of infinite width and heads, or of the model's own"},
    {SCHEMA_SEED, "seed", "of the draws, the same at every point"},
    {"draws", "count", "in the limit: attention matrices of a block", true},
    {"budget", "number", "at the model's width: seconds of a core that a point's draws may cost", true},
    {"error", "number", "there: the standard error aimed at", true},
    {"order", "number", "there: what a closed form may err by, beyond which stacks are drawn", true},
    {"full", "boolean", "there: whether they are drawn in any case", true},
    {"replicas", "count", "there: how many at most, where that was said", true},
};

static const struct member root_members[] = {
    {"x", "number?", "where the quantity takes the value; of a jump null"},
    {"error", "number?", "standard error of x by that of the prediction; 0 where nothing was drawn"},
    {SCHEMA_ORDER_ERROR, "number?", "where it is to first order in T/d: what it leaves of the quantity, relative, as it estimates; else 0"},
    {"x_order_error", "number?", "and so of x"},
    {"replicas", "count", "stacks that were drawn at the model's width; else 0"},
    {"value", "number?", "of the quantity at x"},
    {"low", "number", "a neighbour of x below"},
    {"high", "number", "and above"},
    {"before", "number?", "the quantity at low"},
    {"after", "number?", "the quantity at high"},
    {"jump", "boolean", "whether it passes the value without taking it"},
};

static const struct member solve_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_SOLVE, "what this document is"},
    {SCHEMA_KIND, "@kind", "how the numbers came about"},
    {SCHEMA_CONFIG, "#config", "all but the setting that is solved for"},
    {SCHEMA_READING, "#reading", "at which width, and by which draws"},
    {"setting", "string", "that one"},
    {"equation", "string", "as it was given"},
    {"from", "number", "where roots were looked for"},
    {"to", "number", "up to here"},
    {"points", "count", "of the scan"},
    {"beyond", "count", "points that have no value"},
    {"least", "number?", "value of the quantity over the scan"},
    {"most", "number?", "likewise"},
    {"roots", "[#root]", "ascending; none where there is none"},
};

static const struct member spread_members[] = {
    {"rms", "number?", "root mean square of the entries; null where it is out of the range of double"},
    {"log10_rms", "number?", "its decimal logarithm; null where it is 0"},
    {"least", "number", "entry, in units of rms"},
    {"most", "number", "likewise"},
    {"below", "count", "entries below the bins"},
    {"above", "count", "entries above them"},
    {"bins", "[count]", "entries from -reach to reach in steps of the same width"},
};

static const struct member entries_layer_members[] = {
    {SCHEMA_LAYER, "count", "0: the input"},
    {"activation", "#spread", "entries of x"},
    {"gradient", "#spread", "of its gradient"},
};

static const struct member attention_members[] = {
    {"block", "count", "from 1"},
    {"site", "string", "what the formula calls it"},
    {"head", "count", "from 1"},
    {"heads", "count", "that there are"},
    {"attention", "[[number]]", "a row for every query, its entries one for every key"},
};

static const struct member entries_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_ENTRIES, "what this document is"},
    {SCHEMA_KIND, "@kind", "how the numbers came about"},
    {SCHEMA_CONFIG, "#config", "all that decides the numbers, but the sample's"},
    {"sample", "seed", "its number, from 0"},
    {"reach", "count", "of the bins, in units of rms"},
    {SCHEMA_LAYERS, "[#entries_layer]", "from the input to the output"},
    {"attentions", "[#attention]", "of the blocks that were asked for"},
};

static const struct member verdict_members[] = {
    {"id", "string", "the claim"},
    {"verdict", "@verdict", "what the samples decide"},
    {"expected", "@verdict", "what the ledger expects"},
    {"statistic", "number?", "of the test that decided"},
    {SCHEMA_LO, "number?", "its interval at the report's level"},
    {SCHEMA_HI, "number?", "likewise"},
    {"bound", "number?", "what it is held against"},
    {"margin", "number?", "by how much it may miss the bound"},
    {"tests", "count", "that the claim stands for"},
    {SCHEMA_SAMPLES, "count", "drawn"},
    {"seconds", "number?", "of processor time"},
    {"why", "string", "in words"},
};

static const struct member report_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_VERDICT, "what this document is"},
    {"level", "number", "probability that any verdict is wrong, at most"},
    {"claims", "[#verdict]", "in the order of the ledger"},
};

static const struct member check_members[] = {
    {"statistic", "string", "of the samples"},
    {"observable", "string", "what it is taken of"},
    {"first", "string", "layer, as a scalar text"},
    {"last", "string", "likewise"},
    {"where", "string?", "the configurations that are meant; null: all"},
    {"contrast", "string?", "over configurations; null: each by itself"},
    {"against", "string?", "the contrast's x"},
    {"variance", "boolean", "whether it is of the log of the statistic's variance"},
    {"lower", "string?", "bound, as a scalar text; @ names a line of theory or the prediction"},
    {"upper", "string?", "likewise"},
    {"loose", "string?", "how far above the statistic the upper bound may lie and be tight"},
    {"margin", "string", "by how much a bound may be missed"},
    {"reason", "string", "of the margin"},
};

static const struct member claim_members[] = {
    {"id", "string", "its name"},
    {"group", "string", "what it is about"},
    {"expected", "@verdict", "at initialisation"},
    {"statement", "string", "in words"},
    {"source", "string", "who states it"},
    {"beyond", "string?", "why no stack at initialisation can meet it; null where one can"},
    {"hypotheses", "string?", "what every configuration must be"},
    {"free", "string?", "settings of which nothing is assumed"},
    {"settings", "string?", "of all configurations"},
    {"configurations", "[string]", "what they differ in, at the tier"},
    {SCHEMA_SAMPLES, "count", "of each, at most"},
    {"checks", "[#check]", "how it is decided"},
};

static const struct member ledger_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_CLAIMS, "what this document is"},
    {"tier", "string", "how much is measured"},
    {"claims", "[#claim]", "in the order of the ledger"},
};

static const struct member training_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_TRAINING, "what this document is"},
    {SCHEMA_CONFIG, "#config", "of the model"},
    {"training", "#run", "what was run"},
    {SCHEMA_MANIFEST, "#manifest", "what made it; nothing of time, so that the same runs are the same text"},
    {"loss", "[number?]", "in nats a token, at each step"},
    {"bayes", "[number?]", "the least that any predictor can have of the same sequences"},
    {"spread", "[number?]", "1 - r_L, how far tokens are apart at the end; null where the precision does not tell it from 0"},
    {"gradient_norm", "[number?]", "of all weights together"},
    {"score", "number?", "u = (loss - bayes)/(ln V - bayes) over the last tenth of the steps; null where it did not end"},
    {"collapsed", "count?", "the step from which tokens were one"},
    {"diverged", "count?", "the step at which a number was none"},
    {"finished", "boolean", "whether all steps were done, or the run ended by itself"},
};

static const struct member setting_members[] = {
    {SCHEMA_NAME, "string", "of the option"},
    {"key", "string", "in outputs"},
    {"type", "=integer|real|choice|text", "of its values"},
    {"summary", "string", "what it is"},
    {"rare", "boolean", "few change it"},
    {"before", "string?", "what stands before a value in legends"},
    {"default", "string", "as a text that the option takes"},
    {"least", "number", "of a number", true},
    {"most", "number", "of a number", true},
    {SCHEMA_SCALE, "=" SCHEMA_SCALE_LOG "|" SCHEMA_SCALE_LIN, "how a slider walks a number", true},
    {"choices", "[string]", "of a choice", true},
};

static const struct member named_members[] = {
    {SCHEMA_NAME, "string", "that --placement or --init takes"},
    {"text", "string", "its formula"},
    {"source", "string", "who states it"},
    {"summary", "string", "what it is"},
};

static const struct member observable_members[] = {
    {SCHEMA_NAME, "string", "of the column"},
    {"symbol", "string", "in tables"},
    {"summary", "string", "what it is"},
    {"cosine", "boolean", "whether it lies in [-1, 1]"},
};

static const struct member value_members[] = {
    {SCHEMA_NAME, "string", "in a map's values"},
    {"summary", "string", "what it is"},
};

static const struct member lesson_members[] = {
    {"id", "string", "its name"},
    {"title", "string", "in words"},
    {"kind", "@lesson", "what an answer is"},
    {"question", "string", "that it asks"},
    {"answers", "[string]", "that may be chosen"},
    {"scene", "{string}", "the model's settings"},
};

static const struct member tables_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_TABLES, "what this document is"},
    {"settings", "[#setting]", "of a model"},
    {"placements", "[#named]", "formulas that have a name"},
    {"inits", "[#named]", "initialisations that have one"},
    {"observables", "[#observable]", "of a profile"},
    {"map_values", "[#value]", "of a map"},
    {"lessons", "[#lesson]", "of the explorer and the tour"},
};

static const struct member cost_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_COST, "what this document is"},
    {"runs", "count", "configurations, or of `train` runs"},
    {"unit", "=samples|steps", "what a run is made of"},
    {"each", "count", "of them in each run"},
    {"threads", "count", "that work side by side"},
    {"seconds", "number", "on the clock, in all, estimated from samples or steps that were timed"},
    {"bytes", "count", "of memory that grow with the model, at most"},
    {"thread_bytes", "count", "in each thread"},
    {SCHEMA_ENGINE, "string?", "of one model alone, as what follows; else null"},
    {"parameters", "number?", "of all blocks"},
    {"normals", "number?", "that a sample draws"},
    {"operations", "number?", "of a sample, floating-point"},
    {"sample_seconds", "number?", "of one thread"},
};

static const struct member refusal_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_REFUSAL, "what this document is"},
    {"error", "string", "why, in the command line's words"},
};

static const struct member answer_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_ANSWER, "what this document is"},
    {"lesson", "string", "its name"},
    {"right", "boolean", "whether the answer is"},
    {"says", "string", "what the program found; where it is right, what to learn from it"},
};
// clang-format on

/* ---- from other tables ---- */

static void add_property(bool *ok, json_t *shape, const char *where, const char *name, const char *type,
                         const char *summary)
{
    json_t *property = type_schema(ok, type);
    document_put(ok, property, "description", json_string(summary));
    if (!json_object_get(shape, where))
        document_put(ok, shape, where, json_object());
    document_put(ok, json_object_get(shape, where), name, property);
}

static json_t *setting_schema(bool *ok, const struct setting *setting)
{
    static const char *const types[] = {"integer", "number", "string", "string"};
    json_t *schema = type_schema(ok, types[setting->type]);
    if (setting_is_number(setting)) {
        document_put(ok, schema, "minimum", json_real(setting->least));
        document_put(ok, schema, "maximum", json_real(setting->most));
    }
    if (setting->type != SETTING_CHOICE)
        return schema;
    document_put(ok, schema, "enum", json_array());
    for (size_t i = 0; setting_choice(setting, i); i++)
        document_append(ok, json_object_get(schema, "enum"), json_string(setting_choice(setting, i)));
    return schema;
}

/* One line of a summary, as of an option. */
static json_t *on_one_line(const char *summary)
{
    json_t *text = NULL;
    char *copy = strdup(summary);
    for (char *c = copy; copy && *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    if (copy)
        text = json_string(copy);
    free(copy);
    return text;
}

/* Every setting, by its key, and behind a text's name the whole text. */
static void extend_config(bool *ok, json_t *shape)
{
    json_t *properties = json_object_get(shape, "properties");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        json_t *schema = setting_schema(ok, setting);
        document_put(ok, schema, "description",
                     setting->type == SETTING_TEXT ? json_sprintf("name of the %s", setting->text->key)
                                                   : on_one_line(setting->summary));
        document_put(ok, properties, setting->key, schema);
        if (setting->type == SETTING_TEXT)
            add_property(ok, shape, "properties", setting->text->key, "string", "the text itself, whole");
    }
}

/* Settings that every profile has, where nothing varies. */
static json_t *config_required(bool *ok)
{
    json_t *required = json_array();
    for (size_t i = 0; i < setting_count; i++)
        document_append(ok, required, json_string(settings[i].key));
    return required;
}

/* "^(STATE\.)?NAME(\.MEMBER)?$"; gradients are those of the cotangent or, behind training_, of a training's loss. */
static void extend_layer(bool *ok, json_t *shape)
{
    static const char *const members[] = {[OBSERVE_PER_LAYER] = "",
                                          [OBSERVE_PER_STATE] = "",
                                          [OBSERVE_PER_BRANCH] = "\\.[A-Za-z0-9_.]+",
                                          [OBSERVE_PER_MATRIX] = "\\.[A-Za-z0-9_.]+"};
    for (int i = 0; i < OBSERVABLES; i++) {
        char pattern[256];
        snprintf(pattern, sizeof pattern, "^%s%s%s%s%s$", strstr(observables[i].name, "gradient") ? "(training_)?" : "",
                 observables[i].span == OBSERVE_PER_STATE ? "([A-Za-z_][A-Za-z0-9_]*\\.)?" : "", observables[i].name,
                 members[observables[i].span], observables[i].by_token ? "(\\.token[0-9]+)?" : "");
        add_property(ok, shape, "patternProperties", pattern, "#estimate", observables[i].summary);
    }
    add_property(ok, shape, "patternProperties", "^update_over_weight\\.[A-Za-z0-9_.]+$", "#estimate",
                 "of a training: |dW|/|W| of the update that follows, Frobenius norms");
}

static void extend_stack(bool *ok, json_t *shape)
{
    for (int i = 0; i < OVERALLS; i++)
        add_property(ok, shape, "properties", overalls[i].name, "#estimate", overalls[i].summary);
}

static void extend_values(bool *ok, json_t *shape)
{
    for (int i = 0; i < MAP_VALUES; i++) {
        add_property(ok, shape, "properties", map_values[i].name, "[[number?]]", map_values[i].summary);
        document_append(ok, json_object_get(shape, "required"), json_string(map_values[i].name));
    }
}

static void extend_run(bool *ok, json_t *shape)
{
    for (size_t i = 0; i < optimiser_number_count; i++)
        add_property(ok, shape, "properties", optimiser_numbers[i].key, "number", "of the optimisers that read it");
}

static const struct shape shapes[] = {
    {"estimate", "A number over samples.", MEMBERS(estimate_members), NULL},
    {"manifest", "What made the numbers.", MEMBERS(manifest_members), NULL},
    {"config", "All that decides the numbers: every setting of the model by its key, and how it was sampled.",
     MEMBERS(config_members), extend_config},
    {"layer", "Every observable that the layer has, an estimate each.", MEMBERS(layer_members), extend_layer},
    {"stack", "Quantities of the whole stack, an estimate each.", NULL, 0, extend_stack},
    {"ratio", "A spread over stacks.", MEMBERS(ratio_members), NULL},
    {"run", "A training.", MEMBERS(run_members), extend_run},
    {"axis", "An axis of a map.", MEMBERS(axis_members), NULL},
    {"map_values", "What a map shows.", NULL, 0, extend_values},
    {"phases", "Kinds of stacks over a map.", MEMBERS(phase_members), NULL},
    {"reading", "How models were read.", MEMBERS(reading_members), NULL},
    {"root", "Where a quantity takes a value.", MEMBERS(root_members), NULL},
    {"verdict", "A claim decided.", MEMBERS(verdict_members), NULL},
    {"check", "A family of tests of a claim.", MEMBERS(check_members), NULL},
    {"claim", "A statement and how it is decided.", MEMBERS(claim_members), NULL},
    {"spread", "How the entries of a signal are spread.", MEMBERS(spread_members), NULL},
    {"entries_layer", "A layer of a sample.", MEMBERS(entries_layer_members), NULL},
    {"attention", "The attention of a head.", MEMBERS(attention_members), NULL},
    {"setting", "A setting of the model.", MEMBERS(setting_members), NULL},
    {"named", "A text that has a name.", MEMBERS(named_members), NULL},
    {"observable", "What is measured.", MEMBERS(observable_members), NULL},
    {"value", "What a map shows.", MEMBERS(value_members), NULL},
    {"lesson", "A question.", MEMBERS(lesson_members), NULL},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const struct shape documents[] = {
    {"profile", "A profile: of `run`, `predict`, `merge`, `store --export` and `train --measure`, a line each.",
     MEMBERS(profile_members), NULL},
    {"stack", "Chosen quantities of a stack: of the same with --quantity, a line each.", MEMBERS(stack_members), NULL},
    {"map", "A prediction over a grid: of `map`, a line each.", MEMBERS(map_members), NULL},
    {"entries", "A sample from within: of `inspect`.", MEMBERS(entries_members), NULL},
    {"solve", "Roots of an equation: of `solve`, a line for each model.", MEMBERS(solve_members), NULL},
    {"verdict", "Claims decided: of `verify`.", MEMBERS(report_members), NULL},
    {"claims", "The ledger of claims: of `verify --list`.", MEMBERS(ledger_members), NULL},
    {"training", "A run of `train`, a line each; the profiles of --measure follow it.", MEMBERS(training_members),
     NULL},
    {"tables", "The tables that names come from: of `list`.", MEMBERS(tables_members), NULL},
    {"answer", "An answer judged: of `tour --answer`.", MEMBERS(answer_members), NULL},
    {"cost", "What runs would take: of `run --dry-run` and `train --dry-run`.", MEMBERS(cost_members), NULL},
    {"refusal", "What the explorer answers to a request that it refuses.", MEMBERS(refusal_members), NULL},
};
enum { DOCUMENTS = sizeof documents / sizeof *documents };

const char *schema_name(size_t i)
{
    return i < DOCUMENTS ? documents[i].name : NULL;
}

/* ---- documents ---- */

static json_t *shape_schema(bool *ok, const struct shape *shape)
{
    json_t *schema = json_object(), *required = json_array();
    document_put(ok, schema, "description", json_string(shape->summary));
    document_put(ok, schema, "type", json_string("object"));
    document_put(ok, schema, "properties", json_object());
    document_put(ok, schema, "required", required);
    document_put(ok, schema, "additionalProperties", json_false());
    for (size_t m = 0; m < shape->count; m++) {
        const struct member *member = &shape->members[m];
        add_property(ok, schema, "properties", member->name, member->type, member->summary);
        if (!member->optional)
            document_append(ok, required, json_string(member->name));
    }
    if (shape->extend)
        shape->extend(ok, schema);
    return schema;
}

static void add_defs(bool *ok, json_t *defs, const struct shape *of);

/* The shapes that a type names, and what they name in turn. */
static void add_defs_of(bool *ok, json_t *defs, const char *type)
{
    const char *name = strchr(type, '#');
    size_t length = name ? strcspn(name + 1, "]}?") : 0;
    for (size_t i = 0; name && i < SHAPES; i++) {
        bool is = strlen(shapes[i].name) == length && strncmp(shapes[i].name, name + 1, length) == 0;
        if (!is || json_object_get(defs, shapes[i].name))
            continue;
        document_put(ok, defs, shapes[i].name, shape_schema(ok, &shapes[i]));
        add_defs(ok, defs, &shapes[i]);
    }
}

static void add_defs(bool *ok, json_t *defs, const struct shape *of)
{
    for (size_t m = 0; m < of->count; m++)
        add_defs_of(ok, defs, of->members[m].type);
    if (of->extend == extend_layer || of->extend == extend_stack)
        add_defs_of(ok, defs, "#estimate");
}

/* Where no axis takes a setting's place, a configuration has all of them. */
static void require_config(bool *ok, json_t *schema, const struct shape *document)
{
    json_t *config = json_object_get(json_object_get(schema, "properties"), SCHEMA_CONFIG);
    bool varies = document->members == map_members || document->members == solve_members;
    if (config && !varies)
        document_put(ok, config, "required", config_required(ok));
}

json_t *schema_of(size_t i)
{
    bool ok = true;
    const struct shape *document = &documents[i];
    json_t *schema = json_object(), *defs = json_object(), *body = shape_schema(&ok, document);
    document_put(&ok, schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    document_put(&ok, schema, "$id", json_sprintf("urn:spanscope:%s:1", document->name));
    document_put(&ok, schema, "title", json_sprintf("spanscope/%s/1", document->name));
    ok &= json_object_update(schema, body) == 0;
    json_decref(body);
    require_config(&ok, schema, document);
    add_defs(&ok, defs, document);
    document_put(&ok, schema, "$defs", defs);
    if (ok)
        return schema;
    json_decref(schema);
    return NULL;
}

/* ---- the command ---- */

const struct options_command schema_options = {
    .usage = "schema [NAME]",
    .summary =
        "Prints the JSON Schema (draft 2020-12) of a document that the program writes with --format json; without\n"
        "a name, which there are. A document's own `schema` member names it. Such as\n"
        "  spanscope schema profile > profile.schema.json",
    .word = schema_name,
};

static int print_schema(void *target, struct error *error)
{
    const struct options *options = target;
    for (size_t i = 0; options->word_count == 0 && i < DOCUMENTS; i++)
        printf("%-10s%s\n", documents[i].name, documents[i].summary);
    if (options->word_count > 1)
        return error_set(error, ERROR_INPUT, "'%s': one schema at a time", options->words[1]);
    if (options->word_count == 0)
        return ERROR_NONE;
    int i = options_choose(schema_name, "schema", options->words[0], error);
    if (i < 0)
        return error->code;
    json_t *schema = schema_of((size_t)i);
    char *text = schema ? json_dumps(schema, JSON_INDENT(2)) : NULL;
    json_decref(schema);
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for a schema");
    puts(text);
    free(text);
    return ERROR_NONE;
}

int schema_command(int argc, char **argv)
{
    struct options options = {0};
    return command_run(&schema_options, argc, argv, &options, print_schema);
}
