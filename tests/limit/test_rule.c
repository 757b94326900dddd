/* The branches' rules against brute force on their definitions (theory.md, section 3): other random numbers, explicit
 * logits, gates and gradients, and no closed form. */
#include "analysis/limit/rule.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include <check.h>
#include "tests/support.h"

enum { T = 4, FEATURES = 5, GRAM = T * T, NUMBERS = GRAM + INIT_MATRICES };
static const struct gram_space full = {T, false}, pair = {T, true};

/* One case: a Gram Sigma = x x^T of the input and Gamma = g g^T of the gradient, and scales of the matrices. */
struct scene {
    struct model model;
    double sd[INIT_MATRICES];
    double x[T * FEATURES], g[T * FEATURES]; // [T][FEATURES]
    double sigma[GRAM], gamma[GRAM];
    double sigma_pair[2], gamma_pair[2]; /* where tokens are exchangeable */
    double *memory;                      /* scratch of the rules */
    size_t size;
    gsl_rng *random;
};

static void gram_of(const double *x, double gram[GRAM])
{
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            gram[i * T + j] = support_dot(FEATURES, x + i * FEATURES, x + j * FEATURES);
}

static void scene_init(struct scene *scene, const char *text)
{
    static const double sd[INIT_MATRICES] = {0.21, 0.33, 0.4, 0.29, 0.37, 0.23, 0.41, 0.35};
    *scene = (struct scene){.random = gsl_rng_alloc(gsl_rng_mt19937)};
    support_model(&scene->model, text);
    ck_assert_int_eq(scene->model.tokens, T);
    memcpy(scene->sd, sd, sizeof sd);
    double *x = support_normals(5, T * FEATURES), *g = support_normals(6, T * FEATURES);
    for (int i = 0; i < T * FEATURES; i++) {
        scene->x[i] = 0.5 * x[i];
        scene->g[i] = 0.7 * g[i];
    }
    gram_of(scene->x, scene->sigma);
    gram_of(scene->g, scene->gamma);
    static const enum graph_kind kinds[] = {GRAPH_ATTN, GRAPH_FFN, GRAPH_MOE};
    for (int k = 0; k < 3; k++) {
        size_t own = rule_of(kinds[k])->work(&scene->model);
        scene->size = own > scene->size ? own : scene->size;
    }
    scene->memory = memory_doubles(scene->size);
    ck_assert(scene->memory && scene->random);
    free(x), free(g);
}

/* Rows of equal length and product: the tokens share a part and have one each, of T + 1 <= FEATURES directions. */
static void make_exchangeable(double own, double shared, double *x, double gram[GRAM], double two[2])
{
    memset(x, 0, T * FEATURES * sizeof *x);
    for (int t = 0; t < T; t++) {
        x[t * FEATURES + t] = sqrt(own);
        x[t * FEATURES + T] = sqrt(shared);
    }
    gram_of(x, gram);
    two[0] = own, two[1] = shared;
}

static void scene_free(struct scene *scene)
{
    free(scene->memory);
    gsl_rng_free(scene->random);
    model_free(&scene->model);
}

static double gain(const struct scene *scene, enum init_matrix matrix)
{
    return scene->sd[matrix] * scene->sd[matrix] * scene->model.width;
}

/* ---- means with standard errors ---- */

struct tally {
    int count;
    double sum[NUMBERS], squares[NUMBERS]; /* of differences from the first */
    double first[NUMBERS];
};

static void tally_add(struct tally *tally, const double numbers[NUMBERS])
{
    if (tally->count++ == 0)
        memcpy(tally->first, numbers, sizeof tally->first);
    for (int i = 0; i < NUMBERS; i++) {
        double x = numbers[i] - tally->first[i];
        tally->sum[i] += x;
        tally->squares[i] += x * x;
    }
}

static double mean_of(const struct tally *tally, int i)
{
    return tally->first[i] + tally->sum[i] / tally->count;
}

static double error_of(const struct tally *tally, int i)
{
    double n = tally->count, mean = tally->sum[i] / n;
    return n > 1 ? sqrt(fmax(0, tally->squares[i] / n - mean * mean) / (n - 1)) : 0;
}

/* 6 standard errors of both; the rules' are known with 39 degrees of freedom: false alarms 5e-7 a number and 3e-4 over
 * all of the suite's. slack, relative to the largest entry, for what is not random. */
