#include "analysis/limit/frame.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/wishart.h"

int frame_rows(const struct space *space)
{
    return space->grams.exchangeable ? 2 : space->grams.tokens;
}

static bool has_frame(const struct space *space)
{
    return space->share < 1;
}

int frame_first(const struct space *space)
{
    return space->population + has_frame(space);
}

/* ---- Grams ---- */

static void mirror(int n, double *gram)
{
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t j = 0; j < i; j++)
            gram[j * (size_t)n + i] = gram[i * (size_t)n + j];
}

static double row_product(const struct signal *a, const struct signal *b, int row, int first)
{
    int last = a->columns < b->columns ? a->columns : b->columns;
    if (last <= first)
        return 0;
    const double *x = a->at + (size_t)row * (size_t)a->columns, *y = b->at + (size_t)row * (size_t)b->columns;
    return cblas_ddot(last - first, x + first, 1, y + first, 1);
}

/* Of the columns from `first` on. */
static void gram_from(const struct space *space, double factor, const struct signal *signal, int first, double *gram)
{
    int T = space->grams.tokens, K = signal->columns;
    if (space->grams.exchangeable) {
        double mean = row_product(signal, signal, 0, first), specific = row_product(signal, signal, 1, first);
        gram[0] = factor * specific;
        gram[1] = factor * (mean - specific) / T;
        return;
    }
    if (K <= first) {
        memset(gram, 0, gram_size(space->grams) * sizeof *gram);
        return;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, T, K - first, factor, signal->at + first, K, 0, gram, T);
    mirror(T, gram);
}

void frame_gram(const struct space *space, double factor, const struct signal *signal, double *gram)
{
    gram_from(space, factor, signal, 0, gram);
}

void frame_law(const struct space *space, const struct signal *signal, bool centred, double *gram)
{
    gram_from(space, 1 / (1 - space->share), signal, space->population + centred, gram);
}

/* The Gram of a mean mu that all exchangeable tokens share has the eigenvalue T mu^2 on the mean over tokens. */
double frame_mean(const struct space *space, const struct signal *signal, int row)
{
    if (signal->columns <= space->population)
        return 0;
    double unit = space->grams.exchangeable ? sqrt(space->grams.tokens) : 1;
    return signal->at[(size_t)row * (size_t)signal->columns + (size_t)space->population] /
           (unit * sqrt(1 - space->share));
}

double frame_mean_of(const struct space *space, const struct signal *signal, int row)
{
    int n = space->population < signal->columns ? space->population : signal->columns;
    double sum = 0, mean = has_frame(space) ? (1 - space->share) * frame_mean(space, signal, row) : 0;
    for (int j = 0; j < n; j++)
        sum += signal->at[(size_t)row * (size_t)signal->columns + (size_t)j];
    return n > 0 ? mean + sqrt(space->share / n) * sum : mean;
}

void frame_add_law_mean(const struct space *space, const double *mean, const struct signal *signal)
{
    double unit = sqrt(1 - space->share) * (space->grams.exchangeable ? sqrt(space->grams.tokens) : 1);
    for (int t = 0; t < gram_rows(space->grams); t++)
        signal->at[(size_t)t * (size_t)signal->columns + (size_t)space->population] += unit * mean[t];
}

void frame_add_mean(const struct space *space, const double *mean, const struct signal *signal)
{
    for (int t = 0; t < gram_rows(space->grams); t++)
        for (int j = 0; j < space->population; j++)
            signal->at[(size_t)t * (size_t)signal->columns + (size_t)j] += sqrt(space->share / space->population) *
                                                                           mean[t];
    if (has_frame(space))
        frame_add_law_mean(space, mean, signal);
}

double frame_square(const struct space *space, const struct signal *signal, int row)
{
    int T = space->grams.tokens;
    if (!space->grams.exchangeable)
        return row_product(signal, signal, row, 0);
    return (row_product(signal, signal, 0, 0) + (T - 1) * row_product(signal, signal, 1, 0)) / T;
}

bool frame_is_zero(const struct space *space, const struct signal *signal)
{
    size_t i = 0, count = signal->at ? (size_t)frame_rows(space) * (size_t)signal->columns : 0;
    while (i < count && signal->at[i] == 0)
        i++;
    return i == count;
}

bool frame_in_range(const struct space *space, const struct signal *signal, double square)
{
    return isnormal(square) || (square == 0 && frame_is_zero(space, signal));
}

