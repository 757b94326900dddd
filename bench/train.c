/* Milliseconds of processor time a step of training takes, in double and in single precision, against the same work in
 * PyTorch (train_torch.py, in the Debian package python3-torch) in both, each on one thread, in one run; and the rates of
 * the products behind it against OpenBLAS's. Steps before and after PyTorch's turn share in whatever else the machine
 * does.
 */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "sim/setting.h"
#include "train/product.h"
#include "train/trainers.h"

enum { TURN = 8, STEPS = 2 * TURN };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* PyTorch's median in milliseconds; 0 where there is none. */
static double torch_step(int layers, int width, int batch, const char *precision)
{
    char command[128];
    double median = 0;
    snprintf(command, sizeof command, "/usr/bin/python3 bench/train_torch.py %d %d %d %s", layers, width, batch,
             precision);
    FILE *pipe = popen(command, "r");
    if (!pipe)
        return 0;
    if (fscanf(pipe, "%lf", &median) != 1)
        median = 0;
    return pclose(pipe) == 0 ? median : 0;
}

/* One precision of our own. */
struct subject {
    struct model model;
    const struct trainers *trainers;
    struct trainer trainer;
    double spent[STEPS], step;
};

static int init(struct subject *subject, const char *text, bool single, const struct training *training,
                struct error *error)
{
    *subject = (struct subject){0};
    model_defaults(&subject->model);
    int code = setting_apply_all(&subject->model, text, error);
    subject->model.single = single;
    if (code == ERROR_NONE)
        code = model_check(&subject->model, error);
    subject->trainers = trainers_of(&subject->model);
    if (code == ERROR_NONE)
        code = subject->trainers->init(&subject->trainer, &subject->model, training, (size_t)8 << 30, error);
    return code;
}

static void release(struct subject *subject)
{
    trainer_free(&subject->trainer);
    model_free(&subject->model);
}

static void take_turn(struct subject *subject, int turn)
{
    subject->trainers->step(&subject->trainer); // warms up
    for (int i = turn * TURN; i < (turn + 1) * TURN; i++) {
        double start = seconds();
        subject->trainers->step(&subject->trainer);
        subject->spent[i] = 1e3 * (seconds() - start);
    }
}

static void take_median(struct subject *subject)
{
    qsort(subject->spent, STEPS, sizeof *subject->spent, ascending);
    subject->step = (subject->spent[TURN - 1] + subject->spent[TURN]) / 2;
}

static void print(const char *what, double step, const struct subject own[2])
{
    if (step > 0)
        printf("  %-28s %10.2f %10.2f %10.2f\n", what, step, step / own[0].step, step / own[1].step);
    else
        printf("  %-28s %10s\n", what, "absent");
}

static void compare(int layers, int width, int batch, struct subject own[2])
{
    for (int i = 0; i < 2; i++)
        take_turn(&own[i], 0);
    double single = torch_step(layers, width, batch, "single"), twice = torch_step(layers, width, batch, "double");
    for (int i = 0; i < 2; i++) {
        take_turn(&own[i], 1);
        take_median(&own[i]);
    }
    printf("L %d, d %d, %d tokens a step\n", layers, width, 32 * batch);
    print("spanscope, double", own[0].step, own);
    print("spanscope, single", own[1].step, own);
    print("PyTorch, double", twice, own);
    print("PyTorch, single", single, own);
}

static int compare_steps(int layers, int width, int batch, struct error *error)
{
    char text[160];
    struct task task;
    struct subject own[2] = {0}; // double, single
    struct training training = training_defaults();
    snprintf(text, sizeof text, "placement=spannorm init=scaleinit heads=2 tokens=32 mask=causal layers=%d width=%d",
             layers, width);
    int code = task_init(&task, "icl:4:0.1", error);
    if (code != ERROR_NONE)
        return code;
    training.task = &task;
    training.batch = batch;
    training.steps = STEPS + 2;
    for (int i = 0; code == ERROR_NONE && i < 2; i++)
        code = init(&own[i], text, i, &training, error);
    if (code == ERROR_NONE)
        compare(layers, width, batch, own);
    for (int i = 0; i < 2; i++)
        release(&own[i]);
    task_free(&task);
    return code;
}

