/* Maps drawn from their files: plots/map. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plots/heatmap.h"
#include "tests/folder.h"
#include <check.h>

#define MAP_HEAD                                                                                                       \
    "{\"schema\":\"spanscope/map/"                                                                                     \
    "1\",\"kind\":\"predicted\",\"config\":{\"placement\":\"postnorm\",\"init\":\"unit\"},"
#define MAP_X "\"x\":{\"name\":\"layers\",\"scale\":\"log\",\"values\":[1,10,1000]},"
#define MAP_Y "\"y\":{\"name\":\"input-scale\",\"scale\":\"lin\",\"values\":[0.5,1.5]},"
#define MAP_VALUES                                                                                                     \
    "\"values\":{\"log10_gradient_ratio\":[[-1,-2,-3],[-1,-4,null]],\"token_cosine\":[[0,0.3,0.6],[0.1,1,null]]}}"

static int draw_file(const char *name, const struct figure_wish *wish, int *drawn, struct error *error)
{
    struct document_reader reader;
    int code = document_open(&reader, folder_path(name), error);
    if (code == ERROR_NONE)
        code = heatmap_draw(&reader, wish, drawn, error);
    document_close(&reader);
    return code;
}

/* One point is missing; cells reach half way to their neighbours, in decades on the logarithmic axis. */
START_TEST(maps_are_drawn)
{
    static const char *const words[] = {"layers", "input-scale", "postnorm", NULL};
    struct figure_wish wish = {.directory = folder_name};
    struct error error;
    int drawn;
    folder_write("maps.json", MAP_HEAD MAP_X MAP_Y MAP_VALUES "\n\n" MAP_HEAD MAP_X MAP_Y MAP_VALUES "\n");
    ck_assert_msg(draw_file("maps.json", &wish, &drawn, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(drawn, 2);
    folder_check_svg("map.svg", words);
    folder_check_svg("map-2.svg", words);
    size_t length;
    char *data = folder_read("map.dat", &length);
    ck_assert_ptr_nonnull(strstr(data, "\n1 0.5 0.5 2 0 1 -2 0.3\n"));
    ck_assert_ptr_nonnull(strstr(data, "\n3 1.5 2 4 1 2 NaN NaN\n"));
    free(data);
}
END_TEST

/* Captions and data say at which width the values are, and what they err by. */
static const struct {
    const char *members, *words;
} readings[] = {
    {"", "predictions at infinite width"},
    {"\"reading\":{\"name\":\"width-limit\"},", "predictions at infinite width"},
    {"\"reading\":{\"name\":\"at-width\"},\"errors\":{\"log10_gradient_ratio\":[[0,0.25,0],[0,0.125,null]]},"
     "\"order_error\":[[0.03,null,0.04],[0.01,null,null]],",
     "predictions at the models' own width, drawn with standard errors of a up to 0.25 decades, to first order in T/d "
     "within about 4 %"},
    {"\"reading\":{\"name\":\"at-width\"},\"errors\":{\"log10_gradient_ratio\":[[0,null,0],[0,0.125,null]]},",
     "predictions at the models' own width, drawn with errors that are not known"},
};

START_TEST(captions_name_the_reading)
{
    struct figure_wish wish = {.directory = folder_name};
    struct error error;
    char text[2048], words[512];
    int drawn;
    size_t length;
    snprintf(text, sizeof text, "%s%s%s", MAP_HEAD MAP_X MAP_Y, readings[_i].members, MAP_VALUES "\n");
    folder_write("maps.json", text);
    ck_assert_msg(draw_file("maps.json", &wish, &drawn, &error) == ERROR_NONE, "%s", error.text);
    char *caption = folder_read("map.txt", &length), *data = folder_read("map.dat", &length);
    snprintf(words, sizeof words, "; %s; grey: outside the range of numbers.\n", readings[_i].words);
    ck_assert_msg(strstr(caption, words) != NULL, "%s", caption);
    snprintf(words, sizeof words, "# spanscope plot: map of layers and input-scale; %s\n", readings[_i].words);
    ck_assert_msg(strncmp(data, words, strlen(words)) == 0, "%s", data);
    free(caption);
    free(data);
}
END_TEST

static const struct {
    const char *text, *words;
} broken_maps[] = {
    {"", "holds no map"},
    {"{\"schema\":\"spanscope/profile/1\"}", "spanscope/map/1"},
    {MAP_HEAD, "not JSON"},
    {MAP_HEAD MAP_X MAP_VALUES, "ascending values"},
    {MAP_HEAD "\"x\":{\"name\":\"c\",\"scale\":\"log\",\"values\":[0,1]}," MAP_Y MAP_VALUES, "ascending values"},
    {MAP_HEAD MAP_X "\"y\":{\"name\":\"c\",\"values\":[1,2,3]}," MAP_VALUES, "a row of numbers for each y"},
    {MAP_HEAD MAP_X MAP_Y "\"values\":{}}", "a row of numbers for each y"},
};

START_TEST(broken_maps_are_told)
{
    struct figure_wish wish = {.directory = folder_name};
    struct error error;
    int drawn;
    folder_write("maps.json", broken_maps[_i].text);
    ck_assert_int_eq(draw_file("maps.json", &wish, &drawn, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, broken_maps[_i].words) != NULL, "%s", error.text);
    ck_assert_int_eq(drawn, 0);
    ck_assert_int_eq(folder_entries(folder_path(".")), 1);
}
END_TEST

Suite *heatmap_suite(void)
{
    Suite *suite = suite_create("heatmap");
    TCase *tests = folder_case(suite, "heatmap");
    tcase_add_test(tests, maps_are_drawn);
    tcase_add_loop_test(tests, captions_name_the_reading, 0, (int)(sizeof readings / sizeof *readings));
    tcase_add_loop_test(tests, broken_maps_are_told, 0, (int)(sizeof broken_maps / sizeof *broken_maps));
    return suite;
}
