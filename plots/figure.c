#include "plots/figure.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plots/gnuplot.h"
#include "sim/text.h"

const struct figure figures[] = {
    {.name = "activation",
     .title = "Activation variance against depth",
     .y_label = "activation variance {/:Italic q_l}  (mean square; input = 1)",
     .scale = FIGURE_EITHER,
     .choice = {SERIES_BY_LAYER, {{"activation_variance", NULL}}},
     .wish = {.least = 0, .most = INFINITY, .span = 0.8, .relative_span = 0.5}},
    {.name = "gradient",
     .title = "Gradient variance against depth",
     .y_label = "gradient variance {/:Italic g_l}  (mean square; cotangent = 1)",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {SERIES_BY_LAYER, {{"gradient_variance", "total"}, {"gradient_specific", "token-specific"}}},
     .wish = {.span = 1}},
    {.name = "layer-cosine",
     .title = "Cosine between successive layers against depth",
     .y_label = "layer cosine  cos({/:Italic x_{l-1}}, {/:Italic x_l})  (1 = idle layer)",
     .scale = FIGURE_LINEAR,
     .choice = {SERIES_BY_LAYER, {{"layer_cosine", NULL}}},
     .wish = {.least = -1, .most = 1, .span = 0.1}},
    {.name = "token-cosine",
     .title = "Cosine between tokens against depth",
     .y_label = "token cosine {/:Italic r_l}  (1 = rank collapse)",
     .scale = FIGURE_LINEAR,
     .choice = {SERIES_BY_LAYER, {{"token_cosine", NULL}}},
     .wish = {.least = -1, .most = 1, .span = 0.1}},
    {.name = "entropy",
     .title = "Attention entropy against depth",
     .y_label = "attention entropy  (nat)",
     .scale = FIGURE_LINEAR,
     .choice = {SERIES_BY_LAYER, {{"attention_entropy", NULL}}},
     .wish = {.least = 0, .most = INFINITY, .span = 0.1, .relative_span = 0.2}},
    {.name = "branch-ratio",
     .title = "Size of the branches against depth",
     .y_label = "branch output over block input  (ratio of mean squares)",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {SERIES_BY_LAYER, {{"branch_ratio.ffn", "ffn"}, {"branch_ratio.attn", "attn"}}},
     .wish = {.span = 1}},
    {.name = "weight-gradient",
     .title = "Weight gradients against depth",
     .y_label = "weight gradient variance  (mean square per entry)",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {SERIES_BY_LAYER,
                {{"weight_gradient_variance.ffn.w2", "ffn w2"}, {"weight_gradient_variance.attn.wo", "attn wo"}}},
     .wish = {.span = 1}},
    {.name = "depth-scaling",
     .title = "Gradient through the whole stack against its depth",
     .y_label = "{/:Italic g}_0 / {/:Italic g_L}  (ratio of gradient variances)",
     .scale = FIGURE_LOGARITHMIC,
     .choice = {SERIES_BY_DEPTH, {{"gradient_variance", NULL}}},
     .wish = {.span = 1}},
};
const size_t figure_count = sizeof figures / sizeof *figures;

const char *const figure_suffixes[FIGURE_FILES] = {"gp", "dat", "svg", "png"};

/* Okabe and Ito's colours, told apart with any colour vision; their yellow is too light for a line on white. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"};
enum { COLOURS = sizeof colours / sizeof *colours };
static const char grey[] = "#707070";

/* What a line of theory is where the abscissa is L. */
static const char bottom_words[] = " at l = 0";

/* gnuplot's filled point types (circle, square, triangles, diamond, pentagon); one less is the outline of the same. Six
 * shapes against seven colours: 42 groups before a pair recurs. */
static const int shapes[] = {7, 5, 9, 11, 13, 15};
enum { SHAPES = sizeof shapes / sizeof *shapes };

enum {
    WIDTH = 1800,
    HEIGHT = 1200,
    POINTS_SHOWN = 16, /* on a curve of many layers */
    CAPTION_LINE = 150 /* characters */
};