double frame_dot(const struct space *space, const struct signal *a, const struct signal *b)
{
    double sum = 0;
    if (space->grams.exchangeable)
        return row_product(a, b, 0, 0) + (space->grams.tokens - 1) * row_product(a, b, 1, 0);
    for (int t = 0; t < space->grams.tokens; t++)
        sum += row_product(a, b, t, 0);
    return sum;
}

/* The sum of all rows' differences from the first, which are 0 where rows are equal. */
static double *deviations(const struct space *space, const struct signal *signal, struct pool *work)
{
    int K = signal->columns;
    double *sum = pool_take_zeros(work, (size_t)K * sizeof *sum);
    for (int t = 1; t < space->grams.tokens; t++)
        for (int j = 0; j < K; j++)
            sum[j] += signal->at[(size_t)t * (size_t)K + (size_t)j] - signal->at[j];
    return sum;
}

/* The sum of the directions of the rows that have one, from `first` on. */
static double *directions(const struct space *space, const struct signal *signal, int first, int *count,
                          struct pool *work)
{
    int K = signal->columns;
    double *sum = pool_take_zeros(work, (size_t)K * sizeof *sum);
    *count = 0;
    for (int t = first; t < space->grams.tokens; t++) {
        double square = row_product(signal, signal, t, 0);
        if (!(square > 0))
            continue;
        cblas_daxpy(K, 1 / sqrt(square), signal->at + (size_t)t * (size_t)K, 1, sum, 1);
        ++*count;
    }
    return sum;
}

/* Rows of coordinates that products have made of equal ones differ by eps/2 of each or so, in no row by eps of its
 * length: what is below is 0. Exchangeable rows hold the specific part by itself, to all its digits. */
double frame_specific(const struct space *space, const struct signal *signal, struct pool *work)
{
    int K = signal->columns, T = space->grams.tokens;
    double pair[2], sum = 0, square = 0;
    if (space->grams.exchangeable) {
        frame_gram(space, 1, signal, pair);
        return pair[0] * (T - 1) / T;
    }
    struct pool_mark mark = pool_mark(work);
    double *mean = deviations(space, signal, work);
    cblas_dscal(K, 1. / T, mean, 1);
    for (int t = 0; t < T; t++) {
        square += row_product(signal, signal, t, 0);
        for (int j = 0; j < K; j++) {
            double own = signal->at[(size_t)t * (size_t)K + (size_t)j] - signal->at[j] - mean[j];
            sum += own * own;
        }
    }
    pool_release(work, mark);
    return sum <= DBL_EPSILON * DBL_EPSILON * square ? 0 : sum / T;
}

double frame_cosine(const struct space *space, const struct signal *signal, int first, struct pool *work)
{
    int n = space->grams.tokens - first;
    double pair[2];
    if (space->grams.exchangeable) {
        frame_gram(space, 1, signal, pair);
        return n > 1 && pair[0] + pair[1] > 0 ? pair[1] / (pair[0] + pair[1]) : NAN;
    }
    struct pool_mark mark = pool_mark(work);
    double *sum = directions(space, signal, first, &n, work);
    double square = cblas_ddot(signal->columns, sum, 1, sum, 1);
    pool_release(work, mark);
    return n > 1 ? (square - n) / ((double)n * (n - 1)) : NAN;
}

/* By powers of the Gram, from a vector that no one can be orthogonal to by design. */
static double largest_eigenvalue(int T, const struct signal *signal, struct pool *work)
{
    enum { STEPS = 200 };
    int K = signal->columns;
    double *x = pool_take(work, (size_t)T), *through = pool_take(work, (size_t)K + 1), value = 0;
    for (int t = 0; t < T; t++)
        x[t] = 1 + 0.5 * cos(1 + t);
    for (int step = 0; step < STEPS && K > 0; step++) {
        double length = cblas_dnrm2(T, x, 1), before = value;
        cblas_dscal(T, length > 0 ? 1 / length : 0, x, 1);
        cblas_dgemv(CblasRowMajor, CblasTrans, T, K, 1, signal->at, K, x, 1, 0, through, 1);
        value = cblas_ddot(K, through, 1, through, 1);
        cblas_dgemv(CblasRowMajor, CblasNoTrans, T, K, 1, signal->at, K, through, 1, 0, x, 1);
        if (fabs(value - before) <= 1e-6 * value)
            break;
    }
    return value;
}

