#include "train/parametrisation.h"

#include <math.h>

/* Maximal update parametrisation: Yang and Hu et al., Tensor Programs V, arXiv 2203.03466, Table 3 (in the form where
 * initial hidden weights keep 1/fan_in) and Definition 4.1 (logits by 1/d_h). */
const struct parametrisation parametrisations[] = {
    {"standard", "the same rate for every matrix, logits by 1/sqrt(d/H)", 0, 0, {0, 0, 0}, {0, 0, 0}},
    {"mup", "maximal update: a rate found at the base width holds at every width (arXiv 2203.03466)", .readout = -0.5,
     .logits = -0.5, .adaptive = {0, -1, -1}, .plain = {1, 0, -1}},
};
const size_t parametrisation_count = sizeof parametrisations / sizeof *parametrisations;

double parametrisation_rate(const struct parametrisation *row, enum parametrisation_class class, bool adaptive,
                            double ratio)
{
    return pow(ratio, adaptive ? row->adaptive[class] : row->plain[class]);
}
