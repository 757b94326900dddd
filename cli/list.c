#include "cli/list.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "analysis/bounds/theory.h"
#include "analysis/claims/contrast.h"
#include "analysis/claims/statistic.h"
#include "cli/format.h"
#include "cli/tables.h"
#include "explore/lesson.h"
#include "sim/init.h"
#include "sim/observe.h"
#include "sim/placement.h"
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
    {"placements", list_placements},
    {"inits", list_inits},
    {"activations", list_activations},
    {"norms", list_norms},
    {"masks", list_masks},
    {"routers", list_routers},
    {"cotangents", list_cotangents},
    {"observables", list_observables},
    {"quantities", list_quantities},
    {"engines", list_engines},
    {"formats", list_formats},
    {"statistics", list_statistics},
    {"contrasts", list_contrasts},
    {"theory", list_theory},

    {"tasks", list_tasks},
    {"optimisers", list_optimisers},
    {"schedules", list_schedules},
    {"parametrisations", list_parametrisations},
    {"lessons", list_lessons},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static int print_section(const char *name, struct error *error)
{
    const char *names[SECTIONS];
    for (size_t i = 0; i < SECTIONS; i++) {
        names[i] = sections[i].name;
        if (!name || strcmp(name, names[i]) == 0) {
            printf("%s%s\n", i > 0 && !name ? "\n" : "", names[i]);
            sections[i].print(stdout);
            if (name)
                return ERROR_NONE;
        }
    }
    if (!name)
        return ERROR_NONE;
    return text_unknown(error, "table", name, names, SECTIONS);
}

struct list {
    struct options options;
    bool json;
};

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    static const char *const names[] = {"text", "json"};
    *(bool *)field = strcmp(text, "json") == 0;
    return *(bool *)field || strcmp(text, "text") == 0 ? ERROR_NONE : text_unknown(error, name, text, names, 2);
}

static int list_all(void *target, struct error *error)
{
    const struct list *list = target;
    const struct options *options = &list->options;
    if (list->json && options->word_count > 0)
        return error_set(error, ERROR_INPUT, "'%s': --format json writes all tables", options->words[0]);
    if (list->json)
        return tables_print(stdout, error);
    int code = options->word_count == 0 ? print_section(NULL, error) : ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < options->word_count; i++)
        code = print_section(options->words[i], error);
    return code;
}

int list_command(int argc, char **argv)
{
    static const struct options_row rows[] = {
        {"format", 'f', "text|json", "what is written; json: settings, placements, inits, observables, lessons",
         read_format, offsetof(struct list, json)},
    };
    static const struct options_command command = {
        .usage = "list [TABLE]...",
        .rows = rows,
        .row_count = sizeof rows / sizeof *rows,
        .summary = "Prints the tables that names come from: placements, inits, activations, ...",
    };
    struct list list = {0};
    return command_run(&command, argc, argv, &list, list_all);
}
