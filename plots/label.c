#include "plots/label.h"

#include <math.h>

/* More room than this many lines of type makes no place better. */
#define ROOM 3.0

/* What a place loses for each point that its own curve rises or falls along the text, and for lying far to the left. */
#define LOSS_OF_SLOPE 0.5
#define LOSS_OF_START 0.2

struct box {
    double left, right, bottom, top;
};

static double from_left(int sample, double width)
{
    return width * sample / (LABEL_SAMPLES - 1);
}

/* The samples that a text begins and ends at. */
struct span {
    int first, last;
};

/* The least and the greatest height of a curve over the samples; false where it is drawn at none. */
static bool find_extent(const struct label *label, struct span span, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int i = span.first; i <= span.last; i++) {
        if (isnan(label->curve[i]))
            continue;
        *low = fmin(*low, label->curve[i]);
        *high = fmax(*high, label->curve[i]);
    }
    return *low <= *high;
}

/* How far a curve stays above or below the box; it counts as continued between two samples on either side. */
static double clear_of_curve(const struct label *label, struct span span, const struct box *box)
{
    double room = INFINITY;
    for (int i = span.first > 0 ? span.first - 1 : 0; i <= span.last + 1 && i < LABEL_SAMPLES; i++) {
        double y = label->curve[i], before = i > 0 ? label->curve[i - 1] : NAN;
        if (isnan(y))
            continue;
        bool crossed = !isnan(before) && i > span.first && (before > box->top) != (y > box->top);
        room = crossed ? fmin(room, 0) : fmin(room, fmax(0, fmax(box->bottom - y, y - box->top)));
    }
    return room;
}

static double clear_of_text(const struct label *label, const struct box *box, double type)
{
    double left = label->x, right = label->x + label->length, low = label->y - type / 2, high = label->y + type / 2;
    double aside = fmax(left - box->right, box->left - right), apart = fmax(low - box->top, box->bottom - high);
    return fmax(fmax(aside, apart), 0);
}

struct search {
    struct label *labels;
    size_t count, current; /* current: the label that seeks its place */
    double width, height, type, gap;
    double best;
};

/* Tries the text of the current label at the samples, above its curve or below. */
static void try_place(struct search *search, struct span span, bool above)
{
    struct label *own = &search->labels[search->current];
    double low, high, room = ROOM * search->type;
    if (!find_extent(own, span, &low, &high) || isnan(own->curve[span.first]) || isnan(own->curve[span.last]))
        return;
    struct box box = {from_left(span.first, search->width), 0, 0, 0};
    box.right = box.left + own->length;
    box.bottom = above ? high + search->gap : low - search->gap - search->type;
    box.top = box.bottom + search->type;
    if (box.bottom < search->gap || box.top > search->height)
        return;
    for (size_t i = 0; i < search->count; i++) {
        if (i != search->current)
            room = fmin(room, clear_of_curve(&search->labels[i], span, &box));
        if (search->labels[i].placed)
            room = fmin(room, clear_of_text(&search->labels[i], &box, search->type));
    }
    double worth = room - LOSS_OF_SLOPE * (high - low) + LOSS_OF_START * search->type * (box.left / search->width);
    if (room < 0.99 * search->gap || !(worth > search->best))
        return;
    search->best = worth;
    own->x = box.left;
    own->y = (box.bottom + box.top) / 2;
}

void label_place(struct label labels[], size_t count, double width, double height, double type, double gap)
{
    struct search search = {labels, count, 0, width, height, type, gap, 0};
    for (size_t i = 0; i < count; i++)
        labels[i].placed = false;
    for (; search.current < count; search.current++) {
        struct label *label = &labels[search.current];
        int samples = (int)ceil(label->length / width * (LABEL_SAMPLES - 1));
        search.best = -INFINITY;
        for (int first = 1; samples > 0 && first + samples < LABEL_SAMPLES; first++)
            for (int above = 0; above < 2; above++)
                try_place(&search, (struct span){first, first + samples}, above);
        label->placed = isfinite(search.best);
    }
}
