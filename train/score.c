#include "train/score.h"

#include <math.h>

double score_over(int64_t first, int64_t end, int vocabulary, const double *loss, const double *bayes)
{
    double excess = 0, room = 0;
    for (int64_t i = first; i < end; i++) {
        excess += loss[i] - bayes[i];
        room += log(vocabulary) - bayes[i];
    }
    double score = excess / room, least = SCORE_ROOM * log(vocabulary) * (double)(end - first);
    return isfinite(score) && room >= least ? score : NAN;
}

double score_of(int64_t steps, int vocabulary, const double *loss, const double *bayes)
{
    return score_over(steps - (steps + 9) / 10, steps, vocabulary, loss, bayes);
}

int64_t score_collapsed(int64_t steps, const double *spread)
{
    int64_t first = steps;
    while (first > 0 && spread[first - 1] < SCORE_COLLAPSE)
        first--;
    return first < steps ? first : -1;
}

static double counted(double score)
{
    return isfinite(score) ? score : 1;
}

double score_edge(int count, const double *rates, const double *scores)
{
    int last = count - 1;
    while (last >= 0 && counted(scores[last]) > SCORE_FAILS)
        last--;
    if (last < 0)
        return 0;
    if (last == count - 1)
        return INFINITY;
    double below = counted(scores[last]), above = counted(scores[last + 1]);
    double part = (SCORE_FAILS - below) / (above - below);
    return rates[last] * pow(rates[last + 1] / rates[last], part);
}
