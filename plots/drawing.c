#include "plots/drawing.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plots/entry.h"
#include "plots/gnuplot.h"
#include "plots/label.h"
#include "plots/page.h"
#include "plots/picture.h"
#include "plots/stroke.h"
#include "sim/text.h"

enum { NOTES_SIZE = 1024, VALUES_MOST = 128 /* tics at values of the data */ };

static bool along_profiles(const struct drawing *drawing)
{
    return drawing->figure->choice.abscissa->over == ABSCISSA_PROFILES;
}

/* ---- data: one block per curve ---- */

static void print_comment(FILE *file, const char *text)
{
    for (; *text; text++)
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
    fprintf(file, "# spanscope plot: ");
    print_comment(file, drawing->title);
    fprintf(file, "\n# ");
    print_comment(file, drawing->legend.caption);
    fprintf(file, "\n# columns: %s%s, %svalue, lower and upper end of its 95 %% interval (NaN: none)\n",
            abscissa->logarithmic ? "log10 of " : "", abscissa->name, drawing->y.logarithmic ? "log10 of " : "");
    for (size_t i = 0; i < drawing->list.count; i++) {
        const struct series *series = &drawing->list.series[i];
        fprintf(file, "%s# index %zu: ", i > 0 ? "\n\n" : "\n", i);
        print_comment(file, series->name);
        fprintf(file, "%s%s%s\n", *series->name && series->label ? ": " : "", series->label ? series->label : "",
                series_is_theory(series) ? " [theory]" : "");
        for (size_t p = 0; p < series->count; p++) {
            const struct series_point *point = &series->points[p];
            print_number(file, point->x, ' ');
            print_number(file, point->y, ' ');
            print_number(file, point->lo, ' ');
            print_number(file, point->hi, '\n');
        }
    }
}

/* ---- words ---- */

static void note(struct text *notes, const char *words)
{
    text_print(notes, "%s%s", notes->length > 0 ? "; " : "", words);
}

/* What the marks mean that the key does not explain, and what is not drawn. A picture has room for few names. */
static void write_notes(const struct drawing *drawing, bool in_picture, char notes[NOTES_SIZE])
{
    enum { FEW = 100 };
    struct text text = {notes, NOTES_SIZE, 0};
    *notes = '\0';
    if (drawing->bands)
        note(&text, drawing->zeros && drawing->y.logarithmic
                        ? "bands: 95 % intervals (down to the axis where they reach 0)"
                        : "bands: 95 % intervals");
    if (drawing->mixed)
        note(&text, "lines without points: predictions at infinite width");
    if (drawing->figure->choice.quantity->note)
        note(&text, drawing->figure->choice.quantity->note);
    if (drawing->theory) {
        note(&text, "thin lines: theory");
        text_print(&text, "%s", drawing->figure->choice.abscissa->place);
    }
    if (drawing->slope)
        note(&text, "thin grey line: for comparison");
    if (drawing->figure->choice.fit != FIT_NONE)
        note(&text, fit_note(drawing->figure->choice.fit));
    if (*drawing->list.zeros) {
        bool few = !in_picture || strlen(drawing->list.zeros) <= FEW;
        note(&text, "0, which the axis does not reach: ");
        text_print(&text, "%s", few ? drawing->list.zeros : "points of several curves");
    }
}

static size_t choose_keyed(const struct drawing *drawing, const struct page *page, bool keyed[]);

/* The page with its words, among them how many of the curves have a name in a key, and which these are. */
static void write_page(const struct drawing *drawing, bool in_picture, char notes[NOTES_SIZE], struct page *page,
                       bool keyed[])
{
    bool says = !drawing->style->captioned;
    size_t nameless = 0;
    for (int turn = 0; turn < 2; turn++) {
        struct text text = {notes, NOTES_SIZE, 0};
        write_notes(drawing, in_picture, notes);
        text.length = strlen(notes);
        if (nameless > 0) {
            note(&text, "in the key: ");
            text_print(&text, "%zu of %zu", drawing->list.count - nameless, drawing->list.count);
        }
        page_init(page, drawing->style, drawing->name, drawing->title, says ? drawing->legend.caption : "",
                  says ? notes : "");
        if (turn == 0)
            nameless = choose_keyed(drawing, page, keyed);
    }
}

