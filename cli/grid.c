#include "cli/grid.h"

#include <string.h>

#include "sim/text.h"

static int width_of(const struct grid_column *column)
{
    int head = columns_of(column->name, strlen(column->name));
    return column->width > head ? column->width : head;
}

static int total(const struct grid *grid)
{
    int width = grid->shown_count > 0 ? -GRID_GAP : 0;
    for (int i = 0; i < grid->shown_count; i++)
        width += GRID_GAP + width_of(&grid->columns[grid->shown[i]]);
    return width;
}

static void leave_out(struct grid *grid)
{
    int worst = 0;
    for (int i = 1; i < grid->shown_count; i++)
        if (grid->columns[grid->shown[i]].spare >= grid->columns[grid->shown[worst]].spare)
            worst = i;
    grid->shown_count--;
    memmove(&grid->shown[worst], &grid->shown[worst + 1], (size_t)(grid->shown_count - worst) * sizeof *grid->shown);
}

void grid_fit(struct grid *grid, const struct columns *asked, int window)
{
    grid->shown_count = asked->count;
    grid->window = window;
    grid->asked = asked->count > 0;
    memcpy(grid->shown, asked->chosen, (size_t)asked->count * sizeof *grid->shown);
    if (grid->asked)
        return;
    for (int c = 0; c < grid->count; c++)
        if (grid->columns[c].usual)
            grid->shown[grid->shown_count++] = c;
    while (window > 0 && grid->shown_count > 1 && total(grid) > window)
        leave_out(grid);
}

static bool is_shown(const struct grid *grid, int column)
{
    for (int i = 0; i < grid->shown_count; i++)
        if (grid->shown[i] == column)
            return true;
    return false;
}

static void print_missing(const struct grid *grid, FILE *stream)
{
    char line[GRID_COLUMNS * 32] = "";
    struct text text = {line, sizeof line, 0};
    for (int c = 0; c < grid->count; c++)
        if (grid->columns[c].usual && !is_shown(grid, c))
            text_print(&text, "%s%s", text.length > 0 ? ", " : "(no room for ", grid->columns[c].name);
    if (text.length == 0)
        return;
    text_print(&text, "; --columns chooses)\n");
    columns_fold(line, grid->window, 2, stream);
}

/* Blanks behind the last text of a line are left out. */
static int print_cell(const struct grid *grid, int i, const char *text, int used, FILE *stream)
{
    const struct grid_column *column = &grid->columns[grid->shown[i]];
    int width = width_of(column), own = columns_of(text, strlen(text)), gap = i > 0 ? GRID_GAP : 0;
    size_t bytes = strlen(text);
    while (column->left && own > width) // a character less
        own -= ((unsigned char)text[--bytes] & 0xC0) != 0x80;
    bool last = i == grid->shown_count - 1;
    int blanks = width > own ? width - own : 0;
    fprintf(stream, "%*s%*s%.*s%*s", gap, "", column->left ? 0 : blanks, "", (int)bytes, text,
            column->left && !last ? blanks : 0, "");
    return used + gap + own + (column->left && last ? 0 : blanks);
}

void grid_print_head(const struct grid *grid, FILE *stream)
{
    if (!grid->asked)
        print_missing(grid, stream);
    for (int i = 0; i < grid->shown_count; i++)
        print_cell(grid, i, grid->columns[grid->shown[i]].name, 0, stream);
    fputc('\n', stream);
}

int grid_print_row(const struct grid *grid, grid_cell *cell, const void *row, FILE *stream)
{
    int used = 0;
    for (int i = 0; i < grid->shown_count; i++) {
        char text[GRID_CELL] = "";
        cell(row, grid->shown[i], text);
        used = print_cell(grid, i, text, used, stream);
    }
    return used;
}
