#include <check.h>
#include <math.h>
#include <string.h>

#include "explore/lesson.h"

static struct lesson_result judge(const struct lesson *lesson, const char *answer)
{
    struct lesson_result result;
    struct error error = {0};
    ck_assert_msg(lesson_check(lesson, answer, &result, &error) == ERROR_NONE, "%s: %s", lesson->id, error.text);
    return result;
}

START_TEST(there_are_ten)
{
    ck_assert_uint_ge(lesson_count, 10);
}
END_TEST

/* The program computes both verdicts: the table's answers are only tried. */
START_TEST(right_and_wrong_are_told_apart)
{
    const struct lesson *lesson = &lessons[_i];
    struct lesson_result right = judge(lesson, lesson->right), wrong = judge(lesson, lesson->wrong);
    ck_assert_msg(right.right, "%s: %s", lesson->id, right.says);
    ck_assert_msg(!wrong.right, "%s: %s", lesson->id, wrong.says);
    ck_assert_msg(strstr(right.says, lesson->reveal) != NULL, "%s: the reveal is cut", lesson->id);
    ck_assert_msg(strstr(wrong.says, lesson->reveal) == NULL, "%s: told before it is found", lesson->id);
}
END_TEST

/* The scene itself must not be the answer to what is to be found. */
START_TEST(a_scene_is_no_answer)
{
    if (lessons[_i].kind == LESSON_FIND)
        ck_assert_msg(!judge(&lessons[_i], "").right, "%s", lessons[_i].id);
}
END_TEST

START_TEST(only_the_free_setting_may_change)
{
    struct error error;
    struct lesson_result result = judge(lesson_find("collapse", &error), "c=4 layers=65");
    ck_assert(!result.right);
    ck_assert_ptr_nonnull(strstr(result.says, "layers"));
    result = judge(lesson_find("one-character", &error), "placement='x = norm(x + ffn(norm(x + attn(x))))'");
    ck_assert(!result.right);
    ck_assert_ptr_nonnull(strstr(result.says, "more than 1 character"));
}
END_TEST

START_TEST(what_is_no_answer_is_an_error)
{
    static const char *const answers[][2] = {{"depth", "4"},
                                             {"depth", "SpanNorm"},
                                             {"growth", "many"},
                                             {"collapse", "c"},
                                             {"collapse", "cc=4"},
                                             {"collapse", "c=x"},
                                             {"collapse", "placement=/etc/passwd"}};
    struct error error;
    struct lesson_result result;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        ck_assert_msg(lesson_check(lesson_find(answers[i][0], &error), answers[i][1], &result, &error) == ERROR_INPUT,
                      "%s: %s", answers[i][0], answers[i][1]);
    ck_assert_ptr_null(lesson_find("colapse", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "collapse"));
}
END_TEST

Suite *lesson_suite(void)
{
    Suite *suite = suite_create("lesson");
    TCase *tcase = tcase_create("lessons");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, there_are_ten);
    tcase_add_loop_test(tcase, right_and_wrong_are_told_apart, 0, (int)lesson_count);
    tcase_add_loop_test(tcase, a_scene_is_no_answer, 0, (int)lesson_count);
    tcase_add_test(tcase, only_the_free_setting_may_change);
    tcase_add_test(tcase, what_is_no_answer_is_an_error);
    suite_add_tcase(suite, tcase);
    return suite;
}
