#include "analysis/limit/strip.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "sim/spectrum.h"

/* Numbers of an attention that are held whole, of a strip of a head, and of a head of which the stable rank is read. */
enum { WHOLE_MOST = 1 << 20, STRIP_MOST = 1 << 18, HELD_MOST = 1 << 26, ROWS_LEAST = 16 };

int strip_rows(const struct attention *attention)
{
    if ((double)attention->heads * attention->keys * attention->queries <= WHOLE_MOST)
        return 0;
    return attention->keys > STRIP_MOST / ROWS_LEAST ? ROWS_LEAST : STRIP_MOST / attention->keys;
}

/* Queries from `row` on of one head, as an attention of their own. */
static struct attention strip_at(const struct attention *attention, int head, int row, int rows)
{
    int count = attention->queries - row < rows ? attention->queries - row : rows, key = attention->keys, last = 0;
    struct attention strip = *attention;
    for (int i = row; i < row + count; i++) {
        int first, end;
        attention_visible(attention, i, &first, &end);
        key = first < key ? first : key;
        last = end > last ? end : last;
    }
    strip.whole = attention;
    strip.rope = 0; // heads are turned before they are cut
    strip.heads = strip.kv_heads = 1;
    strip.head = head;
    strip.row = row;
    strip.key = key;
    strip.queries = count;
    strip.keys = last - key;
    return strip;
}

static int relative_rows(const struct attention *strip)
{
    int count = 0;
    for (int i = 0; i < strip->queries; i++) {
        int first, end;
        attention_visible(strip, i, &first, &end);
        count += end - first > 1;
    }
    return count;
}

static double keys_read(const struct attention *attention, int rows)
{
    double sum = 0;
    for (int row = 0; row < attention->queries; row += rows) {
        struct attention strip = strip_at(attention, 0, row, rows);
        sum += (double)strip.queries * strip.keys;
    }
    return sum;
}

double strip_keys(const struct attention *attention)
{
    int rows = strip_rows(attention);
    return rows > 0 ? keys_read(attention, rows) : (double)attention->queries * attention->keys;
}

static struct arena scratch(const struct attention *attention, struct pool *work)
{
    size_t size = attention_work(attention);
    return (struct arena){pool_take(work, size), size, 0};
}

static struct attention_turned turn(const struct attention *attention, const double *q, const double *k,
                                    struct pool *work)
{
    size_t size = attention_turn_work(attention);
    struct arena room = {size > 0 ? pool_take(work, size) : NULL, size, 0};
    return attention_turn(attention, q, k, &room);
}

/* ---- one head's columns, one row below the other ---- */

static double *cut(const double *all, int tokens, int heads, int head, int width, struct pool *work)
{
    double *own = pool_take(work, (size_t)tokens * (size_t)width);
    for (int t = 0; t < tokens; t++)
        memcpy(own + (size_t)t * (size_t)width, all + ((size_t)t * (size_t)heads + (size_t)head) * (size_t)width,
               (size_t)width * sizeof *own);
    return own;
}

static double *zeros(int tokens, int width, struct pool *work)
{
    return pool_take_zeros(work, (size_t)tokens * (size_t)width * sizeof(double));
}

/* all += own in the head's columns. */
static void paste(const double *own, int tokens, int heads, int head, int width, double *all)
{
    for (int t = 0; t < tokens; t++)
        cblas_daxpy(width, 1, own + (size_t)t * (size_t)width, 1,
                    all + ((size_t)t * (size_t)heads + (size_t)head) * (size_t)width, 1);
}

/* What the queries of one head meet. */
struct head {
    int number, kv; /* its own, and of its keys and values */
    double *q, *k, *v;
};

static struct head head_of(const struct attention *attention, int h, const double *q, const double *k, const double *v,
                           struct pool *work)
{
    int kv = h / (attention->heads / attention->kv_heads), width = attention->head_width;
    return (struct head){
        .number = h,
        .kv = kv,
        .q = cut(q, attention->queries, attention->heads, h, width, work),
        .k = cut(k, attention->keys, attention->kv_heads, kv, width, work),
        .v = cut(v, attention->keys, attention->kv_heads, kv, attention->value_width, work),
    };
}

