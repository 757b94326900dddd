#include "cli/shape.h"

#include <string.h>

#include "analysis/schema.h"

// clang-format off
#define MEMBERS(table) table, sizeof table / sizeof *table

static const struct shape_member estimate_members[] = {
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

static const struct shape_member manifest_members[] = {
    {"version", "string", "of the program"},
    {"commit", "string", "of its sources"},
    {"blas", "string", "the OpenBLAS that it was linked to"},
    {"threads", "count", "on which the result does not depend", true},
    {"seconds", "number", "on the clock", true},
    {"peak_bytes", "count", "of the process so far", true},
};

static const struct shape_member config_members[] = {
    {SCHEMA_ENGINE, "string", "what made the numbers: dense, conditioned, moments (a prediction) or held (a training)", true},
    {SCHEMA_FIRST_SAMPLE, "count", "index of the first sample", true},
    {SCHEMA_SHARD, "string", "I/N of a part of a run", true},
    {SCHEMA_SEED, "seed", "64 bits; above 2^63 - 1 a text", true},
    {SCHEMA_SAMPLES, "count", "stacks, or replicas of a prediction", true},
};

static const struct shape_member layer_members[] = {
    {SCHEMA_LAYER, "count", "0 is the input of the stack, l the output of block l"},
    {"ablated_loss", "#estimate", "of a training: the loss on other sequences with this block replaced by the identity", true},
    {"activation_change", "#estimate", "of a training: mean square of what the update that follows changes x by", true},
};

static const struct shape_member ratio_members[] = {
    {SCHEMA_MEAN, "number?", "over stacks"},
    {SCHEMA_SD, "number?", "over stacks"},
    {"quantiles", "{number?}", "by their level: 0.05, 0.25, 0.5, 0.75 and 0.95"},
};

static const struct shape_member run_members[] = {
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
    {SCHEMA_ORDER_ERROR, "number?", "of a prediction to first order in T/d: what it may err by, relative (of 1 for cosines and slopes), as it estimates", \
     true},                                                                                                    \
    {"log_gradient_ratio", "#ratio", "ln g_0/g_L over stacks that a prediction has drawn", true}

static const struct shape_member profile_members[] = {
    PROFILE_HEAD(SCHEMA_PROFILE),
    {SCHEMA_STACK, "#stack", "quantities of the whole stack", true},
    {"training", "#run", "of a profile that `train --measure` took: the run and the step", true},
    {SCHEMA_LAYERS, "[#layer]", "L + 1 of them"},
};

static const struct shape_member stack_members[] = {
    PROFILE_HEAD(SCHEMA_OVERALL),
    {SCHEMA_STACK, "#stack", "the quantities that --quantity chose"},
};

static const struct shape_member axis_members[] = {
    {SCHEMA_NAME, "string", "the setting"},
    {SCHEMA_SCALE, "=" SCHEMA_SCALE_LOG "|" SCHEMA_SCALE_LIN, "how its values are spaced"},
    {SCHEMA_VALUES, "[number]", "ascending"},
};

static const struct shape_member phase_members[] = {
    {"names", "[string]", "of the phases"},
    {"summaries", "[string]", "what each says, with its threshold"},
    {"at", "[[count?]]", "the phase of each point, by its number in names; null: none"},
};

static const struct shape_member map_members[] = {
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
     "relative (of 1 for cosines), as it estimates; null where one is drawn", true},
    {"phases", "#phases", "what kind of stack each point is"},
};

static const struct shape_member reading_members[] = {
    {SCHEMA_NAME, "=" SCHEMA_WIDTH_LIMIT "|" SCHEMA_AT_WIDTH, "of infinite width and heads, or of the model's own"},
    {SCHEMA_SEED, "seed", "of the draws, the same at every point"},
    {"draws", "count", "in the limit: attention matrices of a block", true},
    {"budget", "number", "at the model's width: seconds of a core that a point's draws may cost, where that was said", true},
    {"error", "number", "there: the standard error aimed at", true},
    {"order", "number", "there: what a closed form may err by, beyond which stacks are drawn", true},
    {"full", "boolean", "there: whether they are drawn in any case", true},
    {"replicas", "count", "there: how many at most, where that was said", true},
};

static const struct shape_member root_members[] = {
    {"x", "number?", "where the quantity takes the value; of a jump null"},
    {"error", "number?", "standard error of x by that of the prediction; 0 where nothing was drawn, null where one stack was"},
    {SCHEMA_ORDER_ERROR, "number?", "where it is to first order in T/d: what it leaves of the quantity, relative (of 1 for cosines), as it estimates; else 0"},
    {"x_order_error", "number?", "and so of x"},
    {"replicas", "count", "stacks that were drawn at the model's width; else 0"},
    {"value", "number?", "of the quantity at x"},
    {"low", "number", "a neighbour of x below"},
    {"high", "number", "and above"},
    {"before", "number?", "the quantity at low"},
    {"after", "number?", "the quantity at high"},
    {"jump", "boolean", "whether it passes the value without taking it"},
};

static const struct shape_member solve_members[] = {
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
    {"nearest", "number?", "the value over the scan that is nearest to the one asked for"},
    {"nearest_error", "number?", "its standard error by draws; 0 where nothing was drawn, null where it is not known"},
    {"nearest_order_error", "number", "what the first order in T/d leaves of it, relative (of 1 for cosines); else 0"},
    {"everywhere", "boolean", "it has the value at all points, but for rounding: then there are no roots"},
    {"roots", "[#root]", "ascending; none where there is none"},
};

static const struct shape_member spread_members[] = {
    {"rms", "number?", "root mean square of the entries; null where it is out of the range of double"},
    {"log10_rms", "number?", "its decimal logarithm; null where it is 0"},
    {"least", "number", "entry, in units of rms"},
    {"most", "number", "likewise"},
    {"below", "count", "entries below the bins"},
    {"above", "count", "entries above them"},
    {"bins", "[count]", "entries from -reach to reach in steps of the same width"},
};

static const struct shape_member entries_layer_members[] = {
    {SCHEMA_LAYER, "count", "0: the input"},
    {"activation", "#spread", "entries of x"},
    {"gradient", "#spread", "of its gradient"},
};

static const struct shape_member attention_members[] = {
    {"block", "count", "from 1"},
    {"site", "string", "what the formula calls it"},
    {"head", "count", "from 1"},
    {"heads", "count", "that there are"},
    {"attention", "[[number]]", "a row for every query, its entries one for every key"},
};

static const struct shape_member entries_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_ENTRIES, "what this document is"},
    {SCHEMA_KIND, "@kind", "how the numbers came about"},
    {SCHEMA_CONFIG, "#config", "all that decides the numbers, but the sample's"},
    {"sample", "seed", "its number, from 0"},
    {"reach", "count", "of the bins, in units of rms"},
    {SCHEMA_LAYERS, "[#entries_layer]", "from the input to the output"},
    {"attentions", "[#attention]", "of the blocks that were asked for"},
};