void drawing_print_caption(FILE *file, const struct drawing *drawing)
{
    char notes[NOTES_SIZE];
    struct page page;
    bool keyed[drawing->list.count + 1];
    write_page(drawing, false, notes, &page, keyed);
    print_comment(file, drawing->title);
    fprintf(file, ". ");
    print_comment(file, drawing->legend.caption);
    fprintf(file, "%s%s.\n", *drawing->legend.caption && *notes ? "; " : "", notes);
}

/* ---- layout ---- */

/* Of a key, in ems: a line's sample, its height, a letter (a key has superscripts, set smaller), and what lies between
 * the key and the plot. */
#define KEY_SAMPLE 5.0
#define KEY_LINE   1.95 /* in SVG, where lines are tallest; what finds no room is left out without a word */
#define KEY_MARGIN 1.0  /* lines */
#define KEY_LETTER 0.6
#define KEY_GAP    0.8

/* A key beside the plot shrinks until it takes this much of the width and is no higher than the plot; never is it wider
 * than half. */
#define KEY_WIDTH  0.42
#define KEY_WIDEST 0.5

/* From a curve to its label, in ems, beside the size of a point. */
#define LABEL_GAP   0.35
#define POINT_SIZE  3.0
#define BROKEN_LINE 1.3 /* what a y label of two lines takes more */

enum { LABELS_MOST = 8, CURVES_LABELLED = 5, COLUMNS_MOST = 3 };

struct key {
    double x, y, type; /* upper left corner */
    int columns;
    size_t lines, letters; /* of all entries, of a line */
};

struct layout {
    struct page page;
    struct key key;
    bool *keyed;                      /* [count of the list]: whether a series is in the key */
    bool label_broken;                /* the y label, into two lines */
    struct label labels[LABELS_MOST]; /* of the series, where none of more is in the list */
};

static double title_length(const struct series *series)
{
    return (double)(2 + page_text_length(stroke_lead(series)) + page_text_length(series->label ? series->label : ""));
}

/* Letters of a line of a key at its widest, in the small type. */
static size_t key_letters(const struct style *style, const struct page *page)
{
    double width = style->key_below ? style->width - page->left : KEY_WIDEST * style->width;
    return (size_t)fmax(12, (width / style->small - KEY_SAMPLE) / PAGE_SMALL_LETTER);
}

static size_t title_lines(const struct series *series, size_t letters)
{
    return entry_lines(stroke_lead(series), series->label, letters);
}

/* Of the keyed. */
static size_t all_lines(const struct drawing *drawing, const struct layout *layout)
{
    size_t lines = 0, letters = key_letters(drawing->style, &layout->page);
    for (size_t i = 0; i < drawing->list.count; i++)
        lines += layout->keyed[i] ? title_lines(&drawing->list.series[i], letters) : 0;
    return lines;
}

static double longest_title(const struct drawing *drawing, const struct layout *layout)
{
    double longest = 0;
    for (size_t i = 0; i < drawing->list.count; i++)
        if (layout->keyed[i])
            longest = fmax(longest, title_length(&drawing->list.series[i]));
    return longest;
}

static void place_key_beside(const struct drawing *drawing, struct layout *layout)
{
    const struct style *style = drawing->style;
    size_t lines = all_lines(drawing, layout);
    double longest = longest_title(drawing, layout), type, width;
    for (type = style->type;; type -= 0.5) {
        width = (PAGE_LETTER * longest + KEY_SAMPLE) * type;
        if (type <= style->small || (width <= KEY_WIDTH * style->width &&
                                     KEY_LINE * type * (double)lines <= layout->page.top - layout->page.bottom))
            break;
    }
    width = fmin(width, KEY_WIDEST * style->width);
    layout->key = (struct key){
        style->width - width, layout->page.top, type, 1, lines, key_letters(style, &layout->page)};
    layout->page.right = style->width - width - KEY_GAP * type;
}

