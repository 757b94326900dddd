#include "cli/list.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "analysis/bounds/theory.h"
#include "analysis/claims/claim.h"
#include "analysis/claims/contrast.h"
#include "analysis/claims/statistic.h"
#include "analysis/architecture.h"
#include "cli/format.h"
#include "cli/tables.h"
#include "explore/lesson.h"
#include "sim/function.h"
#include "sim/init.h"
#include "sim/law.h"
#include "sim/observe.h"
#include "sim/placement.h"
#include "sim/prelude.h"
#include "sim/text.h"
#include "train/trainer.h"

static void print_indented(const char *text, FILE *stream)
{
    fputs("    ", stream);
    for (; *text; text++) {
        fputc(*text, stream);
        if (*text == '\n')
            fputs("    ", stream);
    }
    fputc('\n', stream);
}

static void list_placements(FILE *stream)
{
    for (size_t i = 0; i < placement_count; i++) {
        fprintf(stream, "  %s: %s (%s)\n", placements[i].name, placements[i].summary, placements[i].source);
        print_indented(placements[i].formula, stream);
    }
}

static void list_inits(FILE *stream)
{
    for (size_t i = 0; i < init_count; i++) {
        fprintf(stream, "  %s", init_rows[i].name);
        if (init_rows[i].parameter)
            fprintf(stream, "[:%c]", init_rows[i].parameter);
        fprintf(stream, ": %s (%s)\n", init_rows[i].summary, init_rows[i].source);
        print_indented(init_rows[i].text, stream);
    }
}

/* The whole language but its functions, a line each: what it looks like and what it means. */
static const struct {
    const char *example, *summary;
} grammar[] = {
    {"x = x + attn(norm(x))", "a statement; what x is at the end is what the block hands on"},
    {"y = x; a = 2*L; x = a*y", "names for signals and for scalars, separated by ; or a new line; # begins a comment"},
    {"+ - * / ^ ( )", "sums of signals, signals times scalars, products of signals; ^ of scalars only"},
    {"L l d T F H E k", "layers, the block's number from 1, width, tokens, FFN width, heads, experts, experts chosen"},
    {"kv_heads head_width", "scalars of attention, as --kv-heads and --head-width say"},
    {"first: x = norm(x)", "a section: of block 1 only"},
    {"block if mod(l, 2) == 1 and not l > 6: ...",
     "of the blocks that a condition holds for: < <= > >= == != and or not"},
    {"block: ...", "of all other blocks"},
    {"final: x = norm(x)", "behind block L; the cotangent lies behind it"},
    {"wz(u, 2*d)", "a random matrix: any name that begins with w, called; its columns are d unless given"},
    {"def gate(u, a = 0.5) = sigmoid(a*wz(u))*u",
     "a function of one's own, before the sections; parameters may have defaults"},
    {"attn(x, window=128, kv_heads=2)", "options of what a definition calls, for this call"},
    {"state x, u", "two streams from block to block; each begins as the input"},
    {"input m", "a memory of tokens of its own, the same in every block: attn(x, m)"},
    {"shared wq, ffn.w1", "matrices that are the same in all blocks; w is all of them"},
    {"--init 'w = 1/sqrt(n); wo = uniform(0.02)'",
     "deviations by name, n and m the matrix's inputs and outputs; a law of its own stands around one (list laws)"},
};

static void list_grammar(FILE *stream)
{
    for (size_t i = 0; i < sizeof grammar / sizeof *grammar; i++) {
        fprintf(stream, "  %s\n", grammar[i].example);
        print_indented(grammar[i].summary, stream);
    }
}

static void list_functions(FILE *stream)
{
    struct function function;
    for (size_t i = 0; function_at(i, &function); i++) {
        fprintf(stream, "  %s: %s\n", function.example, function.summary);
        for (int o = 0; o < function.option_count; o++)
            fprintf(stream, "    %-15s%s\n", function.options[o].name, function.options[o].summary);
        if (function.kind == GRAPH_MOE)
            fprintf(stream, "    %-15s%s\n", "body", "what an expert is: a definition of one signal; ffn");
    }
}

static void list_prelude(FILE *stream)
{
    for (size_t i = 0; i < prelude_count; i++) {
        fprintf(stream, "  %s: %s\n", prelude[i].name, prelude[i].summary);
        print_indented(prelude[i].text, stream);
    }
}

/* Templates over a configuration's keys, for --config. */
static void list_architectures(FILE *stream)
{
    for (size_t i = 0; i < architecture_count; i++) {
        const struct architecture *row = &architectures[i];
        fprintf(stream, "  %s%s%s\n", row->type, *row->when ? " where " : "", row->when);
        print_indented(row->placement, stream);
        print_indented(row->settings, stream);
        if (row->note)
            fprintf(stream, "    note: %s\n", row->note);
    }
}

/* A function that prints the name and summary of every row. */
#define ROWS(section, table, count)                                                                                    \
    static void list_##section(FILE *stream)                                                                           \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++)                                                                             \
            fprintf(stream, "  %-28s%s\n", table[i].name, table[i].summary);                                           \
    }

