#include <check.h>
#include <stdio.h>
#include <string.h>

#include "analysis/limit/course.h"
#include "tests/support.h"

static struct model model;

static void read_course(struct course *course, const char *text, bool width_limit)
{
    struct error error = {0};
    struct course_options options = {.width_limit = width_limit, .full = !width_limit};
    support_model(&model, text);
    int code = course_init(course, &model, &options, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}

static void done(struct course *course)
{
    course_free(course);
    model_free(&model);
}

static const struct space *space_of(const struct course *course, enum graph_kind kind)
{
    const struct layout *layout = course->layout[0];
    for (int n = 0; n < layout->plan->graph->node_count; n++)
        if (layout->plan->graph->nodes[n].kind == kind)
            return &layout->spaces[layout->nodes[n].space];
    ck_abort_msg("no node of that kind");
}

/* What has a closed form needs neither draws nor T x T arrays; anything else does. */
START_TEST(closed_forms_are_seen)
{
    static const struct {
        const char *text;
        bool closed;
    } rows[] = {
        {"placement=spannorm", true},
        {"placement='x = x + attn(tanh(0.5*x)); x = x + ffn(norm(x))'", true},
        {"placement='state x, u; x = norm(u + attn(x)); u = norm(x + ffn(u))'", true},
        {"placement='input m; x = norm(x + attn(x, m))' memory-tokens=3", true},
        {"placement=spannorm mask=causal", false},
        {"placement=spannorm cotangent=last", false},
        {"placement='x = norm(x + moe(x))'", false},
        {"placement='x = norm(x + attn(x, rope=100))' head-width=6", false},
        {"placement='x = norm(x + attn(x, cap=3))'", false},
        {"placement='x = norm(x + attend(x, x, x))'", false},
        {"placement='x = tanh(x + ffn(x))'", false},         // tanh of what is not Gaussian, from block 2 on
        {"placement='y = wa(x); x = norm(x + y*y)'", false}, // factors that depend on each other
    };
    struct course course;
    read_course(&course, rows[_i].text, true);
    ck_assert_msg(course.mode.exchangeable == rows[_i].closed, "%s", rows[_i].text);
    done(&course);
}
END_TEST
enum { CLOSED_ROWS = 12 };

START_TEST(spaces_hold_features_where_they_are_needed)
{
    struct course course;
    read_course(&course, "placement='x = x + attn(norm(x)); x = x + ffn(norm(x))' mask=causal width=300 heads=3",
                false);
    const struct space *stream = space_of(&course, GRAPH_SUM), *heads = space_of(&course, GRAPH_ATTEND);
    ck_assert(stream->drawn && stream->population == 0);
    ck_assert(!heads->drawn && heads->population == 300 && heads->share == 1);
    done(&course);
    read_course(&course, "placement='x = tanh(x); x = x + ffn(norm(x))' mask=causal width=300 heads=3", false);
    ck_assert_int_eq(space_of(&course, GRAPH_SUM)->population, 300);
    done(&course);
    read_course(&course, "placement=prenorm ffn-width=5000 tokens=2", false);
    const struct space *hidden = space_of(&course, GRAPH_POINTWISE);
    ck_assert_int_eq(hidden->population, 512);
    ck_assert_double_eq_tol(hidden->share * hidden->share, 512. / 5000, 1e-15);
    done(&course);
    read_course(&course, "placement=prenorm ffn-width=5000 tokens=20", false);
    ck_assert_int_eq(space_of(&course, GRAPH_POINTWISE)->population, 5000);
    done(&course);
}
END_TEST

/* In the limit groups of heads keep their size, and heads are as wide as the keys are many. */
START_TEST(heads_of_the_limit)
{
    struct course course;
    read_course(&course, "placement=prenorm mask=causal width=128 heads=32 kv-heads=4", true);
    const struct layout *layout = course.layout[0];
    for (int n = 0; n < layout->plan->graph->node_count; n++) {
        const struct attention *attend = &layout->nodes[n].attend;
        if (layout->plan->graph->nodes[n].kind != GRAPH_ATTEND)
            continue;
        ck_assert_int_eq(attend->heads, 48);
        ck_assert_int_eq(attend->kv_heads, 6);
        ck_assert_int_eq(attend->head_width, model.tokens);
    }
    done(&course);
}
END_TEST

/* An orthogonal basis serves where features are only seen through inner products: not in front of or behind what looks
 * at single ones, at their mean or at groups, nor where a sum puts two of them together. */
START_TEST(heads_that_features_are_seen_of_keep_their_width)
{
    static const struct {
        const char *attention;
        bool wide;
    } rows[] = {
        {"attend(wq(u), wk(u), wv(u))", true},
        {"norm(attend(wq(u), wk(u), wv(u)))", true},
        {"norm(attend(wq(u), wk(u), wv(u)), layernorm)", false},
        {"norm(attend(wq(u), wk(u), wv(u)), groups=H)", false},
        {"relu(attend(wq(u), wk(u), wv(u)))", false},
        {"(attend(wq(u), wk(u), wv(u)) + wb(u))", false},
        {"attend(norm(wq(u), layernorm), wk(u), wv(u))", false},
        {"attend(wq(u), wk(u), wv(u), rope=50)", false},
        {"attend(wq(u), wk(u), wv(u), cap=2)", true}, // it acts on logits
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct course course;
        char text[200];
        snprintf(text, sizeof text, "placement='def f(u) = wo(%s); x = x + f(x)' mask=causal", rows[r].attention);
        read_course(&course, text, true);
        const struct layout *layout = course.layout[0];
        for (int n = 0; n < layout->plan->graph->node_count; n++)
            if (layout->plan->graph->nodes[n].kind == GRAPH_ATTEND)
                ck_assert_msg(layout->nodes[n].wide == rows[r].wide, "%s", rows[r].attention);
        done(&course);
    }
}
END_TEST

START_TEST(what_has_no_law_of_grams_is_refused)
{
    static const struct {
        const char *placement, *words;
        bool at_the_width; /* too */
    } rows[] = {
        {"placement='shared wa; x = norm(x + wa(x))'", "wa is one matrix in all blocks", true},
        {"placement='def b(u) = u + ffn(u); x = norm(x + moe(norm(x), body=b))'", "hands on what it is given", false},
        {"placement='x = norm(x + moe(norm(x), weigh=input))'", "weights multiply what its experts are given", false},
    };
    for (size_t r = 0; r < 2 * sizeof rows / sizeof *rows; r++) {
        struct course course;
        struct error error = {0};
        bool limit = r % 2 == 1;
        support_model(&model, rows[r / 2].placement);
        int code = course_init(&course, &model, &(struct course_options){.width_limit = limit}, &error);
        ck_assert_int_eq(code, limit || rows[r / 2].at_the_width ? ERROR_INPUT : ERROR_NONE);
        ck_assert_int_eq(strstr(error.text, rows[r / 2].words) != NULL, code != ERROR_NONE);
        if (code == ERROR_NONE)
            course_free(&course);
        model_free(&model);
    }
}
END_TEST

/* Experts are read on the tokens that chose them: the more of these, the more that takes. Eight times the rows of the
 * body's maps and functions, beside what the block takes: above 1.5. */
START_TEST(chosen_experts_are_counted)
{
    static const char *const choices[] = {
        "placement='def e(u) = wz(tanh(u)); x = x + moe(x, experts=16, top=1, body=e)' width=64 tokens=20",
        "placement='def e(u) = wz(tanh(u)); x = x + moe(x, experts=16, top=8, body=e)' width=64 tokens=20"};
    double flops[2];
    for (int i = 0; i < 2; i++) {
        struct course course;
        read_course(&course, choices[i], false);
        flops[i] = course_flops(&course);
        done(&course);
    }
    ck_assert_msg(flops[1] > 1.5 * flops[0], "%g and %g", flops[0], flops[1]);
}
END_TEST

Suite *layout_suite(void)
{
    Suite *suite = suite_create("layout");
    TCase *tests = tcase_create("layout");
    tcase_add_loop_test(tests, closed_forms_are_seen, 0, CLOSED_ROWS);
    tcase_add_test(tests, spaces_hold_features_where_they_are_needed);
    tcase_add_test(tests, heads_of_the_limit);
    tcase_add_test(tests, heads_that_features_are_seen_of_keep_their_width);
    tcase_add_test(tests, what_has_no_law_of_grams_is_refused);
    tcase_add_test(tests, chosen_experts_are_counted);
    suite_add_tcase(suite, tests);
    return suite;
}
