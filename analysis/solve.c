#include "analysis/solve.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sim/team.h"

/* ---- equations ---- */

int solve_parse(struct solve_equation *equation, const char *text, struct error *error)
{
    char copy[256];
    size_t length = 0;
    *equation = (struct solve_equation){0};
    for (const char *c = text; *c != '\0' && length < sizeof copy - 1; c++) // blanks are of no matter
        if (*c != ' ')
            copy[length++] = *c;
    copy[length] = '\0';
    char *equals = strchr(copy, '=');
    if (!equals || length == sizeof copy - 1)
        return error_set(error, ERROR_INPUT, "'%.100s': expected QUANTITY = VALUE, such as 'gradient_ratio = 1'", text);
    int code = gauge_parse(&equation->quantity, copy, (size_t)(equals - copy), error);
    if (code == ERROR_NONE)
        code = setting_real("value", equals + 1, &equation->target, error);
    return code;
}

/* ---- the quantity of a prediction ---- */

/* What is solved for: f, with its standard error and what a closed form to first order leaves of it, which is that much
 * relative to the value, or of 1. Ratios and logarithms are compared as logarithms, where they are smooth and in range. */
struct difference {
    double f, se, order, relative, value, error; /* the last: se of the value */
    int replicas;
};

static const struct difference gap = {NAN, NAN, NAN, NAN, NAN, NAN, 0};

/* Signs of differences; a gap has none. */
static bool differ_in_sign(double f, double other)
{
    return (f < 0 && other > 0) || (f > 0 && other < 0);
}

static bool agree_in_sign(double f, double other)
{
    return (f < 0 && other < 0) || (f > 0 && other > 0);
}

static bool in_logs(const struct solve_equation *equation)
{
    return equation->quantity.log10 || (equation->quantity.ratio && equation->target > 0);
}

static struct difference compare(const struct solve_equation *equation, const struct gauge_value *value,
                                 const struct gauge_reading *reading)
{
    double number = gauge_number(&equation->quantity, value), target = equation->target;
    struct difference at = {.f = number - target,
                            .se = gauge_error(&equation->quantity, value),
                            .order = gauge_order(&equation->quantity, value, reading),
                            .relative = reading->order_error,
                            .value = number,
                            .error = gauge_error(&equation->quantity, value),
                            .replicas = reading->at_width ? reading->replicas : 0};
    if (in_logs(equation)) {
        const struct gauge logarithm = {.log10 = true};
        at.f = M_LN10 * gauge_number(&logarithm, value) - (equation->quantity.log10 ? target * M_LN10 : log(target));
        at.se = M_LN10 * gauge_error(&logarithm, value);
        at.order = reading->order_error;
    }
    return at;
}

/* ---- points ---- */

struct search {
    const struct solve_equation *equation;
    const struct solve_plan *plan;
    const struct map_axis *axis;
    struct moments_options moments; /* of a point */
    double sign;                    /* of what is minimised */
    struct error *error;
    int code; /* ERROR_INTERRUPTED, ERROR_RESOURCE: the search is over */
};

/* The axis' own measure of x, in which it is walked. */
static double to_axis(const struct search *search, double x)
{
    return search->axis->logarithmic ? log(x) : x;
}

static double from_axis(const struct search *search, double u)
{
    return search->axis->logarithmic ? exp(u) : u;
}

static bool is_whole(const struct search *search)
{
    return search->axis->setting->type == SETTING_INTEGER;
}

/* Where an error came about. */
static void name_point(const struct search *search, double x, struct error *error)
{
    struct error at = *error;
    char number[SETTING_NUMBER_MAX];
    setting_print_number(x, number, sizeof number);
    error_set(error, at.code, "%s = %s: %.900s", search->axis->name, number, at.text);
}

/* What is not finite is a value all the same, of which only the sign is known; the error says what it is. */
static int predict(const struct search *search, double x, struct difference *difference, struct error *error)
{
    struct model model;
    struct gauge_value value;
    struct gauge_reading reading;
    int code = search->plan->model(search->plan->context, x, &model, error);
    if (code == ERROR_NONE) {
        code = gauge_predict(&search->equation->quantity, 1, &model, &search->moments, &value, &reading, error);
        model_free(&model);
    }
    if (code == ERROR_NONE && !wide_present(value.mean))
        code = error_set(error, ERROR_INPUT, "%s", value.none.text);
    if (code == ERROR_NONE) {
        *difference = compare(search->equation, &value, &reading);
        if (isfinite(difference->f))
            return code;
        error_set(error, ERROR_NONE, "it is %.6g%s", wide_value(value.mean),
                  in_logs(search->equation) ? ", which has no logarithm" : "");
    }
    if (code != ERROR_INTERRUPTED)
        name_point(search, x, error);
    return code;
}

