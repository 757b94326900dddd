#include "analysis/flight.h"

#include <math.h>

/* The 24 orders of four, by their number: its digits in base 4, 3, 2 choose among those left. */
static unsigned in_order(unsigned number, unsigned member)
{
    unsigned left[FLIGHT] = {0, 1, 2, 3};
    for (unsigned n = FLIGHT, i = 0;; n--, i++) {
        unsigned chosen = number % n, value = left[chosen];
        if (i == member)
            return value;
        number /= n;
        for (unsigned j = chosen; j + 1 < n; j++)
            left[j] = left[j + 1];
    }
}

/* A uniform in (0, 1) of the stratum. */
static double within(unsigned stratum, uint64_t word)
{
    return (stratum + ((double)(word >> 11) + 0.5) * 0x1p-53) / FLIGHT;
}

void flight_normals(const struct stream_address *address, uint64_t first, size_t count, double sigma, double *out)
{
    enum { CHUNK = 64, WORDS = 3, ORDERS = 24 }; // words of a pair: two uniforms and two orders
    struct stream_address shared = *address;
    unsigned member = (unsigned)(address->sample % FLIGHT);
    shared.sample = address->sample / FLIGHT;
    struct stream stream = stream_open(&shared);
    uint64_t words[WORDS * CHUNK];
    for (size_t i = 0; i < count; i += 2) {
        size_t pair = i / 2 % CHUNK;
        if (pair == 0)
            stream_words(&stream, (first + i) / 2 * WORDS, WORDS * CHUNK, words);
        const uint64_t *word = words + WORDS * pair;
        unsigned order = (unsigned)(word[2] % (ORDERS * ORDERS));
        double radius = sigma * sqrt(-2 * log(within(in_order(order % ORDERS, member), word[0])));
        double angle = 2 * M_PI * within(in_order(order / ORDERS, member), word[1]);
        out[i] = radius * cos(angle);
        if (i + 1 < count)
            out[i + 1] = radius * sin(angle);
    }
}
