/* What all replicas of a model share: its blocks, and how they are read. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_COURSE_H
#define SPANSCOPE_ANALYSIS_LIMIT_COURSE_H

#include "analysis/limit/layout.h"
#include "sim/depth.h"

struct course_options {
    bool width_limit, per_token;
    bool full; /* no closed form for exchangeable tokens */
    int heads; /* of a replica in the limit, about; 0: by the tokens */
};

struct course {
    struct model model; /* of one sequence: several share weights, but no signals */
    struct depth depth;
    struct layout *layouts;       // [layout_count]
    const struct layout **layout; // [block_count] of each block
    int layout_count;
    struct layout_mode mode;
    struct layout_states states;
    size_t cells; /* (L + 1) times the schema's columns */
};

/* ERROR_INPUT where the model cannot be read this way, with the reason. */
int course_init(struct course *course, const struct model *model, const struct course_options *options,
                struct error *error);
void course_free(struct course *course);

/* Operations of a replica, and how many a core does in a second: the time that they make is right within a factor of 2
 * (bench/budget). */
#define COURSE_RATE 1.5e10
double course_flops(const struct course *course);

/* Doubles that a replica holds, but for a factor that most models have in common: of use as ratios. */
struct course_room {
    double flows;  /* of all blocks, for their reverse passes */
    double states; /* of all blocks */
    double pass;   /* of the largest block's reverse pass */
};

struct course_room course_room(const struct course *course);

/* Of the embedding, of a memory, and of a cotangent that no loss makes: the product of any two tokens, per feature, which
 * is returned, and how much more than that each token's square is (frame_factor_alike). */
double course_input(const struct course *course, double *own); // [gram_rows]
double course_memory(const struct course *course, double *own);
double course_cotangent(const struct course *course, double *own);

#endif