/* Columns of a key below the plot, whose width they share. */
static int key_columns(const struct style *style, const struct page *page, double longest)
{
    int fit = (int)((page->right - page->left) / ((KEY_LETTER * longest + KEY_SAMPLE) * style->small));
    return fit < 1 ? 1 : fit < COLUMNS_MOST ? fit : COLUMNS_MOST;
}

/* Names that a key has room for: as many lines as the plot is high, which shrinks by them where the page does not grow. */
static size_t key_most(const struct drawing *drawing, const struct page *page)
{
    const struct style *style = drawing->style;
    double lines = (page->top - page->bottom) / (KEY_LINE * style->small), longest = 0;
    for (size_t i = 0; i < drawing->list.count; i++)
        longest = fmax(longest, title_length(&drawing->list.series[i]));
    int columns = style->key_below ? key_columns(style, page, longest) : 1;
    size_t most = (size_t)(style->key_below && !style->grows ? lines / 2 : lines) * (size_t)columns;
    return most < DRAWING_KEY_MOST ? most : DRAWING_KEY_MOST;
}

/* Whether an earlier line of theory looks alike and has the same words. */
static bool is_said(const struct series_list *list, size_t i)
{
    const struct series *series = &list->series[i], *other = list->series;
    for (; series_is_theory(series) && other < series; other++)
        if (other->role == series->role && other->variant == series->variant &&
            stroke_colour(other) == stroke_colour(series) && strcmp(stroke_lead(other), stroke_lead(series)) == 0 &&
            strcmp(other->label ? other->label : "", series->label ? series->label : "") == 0)
            return true;
    return false;
}

/* Lines of the entries of theory, or of data. */
static size_t lines_of(const struct series_list *list, bool theory, size_t letters)
{
    size_t lines = 0;
    for (size_t i = 0; i < list->count; i++)
        if (series_is_theory(&list->series[i]) == theory && !is_said(list, i))
            lines += title_lines(&list->series[i], letters);
    return lines;
}

/* The first of theory, or of data, in so many lines. Returns how many have no name there. */
static size_t key_first(const struct series_list *list, bool theory, size_t lines, size_t letters, bool keyed[])
{
    size_t nameless = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (series_is_theory(&list->series[i]) != theory)
            continue;
        size_t own = title_lines(&list->series[i], letters);
        bool said = is_said(list, i);
        keyed[i] = !said && nameless == 0 && own <= lines;
        lines -= keyed[i] ? own : 0;
        nameless += !keyed[i] && !said;
    }
    return nameless;
}

/* Which series a key has room for; a third of it is theory's where there is so much, as the words speak of its lines.
 * Returns how many have no name there. */
static size_t choose_keyed(const struct drawing *drawing, const struct page *page, bool keyed[])
{
    const struct series_list *list = &drawing->list;
    size_t most = key_most(drawing, page), letters = key_letters(drawing->style, page);
    size_t data = lines_of(list, false, letters), theory = lines_of(list, true, letters);
    size_t left = data < most ? most - data : 0, share = left > most / 3 ? left : most / 3;
    if (theory > share)
        theory = share;
    return key_first(list, false, most - theory, letters, keyed) + key_first(list, true, theory, letters, keyed);
}

/* In as many columns as fit, above the words. */
static void place_key_below(const struct drawing *drawing, struct layout *layout)
{
    const struct style *style = drawing->style;
    size_t letters = key_letters(style, &layout->page);
    int entries = (int)all_lines(drawing, layout);
    int fit = key_columns(style, &layout->page, longest_title(drawing, layout)),
        columns = fit < entries ? fit : entries;
    int lines = (entries + columns - 1) / columns;
    double strip = KEY_LINE * (lines + KEY_MARGIN) * style->small, words = layout->page.bottom;
    page_add_below(&layout->page, strip);
    double left = columns == 1 ? layout->page.left - 3 * style->small : 0.5 * style->small;
    layout->key = (struct key){left,   words - PAGE_AXIS * style->type + strip, style->small, columns, (size_t)entries,
                               letters};
}