/* A value beyond double's range is a gap, NAN; what else fails ends the search. */
static struct difference evaluate(struct search *search, double x)
{
    struct error error = {0};
    struct difference at = gap;
    if (search->code != ERROR_NONE)
        return gap;
    int code = predict(search, x, &at, &error);
    if (code != ERROR_NONE && code != ERROR_INPUT) {
        search->code = code;
        *search->error = error;
    }
    return code == ERROR_NONE ? at : gap;
}

static double along(double u, void *context)
{
    struct search *search = context;
    return search->sign * evaluate(search, from_axis(search, u)).f;
}

/* ---- roots ---- */

enum { ITERATIONS = 100 };
#define PRECISION 1e-9 /* of x in its axis' measure, relative to the interval */
#define TAKEN     1e-5 /* a quantity this near to its value takes it */

static int add_root(struct solve *solve, const struct solve_root *root, struct error *error)
{
    struct solve_root *roots = realloc(solve->roots, (size_t)(solve->count + 1) * sizeof *roots);
    if (!roots)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    solve->roots = roots;
    solve->roots[solve->count++] = *root;
    return ERROR_NONE;
}

/* What is known of x, the nearest of neighbours with this slope between them. */
static struct solve_root root_at(double x, const struct difference *at, double slope)
{
    return (struct solve_root){.x = x,
                               .error = at->se == 0 ? 0 : at->se / fabs(slope),
                               .order_error = at->relative,
                               .x_order_error = at->order == 0 ? 0 : at->order / fabs(slope),
                               .replicas = at->replicas,
                               .value = at->value,
                               .low = x,
                               .high = x,
                               .before = at->value,
                               .after = at->value};
}

static void set_neighbours(struct solve_root *root, double low, const struct difference *before, double high,
                           const struct difference *after)
{
    root->low = low;
    root->high = high;
    root->before = before->value;
    root->after = after->value;
}

static double slope_between(double low, const struct difference *before, double high, const struct difference *after)
{
    return (after->f - before->f) / (high - low);
}

/* The whole number nearest to the middle of two that has a value, and what it is there; NAN where none between does. */
static double find_valued(struct search *search, double low, double high, struct difference *at)
{
    double middle = floor((low + high) / 2);
    for (double step = 0; middle - step > low || middle + step < high; step++)
        for (int side = step > 0 ? -1 : 1; side <= 1; side += 2) {
            double x = middle + side * step;
            if (x <= low || x >= high)
                continue;
            *at = evaluate(search, x);
            if (!isnan(at->f))
                return x;
        }
    return NAN;
}

/* The two neighbouring whole numbers with the target between them, of those that have a value. */
static struct solve_root halve(struct search *search, double low, double high, double f_low)
{
    struct difference at;
    for (double middle; !isnan(middle = find_valued(search, low, high, &at));)
        *(agree_in_sign(at.f, f_low) ? &low : &high) = middle;
    struct difference before = evaluate(search, low), after = evaluate(search, high);
    bool first = fabs(before.f) <= fabs(after.f);
    const struct difference *nearer = first ? &before : &after;
    struct solve_root root = root_at(first ? low : high, nearer, slope_between(low, &before, high, &after));
    set_neighbours(&root, low, &before, high, &after);
    root.jump = fabs(nearer->f) > TAKEN;
    return root;
}

/* The neighbours of u at that distance tell the slope, and whether there is a step. One that the errors of what it goes
 * from and to allow, where the closed form gives way to draws or more of them, is none of the quantity's: it is taken
 * there, and its slope is that between the ends. */
static struct solve_root root_between(struct search *search, double low, double high, double u, double step)
{
    double x = from_axis(search, u), left = from_axis(search, fmax(to_axis(search, low), u - step)),
           right = from_axis(search, fmin(to_axis(search, high), u + step));
    struct difference at = evaluate(search, x), before = evaluate(search, left), after = evaluate(search, right);
    double slope = slope_between(left, &before, right, &after);
    bool steps = fabs(at.f) > TAKEN * fmax(1, fabs(search->equation->target));
    bool known = fabs(after.f - before.f) <= hypot(fmax(before.se, before.order), fmax(after.se, after.order));
    if (steps && known) {
        struct difference first = evaluate(search, low), last = evaluate(search, high);
        slope = slope_between(low, &first, high, &last);
    }
    struct solve_root root = root_at(x, &at, slope);
    set_neighbours(&root, left, &before, right, &after);
    root.jump = steps && !known;
    return root;
}

