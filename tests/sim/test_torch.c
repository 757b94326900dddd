/* Tiny stacks with explicit weights, from PyTorch autograd in double precision: tests/data/reference. */
#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include "tests/support.h"

enum { FILES = 8, TENSORS_MAX = 128, NAME_SIZE = 48 };

struct tensor {
    char name[NAME_SIZE];
    int rows, columns;
    double *data;
    bool compared;
};

struct reference {
    char settings[512];
    struct tensor tensors[TENSORS_MAX];
    int count;
};

static struct reference reference;

/* Both sides are double precision and a few hundred operations deep; sums of at most 20 terms of size 1 leave 1e-14. */
static const double TOLERANCE = 1e-11;

static void add_setting(const char *name, const char *value)
{
    size_t length = strlen(reference.settings);
    snprintf(reference.settings + length, sizeof reference.settings - length, "%s=%s ", name, value);
}

static void read_tensor(FILE *file)
{
    ck_assert_int_lt(reference.count, TENSORS_MAX);
    struct tensor *tensor = &reference.tensors[reference.count++];
    ck_assert_int_eq(fscanf(file, "%31s %d %d", tensor->name, &tensor->rows, &tensor->columns), 3);
    size_t entries = (size_t)tensor->rows * (size_t)tensor->columns;
    tensor->data = calloc(entries, sizeof(double));
    for (size_t i = 0; i < entries; i++)
        ck_assert_int_eq(fscanf(file, "%lf", &tensor->data[i]), 1);
}

static void read_reference(const char *path)
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    char key[NAME_SIZE], value[NAME_SIZE];
    while (fscanf(file, "%31s", key) == 1) {
        if (strcmp(key, "tensor") == 0) {
            read_tensor(file);
            continue;
        }
        ck_assert_int_eq(fscanf(file, "%31s", value), 1);
        if (strcmp(key, "eps") == 0)
            ck_assert_double_eq(strtod(value, NULL), NORM_EPSILON);
        else if (strcmp(key, "ffn_width") == 0)
            add_setting("ffn-width", value);
        else if (strcmp(key, "name") != 0)
            add_setting(key, value);
    }
    fclose(file);
}

static struct tensor *find(const char *format, const char *prefix, const char *name, unsigned number)
{
    char wanted[NAME_SIZE];
    snprintf(wanted, sizeof wanted, format, prefix, name, number);
    for (int i = 0; i < reference.count; i++)
        if (strcmp(reference.tensors[i].name, wanted) == 0)
            return &reference.tensors[i];
    ck_abort_msg("no tensor %s", wanted);
    return NULL;
}

static struct tensor *find_signal(const char *name, int layer)
{
    return find("%s%s.%u", "", name, (unsigned)layer);
}

static void compare(struct tensor *tensor, const double *ours)
{
    double distance = support_distance((size_t)tensor->rows * (size_t)tensor->columns, ours, tensor->data);
    ck_assert_msg(distance <= TOLERANCE, "%s: %g", tensor->name, distance);
    tensor->compared = true;
}

static void give_matrix(const struct linear_map *map, int first, int count, double *w)
{
    const struct tensor *tensor = find("%s%s.%u", "", init_matrix_names[map->address.matrix], map->address.block);
    ck_assert_int_eq(tensor->columns, map->fan_out);
    ck_assert_int_le(first + count, tensor->rows);
    memcpy(w, tensor->data + (size_t)first * (size_t)map->fan_out,
           (size_t)count * (size_t)map->fan_out * sizeof(double));
}

static void compare_gradient(const struct linear_map *map, int rows, int fan_in, const double *x, const double *dy)
{
    struct tensor *tensor = find("%s%s.%u", "grad_", init_matrix_names[map->address.matrix], map->address.block);
    ck_assert_int_eq(tensor->rows, fan_in);
    double *dw = calloc((size_t)fan_in * (size_t)map->fan_out, sizeof(double));
    support_weight_gradient(rows, fan_in, map->fan_out, x, dy, dw);
    compare(tensor, dw);
    free(dw);
}

/* What the stack divides by for its column: |dW|^2 over the entries, here of the reference's gradient. Squares double
 * the relative error of their entries. */
static void compare_squares(const struct support_rig *rig, int block)
{
    const struct plan *plan = rig->stack.depth.blocks[block].plan;
    for (int m = 0; m < plan->graph->matrix_count; m++) {
        struct init_size size = plan_matrix(plan, m);
        size_t entries = (size_t)size.fan_in * (size_t)size.fan_out;
        const struct tensor *tensor = find("%s%.20s.%u", "grad_", plan->graph->matrices[m].name, (unsigned)block + 1);
        ck_assert_uint_eq(entries, (size_t)tensor->rows * (size_t)tensor->columns);
        double expected = support_sum_of_squares(entries, tensor->data);
        double ours = rig->workspace.report.gradients[m];
        ck_assert(isfinite(ours) && expected > 0);
        ck_assert_msg(fabs(ours - expected) <= 2 * TOLERANCE * expected, "%s", tensor->name);
    }
}

static void check_forward(struct support_rig *rig)
{
    compare(find_signal("activation", 0), find("%s%s", "", "input", 0)->data);
    for (int b = 0; b < rig->model.layers; b++)
        compare(find_signal("activation", b + 1), support_forward(rig, b, find_signal("activation", b)->data));
}

static void check_backward(struct support_rig *rig)
{
    int layers = rig->model.layers;
    double *g = support_copy(rig->count, find("%s%s", "", "cotangent", 0)->data);
    compare(find_signal("gradient", layers), g);
    for (int b = layers - 1; b >= 0; b--) {
        double *dx = support_poison(rig->count);
        support_backward(rig, b, find_signal("activation", b)->data, g, dx);
        compare(find_signal("gradient", b), dx);
        compare_squares(rig, b);
        free(g);
        g = dx;
    }
    free(g);
}

START_TEST(file_is_reproduced)
{
    glob_t files;
    ck_assert_int_eq(glob("tests/data/reference/*.txt", 0, NULL, &files), 0);
    ck_assert_uint_eq(files.gl_pathc, FILES);
    read_reference(files.gl_pathv[_i]);
    globfree(&files);

    struct support_rig rig;
    support_rig_init(&rig, reference.settings);
    support_hooks = (struct support_hooks){give_matrix, compare_gradient};
    check_forward(&rig);
    check_backward(&rig);
    for (int i = 0; i < reference.count; i++) {
        const char *name = reference.tensors[i].name;
        bool result = strncmp(name, "grad", 4) == 0 || strncmp(name, "activation", 10) == 0;
        ck_assert_msg(!result || reference.tensors[i].compared, "%s was not compared", name);
        free(reference.tensors[i].data);
    }
    support_rig_free(&rig);
}
END_TEST

Suite *torch_suite(void)
{
    Suite *suite = suite_create("torch");
    TCase *tests = tcase_create("files");
    tcase_add_loop_test(tests, file_is_reproduced, 0, FILES);
    suite_add_tcase(suite, tests);
    return suite;
}
