/* Layout. Block b of a stream is Philox4x32-10 of the counter (b low, b high, high[0], high[1]) under the stream's key:
 * two 64-bit words, 2 b = v[0]:v[1] and 2 b + 1 = v[2]:v[3]. Normals come in groups of 64 from 32 blocks, so that no
 * lane is ever moved: block 32 g + j gives the numbers 64 g + j and 64 g + 32 + j. Words and normals read the same
 * blocks, so a stream is to be read as the one or as the other.
 *
 * Normals are Box-Muller pairs (Annals of Mathematical Statistics 29, 1958, p. 610). The even word k gives the radius
 * uniform u = (k + 1/2) 2^-64, rounded to a double as k (1 - 2^-53) + 1/2 is, which keeps it below 1. Of the odd word,
 * bit 63 negates the pair, bit 62 swaps it and the low 52 are the angle within [-pi/4, pi/4).
 *
 * Resolution and tails. u has 64 bits, 53 of them kept near 1; the angle has 54. |z| goes up to sqrt(130 ln 2) = 9.493,
 * beyond which lie 2.3e-21 of the normal law. P(radius > r) is exact to 2^-64, so to a relative 5e-6 at r = 8. The
 * least radius is 1.5e-8.
 *
 * Error against the exact function of the two words: STREAM_ERROR. It is largest where u is near 0.95 and -2 ln u,
 * small, is left over from terms of size 1.4: rounding c, 2 ln c and 2 ln 2 leaves 3.3e-16 there, s without fused
 * multiply-add another 2.2e-16, and half of that over the radius, at least 0.25, is 1.1e-15; the rest adds about 3
 * units in the last place. Measured: 3.3e-16 (1 + |z|) with fused multiply-add, 6.2e-16 without. The bits depend on the
 * build but never on how a range is split: whole and partial groups run the same instructions.
 */
#include "sim/stream.h"

#include <math.h>
#include <string.h>

#include <Random123/philox.h>

#include "sim/invariant.h"
#include "sim/lanes.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define BIT_NEGATE ((uint64_t)1 << 63)
#define BIT_SWAP   ((uint64_t)1 << 62)
#define FRACTION   (((uint64_t)1 << 52) - 1)

/* Operations that the vector extension lacks. */
#if defined __AVX512F__ && defined __AVX512DQ__

static inline words multiply_low(words a, uint32_t factor)
{
    return (words)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(factor));
}

static inline doubles square_root(doubles a)
{
    return (doubles)_mm512_sqrt_pd((__m512d)a);
}

static inline doubles to_real(words a)
{
    return __builtin_convertvector(a, doubles);
}

static inline doubles look_up(const double table[16], words index)
{
    return (doubles)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)index, _mm512_loadu_pd(table + 8));
}

static inline doubles choose(words word, doubles swapped, doubles straight)
{
    const __mmask8 swap = _mm512_test_epi64_mask((__m512i)word, _mm512_set1_epi64((long long)BIT_SWAP));
    return (doubles)_mm512_mask_blend_pd(swap, (__m512d)straight, (__m512d)swapped);
}

#else

/* Exact halves, one rounding: the same number as the machine's own conversion where there is one. */
static inline doubles to_real(words a)
{
    const words high = a >> 32 | 0x4530000000000000, low = (a & 0xffffffff) | 0x4330000000000000;
    return ((doubles)high - (0x1p84 + 0x1p52)) + (doubles)low;
}

#if defined __AVX2__

static inline words multiply_low(words a, uint32_t factor)
{
    return (words)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(factor));
}

static inline doubles square_root(doubles a)
{
    return (doubles)_mm256_sqrt_pd((__m256d)a);
}

static inline doubles look_up(const double table[16], words index)
{
    return (doubles)_mm256_i64gather_pd(table, (__m256i)(index & 15), 8);
}

static inline doubles choose(words word, doubles swapped, doubles straight)
{
    return (doubles)_mm256_blendv_pd((__m256d)straight, (__m256d)swapped, (__m256d)(word << 1));
}

#else

static inline words multiply_low(words a, uint32_t factor)
{
#ifdef __SSE2__
    typedef int quarters __attribute__((vector_size(16)));
    return (words)__builtin_ia32_pmuludq128((quarters)a, (quarters)((words){} + factor));
#else
    return (a & 0xffffffff) * factor;
#endif
}

static inline doubles square_root(doubles a)
{
    return (doubles){sqrt(a[0]), sqrt(a[1])};
}

static inline doubles look_up(const double table[16], words index)
{
    return (doubles){table[index[0] & 15], table[index[1] & 15]};
}