/* One figure on its way to files. */
struct drawing {
    const struct figure *figure;
    const char *name; /* of the files */
    struct legend legend;
    struct series_list list;
    struct axis x, y;
    double last;                            /* the largest x */
    bool bands, zeros, predictions, theory; /* whether any is drawn; zeros: bands that reach 0 */
    bool mixed;                             /* predictions beside measurements: drawn without points */
};

const struct figure *figure_find(const char *name)
{
    for (size_t i = 0; i < figure_count; i++)
        if (strcmp(figures[i].name, name) == 0)
            return &figures[i];
    return NULL;
}

static bool has_band(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++)
        if (!isnan(series->points[i].lo))
            return true;
    return false;
}

static bool reaches_zero(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++)
        if (series->points[i].lo == -INFINITY)
            return true;
    return false;
}

/* Lines of theory that lie beyond the axis altogether would be words in the key without a line. */
static void remove_invisible(struct series_list *list, const struct axis *axis)
{
    for (size_t i = list->count; i-- > 0;) {
        const struct series *series = &list->series[i];
        bool visible = !series_is_theory(series);
        for (size_t p = 0; p < series->count && !visible; p++)
            visible = series->points[p].y >= axis->lo && series->points[p].y <= axis->hi;
        if (!visible)
            series_remove(list, i);
    }
}

static void survey(struct drawing *drawing)
{
    bool measured = false;
    double first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < drawing->list.count; i++) {
        const struct series *series = &drawing->list.series[i];
        drawing->bands = drawing->bands || has_band(series);
        drawing->zeros = drawing->zeros || reaches_zero(series);
        drawing->predictions = drawing->predictions || series->role == SERIES_PREDICTED;
        drawing->theory = drawing->theory || series_is_theory(series);
        measured = measured || series->role == SERIES_MEASURED;
        first = fmin(first, series->points[0].x);
        last = fmax(last, series->points[series->count - 1].x);
    }
    drawing->mixed = measured && drawing->predictions;
    bool layers = drawing->figure->choice.abscissa == SERIES_BY_LAYER;
    double from = layers ? 0 : first, margin = (last - from) * (layers ? 0.015 : 0.04);
    drawing->last = last;
    drawing->x = (struct axis){!layers, from - margin, last + margin};
}

static int prepare(struct drawing *drawing, const struct saved_list *profiles, struct error *error)
{
    const struct figure *figure = drawing->figure;
    bool logarithmic = figure->scale == FIGURE_LOGARITHMIC ||
                       (figure->scale == FIGURE_EITHER && series_needs_logarithm(&figure->choice, profiles));
    bool by_depth = figure->choice.abscissa == SERIES_BY_DEPTH;
    int code = legend_init(&drawing->legend, profiles, by_depth ? LEGEND_BY_DEPTH : LEGEND_EACH, error);
    if (code == ERROR_NONE)
        code = series_init(&drawing->list, &figure->choice, logarithmic, profiles, &drawing->legend, error);
    if (code != ERROR_NONE)
        return code;
    axis_fit(&drawing->y, logarithmic, &figure->wish, &drawing->list);
    remove_invisible(&drawing->list, &drawing->y);
    survey(drawing);
    return ERROR_NONE;
}

/* Data: one block per curve. */

static void print_comment(FILE *file, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
}

static void print_number(FILE *file, double value, char after)
{
    if (isfinite(value))
        fprintf(file, "%.17g%c", value, after);
    else
        fprintf(file, "%s%c", isnan(value) ? "NaN" : value < 0 ? "-inf" : "inf", after);
}

static void print_data(FILE *file, const struct drawing *drawing)
{
    const char *x = drawing->x.logarithmic ? "log10(L)" : "layer", *y = drawing->y.logarithmic ? "log10 of " : "";
    fprintf(file, "# spanscope plot: %s\n# ", drawing->figure->title);
    print_comment(file, drawing->legend.caption);
    fprintf(file, "\n# columns: %s, %svalue, lower and upper end of its 95 %% interval (NaN: none)\n", x, y);
    for (size_t i = 0; i < drawing->list.count; i++) {
        const struct series *series = &drawing->list.series[i];
        fprintf(file, "%s# index %zu: ", i > 0 ? "\n\n" : "\n", i);
        print_comment(file, series->name);
        fprintf(file, "%s%s%s\n", series->name[0] != '\0' && series->label != NULL ? ": " : "",
                series->label != NULL ? series->label : "", series_is_theory(series) ? " [theory]" : "");
        for (size_t p = 0; p < series->count; p++) {
            const struct series_point *point = &series->points[p];
            print_number(file, point->x, ' ');
            print_number(file, point->y, ' ');
            print_number(file, point->lo, ' ');
            print_number(file, point->hi, '\n');
        }
    }
}

