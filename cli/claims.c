#include "cli/claims.h"

#include <inttypes.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/schema.h"

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
    char x[96];
    bool one_layer = strcmp(check->first, check->last) == 0;
    fprintf(stream, "  test:     ");
    if (check->contrast)
        fprintf(stream, "over configurations, the %s%s%s of ", check->contrast,
                claim_print_against(check, x, sizeof x) > 0 ? " against " : "", x);
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
    if (claim_is_planned(claim, tier))
        fprintf(stream, "  samples:  at most %" PRId64 " of each%s\n", plan->samples,
                claim->trains ? ", a run a rate" : "");
    else
        fprintf(stream, "  samples:  none at this tier, which has no time for them\n");
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

/* ---- as JSON ---- */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *check_object(const struct claim_check *check)
{
    char x[96];
    bool against = claim_print_against(check, x, sizeof x) > 0;
    return json_pack("{ss ss ss ss so so so sb so so so ss ss}", "statistic", check->statistic, "observable",
                     check->observable, "first", check->first, "last", check->last, "where", text_or_null(check->where),
                     "contrast", text_or_null(check->contrast), "against", text_or_null(against ? x : NULL), "variance",
                     check->variance, "lower", text_or_null(check->lower), "upper", text_or_null(check->upper), "loose",
                     text_or_null(check->loose), "margin", check->margin, "reason", check->reason);
}

static json_t *claim_object(bool *ok, const struct claim *claim, enum claim_tier tier)
{
    json_t *object = json_object(), *configurations = json_array(), *checks = json_array();
    for (int i = 0; !claim->beyond && i < claim_configuration_count(claim, tier); i++) {
        char text[CLAIM_TEXT_MAX];
        claim_configuration(claim, tier, i, text);
        document_append(ok, configurations, json_string(text));
    }
    for (int c = 0; c < claim_check_count(claim); c++)
        document_append(ok, checks, check_object(&claim->checks[c]));
    document_put(ok, object, "id", json_string(claim->id));
    document_put(ok, object, "group", json_string(claim_group_of(claim)->title));
    document_put(ok, object, "expected", json_string(verdict_names[claim->expected]));
    document_put(ok, object, "statement", json_string(claim->statement));
    document_put(ok, object, "source", json_string(claim->source));
    document_put(ok, object, "beyond", text_or_null(claim->beyond));
    document_put(ok, object, "hypotheses", text_or_null(claim->hypotheses));
    document_put(ok, object, "free", text_or_null(claim->free));
    document_put(ok, object, "settings", text_or_null(claim->settings));
    document_put(ok, object, "configurations", configurations);
    document_put(ok, object, SCHEMA_SAMPLES, json_integer(claim->plans[tier].samples));
    document_put(ok, object, "checks", checks);
    return object;
}

int claims_print_json(const struct claim *const claims[], size_t count, enum claim_tier tier, FILE *stream,
                      struct error *error)
{
    bool ok = true;
    json_t *root = json_object(), *list = json_array();
    for (size_t i = 0; i < count; i++)
        document_append(&ok, list, claim_object(&ok, claims[i], tier));
    document_put(&ok, root, SCHEMA_KEY, json_string(SCHEMA_CLAIMS));
    document_put(&ok, root, "tier", json_string(claim_tier_names[tier]));
    document_put(&ok, root, "claims", list);
    int code = document_print(ok, root, stream, error);
    fputc('\n', stream);
    return code;
}
