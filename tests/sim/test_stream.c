#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <Random123/philox.h>

#include "sim/stream.h"
#include <check.h>

/* Statistical tests: a limit of k standard errors on one statistic has the false-alarm rate 2 Q(k): 5.7e-7 at 5, 3.8e-8
 * at 5.5, 2e-9 at 6. Each test states its own; all together stay below 1e-4, and the seeds are fixed, so that a pass
 * stays a pass. */

enum { GROUP = 64 };

static const struct stream_address odd_address = {
    .seed = 0x9d5c3b7a1f2e4d68, .sample = 0x300000007, .block = 5, .site = 3, .matrix = 2, .expert = 11, .role = 2};

/* The slow and obvious version: the header's Philox, long double Box-Muller. */
static void reference_words(const struct stream *stream, uint64_t block, uint64_t words[2])
{
    const philox4x32_ctr_t counter = {{(uint32_t)block, (uint32_t)(block >> 32), stream->high[0], stream->high[1]}};
    const philox4x32_key_t key = {{stream->key[0], stream->key[1]}};
    const philox4x32_ctr_t result = philox4x32(counter, key);
    words[0] = (uint64_t)result.v[0] << 32 | result.v[1];
    words[1] = (uint64_t)result.v[2] << 32 | result.v[3];
}

static double reference_normal(const struct stream *stream, uint64_t index)
{
    const uint64_t lane = index % (GROUP / 2);
    const int second = index % GROUP >= GROUP / 2;
    uint64_t words[2];
    reference_words(stream, index / GROUP * (GROUP / 2) + lane, words);
    const double uniform = (double)words[0] * (1 - 0x1p-53) + 0.5;
    const long double size = sqrtl(-2 * logl((long double)uniform * 0x1p-64L));
    const long double radius = words[1] >> 63 ? -size : size;
    const long double fraction = (long double)(words[1] & 0xfffffffffffff) * 0x1p-52L - 0.5L;
    const long double angle = 1.57079632679489661923132169163975144L * fraction;
    const int swapped = words[1] >> 62 & 1;
    return (double)(radius * (second == swapped ? cosl(angle) : sinl(angle)));
}

static void check_normals(const struct stream *stream, uint64_t first, size_t count)
{
    double *z = malloc(count * sizeof *z);
    stream_normals(stream, first, count, 1, z);
    for (size_t i = 0; i < count; ++i) {
        const double exact = reference_normal(stream, first + i);
        ck_assert_msg(isfinite(z[i]) && fabs(z[i] - exact) <= STREAM_ERROR * (1 + fabs(exact)),
                      "number %llu: %.17g for %.17g", (unsigned long long)(first + i), z[i], exact);
    }
    free(z);
}

/* Random123's tests/kat_vectors, rows "philox4x32 10". */
static const struct {
    uint32_t counter[4], key[2], result[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(open_gives_published_answers)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
        const uint32_t *c = known[i].counter, *k = known[i].key;
        const struct stream_address address = {.seed = (uint64_t)k[1] << 32 | k[0],
                                               .sample = (uint64_t)c[1] << 32 | c[0],
                                               .block = c[2],
                                               .site = c[3] >> 22,
                                               .matrix = c[3] >> 18 & 15,
                                               .expert = c[3] >> 6 & 4095,
                                               .role = (enum stream_role)(c[3] & 63)};
        const struct stream stream = stream_open(&address);
        ck_assert_mem_eq(stream.key, known[i].result, sizeof stream.key);
        ck_assert_mem_eq(stream.high, known[i].result + 2, sizeof stream.high);
    }
}
END_TEST

START_TEST(words_give_published_answers)
{
    const struct stream zero = {{0, 0}, {0, 0}};
    uint64_t words[2];
    stream_words(&zero, 0, 2, words);
    ck_assert_uint_eq(words[0], 0x6627e8d5e169c58d);
    ck_assert_uint_eq(words[1], 0xbc57ac4c9b00dbd8);
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i) { /* rows that no word's index reaches, by the header */
        philox4x32_ctr_t counter;
        philox4x32_key_t key;
        memcpy(counter.v, known[i].counter, sizeof counter.v);
        memcpy(key.v, known[i].key, sizeof key.v);
        const philox4x32_ctr_t result = philox4x32(counter, key);
        ck_assert_mem_eq(result.v, known[i].result, sizeof result.v);
    }
}
END_TEST