/* The script. */

static const char *colour_of(const struct series *series)
{
    return series->group < 0 ? grey : colours[series->group % COLOURS];
}

static void print_title(FILE *script, const struct drawing *drawing, const struct series *series)
{
    const char *lead = series->name;
    fprintf(script, "title '");
    if (lead[0] == '\0' && series_is_theory(series))
        lead = "theory";
    gnuplot_print_plain(script, lead);
    if (series->label != NULL) {
        fprintf(script, "%s", lead[0] != '\0' ? ": " : "");
        gnuplot_print_markup(script, series->label);
    }
    if (series_is_theory(series) && drawing->figure->choice.abscissa == SERIES_BY_DEPTH)
        fprintf(script, "%s", bottom_words);
    fprintf(script, "'");
}

/* Dashes by role and variant, so that a figure reads in grey too. */
static const char *dash_of(const struct series *series)
{
    static const char *const dashes[SERIES_ROLES][SERIES_VARIANTS] = {
        [SERIES_MEASURED] = {"solid", "(12,6)"}, [SERIES_PREDICTED] = {"(18,5)", "(18,5,3,5)"},
        [SERIES_FLOOR] = {"(2,5)", "(2,5)"},     [SERIES_CEILING] = {"(8,4,2,4)", "(8,4,2,4)"},
        [SERIES_EXACT] = {"(6,4)", "(6,4)"},
    };
    return dashes[series->role][series->variant];
}

static void print_line_style(FILE *script, const struct series *series, double width)
{
    fprintf(script, "lc rgb '%s' lw %.3g dt %s", colour_of(series), width, dash_of(series));
}

/* Curves that lie on each other stay visible: each group's line and points are a little smaller than those before. */
static double shrink(const struct drawing *drawing, const struct series *series)
{
    int groups = drawing->legend.group_count;
    return groups > 1 && series->group > 0 ? (double)series->group / (groups - 1) : 0;
}

static void print_curve(FILE *script, const struct drawing *drawing, size_t index, const char *comma)
{
    const struct series *series = &drawing->list.series[index];
    double smaller = shrink(drawing, series), width = 3.2 - smaller, size = 2.1 - 0.7 * smaller;
    int shape = shapes[series->group % SHAPES] - (series->variant > 0);
    size_t every = series->count / POINTS_SHOWN + 1, groups = (size_t)drawing->legend.group_count;
    size_t offset = every * (size_t)series->group / (groups > 0 ? groups : 1);
    bool points = !(drawing->mixed && series->role == SERIES_PREDICTED);
    fprintf(script, "%s data index %zu using 1:2 with lines ", comma, index);
    print_line_style(script, series, width);
    fprintf(script, " notitle");
    if (points)
        fprintf(
            script,
            ", \\\n     data index %zu using 1:2 every %zu::%zu with points pt %d ps %.3g*scale lc rgb '%s' notitle",
            index, every, offset, shape, size, colour_of(series));
    fprintf(script, ", \\\n     keyentry with %s ", points ? "linespoints" : "lines");
    print_line_style(script, series, width);
    if (points)
        fprintf(script, " pt %d ps %.3g*scale", shape, size);
    fprintf(script, " ");
    print_title(script, drawing, series);
}

static void print_theory(FILE *script, const struct drawing *drawing, size_t index, const char *comma)
{
    const struct series *series = &drawing->list.series[index];
    fprintf(script, "%s data index %zu using 1:2 with lines ", comma, index);
    print_line_style(script, series, 2.4);
    fprintf(script, " ");
    print_title(script, drawing, series);
}

static void print_band(FILE *script, const struct drawing *drawing, size_t index, const char *comma)
{
    fprintf(script, "%s data index %zu using 1:(clip($3)):(clip($4)) with filledcurves fc rgb '%s' ", comma, index,
            colour_of(&drawing->list.series[index]));
    fprintf(script, "fs transparent solid 0.18 noborder notitle");
}

