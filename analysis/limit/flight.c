#include "analysis/limit/flight.h"

#include <string.h>

/* The orders of four up to exclusive or with a constant. A word's own top bits, uniform, are that constant: whatever
 * order is chosen, each replica's stratum is uniform and those of a flight are all different. */
static const uint8_t orders[6][FLIGHT] = {{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 2, 1, 3},
                                          {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}};

void flight_normals(const struct stream_address *address, uint64_t first, size_t count, double sigma, double *out)
{
    enum { CHUNK = 64, SPARE = 52 }; // pairs; the angle's words have ten bits from SPARE on that nothing else reads
    struct stream_address shared = *address;
    unsigned member = (unsigned)(address->sample % FLIGHT);
    shared.sample = address->sample / FLIGHT;
    struct stream stream = stream_open(&shared);
    uint64_t words[2 * CHUNK];
    double normals[2 * CHUNK];
    for (size_t i = 0; i < count; i += 2 * CHUNK) {
        size_t left = count - i, pairs = left < 2 * CHUNK ? (left + 1) / 2 : CHUNK; // small models ask for a few
        stream_words(&stream, first + i, 2 * pairs, words);
        for (size_t pair = 0; pair < pairs; pair++) {
            uint64_t spare = words[2 * pair + 1] >> SPARE;
            words[2 * pair] ^= (uint64_t)orders[(spare & 31) % 6][member] << 62;
            words[2 * pair + 1] ^= (uint64_t)orders[(spare >> 5 & 31) % 6][member] << 62;
        }
        stream_pairs(words, pairs, sigma, normals);
        memcpy(out + i, normals, (left < 2 * CHUNK ? left : 2 * CHUNK) * sizeof *out);
    }
}