/* Odd offsets, either side of where the counter's low half carries (block 2^32, word 2^33, number 2^33), and far out.
 */
static const uint64_t offsets[] = {0,
                                   1,
                                   63,
                                   64,
                                   1237,
                                   ((uint64_t)1 << 33) - 131,
                                   ((uint64_t)1 << 33) + 7,
                                   ((uint64_t)1 << 34) - 129,
                                   ((uint64_t)5 << 47) + 333,
                                   (uint64_t)0 - 5001};
enum { OFFSETS = sizeof offsets / sizeof *offsets };

START_TEST(words_are_the_headers)
{
    const struct stream stream = stream_open(&odd_address);
    for (int k = 0; k < OFFSETS; ++k) {
        uint64_t words[777], pair[2];
        stream_words(&stream, offsets[k], 777, words);
        for (uint64_t i = 0; i < 777; ++i) {
            reference_words(&stream, (offsets[k] + i) / 2, pair);
            ck_assert_uint_eq(words[i], pair[(offsets[k] + i) % 2]);
        }
    }
}
END_TEST

START_TEST(normals_are_the_reference)
{
    const struct stream stream = stream_open(&odd_address);
    for (int k = 0; k < OFFSETS; ++k)
        check_normals(&stream, offsets[k], 999);
    check_normals(&stream, 64 * 1013, 100003);
}
END_TEST

START_TEST(sigma_is_a_factor)
{
    const struct stream stream = stream_open(&odd_address);
    double one[301], scaled[301];
    stream_normals(&stream, 77, 301, 1, one);
    stream_normals(&stream, 77, 301, 1.37, scaled);
    for (int i = 0; i < 301; ++i)
        ck_assert(scaled[i] == 1.37 * one[i]);
}
END_TEST

/* The modular inverse of an odd number, by Newton's iteration. */
static uint32_t inverse(uint32_t odd)
{
    uint32_t x = odd;
    for (int i = 0; i < 5; ++i)
        x *= 2 - odd * x;
    return x;
}

/* Philox undone: the stream and block whose words are these under the key, so that any draw can be forced. */
static uint64_t force(const uint64_t words[2], const uint32_t key[2], struct stream *stream)
{
    uint32_t c[4] = {(uint32_t)(words[0] >> 32), (uint32_t)words[0], (uint32_t)(words[1] >> 32), (uint32_t)words[1]};
    for (uint32_t round = 10; round-- > 0;) {
        const uint32_t c0 = c[3] * inverse(PHILOX_M4x32_0), c2 = c[1] * inverse(PHILOX_M4x32_1);
        const uint32_t high0 = (uint32_t)((uint64_t)c0 * PHILOX_M4x32_0 >> 32);
        const uint32_t high1 = (uint32_t)((uint64_t)c2 * PHILOX_M4x32_1 >> 32);
        c[1] = c[0] ^ high1 ^ (key[0] + round * PHILOX_W32_0);
        c[3] = c[2] ^ high0 ^ (key[1] + round * PHILOX_W32_1);
        c[0] = c0;
        c[2] = c2;
    }
    *stream = (struct stream){{key[0], key[1]}, {c[2], c[3]}};
    return (uint64_t)c[1] << 32 | c[0];
}