static inline doubles choose(words word, doubles swapped, doubles straight)
{
    const words swap = (words)((word & BIT_SWAP) != 0);
    return (doubles)(((words)swapped & swap) | ((words)straight & ~swap));
}

#endif
#endif

/* A bundle of vectors goes through every step together: one alone would wait for its own results. */
enum { BUNDLE = 4, STEP = BUNDLE * LANES, BLOCKS = 32, GROUP = 2 * BLOCKS };

/* Inlining Philox gains 5 % with gcc and loses as much with clang. */
#ifdef __clang__
#define FUSED static inline
#else
#define FUSED LANES_INLINE
#endif
#define EACH LANES_UNROLL for (int v = 0; v < BUNDLE; ++v)

struct stream stream_open(const struct stream_address *address)
{
    invariant(address->site < STREAM_SITES && address->matrix < STREAM_MATRICES && address->expert < STREAM_EXPERTS &&
              (uint32_t)address->role < STREAM_ROLES);
    const uint32_t tensor = address->site << 22 | address->matrix << 18 | address->expert << 6 |
                            (uint32_t)address->role;
    const philox4x32_key_t key = {{(uint32_t)address->seed, (uint32_t)(address->seed >> 32)}};
    const philox4x32_ctr_t counter = {
        {(uint32_t)address->sample, (uint32_t)(address->sample >> 32), address->block, tensor}};
    const philox4x32_ctr_t found = philox4x32(counter, key);
    return (struct stream){.key = {found.v[0], found.v[1]}, .high = {found.v[2], found.v[3]}};
}

enum { ROUNDS = philox4x32_rounds };

/* What every counter of a stream shares. */
struct schedule {
    uint64_t key[2][ROUNDS]; /* the last in the upper half */
    uint64_t high[2];
};

static struct schedule schedule_of(const struct stream *stream)
{
    struct schedule schedule = {.high = {stream->high[0], stream->high[1]}};
    philox4x32_key_t key = {{stream->key[0], stream->key[1]}};
    for (int round = 0; round < ROUNDS; ++round, key = _philox4x32bumpkey(key)) {
        const int shift = round == ROUNDS - 1 ? 32 : 0;
        schedule.key[0][round] = (uint64_t)key.v[0] << shift;
        schedule.key[1][round] = (uint64_t)key.v[1] << shift;
    }
    return schedule;
}

/* STEP blocks from a multiple of STEP, one a lane, as _philox4x32round has it. A lane's upper half may hold anything:
 * products do not read it, and shifting left pushes it out. The blocks' counters differ in c0 alone, so of the first
 * two rounds one half is done once (in capitals). */
FUSED void philox(const struct schedule *schedule, uint64_t block, words even[BUNDLE], words odd[BUNDLE])
{
    const uint64_t *const key0 = schedule->key[0], *const key1 = schedule->key[1];
    const uint64_t P1 = schedule->high[0] * PHILOX_M4x32_1;
    const uint64_t C0 = P1 >> 32 ^ block >> 32 ^ key0[0];
    const uint64_t P0 = C0 * PHILOX_M4x32_0;
    words lane = {};
    LANES_UNROLL for (int i = 0; i < LANES; ++i) lane[i] = (uint64_t)i;
    words c0[BUNDLE], c1[BUNDLE], c2[BUNDLE], c3[BUNDLE], p0[BUNDLE], p1[BUNDLE];
    EACH p0[v] = multiply_low(lane + (block + (uint64_t)(v * LANES)), PHILOX_M4x32_0);
    EACH c2[v] = p0[v] >> 32 ^ (schedule->high[1] ^ key1[0]);
    EACH p1[v] = multiply_low(c2[v], PHILOX_M4x32_1);
    EACH c0[v] = p1[v] >> 32 ^ (P1 ^ key0[1]);
    EACH c2[v] = p0[v] ^ (P0 >> 32 ^ key1[1]);
    EACH c1[v] = p1[v];
    EACH c3[v] = (words){} + P0;
    LANES_UNROLL for (int round = 2; round < ROUNDS - 1; ++round)
    {
        EACH p0[v] = multiply_low(c0[v], PHILOX_M4x32_0);
        EACH p1[v] = multiply_low(c2[v], PHILOX_M4x32_1);
        EACH c0[v] = p1[v] >> 32 ^ c1[v] ^ key0[round];
        EACH c2[v] = p0[v] >> 32 ^ c3[v] ^ key1[round];
        EACH c1[v] = p1[v];
        EACH c3[v] = p0[v];
    }
    EACH p0[v] = multiply_low(c0[v], PHILOX_M4x32_0);
    EACH p1[v] = multiply_low(c2[v], PHILOX_M4x32_1);
    EACH even[v] = p1[v] ^ c1[v] << 32 ^ key0[ROUNDS - 1];
    EACH odd[v] = p0[v] ^ c3[v] << 32 ^ key1[ROUNDS - 1];
}

