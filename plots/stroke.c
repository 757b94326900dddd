#include "plots/stroke.h"

#include <math.h>
#include <string.h>

#include "plots/entry.h"
#include "plots/gnuplot.h"

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

enum { POINTS_SHOWN = 16 /* on a line of many */ };

/* Curves that lie on each other stay visible: the last group's line and points are smaller by this than the first's. */
#define SHRINK 0.25

#define BAND_OPACITY 0.18

const char *stroke_colour(const struct series *series)
{
    return series->group < 0 ? grey : colours[series->group % COLOURS];
}

const char *stroke_lead(const struct series *series)
{
    bool shared = !*series->name && series_is_theory(series) && series->role != SERIES_SLOPE;
    return shared ? "theory" : series->name;
}

void stroke_print_title(FILE *script, const struct series *series)
{
    gnuplot_print_plain(script, stroke_lead(series));
    if (series->label) {
        fprintf(script, "%s", *stroke_lead(series) ? ": " : "");
        gnuplot_print_markup(script, series->label);
    }
}

/* Its lines but the last are entries of nothing. */
static void print_entry(FILE *script, const struct series *series, size_t letters)
{
    const char *rest = stroke_lead(series);
    fprintf(script, "title '");
    for (size_t line; (line = entry_line(rest, series->label, letters)) < strlen(rest); rest += line) {
        char text[line + 1];
        snprintf(text, sizeof text, "%s", rest);
        gnuplot_print_plain(script, text);
        fprintf(script, "', \\\n     keyentry with lines lt nodraw title '   ");
    }
    gnuplot_print_plain(script, rest);
    if (series->label) {
        fprintf(script, "%s", *rest ? ": " : "");
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
    bool one = !drawing->figure->choice.variants[1].observable;
    if (one && series->role == SERIES_MEASURED && !drawing->mixed)
        return group_dashes[series->group % GROUP_DASHES];
    return dashes[series->role][series->variant];
}

static void print_line_style(FILE *script, const struct drawing *drawing, const struct series *series, double width)
{
    fprintf(script, "lc rgb '%s' lw %.3g dt %s", stroke_colour(series), width, dash_of(drawing, series));
}

/* 0 for the first group to 1 for the last. */
static double shrink(const struct drawing *drawing, const struct series *series)
{
    int groups = drawing->legend.group_count;
    return groups > 1 && series->group > 0 ? (double)series->group / (groups - 1) : 0;
}

/* letters: of a line of its entry in the key; 0: it has none. */
static void print_curve(FILE *script, const struct drawing *drawing, size_t index, size_t letters, const char *comma)
{
    const struct series *series = &drawing->list.series[index];
    double smaller = shrink(drawing, series), width = drawing->style->line * (1 - SHRINK * smaller),
           size = drawing->style->points * (1 - SHRINK * smaller);
    int shape = shapes[series->group % SHAPES] - (series->variant > 0);
    bool points = !(drawing->mixed && series->role == SERIES_PREDICTED);
    bool lines = !drawing->figure->choice.abscissa->scattered;
    size_t every = lines ? series->count / POINTS_SHOWN + 1 : 1, groups = (size_t)drawing->legend.group_count;
    size_t offset = every * (size_t)series->group / (groups > 0 ? groups : 1);
    if (lines) {
        fprintf(script, "%s data index %zu using 1:2 with lines ", comma, index);
        print_line_style(script, drawing, series, width);
        fprintf(script, " notitle");
    }
    if (points)
        fprintf(script,
                "%s data index %zu using 1:2 every %zu::%zu with points pt %d ps %.3g*scale lw %.3g lc rgb "
                "'%s' notitle",
                lines ? ", \\\n    " : comma, index, every, offset, shape, size, drawing->style->thin,
                stroke_colour(series));
    if (letters == 0)
        return;
    fprintf(script, ", \\\n     keyentry with %s ", !lines ? "points" : points ? "linespoints" : "lines");
    if (lines)
        print_line_style(script, drawing, series, width);
    else
        fprintf(script, "lc rgb '%s'", stroke_colour(series));
    if (points)
        fprintf(script, " pt %d ps %.3g*scale", shape, size);
    fprintf(script, " ");
    print_entry(script, series, letters);
}

static void print_theory(FILE *script, const struct drawing *drawing, size_t index, size_t letters, const char *comma)
{
    const struct series *series = &drawing->list.series[index];
    fprintf(script, "%s data index %zu using 1:2 with lines ", comma, index);
    print_line_style(script, drawing, series, drawing->style->thin);
    fprintf(script, " ");
    if (letters > 0)
        print_entry(script, series, letters);
    else
        fprintf(script, "notitle");
}

static void print_band(FILE *script, const struct drawing *drawing, size_t index, const char *comma)
{
    fprintf(script, "%s data index %zu using 1:(clip($3)):(clip($4)) with filledcurves fc rgb '%s' ", comma, index,
            stroke_colour(&drawing->list.series[index]));
    fprintf(script, "fs transparent solid %g noborder notitle", BAND_OPACITY);
}

/* Bands lie below, the thin lines of theory on top; the key lists the data first. */
void stroke_print_plot(FILE *script, const struct drawing *drawing, const bool keyed[], size_t letters)
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
        (theory ? print_theory : print_curve)(script, drawing, i, keyed[i] ? letters : 0, comma);
        comma = ", \\\n    ";
    }
    fprintf(script, "\n");
}