static const struct shape_member verdict_members[] = {
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

static const struct shape_member report_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_VERDICT, "what this document is"},
    {"level", "number", "probability that any verdict is wrong, at most"},
    {"claims", "[#verdict]", "in the order of the ledger"},
};

static const struct shape_member check_members[] = {
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

static const struct shape_member claim_members[] = {
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

static const struct shape_member ledger_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_CLAIMS, "what this document is"},
    {"tier", "string", "how much is measured"},
    {"claims", "[#claim]", "in the order of the ledger"},
};

static const struct shape_member training_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_TRAINING, "what this document is"},
    {SCHEMA_CONFIG, "#config", "of the model"},
    {"training", "#run", "what was run"},
    {SCHEMA_MANIFEST, "#manifest", "what made it; nothing of time, so that the same runs are the same text"},
    {"loss", "[number?]", "in nats a token, at each step"},
    {"bayes", "[number?]", "the least that any predictor can have of the same sequences"},
    {"spread", "[number?]", "1 - r_L, how far tokens are apart at the end; null where the precision does not tell it from 0"},
    {"gradient_norm", "[number?]", "of all weights together"},
    {"score", "number?", "u = (loss - bayes)/(ln V - bayes) over the last tenth of the steps; null where it did not end or there is nothing to learn"},
    {"collapsed", "count?", "the step from which tokens were one"},
    {"diverged", "count?", "the step at which a number was none"},
    {"finished", "boolean", "whether all steps were done, or the run ended by itself"},
};

static const struct shape_member setting_members[] = {
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

static const struct shape_member named_members[] = {
    {SCHEMA_NAME, "string", "that --placement or --init takes"},
    {"text", "string", "its formula"},
    {"source", "string", "who states it"},
    {"summary", "string", "what it is"},
};

static const struct shape_member observable_members[] = {
    {SCHEMA_NAME, "string", "of the column"},
    {"symbol", "string", "in tables"},
    {"summary", "string", "what it is"},
    {"cosine", "boolean", "whether it lies in [-1, 1]"},
};

static const struct shape_member value_members[] = {
    {SCHEMA_NAME, "string", "in a map's values"},
    {"summary", "string", "what it is"},
};

static const struct shape_member lesson_members[] = {
    {"id", "string", "its name"},
    {"title", "string", "in words"},
    {"kind", "@lesson", "what an answer is"},
    {"question", "string", "that it asks"},
    {"answers", "[string]", "that may be chosen"},
    {"scene", "{string}", "the model's settings"},
};

static const struct shape_member tables_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_TABLES, "what this document is"},
    {"settings", "[#setting]", "of a model"},
    {"placements", "[#named]", "formulas that have a name"},
    {"inits", "[#named]", "initialisations that have one"},
    {"observables", "[#observable]", "of a profile"},
    {"map_values", "[#value]", "of a map"},
    {"lessons", "[#lesson]", "of the explorer and the tour"},
};

