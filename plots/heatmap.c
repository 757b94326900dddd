#include "plots/heatmap.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/schema.h"
#include "plots/axis.h"
#include "plots/gnuplot.h"
#include "plots/legend.h"
#include "plots/page.h"
#include "plots/picture.h"
#include "sim/setting.h"
#include "sim/text.h"

/* Colours end at the largest gain or loss, but not beyond 1e6 and not below a factor of 2: what lies beyond is lost
 * either way, and what lies below is the same. */
#define DECADES_MOST  6.0
#define DECADES_LEAST 0.3

/* Bounds of what a file may hold: those of `spanscope map` with room, beyond any picture's use. */
enum { AXIS_MOST = 4096, CELLS_MOST = 1 << 18, MAPS_MOST = 256 };
#define GRADIENT_MOST 2e9 /* decades */
#define COSINE_MOST   1.001

enum { LEVELS_MOST = 9, COSINES = 6, WORDS_SIZE = 2048 };

static const double cosine_levels[COSINES] = {0.1, 0.25, 0.5, 0.75, 0.9, 0.99};

struct map_axis_saved {
    const char *name;
    bool logarithmic;
    size_t count;
    double *values; /* [count], as drawn: log10 where logarithmic */
};

struct map {
    json_t *root;
    struct map_axis_saved x, y;
    const json_t *gradient, *cosine; /* [y.count][x.count] */
    double loss, gain;               /* colours reach from -loss to gain, decades */
    double gradient_range[2], cosine_range[2];
    double error, order_error; /* the largest of what drawn points, and those to first order, err by, infinite where
                                  that is not known; else 0 */
    bool empty;                /* some points have no value */
    struct legend legend;
    const struct style *style;
    const char *title, *name;
};

/* ---- reading ---- */

static int broken(const char *path, size_t line, const char *expected, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected %s", path, line, expected);
}

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* False where the axis is not a name with at least two ascending values. */
static bool read_axis(const json_t *object, struct map_axis_saved *axis)
{
    const json_t *values = json_object_get(object, "values");
    const char *scale = json_string_value(json_object_get(object, "scale"));
    axis->name = json_string_value(json_object_get(object, "name"));
    axis->logarithmic = scale && strcmp(scale, "log") == 0;
    axis->count = json_array_size(values);
    axis->values = calloc(axis->count + 1, sizeof *axis->values);
    if (!axis->name || axis->count < 2 || axis->count > AXIS_MOST || !axis->values)
        return false;
    for (size_t i = 0; i < axis->count; i++) {
        double value = number_of(json_array_get(values, i));
        axis->values[i] = axis->logarithmic ? log10(value) : value;
        if (!isfinite(axis->values[i]) || (i > 0 && axis->values[i] <= axis->values[i - 1]))
            return false;
    }
    const double *v = axis->values; // the ends of the cells are finite too, and differ in a picture
    struct axis drawn = axis_between(false, v[0], v[axis->count - 1]);
    return drawn.lo == v[0] && drawn.hi == v[axis->count - 1];
}

static double value_at(const json_t *table, size_t x, size_t y)
{
    return number_of(json_array_get(json_array_get(table, y), x));
}

/* False where the table has another shape, or more than nulls and numbers of at most most. */
static bool read_table(const struct map *map, const json_t *table, double most, double range[2])
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    if (json_array_size(table) != map->y.count)
        return false;
    for (size_t y = 0; y < map->y.count; y++) {
        const json_t *row = json_array_get(table, y);
        if (json_array_size(row) != map->x.count)
            return false;
        for (size_t x = 0; x < map->x.count; x++) {
            double value = value_at(table, x, y);
            if (!json_is_number(json_array_get(row, x)) && !json_is_null(json_array_get(row, x)))
                return false;
            if (fabs(value) > most)
                return false;
            if (isfinite(value)) {
                range[0] = fmin(range[0], value);
                range[1] = fmax(range[1], value);
            }
        }
    }
    return true;
}

