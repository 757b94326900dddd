#include "sim/stream.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <Random123/philox.h>

/* Eight blocks make a group of 16 normals: numbers 16 g .. 16 g + 7 are the cosines of blocks 8 g .. 8 g + 7, the next
 * eight their sines. */
enum { LANES = 8, GROUP = 2 * LANES };

struct stream stream_open(const struct stream_address *address)
{
    assert(address->site < STREAM_SITES && address->matrix < STREAM_MATRICES && address->expert < STREAM_EXPERTS);
    const uint32_t tensor = address->site << 22 | address->matrix << 18 | address->expert << 6 |
                            (uint32_t)address->role;
    const philox4x32_key_t key = {{(uint32_t)address->seed, (uint32_t)(address->seed >> 32)}};
    const philox4x32_ctr_t counter = {
        {(uint32_t)address->sample, (uint32_t)(address->sample >> 32), address->block, tensor}};
    const philox4x32_ctr_t found = philox4x32(counter, key);
    return (struct stream){.key = {found.v[0], found.v[1]}, .high = {found.v[2], found.v[3]}};
}

/* Two words of each of eight blocks. */
static void group_words(const struct stream *stream, uint64_t block, uint64_t even[LANES], uint64_t odd[LANES])
{
    const philox4x32_key_t key = {{stream->key[0], stream->key[1]}};
    for (int lane = 0; lane < LANES; ++lane) {
        const uint64_t low = block + (uint64_t)lane;
        const philox4x32_ctr_t counter = {{(uint32_t)low, (uint32_t)(low >> 32), stream->high[0], stream->high[1]}};
        const philox4x32_ctr_t word = philox4x32(counter, key);
        even[lane] = (uint64_t)word.v[0] << 32 | word.v[1];
        odd[lane] = (uint64_t)word.v[2] << 32 | word.v[3];
    }
}

/* Box-Muller. The even word is the radius uniform, an odd multiple of 2^-64; of the odd word, the sign bit negates
 * both, the next swaps them, and the low 52 are the angle within [-pi/4, pi/4). */
static void group_normals(const struct stream *stream, uint64_t group, double sigma, double out[GROUP])
{
    uint64_t even[LANES], odd[LANES];
    group_words(stream, LANES * group, even, odd);
    for (int lane = 0; lane < LANES; ++lane) {
        const double uniform = ldexp((double)(even[lane] | 1), -64);
        const double size = sqrt(-2 * log(uniform));
        const double radius = odd[lane] >> 63 ? -size : size;
        const double turn = ldexp((double)(odd[lane] & 0xfffffffffffff), -52) - 0.5;
        const double cosine = radius * cos(M_PI_2 * turn), sine = radius * sin(M_PI_2 * turn);
        const int swapped = odd[lane] >> 62 & 1;
        out[lane] = sigma * (swapped ? sine : cosine);
        out[lane + LANES] = sigma * (swapped ? cosine : sine);
    }
}

void stream_normals(const struct stream *stream, uint64_t first, size_t count, double sigma, double *out)
{
    uint64_t group = first / GROUP;
    for (size_t skip = first % GROUP; count > 0; skip = 0, ++group) {
        const size_t some = count < GROUP - skip ? count : GROUP - skip;
        double whole[GROUP];
        group_normals(stream, group, sigma, whole);
        memcpy(out, whole + skip, some * sizeof *out);
        out += some;
        count -= some;
    }
}

void stream_words(const struct stream *stream, uint64_t first, size_t count, uint64_t *out)
{
    uint64_t block = first / 2;
    for (size_t i = 0; i < count; block += LANES) {
        uint64_t even[LANES], odd[LANES];
        group_words(stream, block, even, odd);
        for (int word = (int)(first + i) % 2; word < GROUP && i < count; ++word, ++i)
            out[i] = word % 2 ? odd[word / 2] : even[word / 2];
    }
}
