#include "analysis/limit/strip.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Numbers of an attention that are held, and of a strip. */
enum { WHOLE_MOST = 1 << 24, STRIP_MOST = 1 << 21, ROWS_LEAST = 16 };

int strip_rows(const struct attention *attention)
{
    double row = (double)attention->heads * attention->keys;
    if (row * attention->queries <= WHOLE_MOST)
        return 0;
    return row * ROWS_LEAST > STRIP_MOST ? ROWS_LEAST : (int)(STRIP_MOST / row);
}

/* One strip as an attention of its own, and where it begins in the arrays. */
struct strip {
    struct attention own;
    size_t q, k, v, y;
    int relative_rows; /* that see several keys */
};

static struct strip strip_at(const struct attention *attention, int row, int rows)
{
    int count = attention->queries - row < rows ? attention->queries - row : rows, key = attention->keys, last = 0;
    struct strip strip = {.own = *attention};
    for (int i = row; i < row + count; i++) {
        int first, end;
        attention_visible(attention, i, &first, &end);
        key = first < key ? first : key;
        last = end > last ? end : last;
        strip.relative_rows += end - first > 1;
    }
    strip.own.whole = attention;
    strip.own.row = row;
    strip.own.key = key;
    strip.own.queries = count;
    strip.own.keys = last - key;
    strip.q = (size_t)row * (size_t)attention->heads * (size_t)attention->head_width;
    strip.y = (size_t)row * (size_t)attention->heads * (size_t)attention->value_width;
    strip.k = (size_t)key * (size_t)attention->kv_heads * (size_t)attention->head_width;
    strip.v = (size_t)key * (size_t)attention->kv_heads * (size_t)attention->value_width;
    return strip;
}

double strip_keys(const struct attention *attention)
{
    int rows = strip_rows(attention);
    double sum = 0;
    if (rows == 0)
        return (double)attention->queries * attention->keys;
    for (int row = 0; row < attention->queries; row += rows) {
        struct strip strip = strip_at(attention, row, rows);
        sum += (double)strip.own.queries * strip.own.keys;
    }
    return sum;
}

static struct arena scratch(const struct attention *attention, struct pool *work)
{
    size_t size = attention_work(attention);
    return (struct arena){pool_take(work, size), size, 0};
}

/* sum += own, each row of the strip counting as one. */
static void add_report(const struct strip *strip, const struct attention_report *own, struct attention_report *sum)
{
    sum->entropy += own->entropy * strip->own.queries;
    sum->relative_entropy += own->relative_entropy * strip->relative_rows;
    sum->square += own->square * strip->own.queries;
    sum->logit_variance += own->logit_variance * strip->own.queries;
}

void strip_forward(const struct attention *attention, int rows, const double *drawn, const double *q, const double *k,
                   const double *v, double *y, struct pool *work, struct attention_report *report)
{
    struct attention_report sum = {0}, own;
    double queries = attention->queries;
    int relative_rows = 0;
    for (int row = 0; row < attention->queries; row += rows) {
        struct strip strip = strip_at(attention, row, rows);
        struct pool_mark mark = pool_mark(work);
        double *a = pool_take(work, attention_entries(&strip.own));
        attention_forward(&strip.own, drawn, q + strip.q, k + strip.k, v + strip.v, a, y + strip.y,
                          scratch(&strip.own, work), &own);
        add_report(&strip, &own, &sum);
        relative_rows += strip.relative_rows;
        pool_release(work, mark);
    }
    *report = (struct attention_report){
        .entropy = sum.entropy / queries,
        .relative_entropy = relative_rows > 0 ? sum.relative_entropy / relative_rows : 0,
        .square = sum.square / queries,
        .logit_variance = sum.logit_variance / queries,
        .stable_rank = NAN,
    };
}

void strip_backward(const struct attention *attention, int rows, const double *drawn, const double *q, const double *k,
                    const double *v, const double *dy, double *dq, double *dk, double *dv, struct pool *work)
{
    size_t keys = (size_t)attention->keys * (size_t)attention->kv_heads;
    memset(dk, 0, keys * (size_t)attention->head_width * sizeof *dk);
    memset(dv, 0, keys * (size_t)attention->value_width * sizeof *dv);
    for (int row = 0; row < attention->queries; row += rows) {
        struct strip strip = strip_at(attention, row, rows);
        struct pool_mark mark = pool_mark(work);
        size_t seen = (size_t)strip.own.keys * (size_t)attention->kv_heads;
        size_t k_count = seen * (size_t)attention->head_width, v_count = seen * (size_t)attention->value_width;
        double *a = pool_take(work, attention_entries(&strip.own)), *own_k = pool_take(work, k_count);
        double *y = pool_take(work, (size_t)rows * (size_t)attention->heads * (size_t)attention->value_width);
        double *own_v = pool_take(work, v_count);
        struct arena room = scratch(&strip.own, work);
        attention_forward(&strip.own, drawn, q + strip.q, k + strip.k, v + strip.v, a, y, room, NULL);
        attention_backward(&strip.own, q + strip.q, k + strip.k, v + strip.v, a, dy + strip.y, dq + strip.q, own_k,
                           own_v, room);
        cblas_daxpy((int)k_count, 1, own_k, 1, dk + strip.k, 1);
        cblas_daxpy((int)v_count, 1, own_v, 1, dv + strip.v, 1);
        pool_release(work, mark);
    }
}