/* -2 ln u of the radius uniform. With 2^64 u = 2^e m, m in [1, 2), and i the first four bits of m's fraction, it is
 * 2 ln c_i + 2 ln 2 (64 - e) - 2 ln(1 + s), where c_i is the reciprocal of the i-th interval's middle and s = c_i m -
 * 1, |s| <= 1/32, by the series to s^10: the first term left out is less than 2^-53 of the sum. The last interval has
 * c = 1/2, so that the other two terms cancel exactly as u nears 1. The second table is 2 ln c_i. */
static inline void minus_two_log(const words even[BUNDLE], doubles out[BUNDLE])
{
    static const double reciprocal[16]
        __attribute__((aligned(64))) = {32. / 33, 32. / 35, 32. / 37, 32. / 39, 32. / 41, 32. / 43, 32. / 45, 32. / 47,
                                        32. / 49, 32. / 51, 32. / 53, 32. / 55, 32. / 57, 32. / 59, 32. / 61, 1. / 2};
    static const double logarithm[16] __attribute__((aligned(64))) = {
        -0.061543317333507319, -0.17922431737937433, -0.29036401968899567, -0.39565148665983985,
        -0.49567232780916243,  -0.5909284257876718,  -0.68185317394118639, -0.76882339782066411,
        -0.85216879062180029,  -0.93217945984919848, -1.0091120215047906,  -1.0831945648654888,
        -1.1546307300696472,   -1.2236030822119859,  -1.2902759227471694,  -1.3862943611198906};
    static const double series[] = {-2., 2. / 2, -2. / 3, 2. / 4, -2. / 5, 2. / 6, -2. / 7, 2. / 8, -2. / 9, 2. / 10};
    words bits[BUNDLE];
    doubles exponent[BUNDLE], s[BUNDLE], sum[BUNDLE];
    EACH bits[v] = (words)(to_real(even[v]) * (1 - 0x1p-53) + 0.5);
    EACH exponent[v] = (doubles)(bits[v] >> 52 | 0x4330000000000000) - (0x1p52 + 1023 + 64);
    EACH s[v] = (doubles)((bits[v] & FRACTION) | 0x3ff0000000000000) * look_up(reciprocal, bits[v] >> 48) - 1;
    EACH sum[v] = (doubles){} + series[9];
    LANES_UNROLL for (int k = 8; k >= 0; --k) EACH sum[v] = sum[v] * s[v] + series[k];
    EACH exponent[v] = exponent[v] * (-2 * M_LN2) + look_up(logarithm, bits[v] >> 48);
    EACH out[v] = sum[v] * s[v] + exponent[v];
}

#define QUARTER (1.57079632679489661923132169163975144L) /* of a turn: pi/2 */
#define POWER2  (QUARTER * QUARTER)
#define POWER4  (POWER2 * POWER2)
#define POWER8  (POWER4 * POWER4)

/* cos and sin of pi/2 times the fraction of the low 52 bits less 1/2, by their Taylor series: what is left out is less
 * than 2^-54 of the result. */
static inline void turn(const words angle[BUNDLE], doubles cosine[BUNDLE], doubles sine[BUNDLE])
{
    static const double even[] = {1,
                                  (double)(-POWER2 / 2),
                                  (double)(POWER4 / 24),
                                  (double)(-POWER4 * POWER2 / 720),
                                  (double)(POWER8 / 40320),
                                  (double)(-POWER8 * POWER2 / 3628800),
                                  (double)(POWER8 * POWER4 / 479001600),
                                  (double)(-POWER8 * POWER4 * POWER2 / 87178291200),
                                  (double)(POWER8 * POWER8 / 20922789888000)};
    static const double odd[] = {(double)QUARTER,
                                 (double)(-QUARTER * POWER2 / 6),
                                 (double)(QUARTER * POWER4 / 120),
                                 (double)(-QUARTER * POWER4 * POWER2 / 5040),
                                 (double)(QUARTER * POWER8 / 362880),
                                 (double)(-QUARTER * POWER8 * POWER2 / 39916800),
                                 (double)(QUARTER * POWER8 * POWER4 / 6227020800),
                                 (double)(-QUARTER * POWER8 * POWER4 * POWER2 / 1307674368000)};
    doubles t[BUNDLE], square[BUNDLE];
    EACH t[v] = (doubles)((angle[v] & FRACTION) | 0x3ff0000000000000) - 1.5;
    EACH square[v] = t[v] * t[v];
    EACH sine[v] = (doubles){} + odd[7];
    EACH cosine[v] = square[v] * even[8] + even[7];
    LANES_UNROLL for (int k = 6; k >= 0; --k)
    {
        EACH sine[v] = sine[v] * square[v] + odd[k];
        EACH cosine[v] = cosine[v] * square[v] + even[k];
    }
    EACH sine[v] = sine[v] * t[v];
}