static const struct solve_root no_root = {.x = NAN};

static void set_out_of_memory(struct search *search)
{
    search->code = error_set(search->error, ERROR_RESOURCE, "out of memory");
}

/* Brent's method to the precision asked for. */
static struct solve_root refine(struct search *search, double low, double high)
{
    gsl_function function = {along, search};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    double a = to_axis(search, low), b = to_axis(search, high), width = b - a, u = NAN;
    if (!solver) {
        set_out_of_memory(search);
        return no_root;
    }
    search->sign = 1;
    int status = gsl_root_fsolver_set(solver, &function, a, b);
    for (int i = 0; i < ITERATIONS && status == GSL_SUCCESS; i++) {
        status = gsl_root_fsolver_iterate(solver);
        u = gsl_root_fsolver_root(solver);
        if (gsl_root_fsolver_x_upper(solver) - gsl_root_fsolver_x_lower(solver) <= PRECISION * width)
            break;
    }
    gsl_root_fsolver_free(solver);
    if (status != GSL_SUCCESS)
        return no_root;
    return root_between(search, low, high, u, 1e-4 * width);
}

static int find_between(struct search *search, struct solve *solve, double low, double high, double f_low)
{
    struct solve_root root = is_whole(search) ? halve(search, low, high, f_low) : refine(search, low, high);
    if (search->code != ERROR_NONE)
        return search->code;
    if (isfinite(root.x))
        return add_root(solve, &root, search->error);
    solve->beyond++;
    return ERROR_NONE;
}

/* Where |f| is least between points of one sign, in case it passes the target and comes back; NAN where it does not. */
static double find_turn(struct search *search, const double x[3], const double f[3])
{
    gsl_function function = {along, search};
    gsl_min_fminimizer *minimiser = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    double u[3], found = NAN;
    if (!minimiser) {
        set_out_of_memory(search);
        return NAN;
    }
    search->sign = f[1] > 0 ? 1 : -1;
    for (int i = 0; i < 3; i++)
        u[i] = to_axis(search, x[i]);
    int status = gsl_min_fminimizer_set_with_values(minimiser, &function, u[1], search->sign * f[1], u[0],
                                                    search->sign * f[0], u[2], search->sign * f[2]);
    for (int i = 0; i < ITERATIONS && status == GSL_SUCCESS && isnan(found); i++) {
        status = gsl_min_fminimizer_iterate(minimiser);
        if (gsl_min_fminimizer_f_minimum(minimiser) <= 0)
            found = from_axis(search, gsl_min_fminimizer_x_minimum(minimiser));
        if (gsl_min_fminimizer_x_upper(minimiser) - gsl_min_fminimizer_x_lower(minimiser) <= 1e-6 * (u[2] - u[0]))
            break;
    }
    gsl_min_fminimizer_free(minimiser);
    return found;
}

/* Three neighbours, the middle one nearest to the target and all on one side of it. */
static bool is_near_miss(const double f[3])
{
    return agree_in_sign(f[0], f[1]) && agree_in_sign(f[1], f[2]) && fabs(f[1]) < fabs(f[0]) && fabs(f[1]) < fabs(f[2]);
}

static int find_pair(struct search *search, struct solve *solve, const double x[3], const double f[3])
{
    double turn = is_whole(search) ? NAN : find_turn(search, x, f);
    if (isnan(turn))
        return search->code;
    int code = find_between(search, solve, x[0], turn, f[0]);
    return code == ERROR_NONE ? find_between(search, solve, turn, x[2], -f[0]) : code;
}

static int find_all(struct search *search, struct solve *solve, const double f[])
{
    const struct map_axis *axis = search->axis;
    int code = ERROR_NONE;
    for (int i = 0; i < axis->count && code == ERROR_NONE; i++) {
        const double *x = axis->values + i;
        if (f[i] == 0) {
            struct difference at = evaluate(search, *x);
            int other = i + 1 < axis->count ? i + 1 : i - 1;
            struct solve_root root = root_at(*x, &at, f[other] / (axis->values[other] - *x));
            code = add_root(solve, &root, search->error);
        } else if (i + 1 < axis->count && differ_in_sign(f[i], f[i + 1])) {
            code = find_between(search, solve, x[0], x[1], f[i]);
        } else if (i + 2 < axis->count && is_near_miss(f + i)) {
            code = find_pair(search, solve, x, f + i);
        }
    }
    return code;
}

/* ---- the scan ---- */

