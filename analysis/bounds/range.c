/* How a moment m(s) = E g(sqrt(s) |z|), z ~ N(0,1), is enclosed over s in [a, b].
 *
 * Monotone g: sqrt(s) |z| grows with s for every z, so m is monotone too, and its ends are m(a) and m(b). Every row of
 * the table has monotone g for E phi and E phi^2, most for E phi'^2 too; a scan of g decides, so that a new row needs
 * nothing here. The scan samples g, it does not prove: for the present rows phi(u) - phi(-u) is u or 2 phi(u) and the
 * even parts are elementary, so that each finding is easily proved by hand.
 *
 * Other g >= 0: sqrt(s) m(s) = int g(|u|) exp(-u^2/2s) du / sqrt(2 pi) never falls in s. So on [s1, s2]
 *     sqrt(s1/s2) m(s1) <= m(s) <= sqrt(s2/s1) m(s2),
 * whatever g is; PIECES pieces of [a, b], of equal ratio, keep the factor near 1. Below b / 1024 the pieces end, and
 * inf g <= m <= sup g stands in (or |phi(u)| <= |phi(0)| + steepest |u| where g is not bounded).
 *
 * Pairs: three bounds that hold for every phi, whatever the two variances are.
 *     |K_uv - E phi(u) E phi(v)| <= |corr| sd phi(u) sd phi(v)        (Gebelein 1941: the maximal correlation of a
 *                                                                      Gaussian pair is |corr|)
 *     K_uv >= (K_uu + K_vv)/2 - steepest^2 E (u - v)^2 / 2            (phi is Lipschitz)
 *     |K_uv| <= sqrt(K_uu K_vv)                                       (Cauchy-Schwarz)
 * and K_uv >= 0 where phi >= 0, or where cov >= 0 and phi is `associated`: even and odd parts do not mix (flip the sign
 * of (u, v)); the even part's share is a mean of one sign, the odd part's is the covariance of increasing functions of
 * positively correlated Gaussians, which are associated (Pitt, Ann. Probab. 1982).
 */
#include "analysis/bounds/range.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>

#include "analysis/limit/kernel.h"

/* The scan: SCAN_STEPS points an octave from 2^SCAN_FIRST to 2^SCAN_LAST; beyond, activations are straight to double
 * precision. An extremum between two points is missed by a fraction of SCAN_SLACK at most. */
enum { SCAN_FIRST = -30, SCAN_LAST = 7, SCAN_STEPS = 64, PIECES = 64 };
#define SCAN_SLACK           1e-3
#define SCAN_ROUNDING        1e-13
#define PIECES_DEPTH         1024.0
#define QUADRATURE_PRECISION 1e-13
#define QUADRATURE_END       40.0

static double slack_of(double end)
{
    return SCAN_SLACK * fabs(end);
}

/* Means may have either sign, squares may not. */
static bool is_signed(enum range_moment moment)
{
    return moment == RANGE_MEAN || moment == RANGE_TILT;
}

static double even_part(const struct activation *activation, enum range_moment moment, double r)
{
    double u[2] = {r, -r}, f[2];
    bool of_slope = moment == RANGE_SLOPE || moment == RANGE_TILT;
    (of_slope ? activation->slope : activation->value)(2, u, f);
    return is_signed(moment) ? (f[0] + f[1]) / 2 : (f[0] * f[0] + f[1] * f[1]) / 2;
}

static void scan_even(struct range *range, enum range_moment moment)
{
    double last = even_part(range->activation, moment, 0);
    bool rises = false, falls = false;
    range->even[moment] = interval_point(last);
    for (int i = SCAN_FIRST * SCAN_STEPS; i <= SCAN_LAST * SCAN_STEPS; i++) {
        double g = even_part(range->activation, moment, exp2((double)i / SCAN_STEPS));
        double rounding = SCAN_ROUNDING * fmax(fabs(g), fabs(last));
        rises |= g > last + rounding;
        falls |= g < last - rounding;
        range->even[moment].lo = fmin(range->even[moment].lo, g);
        range->even[moment].hi = fmax(range->even[moment].hi, g);
        last = g;
    }
    range->direction[moment] = !falls ? 1 : !rises ? -1 : 0;
}

/* phi is bounded where it has stopped growing far outside. */
static void scan_ends(struct range *range)
{
    double u[2] = {1e30, -1e30}, f[2];
    range->activation->value(2, u, f);
    double least = fmin(f[0], f[1]), most = fmax(f[0], f[1]), far = 1e3;
    range->value.lo = least < -far ? -INFINITY : fmin(least, range->value.lo - slack_of(range->value.lo));
    range->value.hi = most > far ? INFINITY : fmax(most, range->value.hi + slack_of(range->value.hi));
}