static int interpret(struct map *map, const char *path, size_t line, struct error *error)
{
    const char *schema = json_string_value(json_object_get(map->root, "schema"));
    const json_t *values = json_object_get(map->root, "values"), *config = json_object_get(map->root, "config");
    if (!schema || strcmp(schema, SCHEMA_MAP) != 0)
        return broken(path, line, "schema \"" SCHEMA_MAP "\", as spanscope map writes it", error);
    if (!read_axis(json_object_get(map->root, "x"), &map->x) || !read_axis(json_object_get(map->root, "y"), &map->y))
        return broken(path, line, "\"x\" and \"y\" with a name and ascending values", error);
    map->gradient = json_object_get(values, "log10_gradient_ratio");
    map->cosine = json_object_get(values, "token_cosine");
    if (map->x.count * map->y.count > CELLS_MOST ||
        !read_table(map, map->gradient, GRADIENT_MOST, map->gradient_range) ||
        !read_table(map, map->cosine, COSINE_MOST, map->cosine_range))
        return broken(path, line, "\"log10_gradient_ratio\" and \"token_cosine\", a row of numbers for each y", error);
    if (!json_is_string(json_object_get(config, "placement")) || !json_is_string(json_object_get(config, "init")))
        return broken(path, line, "\"config\" to name \"placement\" and \"init\"", error);
    const json_t *errors = json_object_get(json_object_get(map->root, SCHEMA_ERRORS), "log10_gradient_ratio"),
                 *orders = json_object_get(map->root, SCHEMA_ORDER_ERROR);
    for (size_t y = 0; y < map->y.count; y++)
        for (size_t x = 0; x < map->x.count; x++) {
            bool empty = !isfinite(value_at(map->gradient, x, y));
            double se = value_at(errors, x, y);
            map->empty |= empty;
            map->error = fmax(map->error, errors && !empty && isnan(se) ? INFINITY : se);
            map->order_error = fmax(map->order_error, value_at(orders, x, y));
        }
    map->loss = fmin(DECADES_MOST, fmax(DECADES_LEAST, -map->gradient_range[0]));
    map->gain = fmin(DECADES_MOST, fmax(DECADES_LEAST, map->gradient_range[1]));
    return ERROR_NONE;
}

/* The words of the configuration, as other figures say them. */
static int read_legend(struct map *map, struct error *error)
{
    json_t *config = json_object_get(map->root, "config");
    const char *kind = json_string_value(json_object_get(map->root, "kind"));
    struct saved profile = {.root = map->root,
                            .config = config,
                            .kind = kind ? kind : "predicted",
                            .placement = json_string_value(json_object_get(config, "placement")),
                            .init = json_string_value(json_object_get(config, "init"))};
    struct saved_list list = {&profile, 1};
    struct model model;
    struct error unused;
    if (config_read(config, &model, &unused) == ERROR_NONE) // what the axes set is the default's, and not shown
        profile.model = &model;
    int code = legend_init(&map->legend, &list, NULL, error);
    if (profile.model)
        model_free(&model);
    return code;
}

static void map_free(struct map *map)
{
    free(map->x.values);
    free(map->y.values);
    legend_free(&map->legend);
    json_decref(map->root);
}

/* ---- data and words ---- */

/* Cells reach half way to their neighbours; the outermost as far outwards as inwards. */
static double edge(const struct map_axis_saved *axis, size_t i, int side)
{
    const double *v = axis->values;
    if (i == 0 && side < 0)
        return v[0] - (v[1] - v[0]) / 2;
    if (i == axis->count - 1 && side > 0)
        return v[i] + (v[i] - v[i - 1]) / 2;
    return side < 0 ? (v[i - 1] + v[i]) / 2 : (v[i] + v[i + 1]) / 2;
}

static void print_number(FILE *file, double value, char end)
{
    if (isfinite(value))
        fprintf(file, "%.10g%c", value, end);
    else
        fprintf(file, "NaN%c", end);
}