/* ---- products ---- */

__typeof__(product_forward) product_forward_single;
__typeof__(product_backward) product_backward_single;
__typeof__(product_gradient) product_gradient_single;

/* x, w, y and scratch, as doubles or floats. */
typedef void product_caller(int m, int n, void *const a[4]);

enum { ROWS = 256 };

static void own_double(int m, int n, void *const a[4])
{
    product_forward(ROWS, m, n, a[0], a[1], a[2], a[3]);
    product_backward(ROWS, m, n, a[2], a[1], 0, a[0], a[3]);
    product_gradient(ROWS, m, n, a[0], a[2], 0, a[1]);
}

static void own_single(int m, int n, void *const a[4])
{
    product_forward_single(ROWS, m, n, a[0], a[1], a[2], a[3]);
    product_backward_single(ROWS, m, n, a[2], a[1], 0, a[0], a[3]);
    product_gradient_single(ROWS, m, n, a[0], a[2], 0, a[1]);
}

static void blas_double(int m, int n, void *const a[4])
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, ROWS, n, m, 1, a[0], m, a[1], n, 0, a[2], n);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, ROWS, m, n, 1, a[2], n, a[1], n, 0, a[0], m);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, ROWS, 1, a[0], m, a[2], n, 0, a[1], n);
}

static void blas_single(int m, int n, void *const a[4])
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, ROWS, n, m, 1, a[0], m, a[1], n, 0, a[2], n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, ROWS, m, n, 1, a[2], n, a[1], n, 0, a[0], m);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, ROWS, 1, a[0], m, a[2], n, 0, a[1], n);
}

/* GF/s, the best of several turns. Entries are 0: what they are does not matter to the time. */
static double rate(product_caller *call, int m, int n, void *const a[4])
{
    double flops = 6.0 * ROWS * m * n, best = 0;
    int calls = (int)(2e7 / flops) + 1;
    for (int turn = 0; turn < 20; turn++) {
        double start = seconds();
        for (int i = 0; i < calls; i++)
            call(m, n, a);
        double found = flops * calls / (seconds() - start) / 1e9;
        best = found > best ? found : best;
    }
    return best;
}

static void compare_products(void)
{
    static const int sides[][2] = {{32, 32}, {32, 128}, {128, 32}, {64, 64}, {64, 256}, {128, 128}, {128, 512}};
    static product_caller *const callers[] = {own_double, blas_double, own_single, blas_single};
    printf("\n%-30s %10s %10s %10s %10s   GF/s, y = x w and both gradients, %d rows\n", "products", "double",
           "OpenBLAS", "single", "OpenBLAS", ROWS);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        int m = sides[i][0], n = sides[i][1];
        size_t entries[] = {(size_t)(ROWS * m), (size_t)(m * n), (size_t)(ROWS * n), (size_t)(m * n)};
        void *a[4] = {NULL};
        for (int j = 0; j < 4; j++) {
            a[j] = memory_reals(entries[j]);
            if (!a[j])
                return;
            memset(a[j], 0, entries[j] * sizeof(real));
        }
        printf("  %4d x %-21d", m, n);
        for (size_t c = 0; c < sizeof callers / sizeof *callers; c++)
            printf(" %10.0f", rate(callers[c], m, n, a));
        printf("\n");
        for (int j = 0; j < 4; j++)
            free(a[j]);
    }
}

int main(void)
{
    static const int sizes[][3] = {{8, 32, 8}, {32, 32, 8}, {16, 64, 16}, {4, 128, 8}};
    struct error error = {0};
    openblas_set_num_threads(1);
    printf("%-30s %10s %10s %10s\n", "a step of training", "ms", "/ double", "/ single");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (compare_steps(sizes[i][0], sizes[i][1], sizes[i][2], &error) != ERROR_NONE) {
            fprintf(stderr, "bench/train: %s\n", error.text);
            return EXIT_FAILURE;
        }
    compare_products();
    return EXIT_SUCCESS;
}
