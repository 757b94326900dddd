#include "tests/random_formula.h"

#include <string.h>

#include "sim/text.h"

enum level { TERMS, FACTORS, UNARY, POWER, PRIMARY };
enum { SECTION_SIZE = 14, NAMES_MAX = 8 };

struct generator {
    uint64_t state;
    struct text text;
    int budget; /* operations that this section may still spend */
    unsigned words;
    bool inner;                                          /* ffn and moe read norms; else x is one at the end */
    const char *signals[NAMES_MAX], *scalars[NAMES_MAX]; /* assigned in this section */
    int signal_count, scalar_count;
};

typedef void emit(struct generator *generator);

struct production {
    enum level level;
    emit *emit;
};

/* splitmix64 (Steele, Lea and Flood 2014) */
static uint64_t draw(struct generator *generator)
{
    uint64_t z = generator->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int below(struct generator *generator, int count)
{
    return (int)(draw(generator) % (uint64_t)count);
}

static void put(struct generator *generator, const char *words)
{
    text_print(&generator->text, "%s", words);
}

#define PUT_ONE_OF(generator, ...)                                                                                     \
    do {                                                                                                               \
        static const char *const choices[] = {__VA_ARGS__};                                                            \
        put(generator, choices[below(generator, sizeof choices / sizeof *choices)]);                                   \
    } while (0)

/* One of the productions, the first (a leaf) when the budget is spent; parentheses where needed and sometimes where
 * not. */
static void produce(struct generator *generator, const struct production *productions, int count, enum level least)
{
    bool leaf = generator->budget-- <= 0;
    const struct production *chosen = &productions[leaf ? 0 : below(generator, count)];
    bool parentheses = chosen->level < least || below(generator, 16) == 0;
    put(generator, parentheses ? "(" : "");
    chosen->emit(generator);
    put(generator, parentheses ? ")" : "");
}

static void infix(struct generator *generator, void (*left)(struct generator *, enum level), enum level left_level,
                  const char *operator, void (*right)(struct generator *, enum level), enum level right_level)
{
    left(generator, left_level);
    put(generator, operator);
    right(generator, right_level);
}

static void call(struct generator *generator, const char *function, void (*argument)(struct generator *, enum level))
{
    put(generator, function);
    put(generator, "(");
    argument(generator, TERMS);
    put(generator, ")");
}

/* ---- positive scalars of any size ---- */

static void positive(struct generator *generator, enum level least);
static void factor(struct generator *generator, enum level least);

static void positive_leaf(struct generator *generator)
{
    PUT_ONE_OF(generator, "L", "l", "d", "T", "F", "H", "(1 + E)", "(k + .5)", "2", "0.37", "1.5e1", "3E-1", "12.");
}

static void positive_sum(struct generator *generator)
{
    infix(generator, positive, TERMS, " + ", positive, FACTORS);
}

static void positive_product(struct generator *generator)
{
    infix(generator, positive, FACTORS, "*", positive, UNARY);
}

static void positive_quotient(struct generator *generator)
{
    infix(generator, positive, FACTORS, " /", positive, UNARY);
}

static void positive_power(struct generator *generator)
{
    positive(generator, PRIMARY);
    PUT_ONE_OF(generator, "^2", "^-0.5", "^(1/4)", "^.5^2", "^-1/2", "^--1");
}

static void positive_root(struct generator *generator)
{
    call(generator, "sqrt", positive);
}

static void positive_difference(struct generator *generator)
{
    put(generator, "max(");
    infix(generator, positive, TERMS, " - ", positive, FACTORS);
    put(generator, ", 1/7)");
}

static void positive_opposites(struct generator *generator)
{
    put(generator, "--");
    positive(generator, UNARY);
}

static void positive_factor(struct generator *generator)
{
    factor(generator, TERMS);
}

static const struct production positives[] = {
    {PRIMARY, positive_leaf},       {TERMS, positive_sum},       {FACTORS, positive_product},
    {FACTORS, positive_quotient},   {FACTORS, positive_power},   {PRIMARY, positive_root},
    {PRIMARY, positive_difference}, {UNARY, positive_opposites}, {TERMS, positive_factor},
};

static void positive(struct generator *generator, enum level least)
{
    produce(generator, positives, sizeof positives / sizeof *positives, least);
}

/* ---- factors: positive scalars near 1 ---- */

static void factor_leaf(struct generator *generator)
{
    if (generator->scalar_count > 0 && below(generator, 2) == 0)
        put(generator, generator->scalars[below(generator, generator->scalar_count)]);
    else
        PUT_ONE_OF(generator, "0.7", "1.3", ".93", "11e-1", "1");
}

static void factor_clamp(struct generator *generator)
{
    put(generator, "max(0.75, min(1.4, ");
    positive(generator, TERMS);
    put(generator, "))");
}

static void factor_root(struct generator *generator)
{
    call(generator, "sqrt", factor);
}

static void factor_inverse(struct generator *generator)
{
    put(generator, "1/");
    factor_clamp(generator);
}

static void factor_smaller(struct generator *generator)
{
    put(generator, "min(");
    infix(generator, factor, TERMS, ",", factor, TERMS);
    put(generator, ")");
}

static const struct production factors[] = {
    {PRIMARY, factor_leaf},    {PRIMARY, factor_clamp},   {PRIMARY, factor_root},
    {FACTORS, factor_inverse}, {PRIMARY, factor_smaller},
};

static void factor(struct generator *generator, enum level least)
{
    produce(generator, factors, sizeof factors / sizeof *factors, least);
}

/* ---- signals ---- */

static void signal(struct generator *generator, enum level least);

static void signal_leaf(struct generator *generator)
{
    int which = below(generator, generator->signal_count + 1);
    put(generator, which == generator->signal_count ? "x" : generator->signals[which]);
}

static void signal_sum(struct generator *generator)
{
    infix(generator, signal, TERMS, " + ", signal, FACTORS);
}

static void signal_difference(struct generator *generator)
{
    infix(generator, signal, TERMS, "-", signal, FACTORS);
}

static void signal_times_scalar(struct generator *generator)
{
    infix(generator, signal, FACTORS, below(generator, 2) == 0 ? " * " : "*-", factor, UNARY);
}

static void scalar_times_signal(struct generator *generator)
{
    infix(generator, factor, FACTORS, "*", signal, UNARY);
}

static void signal_quotient(struct generator *generator)
{
    infix(generator, signal, FACTORS, "/", factor, UNARY);
}

static void signal_opposite(struct generator *generator)
{
    put(generator, "-");
    signal(generator, UNARY);
}

static void signal_norm(struct generator *generator)
{
    call(generator, "norm", signal);
}

static void signal_attn(struct generator *generator)
{
    put(generator, "attn(");
    signal(generator, TERMS);
    if (!(generator->words & RANDOM_OPERATIONS)) {
        put(generator, ")");
        return;
    }
    PUT_ONE_OF(generator, "", "", "", ", window=3", ", m=norm(x)", ", cap=2, mask=causal", ", kv_heads=1");
    put(generator, ")");
}

static void signal_map(struct generator *generator)
{
    PUT_ONE_OF(generator, "wq(", "wz(", "w1(");
    signal(generator, TERMS);
    PUT_ONE_OF(generator, ")", ", d)", ", fan_out=d)");
}

static void signal_bias(struct generator *generator)
{
    put(generator, "wz(ones(");
    signal(generator, TERMS);
    put(generator, "))");
}

static void signal_function(struct generator *generator)
{
    PUT_ONE_OF(generator, "tanh(", "silu(", "phi(", "sigmoid(");
    signal(generator, TERMS);
    put(generator, ")");
}

static void signal_product(struct generator *generator)
{
    signal_function(generator);
    put(generator, "*");
    signal_function(generator);
}

static void signal_attend(struct generator *generator)
{
    put(generator, "wo(attend(");
    signal_map(generator);
    put(generator, ", wk(");
    signal(generator, TERMS);
    put(generator, "), ");
    signal_map(generator);
    PUT_ONE_OF(generator, "))", ", rope=50, rope_scaling=yarn, rope_factor=4, rope_length=9, rope_gain=1.2))",
               ", bias=t5, bias_sd=0.3, sink=1, sink_sd=0.3))", ", scale=0.3, heads=1, head_width=d, bias=alibi))");
}

static void signal_join(struct generator *generator)
{
    put(generator, "wz(join(");
    signal(generator, TERMS);
    put(generator, ", ");
    signal(generator, TERMS);
    PUT_ONE_OF(generator, "))", ", parts=heads))", ", parts=heads, repeat=heads))");
}

static void signal_group_norm(struct generator *generator)
{
    put(generator, "norm(");
    signal(generator, TERMS);
    PUT_ONE_OF(generator, ", layernorm)", ", groups=1)", ", eps=1e-5, kind=rmsnorm)");
}

static void signal_mlp(struct generator *generator)
{
    put(generator, (generator->words & RANDOM_MOE) && below(generator, 2) == 0 ? "moe(" : "ffn(");
    if (generator->inner)
        signal_norm(generator);
    else
        signal(generator, TERMS);
    put(generator, ")");
}

static const struct production signals[] = {
    {PRIMARY, signal_leaf},         {TERMS, signal_sum},
    {TERMS, signal_difference},     {FACTORS, signal_times_scalar},
    {FACTORS, scalar_times_signal}, {FACTORS, signal_quotient},
    {UNARY, signal_opposite},       {PRIMARY, signal_norm},
    {PRIMARY, signal_attn},         {PRIMARY, signal_attn},
    {PRIMARY, signal_mlp},          {PRIMARY, signal_mlp},
    {PRIMARY, signal_map},          {PRIMARY, signal_function},
    {FACTORS, signal_product},      {PRIMARY, signal_attend},
    {PRIMARY, signal_group_norm},   {PRIMARY, signal_bias},
    {PRIMARY, signal_join},
};

static void signal(struct generator *generator, enum level least)
{
    enum { BRANCHES = 12, ALL = sizeof signals / sizeof *signals };
    produce(generator, signals, generator->words & RANDOM_OPERATIONS ? ALL : BRANCHES, least);
}

/* ---- statements and sections ---- */

static void separate(struct generator *generator)
{
    PUT_ONE_OF(generator, "; ", "\n", ";\n", "  # a comment; x = 1\n", " ;;\t", "\r\n\n");
}

static void assign_signal(struct generator *generator)
{
    static const char *const names[] = {"x", "y", "z", "skip", "_u2"};
    const char *name = names[below(generator, sizeof names / sizeof *names)];
    put(generator, name);
    put(generator, " = ");
    signal(generator, TERMS);
    if (strcmp(name, "x") != 0 && generator->signal_count < NAMES_MAX)
        generator->signals[generator->signal_count++] = name;
}

static void assign_scalar(struct generator *generator)
{
    static const char *const names[] = {"a", "b", "alpha"};
    const char *name = names[below(generator, sizeof names / sizeof *names)];
    put(generator, name);
    put(generator, "=");
    factor(generator, TERMS);
    if (generator->scalar_count < NAMES_MAX)
        generator->scalars[generator->scalar_count++] = name;
}

static void assign_output(struct generator *generator)
{
    put(generator, "x = ");
    if (generator->inner)
        signal(generator, TERMS);
    else
        signal_norm(generator);
}

static void section(struct generator *generator)
{
    generator->budget = SECTION_SIZE;
    generator->signal_count = generator->scalar_count = 0;
    generator->inner = below(generator, 2) == 0;
    for (int left = below(generator, 4); left > 0; left--) {
        (below(generator, 3) == 0 ? assign_scalar : assign_signal)(generator);
        separate(generator);
    }
    assign_output(generator);
    separate(generator);
}

static void conditional(struct generator *generator)
{
    generator->budget = 4;
    generator->scalar_count = 0;
    put(generator, "block if ");
    positive(generator, TERMS);
    PUT_ONE_OF(generator, " < ", "<=", " > ", " >=", "==", " != ");
    positive(generator, TERMS);
    put(generator, ":");
    section(generator);
}

static void maybe(struct generator *generator, const char *header)
{
    if (below(generator, 3) > 0)
        return;
    put(generator, header);
    section(generator);
}

size_t random_formula(uint64_t seed, unsigned words, char buffer[RANDOM_FORMULA_MAX])
{
    struct generator generator = {.state = seed, .text = {buffer, RANDOM_FORMULA_MAX, 0}, .words = words};
    maybe(&generator, "first:\n");
    for (int left = below(&generator, 3); left > 0; left--)
        conditional(&generator);
    put(&generator, generator.text.length > 0 || below(&generator, 2) == 0 ? "block: " : "");
    section(&generator);
    maybe(&generator, "final : ");
    return generator.text.length;
}
