#include "plots/diagram.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/random_formula.h"

static struct diagram diagram;

static void draw(const char *text, bool expands)
{
    struct formula formula;
    struct error error;
    ck_assert_msg(formula_parse(text, strlen(text), "formula", &formula, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(diagram_init(&diagram, &formula, expands, &error), ERROR_NONE);
    formula_free(&formula);
}

/* Box number b as "word(detail) name <- operands". */
static const char *box_text(int section, int b)
{
    static char text[1024];
    const struct diagram_box *box = &diagram.sections[section].boxes[b];
    int length = snprintf(text, sizeof text, "%s %s(%s)%s%s <-", diagram_kinds[box->kind], box->word, box->detail,
                          *box->name ? " " : "", box->name);
    for (int i = 0; i < box->operand_count; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %d", box->operands[i]);
    return text;
}

static void expect(int section, const char *const boxes[], int count)
{
    ck_assert_int_eq(diagram.sections[section].box_count, count);
    for (int b = 0; b < count; b++)
        ck_assert_str_eq(box_text(section, b), boxes[b]);
}

#define EXPECT(section, ...)                                                                                           \
    expect(section, (const char *const[]){__VA_ARGS__}, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)))

START_TEST(what_the_author_wrote)
{
    draw("y = norm(x + attn(x, mask=causal)/sqrt(L)); u = attn(y); x = norm(y - 2*ffn(u))", false);
    EXPECT(0, "input x() <-", "attention attn(mask=causal) <- 0", "operator /(sqrt(L)) <- 1", "operator +() <- 0 2",
           "norm norm() y <- 3", "attention attn2() u <- 4", "branch ffn() <- 5", "operator *(2) <- 6",
           "operator -() <- 4 7", "norm norm() <- 8", "output x() <- 9");
    ck_assert_str_eq(diagram.sections[0].title, "");
    ck_assert_str_eq(diagram.sections[0].boxes[6].summary, "the feed-forward branch; phi is --activation");
    diagram_free(&diagram);
}
END_TEST

START_TEST(what_calls_are_made_of)
{
    draw("x = x + ffn(norm(x, groups=H))", true);
    EXPECT(0, "input x() <-", "norm norm(groups=H) <- 0", "branch ffn.w1(fan_out=F) <- 1", "call phi() <- 2",
           "branch ffn.w2() <- 3", "operator +() <- 0 4", "output x() <- 5");
    diagram_free(&diagram);
}
END_TEST

/* What no output depends on is left out; a state that is handed on is not. */
START_TEST(sections_states_and_the_dead)
{
    draw("def double(u) = 2*u\nstate x, u\nfirst: z = ffn(x); x = double(x)\nblock if l > 2: u = x\nblock: x = u",
         false);
    ck_assert_int_eq(diagram.section_count, 3);
    ck_assert_str_eq(diagram.sections[0].title, "first block");
    ck_assert_str_eq(diagram.sections[1].title, "block if l > 2");
    ck_assert_str_eq(diagram.sections[2].title, "other blocks");
    EXPECT(0, "input x() <-", "call double() <- 0", "input u() <-", "output x() <- 1", "output u() <- 2");
    ck_assert_str_eq(diagram.sections[0].boxes[1].summary, "def double(u) = 2*u");
    EXPECT(1, "input x() <-", "output x() <- 0", "output u() <- 0");
    diagram_free(&diagram);
}
END_TEST

/* a doubles with every statement: written out, the last would have 2^300 letters, so its name stands for it. */
START_TEST(scalars_that_grow)
{
    char text[8192] = "a = L";
    for (int i = 0; i < 300; i++)
        strcat(text, "; a = a + a");
    strcat(text, "; x = x*a");
    draw(text, false);
    EXPECT(0, "input x() <-", "operator *(a) <- 0", "output x() <- 1");
    diagram_free(&diagram);
}
END_TEST

/* Operands stand before who reads them, and everything but the outputs is read. */
START_TEST(any_formula)
{
    char text[RANDOM_FORMULA_MAX];
    random_formula((uint64_t)_i, RANDOM_MOE | RANDOM_OPERATIONS, text);
    draw(text, _i % 2 == 1);
    for (int s = 0; s < diagram.section_count; s++) {
        const struct diagram_section *section = &diagram.sections[s];
        for (int b = 0; b < section->box_count; b++) {
            bool read = section->boxes[b].kind == DIAGRAM_OUTPUT;
            for (int later = b + 1; later < section->box_count; later++)
                for (int i = 0; i < section->boxes[later].operand_count; i++)
                    read = read || section->boxes[later].operands[i] == b;
            ck_assert_msg(read, "%s\nbox %d: %s", text, b, box_text(s, b));
            for (int i = 0; i < section->boxes[b].operand_count; i++)
                ck_assert(section->boxes[b].operands[i] >= 0 && section->boxes[b].operands[i] < b);
        }
    }
    diagram_free(&diagram);
}
END_TEST

Suite *diagram_suite(void)
{
    Suite *suite = suite_create("diagram");
    TCase *tcase = tcase_create("diagram");
    tcase_add_test(tcase, what_the_author_wrote);
    tcase_add_test(tcase, what_calls_are_made_of);
    tcase_add_test(tcase, sections_states_and_the_dead);
    tcase_add_test(tcase, scalars_that_grow);
    tcase_add_loop_test(tcase, any_formula, 0, 100);
    suite_add_tcase(suite, tcase);
    return suite;
}
