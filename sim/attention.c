#include "sim/attention.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lanes.h"
#include "sim/panel.h"
#include "sim/spectrum.h"

static int visible_all(int row, int tokens)
{
    (void)row;
    return tokens;
}

static int visible_causal(int row, int tokens)
{
    return row < tokens ? row + 1 : tokens;
}

const struct mask masks[] = {
    {"none", "every token sees every token", false, visible_all},
    {"causal", "a token sees itself and those before it", true, visible_causal},
};
const size_t mask_count = sizeof masks / sizeof *masks;

void attention_visible(const struct attention *attention, int row, int *first, int *end)
{
    int window = attention->window, at = attention->row + row, seen;
    seen = attention->mask->visible(at, attention->key + attention->keys);
    *first = window > 0 && at - window + 1 > 0 ? at - window + 1 : 0;
    if (window > 0 && !attention->mask->causal && window < seen - at)
        seen = at + window;
    if (*first >= seen) // a memory that ends before the window begins
        *first = seen - 1;
    *first = *first > attention->key ? *first - attention->key : 0;
    *end = seen - attention->key;
}

static const struct attention *whole_of(const struct attention *attention)
{
    return attention->whole ? attention->whole : attention;
}

/* ---- rotation ---- */

int attention_planes(const struct attention *attention)
{
    return attention->rope > 0 ? (int)(attention->rotary * attention->head_width / 2 + 1e-9) : 0;
}

/* Positions that are turned. */
static int turned_tokens(const struct attention *attention)
{
    return attention->queries > attention->keys ? attention->queries : attention->keys;
}

double attention_angle(const struct attention *attention, int plane)
{
    struct scaling_of of = {attention->rope, attention_planes(attention), turned_tokens(attention), attention->factor,
                            attention->length};
    return attention->scaling->angle(&of, plane);
}

static size_t table_entries(const struct attention *attention)
{
    return memory_multiply(2, memory_multiply((size_t)turned_tokens(attention), (size_t)attention_planes(attention)));
}

/* cos and sin of every position and plane, times the gain. */
static void fill_table(const struct attention *attention, real *table) // [tokens][planes][2]
{
    int planes = attention_planes(attention), tokens = turned_tokens(attention);
    for (int p = 0; p < planes; p++) {
        double angle = attention_angle(attention, p);
        for (int t = 0; t < tokens; t++) {
            real *entry = table + 2 * ((size_t)t * (size_t)planes + (size_t)p);
            entry[0] = attention->gain * cos(t * angle);
            entry[1] = attention->gain * sin(t * angle);
        }
    }
}

/* out = R x for every head of the rows of all sequences; direction -1: R^T x. May be done in place. */
static void rotate(const struct attention *attention, int tokens, int heads, const real *table, real direction,
                   const real *x, real *out) // [B tokens][heads head_width]
{
    int planes = attention_planes(attention), width = attention->head_width;
    for (int row = 0; row < attention->sequences * tokens; row++) {
        const real *turns = table + 2 * (size_t)(row % tokens) * (size_t)planes;
        for (int h = 0; h < heads; h++) {
            size_t start = ((size_t)row * (size_t)heads + (size_t)h) * (size_t)width;
            for (int p = 0; p < planes; p++) {
                real a = x[start + 2 * (size_t)p], b = x[start + 2 * (size_t)p + 1];
                real c = turns[2 * p], s = direction * turns[2 * p + 1];
                out[start + 2 * (size_t)p] = c * a - s * b;
                out[start + 2 * (size_t)p + 1] = s * a + c * b;
            }
            for (int i = 2 * planes; i < width; i++)
                out[start + (size_t)i] = x[start + (size_t)i];
        }
    }
}

static size_t query_entries(const struct attention *attention)
{
    return memory_multiply((size_t)attention->sequences * (size_t)attention->queries,
                           (size_t)attention->heads * (size_t)attention->head_width);
}

static size_t key_entries(const struct attention *attention)
{
    return memory_multiply((size_t)attention->sequences * (size_t)attention->keys,
                           (size_t)attention->kv_heads * (size_t)attention->head_width);
}

static size_t head_entries(const struct attention *attention)
{
    return memory_multiply((size_t)attention->queries, (size_t)attention->keys);
}

size_t attention_entries(const struct attention *attention)
{
    return memory_multiply((size_t)attention->sequences * (size_t)attention->heads, head_entries(attention));
}