double frame_stable_rank(const struct space *space, const struct signal *signal, struct pool *work)
{
    int T = space->grams.tokens;
    double pair[2], largest, trace = frame_dot(space, signal, signal);
    if (space->grams.exchangeable) {
        frame_gram(space, 1, signal, pair);
        largest = fmax(pair[0], pair[0] + T * pair[1]);
    } else {
        struct pool_mark mark = pool_mark(work);
        largest = largest_eigenvalue(T, signal, work);
        pool_release(work, mark);
    }
    return trace > 0 && isfinite(trace) ? trace / largest : NAN;
}

/* ---- factors ---- */

/* sqrt of what rounding may have taken below 0; what is no number stays none (fmax would make it 0). */
static double root(double square)
{
    return square < 0 ? 0 : sqrt(square);
}

static struct factor unset_factor(struct gram_space grams, struct pool *work)
{
    return (struct factor){grams.exchangeable ? 1 : grams.tokens, !grams.exchangeable,
                           pool_take(work, gram_size(grams)), NULL};
}

static void fill_factor(struct gram_space grams, const double *gram, struct factor *factor)
{
    if (grams.exchangeable) {
        factor->rows[0] = root(gram[0] + grams.tokens * gram[1]);
        factor->rows[1] = root(gram[0]);
    } else {
        gram_factor(grams.tokens, gram, factor->rows);
    }
}

struct factor frame_factor(struct gram_space grams, const double *gram, struct pool *work)
{
    struct factor factor = unset_factor(grams, work);
    fill_factor(grams, gram, &factor);
    return factor;
}

/* Whether a fresh signal is the factor itself. */
static bool is_orthogonal(const struct space *space)
{
    return !space->drawn && space->population == 0;
}

/* Token j's product with all later ones is what the tokens before it leave of `shared`, over its own diagonal entry. */
struct factor frame_factor_alike(const struct space *space, const double *own, double shared, struct pool *work)
{
    struct gram_space grams = space->grams;
    size_t T = (size_t)grams.tokens;
    if (grams.exchangeable)
        return frame_factor(grams, (double[]){own[0], shared}, work);
    struct factor factor = {grams.tokens, true, NULL, pool_take(work, 2 * T)};
    double *diagonal = factor.steps, *below = diagonal + T;
    for (size_t t = 0; t < T; t++) {
        diagonal[t] = sqrt(own[t] + shared);
        below[t] = diagonal[t] > 0 ? shared / diagonal[t] : 0;
        shared *= diagonal[t] > 0 ? own[t] / (own[t] + shared) : 1;
    }
    if (!is_orthogonal(space) && space->tile == 0)
        return factor;
    factor.rows = pool_take_zeros(work, T * T * sizeof(double));
    for (size_t t = 0; t < T; t++)
        for (size_t j = 0; j <= t; j++)
            factor.rows[t * T + j] = j < t ? below[j] : diagonal[t];
    return factor;
}

static struct signal unset(int rows, int columns, struct pool *work)
{
    return (struct signal){columns, pool_take(work, (size_t)rows * (size_t)columns)};
}

/* Columns `column` .. `column + count` of a signal become factor times numbers [rows][count]. */
static void place(const struct signal *signal, int rows, int column, int count, double factor, const double *numbers)
{
    for (int t = 0; t < rows; t++) {
        double *out = signal->at + (size_t)t * (size_t)signal->columns + (size_t)column;
        for (int j = 0; j < count; j++)
            out[j] = factor * numbers[(size_t)t * (size_t)count + (size_t)j];
    }
}

/* The parts' coordinates, `columns` together. */
static struct factor side_by_side(const struct frame_part *parts, int rows, int columns, struct pool *work)
{
    struct signal out = unset(rows, columns, work);
    int first = 0;
    for (const struct frame_part *part = parts; part; first += part->signal.columns, part = part->next)
        place(&out, rows, first, part->signal.columns, part->factor, part->signal.at);
    return (struct factor){columns, false, out.at, NULL};
}

