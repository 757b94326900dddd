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

/* ---- searches: from the middle rate outwards ---- */

/* Up to the first rate that fails; where the middle does, down to the first that does not. */
static int next_to_crossing(int count, const bool *trained, const double *scores)
{
    int i = count / 2;
    if (!trained[i])
        return i;
    bool learns = scores[i] <= SCORE_FAILS;
    while (i >= 0 && i < count && trained[i] && (scores[i] <= SCORE_FAILS) == learns)
        i += learns ? 1 : -1;
    return i < count && i >= 0 && !trained[i] ? i : -1;
}

/* Whether a step to the next rate is one downhill: to a lower u, or among runs that fail, whatever their u, to a lower rate. */
static bool is_downhill(double score, double from, int step)
{
    return score <= SCORE_FAILS ? !(score >= from) : step < 0 && !(from <= SCORE_FAILS);
}

/* Where u is least: downhill by steps of 1 or -1 to the last rate before it rises; count or -1 where it does not. */
static int go_down(int count, const bool *trained, const double *scores, int i, int step)
{
    int j = i + step;
    while (j >= 0 && j < count && trained[j] && is_downhill(scores[j], scores[j - step], step))
        j += step;
    return j >= 0 && j < count ? j - step : j;
}

/* The first on the way that is not trained, upwards, and where u rises there at once, downwards. */
static int next_to_valley(int count, const bool *trained, const double *scores)
{
    int i = count / 2, up = trained[i] ? go_down(count, trained, scores, i, 1) : i - 1;
    if (up < count && !trained[up + 1])
        return up + 1;
    int down = up == i ? go_down(count, trained, scores, i, -1) : 0;
    return down > 0 && !trained[down - 1] ? down - 1 : -1;
}

/* u at the bottom, which has larger ones on both sides: at the least or the largest rate it is not known, but where no rate
 * learns, as then none below does. */
static double tuned_score(const struct outcome_runs *runs)
{
    int count = runs->recipe->rates.count, i = count / 2;
    bool trained[count];
    for (int r = 0; r < count; r++)
        trained[r] = true;
    int bottom = go_down(count, trained, runs->scores, i, 1);
    if (bottom == i)
        bottom = go_down(count, trained, runs->scores, i, -1);
    if (bottom < 0 && runs->scores[0] > SCORE_FAILS)
        bottom = 0;
    return bottom >= 0 && bottom < count ? runs->scores[bottom] : NAN;
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
    return runs->spread;
}

#define FAILS SCORE_QUOTE(SCORE_FAILS)

const struct outcome outcomes[] = {
    {"score", "u of the run: 0 for the best predictor, 1 where nothing was learned", score},
    {"trains", "1 where u is at most " FAILS ", else 0", trains},
    {"tuned_score",
     "u at the best rate, downhill from the middle one, with a worse one on both sides; at the least where none learns",
     tuned_score, .search = next_to_valley},
    {"edge",
     "the largest rate whose u is at most " FAILS ", from the middle one up to the first whose is not, or down to the "
     "first whose is; interpolated in its logarithm",
     edge, .search = next_to_crossing},
    {"spread", "1 - token cosine of the last layer behind the last step", spread},
};
const size_t outcome_count = sizeof outcomes / sizeof *outcomes;

outcome_search *outcome_search_of(const char *observable)
{
    for (size_t i = 0; i < outcome_count; i++)
        if (strcmp(outcomes[i].name, observable) == 0)
            return outcomes[i].search;
    return NULL;
}

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

/* Rounds of runs: one of each sample that needs another. */
struct sampling {
    const struct outcome_plan *plan;
    uint64_t first;
    size_t count;
    struct train_run *runs;  /* [count]: the sample's latest */
    struct train_run **open; /* [count]: of the samples that need one in this round */
    int *rates;              // [count]: the number of that run's rate
    bool *trained;           // [count][rates]
    double *scores;          // [count][rates], NAN where a run has none or was not needed
    double *spreads;         // [count]: at the last rate
    struct wide *values;     // [count][cells]
    size_t cells;            /* L + 1 layers of columns */
};

/* The last profile's means; absent where none was taken. */
static void take_profile(const struct sampling *sampling, const struct trainer_record *record, struct wide *values)
{
    int columns = sampling->plan->schema->column_count, taken = record->profiles > 0 ? record->schema.column_count : 0;
    size_t last = record->profiles > 0 ? (size_t)(record->profiles - 1) * record->cells : 0;
    for (int l = 0; l <= sampling->plan->model->layers; l++)
        for (int c = 0; c < columns; c++) {
            const struct estimate *cell = c < taken ? &record->profile[last + (size_t)(l * taken + c)] : NULL;
            values[l * columns + c] = cell && cell->n > 0 ? estimate_mean(cell) : wide_absent();
        }
}

static void take_outcomes(const struct sampling *sampling, const struct outcome_runs *runs, struct wide *values)
{
    int columns = sampling->plan->schema->column_count, first = columns - (int)outcome_count;
    for (size_t i = 0; i < outcome_count; i++) {
        double value = outcomes[i].of(runs);
        for (int l = 0; l <= sampling->plan->model->layers; l++)
            values[l * columns + first + (int)i] = isnan(value) ? wide_absent() : wide_of(value);
    }
}

