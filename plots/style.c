#include "plots/style.h"

#include <string.h>

/* A paper's column is 3.4 inches wide, its type 8 points; a slide is seen from afar, 16 to 9. */
const struct style styles[] = {
    {"screen", "for a page on the screen: key beside the plot", 900, 600, "DejaVu Sans", "DejaVu Sans, sans-serif", 12,
     15, 10, 1.6, 1.2, 1, false, false, false, 2},
    {"paper", "a journal's column, 3.4 inches wide: serif type of 8 points, no title, key below", 245, 165,
     "DejaVu Serif", "DejaVu Serif, serif", 8, 0, 6.5, 0.9, 0.7, 0.5, true, true, false, 6},
    {"slides", "for a projector: large type, thick lines, the plot as wide as the slide", 960, 540, "DejaVu Sans",
     "DejaVu Sans, sans-serif", 18, 24, 12, 3.2, 2.2, 1.6, true, false, false, 2},
    {"terminal", "characters, to standard output, as wide as the window", 79, 24, "", "", 1 / 0.6, 0, 1 / 0.54, 1, 1, 1,
     true, false, true, 1},
};
const size_t style_count = sizeof styles / sizeof *styles;

const struct style *style_find(const char *name)
{
    for (size_t i = 0; i < style_count; i++)
        if (strcmp(styles[i].name, name) == 0)
            return &styles[i];
    return NULL;
}
