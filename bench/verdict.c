/* The decisions of `verify` themselves, measured: how often a report of true statements holds a wrong verdict, and how
 * soon a claim that is 5 % off is found out. Prints tables in Markdown.
 *
 * A claim here says that a mean of 1 is 1 +- 5 %, from samples with a relative spread. Null: the mean is 1.05, the edge
 * itself, where either verdict is as likely as it can be while wrong. Violation: it is 1.10, 5 % beyond the edge.
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>

#include "analysis/claims/claim.h"

struct claimed {
    gsl_rng *rng;
    double mu, spread;
    double mean, m2;
    int64_t n;
    struct verdict_test test;
};

static int extend(void *context, int64_t samples, struct verdict_claim *claim, struct error *error)
{
    (void)error;
    struct claimed *c = context;
    while (c->n < samples) {
        double x = c->mu + c->spread * gsl_ran_gaussian_ziggurat(c->rng, 1), delta = x - c->mean;
        c->mean += delta / (double)++c->n;
        c->m2 += delta * (x - c->mean);
    }
    double se = sqrt(c->m2 / (double)(c->n - 1) / (double)c->n);
    c->test = (struct verdict_test){.n = c->n, .mean = c->mean, .se = se, .lower = 1, .upper = 1, .margin = 0.05};
    claim->tests = &c->test;
    claim->count = 1;
    return ERROR_NONE;
}

static enum verdict decide(gsl_rng *rng, double mu, double spread, int64_t budget, double alpha, int64_t *used)
{
    struct claimed c = {.rng = rng, .mu = mu, .spread = spread};
    struct verdict_claim claim = {0};
    struct verdict_looks looks = verdict_looks(budget);
    struct error error;
    verdict_sequence(&claim, alpha, &looks, extend, &c, &error);
    *used += c.n;
    return claim.verdict;
}

static void print_false_alarms(gsl_rng *rng, double level, int claims)
{
    enum { REPORTS = 1000, BUDGET = 512 };
    int supported = 0, contradicted = 0;
    int64_t used = 0;
    for (int r = 0; r < REPORTS; r++) {
        bool any[VERDICTS] = {false};
        for (int c = 0; c < claims; c++)
            any[decide(rng, 1.05, 0.3, BUDGET, level / claims, &used)] = true;
        supported += any[VERDICT_SUPPORTED];
        contradicted += any[VERDICT_CONTRADICTED];
    }
    printf("| %g | %d | %d | %.4f | %.4f |\n", level, claims, REPORTS, (double)supported / REPORTS,
           (double)contradicted / REPORTS);
}

static void print_power(gsl_rng *rng, double spread, int64_t budget, int claims)
{
    enum { TRIALS = 2000 };
    int found = 0;
    int64_t used = 0;
    for (int r = 0; r < TRIALS; r++)
        found += decide(rng, 1.10, spread, budget, 0.01 / claims, &used) == VERDICT_CONTRADICTED;
    printf("| %g | %d | %d | %.3f | %.0f |\n", spread, (int)budget, claims, (double)found / TRIALS,
           (double)used / TRIALS);
}

int main(void)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int ledger = (int)claim_count();
    printf("Reports whose every claim lies on its edge, and the share of them with a wrong verdict:\n\n");
    printf("| level | claims | reports | wrong SUPPORTED | wrong CONTRADICTED |\n|--:|--:|--:|--:|--:|\n");
    print_false_alarms(rng, 0.1, 1);
    print_false_alarms(rng, 0.1, ledger);
    print_false_alarms(rng, 0.01, ledger);
    printf("\nClaims whose mean is 5 %% beyond the edge, at level 0.01, and the share found out:\n\n");
    printf("| spread of a sample | budget | claims of the report | CONTRADICTED | samples used, mean |\n"
           "|--:|--:|--:|--:|--:|\n");
    const double spreads[] = {0.1, 0.3};
    const int64_t budgets[] = {64, 256, 1024};
    for (int s = 0; s < 2; s++)
        for (int b = 0; b < 3; b++)
            for (int k = 0; k < 2; k++)
                print_power(rng, spreads[s], budgets[b], k == 0 ? 1 : ledger);
    gsl_rng_free(rng);
    return 0;
}
