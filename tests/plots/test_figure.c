/* What stands in the files of a figure, and what happens where they cannot be made. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/publish.h"
#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

/* gnuplot */

START_TEST(text_is_shown_as_written)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    gnuplot_print_plain(stream, "a_b^{c} it's\n`d` \\");
    gnuplot_print_markup(stream, " f'^2");
    fclose(stream);
    ck_assert_str_eq(text, "a\\_b\\^\\{c\\} it\\047s `d` \\\\ f\\047^2");
    free(text);
}
END_TEST

static void draw_fails(struct error *error)
{
    struct saved_list list;
    profiles_read(&list, "measured", profiles_span, profiles_rows);
    ck_assert_int_eq(
        figure_draw(figure_find("gradient"), &list, &(struct figure_wish){.directory = folder_path("out")}, error),
        ERROR_RESOURCE);
    saved_free(&list);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(missing_gnuplot_is_said_and_leaves_nothing)
{
    struct error error;
    setenv("PATH", "", 1);
    ck_assert_int_eq(chdir(folder_name), 0); /* an empty PATH is the current folder_name */
    draw_fails(&error);
    ck_assert_str_eq(error.text, "gnuplot was not found; install gnuplot-nox");
    ck_assert_int_eq(access(folder_path("out"), F_OK), -1);
    mkdir(folder_path("out"), 0777);
    draw_fails(&error);
    ck_assert_int_eq(folder_entries(folder_path("out")), 0);
}
END_TEST

/* A gnuplot that fails after it has written a part. */
static void fake_gnuplot(const char *script)
{
    folder_write("gnuplot", script);
    ck_assert_int_eq(chmod(folder_path("gnuplot"), 0755), 0);
    setenv("PATH", folder_name, 1);
}

START_TEST(failing_gnuplot_is_quoted_and_keeps_the_old_figure)
{
    struct error error;
    size_t length;
    mkdir(folder_path("out"), 0777);
    folder_write("out/gradient.png", "the old one");
    fake_gnuplot(
        "#!/bin/sh\nprintf half > gradient.png\nprintf '%01192d' 0 >&2\nprintf '\\nlast wo' >&2\n/bin/sleep 0.1\n"
        "printf 'rds\\n\\n' >&2\nexit 3\n");
    draw_fails(&error);
    ck_assert_ptr_nonnull(strstr(error.text, "gnuplot failed:\n000"));
    ck_assert_ptr_nonnull(strstr(error.text, "0\nlast words"));
    ck_assert_str_eq(strstr(error.text, "last words"), "last words");
    ck_assert_int_eq(folder_entries(folder_path("out")), 1);
    char *text = folder_read("out/gradient.png", &length);
    ck_assert_str_eq(text, "the old one");
    free(text);
}
END_TEST

START_TEST(killed_gnuplot_is_told)
{
    struct error error;
    fake_gnuplot("#!/bin/sh\nkill -9 $$\n");
    draw_fails(&error);
    ck_assert_ptr_nonnull(strstr(error.text, "signal 9"));
}
END_TEST

/* Its limit is seconds here, so that this is no test of speed: the sleepers would outlive the test's own limit. */
START_TEST(gnuplot_that_hangs_is_ended)
{
    struct error error;
    ck_assert_int_le(GNUPLOT_SECONDS, 120); // who waits for a figure does not wait longer
    fake_gnuplot("#!/bin/sh\necho half done\n/bin/sleep 1000 &\n/bin/sleep 1000\n");
    ck_assert_int_eq(gnuplot_run(folder_name, "x.gp", &(struct gnuplot_limits){.seconds = 1}, &error), ERROR_RESOURCE);
    ck_assert_str_eq(error.text, "gnuplot did not end within 1 s, and was ended:\nhalf done");
    /* One that has closed its words, and one that leaves somebody behind who holds them. */
    fake_gnuplot("#!/bin/sh\nexec >&- 2>&-\nexec /bin/sleep 1000\n");
    ck_assert_int_eq(gnuplot_run(folder_name, "x.gp", &(struct gnuplot_limits){.seconds = 1}, &error), ERROR_RESOURCE);
    ck_assert_str_eq(error.text, "gnuplot did not end within 1 s, and was ended");
    fake_gnuplot("#!/bin/sh\n/bin/sleep 1000 &\necho $! > child\n");
    ck_assert_int_eq(gnuplot_run(folder_name, "x.gp", &(struct gnuplot_limits){.seconds = 1000}, &error), ERROR_NONE);
    size_t length;
    char *child = folder_read("child", &length);
    /* Killed, it may stand there as a zombie until its new parent looks. */
    char state[64] = "", path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", atoi(child));
    FILE *stat = fopen(path, "r");
    ck_assert(!stat || (fgets(state, sizeof state, stat) && strstr(state, ") S") == NULL));
    if (stat)
        fclose(stat);
    free(child);
}
END_TEST

/* A terminal of the user's own would be set before the script sets one, and fail where it is not built in. */
START_TEST(gnuplot_keeps_its_own_terminal)
{
    struct error error = {0};
    struct gnuplot_limits limits = {.seconds = 1000};
    setenv("GNUTERM", "qt", 1);
    setenv("GNUTERMS", "stays", 1);
    fake_gnuplot("#!/bin/sh\ntest -z \"$GNUTERM\" && test \"$GNUTERMS\" = stays\n");
    ck_assert_msg(gnuplot_run(folder_name, "x.gp", &limits, &error) == ERROR_NONE, "%s", error.text);
}
END_TEST

START_TEST(gnuplot_is_stopped)
{
    struct error error = {0};
    static volatile sig_atomic_t stop = 1;
    struct gnuplot_limits limits = {.seconds = 1000, .stop = &stop};
    fake_gnuplot("#!/bin/sh\nexec /bin/sleep 1000\n");
    ck_assert_int_eq(gnuplot_run(folder_name, "x.gp", &limits, &error), ERROR_INTERRUPTED);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(gnuplot_that_draws_nothing_is_an_error)
{
    struct error error;
    fake_gnuplot("#!/bin/sh\nexit 0\n");
    draw_fails(&error);
    ck_assert_int_eq(access(folder_path("out"), F_OK), -1);
}
END_TEST

START_TEST(unwritable_folders_are_named)
{
    struct error error;
    folder_write("file", "");
    char expected[300];
    const char *deep = folder_path("file/out");
    snprintf(expected, sizeof expected, "cannot make the folder %s: Not a directory", deep);
    ck_assert_int_eq(publish(deep, "x", NULL, NULL, NULL, &error), ERROR_RESOURCE);
    ck_assert_str_eq(error.text, expected);
    folder_write("out", "a file");
    draw_fails(&error);
    ck_assert_ptr_nonnull(strstr(error.text, "cannot write into"));
    ck_assert_ptr_nonnull(strstr(error.text, folder_path("out")));
}
END_TEST

/* Pictures */

START_TEST(figures_are_drawn_and_redrawn)
{
    static const char *const configs[] = {"\"placement\":\"spannorm\",\"init\":\"unit\"," PROFILES_BASE,
                                          "\"placement\":\"my_own\",\"init\":\"it's `touch pwned`\"," PROFILES_BASE,
                                          NULL};
    static const char *const words[] = {"Gradient variance against depth",
                                        "spannorm, unit: total",
                                        "my_own, it's `touch pwned`: token-specific",
                                        "d = 24",
                                        "95 % intervals",
                                        "thin lines: theory",
                                        "(mean square; cotangent = 1)",
                                        NULL};
    struct saved_list list;
    struct error error;
    size_t length;
    profiles_read(&list, "measured", configs, profiles_rows);
    int code = figure_draw(figure_find("gradient"), &list, &(struct figure_wish){.directory = folder_path("new out")},
                           &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    saved_free(&list);
    ck_assert_int_eq(folder_entries(folder_path("new out")), PUBLISH_FILES);
    folder_check_png("new out/gradient.png");
    folder_check_svg("new out/gradient.svg", words);
    char *data = folder_read("new out/gradient.dat", &length);
    ck_assert_ptr_nonnull(strstr(data, "# L = 2, d = 24, H = 3, T = 5"));
    ck_assert_ptr_nonnull(strstr(data, "# index 0: spannorm, unit: total\n0 -2 -inf -0.283996656365200"));
    ck_assert_ptr_nonnull(strstr(data, "\n2 0.301029995663981"));
    ck_assert_ptr_nonnull(strstr(data, "# index 1: spannorm, unit: token-specific\n2 0.1760912590556812"));
    free(data);
    unlink(folder_path("new out/gradient.png"));
    ck_assert_int_eq(
        gnuplot_run(folder_path("new out"), "gradient.gp", &(struct gnuplot_limits){.seconds = 100}, &error),
        ERROR_NONE);
    folder_check_png("new out/gradient.png");
    ck_assert_int_eq(folder_entries(folder_path("new out")), PUBLISH_FILES);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* One profile with an observable of the choice at every layer and, for three tokens, by position. */
static void add_rich_profile(FILE *file, const char *kind, int layers, int width, double c, double rate,
                             const struct series_choice *choice)
{
    fprintf(file,
            "{\"schema\":\"spanscope/profile/1\",\"kind\":\"%s\",\"config\":{\"placement\":\"lns\",\"init\":"
            "\"scaleinit\",\"c\":%g,\"layers\":%d,\"width\":%d,\"lr\":%g,\"initial_spread\":%g,\"initial_ratio\":%g,"
            "\"tokens\":3,"
            "\"samples\":9},\"manifest\":{"
            "\"seconds\":%g},\"layers\":[",
            kind, c, layers, width, rate, 0.1 * c / layers, -0.1 * c, 0.1 * width);
    for (int l = 0; l <= layers; l++) {
        fprintf(file, "%s{\"layer\":%d", l > 0 ? "," : "", l);
        for (int v = 0; v < SERIES_VARIANTS && choice->variants[v].observable != NULL; v++) {
            if (v > 0 && strcmp(choice->variants[v].observable, choice->variants[0].observable) == 0)
                continue; /* another token of the same */
            for (int t = 0; t <= 3; t++) {
                double mean = 0.37 + 0.01 * l + 0.05 * v + 0.02 * t + (kind[0] == 'p' ? 0.1 : 0) + rate;
                char token[20] = "";
                if (t > 0)
                    snprintf(token, sizeof token, ".token%d", t);
                fprintf(file, ",\"%s%s\":{\"mean\":%g,\"mean_log\":%g,\"sd_log\":%g,\"n\":9}",
                        choice->variants[v].observable, token, mean, log(mean), 0.5 - 0.02 * l);
            }
        }
        fputc('}', file);
    }
    fprintf(file, "]}\n");
}

/* Profiles that differ in everything a curve runs along. */
static void read_rich_profiles(struct saved_list *list, const struct series_choice *choice)
{
    struct error error;
    FILE *file = fopen(folder_path("all.json"), "w");
    for (int i = 0; i < 16; i++)
        for (int kind = 0; kind < 2; kind++)
            add_rich_profile(file, kind > 0 ? "predicted" : "measured", i & 1 ? 5 : 2, i & 2 ? 24 : 36,
                             i & 4 ? 1.37 : 0.5, i & 8 ? 0.01 : 0.6, choice);
    fclose(file);
    *list = (struct saved_list){0};
    ck_assert_msg(saved_read(folder_path("all.json"), list, &error) == ERROR_NONE, "%s", error.text);
}

/* Every row of the table makes a figure of data that have its observables, the first of them in every style that makes
 * pictures and each other in one of them. */
START_TEST(figures_of_the_table_are_drawn)
{
    const struct figure *figure = &figures[_i];
    struct saved_list list;
    struct error error;
    char name[100];
    size_t length;
    ck_assert_ptr_eq(figure_find(figure->name), figure); /* names are unique */
    read_rich_profiles(&list, &figure->choice);
    int nth = 0;
    for (size_t i = 0; i < style_count; i++) {
        if (styles[i].plain || (_i > 0 && nth++ != _i % 3))
            continue;
        struct figure_wish wish = {.directory = folder_name, .style = &styles[i]};
        int code = figure_draw(figure, &list, &wish, &error);
        ck_assert_msg(code == ERROR_NONE, "%s", error.text);
        snprintf(name, sizeof name, "%s.png", figure->name);
        folder_check_png(name);
        const char *const words[] = {"lns", styles[i].title > 0 ? figure->title : "lns", NULL};
        snprintf(name, sizeof name, "%s.svg", figure->name);
        folder_check_svg(name, words);
        snprintf(name, sizeof name, "%s.pdf", figure->name);
        char *pdf = folder_read(name, &length);
        ck_assert_mem_eq(pdf, "%PDF-", 5);
        ck_assert_uint_gt(length, 5000);
        free(pdf);
        snprintf(name, sizeof name, "%s.txt", figure->name);
        char *caption = folder_read(name, &length);
        ck_assert_mem_eq(caption, figure->title, strlen(figure->title));
        free(caption);
    }
    saved_free(&list);
}
END_TEST

/* Points on a line of many are thinned out, those that no line joins are not. */
START_TEST(scatters_show_every_point)
{
    const struct figure *figure = figure_find("score-collapse");
    struct saved_list list = {0};
    struct error error;
    size_t length;
    FILE *file = fopen(folder_path("many.json"), "w");
    for (int i = 0; i < 40; i++)
        add_rich_profile(file, "measured", 2, 24, 0.5 + i, 0.01, &figure->choice);
    fclose(file);
    ck_assert_msg(saved_read(folder_path("many.json"), &list, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(figure_draw(figure, &list, &(struct figure_wish){.directory = folder_name}, &error) == ERROR_NONE,
                  "%s", error.text);
    char *script = folder_read("score-collapse.gp", &length);
    ck_assert_ptr_nonnull(strstr(script, "every 1::0 with points"));
    free(script);
    saved_free(&list);
}
END_TEST

/* Of more curves than a key holds, names are left out, but not that of theory; a long name takes several lines. */
START_TEST(keys_hold_theory_and_long_names)
{
    struct saved_list list = {0};
    struct error error;
    size_t length, letters = 0;
    FILE *file = fopen(folder_path("many.json"), "w");
    for (int i = 0; i < 60; i++)
        fprintf(
            file,
            "{\"schema\":\"spanscope/profile/1\",\"kind\":\"measured\",\"config\":{\"placement\":\"spannorm\",\"init\":"
            "\"scaleinit\",\"c\":1,\"layers\":2,\"one\":%d,\"%060d\":%d,\"%060d\":%d},\"layers\":[{\"layer\":0,"
            "\"gradient_"
            "variance\":{"
            "\"mean\":1,\"log10_mean\":0}}]}\n",
            i, 1, i, 2, i);
    fclose(file);
    ck_assert_msg(saved_read(folder_path("many.json"), &list, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(figure_draw(figure_find("gradient"), &list, &(struct figure_wish){.directory = folder_name},
                              &error) == ERROR_NONE,
                  "%s", error.text);
    char *script = folder_read("gradient.gp", &length), *caption = folder_read("gradient.txt", &length);
    ck_assert_ptr_nonnull(strstr(caption, "thin lines: theory; in the key: "));
    ck_assert_ptr_nonnull(strstr(script, "title 'theory: "));
    ck_assert_ptr_nonnull(strstr(script, "keyentry with lines lt nodraw title '   0000"));
    for (const char *title = script; (title = strstr(title, " title '")); title += letters) {
        letters = strcspn(title + 8, "'");
        ck_assert_uint_le(letters, 80);
    }
    free(script);
    free(caption);
    saved_free(&list);
}
END_TEST

/* One line that says what is missing, and no file. */
START_TEST(figures_say_what_profiles_lack)
{
    const struct figure *figure = &figures[_i];
    struct saved_list list;
    struct error error;
    profiles_read(&list, "measured", profiles_span, "{\"layer\":0,\"gradient_token_cosine\":{\"mean\":0.1}}");
    int before = folder_entries(folder_name);
    ck_assert_int_eq(figure_draw(figure, &list, &(struct figure_wish){.directory = folder_name}, &error), ERROR_INPUT);
    ck_assert_ptr_null(strchr(error.text, '\n'));
    ck_assert_msg(strstr(error.text, figure->choice.variants[0].observable) != NULL, "%s", error.text);
    ck_assert_int_eq(folder_entries(folder_name), before);
    saved_free(&list);
}
END_TEST

/* Keeps the script and the caption of what would be drawn. */
static char *script_kept, *caption_kept;

static int keep(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN],
                const void *context, const volatile sig_atomic_t *stop, struct error *error)
{
    (void)directory, (void)name, (void)stop, (void)error;
    char **const kept[PUBLISH_WRITTEN] = {&script_kept, NULL, &caption_kept};
    for (int i = 0; i < PUBLISH_WRITTEN; i++) {
        size_t length;
        if (!kept[i])
            continue;
        FILE *stream = open_memstream(kept[i], &length);
        print[i](stream, context);
        fclose(stream);
    }
    return ERROR_NONE;
}

static void keep_figure(const char *name, const char *const configs[], const char *rows)
{
    struct saved_list list;
    struct error error;
    struct figure_wish wish = {.directory = ".", .publish = keep};
    free(script_kept);
    free(caption_kept);
    profiles_read(&list, "measured", configs, rows);
    int code = figure_draw(figure_find(name), &list, &wish, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    saved_free(&list);
}

static void check_kept(const char *text, const char *words, bool there)
{
    ck_assert_msg((strstr(text, words) != NULL) == there, "'%s' is %s in: %s", words, there ? "not" : "", text);
}

/* A curve that is 0 everywhere is no curve on a logarithmic axis: the caption says so, and speaks of no other. */
START_TEST(zeros_are_said_not_drawn)
{
    static const char zero[] = "{\"layer\":1,\"gradient_variance\":{\"mean\":1e-9,\"log10_mean\":-9},"
                               "\"gradient_specific\":{\"mean\":0,\"log10_mean\":null}},"
                               "{\"layer\":2,\"gradient_variance\":{\"mean\":2,\"log10_mean\":0.3},"
                               "\"gradient_specific\":{\"mean\":0,\"log10_mean\":null}}",
                      some[] = "{\"layer\":1,\"gradient_variance\":{\"mean\":1e-9,\"log10_mean\":-9},"
                               "\"gradient_specific\":{\"mean\":0,\"log10_mean\":null}},"
                               "{\"layer\":2,\"gradient_variance\":{\"mean\":2,\"log10_mean\":0.3},"
                               "\"gradient_specific\":{\"mean\":1,\"log10_mean\":0}}";
    keep_figure("gradient", profiles_span, zero);
    check_kept(caption_kept, "0, which the axis does not reach: ", true);
    check_kept(caption_kept, "token-specific (", false);
    check_kept(script_kept, "title 'token-specific'", false);
    keep_figure("gradient", profiles_span, some);
    check_kept(caption_kept, "token-specific (1 of 2 points)", true);
}
END_TEST

/* Axes tell what went in as it was given, and nothing where the profiles differ. */
START_TEST(axes_tell_what_went_in)
{
    static const char *const scaled[] = {PROFILES_SPAN ",\"input_scale\":3,\"cotangent\":\"last\"", NULL};
    static const char *const mixed[] = {PROFILES_SPAN ",\"input_scale\":3,\"cotangent\":\"last\"", PROFILES_SPAN, NULL};
    keep_figure("activation", profiles_span, profiles_rows);
    check_kept(script_kept, "input = 1)", true);
    keep_figure("activation", scaled, profiles_rows);
    check_kept(script_kept, "input = 9)", true);
    keep_figure("activation", mixed, profiles_rows);
    check_kept(script_kept, "; input =", false);
    keep_figure("gradient", profiles_span, profiles_rows);
    check_kept(script_kept, "; cotangent = 1)", true);
    keep_figure("gradient", scaled, profiles_rows);
    check_kept(script_kept, "; last cotangent)", true);
    keep_figure("gradient", mixed, profiles_rows);
    check_kept(script_kept, "; cotangent = 1)", false);
    check_kept(script_kept, "; last cotangent)", false);
}
END_TEST

START_TEST(figures_take_name_and_title)
{
    static const char *const words[] = {"Of another's making", NULL};
    struct saved_list list;
    struct error error;
    struct figure_wish wish = {.directory = folder_name, .name = "other", .title = "Of another's making"};
    profiles_read(&list, "measured", profiles_span, profiles_rows);
    ck_assert_int_eq(figure_draw(figure_find("gradient"), &list, &wish, &error), ERROR_NONE);
    folder_check_svg("other.svg", words);
    ck_assert_int_eq(access(folder_path("gradient.svg"), F_OK), -1);
    saved_free(&list);
}
END_TEST

Suite *figure_suite(void)
{
    Suite *suite = suite_create("figure");
    TCase *tests = folder_case(suite, "gnuplot");
    tcase_add_test(tests, text_is_shown_as_written);
    tcase_add_test(tests, missing_gnuplot_is_said_and_leaves_nothing);
    tcase_add_test(tests, failing_gnuplot_is_quoted_and_keeps_the_old_figure);
    tcase_add_test(tests, killed_gnuplot_is_told);
    tcase_add_test(tests, gnuplot_that_hangs_is_ended);
    tcase_add_test(tests, gnuplot_keeps_its_own_terminal);
    tcase_add_test(tests, gnuplot_is_stopped);
    tcase_add_test(tests, gnuplot_that_draws_nothing_is_an_error);
    tcase_add_test(tests, unwritable_folders_are_named);
    tests = folder_case(suite, "pictures");
    tcase_add_test(tests, figures_are_drawn_and_redrawn);
    tcase_add_loop_test(tests, figures_of_the_table_are_drawn, 0, (int)figure_count);
    tcase_add_test(tests, scatters_show_every_point);
    tcase_add_test(tests, keys_hold_theory_and_long_names);
    tcase_add_loop_test(tests, figures_say_what_profiles_lack, 0, (int)figure_count);
    tcase_add_test(tests, zeros_are_said_not_drawn);
    tcase_add_test(tests, axes_tell_what_went_in);
    tcase_add_test(tests, figures_take_name_and_title);
    return suite;
}
