#include "plots/label.h"

#include <math.h>

#include <check.h>

/* A plot of these sizes, in points; GAP is asked for between texts and all else. */
enum { WIDTH = 300, HEIGHT = 200, TYPE = 10, GAP = 3 };

static const double LENGTH = 80;

static struct label line(double first, double last)
{
    struct label label = {.length = LENGTH};
    for (int i = 0; i < LABEL_SAMPLES; i++)
        label.curve[i] = first + (last - first) * i / (LABEL_SAMPLES - 1);
    return label;
}

static void place(struct label labels[], size_t count)
{
    label_place(labels, count, WIDTH, HEIGHT, TYPE, GAP);
}

/* Vertical distance of the text to a straight curve, which is least at one of its ends: 0 where it crosses. */
static double distance(const struct label *text, const struct label *curve)
{
    double least = INFINITY, step = (double)WIDTH / (LABEL_SAMPLES - 1);
    int above = 0, below = 0;
    for (int i = 0; i < LABEL_SAMPLES; i++) {
        if (i * step < text->x || i * step > text->x + text->length || isnan(curve->curve[i]))
            continue;
        double over = curve->curve[i] - (text->y + TYPE / 2.0), under = text->y - TYPE / 2.0 - curve->curve[i];
        above += over >= 0;
        below += under >= 0;
        least = fmin(least, fmax(fmax(over, under), 0));
    }
    return above > 0 && below > 0 ? 0 : least;
}

static void check_inside(const struct label *label)
{
    ck_assert(label->placed);
    ck_assert(isfinite(label->x) && isfinite(label->y));
    ck_assert(label->x >= 0 && label->x + label->length <= WIDTH);
    ck_assert(label->y - TYPE / 2.0 >= 0 && label->y + TYPE / 2.0 <= HEIGHT);
}

static void check_clear(const struct label labels[], size_t count)
{
    const double rounding = 0.01 * GAP + 1e-9; // a place may miss the gap by a hundredth of it
    for (size_t i = 0; i < count; i++) {
        check_inside(&labels[i]);
        for (size_t j = 0; j < count; j++)
            ck_assert_msg(distance(&labels[i], &labels[j]) >= GAP - rounding, "text %zu, curve %zu: %g", i, j,
                          distance(&labels[i], &labels[j]));
        for (size_t j = 0; j < i; j++)
            ck_assert(fabs(labels[i].y - labels[j].y) >= TYPE || labels[i].x >= labels[j].x + LENGTH ||
                      labels[j].x >= labels[i].x + LENGTH);
    }
}

/* The text stands next to its own curve: between two near ones there is no room. */
START_TEST(texts_stand_by_their_curves)
{
    struct label labels[] = {line(100, 100), line(110, 110), line(20, 180)};
    place(labels, 3);
    check_clear(labels, 3);
    ck_assert_double_eq_tol(labels[0].y, 100 - GAP - TYPE / 2.0, 1e-9);
    ck_assert_double_eq_tol(labels[1].y, 110 + GAP + TYPE / 2.0, 1e-9);
}
END_TEST

/* Curves at the edges have their texts on the inner side. */
START_TEST(texts_stay_in_the_plot)
{
    struct label labels[] = {line(0, 0), line(HEIGHT, HEIGHT)};
    place(labels, 2);
    check_clear(labels, 2);
    ck_assert(labels[0].y > 0 && labels[1].y < HEIGHT);
}
END_TEST

/* Two curves that fall together: their texts do not. */
START_TEST(texts_do_not_meet)
{
    struct label labels[] = {line(100, 100), line(100, 100), line(100, 100)};
    place(labels, 3);
    check_clear(labels, 3);
}
END_TEST

START_TEST(what_has_no_room_has_no_text)
{
    struct label dense[20], alone = line(100, 100);
    for (int i = 0; i < 20; i++)
        dense[i] = line(10 * i, 10 * i); // 10 points apart: type alone is as high
    place(dense, 20);
    for (int i = 1; i < 19; i++)
        ck_assert_msg(!dense[i].placed, "%d", i);
    alone.length = WIDTH + 1;
    place(&alone, 1);
    ck_assert(!alone.placed);
    alone.length = 0;
    place(&alone, 1);
    ck_assert(!alone.placed);
}
END_TEST

/* A curve that ends early: no text hangs in the air beside it. */
START_TEST(texts_stand_where_curves_are_drawn)
{
    struct label label = line(50, 120);
    for (int i = 0; i < LABEL_SAMPLES; i++)
        if (i < LABEL_SAMPLES / 3 || i > 3 * LABEL_SAMPLES / 4)
            label.curve[i] = NAN;
    place(&label, 1);
    check_inside(&label);
    ck_assert(label.x >= WIDTH / 3.0 - 2 && label.x + LENGTH <= 0.75 * WIDTH + 2);
    for (int i = 0; i < LABEL_SAMPLES; i++)
        label.curve[i] = NAN;
    place(&label, 1);
    ck_assert(!label.placed);
}
END_TEST

Suite *label_suite(void)
{
    Suite *suite = suite_create("label");
    TCase *tests = tcase_create("label");
    tcase_add_test(tests, texts_stand_by_their_curves);
    tcase_add_test(tests, texts_stay_in_the_plot);
    tcase_add_test(tests, texts_do_not_meet);
    tcase_add_test(tests, what_has_no_room_has_no_text);
    tcase_add_test(tests, texts_stand_where_curves_are_drawn);
    suite_add_tcase(suite, tests);
    return suite;
}