/* ---- labels beside curves ---- */

/* Heights of a curve at the samples, by straight lines between its points. */
static void sample_curve(const struct drawing *drawing, const struct series *series, double height, struct label *label)
{
    const struct axis *x = &drawing->x, *y = &drawing->y;
    size_t p = 0;
    for (int i = 0; i < LABEL_SAMPLES; i++) {
        double at = x->lo + (x->hi - x->lo) * i / (LABEL_SAMPLES - 1);
        while (p + 1 < series->count && series->points[p + 1].x < at)
            p++;
        label->curve[i] = NAN;
        if (p + 1 >= series->count || at < series->points[p].x || at > series->points[p + 1].x)
            continue;
        const struct series_point *a = &series->points[p], *b = &series->points[p + 1];
        double share = b->x > a->x ? (at - a->x) / (b->x - a->x) : 0;
        double place = (a->y + share * (b->y - a->y) - y->lo) / (y->hi - y->lo) * height;
        label->curve[i] = place >= 0 && place <= height ? place : NAN;
    }
}

static double label_type(const struct style *style)
{
    return style->grows ? style->small : style->type;
}

/* Few enough to be told apart by names beside them. */
static bool can_be_labelled(const struct series_list *list)
{
    size_t curves = 0;
    for (size_t i = 0; i < list->count; i++)
        curves += !series_is_theory(&list->series[i]);
    return curves <= CURVES_LABELLED && list->count <= LABELS_MOST;
}

/* Labels all series but those in the key. Returns those that found no room. */
static uint64_t place_labels(const struct drawing *drawing, struct layout *layout)
{
    const struct style *style = drawing->style;
    const struct series_list *list = &drawing->list;
    const struct page *page = &layout->page;
    double width = page->right - page->left, height = page->top - page->bottom;
    for (size_t i = 0; i < list->count; i++) {
        sample_curve(drawing, &list->series[i], height, &layout->labels[i]);
        double letters = layout->keyed[i] ? 0 : title_length(&list->series[i]) - 2;
        layout->labels[i].length = letters * PAGE_LETTER * label_type(style);
    }
    label_place(layout->labels, list->count, width, height, label_type(style),
                LABEL_GAP * label_type(style) + POINT_SIZE * style->points);
    uint64_t left = 0;
    for (size_t i = 0; i < list->count; i++)
        left |= (uint64_t)(!layout->keyed[i] && !layout->labels[i].placed) << i;
    return left;
}

static bool are_theory(const struct series_list *list, uint64_t of)
{
    for (size_t i = 0; i < list->count; i++)
        if ((of >> i & 1) && !series_is_theory(&list->series[i]))
            return false;
    return true;
}

static void print_labels(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    const struct page *page = &layout->page;
    for (size_t i = 0; i < drawing->list.count; i++) {
        const struct label *label = &layout->labels[i];
        if (layout->keyed[i])
            continue;
        fprintf(script, "set label '");
        stroke_print_title(script, &drawing->list.series[i]);
        fprintf(script, "' at graph %.4f,%.4f left front font ',%g' tc rgb '%s'\n",
                label->x / (page->right - page->left), label->y / (page->top - page->bottom),
                label_type(drawing->style), stroke_colour(&drawing->list.series[i]));
    }
}

static const char *label_remark(const struct drawing *drawing)
{
    return strstr(drawing->y_label, "  (");
}

/* A y label that is longer than the axis takes two lines. */
static void break_label(const struct drawing *drawing, struct layout *layout)
{
    double length = PAGE_LETTER * drawing->style->type * (double)page_text_length(drawing->y_label);
    layout->label_broken = length > layout->page.top - layout->page.bottom && label_remark(drawing);
    if (layout->label_broken)
        layout->page.left += BROKEN_LINE * drawing->style->type;
}