size_t attention_turn_work(const struct attention *attention)
{
    if (attention_planes(attention) == 0)
        return 0;
    return memory_add(arena_cost(table_entries(attention)),
                      memory_add(arena_cost(query_entries(attention)), arena_cost(key_entries(attention))));
}

struct attention_turned attention_turn(const struct attention *attention, const real *q, const real *k,
                                       struct arena *work)
{
    if (attention_planes(attention) == 0)
        return (struct attention_turned){q, k, NULL};
    real *table = arena_take(work, table_entries(attention));
    real *rotated_q = arena_take(work, query_entries(attention)), *rotated_k = arena_take(work, key_entries(attention));
    fill_table(attention, table);
    rotate(attention, attention->queries, attention->heads, table, 1, q, rotated_q);
    rotate(attention, attention->keys, attention->kv_heads, table, 1, k, rotated_k);
    return (struct attention_turned){rotated_q, rotated_k, table};
}

void attention_turn_back(const struct attention *attention, const real *table, real *dq, real *dk)
{
    if (!table)
        return;
    rotate(attention, attention->queries, attention->heads, table, -1, dq, dq);
    rotate(attention, attention->keys, attention->kv_heads, table, -1, dk, dk);
}

/* ---- what is drawn ---- */

bool attention_is_biased(const struct attention *attention)
{
    return attention->bias->slope || attention->bias->drawing || attention->sink_sd > 0;
}

static struct bias_grid grid_of(const struct attention *attention)
{
    const struct attention *whole = whole_of(attention);
    return (struct bias_grid){whole->queries, whole->keys, whole->mask->causal};
}

static size_t sink_entries(const struct attention *attention)
{
    return attention->sink_sd > 0 ? (size_t)whole_of(attention)->heads : 0;
}

static size_t bias_entries(const struct attention *attention)
{
    struct bias_grid grid = grid_of(attention);
    return attention->bias->drawing ? attention->bias->drawing->entries(&grid) : 0;
}

size_t attention_drawn(const struct attention *attention)
{
    return memory_add(sink_entries(attention), memory_multiply((size_t)attention->heads, bias_entries(attention)));
}

static struct stream open_stream(const struct attention *attention, struct stream_address address,
                                 enum stream_role role)
{
    address.site = (uint32_t)attention->number % STREAM_SITES;
    address.matrix = (uint32_t)attention->number / STREAM_SITES;
    address.role = role;
    return stream_open(&address);
}

void attention_draw(const struct attention *attention, const struct stream_address *address, real *drawn)
{
    struct stream_address own = *address;
    if (attention->sink_sd > 0) {
        struct stream stream = open_stream(attention, own, STREAM_SINK);
        for (size_t h = 0; h < sink_entries(attention); h++) {
            double sink;
            stream_normals(&stream, h, 1, attention->sink_sd, &sink);
            drawn[h] = sink;
        }
    }
    const struct bias_drawing *drawing = REAL_ROW(biases, attention->bias)->drawing;
    if (!drawing)
        return;
    own.block = drawing->shared ? 0 : own.block;
    struct stream stream = open_stream(attention, own, STREAM_BIAS);
    struct bias_grid grid = grid_of(attention);
    drawing->fill(&grid, attention->heads, attention->bias_sd, &stream, drawn + sink_entries(attention));
}

/* What moves a head's logits beside its queries and keys. */
struct shifts {
    double slope, sink; /* -INFINITY: no sink */
    const real *table;  /* of the bias, NULL: none */
};

static struct shifts shifts_of(const struct attention *attention, const real *drawn, int own)
{
    const struct attention *whole = whole_of(attention);
    int head = attention->head + own;
    const real *tables = drawn ? drawn + sink_entries(attention) : NULL;
    return (struct shifts){
        .slope = attention->bias->slope ? attention->bias->slope(head, whole->heads) : 0,
        .sink = !attention->sink         ? -INFINITY
                : attention->sink_sd > 0 ? drawn[head]
                                         : 0,
        .table = attention->bias->drawing ? tables + (size_t)head * bias_entries(attention) : NULL,
    };
}

static void add_bias(const struct attention *attention, const struct shifts *shifts, int i, int first, int end,
                     real *row)
{
    struct bias_grid grid = grid_of(attention);
    int query = attention->row + i, key = attention->key;
    if (shifts->slope > 0)
        for (int j = first; j < end; j++)
            row[j] -= shifts->slope * abs(query - key - j);
    if (shifts->table)
        for (int j = first; j < end; j++)
            row[j] += shifts->table[attention->bias->drawing->entry(&grid, query, key + j)];
}