static const struct shape_member cost_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_COST, "what this document is"},
    {"runs", "count", "configurations, of `train` runs, of `predict` models"},
    {"unit", "=samples|steps|predictions", "what a run is made of"},
    {"each", "count", "of them in each run"},
    {"threads", "count", "that work side by side"},
    {"least_seconds", "number", "on the clock, in all, where predictions reach the error that is asked for at once"},
    {"seconds", "number", "where they do not, and of all else; estimated from what was timed"},
    {"bytes", "count", "of memory that grow with the model, at most, beside the program's own"},
    {"thread_bytes", "count", "in each thread"},
    {SCHEMA_ENGINE, "string?", "of one model alone, as what follows; else null"},
    {"parameters", "number?", "of all blocks"},
    {"normals", "number?", "that a sample draws"},
    {"operations", "number?", "of a sample, floating-point"},
    {"sample_seconds", "number?", "of one thread"},
};

static const struct shape_member refusal_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_REFUSAL, "what this document is"},
    {"error", "string", "why, in the command line's words"},
};

static const struct shape_member answer_members[] = {
    {SCHEMA_KEY, "=" SCHEMA_ANSWER, "what this document is"},
    {"lesson", "string", "its name"},
    {"right", "boolean", "whether the answer is"},
    {"says", "string", "what the program found; where it is right, what to learn from it"},
};
// clang-format on

const struct shape shapes[] = {
    {"estimate", "A number over samples.", MEMBERS(estimate_members)},
    {"manifest", "What made the numbers.", MEMBERS(manifest_members)},
    {"config", "All that decides the numbers: every setting of the model by its key, and how it was sampled.",
     MEMBERS(config_members), .more = SHAPE_SETTINGS},
    {"layer", "Every observable that the layer has, an estimate each.", MEMBERS(layer_members),
     .more = SHAPE_OBSERVABLES},
    {"stack", "Quantities of the whole stack, an estimate each.", NULL, 0, .more = SHAPE_OVERALLS},
    {"ratio", "A spread over stacks.", MEMBERS(ratio_members)},
    {"run", "A training.", MEMBERS(run_members), .more = SHAPE_OPTIMISER_NUMBERS},
    {"axis", "An axis of a map.", MEMBERS(axis_members)},
    {"map_values", "What a map shows.", NULL, 0, .more = SHAPE_MAP_VALUES},
    {"phases", "Kinds of stacks over a map.", MEMBERS(phase_members)},
    {"reading", "How models were read.", MEMBERS(reading_members)},
    {"root", "Where a quantity takes a value.", MEMBERS(root_members)},
    {"verdict", "A claim decided.", MEMBERS(verdict_members)},
    {"check", "A family of tests of a claim.", MEMBERS(check_members)},
    {"claim", "A statement and how it is decided.", MEMBERS(claim_members)},
    {"spread", "How the entries of a signal are spread.", MEMBERS(spread_members)},
    {"entries_layer", "A layer of a sample.", MEMBERS(entries_layer_members)},
    {"attention", "The attention of a head.", MEMBERS(attention_members)},
    {"setting", "A setting of the model.", MEMBERS(setting_members)},
    {"named", "A text that has a name.", MEMBERS(named_members)},
    {"observable", "What is measured.", MEMBERS(observable_members)},
    {"value", "What a map shows.", MEMBERS(value_members)},
    {"lesson", "A question.", MEMBERS(lesson_members)},
};
const size_t shape_count = sizeof shapes / sizeof *shapes;

const struct shape shape_documents[] = {
    {"profile", "A profile: of `run`, `predict`, `merge`, `store --export` and `train --measure`, a line each.",
     MEMBERS(profile_members)},
    {"stack", "Chosen quantities of a stack: of the same with --quantity, a line each.", MEMBERS(stack_members)},
    {"map", "A prediction over a grid: of `map`, a line each.", MEMBERS(map_members), .varies = true},
    {"entries", "A sample from within: of `inspect`.", MEMBERS(entries_members)},
    {"solve", "Roots of an equation: of `solve`, a line for each model.", MEMBERS(solve_members), .varies = true},
    {"verdict", "Claims decided: of `verify`.", MEMBERS(report_members)},
    {"claims", "The ledger of claims: of `verify --list`.", MEMBERS(ledger_members)},
    {"training", "A run of `train`, a line each; the profiles of --measure follow it.", MEMBERS(training_members)},
    {"tables", "The tables that names come from: of `list`.", MEMBERS(tables_members)},
    {"answer", "An answer judged: of `tour --answer`.", MEMBERS(answer_members)},
    {"cost", "What runs would take: of `run --dry-run`, `train --dry-run` and `predict --dry-run`.",
     MEMBERS(cost_members)},
    {"refusal", "What the explorer answers to a request that it refuses.", MEMBERS(refusal_members)},
};
const size_t shape_document_count = sizeof shape_documents / sizeof *shape_documents;

const struct shape *shape_of(const char *type)
{
    const char *name = strchr(type, '#');
    size_t length = name ? strcspn(name + 1, "]}?") : 0;
    for (size_t i = 0; name && i < shape_count; i++)
        if (strlen(shapes[i].name) == length && strncmp(shapes[i].name, name + 1, length) == 0)
            return &shapes[i];
    return NULL;
}