static void check_tallies(const struct tally *rule, const struct tally *force, double slack, const char *what)
{
    double largest = 0;
    for (int i = 0; i < GRAM; i++)
        largest = fmax(largest, fabs(mean_of(force, i)));
    for (int i = 0; i < NUMBERS; i++) {
        double got = mean_of(rule, i), expected = mean_of(force, i);
        double allowed = 6 * hypot(error_of(rule, i), error_of(force, i)) +
                         slack * (i < GRAM ? largest : fabs(expected));
        ck_assert(isfinite(got) && isfinite(expected) && isfinite(allowed));
        ck_assert_msg(fabs(got - expected) <= allowed, "%s: %s %d is %.9g, by brute force %.9g, %.2g allowed", what,
                      i < GRAM ? "entry" : "gradient of matrix", i < GRAM ? i : i - GRAM, got, expected, allowed);
    }
}

/* ---- the rule's side ---- */

enum { FLIGHTS = 40, HEADS = 96 };

/* Gram (expanded where exchangeable) and weights of one call. */
static void call(const struct scene *scene, const struct rule *rule, bool reverse, struct gram_space space,
                 uint64_t replica, double numbers[NUMBERS])
{
    bool drawn = false;
    struct rule_report report = {0};
    struct rule_site site = {&scene->model, space, scene->sd, {9, replica, 1, 0, 0, 0, STREAM_REPLICA}, HEADS, &drawn};
    struct arena work = {scene->memory, scene->size, 0};
    const double *in = space.exchangeable ? scene->sigma_pair : scene->sigma;
    const double *gradient = space.exchangeable ? scene->gamma_pair : scene->gamma;
    double out[GRAM];
    for (int i = 0; i < GRAM; i++)
        out[i] = NAN; // old content must not matter
    if (reverse)
        rule->backward(&site, in, gradient, out, work, &report);
    else
        rule->forward(&site, in, out, work, &report);
    if (space.exchangeable)
        gram_expand(space, out, numbers);
    else
        memcpy(numbers, out, sizeof out);
    for (int i = 0; i < T; i++) // what comes out is a Gram; 1e-12 is rounding
        for (int j = 0; j < T; j++)
            ck_assert(fabs(numbers[i * T + j] - numbers[j * T + i]) <=
                      1e-12 * (fabs(numbers[i * T + i]) + fabs(numbers[j * T + j])));
    memcpy(numbers + GRAM, report.weight, sizeof report.weight);
}

/* Replicas of a flight depend on each other: a flight is one observation. */
static struct tally of_rule(const struct scene *scene, const struct rule *rule, bool reverse)
{
    struct tally tally = {0};
    for (uint64_t f = 0; f < FLIGHTS; f++) {
        double sum[NUMBERS] = {0}, numbers[NUMBERS];
        for (uint64_t r = 0; r < FLIGHT; r++) {
            call(scene, rule, reverse, full, FLIGHT * f + r, numbers);
            for (int i = 0; i < NUMBERS; i++)
                sum[i] += numbers[i] / FLIGHT;
        }
        tally_add(&tally, sum);
    }
    return tally;
}

static struct tally of_rule_once(const struct scene *scene, const struct rule *rule, bool reverse,
                                 struct gram_space space)
{
    struct tally tally = {0};
    double numbers[NUMBERS];
    call(scene, rule, reverse, space, 0, numbers);
    tally_add(&tally, numbers);
    return tally;
}

/* ---- brute force ---- */

enum { DRAWS = 100000 };

typedef void definition(const struct scene *scene, bool reverse, double numbers[NUMBERS]);

static struct tally of_force(const struct scene *scene, definition *define, bool reverse)
{
    struct tally tally = {0};
    for (int i = 0; i < DRAWS; i++) {
        double numbers[NUMBERS] = {0};
        define(scene, reverse, numbers);
        tally_add(&tally, numbers);
    }
    return tally;
}

/* x z y^T for x, y [T][FEATURES] and z of fresh normals: covariance (x x^T)_ik (y y^T)_jl. */
static void bilinear(const struct scene *scene, const double *x, const double *y, double out[GRAM])
{
    double half[T * FEATURES] = {0};
    for (int a = 0; a < FEATURES; a++)
        for (int b = 0; b < FEATURES; b++) {
            double z = gsl_ran_gaussian(scene->random, 1);
            for (int i = 0; i < T; i++)
                half[i * FEATURES + b] += x[i * FEATURES + a] * z;
        }
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            out[i * T + j] = support_dot(FEATURES, half + i * FEATURES, y + j * FEATURES);
}