START_TEST(rare_draws_are_right)
{
    /* Radius words: both ends (a word that would round up to 2^64 gives u = 1, radius 0, and a rounding error's square
     * root in a naive kernel), both ends of every one of the 16 intervals in the first and last binades and one
     * between. Angle words: all quarters, both ends and the middle of the fraction. */
    uint64_t radii[8 + 3 * 32] = {0, 1, 2, 3, ~(uint64_t)0, ~(uint64_t)1, (uint64_t)0 - 1024, (uint64_t)0 - 4096};
    int count = 8;
    for (int e = 4; e < 64; e += e == 4 ? 36 : 23)
        for (uint64_t i = 0; i < 16; ++i) {
            radii[count++] = (16 + i) << (e - 4);
            radii[count++] = ((17 + i) << (e - 4)) - 1;
        }
    ck_assert_int_eq(count, 8 + 3 * 32);
    static const uint64_t fractions[] = {0, 1, 0x7ffffffffffff, 0x8000000000000, 0x8000000000001, 0xfffffffffffff};
    const uint32_t key[2] = {0x1234567, 0x89abcdef};
    double largest = 0, smallest = 1;
    for (int i = 0; i < count; ++i)
        for (uint64_t angle = 0; angle < 24; ++angle) {
            struct stream stream;
            uint64_t block, extra = 0;
            do { /* a block above 2^63 has no index: the free bits between 52 and 61 find one below */
                const uint64_t words[2] = {radii[i], angle % 4 << 62 | extra++ << 52 | fractions[angle / 4]};
                block = force(words, key, &stream);
            } while (block >> 63);
            const uint64_t index = block / 32 * GROUP + block % 32;
            double z[2];
            stream_normals(&stream, index, 1, 1, z);
            stream_normals(&stream, index + 32, 1, 1, z + 1);
            for (int part = 0; part < 2; ++part) {
                const double exact = reference_normal(&stream, index + (uint64_t)(32 * part));
                ck_assert_msg(isfinite(z[part]) && fabs(z[part] - exact) <= STREAM_ERROR * (1 + fabs(exact)),
                              "radius word %llx: %.17g for %.17g", (unsigned long long)radii[i], z[part], exact);
            }
            largest = fmax(largest, hypot(z[0], z[1]));
            smallest = fmin(smallest, hypot(z[0], z[1]));
        }
    ck_assert_double_eq_tol(largest, sqrt(130 * M_LN2), 1e-14);
    ck_assert_double_eq_tol(smallest, 0x1p-26, 1e-15);
}
END_TEST

START_TEST(splits_give_the_same_bits)
{
    enum { COUNT = 5000 };
    const struct stream stream = stream_open(&odd_address);
    static double whole[COUNT], parts[COUNT + 2];
    static uint64_t whole_words[COUNT], parts_words[COUNT];
    for (int k = 0; k < OFFSETS; ++k) {
        stream_normals(&stream, offsets[k], COUNT, 1.37, whole);
        stream_words(&stream, offsets[k], COUNT, whole_words);
        static const size_t sizes[] = {1, 3, 64, 7, 200, 31, 129, 0, 65};
        memset(parts, 0x55, sizeof parts);
        double guard;
        memcpy(&guard, parts, sizeof guard);
        for (size_t i = 0, j = (size_t)k; i < COUNT; ++j) {
            const size_t size = sizes[j % 9] < COUNT - i ? sizes[j % 9] : COUNT - i;
            stream_normals(&stream, offsets[k] + i, size, 1.37, parts + 1 + i);
            stream_words(&stream, offsets[k] + i, size, parts_words + i);
            i += size;
            ck_assert_mem_eq(parts + 1 + i, &guard, sizeof guard);
        }
        ck_assert_mem_eq(parts, &guard, sizeof guard);
        ck_assert_mem_eq(parts + 1, whole, sizeof whole);
        ck_assert_mem_eq(parts_words, whole_words, sizeof whole_words);
    }
}
END_TEST

/* Address number k of the neighbourhood: 0 the address itself, then each single bit of each field changed. */
enum { NEIGHBOURS = 1 + 64 + 64 + 32 + 10 + 4 + 12 + 2 };

static struct stream_address neighbour(unsigned k)
{
    struct stream_address address = odd_address;
    if (k == 0)
        return address;
    k -= 1;
    if (k < 64)
        address.seed ^= (uint64_t)1 << k;
    else if ((k -= 64) < 64)
        address.sample ^= (uint64_t)1 << k;
    else if ((k -= 64) < 32)
        address.block ^= (uint32_t)1 << k;
    else if ((k -= 32) < 10)
        address.site ^= (uint32_t)1 << k;
    else if ((k -= 10) < 4)
        address.matrix ^= (uint32_t)1 << k;
    else if ((k -= 4) < 12)
        address.expert ^= (uint32_t)1 << k;
    else
        address.role = (enum stream_role)((unsigned)address.role ^ 1U << (k - 12));
    return address;
}

static double dot(const double *x, const double *y, size_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; ++i)
        sum += x[i] * y[i];
    return sum;
}

