#include "analysis/solve.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sim/team.h"
#include "sim/text.h"

/* ---- quantities ---- */

const struct solve_name solve_names[] = {
    {"gradient_ratio", "gradient_variance@0/gradient_variance@L", "the gradient at the input over that at layer L"},
    {"specific_ratio", "gradient_specific@0/gradient_specific@L", "the same of its token-specific part"},
    {"activation_ratio", "activation_variance@L/activation_variance@0", "the signal at layer L over that at the input"},
};
const size_t solve_name_count = sizeof solve_names / sizeof *solve_names;

static const char LOG10[] = "log10_";

/* "L", "L-3" or "3" */
static int parse_layer(struct solve_term *term, const char *text, struct error *error)
{
    long long layer = 0;
    term->from_end = *text == 'L';
    if (term->from_end && text[1] == '\0')
        return ERROR_NONE;
    if (term->from_end && text[1] != '-')
        return error_set(error, ERROR_INPUT, "layer '%.32s': expected a number from 0, L, or L-1, L-2, ...", text);
    int code = setting_integer("layer", text + (term->from_end ? 2 : 0), 0, 1000000, &layer, error);
    term->layer = (int)layer;
    return code;
}

static int check_column(const char *column, struct error *error)
{
    const char *names[OBSERVABLES + 16];
    size_t count = 0, length = strcspn(column, ".");
    for (size_t i = 0; i < solve_name_count; i++) {
        names[count++] = solve_names[i].name;
        if (strcmp(solve_names[i].name, column) == 0)
            return error_set(error, ERROR_INPUT, "%s stands alone, as it is %s", column, solve_names[i].quantity);
    }
    for (size_t i = 0; i < OBSERVABLES; i++) {
        names[count++] = observables[i].name;
        if (strlen(observables[i].name) == length && strncmp(observables[i].name, column, length) == 0)
            return ERROR_NONE;
    }
    return text_unknown(error, "quantity", column, names, count);
}

/* COLUMN or COLUMN@LAYER */
static int parse_term(struct solve_term *term, const char *text, size_t length, struct error *error)
{
    char layer[16];
    const char *at = memchr(text, '@', length);
    size_t column = at ? (size_t)(at - text) : length;
    *term = (struct solve_term){.from_end = true};
    if (column == 0 || column >= sizeof term->column || length - column > sizeof layer)
        return error_set(error, ERROR_INPUT,
                         "expected a quantity such as gradient_ratio or token_cosine@L, found '%.*s'",
                         (int)(length < 60 ? length : 60), text);
    memcpy(term->column, text, column);
    snprintf(layer, sizeof layer, "%.*s", (int)(length - column - (at != NULL)), at ? at + 1 : "");
    int code = check_column(term->column, error);
    return code == ERROR_NONE && at ? parse_layer(term, layer, error) : code;
}

static int parse_quantity(struct solve_equation *equation, const char *text, size_t length, struct error *error)
{
    if (strncmp(text, LOG10, strlen(LOG10)) == 0) {
        equation->log10 = true;
        text += strlen(LOG10);
        length -= strlen(LOG10);
    }
    for (size_t i = 0; i < solve_name_count; i++)
        if (strlen(solve_names[i].name) == length && strncmp(solve_names[i].name, text, length) == 0) {
            text = solve_names[i].quantity;
            length = strlen(text);
            break;
        }
    const char *slash = memchr(text, '/', length);
    equation->ratio = slash != NULL;
    size_t over = slash ? (size_t)(slash - text) : length;
    int code = parse_term(&equation->over, text, over, error);
    if (code == ERROR_NONE && slash)
        code = parse_term(&equation->under, slash + 1, length - over - 1, error);
    return code;
}

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
    int code = parse_quantity(equation, copy, (size_t)(equals - copy), error);
    if (code == ERROR_NONE)
        code = setting_real("value", equals + 1, &equation->target, error);
    return code;
}

/* ---- the quantity of a prediction ---- */

/* A value with its relative standard error (that of a value near 0 is NAN). */
struct reading {
    double log, value; /* log: of |value|, where value may be beyond double */
    double relative;
};

