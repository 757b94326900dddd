#include "plots/heatmap.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plots/axis.h"
#include "plots/gnuplot.h"
#include "plots/legend.h"
#include "plots/picture.h"
#include "sim/setting.h"
#include "sim/text.h"

/* Colours end at the largest gain or loss, but not beyond 1e6 and not below a factor of 2: what lies beyond is lost
 * either way, and what lies below is the same. */
#define DECADES_MOST  6.0
#define DECADES_LEAST 0.3

enum { LEVELS_MOST = 7, COSINES = 6 };

static const double cosine_levels[COSINES] = {0.1, 0.25, 0.5, 0.75, 0.9, 0.99};

struct map_axis_saved {
    const char *name;
    bool logarithmic;
    size_t count;
    double *values; /* [count], as drawn: log10 where logarithmic */
};

struct map_page {
    json_t *root;
    struct map_axis_saved x, y;
    const json_t *gradient, *cosine; /* [y.count][x.count] */
    double decades;                  /* colours reach from -decades to decades */
    double gradient_range[2], cosine_range[2];
    bool empty; /* some points have no value */
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
    axis->logarithmic = scale != NULL && strcmp(scale, "log") == 0;
    axis->count = json_array_size(values);
    axis->values = calloc(axis->count + 1, sizeof *axis->values);
    if (axis->name == NULL || axis->count < 2 || axis->values == NULL)
        return false;
    for (size_t i = 0; i < axis->count; i++) {
        double value = number_of(json_array_get(values, i));
        axis->values[i] = axis->logarithmic ? log10(value) : value;
        if (!isfinite(axis->values[i]) || (i > 0 && axis->values[i] <= axis->values[i - 1]))
            return false;
    }
    return true;
}

static double value_at(const json_t *table, size_t x, size_t y)
{
    return number_of(json_array_get(json_array_get(table, y), x));
}

/* False where the table has another shape, or more than numbers and nulls. */
static bool read_table(const struct map_page *page, const json_t *table, double range[2])
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    if (json_array_size(table) != page->y.count)
        return false;
    for (size_t y = 0; y < page->y.count; y++) {
        const json_t *row = json_array_get(table, y);
        if (json_array_size(row) != page->x.count)
            return false;
        for (size_t x = 0; x < page->x.count; x++) {
            double value = value_at(table, x, y);
            if (!json_is_number(json_array_get(row, x)) && !json_is_null(json_array_get(row, x)))
                return false;
            if (isfinite(value)) {
                range[0] = fmin(range[0], value);
                range[1] = fmax(range[1], value);
            }
        }
    }
    return true;
}

static int interpret(struct map_page *page, const char *path, size_t line, struct error *error)
{
    const char *schema = json_string_value(json_object_get(page->root, "schema"));
    const json_t *values = json_object_get(page->root, "values"), *config = json_object_get(page->root, "config");
    if (schema == NULL || strcmp(schema, MAP_SCHEMA) != 0)
        return broken(path, line, "schema \"" MAP_SCHEMA "\", as spanscope map writes it", error);
    if (!read_axis(json_object_get(page->root, "x"), &page->x) ||
        !read_axis(json_object_get(page->root, "y"), &page->y))
        return broken(path, line, "\"x\" and \"y\" with a name and ascending values", error);
    page->gradient = json_object_get(values, "log10_gradient_ratio");
    page->cosine = json_object_get(values, "token_cosine");
    if (!read_table(page, page->gradient, page->gradient_range) || !read_table(page, page->cosine, page->cosine_range))
        return broken(path, line, "\"log10_gradient_ratio\" and \"token_cosine\", a row of numbers for each y", error);
    if (!json_is_string(json_object_get(config, "placement")) || !json_is_string(json_object_get(config, "init")))
        return broken(path, line, "\"config\" to name \"placement\" and \"init\"", error);
    for (size_t y = 0; y < page->y.count; y++)
        for (size_t x = 0; x < page->x.count; x++)
            page->empty |= !isfinite(value_at(page->gradient, x, y));
    double most = fmax(-page->gradient_range[0], page->gradient_range[1]);
    page->decades = fmin(DECADES_MOST, fmax(DECADES_LEAST, most));
    return ERROR_NONE;
}

