#include "plots/drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plots/gnuplot.h"
#include "plots/picture.h"
#include "sim/text.h"

/* Okabe and Ito's colours, told apart with any colour vision; their yellow is too light for a line on white. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"};
enum { COLOURS = sizeof colours / sizeof *colours };
static const char grey[] = "#707070";

/* gnuplot's filled point types (circle, square, triangles, diamond, pentagon); one less is the outline of the same. Six
 * shapes against seven colours: 42 groups before a pair recurs. */
static const int shapes[] = {7, 5, 9, 11, 13, 15};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Where a figure has one variant only, dashes tell groups apart, so that lines without points do so in grey too. */
static const char *const group_dashes[] = {"solid", "(14,4)", "(10,3,2,3)", "(5,3)", "(14,3,2,3,2,3)", "(20,4)"};
enum { GROUP_DASHES = sizeof group_dashes / sizeof *group_dashes };

enum { POINTS_SHOWN = 16 /* on a curve of many */, CAPTION_LINES = 16, LINE_SIZE = 600 };

static bool along_profiles(const struct drawing *drawing)
{
    return drawing->figure->choice.abscissa->over == ABSCISSA_PROFILES;
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

void drawing_print_data(FILE *file, const struct drawing *drawing)
{
    const struct abscissa *abscissa = drawing->figure->choice.abscissa;
    fprintf(file, "# spanscope plot: %s\n# ", drawing->title);
    print_comment(file, drawing->legend.caption);
    fprintf(file, "\n# columns: %s%s, %svalue, lower and upper end of its 95 %% interval (NaN: none)\n",
            abscissa->logarithmic ? "log10 of " : "", abscissa->name, drawing->y.logarithmic ? "log10 of " : "");
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

/* Words. */

/* What the marks mean that the key does not explain. */
static void write_notes(const struct drawing *drawing, struct text *text)
{
    if (drawing->bands)
        text_print(text, "; bands: 95 %% intervals%s",
                   drawing->zeros && drawing->y.logarithmic ? " (down to the axis where they reach 0)" : "");
    if (drawing->mixed)
        text_print(text, "; lines without points: predictions at infinite width");
    if (drawing->figure->choice.quantity->note != NULL)
        text_print(text, "; %s", drawing->figure->choice.quantity->note);
    if (drawing->theory)
        text_print(text, "; thin lines: theory%s", drawing->figure->choice.abscissa->place);
    if (drawing->slope)
        text_print(text, "; thin grey line: for comparison");
}

void drawing_print_caption(FILE *file, const struct drawing *drawing)
{
    char notes[300] = "";
    struct text text = {notes, sizeof notes, 0};
    write_notes(drawing, &text);
    fprintf(file, "%s. ", drawing->title);
    print_comment(file, drawing->legend.caption);
    fprintf(file, "%s.\n", drawing->legend.caption[0] != '\0' ? notes : notes + (notes[0] != '\0' ? 2 : 0));
}

/* Breaks after a comma or semicolon, into lines of like length; returns the number of bytes of the first. */
static size_t caption_line(const char *text, size_t limit)
{
    size_t length = strlen(text), cut = 0;
    if (length <= limit)
        return length;
    double like = (double)length / (double)((length - 1) / limit + 1);
    for (size_t i = 0; i < length && (i < limit || cut == 0); i++)
        if ((text[i] == ',' || text[i] == ';') && text[i + 1] == ' ' &&
            (cut == 0 || fabs((double)i + 2 - like) < fabs((double)cut - like)))
            cut = i + 2;
    return cut > 0 ? cut : length;
}

struct caption {
    char lines[CAPTION_LINES][LINE_SIZE];
    int count;
};

/* One line where it fits, else the configuration and the notes apart, each broken as needed. */
static void break_caption(const struct drawing *drawing, struct caption *caption)
{
    char notes[300] = "";
    struct text text = {notes, sizeof notes, 0};
    size_t limit = (size_t)(0.96 * drawing->style->width / (0.54 * drawing->style->small));
    const char *words = drawing->legend.caption, *rests[] = {words, NULL};
    write_notes(drawing, &text);
    rests[1] = notes[0] != '\0' ? notes + 2 : notes;
    caption->count = 0;
    if (strlen(words) + strlen(notes) <= limit) {
        snprintf(caption->lines[caption->count++], LINE_SIZE, "%s%s", words, words[0] != '\0' ? notes : rests[1]);
        return;
    }
    for (int i = 0; i < 2; i++)
        for (const char *rest = rests[i]; *rest != '\0' && caption->count < CAPTION_LINES;
             rest += caption_line(rest, limit))
            snprintf(caption->lines[caption->count++], LINE_SIZE, "%.*s", (int)caption_line(rest, limit), rest);
}

/* Layout, in points from the lower left corner. */

struct layout {
    double height;                   /* of the picture */
    double left, right, bottom, top; /* of the plot */
    double key_x, key_y, key_type;   /* upper left corner of the key and its type */
    int key_columns;
    bool label_broken; /* the y label, into two lines */
};

/* Characters of a key's line as shown: of the markup, without its signs. */
static size_t title_length(const struct series *series)
{
    size_t length = 2;
    for (const char *c = series->name; *c != '\0'; c++)
        length += ((unsigned char)*c & 0xC0) != 0x80;
    for (const char *c = series->label != NULL ? series->label : ""; *c != '\0'; c++)
        length += strchr("^_{}", *c) == NULL && ((unsigned char)*c & 0xC0) != 0x80;
    return length;
}

static double longest_title(const struct drawing *drawing)
{
    size_t longest = 0;
    for (size_t i = 0; i < drawing->list.count; i++) {
        size_t length = title_length(&drawing->list.series[i]);
        longest = length > longest ? length : longest;
    }
    return (double)longest;
}

/* In ems: a line's sample, its height, a letter (DejaVu is wide; a key has superscripts, set smaller). */
static const double KEY_SAMPLE = 5, KEY_LINE = 1.62, LETTER = 0.6, KEY_LETTER = 0.52;

/* Beside the plot the type shrinks until the key takes at most 42 % of the width. */
static void place_key_beside(const struct drawing *drawing, struct layout *layout)
{
    const struct style *style = drawing->style;
    double longest = longest_title(drawing), lines = (double)drawing->list.count, type, width;
    for (type = style->type;; type -= 0.5) {
        width = (LETTER * longest + KEY_SAMPLE) * type;
        if (type <= style->small || (width <= 0.42 * style->width && KEY_LINE * type * lines <= 0.85 * style->height))
            break;
    }
    width = fmin(width, 0.5 * style->width);
    layout->key_type = type;
    layout->key_columns = 1;
    layout->right = style->width - width - 0.8 * type;
    layout->key_x = style->width - width;
    layout->key_y = layout->top;
}

/* Below, on paper that is added to the picture: two columns where they fit. */
static void place_key_below(const struct drawing *drawing, struct layout *layout)
{
    const struct style *style = drawing->style;
    double width = (KEY_LETTER * longest_title(drawing) + KEY_SAMPLE) * style->small;
    layout->key_type = style->small;
    layout->key_columns = 2 * width <= style->width ? 2 : 1;
    int lines = ((int)drawing->list.count + layout->key_columns - 1) / layout->key_columns;
    layout->key_x = layout->key_columns == 1 ? layout->left - 3 * style->small : 0.5 * style->small;
    layout->key_y = layout->bottom + KEY_LINE * style->small * lines;
    layout->height += layout->key_y;
    layout->top += layout->key_y;
    layout->bottom = layout->key_y;
    layout->right = style->width - 1.5 * style->type;
}

static const char *label_remark(const struct drawing *drawing)
{
    return strstr(drawing->figure->y_label, "  (");
}

/* Characters of a label as shown: without the words that set type. */
static size_t label_length(const char *label)
{
    static const char italic[] = "{/:Italic ";
    size_t length = 0;
    for (const char *c = label; *c != '\0'; c++) {
        if (strncmp(c, italic, strlen(italic)) == 0)
            c += strlen(italic) - 1;
        else
            length += strchr("^_{}", *c) == NULL;
    }
    return length;
}

static struct layout make_layout(const struct drawing *drawing, const struct caption *caption)
{
    const struct style *style = drawing->style;
    struct layout layout = {.height = style->height,
                            .left = 6.4 * style->type,
                            .top = style->height - (style->title > 0 ? 2.6 * style->title : 1 * style->type),
                            .bottom = (1.3 * caption->count + 0.6) * style->small};
    (style->key_below ? place_key_below : place_key_beside)(drawing, &layout);
    layout.bottom += 5 * style->type;
    double length = LETTER * style->type * (double)label_length(drawing->figure->y_label);
    layout.label_broken = length > layout.top - layout.bottom && label_remark(drawing) != NULL;
    if (layout.label_broken)
        layout.left += 1.3 * style->type;
    return layout;
}

/* The script. */

static const char *colour_of(const struct series *series)
{
    return series->group < 0 ? grey : colours[series->group % COLOURS];
}

static void print_entry(FILE *script, const struct series *series)
{
    const char *lead = series->name;
    fprintf(script, "title '");
    if (lead[0] == '\0' && series_is_theory(series) && series->role != SERIES_SLOPE)
        lead = "theory";
    gnuplot_print_plain(script, lead);
    if (series->label != NULL) {
        fprintf(script, "%s", lead[0] != '\0' ? ": " : "");
        gnuplot_print_markup(script, series->label);
    }
    fprintf(script, "'");
}

static const char *dash_of(const struct drawing *drawing, const struct series *series)
{
    static const char *const dashes[SERIES_ROLES][SERIES_VARIANTS] = {
        [SERIES_MEASURED] = {"solid", "(9,4)", "(2,3)"},
        [SERIES_PREDICTED] = {"(14,4)", "(14,4,3,4)", "(14,4,3,4,3,4)"},
        [SERIES_FLOOR] = {"(2,4)", "(2,4)", "(2,4)"},
        [SERIES_CEILING] = {"(10,4,2,4)", "(10,4,2,4)", "(10,4,2,4)"},
        [SERIES_EXACT] = {"(6,4)", "(6,4)", "(6,4)"},
        [SERIES_SLOPE] = {"(8,3)", "(8,3)", "(8,3)"},
    };
    bool one = drawing->figure->choice.variants[1].observable == NULL;
    if (one && series->role == SERIES_MEASURED && !drawing->mixed)
        return group_dashes[series->group % GROUP_DASHES];
    return dashes[series->role][series->variant];
}

static void print_line_style(FILE *script, const struct drawing *drawing, const struct series *series, double width)
{
    fprintf(script, "lc rgb '%s' lw %.3g dt %s", colour_of(series), width, dash_of(drawing, series));
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
    double smaller = shrink(drawing, series), width = drawing->style->line * (1 - 0.25 * smaller),
           size = drawing->style->points * (1 - 0.25 * smaller);
    int shape = shapes[series->group % SHAPES] - (series->variant > 0);
    size_t every = series->count / POINTS_SHOWN + 1, groups = (size_t)drawing->legend.group_count;
    size_t offset = every * (size_t)series->group / (groups > 0 ? groups : 1);
    bool points = !(drawing->mixed && series->role == SERIES_PREDICTED);
    fprintf(script, "%s data index %zu using 1:2 with lines ", comma, index);
    print_line_style(script, drawing, series, width);
    fprintf(script, " notitle");
    if (points)
        fprintf(script,
                ", \\\n     data index %zu using 1:2 every %zu::%zu with points pt %d ps %.3g*scale lw %.3g lc rgb "
                "'%s' notitle",
                index, every, offset, shape, size, drawing->style->thin, colour_of(series));
    fprintf(script, ", \\\n     keyentry with %s ", points ? "linespoints" : "lines");
    print_line_style(script, drawing, series, width);
    if (points)
        fprintf(script, " pt %d ps %.3g*scale", shape, size);
    fprintf(script, " ");
    print_entry(script, series);
}

static void print_theory(FILE *script, const struct drawing *drawing, size_t index, const char *comma)
{
    const struct series *series = &drawing->list.series[index];
    fprintf(script, "%s data index %zu using 1:2 with lines ", comma, index);
    print_line_style(script, drawing, series, drawing->style->thin);
    fprintf(script, " ");
    print_entry(script, series);
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
        const struct series *series = &drawing->list.series[i];
        bool band = false;
        for (size_t p = 0; p < series->count; p++)
            band = band || !isnan(series->points[p].lo);
        if (band) {
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

/* Tics at the values of the data; as many have labels as there is room for, the last one for certain. */
static void print_value_tics(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    double values[128],
        letter = LETTER * drawing->style->type * (drawing->x.hi - drawing->x.lo) / (layout->right - layout->left);
    size_t count = 0;
    for (size_t i = 0; i < drawing->list.count; i++)
        for (size_t p = 0; p < drawing->list.series[i].count && count < 128; p++)
            if (!series_is_theory(&drawing->list.series[i]))
                values[count++] = drawing->list.series[i].points[p].x;
    qsort(values, count, sizeof *values, by_value);
    double free_to = INFINITY; /* the left end of the label on the right */
    fprintf(script, "set xtics (");
    for (size_t i = count; i-- > 0;) {
        char label[32];
        if (i + 1 < count && !(values[i] < values[i + 1]))
            continue;
        snprintf(label, sizeof label, "%.6g", drawing->x.logarithmic ? pow(10, values[i]) : values[i]);
        double half = letter * (double)strlen(label) / 2;
        bool room = values[i] + half + letter < free_to;
        fprintf(script, "%s'%s' %.17g", isinf(free_to) ? "" : ", ", room ? label : "", values[i]);
        if (room)
            free_to = values[i] - half;
    }
    fprintf(script, ")\n");
}

static void print_x_tics(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    const struct abscissa *abscissa = drawing->figure->choice.abscissa;
    if (along_profiles(drawing))
        print_value_tics(script, drawing, layout);
    else if (drawing->x.logarithmic)
        axis_print_tics(&drawing->x, "x", script);
    else if (abscissa->from > 0)
        fprintf(script, "set xtics %.17g,%d\n", abscissa->from, axis_whole_step((int)drawing->last));
    else
        fprintf(script, "set xtics %d\n", axis_whole_step((int)drawing->last));
}

static void print_axes(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    fprintf(script, "set xlabel '%s'\n", drawing->figure->choice.abscissa->label);
    fprintf(script, "lo = %.7g; hi = %.7g\nset xrange [%.7g:%.7g]\nset yrange [lo:hi]\n", drawing->y.lo, drawing->y.hi,
            drawing->x.lo, drawing->x.hi);
    fprintf(script, "clip(v) = v < lo ? lo : v > hi ? hi : v\n");
    print_x_tics(script, drawing, layout);
    if (drawing->y.logarithmic || drawing->x.logarithmic)
        fprintf(script, "# On a logarithmic axis the data are log10, which has room for 1e-600.\n");
    if (drawing->y.logarithmic)
        axis_print_tics(&drawing->y, "y", script);
}

/* In double quotes, where \n breaks a line; labels are this program's own. */
static void print_y_label(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    const char *label = drawing->figure->y_label, *remark = label_remark(drawing);
    if (layout->label_broken)
        fprintf(script, "set ylabel \"%.*s\\n%s\" offset -1,0\n", (int)(remark - label), label, remark + 2);
    else
        fprintf(script, "set ylabel \"%s\"\n", label);
}

/* Over the whole picture, in smaller type where it is long. */
static void print_title(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    const struct style *style = drawing->style;
    double type = fmin(style->title, 0.96 * style->width / (LETTER * (double)strlen(drawing->title)));
    if (!(type > 0))
        return;
    fprintf(script, "set label '");
    gnuplot_print_plain(script, drawing->title);
    fprintf(script, "' at screen 0.5,%.4f center font ',%.3g'\n", 1 - 1.1 * style->title / layout->height, type);
}

static void print_layout(FILE *script, const struct drawing *drawing, const struct caption *caption,
                         const struct layout *layout)
{
    const struct style *style = drawing->style;
    print_title(script, drawing, layout);
    print_y_label(script, drawing, layout);
    fprintf(script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", layout->left / style->width,
            layout->right / style->width);
    fprintf(script, "set bmargin at screen %.4f\nset tmargin at screen %.4f\n", layout->bottom / layout->height,
            layout->top / layout->height);
    fprintf(script, "set key %s Left reverse samplen 3 spacing 1.3 width -2 %s %d ",
            layout->key_columns > 1 ? "horizontal" : "vertical", layout->key_columns > 1 ? "maxcols" : "maxrows",
            layout->key_columns > 1 ? layout->key_columns : 64);
    fprintf(script, "at screen %.4f,%.4f left top font ',%g'\n", layout->key_x / style->width,
            layout->key_y / layout->height, layout->key_type);
    for (int i = 0; i < caption->count; i++) {
        fprintf(script, "set label '");
        gnuplot_print_plain(script, caption->lines[i]);
        fprintf(script, "' at screen 0.5,%.4f center font ',%g' tc rgb '#404040'\n",
                (1.3 * (caption->count - i) - 0.4) * style->small / layout->height, style->small);
    }
}

void drawing_print_script(FILE *script, const struct drawing *drawing)
{
    struct caption caption;
    break_caption(drawing, &caption);
    struct layout layout = make_layout(drawing, &caption);
    fprintf(script, "# Written by spanscope plot. Redraw here with: gnuplot %s.gp\n", drawing->name);
    fprintf(script, "set encoding utf8\ndata = '%s.dat'\n", drawing->name);
    fprintf(script,
            "set border 3 lc rgb '#404040' lw %.3g\nset tics nomirror out scale 0.6,0.35\n"
            "set grid y lc rgb '#E4E4E4' lt 1 lw %.3g\nset format '%%g'\n",
            drawing->style->thin / 2, drawing->style->thin / 2);
    print_axes(script, drawing, &layout);
    print_layout(script, drawing, &caption, &layout);
    for (int i = 0; i < PICTURES; i++) {
        picture_print(script, i, drawing->style, layout.height, drawing->name);
        if (i == 0)
            print_plot(script, drawing);
        else
            fprintf(script, "replot\n");
    }
    fprintf(script, "set output\n");
}