struct scan {
    const struct search *search;
    struct solve *solve;
    double *f; /* [axis] */
    pthread_mutex_t lock;
    int done, first, failed; /* points; the first without a value; what ends the scan */
    struct error beyond, error;
};

/* Of points as near the first, in whichever order they come. */
static void note_nearest(struct solve_nearest *nearest, int i, const struct difference *at)
{
    double missing = fabs(at->f);
    if (missing > nearest->missing || (missing == nearest->missing && i > nearest->point))
        return;
    *nearest = (struct solve_nearest){.value = at->value,
                                      .error = at->error,
                                      .order_error = at->relative,
                                      .missing = missing,
                                      .may_be = missing <= fmax(2 * at->se, at->order),
                                      .point = i};
}

static void note_point(struct scan *scan, int i, int code, const struct difference *at, const struct error *own)
{
    struct solve *solve = scan->solve;
    if (code == ERROR_NONE && isfinite(at->f)) {
        solve->least = fmin(solve->least, at->value);
        solve->most = fmax(solve->most, at->value);
        solve->drawn += at->se != 0;
        note_nearest(&solve->nearest, i, at);
    } else if (code == ERROR_INPUT || code == ERROR_NONE) {
        solve->beyond++;
        if (i < scan->first)
            scan->beyond = *own;
        scan->first = i < scan->first ? i : scan->first;
    } else if (scan->failed == ERROR_NONE) {
        scan->error = *own;
        scan->failed = code;
    }
}

/* The last point first: it is the dearest. */
static bool scan_point(struct team *team, uint64_t number, int thread, void *context)
{
    struct scan *scan = context;
    int i = scan->search->axis->count - 1 - (int)number;
    struct difference at = gap;
    struct error own = {0};
    (void)team, (void)thread;
    int code = predict(scan->search, scan->search->axis->values[i], &at, &own);
    scan->f[i] = code == ERROR_NONE ? at.f : NAN;
    pthread_mutex_lock(&scan->lock);
    note_point(scan, i, code, &at, &own);
    bool goes_on = scan->failed == ERROR_NONE;
    scan->done++;
    if (scan->search->plan->progress)
        scan->search->plan->progress(scan->search->plan->progress_context, scan->done, scan->search->axis->count);
    pthread_mutex_unlock(&scan->lock);
    return goes_on;
}

/* The first point's own error is the one that is told where no point has a value. */
static int scan_axis(const struct search *search, struct solve *solve, double f[], struct error *error)
{
    int count = search->axis->count;
    struct scan scan = {.search = search, .solve = solve, .f = f, .lock = PTHREAD_MUTEX_INITIALIZER, .first = count};
    solve->points = count;
    solve->least = INFINITY;
    solve->most = -INFINITY;
    solve->nearest.missing = INFINITY;
    for (int i = 0; i < count; i++)
        f[i] = NAN;
    team_run(search->plan->threads, (uint64_t)count, scan_point, &scan);
    pthread_mutex_destroy(&scan.lock);
    if (scan.failed != ERROR_NONE)
        *error = scan.error;
    else if (solve->beyond == count)
        return error_set(error, ERROR_INPUT, "the quantity has a value at no point of the range: %.800s",
                         scan.beyond.text);
    return scan.failed;
}

/* Signs of what does not vary are rounding's. */
static bool is_everywhere(const struct solve *solve, double target)
{
    static const double rounding = 1e-12;
    double scale = fmax(fabs(target), fmax(fabs(solve->least), fabs(solve->most)));
    return solve->beyond == 0 && fmax(fabs(solve->least - target), fabs(solve->most - target)) <= rounding * scale;
}

int solve_find(struct solve *solve, const struct solve_equation *equation, const struct map_axis *axis,
               const struct solve_plan *plan, struct error *error)
{
    struct search search = {.equation = equation, .plan = plan, .axis = axis, .moments = plan->moments, .error = error};
    *solve = (struct solve){0};
    int code = team_check(plan->threads, error);
    if (code != ERROR_NONE)
        return code;
    double *f = calloc((size_t)axis->count, sizeof *f);
    if (!f)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    search.moments.threads = 1;
    search.moments.beside = plan->threads - 1;
    code = scan_axis(&search, solve, f, error);
    search.moments.threads = plan->threads; // one point after another
    search.moments.beside = 0;
    solve->everywhere = code == ERROR_NONE && is_everywhere(solve, equation->target);
    if (code == ERROR_NONE && !solve->everywhere)
        code = find_all(&search, solve, f);
    free(f);
    if (code != ERROR_NONE)
        solve_free(solve);
    return code;
}

void solve_free(struct solve *solve)
{
    free(solve->roots);
    *solve = (struct solve){0};
}
