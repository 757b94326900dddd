#include "analysis/limit/strip.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "tests/rows.h"
#include "tests/support.h"

/* Sums of at most 15 terms of size 1 in another order, a softmax and its derivative: a few tens of eps. */
static const double TOLERANCE = 1e-13;

/* Held as floats, of relative error eps each and of one sign: |A|_2^2 errs by at most 2 eps. */
static const double RANK_TOLERANCE = 2 * FLT_EPSILON;

enum { T = 9 };

/* Nothing is drawn, the rotation not stretched. */
#define PLAIN .scaling = scalings, .gain = 1

/* Every option that positions matter to, and what shares keys, on more queries than keys and the other way round. */
static struct attention variant(int i)
{
    const struct mask *none = mask_find("none"), *causal = mask_find("causal");
    const struct bias *plain = bias_find("none"), *alibi = bias_find("alibi");
    const struct bias *t5 = bias_find("t5");
    const struct scaling *dynamic = scaling_find("dynamic");
    const struct attention base = {1, T, T, 4, 4, 5, 5, causal, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
                           variants[] = {
                               base,
                               {1, T, T, 2, 2, 5, 4, none, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
                               {1, T, T, 4, 2, 5, 3, causal, 3, plain, 0.447, 0, 1, 0, false, PLAIN},
                               {1, T, T, 2, 2, 5, 5, none, 2, plain, 0.447, 0, 1, 0, false, PLAIN},
                               {1, T, T, 4, 1, 6, 5, causal, 0, plain, 0.447, 100, 1, 0, false, PLAIN},
                               {1, T, T, 2, 2, 6, 5, causal, 4, alibi, 0.447, 100, 0.7, 0.8, true, PLAIN},
                               {1, 11, 4, 2, 2, 5, 5, none, 3, alibi, 0.447, 0, 1, 0, false,
                                PLAIN}, // the last queries' windows begin behind the keys
                               {1, 4, 11, 2, 2, 6, 5, none, 0, plain, 0.447, 50, 1, 0, false, PLAIN},
                               {1,  T, T, 2,    2,   6,   5,       causal, 5, t5,  0.447,
                                50, 1, 0, true, 0.6, 0.8, dynamic, 3,      5, 0.9, 7},
                           };
    return variants[i];
}
enum { VARIANTS = 9 };

/* What a pass gives, [4]: outputs and the gradients of queries, keys and values. */
struct passes {
    double *out[4];
    struct attention_report report;
};

static struct passes poisoned(const size_t counts[4])
{
    struct passes passes;
    for (int i = 0; i < 4; i++)
        passes.out[i] = support_poison(counts[i]);
    return passes;
}

static void check_alike(const struct attention_report *a, const struct attention_report *b)
{
    ck_assert_double_eq_tol(a->entropy, b->entropy, TOLERANCE);
    ck_assert_double_eq_tol(a->relative_entropy, b->relative_entropy, TOLERANCE);
    ck_assert_double_eq_tol(a->square, b->square, TOLERANCE);
    ck_assert_double_eq_tol(a->logit_variance, b->logit_variance, TOLERANCE);
    ck_assert_double_eq_tol(a->stable_rank, b->stable_rank, RANK_TOLERANCE * b->stable_rank);
}

/* Strips of one row, of several, of some that leave a rest, and of all at once; in reverse with the queries that asked
 * and, every other time, with others. */
START_TEST(strips_make_the_whole)
{
    struct attention at = variant(_i / 2);
    jmp_buf exhausted;
    struct pool pool = {.exhausted = &exhausted};
    size_t q = (size_t)(at.queries * at.heads * at.head_width), k = (size_t)(at.keys * at.kv_heads * at.head_width);
    size_t v = (size_t)(at.keys * at.kv_heads * at.value_width), y = (size_t)(at.queries * at.heads * at.value_width);
    const size_t counts[4] = {y, q, k, v}, size = attention_work(&at);
    double *in[4] = {support_normals(1, q), support_normals(2, k), support_normals(3, v), support_normals(4, y)};
    double *others = support_normals(5, q), *sent = _i % 2 ? others : in[0];
    double *a = support_poison(attention_entries(&at)), *work = support_poison(size);
    double *drawn = support_poison(attention_drawn(&at));
    struct stream_address address = {.seed = 7};
    attention_draw(&at, &address, drawn);
    struct passes whole = poisoned(counts);
    attention_forward(&at, drawn, in[0], in[1], in[2], a, whole.out[0], (struct arena){work, size, 0}, &whole.report);
    attention_backward(&at, sent, in[1], in[2], a, in[3], whole.out[1], whole.out[2], whole.out[3],
                       (struct arena){work, size, 0});
    static const int rows[] = {1, 2, 4, 20};
    for (int r = 0; r < 4; r++) {
        struct passes own = poisoned(counts);
        strip_forward(&at, rows[r], drawn, in[0], in[1], in[2], own.out[0], &pool, &own.report);
        strip_backward(&at, rows[r], drawn, in[0], sent, in[1], in[2], in[3], own.out[1], own.out[2], own.out[3],
                       &pool);
        check_alike(&own.report, &whole.report);
        for (int i = 0; i < 4; i++) {
            for (size_t j = 0; j < counts[i]; j++)
                ck_assert_double_eq_tol(own.out[i][j], whole.out[i][j], TOLERANCE);
            free(own.out[i]);
        }
    }
    for (int i = 0; i < 4; i++)
        free(in[i]), free(whole.out[i]);
    free(a), free(work), free(drawn), free(others);
    pool_free(&pool);
}
END_TEST

/* Small attentions are held whole. Of others a strip of a head is held: as many numbers however long the sequence, until
 * even 16 rows have more. */
START_TEST(strips_are_bounded)
{
    struct attention at = variant(0);
    ck_assert_int_eq(strip_rows(&at), 0);
    for (int tokens = 4096; tokens <= 1 << 20; tokens *= 2) {
        at.queries = at.keys = tokens;
        int rows = strip_rows(&at);
        ck_assert_int_ge(rows, 16);
        ck_assert(rows == 16 || (double)rows * tokens <= 1 << 18);
    }
}
END_TEST

Suite *strip_suite(void);
Suite *strip_suite(void)
{
    Suite *suite = suite_create("strip");
    TCase *tests = tcase_create("strips");
    tcase_add_loop_test(tests, strips_make_the_whole, 0, 2 * VARIANTS);
    tcase_add_test(tests, strips_are_bounded);
    suite_add_tcase(suite, tests);
    return suite;
}