static double *at_row(double *own, int row, int width)
{
    return own + (size_t)row * (size_t)width;
}

/* ---- the stable rank of a head whose strips are held, one behind the other ---- */

struct held {
    const struct attention *attention;
    int head, rows;
    size_t count;
    float *a;
};

/* y = A^T A x, of what rows see. */
static void push_through(const void *context, const double *x, double *y)
{
    const struct held *held = context;
    const float *a = held->a;
    memset(y, 0, (size_t)held->attention->keys * sizeof *y);
    for (int row = 0; row < held->attention->queries; row += held->rows) {
        struct attention strip = strip_at(held->attention, held->head, row, held->rows);
        for (int i = 0; i < strip.queries; i++, a += strip.keys) {
            int first, end;
            double sum = 0;
            attention_visible(&strip, i, &first, &end);
#pragma omp simd reduction(+ : sum)
            for (int j = first; j < end; j++)
                sum += (double)a[j] * x[strip.key + j];
            for (int j = first; j < end; j++)
                y[strip.key + j] += sum * (double)a[j];
        }
    }
}

static void hold(struct held *held, const double *a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        held->a[held->count + i] = (float)a[i];
    held->count += count;
}

static double stable_rank(const struct held *held, double square, struct pool *work)
{
    int keys = held->attention->keys;
    size_t size = spectrum_work(keys);
    struct arena room = {pool_take(work, size), size, 0};
    double largest = spectrum_largest(keys, push_through, held, square, room);
    return largest > 0 ? square / largest : 0;
}

/* ---- both passes ---- */

/* Of all rows of all heads, added up. */
struct sums {
    double entropy, relative_entropy, square, logit_variance, ranks;
    int relative_rows;
};

static void add_report(const struct attention *strip, const struct attention_report *own, struct sums *sums)
{
    int relative = relative_rows(strip);
    sums->entropy += own->entropy * strip->queries;
    sums->relative_entropy += own->relative_entropy * relative;
    sums->square += own->square * strip->queries;
    sums->logit_variance += own->logit_variance * strip->queries;
    sums->relative_rows += relative;
}

static void head_forward(const struct attention *attention, int rows, const double *drawn, const struct head *head,
                         double *y, struct pool *work, struct sums *sums)
{
    double square = sums->square, entries = keys_read(attention, rows);
    bool holds = entries <= HELD_MOST;
    struct held held = {attention, head->number, rows, 0, NULL};
    if (holds)
        held.a = (float *)pool_take(work, (size_t)entries / 2 + 1);
    for (int row = 0; row < attention->queries; row += rows) {
        struct attention strip = strip_at(attention, head->number, row, rows);
        struct attention_report own;
        struct pool_mark mark = pool_mark(work);
        double *a = pool_take(work, attention_entries(&strip));
        attention_forward(&strip, drawn, at_row(head->q, row, strip.head_width),
                          at_row(head->k, strip.key, strip.head_width), at_row(head->v, strip.key, strip.value_width),
                          a, at_row(y, row, strip.value_width), scratch(&strip, work), &own);
        add_report(&strip, &own, sums);
        if (holds)
            hold(&held, a, attention_entries(&strip));
        pool_release(work, mark);
    }
    sums->ranks += holds ? stable_rank(&held, sums->square - square, work) : NAN;
}