static int read_term(const struct solve_term *term, const struct moments *moments, int layers, struct reading *reading,
                     struct error *error)
{
    const struct observe_schema *schema = &moments->schema;
    int column = 0, layer = term->from_end ? layers - term->layer : term->layer;
    while (column < schema->column_count && strcmp(schema->columns[column].name, term->column) != 0)
        column++;
    if (column == schema->column_count)
        return error_set(error, ERROR_INPUT, "the model has no column %s", term->column);
    if (layer < 0 || layer > layers)
        return error_set(error, ERROR_INPUT, "layer %d is not between 0 and %d", layer, layers);
    size_t cell = (size_t)layer * (size_t)schema->column_count + (size_t)column;
    struct wide mean = moments->mean[cell];
    if (!wide_present(mean))
        return error_set(error, ERROR_INPUT, "%s has no value at layer %d", term->column, layer);
    *reading = (struct reading){mean.mantissa > 0 ? wide_log(mean) : NAN, wide_value(mean),
                                fabs(moments->se[cell] / mean.mantissa)};
    return ERROR_NONE;
}

/* What is solved for: f and its standard error. Ratios and logarithms are compared as logarithms, where they are smooth
 * and in range. */
struct difference {
    double f, se, value;
};

static bool in_logs(const struct solve_equation *equation)
{
    return equation->log10 || (equation->ratio && equation->target > 0);
}

static int read_difference(const struct solve_equation *equation, const struct moments *moments, int layers,
                           struct difference *difference, struct error *error)
{
    struct reading over, under = {0, 1, 0};
    int code = read_term(&equation->over, moments, layers, &over, error);
    if (code == ERROR_NONE && equation->ratio)
        code = read_term(&equation->under, moments, layers, &under, error);
    if (code != ERROR_NONE)
        return code;
    double logarithm = over.log - under.log, relative = hypot(over.relative, under.relative);
    double plain = over.value / under.value, target = equation->target;
    if (in_logs(equation)) {
        double value = equation->log10 ? logarithm / M_LN10 : exp(logarithm);
        *difference = (struct difference){logarithm - (equation->log10 ? target * M_LN10 : log(target)), relative,
                                          value};
    } else {
        *difference = (struct difference){plain - target, fabs(plain) * relative, plain};
    }
    return ERROR_NONE;
}

/* ---- points ---- */