/* The words of the configuration, as other figures say them. */
static int read_legend(struct map_page *page, struct error *error)
{
    json_t *config = json_object_get(page->root, "config");
    const char *kind = json_string_value(json_object_get(page->root, "kind"));
    struct saved profile = {.root = page->root,
                            .config = config,
                            .kind = kind != NULL ? kind : "predicted",
                            .placement = json_string_value(json_object_get(config, "placement")),
                            .init = json_string_value(json_object_get(config, "init"))};
    struct saved_list list = {&profile, 1};
    return legend_init(&page->legend, &list, NULL, error);
}

static void page_free(struct map_page *page)
{
    free(page->x.values);
    free(page->y.values);
    legend_free(&page->legend);
    json_decref(page->root);
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

static void print_data(FILE *file, const void *context)
{
    const struct map_page *page = context;
    fprintf(file,
            "# spanscope plot: map of %s and %s\n# columns: %s%s, %s%s, the cell's edges x_lo x_hi y_lo y_hi, log10 "
            "g_0/g_L, r_L (NaN: none)\n",
            page->x.name, page->y.name, page->x.logarithmic ? "log10 of " : "", page->x.name,
            page->y.logarithmic ? "log10 of " : "", page->y.name);
    for (size_t y = 0; y < page->y.count; y++) {
        for (size_t x = 0; x < page->x.count; x++) {
            const double row[] = {page->x.values[x],
                                  page->y.values[y],
                                  edge(&page->x, x, -1),
                                  edge(&page->x, x, 1),
                                  edge(&page->y, y, -1),
                                  edge(&page->y, y, 1),
                                  value_at(page->gradient, x, y),
                                  value_at(page->cosine, x, y)};
            for (size_t i = 0; i < 8; i++)
                print_number(file, row[i], i < 7 ? ' ' : '\n');
        }
        fprintf(file, "\n"); // gnuplot: the next row of the grid
    }
}

static void write_words(const struct map_page *page, struct text *text)
{
    text_print(text, "%s%s%s", page->legend.names[0], page->legend.caption[0] != '\0' ? ", " : "",
               page->legend.caption);
    text_print(text, "; colour and solid lines: ratio of gradient variances, input over output; dashed lines: token "
                     "cosine after the last block");
    if (page->empty)
        text_print(text, "; grey: outside the range of numbers");
}

static void print_caption(FILE *file, const void *context)
{
    const struct map_page *page = context;
    char words[2000] = "";
    struct text text = {words, sizeof words, 0};
    write_words(page, &text);
    fprintf(file, "%s. %s.\n", page->title, words);
}

/* ---- the script ---- */

/* Steps of 1, 2 or 5 times a power of ten, LEVELS_MOST of them or fewer within the range. */
static double level_step(const double range[2])
{
    static const double steps[] = {1, 2, 5};
    for (double power = 0.01; power < 1e9; power *= 10)
        for (int i = 0; i < 3; i++)
            if ((range[1] - range[0]) / (steps[i] * power) < LEVELS_MOST)
                return steps[i] * power;
    return INFINITY;
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
static int gradient_levels(const struct map_page *page, double levels[LEVELS_MOST + 2])
{
    double step = level_step(page->gradient_range);
    int count = 0;
    for (double k = ceil(page->gradient_range[0] / step); k * step <= page->gradient_range[1] && count <= LEVELS_MOST;
         k++)
        if (k != 0)
            levels[count++] = k * step;
    return count;
}

static int cosine_levels_inside(const struct map_page *page, double levels[COSINES])
{
    int count = 0;
    for (int i = 0; i < COSINES; i++)
        if (cosine_levels[i] > page->cosine_range[0] && cosine_levels[i] < page->cosine_range[1])
            levels[count++] = cosine_levels[i];
    return count;
}

static void print_axis(FILE *script, const struct map_axis_saved *axis, const char *name)
{
    struct axis range = {axis->logarithmic, edge(axis, 0, -1), edge(axis, axis->count - 1, 1)};
    fprintf(script, "set %srange [%.10g:%.10g]\nset %slabel '", name, range.lo, range.hi, name);
    gnuplot_print_plain(script, axis->name);
    struct error unknown;
    const struct setting *setting = setting_find(axis->name, &unknown);
    if (setting != NULL && setting->readers == 0 && setting->variable != NULL)
        fprintf(script, " of the initialisation");
    else if (setting != NULL && setting->letter != 0)
        fprintf(script, " {/:Italic %c}", setting->letter);
    fprintf(script, "'\n");
    if (axis->logarithmic)
        axis_print_tics(&range, name, script);
}

static void print_frame(FILE *script, const struct map_page *page, double height)
{
    const struct style *style = page->style;
    double left = 6.4 * style->type, right = style->width - 11 * style->type;
    double top = height - (style->title > 0 ? 2.2 * style->title : 1 * style->type) - 1.8 * style->small;
    fprintf(script,
            "set lmargin at screen %.4f\nset rmargin at screen %.4f\nset bmargin at screen %.4f\nset tmargin at "
            "screen %.4f\n",
            left / style->width, right / style->width, (5 * style->type + 4.5 * style->small) / height, top / height);
    if (style->title > 0) {
        double type = fmin(style->title, 0.96 * style->width / (0.6 * (double)strlen(page->title)));
        fprintf(script, "set label '");
        gnuplot_print_plain(script, page->title);
        fprintf(script, "' at screen 0.5,%.4f center font ',%.3g'\n", 1 - 1.1 * style->title / height, type);
    }
    fprintf(script, "set key at screen %.4f,%.4f left bottom horizontal Left reverse samplen 3 font ',%g'\n",
            left / style->width, (top + 0.2 * style->small) / height, style->small);
    fprintf(script, "set cbrange [%.6g:%.6g]\nset cblabel 'log_{10} {/:Italic g}_0 / {/:Italic g_L}'\n", -page->decades,
            page->decades);
    fprintf(script, "set palette defined (-1 '#2166AC', -0.5 '#92C5DE', 0 '#F7F7F7', 0.5 '#F4A582', 1 '#B2182B')\n");
    fprintf(script, "set object 1 rectangle from graph 0,0 to graph 1,1 fc rgb '#C8C8C8' fs solid noborder behind\n");
    print_axis(script, &page->x, "x");
    print_axis(script, &page->y, "y");
}

/* The words below, broken at commas and semicolons. */
static void print_words(FILE *script, const struct map_page *page, double height)
{
    char words[2000] = "";
    struct text text = {words, sizeof words, 0};
    const struct style *style = page->style;
    write_words(page, &text);
    size_t limit = (size_t)(0.96 * style->width / (0.54 * style->small));
    int line = 0;
    for (const char *rest = words; *rest != '\0' && line < 3; line++) {
        size_t cut = strlen(rest);
        for (size_t i = 0; cut > limit && i < limit; i++)
            if ((rest[i] == ',' || rest[i] == ';') && rest[i + 1] == ' ')
                cut = strlen(rest + i + 2) + i + 2 > limit ? i + 2 : cut;
        size_t last = cut;
        if (strlen(rest) > limit) // the last break before the limit
            for (size_t i = 0; i < limit; i++)
                if ((rest[i] == ',' || rest[i] == ';') && rest[i + 1] == ' ')
                    last = i + 2;
        char piece[2000];
        snprintf(piece, sizeof piece, "%.*s", (int)last, rest);
        fprintf(script, "set label '");
        gnuplot_print_plain(script, piece);
        fprintf(script, "' at screen 0.5,%.4f center font ',%g' tc rgb '#404040'\n",
                (1.3 * (3 - line) - 0.4) * style->small / height, style->small);
        rest += last;
    }
}

/* A label in the middle of each piece of contour. */
static void print_lines(FILE *script, const struct map_page *page, const char *block, const char *dash,
                        const char *colour, const char *format)
{
    const struct style *style = page->style;
    fprintf(script, ", \\\n     $%s using 1:2 with lines lc rgb '%s' lw %.3g dt %s notitle", block, colour, style->thin,
            dash);
    fprintf(script,
            ", \\\n     $%s using 1:2:(sprintf('%s', $3)) every 10000::6 with labels font ',%g' tc rgb '%s' boxed "
            "notitle",
            block, format, style->small, colour);
}

static void print_script(FILE *script, const void *context)
{
    const struct map_page *page = context;
    double height = page->style->height + 3 * page->style->small, levels[LEVELS_MOST + 2];
    fprintf(script, "# Written by spanscope plot. Redraw here with: gnuplot %s.gp\n", page->name);
    fprintf(script, "set encoding utf8\ndata = '%s.dat'\nset tics nomirror out scale 0.6,0.35\nset format '%%g'\n",
            page->name);
    fprintf(script,
            "set border 15 lc rgb '#404040' lw %.3g\nset style textbox opaque noborder margins 0.3,0.1 fc rgb "
            "'#F7F7F7'\n",
            page->style->thin / 2);
    fprintf(script, "set contour base\nunset surface\nset cntrparam linear\n");
    bool gradient = print_contours(script, "gradient", 7, levels, gradient_levels(page, levels));
    bool cosine = print_contours(script, "cosine", 8, levels, cosine_levels_inside(page, levels));
    fprintf(script, "unset contour\n");
    print_frame(script, page, height);
    print_words(script, page, height);
    fprintf(script, "clip(v) = v < %.6g ? %.6g : v > %.6g ? %.6g : v\n", -page->decades, -page->decades, page->decades,
            page->decades);
    for (int i = 0; i < PICTURES; i++) {
        picture_print(script, i, page->style, height, page->name);
        if (i > 0) {
            fprintf(script, "replot\n");
            continue;
        }
        fprintf(script, "plot data using 1:2:3:4:5:6:(clip($7)) with boxxyerror fc palette fs solid 1 noborder "
                        "notitle");
        if (gradient) {
            print_lines(script, page, "gradient", "solid", "#202020", "10^{%g}");
            fprintf(script,
                    ", \\\n     keyentry with lines lc rgb '#202020' lw %.3g title '{/:Italic g}_0 / {/:Italic "
                    "g_L}'",
                    page->style->thin);
        }
        if (cosine) {
            print_lines(script, page, "cosine", "(8,5)", "#006837", "%g");
            fprintf(script,
                    ", \\\n     keyentry with lines lc rgb '#006837' lw %.3g dt (8,5) title 'token cosine "
                    "{/:Italic r_L}'",
                    page->style->thin);
        }
        fprintf(script, "\n");
    }
    fprintf(script, "set output\n");
}

/* ---- drawing ---- */

void heatmap_name(const struct figure_wish *wish, int i, char *name, size_t size)
{
    const char *base = wish->name != NULL ? wish->name : MAP_FIGURE;
    if (i == 0)
        snprintf(name, size, "%s", base);
    else
        snprintf(name, size, "%s-%d", base, i + 1);
}

static int draw_line(const char *text, size_t length, const char *path, size_t line, const struct figure_wish *wish,
                     int number, struct error *error)
{
    char name[160];
    json_error_t why;
    heatmap_name(wish, number, name, sizeof name);
    struct map_page page = {.root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why),
                            .style = wish->style != NULL ? wish->style : &styles[0],
                            .title = wish->title != NULL ? wish->title : MAP_TITLE,
                            .name = name};
    if (page.root == NULL)
        return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: not JSON: %.200s", path, line, why.text);
    int code = interpret(&page, path, line, error);
    if (code == ERROR_NONE)
        code = read_legend(&page, error);
    if (code == ERROR_NONE)
        code = publish(wish->directory, name, (publish_print *const[]){print_script, print_data, print_caption}, &page,
                       error);
    page_free(&page);
    return code;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

static int draw_lines(FILE *file, const char *path, const struct figure_wish *wish, int *drawn, struct error *error)
{
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t length;
    int code = ERROR_NONE;
    while (code == ERROR_NONE && (length = getline(&line, &room, file)) >= 0) {
        number++;
        if (is_blank(line))
            continue;
        code = draw_line(line, (size_t)length, path, number, wish, *drawn, error);
        *drawn += code == ERROR_NONE;
    }
    if (code == ERROR_NONE && ferror(file))
        code = error_set(error, ERROR_RESOURCE, "cannot read %.400s: %s", path, strerror(errno));
    if (code == ERROR_NONE && *drawn == 0)
        code = error_set(error, ERROR_RESOURCE, "%.400s holds no map", path);
    free(line);
    return code;
}

int heatmap_draw(const char *path, const struct figure_wish *wish, int *drawn, struct error *error)
{
    *drawn = 0;
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    if (file == NULL)
        return error_set(error, ERROR_RESOURCE, "cannot read %.400s: %s", path, strerror(errno));
    locale_t numbers = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    int code = ERROR_NONE;
    if (numbers == (locale_t)0) {
        code = error_set(error, ERROR_RESOURCE, "out of memory for the C locale");
    } else {
        locale_t before = uselocale(numbers);
        code = draw_lines(file, standard ? "standard input" : path, wish, drawn, error);
        uselocale(before);
        freelocale(numbers);
    }
    if (!standard)
        fclose(file);
    return code;
}

bool heatmap_is_saved(const char *path)
{
    char start[256] = "";
    FILE *file = strcmp(path, "-") == 0 ? NULL : fopen(path, "re");
    if (file == NULL)
        return false;
    size_t length = fread(start, 1, sizeof start - 1, file);
    start[length] = '\0';
    fclose(file);
    return strstr(start, "\"" MAP_SCHEMA "\"") != NULL;
}
