#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "sim/bias.h"
#include "tests/rows.h"
#include "tests/support.h"

enum { BUCKETS = 32, HEADS = 3 };

/* Where T5Attention._relative_position_bucket of transformers steps, evaluated in single precision: distances to the past
 * of a decoder, and of an encoder, whose future has the same steps from bucket 16 on. */
START_TEST(buckets_are_the_published_ones)
{
    static const int causal[] = {16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113};
    static const int both[] = {8, 12, 16, 23, 32, 46, 64, 91};
    for (int away = 0; away < 400; away++) {
        int c = away < 16 ? away : 15, b = away < 8 ? away : 7;
        for (int i = 0; i < 16; i++)
            c += away >= causal[i];
        for (int i = 0; i < 8; i++)
            b += away >= both[i];
        ck_assert_int_eq(bias_bucket(-away, true), c);
        ck_assert_int_eq(bias_bucket(away, true), 0);
        ck_assert_int_eq(bias_bucket(-away, false), b);
        ck_assert_int_eq(bias_bucket(away, false), away > 0 ? 16 + b : 0);
    }
}
END_TEST

static struct stream stream_of(uint32_t block)
{
    return stream_open(&(struct stream_address){.seed = 5, .sample = 3, .block = block, .role = STREAM_BIAS});
}

static double *tables_of(const struct bias *bias, const struct bias_grid *grid, double sd)
{
    struct stream stream = stream_of(2);
    double *tables = support_poison(HEADS * bias->drawing->entries(grid));
    bias->drawing->fill(grid, HEADS, sd, &stream, tables);
    return tables;
}

/* The table of the published code, an embedding of buckets for each head. */
START_TEST(t5_looks_its_buckets_up)
{
    const struct bias *t5 = bias_find("t5");
    struct stream stream = stream_of(2);
    double embedding[HEADS * BUCKETS];
    stream_normals(&stream, 0, HEADS * BUCKETS, 0.3, embedding);
    for (int causal = 0; causal < 2; causal++) {
        struct bias_grid grid = {130, 171, causal == 1};
        size_t count = t5->drawing->entries(&grid);
        double *tables = tables_of(t5, &grid, 0.3);
        bool same = true;
        for (int h = 0; h < HEADS; h++)
            for (int i = 0; i < grid.queries; i++)
                for (int j = 0; j < grid.keys; j++) {
                    size_t entry = t5->drawing->entry(&grid, i, j);
                    same = same && entry < count &&
                           tables[(size_t)h * count + entry] ==
                               embedding[h * BUCKETS + bias_bucket(j - i, grid.causal)];
                }
        ck_assert(same);
        free(tables);
    }
    ck_assert(t5->drawing->shared && t5->drawing->usual(64) == 0.125);
}
END_TEST

/* Swinv2SelfAttention of transformers once more, from the coordinates of two tokens: rows and columns of a window of side
 * 3, whose offsets over 2 times 8 are 0, 4 and 8: log_8 of 1, 5 and 9. A sum of 512 terms. */
START_TEST(swin2_is_a_network_of_offsets)
{
    static const double coordinates[] = {0, 0.773976031629575, 1.0566416671474375};
    const struct bias *swin2 = bias_find("swin2");
    struct bias_grid grid = {9, 9, false};
    struct stream stream = stream_of(2);
    double first[512][2], second[HEADS][512], *tables = tables_of(swin2, &grid, 0.4);
    stream_normals(&stream, 0, 1024, 0.4, first[0]);
    stream_normals(&stream, 1024, HEADS * 512, 0.4, second[0]);
    ck_assert_uint_eq(swin2->drawing->entries(&grid), 25);
    for (int h = 0; h < HEADS; h++)
        for (int i = 0; i < 9; i++)
            for (int j = 0; j < 9; j++) {
                int dy = i / 3 - j / 3, dx = i % 3 - j % 3;
                double y = copysign(coordinates[abs(dy)], dy), x = copysign(coordinates[abs(dx)], dx), g = 0;
                for (int f = 0; f < 512; f++)
                    g += second[h][f] * fmax(0, first[f][0] * y + first[f][1] * x);
                ck_assert_double_eq_tol(tables[(size_t)h * 25 + swin2->drawing->entry(&grid, i, j)], 16 / (1 + exp(-g)),
                                        1e-11);
            }
    free(tables);
    ck_assert(!swin2->drawing->shared && swin2->drawing->usual(64) == 0.02);
}
END_TEST

START_TEST(squares_are_told_from_others)
{
    ck_assert(bias_side(1) == 1 && bias_side(9) == 3 && bias_side(64) == 8 && bias_side(65536) == 256);
    ck_assert(bias_side(2) == 0 && bias_side(8) == 0 && bias_side(65535) == 0);
    struct bias_grid one = {1, 1, false};
    double *tables = tables_of(bias_find("swin2"), &one, 0.02);
    ck_assert(tables[0] == 8 && tables[HEADS - 1] == 8); // the network of 0, 0 is 0
    free(tables);
}
END_TEST

Suite *bias_suite(void)
{
    Suite *suite = suite_create("bias");
    TCase *tests = tcase_create("bias");
    tcase_add_test(tests, buckets_are_the_published_ones);
    tcase_add_test(tests, t5_looks_its_buckets_up);
    tcase_add_test(tests, swin2_is_a_network_of_offsets);
    tcase_add_test(tests, squares_are_told_from_others);
    suite_add_tcase(suite, tests);
    return suite;
}
