/* The power of the ledger: how likely a report of `verify` at its default level leaves a claim open, by another seed.
 *
 *   build/bench/power [TIER [SEEDS [CLAIM...]]]
 *
 * Every claim is sampled to the end of its budget under several seeds. Pooled, they give each test's mean and standard
 * error, and so the probability that another seed's mean lies where the last look decides; earlier looks can only add
 * to that. A claim is left open by any of its tests (none, where it is to be contradicted), so the sum over tests is a
 * ceiling, and the sum over claims one for the report. Beside it stands how often the seeds themselves were decided at
 * the last look. Prints a table in Markdown of the claims that may stay open, and the report's share.
 */
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/claims/trial.h"
#include "sim/memory.h"
#include "sim/team.h"

/* One test over the seeds: sums of its mean and squared standard error. */
struct pooled {
    struct verdict_test test;
    double mean, square;
};

struct power {
    double alpha; /* of the last look */
    int seeds, open;
    double miss;     /* probability of no decision, at most */
    double distance; /* of the nearest edge, in standard errors */
    char at[VERDICT_LABEL_MAX];
};

/* P(a mean of n samples is not shown to lie on the far side of an edge from which it is distance away). */
static double miss(double distance, double se, int64_t n, double alpha)
{
    return gsl_cdf_ugaussian_Q(distance / se - gsl_cdf_tdist_Qinv(alpha, (double)n - 1));
}

/* How far the mean lies on the side of each edge that the verdict asks for; the least of them for an inside. */
static double distance_of(const struct verdict_test *test, enum verdict expected)
{
    double inside = fmin(test->upper + test->margin - test->mean, test->mean - test->lower + test->margin);
    if (expected == VERDICT_CONTRADICTED)
        return -inside;
    return expected == VERDICT_LOOSE && test->loose > 0 ? test->upper - test->loose - test->mean : inside;
}

static void judge(struct power *power, const struct pooled *pooled, size_t count, enum verdict expected)
{
    bool any = expected == VERDICT_CONTRADICTED;
    double alpha = power->alpha;
    if (any) { /* two edges a test at most */
        alpha /= 2 * (double)count;
        power->miss = 1;
    }
    power->distance = any ? -INFINITY : INFINITY;
    for (size_t t = 0; t < count; t++) {
        struct verdict_test test = pooled[t].test;
        test.mean = pooled[t].mean / power->seeds;
        test.se = fmax(sqrt(pooled[t].square / power->seeds), 64 * DBL_EPSILON * fmax(1, fabs(test.mean)));
        if (test.exact)
            continue;
        double distance = distance_of(&test, expected), p = miss(distance, test.se, test.n, alpha);
        power->miss = any ? fmin(power->miss, p) : power->miss + p;
        if (any ? distance / test.se > power->distance : distance / test.se < power->distance) {
            power->distance = distance / test.se;
            snprintf(power->at, sizeof power->at, "%s", test.label);
        }
    }
    power->miss = fmin(1, power->miss);
}

/* One seed to the end of the budget, which no level of 0 ends before. */
static int add_seed(struct power *power, struct pooled **pooled, size_t *count, const struct claim *claim,
                    const struct trial_options *options, struct error *error)
{
    struct trial trial;
    struct verdict_claim verdict;
    int code = trial_init(&trial, claim, options, error);
    if (code == ERROR_NONE && (code = trial_decide(&trial, 0, &verdict, error)) == ERROR_NONE) {
        *count = verdict.count;
        if (!*pooled)
            *pooled = calloc(verdict.count + 1, sizeof **pooled);
        for (size_t t = 0; *pooled && t < verdict.count; t++) {
            (*pooled)[t].test = verdict.tests[t];
            (*pooled)[t].mean += verdict.tests[t].mean;
            (*pooled)[t].square += verdict.tests[t].se * verdict.tests[t].se;
        }
        verdict_decide(&verdict, power->alpha);
        power->open += verdict.verdict != claim->expected;
        power->seeds++;
        if (!*pooled)
            code = error_set(error, ERROR_RESOURCE, "out of memory");
    }
    trial_free(&trial);
    return code;
}

static int measure(struct power *power, const struct claim *claim, struct trial_options *options, int seeds,
                   struct error *error)
{
    struct pooled *pooled = NULL;
    size_t count = 0;
    int code = ERROR_NONE;
    for (int s = 1; code == ERROR_NONE && s <= seeds; s++) {
        options->seed = (uint64_t)s;
        code = add_seed(power, &pooled, &count, claim, options, error);
    }
    if (code == ERROR_NONE)
        judge(power, pooled, count, claim->expected);
    free(pooled);
    return code;
}

static double last_alpha(enum claim_tier tier)
{
    size_t applicable = 0;
    for (size_t i = 0; i < claim_count(); i++)
        applicable += claim_is_planned(claim_at(i), tier);
    return 0.01 / (double)applicable / 2;
}

static bool is_named(const struct claim *claim, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], claim->id) == 0)
            return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    struct trial_options options = {.tier = CLAIM_SMOKE, .threads = team_processors(), .memory = (size_t)1 << 30};
    int seeds = argc > 2 ? atoi(argv[2]) : 2, code = ERROR_NONE, open = 0;
    double decided = 1;
    for (int t = 0; argc > 1 && t < CLAIM_TIERS; t++)
        if (strcmp(argv[1], claim_tier_names[t]) == 0)
            options.tier = (enum claim_tier)t;
    printf("Tier %s, %d seeds; claims that another seed leaves open with a probability above 1e-5:\n\n"
           "| claim | open, of the seeds | open, probability | nearest edge, standard errors | test "
           "|\n|--|--:|--:|--:|--|\n",
           claim_tier_names[options.tier], seeds);
    for (size_t i = 0; code == ERROR_NONE && i < claim_count(); i++) {
        struct power power = {.alpha = last_alpha(options.tier)};
        if (!claim_is_planned(claim_at(i), options.tier) || !is_named(claim_at(i), argc > 3 ? argc - 3 : 0, argv + 3))
            continue;
        code = measure(&power, claim_at(i), &options, seeds, &error);
        if (power.miss > 1e-5 || power.open > 0)
            printf("| %s | %d | %.1e | %.1f | %s |\n", claim_at(i)->id, power.open, power.miss, power.distance,
                   power.at);
        fflush(stdout);
        open += power.open;
        decided *= 1 - power.miss;
    }
    printf("\nWhole reports decided: at least %.3f of seeds; %d claims open in %d reports\n", decided, open, seeds);
    if (code != ERROR_NONE)
        fprintf(stderr, "power: %s\n", error.text);
    return code == ERROR_NONE ? 0 : 3;
}