/* At which width values are predicted, and what those of panel a err by; the limit where nothing is said. */
static void write_reading(const struct map *map, char words[WORDS_SIZE])
{
    const char *name = json_string_value(json_object_get(json_object_get(map->root, SCHEMA_READING), SCHEMA_NAME));
    bool at_width = name && strcmp(name, SCHEMA_AT_WIDTH) == 0;
    size_t length = (size_t)snprintf(words, WORDS_SIZE, "predictions at %s",
                                     at_width ? "the models' own width" : "infinite width");
    if (map->error > 0 && isfinite(map->error))
        length += (size_t)snprintf(words + length, WORDS_SIZE - length,
                                   ", drawn with standard errors of a up to %.2g decades", map->error);
    else if (map->error > 0)
        length += (size_t)snprintf(words + length, WORDS_SIZE - length, ", drawn with errors that are not known");
    if (map->order_error > 0)
        snprintf(words + length, WORDS_SIZE - length, ", to first order in T/d within about %.2g %%",
                 100 * map->order_error);
}

static void print_data(FILE *file, const void *context)
{
    const struct map *map = context;
    char reading[WORDS_SIZE];
    write_reading(map, reading);
    fprintf(
        file,
        "# spanscope plot: map of %s and %s; %s\n# columns: %s%s, %s%s, the cell's edges x_lo x_hi y_lo y_hi, log10 "
        "g_0/g_L, r_L (NaN: none)\n",
        map->x.name, map->y.name, reading, map->x.logarithmic ? "log10 of " : "", map->x.name,
        map->y.logarithmic ? "log10 of " : "", map->y.name);
    for (size_t y = 0; y < map->y.count; y++) {
        for (size_t x = 0; x < map->x.count; x++) {
            const double row[] = {
                map->x.values[x],     map->y.values[y],    edge(&map->x, x, -1),          edge(&map->x, x, 1),
                edge(&map->y, y, -1), edge(&map->y, y, 1), value_at(map->gradient, x, y), value_at(map->cosine, x, y)};
            for (size_t i = 0; i < 8; i++)
                print_number(file, row[i], i < 7 ? ' ' : '\n');
        }
        fprintf(file, "\n"); // gnuplot: the next row of the grid
    }
}

static void write_shown(const struct map *map, char words[WORDS_SIZE])
{
    snprintf(words, WORDS_SIZE, "%s%s%s", map->legend.names[0], *map->legend.caption ? ", " : "", map->legend.caption);
}

/* Titles of files have no lines. */
static void print_text(FILE *file, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
}

static void write_marks(const struct map *map, char words[WORDS_SIZE])
{
    char reading[WORDS_SIZE];
    write_reading(map, reading);
    snprintf(words, WORDS_SIZE,
             "a: ratio of gradient variances, input over output; b: token cosine after the last block; %.512s%s",
             reading, map->empty ? "; grey: outside the range of numbers" : "");
}

static void print_caption(FILE *file, const void *context)
{
    const struct map *map = context;
    char words[WORDS_SIZE], marks[WORDS_SIZE];
    write_shown(map, words);
    write_marks(map, marks);
    print_text(file, map->title);
    fprintf(file, ". %s; %s.\n", words, marks);
}

/* ---- the script ---- */

/* Steps of 1, 2 or 5 times a power of ten, LEVELS_MOST of them or fewer within the range. */
static double level_step(const double range[2])
{
    static const double steps[] = {1, 2, 5};
    for (double power = 0.01; power < GRADIENT_MOST; power *= 10)
        for (int i = 0; i < 3; i++)
            if ((range[1] - range[0]) / (steps[i] * power) < LEVELS_MOST)
                return steps[i] * power;
    return GRADIENT_MOST;
}

/* Computes the contours of a column into a data block; false where no level lies inside. */
static bool print_contours(FILE *script, const char *block, int column, const double levels[], int count)
{
    if (count == 0)
        return false;
    fprintf(script, "set cntrparam levels discrete ");
    for (int i = 0; i < count; i++)
        fprintf(script, "%s%.10g", i > 0 ? "," : "", levels[i]);
    fprintf(script, "\nset table $%s\nsplot data using 1:2:%d\nunset table\n", block, column);
    return true;
}

