#include "cli/diagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/begin.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "plots/diagram.h"
#include "plots/diagram_dot.h"
#include "plots/diagram_text.h"
#include "plots/graphviz.h"
#include "sim/text.h"

struct diagram_run {
    struct options options;
    const char *placement, *activation;
    const char *format, *output;
    bool expand;
};

/* How a diagram is written: also the suffix of a file's name. */
static const char *const formats[] = {"text", "svg", "png", "dot"};
enum { TEXT, SVG, PNG, DOT, FORMATS };

static const char *format_name(size_t i)
{
    return i < FORMATS ? formats[i] : NULL;
}

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    int i = value_choose(format_name, name, text, error);
    *(const char **)field = i < 0 ? NULL : formats[i];
    return i < 0 ? (int)error->code : ERROR_NONE;
}

static const struct options_row rows[] = {
    {"placement", 'p', "NAME|FORMULA|FILE", "the block, as for `spanscope run`", value_text,
     offsetof(struct diagram_run, placement)},
    {"activation", 0, "NAME", "with --expand: a gated one makes ffn() gated", value_text,
     offsetof(struct diagram_run, activation)},
    {"expand", 0, NULL, "draw calls as what they are made of: the maps and softmax of attn()", value_flag,
     offsetof(struct diagram_run, expand)},
    {"format", 'f', NULL, "what is written; without it what the FILE's name ends in, or text", read_format,
     offsetof(struct diagram_run, format), format_name},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct diagram_run, output)},
};

const struct options_command diagram_options = {
    .usage = "diagram [OPTION]...",
    .summary = "Draws a block formula: what is computed from what, section by section, as text, or as SVG or PNG by\n"
               "Graphviz (dot). In the text, time runs down; a line that runs through another lies below it.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .config = true,
    .no_words = "the block is named by --placement",
};

/* The format that was asked for, or that the file's name ends in. */
static int find_format(struct diagram_run *self, struct error *error)
{
    const char *name = self->output ? strrchr(self->output, '/') : NULL;
    const char *dot = strrchr(name ? name : self->output ? self->output : "", '.');
    if (self->format || !dot || strcmp(dot, ".txt") == 0) {
        self->format = self->format ? self->format : formats[TEXT];
        return ERROR_NONE;
    }
    if (read_format(&self->format, "format", dot + 1, error) == ERROR_NONE)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--output: '%.200s' ends in none of .txt, .svg, .png and .dot; say --format",
                     self->output);
}

static int make_formula(const struct diagram_run *self, struct model *model, struct error *error)
{
    struct options options = self->options;
    struct options_setting given[2];
    options.settings = given;
    if (self->placement)
        given[options.setting_count++] = (struct options_setting){"placement", self->placement};
    if (self->activation)
        given[options.setting_count++] = (struct options_setting){"activation", self->activation};
    return begin_model(&options, model, error);
}

static int draw_picture(const struct diagram_run *self, const struct diagram *diagram, FILE *stream,
                        struct error *error)
{
    FILE *graph = tmpfile();
    size_t length = 0;
    if (!graph)
        return error_set(error, ERROR_RESOURCE, "no temporary file for the graph in " P_tmpdir ": %s", strerror(errno));
    diagram_dot_print(diagram, graph);
    char *bytes = graphviz_draw(graph, self->format, interrupt_flag(), &length, error);
    fclose(graph);
    if (!bytes)
        return error->code;
    fwrite(bytes, 1, length, stream); // what does not fit is told when the output is closed
    free(bytes);
    return ERROR_NONE;
}

static int write_diagram(const struct diagram_run *self, const struct diagram *diagram, struct error *error)
{
    struct output output;
    FILE *stream = output_open(&output, self->output, error);
    int code = ERROR_NONE;
    if (!stream)
        return error->code;
    if (self->format == formats[TEXT])
        code = diagram_text_print(diagram, stream, error);
    else if (self->format == formats[DOT])
        diagram_dot_print(diagram, stream);
    else
        code = draw_picture(self, diagram, stream, error);
    return output_end(&output, code, false, error);
}

static int check(struct diagram_run *self, struct error *error)
{
    if (self->activation && !self->expand)
        return error_set(error, ERROR_INPUT, "--activation: nothing in the picture shows it; it is for --expand");
    int code = find_format(self, error);
    if (code == ERROR_NONE && self->format == formats[PNG] && !self->output && isatty(STDOUT_FILENO))
        return error_set(error, ERROR_INPUT, "a PNG is not for a terminal; name a file by --output");
    return code;
}

static int draw(void *target, struct error *error)
{
    struct diagram_run *self = target;
    struct diagram diagram;
    struct model model;
    int code = check(self, error);
    if (code == ERROR_NONE)
        code = make_formula(self, &model, error);
    if (code != ERROR_NONE)
        return code;
    begin_tell(&self->options);
    code = diagram_init(&diagram, &model.formula, self->expand, error);
    if (code == ERROR_NONE) {
        code = write_diagram(self, &diagram, error);
        diagram_free(&diagram);
    }
    model_free(&model);
    return code;
}

int diagram_command(int argc, char **argv)
{
    struct diagram_run self = {0};
    return command_run(&diagram_options, argc, argv, &self, draw);
}
