/* Counter-based normals: any number of any tensor, by address, without state.
 *
 * Philox4x32-10 (Salmon et al., SC 2011; Random123). A stream is found by one Philox evaluation with the 64-bit seed as
 * key and (sample, block, tensor) as counter; its 128 bits are the stream's own key and the upper half of its counters.
 * Philox is a bijection of the counter, so two streams of one seed never coincide.
 */
#ifndef SPANSCOPE_SIM_STREAM_H
#define SPANSCOPE_SIM_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* The version of the law by which a sample's numbers come from its seed and index. It goes up with any change of addresses,
 * order of summation or observables that moves a bit of a sample: kept samples of another version are then left alone. */
enum { STREAM_LAW = 4 };

/* What a tensor's numbers are for. */
enum stream_role {
    STREAM_INPUT,     /* the stack's input */
    STREAM_COTANGENT, /* the gradient put on the stack's output */
    STREAM_WEIGHT,    /* a matrix, or its projection on the forward pass */
    STREAM_REVERSE,   /* the fresh part of a matrix on the reverse pass (conditioned sampling) */
    STREAM_REPLICA,   /* attention and router logits of the infinite-width reading */
    STREAM_DATA,      /* sequences that are learned; block is the sequence, sample the step */
    STREAM_BIAS,      /* what attention adds to its logits by position */
    STREAM_SINK,      /* its sinks' logits */
};

/* Beyond these a tensor would have another one's numbers: exclusive bounds of an address's fields. */
enum { STREAM_SITES = 1024, STREAM_MATRICES = 16, STREAM_EXPERTS = 4096, STREAM_ROLES = 64 };

struct stream_address {
    uint64_t seed;
    uint64_t sample;
    uint32_t block;  /* 0 for tensors of the stack, else the block's number */
    uint32_t site;   /* branch within the block, < STREAM_SITES */
    uint32_t matrix; /* matrix within the branch, < STREAM_MATRICES */
    uint32_t expert; /* < STREAM_EXPERTS */
    enum stream_role role;
};

struct stream {
    uint32_t key[2];
    uint32_t high[2]; /* upper half of every counter */
};

struct stream stream_open(const struct stream_address *address);

/* A normal z with sigma = 1 is within STREAM_ERROR (1 + |z|) of the exact function of its random bits. */
#define STREAM_ERROR 1.5e-15

/* out[i] = sigma times normal number first + i of the stream, for i < count. */
void stream_normals(const struct stream *stream, uint64_t first, size_t count, double sigma, double *out);

/* Uniform 64-bit words by the same addressing. */
void stream_words(const struct stream *stream, uint64_t first, size_t count, uint64_t *out);

/* The pairs of normals that words make, [pairs][2] each: radius uniform and angle, the top two bits of which are its
 * quadrant up to order. A caller may alter words in between, to stratify. */
void stream_pairs(const uint64_t *words, size_t pairs, double sigma, double *out);

#endif