/* x z: a vector of covariance x x^T. */
static void vector(const struct scene *scene, const double *x, double out[T])
{
    double z[FEATURES];
    for (int a = 0; a < FEATURES; a++)
        z[a] = gsl_ran_gaussian(scene->random, 1);
    for (int i = 0; i < T; i++)
        out[i] = support_dot(FEATURES, x + i * FEATURES, z);
}

/* sum += factor a s b^T with either of a and b transposed together. */
static void add_conjugate(const double a[GRAM], const double s[GRAM], bool transposed, double factor, double sum[GRAM])
{
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            for (int k = 0; k < T; k++)
                for (int l = 0; l < T; l++) {
                    double left = transposed ? a[k * T + i] : a[i * T + k];
                    double right = transposed ? a[l * T + j] : a[j * T + l];
                    sum[i * T + j] += factor * left * s[k * T + l] * right;
                }
}

static double dot(const double a[GRAM], const double b[GRAM])
{
    return support_dot(GRAM, a, b);
}

static void soften(const struct scene *scene, double a[GRAM])
{
    for (int i = 0; i < T; i++) {
        int visible = scene->model.mask->visible(i, T);
        double sum = 0;
        for (int j = 0; j < T; j++)
            sum += a[i * T + j] = j < visible ? exp(a[i * T + j]) : 0;
        for (int j = 0; j < T; j++)
            a[i * T + j] /= sum;
    }
}

static void attention(const struct scene *scene, bool reverse, double numbers[NUMBERS])
{
    double a[GRAM], r[GRAM], d[GRAM], path[GRAM] = {0};
    double q = gain(scene, INIT_WQ), k = gain(scene, INIT_WK), v = gain(scene, INIT_WV), o = gain(scene, INIT_WO);
    bilinear(scene, scene->x, scene->x, a);
    for (int i = 0; i < GRAM; i++)
        a[i] *= sqrt(q * k);
    soften(scene, a);
    add_conjugate(a, scene->sigma, false, v, path); // what W_O reads
    if (!reverse) {
        for (int i = 0; i < GRAM; i++)
            numbers[i] = o * path[i];
        return;
    }
    double *weight = numbers + GRAM;
    weight[INIT_WO] = dot(path, scene->gamma);
    bilinear(scene, scene->g, scene->x, r);
    for (int i = 0; i < T; i++) {
        double mean = support_dot(T, a + i * T, r + i * T);
        for (int j = 0; j < T; j++)
            d[i * T + j] = a[i * T + j] * (r[i * T + j] - mean);
    }
    /* The gradients at the queries, keys and values, each times its matrix' gain. */
    double query[GRAM] = {0}, key[GRAM] = {0}, value[GRAM] = {0};
    add_conjugate(d, scene->sigma, false, v * o * k, query);
    add_conjugate(d, scene->sigma, true, v * o * q, key);
    add_conjugate(a, scene->gamma, true, o, value);
    weight[INIT_WQ] = dot(scene->sigma, query);
    weight[INIT_WK] = dot(scene->sigma, key);
    weight[INIT_WV] = dot(scene->sigma, value);
    for (int i = 0; i < GRAM; i++)
        numbers[i] = q * query[i] + k * key[i] + v * value[i];
}

/* One hidden feature: its values and what a unit gradient at it becomes at the inputs of W_1 and W_g. */
static void hidden(const struct scene *scene, double value[T], double up[T], double gate[T])
{
    const struct activation *activation = scene->model.activation;
    double u[T], w[T] = {1, 1, 1, 1};
    vector(scene, scene->x, u);
    for (int t = 0; t < T; t++)
        u[t] *= sqrt(gain(scene, activation->gated ? INIT_WG : INIT_W1));
    if (activation->gated) {
        vector(scene, scene->x, w);
        for (int t = 0; t < T; t++)
            w[t] *= sqrt(gain(scene, INIT_W1));
    }
    activation->value(T, u, value);
    activation->slope(T, u, gate);
    for (int t = 0; t < T; t++) {
        up[t] = activation->gated ? value[t] : gate[t];
        value[t] *= w[t];
        gate[t] = activation->gated ? gate[t] * w[t] : 0;
    }
}

