#include "analysis/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "tests/folder.h"
#include "tests/support.h"
#include <check.h>

static struct store store;
static struct error error;

/* A configuration with samples 5 to 5 + count - 1, whose values are of no meaning. */
static int64_t add(const char *text, int count)
{
    struct model model;
    struct sampler sampler;
    int64_t id = -1;
    support_model(&model, text);
    ck_assert_int_eq(sampler_init(&sampler, &model, NULL, false, 1, (size_t)1 << 28, &error), ERROR_NONE);
    ck_assert_int_eq(store_enter(&store, &sampler, 3, &id, &error), ERROR_NONE);
    struct wide *values = calloc(sampler.cells, sizeof *values);
    for (uint64_t i = 0; i < (uint64_t)count; i++)
        ck_assert_int_eq(store_put(&store, id, 5 + i, sampler.cells, values, &error), ERROR_NONE);
    ck_assert_int_eq(store_flush(&store, &error), ERROR_NONE);
    free(values);
    sampler_free(&sampler);
    model_free(&model);
    return id;
}

static int listed(int configurations)
{
    struct inventory inventory;
    int samples = 0;
    ck_assert_int_eq(inventory_read(&store, &inventory, &error), ERROR_NONE);
    ck_assert_int_eq(inventory.count, configurations);
    for (int i = 0; i < inventory.count; i++) {
        const struct store_config *config = &inventory.configs[i];
        samples += (int)config->samples;
        ck_assert_uint_eq(config->seed, 3);
        ck_assert(config->samples == 0 || (config->first == 5 && config->last == 4 + (uint64_t)config->samples));
    }
    inventory_free(&inventory);
    return samples;
}

START_TEST(configurations_come_and_go)
{
    ck_assert_int_eq(store_open(&store, folder_path("kept"), STORE_WRITE, NULL, &error), ERROR_NONE);
    ck_assert_int_eq(listed(0), 0);
    int64_t first = add("placement=prenorm", 4);
    add("placement=postnorm", 3);
    ck_assert_int_eq(add("placement=prenorm", 6), first);
    ck_assert_int_eq(listed(2), 9);
    ck_assert_int_eq(inventory_remove(&store, first, &error), ERROR_NONE);
    ck_assert_int_eq(listed(1), 3);
    ck_assert_int_eq(inventory_compact(&store, &error), ERROR_NONE);
    ck_assert_int_eq(listed(1), 3);
    store_close(&store);
}
END_TEST

/* A byte of one sample changed, and another sample moved to where none is: both are found, and dropped when asked. */
START_TEST(damage_is_found)
{
    int64_t damaged = -1;
    ck_assert_int_eq(store_open(&store, folder_path("kept"), STORE_WRITE, NULL, &error), ERROR_NONE);
    add("placement=prenorm", 4);
    ck_assert_int_eq(inventory_check(&store, false, &damaged, &error), ERROR_NONE);
    ck_assert_int_eq(damaged, 0);
    ck_assert_int_eq(store_execute(&store,
                                   "UPDATE samples SET data = x'01' || substr(data, 2) WHERE sample = 6;"
                                   "UPDATE samples SET sample = 77 WHERE sample = 8",
                                   &error),
                     ERROR_NONE);
    ck_assert_int_eq(inventory_check(&store, false, &damaged, &error), ERROR_NONE);
    ck_assert_int_eq(damaged, 2);
    ck_assert_int_eq(inventory_check(&store, true, &damaged, &error), ERROR_NONE);
    ck_assert_int_eq(inventory_check(&store, false, &damaged, &error), ERROR_NONE);
    ck_assert_int_eq(damaged, 0);
    store_close(&store);
}
END_TEST

Suite *inventory_suite(void)
{
    Suite *suite = suite_create("inventory");
    TCase *tests = folder_case(suite, "inventory");
    tcase_add_test(tests, configurations_come_and_go);
    tcase_add_test(tests, damage_is_found);
    return suite;
}