struct factor frame_factor_sum(const struct space *space, const struct frame_part *parts, struct pool *work)
{
    int columns = 0, T = space->grams.tokens;
    for (const struct frame_part *part = parts; part; part = part->next)
        columns += part->signal.columns;
    if (!space->grams.exchangeable && columns < T && columns > 0 && !parts->next && parts->factor == 1)
        return (struct factor){columns, false, parts->signal.at, NULL};
    if (!space->grams.exchangeable && columns < T)
        return side_by_side(parts, T, columns, work);
    struct factor factor = unset_factor(space->grams, work);
    struct pool_mark mark = pool_mark(work);
    size_t size = gram_size(space->grams);
    double *gram = pool_take_zeros(work, size * sizeof *gram), *own = pool_take(work, size);
    for (const struct frame_part *part = parts; part; part = part->next) {
        if (!part->gram)
            frame_gram(space, 1, &part->signal, own);
        gram_add(space->grams, part->factor * part->factor, part->gram ? part->gram : own, gram);
    }
    fill_factor(space->grams, gram, &factor);
    pool_release(work, mark);
    return factor;
}

/* ---- signals ---- */

struct signal frame_zero(const struct space *space, int columns, struct pool *work)
{
    size_t count = (size_t)frame_rows(space) * (size_t)columns;
    return (struct signal){columns, pool_take_zeros(work, count * sizeof(double))};
}

/* Normals in the first `count` columns of every row. */
static void fill_normals(const struct stream_address *address, int rows, int count, double scale, struct signal *unit,
                         struct pool *work)
{
    size_t all = (size_t)rows * (size_t)count;
    if (unit->columns == count) {
        flight_normals(address, 0, all, scale, unit->at);
        return;
    }
    struct pool_mark mark = pool_mark(work);
    double *normals = pool_take(work, all);
    flight_normals(address, 0, all, scale, normals);
    place(unit, rows, 0, count, 1, normals);
    pool_release(work, mark);
}

/* Copies of the factor, each over the root of their number: a basis of a tile's columns times it. */
static struct signal tiles(const struct space *space, const struct factor *factor, struct pool *work)
{
    int width = space->population / space->tile;
    struct signal out = frame_zero(space, space->population, work);
    for (int copy = 0; copy < space->tile; copy++)
        place(&out, space->grams.tokens, copy * width, factor->rank, 1 / sqrt(space->tile), factor->rows);
    return out;
}

static uint64_t even(size_t count)
{
    return count + count % 2;
}

/* Along the frame so far and across it. */
static void fill_drawn(const struct space *space, int rows, int added, const struct stream_address *address,
                       struct signal *unit, struct pool *work)
{
    int old = space->columns;
    double scale = 1 / sqrt(space->width);
    fill_normals(address, rows, old, scale, unit, work);
    if (added == 0)
        return;
    wishart_factor(address, even((size_t)rows * (size_t)old), rows, space->width - old, unit->at + old, unit->columns);
    for (int t = 0; t < rows; t++)
        cblas_dscal(added, scale, unit->at + (size_t)t * (size_t)unit->columns + (size_t)old, 1);
}

static struct signal draw_unit(const struct space *space, int rows, int added, const struct stream_address *address,
                               struct pool *work)
{
    struct signal unit = unset(rows, space->columns + added, work);
    if (space->population == 0) {
        fill_drawn(space, rows, added, address, &unit, work);
        return unit;
    }
    if (space->share < 1)
        memset(unit.at, 0, (size_t)rows * (size_t)unit.columns * sizeof *unit.at);
    fill_normals(address, rows, space->population, sqrt(space->share / space->population), &unit, work);
    for (int t = 0; t < added; t++)
        unit.at[(size_t)t * (size_t)unit.columns + (size_t)(space->columns + t)] = sqrt(1 - space->share);
    return unit;
}

/* Fresh columns of their own: the factor itself. */
static struct signal append(const struct space *space, const struct factor *factor, struct pool *work)
{
    int old = space->columns;
    struct signal fresh = frame_zero(space, old + factor->rank, work);
    place(&fresh, frame_rows(space), old, factor->rank, sqrt(1 - space->share), factor->rows);
    return fresh;
}

struct signal frame_law_signal(struct space *space, const struct factor *factor, struct pool *work)
{
    struct signal fresh = append(space, factor, work);
    space->columns += factor->rank;
    return fresh;
}

/* How many columns rows of a unit add to the frame. */
static int columns_added(const struct space *space, int rows)
{
    int left = space->width - space->columns;
    if (!has_frame(space))
        return 0;
    return !space->drawn || left >= rows ? rows : left > 0 ? left : 0;
}

