#include "analysis/ledger.h"

/* Xiong et al.'s setting: queries and keys 0, so attention is uniform; every matrix d x d with variance 1/d, so that
 * the FFN has gain 1/2. */
#define XIONG "init=wq=0;wk=0;wv=1/sqrt(d);wo=wv;w1=wv;wg=wv;w2=1/sqrt(F);wr=wv"

static const struct claim claims[] = {
    {
        .id = "xiong-lemma2-pre",
        .source = "Xiong et al., arXiv 2002.04745, Lemma 2; claims C12",
        .statement = "PreNorm in the paper's setting (W_Q = W_K = 0, d x d matrices of variance 1/d): (1 + l/2) d <= "
                     "E|x_l|^2 <= (1 "
                     "+ 3l/2) d",
        .hypotheses = "placement=prenorm " XIONG,
        .settings = "placement=prenorm " XIONG " heads=1 tokens=8",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "1 + l/2", "1 + 3*l/2", "0.03*l",
                              "exact in expectation; what the samples resolve")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=64 ffn-width=64 layers=8"}, 512},
                  {{"width=128 ffn-width=128 layers=16"}, 512},
                  {{"width=256 ffn-width=256 layers=32"}, 1024}},
    },
};

const struct claim_group ledger_published = {"Published statements", claims, sizeof claims / sizeof *claims};