/* Without 1: where the gradient is kept, its level line is drawn by rounding. The colour shows it. */
static int gradient_levels(const struct map *map, double levels[LEVELS_MOST])
{
    double step = level_step(map->gradient_range), first = ceil(map->gradient_range[0] / step);
    int count = 0;
    for (int i = 0; i <= LEVELS_MOST && (first + i) * step <= map->gradient_range[1] && count < LEVELS_MOST; i++)
        if (first + i != 0)
            levels[count++] = (first + i) * step;
    return count;
}

static int cosine_levels_inside(const struct map *map, double levels[LEVELS_MOST])
{
    int count = 0;
    for (int i = 0; i < COSINES; i++)
        if (cosine_levels[i] > map->cosine_range[0] && cosine_levels[i] < map->cosine_range[1])
            levels[count++] = cosine_levels[i];
    return count;
}

static void print_axis(FILE *script, const struct map_axis_saved *axis, const char *name)
{
    struct axis range = axis_between(axis->logarithmic, edge(axis, 0, -1), edge(axis, axis->count - 1, 1));
    fprintf(script, "set %srange [%.17g:%.17g]\nset %slabel '", name, range.lo, range.hi, name);
    gnuplot_print_plain(script, axis->name);
    struct error unknown;
    const struct setting *setting = setting_find(axis->name, &unknown);
    if (setting && setting->readers == 0 && setting->variable)
        fprintf(script, " of the initialisation");
    else if (setting && setting->letter)
        fprintf(script, " {/:Italic %c}", setting->letter);
    fprintf(script, "'\n");
    if (axis->logarithmic)
        axis_print_tics(&range, name, script);
}

/* One of the two pictures of a map: a column of the data as colours, with lines at levels of it. */
struct panel {
    const char *block; /* of the contours */
    const char *title; /* enhanced text */
    int column;
    int (*levels)(const struct map *map, double levels[LEVELS_MOST]);
    void (*print_colours)(FILE *script, const struct map *map);
};

/* Blue for loss and red for gain by way of white, as far as share of the way: -1 to 1. */
static unsigned diverging(double share)
{
    static const unsigned char stops[5][3] = {
        {0x21, 0x66, 0xAC}, {0x92, 0xC5, 0xDE}, {0xF7, 0xF7, 0xF7}, {0xF4, 0xA5, 0x82}, {0xB2, 0x18, 0x2B}};
    double place = (share + 1) * 2;
    int first = place < 3 ? (int)place : 3;
    unsigned colour = 0;
    for (int i = 0; i < 3; i++)
        colour = colour << 8 |
                 (unsigned)lround(stops[first][i] + (place - first) * (stops[first + 1][i] - stops[first][i]));
    return colour;
}

/* A decade of loss is as deep a colour as one of gain, and the bar ends where the colours do. */
static void print_gradient_colours(FILE *script, const struct map *map)
{
    enum { STOPS = 33 };
    double most = fmax(map->loss, map->gain);
    fprintf(script, "set cbrange [%.6g:%.6g]\nset palette defined (", -map->loss, map->gain);
    for (int i = 0; i < STOPS; i++) {
        double at = -map->loss + (map->loss + map->gain) * i / (STOPS - 1);
        fprintf(script, "%s%.6g '#%06X'", i > 0 ? ", " : "", at, diverging(at / most));
    }
    fprintf(script, ")\nset cblabel 'log_{10} of the ratio'\n");
}

static void print_cosine_colours(FILE *script, const struct map *map)
{
    fprintf(script,
            "set cbrange [%.6g:1]\nset palette defined (0 '#F7FCF5', 0.5 '#74C476', 1 '#00441B')\n"
            "set cblabel 'token cosine'\n",
            fmin(0, map->cosine_range[0]));
}

