#include "plots/diagram_text.h"

#include <stdlib.h>
#include <string.h>

/* Lanes hold the boxes that somebody further down reads. */
struct lanes {
    int *box;  // [count], -1 where the lane is free; there is room for as many as there are boxes
    int *left; // [box_count], readers of a box that are still to come
    int count;
    int most; /* lanes that were ever taken */
};

static int lane_of(const struct lanes *lanes, int box)
{
    for (int i = 0; i < lanes->count; i++)
        if (lanes->box[i] == box)
            return i;
    return -1;
}

static int free_lane(struct lanes *lanes)
{
    int lane = lane_of(lanes, -1);
    if (lane < 0)
        lane = lanes->count++;
    lanes->box[lane] = -1;
    lanes->most = lanes->count > lanes->most ? lanes->count : lanes->most;
    return lane;
}

/* Whether operand number i of the box is none of those before it. */
static bool is_new(const struct diagram_box *box, int i)
{
    for (int j = 0; j < i; j++)
        if (box->operands[j] == box->operands[i])
            return false;
    return true;
}

/* ---- one row ---- */

/* How a box is joined to its operands. */
struct joint {
    int lane;                     /* of the box */
    bool continues;               /* the lane is an operand's that nobody else reads */
    int lanes[DIAGRAM_OPERANDS];  /* of the operands, each once */
    bool lives[DIAGRAM_OPERANDS]; /* others read it, too */
    int count;
};

static struct joint join(struct lanes *lanes, const struct diagram_box *box)
{
    struct joint joint = {.lane = -1};
    for (int i = 0; i < box->operand_count; i++) {
        if (!is_new(box, i))
            continue;
        int lane = lane_of(lanes, box->operands[i]);
        bool lives = --lanes->left[box->operands[i]] > 0;
        if (!lives && (joint.lane < 0 || lane < joint.lane))
            joint.lane = lane;
        joint.lanes[joint.count] = lane;
        joint.lives[joint.count++] = lives;
    }
    joint.continues = joint.lane >= 0;
    if (!joint.continues)
        joint.lane = free_lane(lanes);
    return joint;
}

/* Lines of the lane's crossing: from above, to below, to the left, to the right. */
enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

static const char *const crossings[16] = {" ", "│", "│", "│", "─", "╯", "╮", "┤",
                                          "─", "╰", "╭", "├", "─", "┴", "┬", "┼"};

static int lines_at(const struct joint *joint, int lane, int from, int to)
{
    int lines = 0;
    if (lane == joint->lane)
        lines |= DOWN | (joint->continues ? UP : 0);
    for (int i = 0; i < joint->count; i++)
        if (joint->lanes[i] == lane)
            lines |= UP | (joint->lives[i] ? DOWN : 0);
    if (lines != 0)
        lines |= (lane > from ? LEFT : 0) | (lane < to ? RIGHT : 0);
    return lines;
}

/* The row between a box and its operands; none where there is one, straight above. */
static void print_joint(const struct lanes *lanes, const struct joint *joint, FILE *stream)
{
    int from = joint->lane, to = joint->lane;
    for (int i = 0; i < joint->count; i++) {
        from = joint->lanes[i] < from ? joint->lanes[i] : from;
        to = joint->lanes[i] > to ? joint->lanes[i] : to;
    }
    if (from == to)
        return;
    int last = lanes->count - 1;
    while (last > to && lanes->box[last] < 0)
        last--;
    for (int lane = 0; lane <= last; lane++) {
        bool within = lane >= from && lane <= to;
        int lines = within ? lines_at(joint, lane, from, to) : 0;
        const char *crossing = crossings[lines];
        if (lines == 0 && lanes->box[lane] >= 0)
            crossing = crossings[UP | DOWN];
        else if (lines == 0 && within)
            crossing = crossings[LEFT | RIGHT];
        fprintf(stream, "%s%s", crossing, within && lane < to ? "──" : lane < last ? "  " : "");
    }
    fputc('\n', stream);
}

static void print_words(const struct diagram_box *box, FILE *stream)
{
    bool operates = box->kind == DIAGRAM_OPERATOR;
    fprintf(stream, "%s", box->word);
    if (*box->detail)
        fprintf(stream, operates ? " %s" : "(%s)", box->detail);
    if (*box->name)
        fprintf(stream, "  → %s", box->name);
    fputc('\n', stream);
}

static void print_box(const struct lanes *lanes, const struct diagram_box *box, int own, int width, FILE *stream)
{
    bool end = box->kind == DIAGRAM_INPUT || box->kind == DIAGRAM_OUTPUT;
    for (int lane = 0; lane < width; lane++) {
        bool alive = lane < lanes->count && lanes->box[lane] >= 0;
        fprintf(stream, "%s  ", lane == own ? (end ? "○" : "●") : alive ? "│" : " ");
    }
    print_words(box, stream);
}

/* ---- all rows ---- */

/* Rows to stream; NULL counts lanes only. */
static void walk(const struct diagram_section *section, struct lanes *lanes, int width, FILE *stream)
{
    lanes->count = 0;
    for (int b = 0; b < section->box_count; b++)
        lanes->left[b] = 0;
    for (int b = 0; b < section->box_count; b++)
        for (int i = 0; i < section->boxes[b].operand_count; i++)
            lanes->left[section->boxes[b].operands[i]] += is_new(&section->boxes[b], i);
    for (int b = 0; b < section->box_count; b++) {
        struct joint joint = join(lanes, &section->boxes[b]);
        if (stream)
            print_joint(lanes, &joint, stream);
        for (int i = 0; i < joint.count; i++)
            if (!joint.lives[i])
                lanes->box[joint.lanes[i]] = -1;
        lanes->box[joint.lane] = b;
        if (stream)
            print_box(lanes, &section->boxes[b], joint.lane, width, stream);
        if (lanes->left[b] == 0)
            lanes->box[joint.lane] = -1;
        while (lanes->count > 0 && lanes->box[lanes->count - 1] < 0)
            lanes->count--;
    }
}

static int print_section(const struct diagram_section *section, FILE *stream, struct error *error)
{
    size_t count = (size_t)section->box_count;
    struct lanes lanes = {.box = calloc(count, sizeof(int)), .left = calloc(count, sizeof(int))};
    bool made = lanes.box && lanes.left;
    if (made) {
        walk(section, &lanes, 0, NULL);
        walk(section, &lanes, lanes.most, stream);
    }
    free(lanes.box);
    free(lanes.left);
    return made ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
}

int diagram_text_print(const struct diagram *diagram, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < diagram->section_count; i++) {
        const struct diagram_section *section = &diagram->sections[i];
        fprintf(stream, "%s", i > 0 ? "\n" : "");
        if (*section->title)
            fprintf(stream, "%s:\n", section->title);
        code = print_section(section, stream, error);
    }
    return code;
}
