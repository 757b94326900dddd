#include "sim/source.h"

#include <math.h>
#include <string.h>

#include "sim/draw.h"

static void draw(uint64_t seed, uint64_t sample, uint32_t number, enum stream_role role, size_t first, size_t count,
                 real *out)
{
    struct stream_address address = {.seed = seed, .sample = sample, .site = number, .role = role};
    struct stream stream = stream_open(&address);
    draw_normals(&stream, first, count, 1, out);
}

/* Normals 0 .. d-1 of the stream are the shared vector z, drawn by chunks; the tokens own the rest. */
void source_input(uint64_t seed, uint64_t sample, uint32_t number, int tokens, int width, double correlation,
                  double scale, real *x)
{
    size_t d = (size_t)width, T = (size_t)tokens;
    real own = (real)(scale * sqrt(1 - correlation)), shared = (real)(scale * sqrt(correlation));
    draw(seed, sample, number, STREAM_INPUT, d, T * d, x);
    if (correlation == 0) {
        for (size_t i = 0; i < T * d; i++)
            x[i] *= scale;
        return;
    }
    enum { CHUNK = 256 };
    real z[CHUNK];
    for (size_t i = 0; i < d; i += CHUNK) {
        size_t count = d - i < CHUNK ? d - i : CHUNK;
        draw(seed, sample, number, STREAM_INPUT, i, count, z);
        for (size_t t = 0; t < T; t++)
            for (size_t j = 0; j < count; j++)
                x[t * d + i + j] = own * x[t * d + i + j] + shared * z[j];
    }
}

static void fill_iid(uint64_t seed, uint64_t sample, int tokens, int width, real *g)
{
    draw(seed, sample, 0, STREAM_COTANGENT, 0, (size_t)tokens * (size_t)width, g);
}

static void fill_pooled(uint64_t seed, uint64_t sample, int tokens, int width, real *g)
{
    draw(seed, sample, 0, STREAM_COTANGENT, 0, (size_t)width, g);
    for (int t = 1; t < tokens; t++)
        memcpy(g + (size_t)t * (size_t)width, g, (size_t)width * sizeof *g);
}

static void fill_last(uint64_t seed, uint64_t sample, int tokens, int width, real *g)
{
    size_t before = (size_t)(tokens - 1) * (size_t)width;
    memset(g, 0, before * sizeof *g);
    draw(seed, sample, 0, STREAM_COTANGENT, 0, (size_t)width, g + before);
}

static double gram_iid(int tokens, int s, int t)
{
    (void)tokens;
    return s == t;
}

static double gram_pooled(int tokens, int s, int t)
{
    (void)tokens, (void)s, (void)t;
    return 1;
}

static double gram_last(int tokens, int s, int t)
{
    return s == tokens - 1 && t == tokens - 1;
}

const struct cotangent cotangents[] = {
    {"iid", "independent N(0,1) on every token: a per-token loss", false, fill_iid, gram_iid, true},
    {"pooled", "the same N(0,1) vector on every token: a pooled loss", false, fill_pooled, gram_pooled, true},
    {"last", "N(0,1) on the last token only", false, fill_last, gram_last, false},
    {"cross-entropy", "the gradient of a language model's loss: a random readout, random targets", .loss = true,
     .exchangeable = true},
};
const size_t cotangent_count = sizeof cotangents / sizeof *cotangents;

const struct cotangent *cotangent_find(const char *name)
{
    for (size_t i = 0; i < cotangent_count; i++)
        if (strcmp(cotangents[i].name, name) == 0)
            return &cotangents[i];
    return NULL;
}