/* With gradients of Gram gamma o gates at the output of each expert of weight gates. */
static void ffn_with(const struct scene *scene, bool reverse, const double gates[GRAM], int experts,
                     double numbers[NUMBERS])
{
    double value[T], up[T], gate[T], w2 = scene->sd[INIT_W2] * scene->sd[INIT_W2];
    double width = scene->model.width, F = scene->model.ffn_width, *weight = numbers + GRAM;
    double w1 = scene->sd[INIT_W1] * scene->sd[INIT_W1], wg = scene->sd[INIT_WG] * scene->sd[INIT_WG];
    hidden(scene, value, up, gate);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++) {
            int at = i * T + j;
            double gradient = gates[at] * scene->gamma[at];
            if (!reverse) {
                numbers[at] += gates[at] * w2 * F * value[i] * value[j];
                continue;
            }
            double at_up = w2 * width * up[i] * up[j] * gradient, at_gate = w2 * width * gate[i] * gate[j] * gradient;
            numbers[at] += F * (w1 * at_up + wg * at_gate);
            weight[INIT_W2] += value[i] * value[j] * gradient / experts;
            weight[INIT_W1] += scene->sigma[at] * at_up / experts;
            weight[INIT_WG] += scene->sigma[at] * at_gate / experts;
        }
}

static void ffn(const struct scene *scene, bool reverse, double numbers[NUMBERS])
{
    double ones[GRAM];
    for (int i = 0; i < GRAM; i++)
        ones[i] = 1;
    ffn_with(scene, reverse, ones, 1, numbers);
}

enum { EXPERTS_MAX = 8 };

/* Of one token: the softmax of what the router runs over, and whether an expert is among the k largest logits. */
static void route(const struct scene *scene, const double logits[], double p[], bool chosen[])
{
    int E = scene->model.experts;
    double sum = 0;
    for (int e = 0; e < E; e++) {
        int above = 0;
        for (int f = 0; f < E; f++)
            above += logits[f] > logits[e];
        chosen[e] = above < scene->model.top_k;
    }
    for (int e = 0; e < E; e++)
        sum += p[e] = chosen[e] || !scene->model.router->over_chosen ? exp(logits[e]) : 0;
    for (int e = 0; e < E; e++)
        p[e] /= sum;
}

/* The Gram of an expert's output on the input, from the FFN's own rule, factored: u has this times gamma. */
static void factor_products(const struct scene *scene, double factor[GRAM])
{
    double numbers[NUMBERS], products[GRAM];
    call(scene, &ffn_rule, false, full, 0, numbers);
    for (int i = 0; i < GRAM; i++)
        products[i] = numbers[i] * scene->gamma[i] * scene->model.width;
    gram_factor(T, products, factor);
}

static double products_factor[GRAM];

static void moe(const struct scene *scene, bool reverse, double numbers[NUMBERS])
{
    int E = scene->model.experts;
    double logits[T][EXPERTS_MAX], p[T][EXPERTS_MAX], d[T][EXPERTS_MAX], u[T][EXPERTS_MAX], gates[GRAM];
    bool chosen[T][EXPERTS_MAX];
    for (int e = 0; e < E; e++) {
        double column[T], z[T];
        vector(scene, scene->x, column);
        for (int t = 0; t < T; t++)
            z[t] = gsl_ran_gaussian(scene->random, 1);
        for (int t = 0; t < T; t++) {
            logits[t][e] = sqrt(gain(scene, INIT_WR)) * column[t];
            u[t][e] = support_dot(T, products_factor + t * T, z);
        }
    }
    for (int t = 0; t < T; t++) {
        double mean = 0;
        route(scene, logits[t], p[t], chosen[t]);
        for (int e = 0; e < E; e++)
            mean += chosen[t][e] ? p[t][e] * u[t][e] : 0;
        for (int e = 0; e < E; e++)
            d[t][e] = p[t][e] * ((chosen[t][e] ? u[t][e] : 0) - mean);
    }
    double wr = scene->sd[INIT_WR] * scene->sd[INIT_WR];
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++) {
            double at_logits = 0;
            gates[s * T + t] = 0;
            for (int e = 0; e < E; e++) {
                gates[s * T + t] += chosen[s][e] && chosen[t][e] ? p[s][e] * p[t][e] : 0;
                at_logits += d[s][e] * d[t][e];
            }
            if (reverse) {
                numbers[s * T + t] += wr * at_logits;
                numbers[GRAM + INIT_WR] += scene->sigma[s * T + t] * at_logits / E;
            }
        }
    ffn_with(scene, reverse, gates, E, numbers);
}

