/* The page of a picture: the frame of the plot, the title above it and the words below. Lengths are points, from the
 * lower left corner; margins are ems of the type that they hold. */
#ifndef SPANSCOPE_PLOTS_PAGE_H
#define SPANSCOPE_PLOTS_PAGE_H

#include <stdio.h>

#include "plots/style.h"

enum { PAGE_LINES = 16, PAGE_LINE = 600 };

struct page {
    const struct style *style;
    const char *name;                /* of the files */
    const char *title;               /* plain text */
    double height;                   /* of the picture; its width is the style's */
    double left, right, bottom, top; /* of the plot */
    char words[PAGE_LINES][PAGE_LINE];
    int line_count;
};

/* Widths of a letter and of a letter of small type, in ems: DejaVu is wide. */
#define PAGE_LETTER       0.6
#define PAGE_SMALL_LETTER 0.54

/* Tics and label of the x axis, in ems of the style's type. */
#define PAGE_AXIS 5.0

/* A page with room for the axes and for the words: what is shown and what the marks mean. They share a line where it
 * holds both, and are broken at commas and semicolons otherwise. */
void page_init(struct page *page, const struct style *style, const char *name, const char *title, const char *shown,
               const char *marks);

/* Adds a strip to the bottom, which the picture grows by where its style does; the plot shrinks otherwise. */
void page_add_below(struct page *page, double strip);

/* Characters of enhanced text as shown: without the words that set type, superscripts and all. */
size_t page_text_length(const char *markup);

/* What every script begins with, up to the frame's look; then title and words, and the margins of a frame. */
void page_print_head(FILE *script, const struct page *page);
void page_print_plain_terminal(FILE *script, const struct page *page); // of a plain style: into NAME.out
void page_print_texts(FILE *script, const struct page *page);
void page_print_margins(FILE *script, const struct page *page, double left, double right, double bottom, double top);

#endif