/* S streams of n numbers. For standardised w (w = z, then w = (z^2 - 1) / sqrt 2) and a lag, R = sum w_i[t] w_j[t +
 * lag] / sqrt(number of terms) of every pair i < j has mean 0 and variance 1. Held against that: the largest |R|,
 * limit 7.5; the sum of R; and the sum of R^2, whose variance is, with m = E w^4 (3, then 15), 2 + (m^2 - 3) / n a pair
 * and (m - 1) / n for each of the 2 (S - 2) pairs that share a stream with it. False alarms: 6.4e-14 a pair, with a
 * factor of at most 10 for the kurtosis of R (Edgeworth, n >= 4000); 3.8e-8 for either sum. At most 2e-6 a call for S =
 * 512. */
static void check_independent(double *w, size_t streams, size_t count, const size_t lags[], size_t lag_count)
{
    for (int squares = 0; squares < 2; ++squares) {
        const double m = squares ? 15 : 3, pairs = (double)streams * (double)(streams - 1) / 2;
        for (size_t l = 0; squares && l < streams * count; ++l)
            w[l] = (w[l] * w[l] - 1) * M_SQRT1_2;
        for (size_t l = 0; l < lag_count; ++l) {
            const size_t terms = count - lags[l];
            double sum = 0, sum2 = 0, largest = 0;
            for (size_t i = 0; i < streams; ++i)
                for (size_t j = i + 1; j < streams; ++j) {
                    const double r = dot(w + i * count, w + j * count + lags[l], terms) / sqrt((double)terms);
                    ck_assert(isfinite(r));
                    sum += r;
                    sum2 += r * r;
                    largest = fmax(largest, fabs(r));
                }
            const double variance = 2 + (m * m - 3) / (double)terms +
                                    2 * ((double)streams - 2) * (m - 1) / (double)terms;
            ck_assert_double_lt(largest, 7.5);
            ck_assert_double_lt(fabs(sum) / sqrt(pairs), 5.5);
            ck_assert_double_lt(fabs(sum2 - pairs) / sqrt(pairs * variance), 5.5);
        }
    }
}

START_TEST(every_bit_of_the_address_counts)
{
    enum { COUNT = 4096 };
    double *z = malloc(sizeof(double[NEIGHBOURS][COUNT]));
    static struct stream streams[NEIGHBOURS];
    for (unsigned k = 0; k < NEIGHBOURS; ++k) {
        const struct stream_address address = neighbour(k);
        streams[k] = stream_open(&address);
        for (unsigned j = 0; j < k; ++j)
            ck_assert_msg(memcmp(&streams[j], &streams[k], sizeof *streams) != 0, "addresses %u and %u", j, k);
        stream_normals(&streams[k], 0, COUNT, 1, z + k * COUNT);
    }
    const size_t lags[] = {0, 1};
    check_independent(z, NEIGHBOURS, COUNT, lags, 2);
    free(z);
}
END_TEST

START_TEST(streams_are_independent)
{
    enum { STREAMS = 512, COUNT = 4096 };
    double *z = malloc(sizeof(double[STREAMS][COUNT]));
    for (unsigned k = 0; k < STREAMS; ++k) { /* consecutive seeds, samples, blocks, matrices, as a run has them */
        const struct stream_address address = {.seed = 1 + k % 2,
                                               .sample = k / 2 % 8,
                                               .block = 1 + k / 16 % 8,
                                               .matrix = k / 128 % 2,
                                               .role = k / 256 ? STREAM_REVERSE : STREAM_WEIGHT};
        const struct stream stream = stream_open(&address);
        stream_normals(&stream, 0, COUNT, 1, z + k * COUNT);
    }
    const size_t lags[] = {0, 1, 8, 32, 64};
    check_independent(z, STREAMS, COUNT, lags, 5);
    free(z);
}
END_TEST

enum { CHUNK = 1 << 15, BINS = 1 << 14 };

/* Empirical moment k of n numbers is E z^k within sqrt((E z^2k - (E z^k)^2) / n). Eight limits of 5: false alarm 5e-6
 * (the eighth moment's mean has skewness 0.01 at this n). */