/* Bands lie below, the thin lines of theory on top; the key lists the data first. */
static void print_plot(FILE *script, const struct drawing *drawing)
{
    const char *comma = "plot";
    for (size_t i = 0; i < drawing->list.count; i++) {
        if (has_band(&drawing->list.series[i])) {
            print_band(script, drawing, i, comma);
            comma = ", \\\n    ";
        }
    }
    for (size_t i = 0; i < drawing->list.count; i++) {
        bool theory = series_is_theory(&drawing->list.series[i]);
        (theory ? print_theory : print_curve)(script, drawing, i, comma);
        comma = ", \\\n    ";
    }
    fprintf(script, "\n");
}

static int by_value(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Tics at the depths of the data, as far as their labels have room. */
static void print_depth_tics(FILE *script, const struct drawing *drawing)
{
    double depths[64], drawn = -INFINITY;
    size_t count = 0;
    for (size_t i = 0; i < drawing->list.count; i++)
        for (size_t p = 0; p < drawing->list.series[i].count && count < 64; p++)
            if (!series_is_theory(&drawing->list.series[i]))
                depths[count++] = drawing->list.series[i].points[p].x;
    qsort(depths, count, sizeof *depths, by_value);
    fprintf(script, "set xtics (");
    for (size_t i = 0; i < count; i++) {
        if (depths[i] - drawn < (drawing->x.hi - drawing->x.lo) / 20)
            continue;
        fprintf(script, "%s'%.0f' %.17g", drawn > -INFINITY ? ", " : "", pow(10, depths[i]), depths[i]);
        drawn = depths[i];
    }
    fprintf(script, ")\n");
}

static void print_axes(FILE *script, const struct drawing *drawing)
{
    bool by_depth = drawing->x.logarithmic;
    fprintf(script, "set title '%s' font ',24' offset 0,-0.3\n", drawing->figure->title);
    fprintf(script, "set xlabel '%s'\n",
            by_depth ? "number of blocks {/:Italic L}"
                     : "layer {/:Italic l}  (output of block {/:Italic l}; 0 = input)");
    fprintf(script, "set ylabel '%s' offset -0.8,0\n", drawing->figure->y_label);
    fprintf(script, "lo = %.7g; hi = %.7g\nset xrange [%.7g:%.7g]\nset yrange [lo:hi]\n", drawing->y.lo, drawing->y.hi,
            drawing->x.lo, drawing->x.hi);
    fprintf(script, "clip(v) = v < lo ? lo : v > hi ? hi : v\n");
    if (by_depth)
        print_depth_tics(script, drawing);
    else
        fprintf(script, "set xtics %d\n", axis_whole_step((int)drawing->last));
    if (drawing->y.logarithmic) {
        fprintf(script, "# The y axis is logarithmic: the data are log10, which has room for 1e-600.\n");
        axis_print_tics(&drawing->y, "y", script);
    }
}

/* Characters of a key's line as shown: of the markup, without its signs. */
static size_t title_length(const struct drawing *drawing, const struct series *series)
{
    bool by_depth = drawing->figure->choice.abscissa == SERIES_BY_DEPTH;
    size_t length = 2 + (by_depth && series_is_theory(series) ? strlen(bottom_words) : 0);
    for (const char *c = series->name; *c != '\0'; c++)
        length += ((unsigned char)*c & 0xC0) != 0x80;
    for (const char *c = series->label != NULL ? series->label : ""; *c != '\0'; c++)
        length += strchr("^_{}", *c) == NULL;
    return length;
}

/* The key has a column of its own, as wide as its text: gnuplot would count the markup too. The factors are those of
 * DejaVu Sans, a wide font. Where even small type does not fit, gnuplot arranges columns. */
static void print_key(FILE *script, const struct drawing *drawing)
{
    size_t longest = 0;
    for (size_t i = 0; i < drawing->list.count; i++) {
        size_t length = title_length(drawing, &drawing->list.series[i]);
        longest = length > longest ? length : longest;
    }
    fprintf(script, "set key vertical Left reverse samplen 3.5 spacing 1.25 maxrows 48 ");
    for (int font = 16; font >= 10; font -= 2) {
        double width = 0.72 * font * (double)longest + 7 * font, height = 1.95 * font * (double)drawing->list.count;
        if (width > 0.42 * WIDTH || height > 0.82 * HEIGHT)
            continue;
        double left = 1 - width / WIDTH;
        fprintf(script, "at screen %.4f,0.93 left top font ',%d'\nset rmargin at screen %.4f\n", left, font,
                left - 0.012);
        return;
    }
    fprintf(script, "outside right top font ',10'\n");
}

/* Breaks after a comma or semicolon, into lines of like length; returns the number of bytes of the first. */
static size_t caption_line(const char *text)
{
    size_t length = strlen(text), cut = 0;
    if (length <= CAPTION_LINE)
        return length;
    size_t lines = (length - 1) / CAPTION_LINE + 1, like = length / lines + 10;
    for (size_t i = 0; i < length && (i < like || cut == 0); i++)
        if ((text[i] == ',' || text[i] == ';') && text[i + 1] == ' ')
            cut = i + 2;
    return cut > 0 ? cut : length;
}

/* What the marks mean that the key does not explain. */
static void write_notes(const struct drawing *drawing, struct text *text)
{
    if (drawing->bands)
        text_print(text, "; bands: 95 %% intervals of the mean%s",
                   drawing->zeros && drawing->y.logarithmic ? " (down to the axis where they reach 0)" : "");
    if (drawing->mixed)
        text_print(text, "; lines without points: predictions at infinite width");
    if (drawing->theory)
        text_print(text, "; thin lines: theory");
}

/* One line where it fits, else the configuration and the notes apart, each broken as needed. */
static void print_caption(FILE *script, const struct drawing *drawing)
{
    char notes[300] = "", lines[16][CAPTION_LINE * 4];
    struct text text = {notes, sizeof notes, 0};
    write_notes(drawing, &text);
    const char *caption = drawing->legend.caption, *rests[] = {caption, notes[0] != '\0' ? notes + 2 : notes};
    int count = 0;
    if (strlen(caption) + strlen(notes) <= CAPTION_LINE) {
        snprintf(lines[count++], sizeof *lines, "%s%s", caption, caption[0] != '\0' ? notes : rests[1]);
        rests[0] = rests[1] = "";
    }
    for (int i = 0; i < 2; i++)
        for (const char *rest = rests[i]; *rest != '\0' && count < 16; rest += caption_line(rest))
            snprintf(lines[count++], sizeof *lines, "%.*s", (int)caption_line(rest), rest);
    fprintf(script, "set bmargin %.3g\n", 4.2 + 1.2 * count);
    for (int i = 0; i < count; i++) {
        fprintf(script, "set label '");
        gnuplot_print_plain(script, lines[i]);
        fprintf(script, "' at screen 0.5,%.3g center font ',15' tc rgb '#505050'\n", 0.022 * (count - i) + 0.002);
    }
}

static void print_script(FILE *script, const struct drawing *drawing)
{
    const char *name = drawing->name;
    fprintf(script, "# Written by spanscope plot. Redraw here with: gnuplot %s.gp\n", name);
    fprintf(script, "set encoding utf8\ndata = '%s.dat'\n", name);
    fprintf(script, "set border 3 lc rgb '#404040'\nset tics nomirror out\nset grid y lc rgb '#E4E4E4' lt 1 lw 1\nset "
                    "format '%%g'\nset lmargin 12\n");
    print_axes(script, drawing);
    print_key(script, drawing);
    print_caption(script, drawing);
    fprintf(script,
            "\nset terminal pngcairo size %d,%d enhanced font 'Sans,18' dashlength 1.6 background '#FFFFFF'\n"
            "set output '%s.png'\nscale = 1\n",
            WIDTH, HEIGHT, name);
    print_plot(script, drawing);
    /* SVG counts type in pixels and draws points twice as large. */
    fprintf(script,
            "\nset terminal svg size %d,%d enhanced font 'sans-serif,18' fontscale 1.3 background '#FFFFFF'\n"
            "set output '%s.svg'\nscale = 0.5\nreplot\nset output\n",
            WIDTH, HEIGHT, name);
}

/* Files. */

/* DIRECTORY/NAME.SUFFIX, or NULL. */
static char *path_of(const char *directory, const char *name, const char *suffix)
{
    char *path;
    return asprintf(&path, "%s/%s.%s", directory, name, suffix) < 0 ? NULL : path;
}

static int cannot(const char *what, const char *path, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%s %.400s: %s", what, path != NULL ? path : "a file", strerror(errno));
}

static int write_file(const char *directory, const char *suffix, const struct drawing *drawing,
                      void (*print)(FILE *, const struct drawing *), struct error *error)
{
    char *path = path_of(directory, drawing->name, suffix);
    FILE *file = path != NULL ? fopen(path, "wxe") : NULL;
    int code = ERROR_NONE;
    if (file == NULL) {
        code = cannot("cannot write", path, error);
    } else {
        print(file, drawing);
        bool failed = ferror(file) != 0;
        if (fclose(file) != 0 || failed)
            code = cannot("cannot write", path, error);
    }
    free(path);
    return code;
}

/* Nothing is moved unless everything is there: an old figure is replaced whole. */
static int check_complete(const char *workshop, const char *name, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = 0; i < FIGURE_FILES && code == ERROR_NONE; i++) {
        char *path = path_of(workshop, name, figure_suffixes[i]);
        struct stat status;
        if (path == NULL || stat(path, &status) != 0 || status.st_size == 0)
            code = error_set(error, ERROR_RESOURCE, "gnuplot did not write %s.%s", name, figure_suffixes[i]);
        free(path);
    }
    return code;
}