/* ---- the tests ---- */

static const struct {
    const char *text;
    const struct rule *rule;
    definition *define;
} cases[] = {
    {"placement=x=attn(x) tokens=4", &attention_rule, attention},
    {"placement=x=attn(x) tokens=4 mask=causal", &attention_rule, attention},
    {"placement=x=ffn(x) tokens=4", &ffn_rule, ffn},
    {"placement=x=ffn(x) tokens=4 activation=tanh", &ffn_rule, ffn},
    {"placement=x=ffn(x) tokens=4 activation=swiglu", &ffn_rule, ffn},
    {"placement=x=moe(x) tokens=4 experts=5 top-k=2", &moe_rule, moe},
    {"placement=x=moe(x) tokens=4 experts=3 top-k=1 router=switch activation=gelu", &moe_rule, moe},
    {"placement=x=moe(x) tokens=4 experts=4 top-k=3 router=switch activation=swiglu", &moe_rule, moe},
};
enum { CASES = sizeof cases / sizeof *cases };

/* Grams without symmetry; matrices' gradients of every path. */
START_TEST(rules_follow_their_definitions)
{
    struct scene scene;
    scene_init(&scene, cases[_i / 2].text);
    factor_products(&scene, products_factor);
    struct tally rule = of_rule(&scene, cases[_i / 2].rule, _i % 2);
    struct tally force = of_force(&scene, cases[_i / 2].define, _i % 2);
    check_tallies(&rule, &force, 1e-9, cases[_i / 2].text);
    scene_free(&scene);
}
END_TEST

/* Exchangeable tokens, two numbers a Gram and quadrature, against the same brute force; 1e-4 is far above the error of
 * the quadrature (SOFTMAX_ACCURACY times T^2) and below the standard errors. */
START_TEST(two_numbers_follow_the_definitions)
{
    static const int chosen[] = {0, 2, 4};
    int c = chosen[_i / 2];
    struct scene scene;
    scene_init(&scene, cases[c].text);
    make_exchangeable(0.8, 0.3, scene.x, scene.sigma, scene.sigma_pair);
    make_exchangeable(0.5, 0.9, scene.g, scene.gamma, scene.gamma_pair);
    struct tally rule = of_rule_once(&scene, cases[c].rule, _i % 2, pair);
    struct tally force = of_force(&scene, cases[c].define, _i % 2);
    check_tallies(&rule, &force, 1e-4, cases[c].text);
    scene_free(&scene);
}
END_TEST

/* No draws in an FFN: both spaces are the same numbers, up to the difference that the pair keeps apart. */
START_TEST(both_spaces_of_an_ffn_are_one)
{
    struct scene scene;
    char text[80];
    snprintf(text, sizeof text, "placement=x=ffn(x) tokens=4 activation=%s", activations[_i].name);
    scene_init(&scene, text);
    make_exchangeable(0.8, 0.3, scene.x, scene.sigma, scene.sigma_pair);
    make_exchangeable(0.5, 0.9, scene.g, scene.gamma, scene.gamma_pair);
    for (int reverse = 0; reverse < 2; reverse++) {
        struct tally two = of_rule_once(&scene, &ffn_rule, reverse, pair);
        struct tally all = of_rule_once(&scene, &ffn_rule, reverse, full);
        check_tallies(&two, &all, 1e-9, text); // KERNEL_ACCURACY, of two kernels
    }
    scene_free(&scene);
}
END_TEST

/* By Price's theorem the reverse pass of an FFN is the derivative of the forward one: d out_ij / d Sigma_ij is what a
 * gradient of Gram 1 1^T becomes. Central differences of step h err by h^2 |K'''| / 6 and by 1e-12 / h (the kernels'
 * rounding): below 1e-6 of K' at h = 1e-4. ReLU's third derivative grows near correlation 1; here |rho| < 0.9. */