/* ---- softmax ---- */

/* What the observables want of rows, added up. */
struct row_sums {
    double entropy, relative, square, logit_variance;
    int relative_rows;
};

static double lane_sum(doubles v)
{
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += v[i];
    return sum;
}

static double largest_of(int count, double least, const real *row)
{
    doubles most = lanes_all(least);
    int j = 0;
    for (; j + LANES <= count; j += LANES) {
        doubles t = lanes_widen(row + j);
        most = lanes_choose(t > most, t, most);
    }
    for (int i = 0; i < LANES; i++)
        least = most[i] > least ? most[i] : least;
    for (; j < count; j++)
        least = row[j] > least ? row[j] : least;
    return least;
}

/* Of e = e^t: sums of e, e t, t and t^2. */
struct exponentials {
    double mass, weighted, mean, square;
};

/* Logits t, counted from `largest`, become e^t; what is below LEAST is 0. */
static struct exponentials exponentiate(int count, double largest, real *row)
{
    const double LEAST = -800;
    doubles mass = {0}, weighted = {0}, mean = {0}, square = {0};
    int j = 0;
    for (; j + LANES <= count; j += LANES) {
        doubles t = lanes_widen(row + j) - largest;
        doubles e = lanes_exponential(lanes_choose(t < LEAST, lanes_all(LEAST), t), lanes_all(0), NULL);
        lanes_narrow(row + j, e);
        mass += e;
        weighted += e * t;
        mean += t;
        square += t * t;
    }
    struct exponentials sums = {lane_sum(mass), lane_sum(weighted), lane_sum(mean), lane_sum(square)};
    for (; j < count; j++) {
        double t = row[j] - largest, e = exp(t);
        row[j] = (real)e;
        sums.mass += e;
        sums.weighted += e * t;
        sums.mean += t;
        sums.square += t * t;
    }
    return sums;
}

/* row /= sum; the sum of what it then has, squared. */
static double normalise(int count, double sum, real *row)
{
    doubles squares = {0};
    int j = 0;
    for (; j + LANES <= count; j += LANES) {
        lanes_narrow(row + j, lanes_widen(row + j) / sum);
        doubles a = lanes_widen(row + j);
        squares += a * a;
    }
    double square = lane_sum(squares);
    for (; j < count; j++) {
        row[j] = (real)(row[j] / sum);
        square += row[j] * row[j];
    }
    return square;
}

/* Logits, counted from the largest so that exp cannot overflow, become their softmax. With a = e^t / sum the entropy
 * -sum a log a is log(sum) sum a - sum a t; with a sink, sum a is not 1. */
static void softmax_visible(int count, double sink, real *row, struct row_sums *sums)
{
    double largest = largest_of(count, sink, row);
    struct exponentials own = exponentiate(count, largest, row);
    double sum = own.mass + exp(sink - largest), entropy = (own.mass * log(sum) - own.weighted) / sum;
    double mean = own.mean / count;
    sums->entropy += entropy;
    sums->square += normalise(count, sum, row);
    sums->logit_variance += fmax(0, own.square / count - mean * mean);
    sums->relative += count > 1 ? entropy / log(count) : 0;
    sums->relative_rows += count > 1;
}

/* The raw products q k^T [queries][keys] of one head, rotated as they may be, become its attention, 0 where masked. */
static void softmax(const struct attention *attention, const struct shifts *shifts, real *a, struct row_sums *sums)
{
    int keys = attention->keys;
    real scale = (real)attention->scale;
    for (int i = 0; i < attention->queries; i++) {
        real *row = a + (size_t)i * (size_t)keys;
        int first, end;
        attention_visible(attention, i, &first, &end);
        for (int j = first; j < end; j++)
            row[j] *= scale;
        if (attention->cap > 0)
            for (int j = first; j < end; j++)
                row[j] = attention->cap * tanh(row[j] / attention->cap);
        add_bias(attention, shifts, i, first, end, row);
        softmax_visible(end - first, shifts->sink, row + first, sums);
        memset(row, 0, (size_t)first * sizeof *row);
        memset(row + end, 0, (size_t)(keys - end) * sizeof *row);
    }
}

/* ---- observables ---- */

struct head_view {
    const struct attention *attention;
    const real *a; // [queries][keys]
};

