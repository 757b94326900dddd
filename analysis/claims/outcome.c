#include "analysis/claims/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/text.h"
#include "train/score.h"

/* ---- outcomes ---- */

/* Of a single rate: of several, which would be meant is not said. */
static double score(const struct outcome_runs *runs)
{
    return runs->recipe->rates.count == 1 ? runs->scores[0] : NAN;
}

/* A run without a score has blown up: it has learned nothing. */
static double trains(const struct outcome_runs *runs)
{
    return runs->recipe->rates.count == 1 ? runs->scores[0] <= SCORE_FAILS : NAN;
}

static double best_score(const struct outcome_runs *runs)
{
    double best = NAN;
    for (int r = 0; r < runs->recipe->rates.count; r++)
        best = fmin(best, runs->scores[r]);
    return best;
}

/* Beyond the rates that were tried it is not known. */
static double edge(const struct outcome_runs *runs)
{
    const struct values *rates = &runs->recipe->rates;
    double found = score_edge(rates->count, rates->value, runs->scores);
    return isfinite(found) && found > 0 ? found : NAN;
}

static double spread(const struct outcome_runs *runs)
{
    const struct trainer_record *last = runs->last;
    return last->diverged < 0 ? last->spread[last->done - 1] : NAN;
}

const struct outcome outcomes[] = {
    {"score", "u of the run: 0 for the best predictor, 1 where nothing was learned", score},
    {"trains", "1 where u is at most " SCORE_QUOTE(SCORE_FAILS) ", else 0", trains},
    {"best_score", "the least u of the rates", best_score},
    {"edge", "the largest rate whose u is at most " SCORE_QUOTE(SCORE_FAILS) ", interpolated in its logarithm", edge},
    {"spread", "1 - token cosine of the last layer behind the last step", spread},
};
const size_t outcome_count = sizeof outcomes / sizeof *outcomes;

int outcome_columns(struct observe_schema *schema, struct error *error)
{
    struct observe_schema all = {0};
    size_t columns = (size_t)schema->column_count;
    int *indices = calloc(2 * columns + 1, sizeof *indices);
    int code = indices ? measure_schema(&all, schema, (int)outcome_count, indices, indices + columns, error)
                       : error_set(error, ERROR_RESOURCE, "out of memory for the columns of a training");
    free(indices);
    if (code != ERROR_NONE)
        return code;
    for (size_t i = 0; i < outcome_count; i++) {
        struct observe_column *column = &all.columns[all.column_count++];
        *column = (struct observe_column){.observable = OBSERVABLES};
        text_print(&(struct text){column->name, sizeof column->name, 0}, "%s", outcomes[i].name);
    }
    free(schema->columns);
    schema->columns = all.columns;
    schema->column_count = all.column_count;
    return ERROR_NONE;
}

/* ---- samples ---- */

struct sampling {
    const struct outcome_plan *plan;
    struct train_run *runs; /* [samples][rates] */
    uint64_t first;
    double *scores;      // [rates], of the sample that is being handed over
    struct wide *values; // [L + 1][columns]
};

/* The last profile's means; absent where none was taken. */
static void take_profile(const struct sampling *sampling, const struct trainer_record *record)
{
    int columns = sampling->plan->schema->column_count, taken = record->profiles > 0 ? record->schema.column_count : 0;
    size_t last = record->profiles > 0 ? (size_t)(record->profiles - 1) * record->cells : 0;
    for (int l = 0; l <= sampling->plan->model->layers; l++)
        for (int c = 0; c < columns; c++) {
            const struct estimate *cell = c < taken ? &record->profile[last + (size_t)(l * taken + c)] : NULL;
            sampling->values[l * columns + c] = cell && cell->n > 0 ? estimate_mean(cell) : wide_absent();
        }
}

static void take_outcomes(const struct sampling *sampling, const struct outcome_runs *runs)
{
    int columns = sampling->plan->schema->column_count, first = columns - (int)outcome_count;
    for (size_t i = 0; i < outcome_count; i++) {
        double value = outcomes[i].of(runs);
        for (int l = 0; l <= sampling->plan->model->layers; l++)
            sampling->values[l * columns + first + (int)i] = isnan(value) ? wide_absent() : wide_of(value);
    }
}

/* The last rate of a seed makes its sample; runs that were stopped on the way make none. */
static int visit(void *context, struct train_run *run, struct error *error)
{
    struct sampling *sampling = context;
    const struct outcome_plan *plan = sampling->plan;
    ptrdiff_t number = run - sampling->runs, rates = plan->recipe->rates.count;
    (void)error;
    if (!run->finished)
        return ERROR_NONE;
    sampling->scores[number % rates] = train_score(run);
    if (number % rates != rates - 1)
        return ERROR_NONE;
    struct outcome_runs runs = {plan->recipe, sampling->scores, &run->record};
    take_profile(sampling, &run->record);
    take_outcomes(sampling, &runs);
    plan->visit(plan->context, sampling->first + (uint64_t)(number / rates), sampling->values);
    return ERROR_NONE;
}

static int run_all(struct sampling *sampling, struct train_run *order[], int count, struct error *error)
{
    const struct outcome_plan *plan = sampling->plan;
    struct train_plan runs = {
        .runs = order,
        .count = count,
        .threads = plan->threads < count ? plan->threads : count,
        .memory = plan->memory,
        .stop = plan->stop,
        .visit = visit,
        .context = sampling,
    };
    return train_all(&runs, error);
}

/* Run number i of the samples from the first on. */
static void fill_run(const struct sampling *sampling, size_t i)
{
    const struct outcome_plan *plan = sampling->plan;
    const struct values *rates = &plan->recipe->rates;
    size_t sample = i / (size_t)rates->count, rate = i % (size_t)rates->count;
    struct train_run *run = &sampling->runs[i];
    run->model = *plan->model; // of which a run changes nothing
    run->training = recipe_training(plan->recipe, rates->value[rate], plan->seed + sampling->first + sample);
}

int outcome_sample(const struct outcome_plan *plan, uint64_t first, uint64_t count, struct error *error)
{
    size_t rates = (size_t)plan->recipe->rates.count, all = (size_t)count * rates;
    size_t cells = (size_t)(plan->model->layers + 1) * (size_t)plan->schema->column_count;
    struct train_run **order = calloc(all + 1, sizeof *order);
    struct sampling sampling = {
        .plan = plan,
        .runs = calloc(all + 1, sizeof *sampling.runs),
        .first = first,
        .scores = calloc(rates, sizeof *sampling.scores),
        .values = calloc(cells, sizeof *sampling.values),
    };
    int code = ERROR_NONE;
    if (!order || !sampling.runs || !sampling.scores || !sampling.values)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %zu runs", all);
    for (size_t i = 0; code == ERROR_NONE && i < all; i++) {
        order[i] = &sampling.runs[i];
        fill_run(&sampling, i);
    }
    if (code == ERROR_NONE && all > 0)
        code = run_all(&sampling, order, (int)all, error);
    free(order);
    free(sampling.runs);
    free(sampling.scores);
    free(sampling.values);
    return code;
}
