#include <check.h>
#include <math.h>
#include <stdio.h>

#include "analysis/limit/course.h"
#include "analysis/limit/flow.h"
#include "tests/support.h"

enum { BLOCKS = 3 };

/* A chain of blocks at a width, read forward and in reverse, with its memory. */
struct chain {
    struct model model;
    struct course course;
    struct flow_block flows[BLOCKS];
    struct flow_states states[BLOCKS + 1], gradients[BLOCKS + 1];
    struct pool keep[BLOCKS + 1], scratch;
    jmp_buf exhausted;
    bool drawn, too_sharp;
};

static const struct space *states_space(const struct chain *chain)
{
    return &chain->course.layouts[0].spaces[chain->course.layouts[0].states];
}

static void draw_input(struct chain *chain)
{
    struct space space = *states_space(chain);
    struct pool *pool = &chain->keep[BLOCKS];
    struct stream_address address = {.seed = 5, .role = STREAM_REPLICA};
    double *own = pool_take(pool, (size_t)gram_rows(space.grams)), shared = course_input(&chain->course, own);
    struct factor factor = frame_factor_alike(&space, own, shared, pool);
    chain->states[0].count = 1;
    chain->states[0].signals[0] = frame_fresh(&space, &factor, &address, pool, NULL);
}

static void read_chain(struct chain *chain, const char *text)
{
    struct error error = {0};
    struct course_options options = {.full = true}; // drawn
    struct flow_replica replica = {
        .seed = 5, .scratch = &chain->scratch, .drawn = &chain->drawn, .too_sharp = &chain->too_sharp};
    double covariance[GRAPH_INPUTS_MAX];
    support_model(&chain->model, text);
    chain->keep[BLOCKS].exhausted = &chain->exhausted;
    int code = course_init(&chain->course, &chain->model, &options, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(chain->course.depth.block_count, BLOCKS);
    draw_input(chain);
    for (int b = 0; code == ERROR_NONE && b < BLOCKS; b++) {
        code = flow_open(&chain->flows[b], chain->course.layout[b], &chain->course.depth.blocks[b], &error);
        if (code == ERROR_NONE)
            code = flow_forward(&chain->flows[b], &replica, &chain->states[b], &chain->states[b + 1], &chain->keep[b],
                                covariance, &error);
    }
    double *own = pool_take(&chain->keep[BLOCKS], (size_t)gram_rows(states_space(chain)->grams));
    double shared = course_cotangent(&chain->course, own);
    if (code == ERROR_NONE)
        code = flow_cotangent(&chain->flows[BLOCKS - 1], &(struct flow_cotangent){own, shared, NULL, NULL},
                              &chain->gradients[BLOCKS], &chain->keep[BLOCKS], &error);
    for (int b = BLOCKS - 1; code == ERROR_NONE && b >= 0; b--)
        code = flow_backward(&chain->flows[b], &chain->gradients[b + 1], &chain->gradients[b], &chain->keep[b], &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}

static void free_chain(struct chain *chain)
{
    for (int b = 0; b < BLOCKS; b++)
        flow_close(&chain->flows[b]);
    for (int b = 0; b <= BLOCKS; b++)
        pool_free(&chain->keep[b]);
    pool_free(&chain->scratch);
    course_free(&chain->course);
    model_free(&chain->model);
}

/* ---- Euler's identity ---- */

/* Formulas that are homogeneous of a degree: f(c x) = c^degree f(x). The first has more rows than features, the second
 * a frame that grows beyond the rows that its states span, so that both ways to condition a map, and the turn between
 * blocks, are met. */
static const struct {
    const char *text;
    double degree;
} homogeneous[] = {
    {"placement='x = wa(x)' tokens=9 width=7", 1},
    {"placement='x = x + wa(wb(x, F))' tokens=4 width=40 ffn-width=23", 1},
    {"placement='x = x + w2(relu(w1(x, F)))' tokens=5 width=15 ffn-width=60", 1},
    {"placement='x = x + w2(relu(w1(x, F))) + wc(relu(wb(x, F)))' tokens=3 width=29 ffn-width=33 input-correlation=0.6",
     1},
    {"placement='x = wa(x) * wb(x)' tokens=3 width=31", 2},
    // one expert's gate is 1 whatever its router says
    {"placement='def e(u) = w2(relu(w1(u, F))); x = x + moe(x, experts=3, top=1, body=e)' tokens=7 width=15", 1},
    {"placement='def e(u) = u + w2(relu(w1(u, F))); x = moe(x, experts=2, top=1, body=e)' tokens=5 width=600", 1},
    {"placement='def e(u) = u * wb(u); x = moe(x, experts=2, top=1, body=e, weigh=input)' tokens=5 width=20", 2},
};

/* x . (dy J) = degree y . dy in every replica, where the gradient through a matrix knows what the signal
 * has seen of it: rounding of some thousand terms, 1e-12 of the lengths, is allowed. Fresh gradients would give x . dx a
 * random size near |x| |dx| / sqrt(d), and y . dy is of that size: above 1e-3 of the lengths, lest nothing be compared. */
START_TEST(gradients_know_the_signals)
{
    static struct chain chain;
    chain = (struct chain){0};
    char text[256];
    snprintf(text, sizeof text, "%s heads=1 layers=%d", homogeneous[_i].text, BLOCKS);
    read_chain(&chain, text);
    for (int b = 0; b < BLOCKS; b++) {
        const struct space *space = states_space(&chain);
        const struct signal *x = &chain.states[b].signals[0], *dx = &chain.gradients[b].signals[0];
        const struct signal *y = &chain.states[b + 1].signals[0], *dy = &chain.gradients[b + 1].signals[0];
        double below = frame_dot(space, x, dx), above = homogeneous[_i].degree * frame_dot(space, y, dy);
        double lengths = sqrt(frame_dot(space, x, x) * frame_dot(space, dx, dx));
        ck_assert(isfinite(lengths) && fabs(above) > 1e-3 * lengths);
        ck_assert_msg(fabs(below - above) <= 1e-12 * lengths, "%s, block %d: x dx = %.15g, %g y dy = %.15g", text,
                      b + 1, below, homogeneous[_i].degree, above);
    }
    free_chain(&chain);
}
END_TEST

static double row_dot(const struct signal *a, const struct signal *b, int row)
{
    double sum = 0;
    for (int j = 0; j < a->columns && j < b->columns; j++)
        sum += a->at[row * a->columns + j] * b->at[row * b->columns + j];
    return sum;
}

/* Of y = p_e body(x), p the softmax of the logits z, and a body of degree 1: x . dx = sum over tokens of
 * (1 + z_e - sum p z) y . dy, where what comes back through the router knows the logits that it has given; as above. */
START_TEST(gradients_know_the_logits)
{
    enum { EXPERTS = 4, TOKENS = 5 };
    static struct chain chain;
    chain = (struct chain){0};
    read_chain(&chain, "placement='x = moe(2*x, experts=4, top=1, router=switch)' heads=1 layers=3 tokens=5 width=40");
    const struct graph *graph = chain.course.layouts[0].plan->graph;
    int node = graph->outputs[0];
    ck_assert_int_eq(graph->nodes[node].kind, GRAPH_MOE);
    for (int b = 0; b < BLOCKS; b++) {
        const double *gates = chain.flows[b].run.nodes[node].gates, *mask = gates + 2 * TOKENS * EXPERTS;
        const struct signal *y = &chain.states[b + 1].signals[0], *dy = &chain.gradients[b + 1].signals[0];
        const struct signal *x = &chain.states[b].signals[0], *dx = &chain.gradients[b].signals[0];
        const struct space *space = states_space(&chain);
        double expected = 0, routed = 0, lengths = sqrt(frame_dot(space, x, x) * frame_dot(space, dx, dx));
        for (int t = 0; t < TOKENS; t++) {
            double apart = 0;
            for (int e = 0; e < EXPERTS; e++) {
                int at = t * EXPERTS + e;
                apart += (mask[at] - gates[at]) * mask[TOKENS * EXPERTS + at];
            }
            expected += (1 + apart) * row_dot(y, dy, t);
            routed += apart * row_dot(y, dy, t);
        }
        ck_assert(isfinite(lengths) && fabs(routed) > 1e-3 * lengths);
        ck_assert_msg(fabs(frame_dot(space, x, dx) - expected) <= 1e-12 * lengths, "block %d: %.15g and %.15g", b + 1,
                      frame_dot(space, x, dx), expected);
    }
    free_chain(&chain);
}
END_TEST

Suite *flow_suite(void)
{
    Suite *suite = suite_create("flow");
    TCase *tests = tcase_create("flow");
    tcase_add_loop_test(tests, gradients_know_the_signals, 0, (int)(sizeof homogeneous / sizeof *homogeneous));
    tcase_add_test(tests, gradients_know_the_logits);
    suite_add_tcase(suite, tests);
    return suite;
}