START_TEST(moments_are_normal)
{
    enum { CHUNKS = 1 << 12 };
    const struct stream stream = stream_open(&odd_address);
    static double z[CHUNK];
    double total[9] = {0};
    for (uint64_t c = 0; c < CHUNKS; ++c) {
        stream_normals(&stream, 1237 + c * CHUNK, CHUNK, 1, z);
        double s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0, s8 = 0;
#pragma omp simd reduction(+ : s1, s2, s3, s4, s5, s6, s7, s8)
        for (int i = 0; i < CHUNK; ++i) {
            const double z2 = z[i] * z[i], z4 = z2 * z2;
            s1 += z[i];
            s2 += z2;
            s3 += z2 * z[i];
            s4 += z4;
            s5 += z4 * z[i];
            s6 += z4 * z2;
            s7 += z4 * z2 * z[i];
            s8 += z4 * z4;
        }
        const double sums[9] = {0, s1, s2, s3, s4, s5, s6, s7, s8};
        for (int k = 1; k <= 8; ++k)
            total[k] += sums[k];
    }
    const double n = (double)CHUNKS * CHUNK;
    for (unsigned k = 1; k <= 8; ++k) {
        const double expected = k % 2 ? 0 : gsl_sf_doublefact(k - 1);
        const double deviation = sqrt((gsl_sf_doublefact(2 * k - 1) - expected * expected) / n);
        const double errors = (total[k] / n - expected) / deviation;
        ck_assert_msg(isfinite(errors) && fabs(errors) < 5, "moment %u is off by %g standard errors", k, errors);
    }
}
END_TEST

/* 2^27 numbers counted in 2^14 bins of [-8, 8]. Kolmogorov-Smirnov at the bins' edges: sqrt(n) D > 2.9 has a
 * probability of at most 2 exp(-2 2.9^2) = 1e-7. Chi-square over the bins of expectation 20 and more: either tail 1e-7.
 */
START_TEST(distribution_is_normal)
{
    enum { CHUNKS = 1 << 12 };
    const struct stream stream = stream_open(&odd_address);
    static double z[CHUNK];
    static uint32_t counts[BINS];
    for (uint64_t c = 0; c < CHUNKS; ++c) {
        stream_normals(&stream, ((uint64_t)1 << 40) + 5 + c * CHUNK, CHUNK, 1, z);
        for (int i = 0; i < CHUNK; ++i)
            counts[(int)fmin(fmax((z[i] + 8) * (BINS / 16), 0), BINS - 1)]++;
    }
    const double n = (double)CHUNKS * CHUNK;
    double below = 0, distance = 0, chi2 = 0, bins = 0;
    for (int b = 0; b < BINS; ++b) {
        const double left = -8 + b * 16.0 / BINS, right = left + 16.0 / BINS;
        const double expected = n * (left < 0 ? gsl_cdf_ugaussian_P(right) - gsl_cdf_ugaussian_P(left)
                                              : gsl_cdf_ugaussian_Q(left) - gsl_cdf_ugaussian_Q(right));
        if (expected >= 20) {
            chi2 += (counts[b] - expected) * (counts[b] - expected) / expected;
            bins += 1;
        }
        below += counts[b];
        distance = fmax(distance, fabs(below / n - gsl_cdf_ugaussian_P(right)));
    }
    ck_assert_double_lt(distance * sqrt(n), 2.9);
    ck_assert_double_gt(bins, 8000);
    ck_assert_double_gt(gsl_cdf_chisq_Q(chi2, bins), 1e-7);
    ck_assert_double_gt(gsl_cdf_chisq_P(chi2, bins), 1e-7);
}
END_TEST

/* 2^29 numbers: 1.4 million beyond 3 down to 1 beyond 6, on both sides apart. Poisson to a relative 3e-3 (the
 * binomial's own q); either tail of each of 10 counts 1e-7: false alarm 2e-6. */
START_TEST(tails_are_normal)
{
    enum { CHUNKS = 1 << 14 };
    static const double beyond[] = {3, 4, 5, 5.5, 6};
    const struct stream stream = stream_open(&odd_address);
    static double z[CHUNK];
    unsigned counts[2][5] = {{0}};
    for (uint64_t c = 0; c < CHUNKS; ++c) {
        stream_normals(&stream, ((uint64_t)1 << 50) + c * CHUNK, CHUNK, 1, z);
        for (int side = 0; side < 2; ++side)
            for (int k = 0; k < 5; ++k) {
                const double limit = beyond[k], sign = side ? -1 : 1;
                unsigned count = 0;
#pragma omp simd reduction(+ : count)
                for (int i = 0; i < CHUNK; ++i)
                    count += sign * z[i] > limit ? 1 : 0;
                counts[side][k] += count;
            }
    }
    const double n = (double)CHUNKS * CHUNK;
    for (int side = 0; side < 2; ++side)
        for (int k = 0; k < 5; ++k) {
            const double expected = n * gsl_cdf_ugaussian_Q(beyond[k]);
            const unsigned count = counts[side][k];
            ck_assert_msg(gsl_cdf_poisson_P(count, expected) > 1e-7 &&
                              (count == 0 || gsl_cdf_poisson_Q(count - 1, expected) > 1e-7),
                          "%u numbers beyond %g where %g are expected", count, beyond[k], expected);
        }
}
END_TEST

