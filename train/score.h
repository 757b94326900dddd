/* What a run has come to: how much was learned, whether the tokens fell together, whether it blew up. */
#ifndef SPANSCOPE_TRAIN_SCORE_H
#define SPANSCOPE_TRAIN_SCORE_H

#include <stdint.h>

/* Above it a run has failed: it learned less than three tenths of what there was to learn. */
#define SCORE_FAILS 0.7

/* A number of this header within a text. */
#define SCORE_QUOTED(number) #number
#define SCORE_QUOTE(number)  SCORE_QUOTED(number)

/* Tokens whose spread 1 - r_L stays below are one token for the readout: the logits of two positions then differ by
 * about sqrt(2 SCORE_COLLAPSE) |R| |x|, a thousandth, and a softmax sees the same everywhere. */
#define SCORE_COLLAPSE 1e-6

/* The least share of log V that there must be to learn. The difference G of log V and the best predictor's loss is a mean
 * of logarithms of ratios of likelihoods over N tokens, whose variance is about 2G where they are small: its relative error
 * is sqrt(2/(N G)). At this share of log 4 and the 3840 tokens of the last tenth of the usual run it is 0.6; of less, the
 * sequences that were drawn decide the sign. */
#define SCORE_ROOM 1e-3

/* u = (mean loss over the last tenth of the steps - the best predictor's on the same sequences)/(log V - the same):
 * 0 where nothing is left to learn, 1 where nothing was learned. Losses in nats, [steps]. NAN where a loss or the best
 * predictor's is not known, or log V - the same is below SCORE_ROOM of log V: next to nothing can be learned. */
double score_of(int64_t steps, int vocabulary, const double *loss, const double *bayes);

/* The same over the steps first to end - 1. */
double score_over(int64_t first, int64_t end, int vocabulary, const double *loss, const double *bayes);

/* The first step from which on the spread stays below SCORE_COLLAPSE to the last; -1 where it does not. */
int64_t score_collapsed(int64_t steps, const double *spread);

/* The largest rate that does not fail, from scores at ascending rates: interpolated in log rate to where u crosses
 * SCORE_FAILS. A score that is not finite counts as 1. 0 where all fail, and infinite where the last does not. */
double score_edge(int count, const double *rates, const double *scores);

#endif