static const struct panel panels[] = {
    {"gradient", "a  gradient kept, {/:Italic g}_0 / {/:Italic g_L}", 7, gradient_levels, print_gradient_colours},
    {"cosine", "b  token cosine {/:Italic r_L}  (1: collapse)", 8, cosine_levels_inside, print_cosine_colours},
};
enum { PANELS = sizeof panels / sizeof *panels };

/* In ems of the style's type: the colours' bar with its numbers, and what stands above a panel. */
#define BAR_ROOM    8.0
#define PANEL_ABOVE 1.6

/* Beside each other, or on narrow paper one above the other. */
static void print_panel_frame(FILE *script, const struct map *map, const struct page *page, int i)
{
    const struct style *style = page->style;
    bool stacked = style->grows;
    int column = stacked ? 0 : i, row = stacked ? PANELS - 1 - i : 0, columns = stacked ? 1 : PANELS,
        rows = stacked ? PANELS : 1;
    double width = style->width / columns, height = (page->top - page->bottom + PAGE_AXIS * style->type) / rows;
    double left = column * width, bottom = page->bottom + row * height;
    page_print_margins(script, page, left + page->left, left + width - BAR_ROOM * style->type, bottom,
                       bottom + height - (PAGE_AXIS + PANEL_ABOVE) * style->type);
    fprintf(script, "set title '%s' offset 0,-0.4\n", panels[i].title);
    print_axis(script, &map->x, "x");
    print_axis(script, &map->y, "y");
}

/* A label in the middle of each piece of contour. */
static void print_lines(FILE *script, const struct map *map, const struct panel *panel)
{
    const struct style *style = map->style;
    fprintf(script, ", \\\n     $%s using 1:2 with lines lc rgb '#202020' lw %.3g notitle", panel->block, style->thin);
    fprintf(
        script,
        ", \\\n     $%s using 1:2:(sprintf('%%g', $3)) every 10000::6 with labels font ',%g' tc rgb '#202020' boxed "
        "notitle",
        panel->block, style->small);
}

static void print_panels(FILE *script, const struct map *map, const struct page *page, const bool contours[PANELS])
{
    fprintf(script, "set multiplot\n");
    for (int i = 0; i < PANELS; i++) {
        print_panel_frame(script, map, page, i);
        panels[i].print_colours(script, map);
        fprintf(script,
                "clip(v) = v < %.6g ? %.6g : v > %.6g ? %.6g : v\n"
                "plot data using 1:2:3:4:5:6:(%s($%d)) with boxxyerror fc palette fs solid 1 noborder notitle",
                -map->loss, -map->loss, map->gain, map->gain, i == 0 ? "clip" : "", panels[i].column);
        if (contours[i])
            print_lines(script, map, &panels[i]);
        fprintf(script, "\nunset label\n"); // the page's texts are written once
    }
    fprintf(script, "unset multiplot\n");
}

static void make_page(const struct map *map, struct page *page)
{
    char words[WORDS_SIZE], marks[WORDS_SIZE];
    write_shown(map, words);
    write_marks(map, marks);
    page_init(page, map->style, map->name, map->title, words, marks);
    if (map->style->grows) { // room for the second panel
        page->top += map->style->height;
        page->height += map->style->height;
    }
}

/* Characters: a sign for every point, of the gradient's ratio in decades, and of the cosine in tenths. */
static void print_plain_script(FILE *script, const struct map *map)
{
    struct page page;
    page_init(&page, map->style, map->name, map->title, "", "");
    page_print_head(script, &page);
    page_print_plain_terminal(script, &page);
    print_axis(script, &map->x, "x");
    print_axis(script, &map->y, "y");
    fprintf(script, "unset key\nset ylabel offset 2,0\n"
                    "ratio(v) = v != v ? ' ' : v <= -2 ? '=' : v <= -0.3 ? '-' : v < 0.3 ? '.' : v < 2 ? '+' : '#'\n"
                    "tenths(v) = v != v ? ' ' : v < 0 ? '-' : sprintf('%%d', int(9.99*v))\n"
                    "set title 'g_0/g_L: = up to 1/100, - up to 1/2, . kept, + from 2 on, # from 100 on'\n"
                    "plot data using 1:2:(ratio($7)) with labels\n"
                    "set title 'token cosine r_L in tenths: 0 apart, 9 collapsed'\n"
                    "plot data using 1:2:(tenths($8)) with labels\nset output\n");
}