/* R at one lag of one stream, as above: 2 x 200 limits of 6, false alarm 8e-7. */
START_TEST(numbers_of_a_stream_are_uncorrelated)
{
    enum { COUNT = 1 << 22, LAGS = 200 };
    const struct stream stream = stream_open(&odd_address);
    double *w = malloc(sizeof(double[COUNT]));
    stream_normals(&stream, 31, COUNT, 1, w);
    for (int squares = 0; squares < 2; ++squares) {
        for (size_t i = 0; squares && i < COUNT; ++i)
            w[i] = (w[i] * w[i] - 1) * M_SQRT1_2;
        for (size_t lag = 1; lag <= LAGS; ++lag) {
            const double r = dot(w, w + lag, COUNT - lag) / sqrt((double)(COUNT - lag));
            ck_assert_msg(isfinite(r) && fabs(r) < 6, "lag %zu of z^%d: %g standard errors", lag, 1 + squares, r);
        }
    }
    free(w);
}
END_TEST

/* The two numbers of a Box-Muller pair, and two neighbours that are none: 32 angles by 32 radii, equally likely, over
 * 2^22 pairs each (4096 a cell). Either tail 1e-7: false alarm 4e-7. */
START_TEST(pairs_are_round)
{
    enum { CELLS = 32, PAIRS = 1 << 22 };
    const struct stream stream = stream_open(&odd_address);
    static const uint64_t partner[] = {32, 1};
    for (int p = 0; p < 2; ++p) {
        static unsigned counts[CELLS][CELLS];
        memset(counts, 0, sizeof counts);
        double z[GROUP];
        for (uint64_t pair = 0; pair < PAIRS;) {
            stream_normals(&stream, ((uint64_t)3 << 35) + 2 * pair, GROUP, 1, z);
            for (uint64_t i = 0; i < GROUP; ++i) {
                if (i / partner[p] % 2)
                    continue;
                const double x = z[i], y = z[i + partner[p]];
                const int angle = (int)(CELLS * (atan2(y, x) / (2 * M_PI) + 0.5)) % CELLS;
                const int radius = (int)(CELLS * exp(-(x * x + y * y) / 2)) % CELLS;
                counts[angle][radius]++;
                ++pair;
            }
        }
        const double expected = (double)PAIRS / (CELLS * CELLS);
        double chi2 = 0;
        for (int i = 0; i < CELLS * CELLS; ++i)
            chi2 += pow(counts[i / CELLS][i % CELLS] - expected, 2) / expected;
        ck_assert_double_gt(gsl_cdf_chisq_Q(chi2, CELLS * CELLS - 1), 1e-7);
        ck_assert_double_gt(gsl_cdf_chisq_P(chi2, CELLS * CELLS - 1), 1e-7);
    }
}
END_TEST

Suite *stream_suite(void)
{
    Suite *suite = suite_create("stream");
    TCase *tests = tcase_create("addressing");
    tcase_add_test(tests, open_gives_published_answers);
    tcase_add_test(tests, words_give_published_answers);
    tcase_add_test(tests, words_are_the_headers);
    tcase_add_test(tests, normals_are_the_reference);
    tcase_add_test(tests, sigma_is_a_factor);
    tcase_add_test(tests, rare_draws_are_right);
    tcase_add_test(tests, splits_give_the_same_bits);
    tcase_add_test(tests, every_bit_of_the_address_counts);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);

    TCase *slow = tcase_create("statistics");
    tcase_set_tags(slow, "slow");
    tcase_set_timeout(slow, 300);
    tcase_add_test(slow, streams_are_independent);
    tcase_add_test(slow, moments_are_normal);
    tcase_add_test(slow, distribution_is_normal);
    tcase_add_test(slow, tails_are_normal);
    tcase_add_test(slow, numbers_of_a_stream_are_uncorrelated);
    tcase_add_test(slow, pairs_are_round);
    suite_add_tcase(suite, slow);
    return suite;
}
