#include "plots/diagram_text.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/random_formula.h"

static char *drawn;

static void draw(const char *text, bool expands, struct diagram *diagram)
{
    struct formula formula;
    struct error error;
    size_t length;
    FILE *stream = open_memstream(&drawn, &length);
    ck_assert_msg(formula_parse(text, strlen(text), "formula", &formula, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(diagram_init(diagram, &formula, expands, &error), ERROR_NONE);
    ck_assert_int_eq(diagram_text_print(diagram, stream, &error), ERROR_NONE);
    fclose(stream);
    formula_free(&formula);
}

START_TEST(a_picture)
{
    struct diagram diagram;
    draw("y = x + attn(norm(x)); x = y + 2*moe(y, width=F)/sqrt(L) - x", false, &diagram);
    ck_assert_str_eq(drawn, "○        x\n"
                            "├──╮\n"
                            "│  ●     norm\n"
                            "│  ●     attn\n"
                            "├──┤\n"
                            "│  ●     +  → y\n"
                            "│  ├──╮\n"
                            "│  │  ●  moe(width=F)\n"
                            "│  │  ●  * 2\n"
                            "│  │  ●  / sqrt(L)\n"
                            "│  ├──╯\n"
                            "│  ●     +\n"
                            "├──╯\n"
                            "●        -\n"
                            "○        x\n");
    free(drawn);
    diagram_free(&diagram);
}
END_TEST

/* ---- reading a picture back ---- */

enum { ROWS = 1200, LANES = 120 };

/* Cells by row and lane: the characters that stand for a box's end, or lines. */
static struct {
    char cell[ROWS][LANES][4];
    char between[ROWS][LANES][4]; /* behind the lane */
    int rows;
} picture;

static const char *take_character(const char *at, char character[4])
{
    size_t length = (unsigned char)*at < 0x80 ? 1 : 3;
    memset(character, 0, 4);
    memcpy(character, at, length);
    return at + length;
}

/* The rows up to an empty line or a title; *at is moved behind them. */
static void read_rows(const char **at)
{
    memset(&picture, 0, sizeof picture);
    while (**at && **at != '\n') {
        const char *end = strchr(*at, '\n'), *c = *at;
        for (int lane = 0; lane < LANES && c < end && end[-1] != ':'; lane++) {
            c = take_character(c, picture.cell[picture.rows][lane]);
            if (c < end)
                c = take_character(c, picture.between[picture.rows][lane]);
            if (c < end)
                c++, c += (c[-1] & 0x80) ? 2 : 0;
        }
        picture.rows += end[-1] != ':';
        *at = end + 1;
    }
    *at += **at == '\n';
}

static bool is_any(const char *cell, const char *characters)
{
    return *cell && strstr(characters, cell);
}

static bool is_box(int row, int lane)
{
    return is_any(picture.cell[row][lane], "○●");
}

static bool joins_row(int row)
{
    for (int lane = 0; lane < LANES; lane++)
        if (is_box(row, lane))
            return false;
    return true;
}

/* The number of the box on a row: boxes stand in order. */
static int number_of(int row)
{
    int number = 0;
    for (int i = 0; i < row; i++)
        number += !joins_row(i);
    return number;
}

/* The box that the line leaving (row, lane) to above comes from. */
static int source(int row, int lane)
{
    while (!is_box(--row, lane)) {
        ck_assert_int_ge(row, 0);
        ck_assert_msg(is_any(picture.cell[row][lane], "│├┤┼"), "row %d, lane %d: '%s'", row, lane,
                      picture.cell[row][lane]);
    }
    return number_of(row);
}

/* What the lines above a box lead to; found[b] is set for each. */
static void trace(int row, int lane, bool found[])
{
    if (!joins_row(row - 1)) {
        found[source(row, lane)] = true;
        return;
    }
    int joint = row - 1, from = lane, to = lane;
    while (from > 0 && is_any(picture.between[joint][from - 1], "─"))
        from--;
    while (is_any(picture.between[joint][to], "─"))
        to++;
    for (int i = from; i <= to; i++) {
        bool up = is_any(picture.cell[joint][i], "├┤┼╯╰┴");
        if (up)
            found[source(joint, i)] = true;
    }
}

static void check_section(const struct diagram_section *section)
{
    int b = 0;
    for (int row = 0; row < picture.rows; row++) {
        int lane = 0;
        if (joins_row(row))
            continue;
        while (!is_box(row, lane))
            lane++;
        bool found[ROWS] = {0};
        ck_assert_int_lt(b, section->box_count);
        if (section->boxes[b].operand_count > 0)
            trace(row, lane, found);
        for (int i = 0; i < section->boxes[b].operand_count; i++) {
            ck_assert_msg(found[section->boxes[b].operands[i]], "box %d is not joined to %d:\n%s", b,
                          section->boxes[b].operands[i], drawn);
        }
        for (int i = 0; i < section->boxes[b].operand_count; i++)
            found[section->boxes[b].operands[i]] = false;
        for (int i = 0; i < ROWS; i++)
            ck_assert_msg(!found[i], "box %d is joined to %d:\n%s", b, i, drawn);
        b++;
    }
    ck_assert_int_eq(b, section->box_count);
}

/* The picture, read line by line, says of every formula what is computed from what. */
START_TEST(any_picture)
{
    char text[RANDOM_FORMULA_MAX];
    struct diagram diagram;
    random_formula((uint64_t)_i, RANDOM_MOE | RANDOM_OPERATIONS, text);
    draw(text, _i % 2 == 1, &diagram);
    const char *at = drawn;
    for (int s = 0; s < diagram.section_count; s++) {
        read_rows(&at);
        check_section(&diagram.sections[s]);
    }
    free(drawn);
    diagram_free(&diagram);
}
END_TEST

Suite *diagram_text_suite(void)
{
    Suite *suite = suite_create("diagram_text");
    TCase *tcase = tcase_create("diagram_text");
    tcase_add_test(tcase, a_picture);
    tcase_add_loop_test(tcase, any_picture, 0, 40);
    suite_add_tcase(suite, tcase);
    return suite;
}
