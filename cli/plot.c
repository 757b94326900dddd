#include "analysis/schema.h"
#include "cli/plot.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/status.h"
#include "plots/figure.h"
#include "plots/heatmap.h"
#include "plots/saved.h"
#include "plots/terminal.h"
#include "sim/text.h"

enum { FIGURES_MAX = 64 };

/* Figures asked for by name, each once, in the order of the command line. */
struct wanted {
    const struct figure *figures[FIGURES_MAX];
    size_t count;
    bool map; /* MAP_FIGURE, which is drawn from maps instead of profiles */
};

struct plot_options {
    struct options options;
    struct wanted wanted;
    struct figure_wish wish;
    struct terminal terminal; // of the style of that name
    bool list;
};

static const char *figure_name(size_t i)
{
    return i == 0 ? MAP_FIGURE : i <= figure_count ? figures[i - 1].name : NULL;
}

VALUE_CHOICE(style_name, styles, style_count)

static int read_figure(void *field, const char *name, const char *text, struct error *error)
{
    struct wanted *wanted = field;
    const struct figure *figure = figure_find(text);
    if (strcmp(text, MAP_FIGURE) == 0) {
        wanted->map = true;
        return ERROR_NONE;
    }
    if (value_choose(figure_name, name, text, error) < 0)
        return error->code;
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->figures[i] == figure)
            return ERROR_NONE;
    if (wanted->count < FIGURES_MAX)
        wanted->figures[wanted->count++] = figure;
    return ERROR_NONE;
}

/* A name is a part of file names and of the script. */
static int read_name(void *field, const char *name, const char *text, struct error *error)
{
    enum { NAME = 100 }; // with a number and an extension behind it, what a file may be called
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (text[0] == '\0' || text[0] == '.' || text[strspn(text, allowed)] != '\0')
        return error_set(error, ERROR_INPUT, "--%s: '%.120s' is no name of letters, digits, '-', '_' and '.'", name,
                         text);
    if (strlen(text) > NAME)
        return error_set(error, ERROR_INPUT, "--%s: '%.20s...' is too long: %zu characters, where %d are the most",
                         name, text, strlen(text), NAME);
    *(const char **)field = text;
    return ERROR_NONE;
}

static int read_style(void *field, const char *name, const char *text, struct error *error)
{
    *(const struct style **)field = style_find(text);
    return value_choose(style_name, name, text, error) < 0 ? (int)error->code : ERROR_NONE;
}

static const struct options_row rows[] = {
    {"figure", 'f', "NAME", "this figure, repeatable; otherwise all that the profiles allow", read_figure,
     offsetof(struct plot_options, wanted), figure_name},
    {"output", 'o', "DIR", "where to write (the current directory); made if missing", value_path,
     offsetof(struct plot_options, wish.directory)},
    {"name", 0, "NAME", "of the files, instead of the figure's; for one --figure", read_name,
     offsetof(struct plot_options, wish.name)},
    {"title", 0, "TEXT", "above the picture, instead of the figure's; for one --figure", value_shown,
     offsetof(struct plot_options, wish.title)},
    {"style", 's', "NAME", "how it looks: screen, paper, slides, or characters in the terminal", read_style,
     offsetof(struct plot_options, wish.style), style_name},
    {"list", 0, NULL, "names and titles of the figures", value_flag, offsetof(struct plot_options, list)},
};

const struct options_command plot_options = {
    .usage = "plot [OPTION]... FILE...",
    .summary =
        "Draws what `spanscope run`, `predict` and `train` saved with --format json, and maps that `spanscope map` "
        "saved\n"
        "('-': standard input).\n"
        "Each figure becomes NAME.png, NAME.svg and NAME.pdf, beside its caption NAME.txt and NAME.gp and NAME.dat,\n"
        "from which plain gnuplot redraws it. The names of the files written go to standard output.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .several = "figure",
};