/* y = A^T A x, of what rows see. */
static void push_through(const void *context, const double *x, double *y)
{
    const struct head_view *view = context;
    const struct attention *attention = view->attention;
    memset(y, 0, (size_t)attention->keys * sizeof *y);
    for (int i = 0; i < attention->queries; i++) {
        const real *row = view->a + (size_t)i * (size_t)attention->keys;
        int first, end;
        double sum = 0;
        attention_visible(attention, i, &first, &end);
#pragma omp simd reduction(+ : sum)
        for (int j = first; j < end; j++)
            sum += row[j] * x[j];
        for (int j = first; j < end; j++)
            y[j] += sum * row[j];
    }
}

enum { FEW = 16 }; // queries whose A A^T is made sooner than A is gone through twice a step

/* The largest eigenvalue of A A^T, which is that of A^T A. */
static double few_largest(const struct attention *attention, const real *a, struct arena work)
{
    double gram[FEW * FEW];
    int queries = attention->queries, keys = attention->keys;
    for (int i = 0; i < queries; i++)
        for (int j = 0; j <= i; j++) {
            const real *row = a + (size_t)i * (size_t)keys, *other = a + (size_t)j * (size_t)keys;
            double sum = 0;
            for (int k = 0; k < keys; k++)
                sum += (double)row[k] * (double)other[k];
            gram[i * queries + j] = gram[j * queries + i] = sum;
        }
    return spectrum_largest_of(queries, gram, work);
}

/* |A|_F^2 / |A|_2^2 of a head whose entries' squares sum to `square`; 0 where they vanish. */
static double stable_rank(const struct attention *attention, const real *a, double square, struct arena work)
{
    struct head_view view = {attention, a};
    double largest = attention->queries <= FEW ? few_largest(attention, a, work)
                                               : spectrum_largest(attention->keys, push_through, &view, square, work);
    return largest > 0 ? square / largest : 0;
}

static struct attention_report report_of(const struct attention *attention, const struct row_sums *sums, double ranks)
{
    double heads = (double)attention->sequences * attention->heads, rows = heads * attention->queries;
    return (struct attention_report){
        .entropy = sums->entropy / rows,
        .relative_entropy = sums->relative_rows > 0 ? sums->relative / sums->relative_rows : 0,
        .square = sums->square / rows,
        .logit_variance = sums->logit_variance / rows,
        .stable_rank = attention->whole ? NAN : ranks / heads,
    };
}

/* ---- both passes ---- */

size_t attention_work(const struct attention *attention)
{
    size_t head = arena_cost(head_entries(attention)), turned = attention_turn_work(attention);
    size_t reverse = memory_multiply(attention->cap > 0 ? 3 : 2, head);
    size_t spectrum = spectrum_work(attention->queries > attention->keys ? attention->queries : attention->keys);
    return memory_add(turned, reverse > spectrum ? reverse : spectrum);
}

/* Where one head of one sequence stands in the arrays, and their strides. */
struct head {
    size_t q, k, v, y, a;
    int q_stride, k_stride, v_stride, y_stride;
    bool first_of_group; /* of those that share keys and values */
};

static struct head head_at(const struct attention *attention, int sequence, int h)
{
    int group = attention->heads / attention->kv_heads, own = h / group;
    int width = attention->head_width, value = attention->value_width;
    struct head at = {.q_stride = attention->heads * width,
                      .k_stride = attention->kv_heads * width,
                      .v_stride = attention->kv_heads * value,
                      .y_stride = attention->heads * value,
                      .first_of_group = h % group == 0};
    size_t query = (size_t)sequence * (size_t)attention->queries, key = (size_t)sequence * (size_t)attention->keys;
    at.q = query * (size_t)at.q_stride + (size_t)h * (size_t)width;
    at.k = key * (size_t)at.k_stride + (size_t)own * (size_t)width;
    at.v = key * (size_t)at.v_stride + (size_t)own * (size_t)value;
    at.y = query * (size_t)at.y_stride + (size_t)h * (size_t)value;
    at.a = ((size_t)sequence * (size_t)attention->heads + (size_t)h) * head_entries(attention);
    return at;
}