static void scan_signs(struct range *range)
{
    double last = 0;
    bool odd_falls = false;
    range->value = range->slope = (struct interval){INFINITY, -INFINITY};
    for (int i = SCAN_FIRST * SCAN_STEPS; i <= SCAN_LAST * SCAN_STEPS; i++) {
        double r = exp2((double)i / SCAN_STEPS), u[2] = {r, -r}, f[2], s[2];
        range->activation->value(2, u, f);
        range->activation->slope(2, u, s);
        double odd = (f[0] - f[1]) / 2;
        odd_falls |= odd < last - SCAN_ROUNDING * fabs(last);
        range->value = interval_join(range->value, interval_join(interval_point(f[0]), interval_point(f[1])));
        range->slope = interval_join(range->slope, interval_join(interval_point(s[0]), interval_point(s[1])));
        range->nonnegative &= f[0] >= 0 && f[1] >= 0;
        range->steepest = fmax(range->steepest, (1 + SCAN_SLACK) * fmax(fabs(s[0]), fabs(s[1])));
        last = odd;
    }
    const struct interval *even = &range->even[RANGE_MEAN];
    scan_ends(range);
    range->slope = (struct interval){range->slope.lo - slack_of(range->slope.lo),
                                     range->slope.hi + slack_of(range->slope.hi)};
    range->associated = !odd_falls && (even->lo >= 0 || even->hi <= 0);
}

int range_init(struct range *range, const struct activation *activation, struct error *error)
{
    *range = (struct range){.activation = activation, .nonnegative = true};
    range->workspace = gsl_integration_cquad_workspace_alloc(200);
    if (!range->workspace)
        return error_set(error, ERROR_RESOURCE, "out of memory for a quadrature");
    for (int m = 0; m < RANGE_MOMENTS; m++) {
        scan_even(range, (enum range_moment)m);
        range->asked[m] = interval_point(NAN);
    }
    scan_signs(range);
    return ERROR_NONE;
}

void range_free(struct range *range)
{
    gsl_integration_cquad_workspace_free(range->workspace);
    *range = (struct range){0};
}

struct integrand {
    const struct activation *activation;
    enum range_moment moment;
    double root; /* sqrt(s) */
};

static double evaluate(double z, void *context)
{
    const struct integrand *self = context;
    return 2 * gsl_ran_ugaussian_pdf(z) * even_part(self->activation, self->moment, self->root * z);
}

/* Over |z|, in two parts: activations bend where |u| is a few units. NaN where the quadrature fails. */
double range_moment(const struct range *range, enum range_moment moment, double s)
{
    if (s == 0)
        return even_part(range->activation, moment, 0);
    struct integrand integrand = {range->activation, moment, sqrt(s)};
    gsl_function function = {evaluate, &integrand};
    double bend = fmin(fmax(4 / integrand.root, 1e-3), 8), near = 0, far = 0;
    int failed = gsl_integration_cquad(&function, 0, bend, 0, QUADRATURE_PRECISION, range->workspace, &near, NULL,
                                       NULL);
    failed |= gsl_integration_cquad(&function, bend, QUADRATURE_END, 1e-300, QUADRATURE_PRECISION, range->workspace,
                                    &far, NULL, NULL);
    return failed == GSL_SUCCESS ? near + far : NAN;
}

/* The bound that needs no moment: 0 <= s <= hi, for even parts that are never negative. */
static struct interval without_pieces(const struct range *range, enum range_moment moment, double hi)
{
    const struct interval *even = &range->even[moment];
    double zero = 0, at_zero, widest = even->hi * (1 + SCAN_SLACK);
    if (moment == RANGE_TILT)
        return (struct interval){even->lo - slack_of(even->lo), even->hi + slack_of(even->hi)};
    range->activation->value(1, &zero, &at_zero);
    if (moment == RANGE_SQUARE)
        widest = fmin(widest, pow(fabs(at_zero) + range->steepest * sqrt(hi), 2)); // E |z| <= 1, E z^2 = 1
    return (struct interval){even->lo * (1 - SCAN_SLACK), widest};
}

