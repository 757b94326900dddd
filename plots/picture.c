#include "plots/picture.h"

#include <stdbool.h>

/* Kinds of picture. Sizes are made from the style's points: pngcairo takes 96 pixels to the inch for type, pdfcairo
 * draws a line of width 1 half a point wide, SVG draws points twice as large. All make dashes as many times longer as a
 * line is wide; a unit of a pattern comes out at half a line's width. */
static const struct picture {
    const char *suffix;
    const char *terminal, *unit; /* of its size */
    double per_point;            /* of that unit; multiplied by the style's pixels where in_pixels */
    bool in_pixels, svg;
    double type, line, point, dash;
} pictures[PICTURES] = {
    {"png", "pngcairo", "", 1, true, false, 0.75, 1, 1, 2},
    {"svg", "svg", "", 1, false, true, 1, 1, 0.8, 1},
    {"pdf", "pdfcairo", "in", 1. / 72, false, false, 0.75, 2, 1, 1.8},
};

void picture_print(FILE *script, int i, const struct style *style, double height, const char *name)
{
    const struct picture *picture = &pictures[i];
    double scale = picture->in_pixels ? style->pixels : 1, unit = picture->per_point * scale;
    fprintf(script, "\nset terminal %s size %.6g%s,%.6g%s enhanced font '%s,%g' fontscale %g linewidth %g",
            picture->terminal, style->width * unit, picture->unit, height * unit, picture->unit,
            picture->svg ? style->svg_font : style->font, style->type, picture->type * scale, picture->line * scale);
    fprintf(script, " dashlength %g background '#FFFFFF'\nset output '%s.%s'\nscale = %g\n", picture->dash, name,
            picture->suffix, picture->point * scale);
}