START_TEST(an_ffn_backward_is_the_derivative_of_its_forward)
{
    struct scene scene;
    char text[80];
    const double h = 1e-4;
    snprintf(text, sizeof text, "placement=x=ffn(x) tokens=4 activation=%s", activations[_i].name);
    scene_init(&scene, text);
    for (int i = 0; i < GRAM; i++)
        scene.gamma[i] = 1;
    struct tally slope = of_rule_once(&scene, &ffn_rule, true, full);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < i; j++) {
            double value[2], at = scene.sigma[i * T + j];
            ck_assert(fabs(at) < 0.9 * sqrt(scene.sigma[i * T + i] * scene.sigma[j * T + j]));
            for (int side = 0; side < 2; side++) {
                scene.sigma[i * T + j] = scene.sigma[j * T + i] = at + (side ? h : -h);
                struct tally forward = of_rule_once(&scene, &ffn_rule, false, full);
                value[side] = mean_of(&forward, i * T + j);
            }
            scene.sigma[i * T + j] = scene.sigma[j * T + i] = at;
            double expected = (value[1] - value[0]) / (2 * h), got = mean_of(&slope, i * T + j);
            ck_assert(isfinite(got) && isfinite(expected));
            ck_assert_msg(fabs(got - expected) <= 1e-6 * fabs(mean_of(&slope, 0)), "%s: %.9g, by differences %.9g",
                          activations[_i].name, got, expected);
        }
    scene_free(&scene);
}
END_TEST

/* Attention averages: equal tokens come out as they went in, times a = gain(wv) gain(wo), whatever the draws, and of
 * the gradient only what all tokens share comes back (rows of A sum to 1). 1e-12 is rounding. */
START_TEST(attention_leaves_equal_tokens_equal)
{
    struct scene scene;
    scene_init(&scene, cases[_i].text);
    for (int i = 0; i < GRAM; i++)
        scene.sigma[i] = 1.37;
    double numbers[NUMBERS], a = gain(&scene, INIT_WV) * gain(&scene, INIT_WO), sum = 0, returned = 0;
    call(&scene, &attention_rule, false, full, 3, numbers);
    for (int i = 0; i < GRAM; i++)
        ck_assert(isfinite(numbers[i]) && fabs(numbers[i] - a * 1.37) <= 1e-12 * a);
    call(&scene, &attention_rule, true, full, 3, numbers);
    for (int i = 0; i < GRAM; i++) {
        sum += scene.gamma[i];
        returned += numbers[i];
    }
    ck_assert(isfinite(returned) && fabs(returned - a * sum) <= 1e-12 * a * sum);
    ck_assert(fabs(numbers[GRAM + INIT_WQ]) <= 1e-12 && fabs(numbers[GRAM + INIT_WK]) <= 1e-12);
    scene_free(&scene);
}
END_TEST

/* A mixture of one expert is that expert, and its router learns nothing. */
START_TEST(one_expert_is_an_ffn)
{
    struct scene scene;
    scene_init(&scene, _i ? "placement=x=moe(x) tokens=4 experts=1 top-k=1 router=switch"
                          : "placement=x=moe(x) tokens=4 experts=1 top-k=1 activation=swiglu");
    for (int reverse = 0; reverse < 2; reverse++) {
        struct tally one = of_rule_once(&scene, &moe_rule, reverse, full);
        struct tally own = of_rule_once(&scene, &ffn_rule, reverse, full);
        check_tallies(&one, &own, 1e-14, "one expert");
    }
    scene_free(&scene);
}
END_TEST

Suite *rule_suite(void)
{
    Suite *suite = suite_create("rule");
    TCase *tests = tcase_create("rule");
    int rows = (int)activation_count;
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, rules_follow_their_definitions, 0, 2 * CASES);
    tcase_add_loop_test(tests, two_numbers_follow_the_definitions, 0, 6);
    tcase_add_loop_test(tests, both_spaces_of_an_ffn_are_one, 0, rows);
    tcase_add_loop_test(tests, an_ffn_backward_is_the_derivative_of_its_forward, 0, rows);
    tcase_add_loop_test(tests, attention_leaves_equal_tokens_equal, 0, 2);
    tcase_add_loop_test(tests, one_expert_is_an_ffn, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
