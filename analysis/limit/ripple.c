#include "analysis/limit/ripple.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Of two components c >= c', both orders of the tokens together: sd of a source of its own, and what is inherited. */
struct ripple_entry {
    struct ripple inherited;
    int source;
    double sd;
};

/* Columns that hold components, and a triangle of their entries; columns without are nothing's. */
struct ripple_space {
    int columns, room;
    struct ripple_entry *entries; // [room (room + 1)/2]
};

int ripple_entries(int count)
{
    return count * (count + 1) / 2;
}

void ripple_begin(struct ripples *ripples, int spaces, struct pool *pool)
{
    *ripples = (struct ripples){.pool = pool};
    ripples->spaces = pool_take_zeros(pool, (size_t)spaces * sizeof *ripples->spaces);
}

static struct ripple_entry *entry_of(const struct ripple_space *space, int c, int other)
{
    return &space->entries[c > other ? ripple_entries(c) + other : ripple_entries(other) + c];
}

static void make_room(struct ripples *ripples, struct ripple_space *space, int columns)
{
    if (columns > space->room) {
        int room = 2 * columns;
        struct ripple_entry *entries = pool_take_zeros(ripples->pool, (size_t)ripple_entries(room) * sizeof *entries);
        if (space->columns > 0)
            memcpy(entries, space->entries, (size_t)ripple_entries(space->columns) * sizeof *entries);
        space->entries = entries;
        space->room = room;
    }
    space->columns = columns > space->columns ? columns : space->columns;
}

/* The products of two components that know nothing of each other, in both orders, deviate by 2/width. */
void ripple_fresh(struct ripples *ripples, int space, int column, int width, double square, double own,
                  const struct ripple *inherited)
{
    struct ripple_space *of = &ripples->spaces[space];
    make_room(ripples, of, column + 1);
    for (int c = 0; c < column; c++)
        *entry_of(of, column, c) = (struct ripple_entry){{0, NULL}, ripples->sources++, sqrt(2. / width)};
    struct ripple_entry *self = entry_of(of, column, column);
    *self = (struct ripple_entry){.source = ripples->sources++};
    if (!(square > 0))
        return;
    self->sd = sqrt(fmax(0, own) / width) / square;
    if (inherited)
        ripple_add(ripples, 1 / square, inherited, &self->inherited);
}

void ripple_receive(struct ripples *ripples, int space, int first, int count, const double *entries)
{
    struct ripple_space *of = &ripples->spaces[space];
    int sources = ripple_entries(count), from = ripples->sources;
    make_room(ripples, of, first + count);
    ripples->sources += sources;
    for (int c = 0; c < count; c++)
        for (int other = 0; other <= c; other++) {
            struct ripple_entry *entry = entry_of(of, first + c, first + other);
            entry->inherited.count = ripples->sources;
            entry->inherited.at = pool_take_zeros(ripples->pool, (size_t)ripples->sources * sizeof(double));
            memcpy(entry->inherited.at + from, entries + (size_t)(ripple_entries(c) + other) * (size_t)sources,
                   (size_t)sources * sizeof(double));
        }
}

/* out += factor times the entry. */
static void add_entry(const struct ripple_entry *entry, double factor, struct ripple *out)
{
    for (int i = 0; i < entry->inherited.count; i++)
        out->at[i] += factor * entry->inherited.at[i];
    if (entry->sd > 0)
        out->at[entry->source] += factor * entry->sd;
}

/* Of x G x^T with x over the columns of a space. */
static struct ripple of_row(const struct ripples *ripples, int space, const double *x, int columns)
{
    const struct ripple_space *of = &ripples->spaces[space];
    int count = columns < of->columns ? columns : of->columns;
    struct ripple out = {ripples->sources, pool_take_zeros(ripples->pool, (size_t)ripples->sources * sizeof(double))};
    for (int c = 0; c < count; c++)
        for (int other = 0; other <= c; other++)
            if (x[c] * x[other] != 0)
                add_entry(entry_of(of, c, other), x[c] * x[other], &out);
    return out;
}

struct ripple ripple_gram(const struct ripples *ripples, int space, const struct signal *signal)
{
    return of_row(ripples, space, signal->at + signal->columns, signal->columns);
}

/* That of two rows together is what their sum has and they have not. */
void ripple_hand_on(const struct ripples *ripples, int space, const double *rows, int count, int columns,
                    double *entries)
{
    int all = ripple_entries(count);
    struct ripple own[all > 0 ? all : 1];
    double both[columns > 0 ? columns : 1];
    for (int c = 0; c < count; c++)
        own[ripple_entries(c) + c] = of_row(ripples, space, rows + (size_t)c * (size_t)columns, columns);
    for (int c = 0; c < count; c++)
        for (int other = 0; other < c; other++) {
            memcpy(both, rows + (size_t)c * (size_t)columns, sizeof both);
            cblas_daxpy(columns, 1, rows + (size_t)other * (size_t)columns, 1, both, 1);
            struct ripple sum = of_row(ripples, space, both, columns);
            ripple_add(ripples, -1, &own[ripple_entries(c) + c], &sum);
            ripple_add(ripples, -1, &own[ripple_entries(other) + other], &sum);
            own[ripple_entries(c) + other] = sum;
        }
    double *covariance = pool_take_zeros(ripples->pool, (size_t)all * (size_t)all * sizeof(double));
    for (int a = 0; a < all; a++)
        for (int b = 0; b < all; b++)
            covariance[a * all + b] = ripple_dot(&own[a], &own[b]);
    gram_factor(all, covariance, entries);
}

void ripple_add(const struct ripples *ripples, double factor, const struct ripple *from, struct ripple *to)
{
    if (from->count > to->count) {
        double *at = pool_take_zeros(ripples->pool, (size_t)from->count * sizeof *at);
        if (to->count > 0)
            memcpy(at, to->at, (size_t)to->count * sizeof *at);
        *to = (struct ripple){from->count, at};
    }
    if (from->count > 0)
        cblas_daxpy(from->count, factor, from->at, 1, to->at, 1);
}

double ripple_dot(const struct ripple *a, const struct ripple *b)
{
    int count = a->count < b->count ? a->count : b->count;
    return count > 0 ? cblas_ddot(count, a->at, 1, b->at, 1) : 0;
}