static bool has_key(const struct drawing *drawing, const struct layout *layout)
{
    bool any = false;
    for (size_t i = 0; i < drawing->list.count; i++)
        any = any || layout->keyed[i];
    return any;
}

/* Names beside their curves; lines of theory that find no room go to a key below. False where a curve of data finds
 * none. */
static bool lay_out_labelled(const struct drawing *drawing, struct layout *layout)
{
    struct page page = layout->page;
    for (int tries = 0; tries < LABELS_MOST; tries++) {
        layout->page = page;
        if (has_key(drawing, layout))
            place_key_below(drawing, layout);
        break_label(drawing, layout);
        uint64_t left = place_labels(drawing, layout);
        if (!left || !are_theory(&drawing->list, left))
            return !left;
        for (size_t i = 0; i < drawing->list.count; i++)
            layout->keyed[i] = layout->keyed[i] || (left >> i & 1);
    }
    return false;
}

static void make_layout(const struct drawing *drawing, struct layout *layout)
{
    char notes[NOTES_SIZE];
    struct page page;
    bool keyed[drawing->list.count + 1];
    write_page(drawing, true, notes, &page, keyed);
    layout->page = page;
    if (can_be_labelled(&drawing->list) && lay_out_labelled(drawing, layout))
        return;
    memcpy(layout->keyed, keyed, drawing->list.count * sizeof *keyed);
    layout->page = page;
    (drawing->style->key_below ? place_key_below : place_key_beside)(drawing, layout);
    break_label(drawing, layout);
}

/* ---- the script ---- */