/* The names of the files that a figure has become; in the terminal the figure itself. */
static int print_files(const char *name, const struct plot_options *plot, struct error *error)
{
    const struct figure_wish *wish = &plot->wish;
    if (wish->publish)
        return terminal_print(&plot->terminal, name, stdout, error);
    bool here = strcmp(wish->directory, ".") == 0;
    for (int i = 0; i < PUBLISH_FILES; i++)
        printf("%s%s%s.%s\n", here ? "" : wish->directory, here ? "" : "/", name, publish_suffixes[i]);
    return ERROR_NONE;
}

static const char *name_of(const struct figure *figure, const struct figure_wish *wish)
{
    return wish->name ? wish->name : figure->name;
}

static int draw_wanted(const struct plot_options *plot, const struct saved_list *profiles, struct error *error)
{
    for (size_t i = 0; i < plot->wanted.count; i++) {
        const struct figure *figure = plot->wanted.figures[i];
        struct error why;
        int code = figure_draw(figure, profiles, &plot->wish, &why);
        if (code != ERROR_NONE)
            return error_set(error, why.code, "figure %s: %.900s", figure->name, why.text);
        code = print_files(name_of(figure, &plot->wish), plot, error);
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

/* All figures that the profiles allow; none at all is an error, and so is one that would replace what it is drawn from. */
static int draw_all(const struct plot_options *plot, const struct saved_list *profiles, struct error *error)
{
    size_t drawn = 0;
    for (size_t i = 0; i < figure_count; i++)
        if (publish_check(plot->wish.directory, name_of(&figures[i], &plot->wish), error) != ERROR_NONE)
            return error->code;
    for (size_t i = 0; i < figure_count; i++) {
        int code = figure_draw(&figures[i], profiles, &plot->wish, error);
        if (code == ERROR_INPUT) {
            status_say("plot", "figure %s left out: %s", figures[i].name, error->text);
        } else if (code != ERROR_NONE) {
            return code;
        } else {
            printf("%s", plot->wish.publish && drawn > 0 ? "\n" : "");
            code = print_files(name_of(&figures[i], &plot->wish), plot, error);
            if (code != ERROR_NONE)
                return code;
            drawn++;
        }
    }
    return drawn > 0 ? ERROR_NONE : error_set(error, ERROR_INPUT, "the profiles allow no figure");
}

/* What the files hold. */
struct inputs {
    struct saved_list profiles;
    struct document_reader map; /* the first of the files of maps, open */
    int maps;                   /* files of them */
};

static int draw_maps(const struct plot_options *plot, struct document_reader *reader, struct error *error)
{
    int drawn;
    int code = heatmap_draw(reader, &plot->wish, &drawn, error);
    for (int i = 0; i < drawn && code == ERROR_NONE; i++) {
        char name[160];
        heatmap_name(&plot->wish, i, name, sizeof name);
        code = print_files(name, plot, error);
    }
    return code;
}

/* Maps are told from profiles by the first document. A pipe shows it once: every file is opened and read once. */
static int read_input(struct inputs *inputs, const char *path, struct error *error)
{
    struct document_reader reader;
    const json_t *first;
    int code = document_open(&reader, path, error);
    if (code == ERROR_NONE)
        code = document_peek(&reader, &first, error);
    if (code == ERROR_NONE && heatmap_is(first) && inputs->maps++ == 0) {
        inputs->map = reader;
        return ERROR_NONE;
    }
    if (code == ERROR_NONE && !heatmap_is(first))
        code = saved_take(&reader, &inputs->profiles, error);
    document_close(&reader);
    return code;
}

static int check(const struct plot_options *plot, int maps, struct error *error)
{
    const struct options *options = &plot->options;
    size_t figures_named = plot->wanted.count + plot->wanted.map;
    int kinds = (maps > 0) + (maps < options->word_count);
    if ((plot->wish.name || plot->wish.title) && figures_named != 1 && !(maps == options->word_count))
        return error_set(error, ERROR_INPUT, "--%s is for one figure; choose it by --figure",
                         plot->wish.name ? "name" : "title");
    if (plot->wanted.map && maps == 0)
        return error_set(error, ERROR_INPUT,
                         "figure " MAP_FIGURE " is drawn from what spanscope map saves, and no file is");
    if (maps > 1)
        return error_set(error, ERROR_INPUT, "%d files of maps would be drawn under one name; give one", maps);
    if (figures_named > 0 && kinds == 1 && (plot->wanted.count > 0) == (maps > 0))
        return error_set(error, ERROR_INPUT, "a file of maps allows the figure " MAP_FIGURE " only");
    return ERROR_NONE;
}

static int draw(struct plot_options *plot, struct error *error)
{
    const struct options *options = &plot->options;
    if (options->word_count == 0)
        return error_set(error, ERROR_INPUT, "no file of profiles given; see spanscope plot --help");
    struct inputs inputs = {.profiles = {.runs = true, .others = ", \"" SCHEMA_MAP "\""}};
    int code = ERROR_NONE;
    for (int i = 0; i < options->word_count && code == ERROR_NONE; i++)
        code = read_input(&inputs, options->words[i], error);
    if (code == ERROR_NONE)
        code = check(plot, inputs.maps, error);
    plot->wish.stop = interrupt_flag();
    if (code == ERROR_NONE && inputs.maps > 0)
        code = draw_maps(plot, &inputs.map, error);
    if (code == ERROR_NONE && inputs.maps < options->word_count)
        code = (plot->wanted.count > 0 ? draw_wanted : draw_all)(plot, &inputs.profiles, error);
    document_close(&inputs.map);
    saved_free(&inputs.profiles);
    return code;
}

static void list_figures(void)
{
    for (size_t i = 0; i < figure_count; i++)
        printf("%-24s  %s\n", figures[i].name, figures[i].title);
    printf("%-24s  %s\n", MAP_FIGURE, MAP_TITLE);
}

/* What is asked for beside the list would be lost. */
static int check_list(const struct plot_options *plot, struct error *error)
{
    static const char *const of_list[] = {"list", NULL};
    if (plot->options.word_count > 0)
        return error_set(error, ERROR_INPUT, "--list draws nothing; '%s' has no part in it", plot->options.words[0]);
    return options_only(&plot->options, of_list, "--list draws nothing; --%s has no part in it", error);
}

/* Characters go to standard output, as wide as the window. */
static int draw_in_terminal(struct plot_options *plot, struct error *error)
{
    struct winsize window = {.ws_col = 80, .ws_row = 26};
    if (strcmp(plot->wish.directory, ".") != 0)
        return error_set(error, ERROR_INPUT, "--output: figures of style terminal are no files");
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
    if (window.ws_col == 0)
        window = (struct winsize){.ws_col = 80, .ws_row = 26};
    int code = terminal_open(&plot->terminal, window.ws_col - 1, window.ws_row, error);
    if (code != ERROR_NONE)
        return code;
    plot->wish.directory = plot->terminal.scratch.folder;
    plot->wish.style = &plot->terminal.style;
    plot->wish.publish = terminal_publish;
    code = draw(plot, error);
    terminal_close(&plot->terminal);
    return code;
}

static int plot_all(void *target, struct error *error)
{
    struct plot_options *plot = target;
    bool plain = plot->wish.style && plot->wish.style->plain;
    int code = plot->list ? check_list(plot, error) : plain ? draw_in_terminal(plot, error) : draw(plot, error);
    if (code == ERROR_NONE && plot->list)
        list_figures();
    return code == ERROR_NONE ? output_flush(error) : code;
}

int plot_command(int argc, char **argv)
{
    struct plot_options plot = {.wish.directory = "."};
    return command_run(&plot_options, argc, argv, &plot, plot_all);
}
