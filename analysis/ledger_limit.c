#include "analysis/ledger.h"

static const struct claim claims[] = {
    {
        .id = "width-transfer",
        .source = "theory 3; claims C33 (the premise of transferring hyperparameters across widths, arXiv 2203.03466)",
        .statement = "Activation variance, token cosine and gradient do not depend on the width: their slopes against "
                     "log d vanish",
        .hypotheses = "init=unit|scaleinit",
        .settings = "heads=2 tokens=8 layers=8",
        .checks = {CLAIM_TEST("log-value", "activation_variance", "L", "L", "0", "0", "0.02",
                              "O(1/d) over a factor 4 in d", .contrast = "slope", .against = "d"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.05",
                              "O(1/d) over a factor 4 in d", .contrast = "slope", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=prenorm init=unit width=64|128|256"}, 128},
                  {{"placement=prenorm init=unit width=128|256|512"}, 128},
                  {{"placement=prenorm init=unit width=256|512|1024"}, 128}},
    },
    {
        .id = "fluctuation-unit",
        .source = "theory 3; claims C02",
        .statement = "Unit init: the variance over samples of log(g_0/g_L) grows like L/d",
        .hypotheses = "placement=postnorm|spannorm init=unit activation=relu mask=none cotangent=iid",
        .settings = "placement=postnorm init=unit heads=2 tokens=4",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "1", "1", "0.2", "O(L/d)",
                              .contrast = "slope", .against = "L/d", .variance = true),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", NULL, NULL, "0", "-")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64", "layers=32 width=64"}, 512},
                  {{"layers=8 width=64", "layers=32 width=64|128"}, 2048},
                  {{"layers=8 width=64", "layers=32 width=64|128"}, 8192}},
    },
};

const struct claim_group ledger_limit = {"Infinite and finite width", claims, sizeof claims / sizeof *claims};