bool frame_is_full(const struct space *space)
{
    return columns_added(space, 1) == 0;
}

/* fresh = the factor of tokens alike times drawn: every row adds to what all later ones have. */
static void add_steps(const struct factor *factor, const struct signal *drawn, const struct signal *fresh,
                      struct pool *work)
{
    int K = drawn->columns, T = factor->rank;
    struct pool_mark mark = pool_mark(work);
    double *all = pool_take_zeros(work, (size_t)K * sizeof *all);
    for (int t = 0; t < T; t++) {
        const double *row = drawn->at + (size_t)t * (size_t)K;
        double *out = fresh->at + (size_t)t * (size_t)K, own = factor->steps[t], below = factor->steps[T + t];
        for (int j = 0; j < K; j++) {
            out[j] = all[j] + own * row[j];
            all[j] += below * row[j];
        }
    }
    pool_release(work, mark);
}

static void lower_multiply(const struct factor *factor, const struct signal *signal)
{
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, factor->rank, signal->columns, 1,
                factor->rows, factor->rank, signal->at, signal->columns);
}

struct signal frame_fresh(struct space *space, const struct factor *factor, const struct stream_address *address,
                          struct pool *work, struct signal *unit)
{
    int T = frame_rows(space), R = factor->rank, added = columns_added(space, R);
    if (is_orthogonal(space))
        return frame_law_signal(space, factor, work);
    if (space->tile > 0)
        return tiles(space, factor, work);
    bool in_place = factor->lower && !factor->steps && !unit;
    struct signal fresh = in_place ? (struct signal){0} : unset(T, space->columns + added, work);
    struct pool_mark mark = pool_mark(work);
    struct signal drawn = draw_unit(space, R, added, address, work);
    if (in_place) {
        fresh = drawn;
        lower_multiply(factor, &fresh);
    } else if (factor->steps) {
        add_steps(factor, &drawn, &fresh, work);
    } else if (factor->lower) {
        memcpy(fresh.at, drawn.at, (size_t)T * (size_t)fresh.columns * sizeof(double));
        lower_multiply(factor, &fresh);
    } else {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, fresh.columns, R, 1, factor->rows, R, drawn.at,
                    drawn.columns, 0, fresh.at, fresh.columns);
    }
    if (unit)
        *unit = drawn;
    else if (!in_place)
        pool_release(work, mark);
    space->columns += added;
    return fresh;
}

/* Row by row: their product may be beyond BLAS's integers. */
void frame_scale(const struct space *space, double factor, const struct signal *signal)
{
    for (int t = 0; t < frame_rows(space); t++)
        cblas_dscal(signal->columns, factor, signal->at + (size_t)t * (size_t)signal->columns, 1);
}

static void make_room(const struct space *space, int columns, struct signal *to, struct pool *work)
{
    if (to->columns >= columns)
        return;
    struct signal wider = unset(frame_rows(space), columns, work);
    for (int t = 0; t < frame_rows(space); t++) {
        double *row = wider.at + (size_t)t * (size_t)columns;
        memcpy(row, to->at + (size_t)t * (size_t)to->columns, (size_t)to->columns * sizeof(double));
        memset(row + to->columns, 0, (size_t)(columns - to->columns) * sizeof(double));
    }
    *to = wider;
}

static void add_scaled(const struct space *space, const double *factor, double all, const struct signal *from,
                       struct signal *to, struct pool *work)
{
    int K = from->columns;
    bool first = !to->at;
    if (K == 0)
        return;
    if (first)
        *to = unset(frame_rows(space), K, work);
    else
        make_room(space, K, to, work);
    for (int t = 0; t < frame_rows(space); t++) {
        const double *in = from->at + (size_t)t * (size_t)K;
        double *out = to->at + (size_t)t * (size_t)to->columns, c = factor ? factor[t] : all;
        if (first)
            for (int j = 0; j < K; j++)
                out[j] = c * in[j];
        else
            for (int j = 0; j < K; j++)
                out[j] += c * in[j];
    }
}

void frame_add_rows(const struct space *space, const double *factor, const struct signal *from, struct signal *to,
                    struct pool *work)
{
    add_scaled(space, factor, 0, from, to, work);
}

void frame_add(const struct space *space, double factor, const struct signal *from, struct signal *to,
               struct pool *work)
{
    add_scaled(space, NULL, factor, from, to, work);
}