/* Of slopes, which have a least value, what is above it. */
static struct interval by_pieces(const struct range *range, enum range_moment moment, struct interval s)
{
    double start = fmax(s.lo, s.hi / PIECES_DEPTH), ratio = pow(s.hi / start, 1.0 / PIECES), root = sqrt(ratio);
    double base = moment == RANGE_TILT ? range->slope.lo : 0, below = range_moment(range, moment, start) - base;
    struct interval all = {below, below};
    if (s.lo < start)
        all = interval_add(without_pieces(range, moment, start), interval_point(-base));
    for (int i = 1; i <= PIECES && ratio > 1; i++) {
        double above = range_moment(range, moment, i < PIECES ? start * pow(ratio, i) : s.hi) - base;
        if (isnan(below) || isnan(above))
            return without_pieces(range, moment, s.hi);
        all.lo = fmin(all.lo, below / root);
        all.hi = fmax(all.hi, above * root);
        below = above;
    }
    return (struct interval){all.lo + base, all.hi + base};
}

static struct interval enclose(const struct range *range, enum range_moment moment, struct interval s)
{
    int direction = range->direction[moment];
    if (direction == 0 && moment == RANGE_MEAN && s.hi > s.lo) {
        double most = sqrt(enclose(range, RANGE_SQUARE, s).hi);
        return (struct interval){-most, most};
    }
    if (direction == 0 && s.hi > 0 && moment != RANGE_MEAN)
        return by_pieces(range, moment, s);
    double first = range_moment(range, moment, s.lo), last = s.hi > s.lo ? range_moment(range, moment, s.hi) : first;
    if (isnan(first) || isnan(last))
        return without_pieces(range, moment, s.hi);
    return direction >= 0 ? (struct interval){first, last} : (struct interval){last, first};
}

struct interval range_moments(struct range *range, enum range_moment moment, struct interval s)
{
    if (s.lo != range->asked[moment].lo || s.hi != range->asked[moment].hi) {
        range->asked[moment] = s;
        range->answer[moment] = enclose(range, moment, s);
    }
    return range->answer[moment];
}

struct interval range_pair(struct range *range, struct interval square, struct interval pair)
{
    struct interval k = range_moments(range, RANGE_SQUARE, square), mean = range_moments(range, RANGE_MEAN, square);
    double correlation = square.lo > 0 ? fmin(1, interval_magnitude(pair) / square.lo) : 1;
    double spread = correlation * fmax(0, k.hi - interval_square(mean).lo);
    struct interval means = interval_multiply(mean, mean);
    struct interval all = {fmax(-k.hi, means.lo - spread), fmin(k.hi, means.hi + spread)};
    all.lo = fmax(all.lo, k.lo - range->steepest * range->steepest * (square.hi - pair.lo));
    if (range->nonnegative || (range->associated && pair.lo >= 0))
        all.lo = fmax(all.lo, 0);
    return (struct interval){fmin(all.lo, all.hi), all.hi};
}

/* c / s over both intervals, s >= 0. */
static struct interval correlations(struct interval square, struct interval pair)
{
    double most = pair.hi > 0 ? square.lo : square.hi, least = pair.lo < 0 ? square.lo : square.hi;
    return (struct interval){least > 0 ? fmax(-1, pair.lo / least) : -1, most > 0 ? fmin(1, pair.hi / most) : 1};
}

/* With phi_s(z) = phi(sqrt(s) z), K = E phi_s(u) phi_s(v) = sum_n rho^n a_n, a_n >= 0 (Mehler): it grows with rho from
 * 0 on, and |K(rho) - K(0)| <= K(|rho|) - K(0). From a variance m to s, phi_s moves by at most steepest |sqrt s - sqrt
 * m| in the mean square, and K by that times the sum of both norms (Cauchy-Schwarz). */
struct interval range_pair_alike(struct range *range, struct interval square, struct interval pair)
{
    struct interval general = range_pair(range, square, pair), rho = correlations(square, pair);
    double m = (square.lo + square.hi) / 2, hi, lo, none;
    double moved = range->steepest * fmax(sqrt(square.hi) - sqrt(m), sqrt(m) - sqrt(square.lo));
    double most = range_moments(range, RANGE_SQUARE, square).hi,
           slack = 2 * sqrt(most) * moved + KERNEL_ACCURACY * most;
    kernel_pair(range->activation, m, m, m * fmax(rho.hi, -rho.lo), &hi, NULL);
    kernel_pair(range->activation, m, m, m * fabs(rho.lo), &lo, NULL);
    if (rho.lo < 0) {
        kernel_pair(range->activation, m, m, 0, &none, NULL);
        lo = 2 * none - lo;
    }
    return interval_meet(general, (struct interval){lo - slack, hi + slack});
}