static int publish(const char *workshop, const char *directory, const char *name, struct error *error)
{
    int code = check_complete(workshop, name, error);
    for (int i = 0; i < FIGURE_FILES && code == ERROR_NONE; i++) {
        char *from = path_of(workshop, name, figure_suffixes[i]), *to = path_of(directory, name, figure_suffixes[i]);
        if (from == NULL || to == NULL || rename(from, to) != 0)
            code = cannot("cannot write", to, error);
        free(from);
        free(to);
    }
    return code;
}

static void remove_workshop(const char *workshop, const char *name)
{
    for (int i = 0; i < FIGURE_FILES; i++) {
        char *path = path_of(workshop, name, figure_suffixes[i]);
        if (path != NULL)
            unlink(path);
        free(path);
    }
    rmdir(workshop);
}

/* Everything is made in a folder of its own inside directory, under its final name, and moved when complete. */
static int write_figure(const struct drawing *drawing, const char *directory, struct error *error)
{
    const char *name = drawing->name;
    char *workshop = NULL, *script = NULL;
    bool made = mkdir(directory, 0777) == 0;
    int code = ERROR_NONE;
    if (asprintf(&workshop, "%s/.spanscope-XXXXXX", directory) < 0 || asprintf(&script, "%s.gp", name) < 0)
        code = error_set(error, ERROR_RESOURCE, "out of memory for file names");
    else if (mkdtemp(workshop) == NULL)
        code = cannot("cannot write into", directory, error);
    if (code != ERROR_NONE)
        goto out;
    code = write_file(workshop, "dat", drawing, print_data, error);
    if (code == ERROR_NONE)
        code = write_file(workshop, "gp", drawing, print_script, error);
    if (code == ERROR_NONE)
        code = gnuplot_run(workshop, script, error);
    if (code == ERROR_NONE)
        code = publish(workshop, directory, name, error);
    remove_workshop(workshop, name);
out:
    if (code != ERROR_NONE && made)
        rmdir(directory);
    free(workshop);
    free(script);
    return code;
}

int figure_draw(const struct figure *figure, const struct saved_list *profiles, const struct figure_place *place,
                struct error *error)
{
    struct drawing drawing = {.figure = figure, .name = place->name != NULL ? place->name : figure->name};
    locale_t numbers = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (numbers == (locale_t)0)
        return error_set(error, ERROR_RESOURCE, "out of memory for the C locale");
    locale_t before = uselocale(numbers);
    int code = prepare(&drawing, profiles, error);
    if (code == ERROR_NONE)
        code = write_figure(&drawing, place->directory, error);
    uselocale(before);
    freelocale(numbers);
    series_free(&drawing.list);
    legend_free(&drawing.legend);
    return code;
}
