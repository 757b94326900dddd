#include "plots/diagram_dot.h"

#include <string.h>

/* Pale, so that black words are read on them in grey, too. */
static const struct look {
    const char *attributes;
} looks[DIAGRAM_KINDS] = {
    [DIAGRAM_INPUT] = {"shape=plain margin=0.05 fontname=\"DejaVu Sans Oblique\""},
    [DIAGRAM_OUTPUT] = {"shape=plain margin=0.05 fontname=\"DejaVu Sans Oblique\""},
    [DIAGRAM_OPERATOR] = {"shape=box style=\"rounded,filled\" fillcolor=\"#FFFFFF\" margin=\"0.06,0.02\""},
    [DIAGRAM_NORM] = {"shape=box style=\"rounded,filled\" fillcolor=\"#DCEFE4\""},
    [DIAGRAM_ATTENTION] = {"shape=box style=\"rounded,filled\" fillcolor=\"#D3E5F5\""},
    [DIAGRAM_BRANCH] = {"shape=box style=\"rounded,filled\" fillcolor=\"#FBE2CB\""},
    [DIAGRAM_CALL] = {"shape=box style=\"rounded,filled\" fillcolor=\"#EEEEEE\""},
};

/* For the inside of double quotes. */
static void print_quoted(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (strchr("\"\\", *text))
            fputc('\\', stream);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, stream);
    }
}

/* For the inside of a label of Graphviz's HTML, where a backslash cannot be escaped: \N is the node's name. */
static void print_markup(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\')
            fputs("⧵", stream);
        else if (strchr("&<>", *text))
            fprintf(stream, "&#%d;", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, stream);
    }
}

/* Operators as they are set: ×, −. */
static const char *sign(const struct diagram_box *box)
{
    if (box->kind != DIAGRAM_OPERATOR)
        return box->word;
    return strcmp(box->word, "*") == 0 ? "×" : strcmp(box->word, "-") == 0 ? "−" : box->word;
}

/* The word; of an operator with what stands behind it, of the others with details and name in lines of their own. */
static void print_label(FILE *stream, const struct diagram_box *box)
{
    bool operates = box->kind == DIAGRAM_OPERATOR;
    print_markup(stream, sign(box));
    if (*box->detail) {
        fputs(operates ? " " : "<br/><font point-size=\"9\">", stream);
        print_markup(stream, box->detail);
        fputs(operates ? "" : "</font>", stream);
    }
    if (*box->name) {
        fputs("<br/><font point-size=\"9\" face=\"DejaVu Sans Oblique\">", stream);
        print_markup(stream, box->name);
        fputs("</font>", stream);
    }
}

static void print_box(FILE *stream, const struct diagram_box *box, int section, int number)
{
    fprintf(stream, "  n%d_%d [class=%s %s label=<", section, number, diagram_kinds[box->kind],
            looks[box->kind].attributes);
    print_label(stream, box);
    fputs("> tooltip=\"", stream);
    print_quoted(stream, *box->summary ? box->summary : box->word);
    fputs("\"]\n", stream);
    for (int i = 0; i < box->operand_count; i++)
        fprintf(stream, "  n%d_%d -> n%d_%d\n", section, box->operands[i], section, number);
}

/* A section with a title is framed. */
static void print_section(FILE *stream, const struct diagram_section *section, int number)
{
    if (*section->title) {
        fprintf(stream, " subgraph cluster_%d {\n  class=section margin=8\n  label=\"", number);
        print_quoted(stream, section->title);
        fputs("\"\n", stream);
    }
    for (int b = 0; b < section->box_count; b++)
        print_box(stream, &section->boxes[b], number, b);
    if (*section->title)
        fputs(" }\n", stream);
}

void diagram_dot_print(const struct diagram *diagram, FILE *stream)
{
    fputs("digraph block {\n"
          " graph [fontname=\"DejaVu Sans\" fontsize=11 color=\"#B0B0B0\" style=rounded ranksep=0.22 nodesep=0.36 "
          "margin=0.06 tooltip=\" \"]\n"
          " node [fontname=\"DejaVu Sans\" fontsize=12 height=0.28 width=0.3 margin=\"0.12,0.05\" color=\"#606060\"]\n"
          " edge [color=\"#606060\" arrowsize=0.55 tooltip=\" \"]\n",
          stream);
    for (int i = 0; i < diagram->section_count; i++)
        print_section(stream, &diagram->sections[i], i);
    fputs("}\n", stream);
}