ROWS(activations, activations, activation_count)
ROWS(norms, norms, norm_count)
ROWS(masks, masks, mask_count)
ROWS(biases, biases, bias_count)
ROWS(scalings, scalings, scaling_count)
ROWS(laws, laws, law_count)
ROWS(routers, routers, router_count)
ROWS(cotangents, cotangents, cotangent_count)
ROWS(observables, observables, OBSERVABLES)
ROWS(quantities, overalls, OVERALLS)
ROWS(engines, linear_engines, linear_engine_count)
ROWS(formats, formats, format_count)
ROWS(statistics, statistics, statistic_count)
ROWS(contrasts, contrasts, contrast_count)

/* Lines of theory, as the bounds of claims name them and figures draw them. */
static void list_theory(FILE *stream)
{
    for (size_t i = 0; i < theory_count; i++) {
        const struct theory_line *line = &theory_lines[i];
        fprintf(stream, "  %-28s%s %s %s, placement=%s init=%s %s (%s)\n", line->id, line->observable,
                line->role == THEORY_FLOOR     ? "at least"
                : line->role == THEORY_CEILING ? "at most"
                                               : "is",
                line->expression, line->placement, line->init, line->assumes, line->source);
    }
}

/* `verify --list` has the rest of them. */
static void list_claims(FILE *stream)
{
    for (size_t i = 0; i < claim_count(); i++)
        fprintf(stream, "  %-28s%s (expected %s)\n", claim_at(i)->id, claim_at(i)->statement,
                verdict_names[claim_at(i)->expected]);
}

static void list_tasks(FILE *stream)
{
    for (size_t i = 0; i < task_count; i++)
        fprintf(stream, "  %-28s%s\n", task_rows[i].usage, task_rows[i].summary);
}

ROWS(optimisers, optimisers, optimiser_count)
ROWS(schedules, schedules, schedule_count)
ROWS(parametrisations, parametrisations, parametrisation_count)

static void list_lessons(FILE *stream)
{
    for (size_t i = 0; i < lesson_count; i++)
        fprintf(stream, "  %-28s%s\n", lessons[i].id, lessons[i].title);
}

static const struct section {
    const char *name;
    void (*print)(FILE *stream);
} sections[] = {
    {"grammar", list_grammar},
    {"functions", list_functions},
    {"prelude", list_prelude},
    {"placements", list_placements},
    {"inits", list_inits},
    {"architectures", list_architectures},
    {"activations", list_activations},
    {"norms", list_norms},
    {"masks", list_masks},
    {"biases", list_biases},
    {"scalings", list_scalings},
    {"laws", list_laws},
    {"routers", list_routers},
    {"cotangents", list_cotangents},
    {"observables", list_observables},
    {"quantities", list_quantities},
    {"engines", list_engines},
    {"formats", list_formats},
    {"statistics", list_statistics},
    {"contrasts", list_contrasts},
    {"theory", list_theory},
    {"claims", list_claims},
    {"tasks", list_tasks},
    {"optimisers", list_optimisers},
    {"schedules", list_schedules},
    {"parametrisations", list_parametrisations},
    {"lessons", list_lessons},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static const char *section_name(size_t i)
{
    return i < SECTIONS ? sections[i].name : NULL;
}

static void print_section(int i)
{
    printf("%s\n", sections[i].name);
    sections[i].print(stdout);
}

struct list {
    struct options options;
    bool json;
};

static const char *list_format(size_t i)
{
    static const char *const names[] = {"text", "json"};
    return i < 2 ? names[i] : NULL;
}

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    int i = value_choose(list_format, name, text, error);
    *(bool *)field = i == 1;
    return i < 0 ? (int)error->code : ERROR_NONE;
}

static int list_all(void *target, struct error *error)
{
    const struct list *list = target;
    const struct options *options = &list->options;
    if (list->json && options->word_count > 0)
        return error_set(error, ERROR_INPUT, "'%s': --format json writes all tables", options->words[0]);
    if (list->json)
        return tables_print(stdout, error);
    int chosen[options->word_count + 1];
    for (int i = 0; i < options->word_count; i++)
        if ((chosen[i] = value_choose(section_name, "table", options->words[i], error)) < 0)
            return error->code;
    for (int i = 0; i < options->word_count; i++)
        print_section(chosen[i]);
    for (int i = 0; i < SECTIONS && options->word_count == 0; i++) {
        fputs(i > 0 ? "\n" : "", stdout);
        print_section(i);
    }
    return ERROR_NONE;
}

static const struct options_row rows[] = {
    {"format", 'f', NULL, "what is written; json: settings, placements, inits, observables, lessons", read_format,
     offsetof(struct list, json), list_format},
};

const struct options_command list_options = {
    .usage = "list [TABLE]...",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .word = section_name,
    .summary = "Prints the tables that names come from: placements, inits, activations, ...",
};

int list_command(int argc, char **argv)
{
    struct list list = {0};
    return command_run(&list_options, argc, argv, &list, list_all);
}