void attention_forward(const struct attention *attention, const real *drawn, const real *q, const real *k,
                       const real *v, real *a, real *y, struct arena work, struct attention_report *report)
{
    int Tq = attention->queries, Tk = attention->keys;
    struct attention_turned turned = attention_turn(attention, q, k, &work);
    struct row_sums sums = {0};
    double ranks = 0;
    for (int s = 0; s < attention->sequences; s++)
        for (int h = 0; h < attention->heads; h++) {
            struct head at = head_at(attention, s, h);
            struct shifts shifts = shifts_of(attention, drawn, h);
            double square = sums.square;
            panel_inner(Tq, Tk, attention->head_width, turned.q + at.q, at.q_stride, turned.k + at.k, at.k_stride, 0,
                        a + at.a, Tk);
            softmax(attention, &shifts, a + at.a, &sums);
            if (y)
                panel_multiply(Tq, Tk, attention->value_width, a + at.a, Tk, false, v + at.v, at.v_stride, 0, y + at.y,
                               at.y_stride);
            if (report && !attention->whole)
                ranks += stable_rank(attention, a + at.a, sums.square - square, work);
        }
    if (report)
        *report = report_of(attention, &sums, ranks);
}

/* Through a softmax row: ds = a (da - sum_j a_j da_j); masked entries have a = 0 and stay 0, a sink's share has no
 * value and so no da. */
static void softmax_row_backward(int keys, const real *a, real *da)
{
    double mean = 0;
    for (int j = 0; j < keys; j++)
        mean += a[j] * da[j];
    for (int j = 0; j < keys; j++)
        da[j] = a[j] * (da[j] - mean);
}

/* ds *= cap'(s) = 1 - tanh^2(scale q k / cap), with the products once more in scores. */
static void cap_backward(const struct attention *attention, const struct head *at,
                         const struct attention_turned *turned, real *scores, real *ds)
{
    panel_inner(attention->queries, attention->keys, attention->head_width, turned->q + at->q, at->q_stride,
                turned->k + at->k, at->k_stride, 0, scores, attention->keys);
    for (size_t i = 0; i < head_entries(attention); i++) {
        double t = tanh(attention->scale * scores[i] / attention->cap);
        ds[i] *= 1 - t * t;
    }
}

/* In squares that stay in the cache: a long column touches a line of memory for every number. */
static void transpose(int rows, int columns, const real *restrict a, real *restrict out)
{
    enum { SQUARE = 16 };
    for (int top = 0; top < rows; top += SQUARE)
        for (int left = 0; left < columns; left += SQUARE)
            for (int j = left; j < left + SQUARE && j < columns; j++)
                for (int i = top; i < top + SQUARE && i < rows; i++)
                    out[(size_t)j * (size_t)rows + (size_t)i] = a[(size_t)i * (size_t)columns + (size_t)j];
}

static void head_backward(const struct attention *attention, const struct head *at,
                          const struct attention_turned *turned, const real *v, const real *a, const real *dy, real *dq,
                          real *dk, real *dv, struct arena work)
{
    int Tq = attention->queries, Tk = attention->keys, width = attention->head_width, value = attention->value_width;
    double beta = at->first_of_group ? 0 : 1;
    real *ds = arena_take(&work, head_entries(attention));     // [Tq][Tk]: first the gradient of a, then of the logits
    real *across = arena_take(&work, head_entries(attention)); // [Tk][Tq]: a, then ds transposed
    transpose(Tq, Tk, a + at->a, across);
    panel_multiply(Tk, Tq, value, across, Tq, false, dy + at->y, at->y_stride, beta, dv + at->v, at->v_stride);
    panel_inner(Tq, Tk, value, dy + at->y, at->y_stride, v + at->v, at->v_stride, 0, ds, Tk);
    for (int i = 0; i < Tq; i++)
        softmax_row_backward(Tk, a + at->a + (size_t)i * (size_t)Tk, ds + (size_t)i * (size_t)Tk);
    if (attention->cap > 0)
        cap_backward(attention, at, turned, arena_take(&work, head_entries(attention)), ds);
    REAL_BLAS(scal)(Tq * Tk, (real)attention->scale, ds, 1);
    transpose(Tq, Tk, ds, across);
    panel_multiply(Tq, Tk, width, ds, Tk, false, turned->k + at->k, at->k_stride, 0, dq + at->q, at->q_stride);
    panel_multiply(Tk, Tq, width, across, Tq, false, turned->q + at->q, at->q_stride, beta, dk + at->k, at->k_stride);
}

void attention_backward(const struct attention *attention, const real *q, const real *k, const real *v, const real *a,
                        const real *dy, real *dq, real *dk, real *dv, struct arena work)
{
    struct attention_turned turned = attention_turn(attention, q, k, &work);
    for (int s = 0; s < attention->sequences; s++)
        for (int h = 0; h < attention->heads; h++) {
            struct head at = head_at(attention, s, h);
            head_backward(attention, &at, &turned, v, a, dy, dq, dk, dv, work);
        }
    attention_turn_back(attention, turned.table, dq, dk);
}