static int by_value(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Tics at the values of the data; as many have labels as there is room for, the last one for certain. */
static void print_value_tics(FILE *script, const struct drawing *drawing, const struct page *page)
{
    double values[VALUES_MOST],
        letter = PAGE_LETTER * drawing->style->type * (drawing->x.hi - drawing->x.lo) / (page->right - page->left);
    size_t count = 0;
    for (size_t i = 0; i < drawing->list.count; i++)
        for (size_t p = 0; p < drawing->list.series[i].count && count < VALUES_MOST; p++)
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

static void print_x_tics(FILE *script, const struct drawing *drawing, const struct page *page)
{
    const struct abscissa *abscissa = drawing->figure->choice.abscissa;
    if (along_profiles(drawing) && abscissa->logarithmic && !abscissa->scattered)
        print_value_tics(script, drawing, page);
    else if (drawing->x.logarithmic)
        axis_print_tics(&drawing->x, "x", script);
    else if (!abscissa->whole)
        fprintf(script, "set xtics autofreq\n");
    else if (abscissa->from > 0)
        fprintf(script, "set xtics %.17g,%d\n", abscissa->from, axis_whole_step((int)drawing->last));
    else
        fprintf(script, "set xtics %d\n", axis_whole_step((int)drawing->last));
}

static void print_axes(FILE *script, const struct drawing *drawing, const struct page *page)
{
    fprintf(script, "set xlabel '%s'\n", drawing->figure->choice.abscissa->label);
    fprintf(script, "lo = %.17g; hi = %.17g\nset xrange [%.17g:%.17g]\nset yrange [lo:hi]\n", drawing->y.lo,
            drawing->y.hi, drawing->x.lo, drawing->x.hi);
    fprintf(script, "clip(v) = v < lo ? lo : v > hi ? hi : v\n");
    print_x_tics(script, drawing, page);
    if (drawing->y.logarithmic || drawing->x.logarithmic)
        fprintf(script, "# On a logarithmic axis the data are log10, which has room for 1e-600.\n");
    if (drawing->y.logarithmic)
        axis_print_tics(&drawing->y, "y", script);
}

/* In double quotes, where \n breaks a line; labels are this program's own. */
static void print_y_label(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    const char *label = drawing->y_label, *remark = label_remark(drawing);
    if (layout->label_broken)
        fprintf(script, "set ylabel \"%.*s\\n%s\" offset -1,0\n", (int)(remark - label), label, remark + 2);
    else
        fprintf(script, "set ylabel \"%s\"\n", label);
}

static void print_key(FILE *script, const struct drawing *drawing, const struct layout *layout)
{
    const struct key *key = &layout->key;
    if (!has_key(drawing, layout)) {
        fprintf(script, "unset key\n");
        return;
    }
    fprintf(script, "set key %s Left reverse samplen 3 spacing 1.3 width -2 %s %d ",
            key->columns > 1 ? "horizontal" : "vertical", key->columns > 1 ? "maxcols" : "maxrows",
            key->columns > 1 ? key->columns : (int)key->lines);
    fprintf(script, "at screen %.4f,%.4f left top font ',%g'\n", key->x / layout->page.style->width,
            key->y / layout->page.height, key->type);
}

/* Superscripts have no place between rows: 1e-3. */
static void print_plain_tics(FILE *script, const struct axis *axis)
{
    int step = (int)ceil((axis->hi - axis->lo) / 6), first = (int)ceil(axis->lo / step) * step;
    if (!axis->logarithmic || axis->hi - axis->lo < 2)
        return;
    fprintf(script, "unset ytics\nset ytics nomirror (");
    for (int e = first; e <= axis->hi; e += step)
        fprintf(script, "%s'1e%d' %d", e > first ? ", " : "", e, e);
    fprintf(script, ")\n");
}

/* Characters: curves are told apart by theirs, which the key shows; the axis' label stands in the title. Lines of theory
 * and intervals are left out. */
static void print_plain_script(FILE *script, const struct drawing *drawing)
{
    struct page page;
    const char *comma = "plot";
    page_init(&page, drawing->style, drawing->name, drawing->title, "", "");
    page_print_head(script, &page);
    for (size_t i = 0; i < drawing->list.count; i++)
        page.height += !series_is_theory(&drawing->list.series[i]);
    page_print_plain_terminal(script, &page);
    print_axes(script, drawing, &page);
    print_plain_tics(script, &drawing->y);
    fprintf(script, "set title \"");
    gnuplot_print_plain(script, drawing->title);
    fprintf(script, "\\n%s\"\nset key below left vertical maxcols 1 Left reverse samplen 2\n", drawing->y_label);
    for (size_t i = 0; i < drawing->list.count; i++) {
        const struct series *series = &drawing->list.series[i];
        if (series_is_theory(series))
            continue;
        fprintf(script, "%s data index %zu using 1:2 with lines lt %zu title ' ", comma, i, i + 1);
        stroke_print_title(script, series);
        fprintf(script, "%s'", series->role == SERIES_PREDICTED && drawing->mixed ? ", predicted" : "");
        comma = ", \\\n    ";
    }
    fprintf(script, "\nset output\n");
}

void drawing_print_script(FILE *script, const struct drawing *drawing)
{
    bool keyed[drawing->list.count + 1];
    struct layout layout = {.keyed = memset(keyed, false, sizeof keyed)};
    if (drawing->style->plain) {
        print_plain_script(script, drawing);
        return;
    }
    make_layout(drawing, &layout);
    const struct page *page = &layout.page;
    page_print_head(script, page);
    fprintf(script, "set border 3 lc rgb '#404040' lw %.3g\nset grid y lc rgb '#E4E4E4' lt 1 lw %.3g\n",
            drawing->style->thin / 2, drawing->style->thin / 2);
    print_axes(script, drawing, page);
    page_print_texts(script, page);
    print_y_label(script, drawing, &layout);
    page_print_margins(script, page, page->left, page->right, page->bottom, page->top);
    if (can_be_labelled(&drawing->list))
        print_labels(script, drawing, &layout);
    print_key(script, drawing, &layout);
    for (int i = 0; i < PICTURES; i++) {
        picture_print(script, i, drawing->style, page->height, drawing->name);
        if (i == 0)
            stroke_print_plot(script, drawing, keyed, layout.key.letters);
        else
            fprintf(script, "replot\n");
    }
    fprintf(script, "set output\n");
}
