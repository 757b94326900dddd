#include "sim/prelude.h"

#include <string.h>

// clang-format off
const struct prelude prelude[] = {
    {"attn", "def attn(u, m = u) = wo(attend(wq(u, heads*head_width), wk(m, kv_heads*head_width), wv(m, kv_heads*head_width)))",
     PRELUDE_ANY, "multi-head attention of u to m, or to itself"},
    {"ffn", "def ffn(u) = w2(phi(w1(u, F)))", PRELUDE_PLAIN, "the feed-forward branch; phi is --activation"},
    {"ffn", "def ffn(u) = w2(phi(wg(u, F)) * w1(u, F))", PRELUDE_GATED, "the same where --activation is gated (swiglu, geglu)"},
    {"glu", "def glu(u) = w2(silu(wg(u, F)) * w1(u, F))", PRELUDE_ANY, "the gated feed-forward branch of Shazeer 2020"},
};
// clang-format on
const size_t prelude_count = sizeof prelude / sizeof *prelude;
const char prelude_what[] = "prelude";

bool prelude_applies(const struct prelude *row, bool gated)
{
    return row->activation == PRELUDE_ANY || (row->activation == PRELUDE_GATED) == gated;
}

bool prelude_has(const char *name, size_t length)
{
    for (size_t i = 0; i < prelude_count; i++)
        if (strlen(prelude[i].name) == length && memcmp(prelude[i].name, name, length) == 0)
            return true;
    return false;
}
