/* Every setting at every kind of value over every claim: what the options break makes a claim inapplicable. */
#include <stdio.h>
#include <string.h>

#include "analysis/claims/trial.h"
#include "sim/init.h"
#include "sim/placement.h"
#include "sim/readers.h"
#include "sim/setting.h"
#include <check.h>

enum { VALUES_MAX = 64, SAMPLES = 16 };

/* A verdict is wrong with probability at most 1e-6, so any of the 20,000 of a sweep (most of them not sampled at all)
 * with at most 2 %; the seed is fixed. What is grossly false is found out at once: t = 14 at 15 degrees of freedom. */
static const double alpha = 1e-6;

static const char *const wholes[] = {"1", "2", "3", "5", "24", "96"};
static const char *const reals[] = {"0", "1e-100", "0.001", "0.5", "1", "1.5", "3", "1e6", "1e100"};

/* Values of a setting, those that it refuses among them. */
static int values_of(const struct setting *setting, const char *values[VALUES_MAX])
{
    int count = 0;
    if (setting->type == SETTING_CHOICE)
        for (; (values[count] = setting_choice(setting, (size_t)count)); count++)
            ;
    else if (strcmp(setting->name, "placement") == 0)
        for (; count < (int)placement_count; count++)
            values[count] = placements[count].name;
    else if (strcmp(setting->name, "init") == 0) {
        for (; count < (int)init_count; count++)
            values[count] = init_rows[count].name;
        values[count++] = "scaleinit:4";
    } else if (setting->type == SETTING_INTEGER)
        for (; count < (int)(sizeof wholes / sizeof *wholes); count++)
            values[count] = wholes[count];
    else
        for (; count < (int)(sizeof reals / sizeof *reals); count++)
            values[count] = reals[count];
    return count;
}

/* Whether the override says anything to any configuration that the claim itself does not. */
static bool is_changed(const struct trial *trial, const struct setting *setting)
{
    bool changed = trial->count != claim_configuration_count(trial->claim, CLAIM_SMOKE);
    for (int i = 0; i < trial->count && !changed; i++) {
        const struct model *model = &trial->configurations[i].model;
        struct error error = {0};
        struct model own;
        ck_assert_int_eq(claim_model(trial->claim, CLAIM_SMOKE, i, NULL, 0, &own, &error), ERROR_NONE);
        changed = readers_exist(setting, model) && !setting_same(setting, &own, model);
        model_free(&own);
    }
    return changed;
}

/* Fails where the claim, with the setting at that value, comes out against expectation. */
static void check_pair(const struct claim *claim, const struct setting *setting, const char *value, int *sampled)
{
    struct claim_override override = {setting->name, value};
    struct trial_options options = {.tier = CLAIM_SMOKE,
                                    .seed = 1,
                                    .threads = 2,
                                    .memory = (size_t)1 << 30,
                                    .samples = SAMPLES,
                                    .overrides = &override,
                                    .override_count = 1};
    struct error error = {0};
    struct trial trial;
    struct verdict_claim verdict;
    if (trial_init(&trial, claim, &options, &error) != ERROR_NONE) {
        ck_assert_msg(error.code == ERROR_INPUT, "%s with %s=%s: %s", claim->id, setting->name, value, error.text);
        return; /* the value is none of the setting's */
    }
    if (trial.fit != FIT_YES || !is_changed(&trial, setting)) {
        trial_free(&trial);
        return;
    }
    ++*sampled;
    int code = trial_decide(&trial, alpha, &verdict, &error);
    ck_assert_msg(code == ERROR_NONE, "%s with %s=%s: %s", claim->id, setting->name, value, error.text);
    bool contrary = verdict.verdict != claim->expected && verdict.verdict != VERDICT_INCONCLUSIVE &&
                    verdict.verdict != VERDICT_NOT_APPLICABLE;
    ck_assert_msg(!contrary, "%s with %s=%s: %s, %s", claim->id, setting->name, value, verdict_names[verdict.verdict],
                  verdict.why);
    trial_free(&trial);
}

START_TEST(no_setting_makes_a_claim_false)
{
    const struct setting *setting = &settings[_i];
    const char *values[VALUES_MAX];
    int count = values_of(setting, values), sampled = 0;
    for (int v = 0; v < count; v++)
        for (size_t i = 0; i < claim_count(); i++)
            check_pair(claim_at(i), setting, values[v], &sampled);
    if (strcmp(setting->name, "norm") == 0 || strcmp(setting->name, "tokens") == 0)
        ck_assert_int_ge(sampled, 20); /* claims that are free in it: there is something to sweep */
}
END_TEST

Suite *sweep_suite(void)
{
    Suite *suite = suite_create("sweep");
    TCase *tests = tcase_create("sweep");
    tcase_add_loop_test(tests, no_setting_makes_a_claim_false, 0, (int)setting_count);
    tcase_set_tags(tests, "slow");
    tcase_set_timeout(tests, 600);
    suite_add_tcase(suite, tests);
    return suite;
}
