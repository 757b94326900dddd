#include "sim/draw.h"

/* Chunks that stay in the first cache; they begin at multiples of their length, where the stream's groups do. */
enum { CHUNK = 1024 };

void draw_normals(const struct stream *stream, uint64_t first, size_t count, double sigma, real *out)
{
    if (sizeof(real) == sizeof(double)) {
        stream_normals(stream, first, count, sigma, (void *)out);
        return;
    }
    double chunk[CHUNK];
    for (size_t taken; count > 0; first += taken, count -= taken, out += taken) {
        size_t room = CHUNK - (size_t)(first % CHUNK);
        taken = count < room ? count : room;
        stream_normals(stream, first, taken, sigma, chunk);
        for (size_t i = 0; i < taken; i++)
            out[i] = (real)chunk[i];
    }
}