void strip_forward(const struct attention *attention, int rows, const double *drawn, const double *q, const double *k,
                   const double *v, double *y, struct pool *work, struct attention_report *report)
{
    int heads = attention->heads, width = attention->value_width;
    double all = (double)heads * attention->queries;
    struct sums sums = {0};
    struct attention_turned turned = turn(attention, q, k, work);
    memset(y, 0, (size_t)attention->queries * (size_t)heads * (size_t)width * sizeof *y);
    for (int h = 0; h < heads; h++) {
        struct pool_mark mark = pool_mark(work);
        struct head head = head_of(attention, h, turned.q, turned.k, v, work);
        double *own = pool_take(work, (size_t)attention->queries * (size_t)width);
        head_forward(attention, rows, drawn, &head, own, work, &sums);
        paste(own, attention->queries, heads, h, width, y);
        pool_release(work, mark);
    }
    *report = (struct attention_report){
        .entropy = sums.entropy / all,
        .relative_entropy = sums.relative_rows > 0 ? sums.relative_entropy / sums.relative_rows : 0,
        .square = sums.square / all,
        .logit_variance = sums.logit_variance / all,
        .stable_rank = sums.ranks / heads,
    };
}

/* Of one head: what keys are sent, by way of q, and its gradients. */
struct sent {
    double *q, *dy, *dq, *dk, *dv;
};

static void head_backward(const struct attention *attention, int rows, const double *drawn, const struct head *head,
                          const struct sent *sent, struct pool *work)
{
    int width = attention->head_width, value = attention->value_width;
    for (int row = 0; row < attention->queries; row += rows) {
        struct attention strip = strip_at(attention, head->number, row, rows);
        struct pool_mark mark = pool_mark(work);
        size_t k_count = (size_t)strip.keys * (size_t)width, v_count = (size_t)strip.keys * (size_t)value;
        double *a = pool_take(work, attention_entries(&strip));
        double *own_k = pool_take(work, k_count), *own_v = pool_take(work, v_count);
        double *k = at_row(head->k, strip.key, width), *v = at_row(head->v, strip.key, value);
        struct arena room = scratch(&strip, work);
        attention_forward(&strip, drawn, at_row(head->q, row, width), k, v, a, NULL, room, NULL);
        attention_backward(&strip, at_row(sent->q, row, width), k, v, a, at_row(sent->dy, row, value),
                           at_row(sent->dq, row, width), own_k, own_v, room);
        cblas_daxpy((int)k_count, 1, own_k, 1, at_row(sent->dk, strip.key, width), 1);
        cblas_daxpy((int)v_count, 1, own_v, 1, at_row(sent->dv, strip.key, value), 1);
        pool_release(work, mark);
    }
}

void strip_backward(const struct attention *attention, int rows, const double *drawn, const double *asked,
                    const double *q, const double *k, const double *v, const double *dy, double *dq, double *dk,
                    double *dv, struct pool *work)
{
    int queries = attention->queries, keys = attention->keys, heads = attention->heads, kv = attention->kv_heads;
    int width = attention->head_width, value = attention->value_width;
    struct attention_turned turned = turn(attention, asked, k, work);
    struct attention_turned other = q == asked ? turned : turn(attention, q, k, work);
    memset(dq, 0, (size_t)queries * (size_t)(heads * width) * sizeof *dq);
    memset(dk, 0, (size_t)keys * (size_t)(kv * width) * sizeof *dk);
    memset(dv, 0, (size_t)keys * (size_t)(kv * value) * sizeof *dv);
    for (int h = 0; h < heads; h++) {
        struct pool_mark mark = pool_mark(work);
        struct head head = head_of(attention, h, turned.q, turned.k, v, work);
        struct sent sent = {q == asked ? head.q : cut(other.q, queries, heads, h, width, work),
                            cut(dy, queries, heads, h, value, work), zeros(queries, width, work),
                            zeros(keys, width, work), zeros(keys, value, work)};
        head_backward(attention, rows, drawn, &head, &sent, work);
        paste(sent.dq, queries, heads, h, width, dq);
        paste(sent.dk, keys, kv, head.kv, width, dk);
        paste(sent.dv, keys, kv, head.kv, value, dv);
        pool_release(work, mark);
    }
    attention_turn_back(attention, turned.table, dq, dk);
}
