/* Every setting at every kind of value over every claim: what the options break makes a claim inapplicable. */
#include <stdio.h>
#include <string.h>

#include "analysis/claims/trial.h"
#include "sim/init.h"
#include "sim/placement.h"
#include "sim/setting.h"
#include <check.h>

enum { VALUES_MAX = 64, SAMPLES = 16 };

/* A verdict is wrong with probability at most 1e-6, so any of the 20,000 of a sweep (most of them not sampled at all)
 * with at most 2 %; the seed is fixed. What is grossly false is found out at once: t = 14 at 15 degrees of freedom. */
static const double alpha = 1e-6;

static const char *const numbers[] = {"0", "1e-100", "0.001", "0.5", "1",  "1.5", "2",
                                      "3", "5",      "16",    "48",  "96", "1e6", "1e100"};

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
    } else
        for (; count < (int)(sizeof numbers / sizeof *numbers); count++)
            values[count] = numbers[count];
    return count;
}

/* Whether the claim names the setting where it should not be: a claim that speaks of it and is still false. */
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
    *sampled += trial.fit == FIT_YES;
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
    ck_assert_msg(sampled > 0, "%s is never free: the sweep tests nothing", setting->name);
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