static int rate_count(const struct sampling *sampling)
{
    return sampling->plan->recipe->rates.count;
}

static double *scores_of(const struct sampling *sampling, size_t sample)
{
    return sampling->scores + sample * (size_t)rate_count(sampling);
}

static int visit(void *context, struct train_run *run, struct error *error)
{
    struct sampling *sampling = context;
    const struct trainer_record *record = &run->record;
    size_t sample = (size_t)(run - sampling->runs);
    int rate = sampling->rates[sample], last = rate_count(sampling) - 1;
    (void)error;
    scores_of(sampling, sample)[rate] = train_score(run);
    if (rate < last)
        return ERROR_NONE;
    sampling->spreads[sample] = record->diverged < 0 ? record->spread[record->done - 1] : NAN;
    take_profile(sampling, record, sampling->values + sample * sampling->cells);
    return ERROR_NONE;
}

/* The number of the rate that the sample needs next, or -1. */
static int next_rate(const struct sampling *sampling, size_t sample)
{
    int count = rate_count(sampling), i = 0;
    const bool *trained = sampling->trained + sample * (size_t)count;
    if (sampling->plan->search)
        return sampling->plan->search(count, trained, scores_of(sampling, sample));
    while (i < count && trained[i])
        i++;
    return i < count ? i : -1;
}

/* The next run of every sample that needs one. */
static int list_runs(struct sampling *sampling)
{
    const struct outcome_plan *plan = sampling->plan;
    int count = 0;
    for (size_t i = 0; i < sampling->count; i++) {
        int rate = sampling->rates[i] = next_rate(sampling, i);
        if (rate < 0)
            continue;
        sampling->trained[i * (size_t)rate_count(sampling) + (size_t)rate] = true;
        struct train_run *run = sampling->open[count++] = &sampling->runs[i];
        *run = (struct train_run){.model = *plan->model, // of which a run changes nothing
                                  .training = recipe_training(plan->recipe, plan->recipe->rates.value[rate],
                                                              plan->seed + sampling->first + i)};
    }
    return count;
}

static int train_round(struct sampling *sampling, int count, struct error *error)
{
    const struct outcome_plan *plan = sampling->plan;
    struct train_keeper keeper = plan->memo ? memo_keeper(plan->memo) : (struct train_keeper){0};
    struct train_plan runs = {
        .runs = sampling->open,
        .count = count,
        .threads = plan->threads < count ? plan->threads : count,
        .memory = plan->memory,
        .stop = plan->stop,
        .keeper = plan->memo ? &keeper : NULL,
        .interval = INFINITY,
        .visit = visit,
        .context = sampling,
    };
    return train_all(&runs, error);
}

static int sampling_init(struct sampling *sampling, const struct outcome_plan *plan, uint64_t first, uint64_t count,
                         struct error *error)
{
    size_t rates = (size_t)plan->recipe->rates.count, samples = (size_t)count;
    size_t cells = (size_t)(plan->model->layers + 1) * (size_t)plan->schema->column_count;
    *sampling = (struct sampling){
        .plan = plan,
        .first = first,
        .count = samples,
        .runs = calloc(samples + 1, sizeof *sampling->runs),
        .open = calloc(samples + 1, sizeof(struct train_run *)),
        .rates = calloc(samples + 1, sizeof *sampling->rates),
        .trained = calloc(samples * rates + 1, sizeof *sampling->trained),
        .scores = calloc(samples * rates + 1, sizeof *sampling->scores),
        .spreads = calloc(samples + 1, sizeof *sampling->spreads),
        .values = calloc(samples * cells + 1, sizeof *sampling->values),
        .cells = cells,
    };
    if (!sampling->runs || !sampling->open || !sampling->rates || !sampling->trained || !sampling->scores ||
        !sampling->spreads || !sampling->values)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu runs", samples * rates);
    for (size_t i = 0; i < samples * rates; i++)
        sampling->scores[i] = NAN;
    for (size_t i = 0; i < samples; i++)
        sampling->spreads[i] = NAN;
    return ERROR_NONE;
}

static void sampling_free(struct sampling *sampling)
{
    free(sampling->runs);
    free(sampling->open);
    free(sampling->rates);
    free(sampling->trained);
    free(sampling->scores);
    free(sampling->spreads);
    free(sampling->values);
}

static void hand_over(const struct sampling *sampling)
{
    const struct outcome_plan *plan = sampling->plan;
    for (size_t i = 0; i < sampling->count; i++) {
        struct wide *values = sampling->values + i * sampling->cells;
        struct outcome_runs runs = {plan->recipe, scores_of(sampling, i), sampling->spreads[i]};
        take_outcomes(sampling, &runs, values);
        plan->visit(plan->context, sampling->first + i, values);
    }
}

int outcome_sample(const struct outcome_plan *plan, uint64_t first, uint64_t count, struct error *error)
{
    struct sampling sampling;
    int code = sampling_init(&sampling, plan, first, count, error);
    for (int runs; code == ERROR_NONE && (runs = list_runs(&sampling)) > 0;)
        code = train_round(&sampling, runs, error);
    if (code == ERROR_NONE)
        hand_over(&sampling);
    sampling_free(&sampling);
    return code;
}
