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
    size_t cells; /* (L + 1) columns */
};

/* ERROR_INPUT where the model cannot be read this way, with the reason. */
int course_init(struct course *course, const struct model *model, const struct course_options *options,
                struct error *error);
void course_free(struct course *course);

/* Of a replica: within 2 of what it takes, at so many a second of a core (bench/budget). */
#define COURSE_RATE 1.5e10
double course_flops(const struct course *course);

/* Numbers that a replica holds, in proportion: a factor that most models have in common is missing. */
struct course_room {
    double flows;  /* of all blocks, for their reverse passes */
    double states; /* of all blocks */
    double pass;   /* of the largest block's reverse pass */
};

struct course_room course_room(const struct course *course);

/* Of the embedding, of a memory, and of a cotangent that no loss makes: what each token's square is more than the product
 * of any two, which is returned (frame_factor_alike). */
double course_input(const struct course *course, double *own); // [gram_rows]
double course_memory(const struct course *course, double *own);
double course_cotangent(const struct course *course, double *own);

#endif