struct search {
    const struct solve_equation *equation;
    const struct solve_plan *plan;
    const struct map_axis *axis;
    double sign; /* of what is minimised */
    struct difference last;
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

static int predict(const struct search *search, double x, struct difference *difference, struct error *error)
{
    struct model model;
    struct moments moments;
    int code = search->plan->model(search->plan->context, x, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = moments_predict(&model, &search->plan->moments, &moments, error);
    if (code == ERROR_NONE) {
        code = read_difference(search->equation, &moments, model.layers, difference, error);
        moments_free(&moments);
    }
    model_free(&model);
    return code;
}

/* A value beyond double's range is a gap, NAN; what else fails ends the search. */
static struct difference evaluate(struct search *search, double x)
{
    struct difference gap = {NAN, NAN, NAN};
    struct error error = {0};
    search->last = gap;
    if (search->code != ERROR_NONE)
        return gap;
    int code = predict(search, x, &search->last, &error);
    if (code != ERROR_NONE && code != ERROR_INPUT) {
        search->code = code;
        *search->error = error;
    }
    return code == ERROR_NONE ? search->last : gap;
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

/* The two neighbouring whole numbers with the target between them. */
static struct solve_root halve(struct search *search, double low, double high, double f_low)
{
    while (high - low > 1 && search->code == ERROR_NONE) {
        double middle = floor((low + high) / 2), f = evaluate(search, middle).f;
        if (f == 0)
            low = high = middle;
        else if (signbit(f) == signbit(f_low))
            low = middle;
        else
            high = middle;
    }
    struct difference before = evaluate(search, low), after = evaluate(search, high);
    bool first = fabs(before.f) <= fabs(after.f);
    return (struct solve_root){.x = first ? low : high,
                               .value = first ? before.value : after.value,
                               .low = low,
                               .high = high,
                               .before = before.value,
                               .after = after.value,
                               .jump = fabs(first ? before.f : after.f) > TAKEN};
}

/* Brent's method to the precision asked for; the bracket's ends then tell the slope, and whether there is a step. */
static struct solve_root refine(struct search *search, double low, double high)
{
    gsl_function function = {along, search};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    double a = to_axis(search, low), b = to_axis(search, high), width = b - a, u = NAN;
    search->sign = 1;
    int status = solver ? gsl_root_fsolver_set(solver, &function, a, b) : GSL_ENOMEM;
    for (int i = 0; i < ITERATIONS && status == GSL_SUCCESS; i++) {
        status = gsl_root_fsolver_iterate(solver);
        u = gsl_root_fsolver_root(solver);
        if (gsl_root_fsolver_x_upper(solver) - gsl_root_fsolver_x_lower(solver) <= PRECISION * width)
            break;
    }
    gsl_root_fsolver_free(solver);
    if (status != GSL_SUCCESS)
        return (struct solve_root){.x = NAN};
    double step = 1e-4 * width, left = fmax(a, u - step), right = fmin(b, u + step);
    struct difference at = evaluate(search, from_axis(search, u));
    struct difference before = evaluate(search, from_axis(search, left)),
                      after = evaluate(search, from_axis(search, right));
    double slope = (after.f - before.f) / (from_axis(search, right) - from_axis(search, left));
    return (struct solve_root){.x = from_axis(search, u),
                               .error = at.se > 0 ? at.se / fabs(slope) : 0,
                               .value = at.value,
                               .low = from_axis(search, left),
                               .high = from_axis(search, right),
                               .before = before.value,
                               .after = after.value,
                               .jump = fabs(at.f) > TAKEN * fmax(1, fabs(search->equation->target))};
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
    search->sign = f[1] > 0 ? 1 : -1;
    for (int i = 0; i < 3; i++)
        u[i] = to_axis(search, x[i]);
    int status = minimiser ? gsl_min_fminimizer_set_with_values(minimiser, &function, u[1], search->sign * f[1], u[0],
                                                                search->sign * f[0], u[2], search->sign * f[2])
                           : GSL_ENOMEM;
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
    return f[0] * f[1] > 0 && f[1] * f[2] > 0 && fabs(f[1]) < fabs(f[0]) && fabs(f[1]) < fabs(f[2]);
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
            struct solve_root root = {*x, 0, at.value, *x, *x, at.value, at.value, false};
            code = add_root(solve, &root, search->error);
        } else if (i + 1 < axis->count && f[i] * f[i + 1] < 0) {
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
    int first, failed; /* the first point without a value; what ends the scan */
    struct error beyond, error;
};

static void note_point(struct scan *scan, int i, int code, const struct difference *at, const struct error *own)
{
    struct solve *solve = scan->solve;
    if (code == ERROR_NONE && isfinite(at->f)) {
        solve->least = fmin(solve->least, at->value);
        solve->most = fmax(solve->most, at->value);
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
    struct difference at = {NAN, NAN, NAN};
    struct error own = {0};
    (void)team, (void)thread;
    int code = predict(scan->search, scan->search->axis->values[i], &at, &own);
    scan->f[i] = code == ERROR_NONE ? at.f : NAN;
    pthread_mutex_lock(&scan->lock);
    note_point(scan, i, code, &at, &own);
    bool goes_on = scan->failed == ERROR_NONE;
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

int solve_find(struct solve *solve, const struct solve_equation *equation, const struct map_axis *axis,
               const struct solve_plan *plan, struct error *error)
{
    struct search search = {.equation = equation, .plan = plan, .axis = axis, .error = error};
    *solve = (struct solve){0};
    int code = team_check(plan->threads, error);
    if (code != ERROR_NONE)
        return code;
    double *f = calloc((size_t)axis->count, sizeof *f);
    if (!f)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    code = scan_axis(&search, solve, f, error);
    if (code == ERROR_NONE)
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