static inline void box_muller(const words even[BUNDLE], const words odd[BUNDLE], double sigma, double *first,
                              double *second)
{
    doubles radius[BUNDLE], cosine[BUNDLE], sine[BUNDLE];
    minus_two_log(even, radius);
    EACH radius[v] = (doubles)((words)square_root(radius[v]) ^ (odd[v] & BIT_NEGATE));
    turn(odd, cosine, sine);
    EACH cosine[v] = radius[v] * cosine[v] * sigma;
    EACH sine[v] = radius[v] * sine[v] * sigma;
    EACH
    {
        const doubles one = choose(odd[v], sine[v], cosine[v]), other = choose(odd[v], cosine[v], sine[v]);
        memcpy(first + v * LANES, &one, sizeof one);
        memcpy(second + v * LANES, &other, sizeof other);
    }
}

static void draw_groups(const struct schedule *schedule, uint64_t group, size_t count, double sigma,
                        double *out) // [count][GROUP]
{
    for (; count > 0; --count, ++group, out += GROUP) {
        words even[BLOCKS / STEP][BUNDLE], odd[BLOCKS / STEP][BUNDLE];
        for (int i = 0; i < BLOCKS / STEP; ++i) {
            philox(schedule, group * BLOCKS + (uint64_t)(i * STEP), even[i], odd[i]);
            box_muller(even[i], odd[i], sigma, out + i * STEP, out + BLOCKS + i * STEP);
        }
    }
}

void stream_normals(const struct stream *stream, uint64_t first, size_t count, double sigma, double *out)
{
    const struct schedule schedule = schedule_of(stream);
    double part[GROUP];
    uint64_t group = first / GROUP;
    size_t skip = first % GROUP, taken;
    for (; count > 0; count -= taken, out += taken, skip = 0) {
        const size_t whole = skip == 0 ? count / GROUP : 0, groups = whole > 0 ? whole : 1;
        draw_groups(&schedule, group, groups, sigma, whole > 0 ? out : part);
        group += groups;
        taken = whole > 0 ? whole * GROUP : count < GROUP - skip ? count : GROUP - skip;
        if (whole == 0)
            memcpy(out, part + skip, taken * sizeof *out);
    }
}

void stream_words(const struct stream *stream, uint64_t first, size_t count, uint64_t *out)
{
    const struct schedule schedule = schedule_of(stream);
    uint64_t part[STEP][2];
    uint64_t step = first / (2 * STEP);
    size_t skip = first % (2 * STEP), taken;
    for (; count > 0; count -= taken, out += taken, skip = 0, ++step) {
        words even[BUNDLE], odd[BUNDLE];
        philox(&schedule, step * STEP, even, odd);
        for (int lane = 0; lane < STEP; ++lane) {
            part[lane][0] = even[lane / LANES][lane % LANES];
            part[lane][1] = odd[lane / LANES][lane % LANES];
        }
        taken = count < 2 * STEP - skip ? count : 2 * STEP - skip;
        memcpy(out, &part[0][0] + skip, taken * sizeof *out);
    }
}

void stream_pairs(const uint64_t *from, size_t pairs, double sigma, double *out)
{
    uint64_t part[2][STEP] = {{0}};
    double first[STEP], second[STEP];
    for (size_t done = 0; done < pairs; done += STEP) {
        const size_t count = pairs - done < STEP ? pairs - done : STEP;
        words even[BUNDLE], odd[BUNDLE];
        for (size_t i = 0; i < count; ++i) {
            part[0][i] = from[2 * (done + i)];
            part[1][i] = from[2 * (done + i) + 1];
        }
        memcpy(even, part[0], sizeof even);
        memcpy(odd, part[1], sizeof odd);
        box_muller(even, odd, sigma, first, second);
        for (size_t i = 0; i < count; ++i) {
            out[2 * (done + i)] = first[i];
            out[2 * (done + i) + 1] = second[i];
        }
    }
}
