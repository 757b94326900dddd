#include "cli/claims.h"

#include <inttypes.h>
#include <string.h>

static void print_bounds_of(const struct claim_check *check, FILE *stream)
{
    if (check->lower && check->upper && strcmp(check->lower, check->upper) == 0)
        fprintf(stream, "is %s", check->lower);
    else if (check->lower && check->upper)
        fprintf(stream, "from %s to %s", check->lower, check->upper);
    else
        fprintf(stream, "%s %s", check->lower ? "at least" : "at most", check->lower ? check->lower : check->upper);
}

static void list_check(const struct claim_check *check, FILE *stream)
{
    bool one_layer = strcmp(check->first, check->last) == 0;
    fprintf(stream, "  test:     ");
    if (check->contrast)
        fprintf(stream, "over configurations, the %s%s%s of ", check->contrast, check->against ? " against " : "",
                check->against ? check->against : "");
    fprintf(stream, "%s%s of %s, layer%s %s%s%s", check->variance ? "log variance over samples of " : "",
            check->statistic, check->observable, one_layer ? "" : "s", check->first, one_layer ? "" : " to ",
            one_layer ? "" : check->last);
    if (check->where)
        fprintf(stream, ", where %s", check->where);
    fprintf(stream, ": ");
    print_bounds_of(check, stream);
    if (check->loose)
        fprintf(stream, ", and loose where that is more than %s above it", check->loose);
    fprintf(stream, "\n  margin:   %s: %s\n", check->margin, check->reason);
}

static void list_claim(const struct claim *claim, enum claim_tier tier, FILE *stream)
{
    const struct claim_plan *plan = &claim->plans[tier];
    fprintf(stream, "%s (expected %s)\n  says:     %s\n  source:   %s\n", claim->id, verdict_names[claim->expected],
            claim->statement, claim->source);
    if (claim->beyond) {
        fprintf(stream, "  beyond:   %s\n\n", claim->beyond);
        return;
    }
    fprintf(stream, "  assumes:  %s\n  free:     %s\n  setting:  %s\n", claim->hypotheses,
            claim->free ? claim->free : "nothing else", claim->settings);
    for (int p = 0; p < CLAIM_PLANS_MAX && plan->configurations[p]; p++)
        fprintf(stream, "  %s  %s\n", p == 0 ? "at:      " : "         ", plan->configurations[p]);
    fprintf(stream, "  samples:  at most %" PRId64 " of each\n", plan->samples);
    for (int c = 0; c < claim_check_count(claim); c++)
        list_check(&claim->checks[c], stream);
    fprintf(stream, "\n");
}

void claims_print(const struct claim *const claims[], size_t count, enum claim_tier tier, FILE *stream)
{
    const struct claim_group *group = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct claim_group *next = claim_group_of(claims[i]);
        if (next != group)
            fprintf(stream, "-- %s\n\n", next->title);
        group = next;
        list_claim(claims[i], tier, stream);
    }
}
