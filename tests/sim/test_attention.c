#include <check.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/attention.h"
#include "tests/rows.h"
#include "tests/support.h"

enum { T = 5, H = 6 };

/* Sums of at most 15 terms of size 1, a softmax and its derivative: a few tens of eps. */
static const double TOLERANCE = 1e-13;

/* Nothing is drawn, the rotation not stretched: the last members of a struct attention. */
#define PLAIN 0, 0, scalings, 0, 0, 1, 0

/* Every option, by itself and together, on odd shapes: sequences, more queries than keys and the other way round, heads
 * that share keys, values wider than keys, an odd head that is rotated in part. */
static struct attention variant(int i)
{
    const struct mask *none = mask_find("none"), *causal = mask_find("causal");
    const struct bias *plain = bias_find("none"), *alibi = bias_find("alibi"), *halves = bias_find("alibi_halves");
    const struct bias *t5 = bias_find("t5"), *swin2 = bias_find("swin2");
    const struct scaling *yarn = scaling_find("yarn"), *dynamic = scaling_find("dynamic");
    const struct attention variants[] = {
        {1, T, T, 3, 3, 5, 5, none, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
        {1, T, T, 3, 3, 5, 5, causal, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
        {3, T, T, 2, 2, 3, 3, causal, 0, plain, 0.37, 0, 1, 0, false, PLAIN},
        {1, T, 7, 3, 3, 5, 4, none, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
        {2, 7, T, 3, 1, 3, 4, causal, 0, plain, -0.4, 0, 1, 0, false, PLAIN},
        {1, T, T, H, 2, 3, 5, none, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
        {1, T, T, 2, 2, 5, 5, none, 2, plain, 0.447, 0, 1, 0, false, PLAIN},
        {1, 7, 7, 2, 1, 5, 5, causal, 3, plain, 0.447, 0, 1, 0, false, PLAIN},
        {1, T, T, 2, 2, 7, 5, none, 0, plain, 0.447, 100, 1, 0, false, PLAIN},
        {2, T, T, 4, 2, 7, 3, causal, 0, plain, 0.447, 1e4, 0.6, 0, false, PLAIN},
        {1, T, T, 3, 3, 5, 5, none, 0, alibi, 0.447, 0, 1, 0, false, PLAIN},
        {1, T, T, 3, 3, 5, 5, none, 0, plain, 0.9, 0, 1, 0.8, false, PLAIN},
        {1, T, T, 3, 3, 5, 5, causal, 0, plain, 0.447, 0, 1, 0, true, PLAIN},
        {2, 6, 6, 4, 2, 5, 3, causal, 4, alibi, 0.7, 50, 0.8, 1.3, true, PLAIN},
        {1, 1, 1, 3, 3, 5, 5, none, 0, plain, 0.447, 0, 1, 0, false, PLAIN},
        {1, T, T, 7, 7, 2, 3, causal, 0, halves, 0.447, 0, 1, 0, false, PLAIN},
        {2, T, T, 3, 1, 5, 4, none, 0, t5, 0.447, 0, 1, 0, false, .bias_sd = 1.2, .scaling = scalings, .number = 3},
        {1, 41, 37, 2, 2, 3, 2, causal, 0, t5, 0.447, 0, 1, 0, false, .bias_sd = 1.2, .scaling = scalings},
        {2, 9, 9, 3, 3, 2, 2, none, 0, swin2, 0.447, 0, 1, 0, false, .bias_sd = 0.3, .scaling = scalings},
        {2, T, T, 4, 2, 3, 3, causal, 0, plain, 0.447, 0, 1, 0, true, .sink_sd = 1.4, .scaling = scalings},
        {1, 7, 7, 2, 1, 9, 3, none, 0, plain, 0.447, 50, 1, 0, false, 0, 0, yarn, 8, 20, 1.3, 0},
        {1, 7, 6, 2, 2, 9, 3, causal, 3, t5, 0.7, 50, 0.7, 1.3, true, 0.6, 0.8, dynamic, 3, 5, 0.9, 1027},
    };
    return variants[i];
}
enum { VARIANTS = 22 };

struct bench {
    struct attention attention;
    size_t queries, keys, values, outputs, scores;
    double *q, *k, *v, *dy, *a, *y, *dq, *dk, *dv, *drawn;
    struct attention_report report;
    struct arena work;
};

static void run(struct bench *b)
{
    attention_forward(&b->attention, b->drawn, b->q, b->k, b->v, b->a, b->y, b->work, &b->report);
    attention_backward(&b->attention, b->q, b->k, b->v, b->a, b->dy, b->dq, b->dk, b->dv, b->work);
}

static const struct stream_address address = {.seed = 11, .sample = 2, .block = 4, .expert = 1};

static struct bench bench_of_attention(struct attention attention)
{
    struct bench b = {.attention = attention};
    size_t Tq = (size_t)(attention.sequences * attention.queries);
    size_t Tk = (size_t)(attention.sequences * attention.keys);
    b.queries = Tq * (size_t)(attention.heads * attention.head_width);
    b.keys = Tk * (size_t)(attention.kv_heads * attention.head_width);
    b.values = Tk * (size_t)(attention.kv_heads * attention.value_width);
    b.outputs = Tq * (size_t)(attention.heads * attention.value_width);
    b.scores = attention_entries(&attention);
    ck_assert_uint_eq(b.scores, Tq * (size_t)(attention.heads * attention.keys));
    b.q = support_normals(1, b.queries), b.k = support_normals(2, b.keys), b.v = support_normals(3, b.values);
    b.dy = support_normals(4, b.outputs), b.a = support_poison(b.scores), b.y = support_poison(b.outputs);
    b.dq = support_poison(b.queries), b.dk = support_poison(b.keys), b.dv = support_poison(b.values);
    b.drawn = support_poison(attention_drawn(&attention));
    attention_draw(&attention, &address, b.drawn);
    size_t work = attention_work(&attention);
    b.work = (struct arena){support_poison(work), work, 0};
    run(&b);
    return b;
}

static struct bench bench_of(int i)
{
    return bench_of_attention(variant(i));
}

static void bench_free(struct bench *b)
{
    free(b->q), free(b->k), free(b->v), free(b->dy), free(b->a), free(b->y), free(b->dq), free(b->dk), free(b->dv),
        free(b->drawn);
    free(b->work.base);
}

static bool is_visible(const struct attention *at, int i, int j)
{
    bool causal = at->mask == mask_find("causal");
    if (causal && j > i)
        return false;
    return at->window == 0 || (causal ? j > i - at->window : abs(i - j) < at->window);
}

/* Feature f of a head's row after its turn: pairs (2p, 2p+1) by i base^(-2p/r), r the rotated width. */
static double turned(const struct attention *at, const double *row, int position, int f)
{
    int planes = (int)(at->rotary * at->head_width / 2), p = f / 2;
    if (at->rope == 0 || p >= planes)
        return row[f];
    int tokens = at->queries > at->keys ? at->queries : at->keys;
    struct scaling_of of = {at->rope, planes, tokens, at->factor, at->length};
    double angle = position *
                   (at->scaling == scalings ? pow(at->rope, -2.0 * p / (2 * planes)) : at->scaling->angle(&of, p));
    return at->gain *
           (f % 2 == 0 ? cos(angle) * row[f] - sin(angle) * row[f + 1] : sin(angle) * row[f - 1] + cos(angle) * row[f]);
}

/* Exponents of the slopes; of seven heads the first four are those of four, the others of eight. */
static double naive_slope(const struct attention *at, int h)
{
    static const double halves[] = {-2, -4, -6, -8, -1, -3, -5};
    if (at->bias == bias_find("none"))
        return 0;
    return pow(2, at->bias == bias_find("alibi") ? -8.0 * (h + 1) / at->heads : halves[h]);
}

/* A number of a stream of the attention's: its number is where the address has site and matrix. */
static double drawn_number(const struct attention *at, enum stream_role role, uint32_t block, uint64_t place, double sd)
{
    struct stream_address own = address;
    double out;
    own.block = block, own.role = role;
    own.site = at->number == 1027 ? 3 : (uint32_t)at->number, own.matrix = at->number == 1027 ? 1 : 0;
    struct stream stream = stream_open(&own);
    stream_normals(&stream, place, 1, sd, &out);
    return out;
}

/* T5's are of block 0 whatever the block; Swin-v2's network is that of test_bias. */
static double naive_bias(const struct bench *b, int h, int i, int j)
{
    const struct attention *at = &b->attention;
    bool causal = at->mask == mask_find("causal");
    if (at->bias == bias_find("t5"))
        return drawn_number(at, STREAM_BIAS, 0, (uint64_t)(32 * h + bias_bucket(j - i, causal)), at->bias_sd);
    if (at->bias != bias_find("swin2"))
        return -naive_slope(at, h) * abs(i - j);
    struct bias_grid grid = {at->queries, at->keys, causal};
    struct stream_address own = address;
    double tables[3 * 25];
    own.role = STREAM_BIAS;
    struct stream stream = stream_open(&own);
    at->bias->drawing->fill(&grid, at->heads, at->bias_sd, &stream, tables);
    return tables[25 * h + (i / 3 - j / 3 + 2) * 5 + i % 3 - j % 3 + 2];
}

static double naive_sink(const struct attention *at, int h)
{
    if (!at->sink)
        return 0;
    return at->sink_sd > 0 ? exp(drawn_number(at, STREAM_SINK, address.block, (uint64_t)h, at->sink_sd)) : 1;
}

static double naive_logit(const struct bench *b, int s, int h, int i, int j)
{
    const struct attention *at = &b->attention;
    int group = at->heads / at->kv_heads;
    const double *q = b->q + ((s * at->queries + i) * at->heads + h) * at->head_width;
    const double *k = b->k + ((s * at->keys + j) * at->kv_heads + h / group) * at->head_width;
    double logit = 0;
    for (int f = 0; f < at->head_width; f++)
        logit += turned(at, q, i, f) * turned(at, k, j, f);
    logit *= at->scale;
    if (at->cap > 0)
        logit = at->cap * tanh(logit / at->cap);
    return logit + naive_bias(b, h, i, j);
}

static void naive_forward(const struct bench *b, double *a, double *y)
{
    const struct attention *at = &b->attention;
    int group = at->heads / at->kv_heads, w = at->value_width;
    for (int s = 0; s < at->sequences; s++)
        for (int h = 0; h < at->heads; h++)
            for (int i = 0; i < at->queries; i++) {
                double *row = a + ((s * at->heads + h) * at->queries + i) * at->keys, sum = naive_sink(at, h);
                double *out = y + ((s * at->queries + i) * at->heads + h) * w;
                for (int j = 0; j < at->keys; j++) {
                    row[j] = is_visible(at, i, j) ? exp(naive_logit(b, s, h, i, j)) : 0;
                    sum += row[j];
                }
                memset(out, 0, (size_t)w * sizeof *out);
                for (int j = 0; j < at->keys; j++) {
                    const double *v = b->v + ((s * at->keys + j) * at->kv_heads + h / group) * w;
                    row[j] /= sum;
                    for (int f = 0; f < w; f++)
                        out[f] += row[j] * v[f];
                }
            }
}

START_TEST(forward_follows_the_definition)
{
    struct bench b = bench_of(_i);
    double a[b.scores], y[b.outputs];
    naive_forward(&b, a, y);
    ck_assert_double_le(support_distance(b.scores, b.a, a), TOLERANCE);
    ck_assert_double_le(support_distance(b.outputs, b.y, y), TOLERANCE);
    bench_free(&b);
}
END_TEST

struct motion {
    const struct bench *bench;
    double *direction;
    int moved; /* 0 q, 1 k, 2 v */
};

static double objective(void *context, double step)
{
    const struct motion *motion = context;
    const struct bench *b = motion->bench;
    const double *inputs[3] = {b->q, b->k, b->v};
    size_t counts[3] = {b->queries, b->keys, b->values};
    double a[b->scores], y[b->outputs], *moved = support_copy(counts[motion->moved], inputs[motion->moved]);
    for (size_t i = 0; i < counts[motion->moved]; i++)
        moved[i] += step * motion->direction[i];
    inputs[motion->moved] = moved;
    attention_forward(&b->attention, b->drawn, inputs[0], inputs[1], inputs[2], a, y, b->work, NULL);
    free(moved);
    return support_dot(b->outputs, y, b->dy);
}

START_TEST(backward_is_the_derivative)
{
    struct bench b = bench_of(_i);
    const double *gradients[3] = {b.dq, b.dk, b.dv};
    size_t counts[3] = {b.queries, b.keys, b.values};
    for (int moved = 0; moved < 3; moved++) {
        struct motion motion = {&b, support_normals(10 + (unsigned long)moved, counts[moved]), moved};
        support_check_slope(support_differentiate(objective, &motion, 2 * (double)b.outputs),
                            support_dot(counts[moved], gradients[moved], motion.direction), "q, k or v");
        free(motion.direction);
    }
    bench_free(&b);
}
END_TEST

/* T5's numbers are those of all blocks, Swin-v2's and sinks of one; all are the sample's own and the attention's. */
START_TEST(draws_belong_to_their_addresses)
{
    static const int variants[] = {16, 18, 19};
    for (int v = 0; v < 3; v++)
        for (int moved = 0; moved < 5; moved++) {
            struct attention at = variant(variants[v]);
            struct stream_address other = address;
            size_t count = attention_drawn(&at);
            double a[count], b[count];
            attention_draw(&at, &other, a);
            other.seed += moved == 0, other.sample += moved == 1, other.expert += moved == 2, other.block += moved == 3;
            at.number += moved == 4;
            attention_draw(&at, &other, b);
            for (size_t i = 0; i < count; i++)
                ck_assert(isfinite(a[i]) && (a[i] == b[i]) == ((moved == 3 && v == 0) || a[i] == 8)); // no offset's
        }
    struct attention plain = variant(1);
    ck_assert_uint_eq(attention_drawn(&plain), 0);
}
END_TEST

START_TEST(backward_is_linear_in_the_cotangent)
{
    struct bench b = bench_of(_i), c = bench_of(_i), sum = bench_of(_i);
    free(c.dy);
    c.dy = support_normals(5, b.outputs);
    for (size_t i = 0; i < b.outputs; i++)
        sum.dy[i] = 2 * b.dy[i] - 0.7 * c.dy[i];
    run(&c);
    run(&sum);
    for (size_t i = 0; i < b.queries; i++)
        b.dq[i] = 2 * b.dq[i] - 0.7 * c.dq[i];
    for (size_t i = 0; i < b.keys; i++)
        b.dk[i] = 2 * b.dk[i] - 0.7 * c.dk[i];
    for (size_t i = 0; i < b.values; i++)
        b.dv[i] = 2 * b.dv[i] - 0.7 * c.dv[i];
    ck_assert_double_le(support_distance(b.queries, sum.dq, b.dq), TOLERANCE);
    ck_assert_double_le(support_distance(b.keys, sum.dk, b.dk), TOLERANCE);
    ck_assert_double_le(support_distance(b.values, sum.dv, b.dv), TOLERANCE);
    bench_free(&b), bench_free(&c), bench_free(&sum);
}
END_TEST

/* A sink takes its share: 1/(1 + sum exp). */
START_TEST(rows_are_distributions_over_what_they_see)
{
    struct bench b = bench_of(_i);
    const struct attention *at = &b.attention;
    for (int row = 0; row < at->sequences * at->heads * at->queries; row++) {
        double sum = 0;
        int first, end;
        attention_visible(at, row % at->queries, &first, &end);
        for (int j = 0; j < at->keys; j++) {
            double a = b.a[row * at->keys + j];
            ck_assert_int_eq(j >= first && j < end, is_visible(at, row % at->queries, j));
            ck_assert_int_eq(a > 0, is_visible(at, row % at->queries, j));
            sum += a;
        }
        if (at->sink)
            ck_assert(sum > 0 && sum < 1 - 1e-6);
        else
            ck_assert_double_eq_tol(sum, 1, 10 * DBL_EPSILON);
    }
    bench_free(&b);
}
END_TEST

/* A memory that ends before a window begins, and one that a causal row looks beyond, still leave a key to see. */
START_TEST(every_row_sees_a_key)
{
    for (int causal = 0; causal < 2; causal++)
        for (int window = 0; window < 4; window++)
            for (int i = 0; i < 9; i++) {
                struct attention at = {.queries = 9, .keys = 3, .mask = &masks[causal], .window = window};
                int first, end;
                attention_visible(&at, i, &first, &end);
                ck_assert(first >= 0 && first < end && end <= 3);
            }
}
END_TEST

/* One vector added to every key moves a row's logits together, which a softmax does not see; so the keys' gradients
 * sum to 0 over tokens. Of the plain variants, the first three. */
START_TEST(a_common_shift_of_the_keys_is_not_seen)
{
    struct bench b = bench_of(_i);
    size_t width = b.keys / (size_t)(b.attention.sequences * b.attention.keys);
    double before[b.scores], sum[width], *shift = support_normals(6, width);
    memset(sum, 0, sizeof sum);
    memcpy(before, b.a, sizeof before);
    for (size_t i = 0; i < b.keys; i++)
        sum[i % width] += b.dk[i], b.k[i] += shift[i % width];
    for (size_t i = 0; i < width; i++)
        ck_assert_double_eq_tol(sum[i], 0, 1e-13);
    run(&b);
    ck_assert_double_le(support_distance(b.scores, b.a, before), TOLERANCE);
    free(shift);
    bench_free(&b);
}
END_TEST

/* Rotated tokens that are all the same have logits of their distance alone: what row i sees of j, row i + 1 sees of
 * j + 1, up to the softmax's factor. */
START_TEST(rotary_positions_are_relative)
{
    struct bench b = bench_of(8);
    const struct attention *at = &b.attention;
    int width = at->heads * at->head_width;
    for (size_t i = 0; i < b.queries; i++) {
        b.q[i] = b.q[i % (size_t)width];
        b.k[i] = b.k[i % (size_t)width];
    }
    run(&b);
    for (int h = 0; h < at->heads; h++)
        for (int i = 0; i + 1 < T; i++)
            for (int j = 0; j + 2 < T; j++) {
                const double *row = b.a + (h * T + i) * T, *next = row + T;
                ck_assert_double_eq_tol(log(row[j] / row[j + 1]), log(next[j + 1] / next[j + 2]), 1e-11);
            }
    bench_free(&b);
}
END_TEST

START_TEST(huge_logits_do_not_overflow)
{
    struct bench b = bench_of(_i);
    for (size_t i = 0; i < b.queries; i++)
        b.q[i] *= 1e6;
    run(&b);
    for (size_t i = 0; i < b.scores; i++)
        ck_assert(isfinite(b.a[i]) && b.a[i] >= 0 && b.a[i] <= 1);
    for (size_t i = 0; i < b.outputs; i++)
        ck_assert(isfinite(b.y[i]));
    for (size_t i = 0; i < b.queries; i++)
        ck_assert(isfinite(b.dq[i]));
    for (size_t i = 0; i < b.keys; i++)
        ck_assert(isfinite(b.dk[i]));
    struct attention_report report = b.report;
    ck_assert(isfinite(report.entropy) && isfinite(report.relative_entropy) && report.entropy >= 0);
    ck_assert(isfinite(report.logit_variance) && isfinite(report.stable_rank));
    bench_free(&b);
}
END_TEST

/* The softmax's Jacobian J of every row, through the backward pass: the gradient of one key's feature by unit values is
 * what a move of one logit does. As a map from the largest to the summed absolute value its norm is attained at signs,
 * and is 4 max over sets S of P(S)(1 - P(S)), P the row's distribution (Emadi, arXiv 2602.18849, whose constant is its
 * largest value, 1 for diffuse rows): a sum over signs of J against one over sets of P. */
static double norm_by_signs(const double *jacobian) // [T][T]
{
    double most = 0;
    for (unsigned signs = 0; signs < 1u << T; signs++) {
        double sum = 0;
        for (int j = 0; j < T; j++) {
            double moved = 0;
            for (int l = 0; l < T; l++)
                moved += (signs >> l & 1 ? 1 : -1) * jacobian[j * T + l];
            sum += fabs(moved);
        }
        most = fmax(most, sum);
    }
    return most;
}

static double norm_by_sets(const double *p) // [T]
{
    double most = 0;
    for (unsigned set = 0; set < 1u << T; set++) {
        double inside = 0;
        for (int j = 0; j < T; j++)
            inside += set >> j & 1 ? p[j] : 0;
        most = fmax(most, 4 * inside * (1 - inside));
    }
    return most;
}

/* Keys are unit vectors, so dq is the gradient of a row's logits up to the scale 1/sqrt T; values are the same, so that
 * dy is the gradient of the row of a. */
static void softmax_jacobian(struct bench *b, int row, double *jacobian)
{
    struct attention one = {1,           T, T, 1, 1,     T,    T, b->attention.mask, 0, bias_find("none"),
                            1 / sqrt(T), 0, 1, 0, false, PLAIN};
    double q[T * T], unit[T * T] = {0}, a[T * T], y[T * T], dq[T * T], dk[T * T], dv[T * T], dy[T * T];
    memcpy(q, b->q, sizeof q);
    for (int j = 0; j < T; j++)
        unit[j * T + j] = 1;
    attention_forward(&one, NULL, q, unit, unit, a, y, b->work, NULL);
    memcpy(b->a, a, sizeof a);
    for (int j = 0; j < T; j++) {
        memset(dy, 0, sizeof dy);
        dy[row * T + j] = 1;
        attention_backward(&one, q, unit, unit, a, dy, dq, dk, dv, b->work);
        for (int l = 0; l < T; l++)
            jacobian[j * T + l] = dq[row * T + l] * sqrt(T);
    }
}

START_TEST(softmax_moves_by_at_most_its_variance)
{
    struct bench b = bench_of(_i);
    double jacobian[T * T];
    for (int row = 0; row < T; row++) {
        softmax_jacobian(&b, row, jacobian);
        double signs = norm_by_signs(jacobian), sets = norm_by_sets(b.a + row * T);
        ck_assert(isfinite(signs) && sets <= 1 + DBL_EPSILON);
        ck_assert_double_eq_tol(signs, sets, TOLERANCE);
    }
    bench_free(&b);
}
END_TEST

START_TEST(inputs_are_unchanged)
{
    struct bench b = bench_of(_i), fresh = bench_of(_i);
    run(&b);
    ck_assert_mem_eq(b.q, fresh.q, b.queries * sizeof(double));
    ck_assert_mem_eq(b.k, fresh.k, b.keys * sizeof(double));
    ck_assert_mem_eq(b.v, fresh.v, b.values * sizeof(double));
    ck_assert_mem_eq(b.dy, fresh.dy, b.outputs * sizeof(double));
    ck_assert_mem_eq(b.a, fresh.a, b.scores * sizeof(double));
    double *q = support_normals(1, b.queries);
    ck_assert_mem_eq(b.q, q, b.queries * sizeof(double));
    free(q);
    bench_free(&b), bench_free(&fresh);
}
END_TEST

/* Each number once more by its definition; the logits are those of the naive forward pass, the spectral norm from the
 * eigenvalues of A A^T. The power iteration stops at steps of 1e-6 and may be short by some of those. */
START_TEST(report_follows_the_definitions)
{
    struct bench b = bench_of(_i);
    const struct attention *at = &b.attention;
    int Tq = at->queries, Tk = at->keys, rows = 0, heads = at->sequences * at->heads;
    double entropy = 0, relative = 0, square = 0, variance = 0, rank = 0;
    for (int h = 0; h < heads; h++) {
        double gram[Tq * Tq], eigenvalues[Tq], own = 0;
        for (int i = 0; i < Tq; i++) {
            const double *row = b.a + (h * Tq + i) * Tk;
            double e = 0, sum = 0, sum_square = 0;
            int seen = 0;
            for (int j = 0; j < Tk; j++) {
                if (!is_visible(at, i, j))
                    continue;
                double logit = naive_logit(&b, h / at->heads, h % at->heads, i, j);
                e -= row[j] * log(row[j]), own += row[j] * row[j], sum += logit, sum_square += logit * logit, seen++;
            }
            entropy += e / (heads * Tq), variance += (sum_square / seen - sum * sum / seen / seen) / (heads * Tq);
            relative += seen > 1 ? e / log(seen) : 0, rows += seen > 1;
            for (int j = 0; j < Tq; j++)
                gram[i * Tq + j] = support_dot((size_t)Tk, row, b.a + (h * Tq + j) * Tk);
        }
        ck_assert_int_eq(LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', Tq, gram, Tq, eigenvalues), 0);
        square += own / (heads * Tq), rank += own / eigenvalues[Tq - 1] / heads;
    }
    struct attention_report report = b.report;
    ck_assert_double_eq_tol(report.entropy, entropy, TOLERANCE);
    ck_assert_double_eq_tol(report.relative_entropy, rows > 0 ? relative / rows : 0, TOLERANCE);
    ck_assert_double_eq_tol(report.square, square, TOLERANCE);
    ck_assert_double_eq_tol(report.logit_variance, variance, 1e-12 * (1 + variance));
    ck_assert(isfinite(rank));
    ck_assert_double_eq_tol(report.stable_rank, rank, 1e-3 * rank);
    bench_free(&b);
}
END_TEST

/* Equal logits give uniform rows: log n, 1, 1/n; and without a mask one direction. */
START_TEST(report_has_its_known_values)
{
    struct bench b = bench_of(_i);
    memset(b.q, 0, b.queries * sizeof *b.q);
    run(&b);
    double entropy = 0, square = 0;
    struct attention_report report = b.report;
    for (int i = 0; i < T; i++) {
        entropy += log(masks[_i].visible(i, T)) / T;
        square += 1. / masks[_i].visible(i, T) / T;
    }
    ck_assert_double_eq_tol(report.entropy, entropy, TOLERANCE);
    ck_assert_double_eq_tol(report.relative_entropy, 1, TOLERANCE);
    ck_assert_double_eq_tol(report.square, square, TOLERANCE);
    ck_assert_double_eq_tol(report.logit_variance, 0, TOLERANCE);
    if (_i == 0)
        ck_assert_double_eq_tol(report.stable_rank, 1, TOLERANCE);
    bench_free(&b);
}
END_TEST

START_TEST(masks_see_what_they_say)
{
    for (int t = 0; t < T; t++) {
        ck_assert_int_eq(mask_find("none")->visible(t, T), T);
        ck_assert_int_eq(mask_find("causal")->visible(t, T), t + 1);
    }
}
END_TEST

Suite *attention_suite(void)
{
    Suite *suite = suite_create("attention");
    TCase *tests = tcase_create("attention");
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, VARIANTS);
    tcase_add_loop_test(tests, backward_is_the_derivative, 0, VARIANTS);
    tcase_add_test(tests, draws_belong_to_their_addresses);
    tcase_add_loop_test(tests, backward_is_linear_in_the_cotangent, 0, VARIANTS);
    tcase_add_loop_test(tests, rows_are_distributions_over_what_they_see, 0, VARIANTS);
    tcase_add_test(tests, every_row_sees_a_key);
    tcase_add_loop_test(tests, a_common_shift_of_the_keys_is_not_seen, 0, 3);
    tcase_add_test(tests, rotary_positions_are_relative);
    tcase_add_loop_test(tests, huge_logits_do_not_overflow, 0, VARIANTS);
    tcase_add_loop_test(tests, softmax_moves_by_at_most_its_variance, 0, 2);
    tcase_add_loop_test(tests, inputs_are_unchanged, 0, VARIANTS);
    tcase_add_loop_test(tests, report_follows_the_definitions, 0, VARIANTS);
    tcase_add_loop_test(tests, report_has_its_known_values, 0, 2);
    tcase_add_test(tests, masks_see_what_they_say);
    suite_add_tcase(suite, tests);
    return suite;
}
