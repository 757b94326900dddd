#include "plots/page.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "plots/gnuplot.h"

/* In ems of the type concerned. */
#define LEFT         6.4 /* tics and label of the y axis */
#define RIGHT        1.5
#define ABOVE        1.0 /* where there is no title */
#define TITLE        2.6
#define TITLE_CENTRE 1.1
#define LINE         1.3 /* from line to line of the words */
#define LINE_CENTRE  0.4
#define WORDS_BELOW  0.6

/* Of the picture's width. */
#define TEXT_WIDTH 0.96

/* Breaks after a comma or semicolon, into lines of like length; returns the number of bytes of the first. */
static size_t first_line(const char *text, size_t limit)
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

static void add_lines(struct page *page, const char *text, size_t limit)
{
    while (*text && page->line_count < PAGE_LINES) {
        size_t length = first_line(text, limit);
        snprintf(page->words[page->line_count++], PAGE_LINE, "%.*s", (int)length, text);
        text += length;
    }
}

static void break_words(struct page *page, const char *shown, const char *marks)
{
    size_t limit = (size_t)(TEXT_WIDTH * page->style->width / (PAGE_SMALL_LETTER * page->style->small));
    const char *between = *shown && *marks ? "; " : "";
    if (strlen(shown) + strlen(between) + strlen(marks) <= limit) {
        if (*shown || *marks)
            snprintf(page->words[page->line_count++], PAGE_LINE, "%s%s%s", shown, between, marks);
        return;
    }
    add_lines(page, shown, limit);
    add_lines(page, marks, limit);
}

void page_init(struct page *page, const struct style *style, const char *name, const char *title, const char *shown,
               const char *marks)
{
    *page = (struct page){.style = style, .name = name, .title = title, .height = style->height};
    break_words(page, shown, marks);
    page->left = LEFT * style->type;
    page->right = style->width - RIGHT * style->type;
    page->top = style->height - (style->title > 0 ? TITLE * style->title : ABOVE * style->type);
    page->bottom = PAGE_AXIS * style->type;
    page_add_below(page, (LINE * page->line_count + WORDS_BELOW) * style->small);
}

void page_add_below(struct page *page, double strip)
{
    page->bottom += strip;
    if (page->style->grows) {
        page->top += strip;
        page->height += strip;
    }
}

size_t page_text_length(const char *markup)
{
    static const char italic[] = "{/:Italic ";
    size_t length = 0;
    for (const char *c = markup; *c; c++) {
        if (strncmp(c, italic, strlen(italic)) == 0)
            c += strlen(italic) - 1;
        else
            length += !strchr("^_{}", *c) && ((unsigned char)*c & 0xC0) != 0x80;
    }
    return length;
}

void page_print_head(FILE *script, const struct page *page)
{
    fprintf(script, "# Written by spanscope plot. Redraw here with: gnuplot -d %s%s.gp\n",
            page->name[0] == '-' ? "./" : "", page->name);
    fprintf(script, "set encoding utf8\ndata = '%s.dat'\n", page->name);
    fprintf(script, "set tics nomirror out scale 0.6,0.35\nset format '%%g'\n");
}

void page_print_plain_terminal(FILE *script, const struct page *page)
{
    fprintf(script, "set terminal dumb enhanced size %.0f,%.0f\nset output '%s.out'\nset border 3\n",
            page->style->width, page->height, page->name);
}

/* Over the whole picture, in smaller type where it is long. */
static void print_title(FILE *script, const struct page *page)
{
    const struct style *style = page->style;
    double type = fmin(style->title, TEXT_WIDTH * style->width / (PAGE_LETTER * (double)strlen(page->title)));
    if (!(type > 0))
        return;
    fprintf(script, "set label '");
    gnuplot_print_plain(script, page->title);
    fprintf(script, "' at screen 0.5,%.4f center font ',%.3g'\n", 1 - TITLE_CENTRE * style->title / page->height, type);
}

void page_print_texts(FILE *script, const struct page *page)
{
    double small = page->style->small;
    print_title(script, page);
    for (int i = 0; i < page->line_count; i++) {
        fprintf(script, "set label '");
        gnuplot_print_plain(script, page->words[i]);
        fprintf(script, "' at screen 0.5,%.4f center font ',%g' tc rgb '#404040'\n",
                (LINE * (page->line_count - i) - LINE_CENTRE) * small / page->height, small);
    }
}

void page_print_margins(FILE *script, const struct page *page, double left, double right, double bottom, double top)
{
    double width = page->style->width, height = page->height;
    fprintf(script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", left / width, right / width);
    fprintf(script, "set bmargin at screen %.4f\nset tmargin at screen %.4f\n", bottom / height, top / height);
}
