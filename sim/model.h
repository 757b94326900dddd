/* A configuration: everything that decides the law of a stack. The letters are those of theory.md, section 1. */
#ifndef SPANSCOPE_SIM_MODEL_H
#define SPANSCOPE_SIM_MODEL_H

#include "sim/activation.h"
#include "sim/attention.h"
#include "sim/error.h"
#include "sim/formula.h"
#include "sim/init.h"
#include "sim/law.h"
#include "sim/norm.h"
#include "sim/router.h"
#include "sim/source.h"

enum { MODEL_WIDTH_MAX = 1 << 22 };

struct model {
    char placement[GRAPH_NAME_MAX]; /* label of the formula */
    struct formula formula;
    struct init init;
    int layers;     /* L */
    int width;      /* d */
    int heads;      /* H; divides d where head_width does not say otherwise */
    int kv_heads;   /* of keys and values, divides H; 0: H */
    int head_width; /* of attn(); 0: d/H */
    int tokens;     /* T, of a sequence */
    int sequences;  /* B, side by side: a signal is [B T][d], and tokens attend within their own sequence */
    int ffn_width;  /* F */
    int experts;    /* E */
    int top_k;      /* k <= E */
    const struct activation *activation;
    double phi2; /* E phi(z)^2 of the activation; model_check sets it */
    const struct norm *norm;
    double eps; /* of the norm */
    const struct mask *mask;
    int window;    /* 0: none */
    double scale;  /* of the logits; 0: 1/sqrt(head width) */
    double rope;   /* base of rotary positions; 0: none */
    double rotary; /* rotated fraction of a head */
    const struct bias *bias;
    double cap;                    /* of the logits; 0: none */
    int sink;                      /* 0 or 1 */
    double bias_sd;                /* of a bias that is drawn; 0: the bias's own */
    double sink_sd;                /* of the sink's logit */
    const struct scaling *scaling; /* of rotary positions */
    double factor, length;         /* its, 0: not given */
    double gain;                   /* of rotated queries and keys; 0: the scaling's own */
    const struct law *law;         /* of a weight's entries, where the initialisation says no other */
    const struct router *router;
    const struct cotangent *cotangent;
    int vocabulary;            /* V, classes of a loss's readout */
    double zipf;               /* of its targets: p(v) like (v + 1)^-zipf */
    double input_correlation;  /* r_0 in [0, 1] */
    double input_scale;        /* e, 1e-100 to 1e100 */
    double logit_factor;       /* times the scale of attention's logits, where a call does not give one */
    int memory_tokens;         /* T_m, of an input; 0: T */
    double memory_correlation; /* of its tokens, in [0, 1] */
    int single;                /* 0 or 1: tensors in single precision */
};

/* The default sizes and rows; formula and init are left empty. */
void model_defaults(struct model *model);

/* Every limit of the configuration, before anything is allocated from it: each setting's own, and those of several
 * together. Completes ffn_width and phi2, and gives the formula the ffn of the
 * activation. */
int model_check(struct model *model, struct error *error);
void model_free(struct model *model);

/* The same model with the same formula and initialisation in memory, which is theirs together; any thread may. */
void model_share(const struct model *from, struct model *to);

/* A matrix's law, and whether all weights are independent normals. */
const struct law *model_law(const struct model *model, const struct graph_matrix *matrix);
bool model_is_normal(const struct model *model);

/* Rows of a signal, B T. */
int model_rows(const struct model *model);

/* What 0 stands for in the model's fields. */
int model_kv_heads(const struct model *model);
int model_head_width(const struct model *model);
int model_memory_tokens(const struct model *model);

/* The values behind the scalar names in block l. */
struct graph_scope model_scope(const struct model *model, int l);

#endif