static void print_script(FILE *script, const void *context)
{
    const struct map *map = context;
    if (map->style->plain) {
        print_plain_script(script, map);
        return;
    }
    struct page page;
    bool contours[PANELS];
    make_page(map, &page);
    page_print_head(script, &page);
    fprintf(script,
            "set border 15 lc rgb '#404040' lw %.3g\nset style textbox opaque noborder margins 0.3,0.1 fc rgb "
            "'#F7F7F7'\n",
            map->style->thin / 2);
    fprintf(script, "set contour base\nunset surface\nset cntrparam linear\n");
    for (int i = 0; i < PANELS; i++) {
        double levels[LEVELS_MOST];
        contours[i] = print_contours(script, panels[i].block, panels[i].column, levels, panels[i].levels(map, levels));
    }
    fprintf(script, "unset contour\nunset key\n");
    fprintf(script, "set object 1 rectangle from graph 0,0 to graph 1,1 fc rgb '#C8C8C8' fs solid noborder behind\n");
    for (int i = 0; i < PICTURES; i++) {
        picture_print(script, i, map->style, page.height, map->name);
        page_print_texts(script, &page);
        print_panels(script, map, &page, contours);
    }
    fprintf(script, "set output\n");
}

/* ---- drawing ---- */

void heatmap_name(const struct figure_wish *wish, int i, char *name, size_t size)
{
    const char *base = wish->name ? wish->name : MAP_FIGURE;
    if (i == 0)
        snprintf(name, size, "%s", base);
    else
        snprintf(name, size, "%s-%d", base, i + 1);
}

/* Takes root over. */
static int draw_map(json_t *root, const char *path, size_t line, const struct figure_wish *wish, int number,
                    struct error *error)
{
    char name[160];
    heatmap_name(wish, number, name, sizeof name);
    struct map map = {.root = root,
                      .style = wish->style ? wish->style : &styles[0],
                      .title = wish->title ? wish->title : MAP_TITLE,
                      .name = name};
    publish_print *const prints[] = {print_script, print_data, print_caption};
    int code = number < MAPS_MOST ? interpret(&map, path, line, error)
                                  : error_set(error, ERROR_RESOURCE, "%.300s: more than %d maps", path, MAPS_MOST);
    if (code == ERROR_NONE)
        code = read_legend(&map, error);
    if (code == ERROR_NONE)
        code = (wish->publish ? wish->publish : publish)(wish->directory, name, prints, &map, wish->stop, error);
    map_free(&map);
    return code;
}

static int draw_all(struct document_reader *reader, const struct figure_wish *wish, int *drawn, struct error *error)
{
    json_t *root;
    size_t line;
    int code = document_next(reader, &root, &line, error);
    while (code == ERROR_NONE && root) {
        code = draw_map(root, reader->path, line, wish, *drawn, error);
        *drawn += code == ERROR_NONE;
        if (code == ERROR_NONE)
            code = document_next(reader, &root, &line, error);
    }
    if (code == ERROR_NONE && *drawn == 0)
        code = error_set(error, ERROR_RESOURCE, "%.400s holds no map", reader->path);
    return code;
}

int heatmap_draw(struct document_reader *reader, const struct figure_wish *wish, int *drawn, struct error *error)
{
    *drawn = 0;
    locale_t numbers = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (numbers == (locale_t)0)
        return error_set(error, ERROR_RESOURCE, "out of memory for the C locale");
    locale_t before = uselocale(numbers);
    int code = draw_all(reader, wish, drawn, error);
    uselocale(before);
    freelocale(numbers);
    return code;
}

bool heatmap_is(const json_t *root)
{
    const char *schema = json_string_value(json_object_get(root, SCHEMA_KEY));
    return schema && strcmp(schema, SCHEMA_MAP) == 0;
}
