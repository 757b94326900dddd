/* The type of tensors that are trained. Statistics (losses, norms, scores) are double whatever it is. */
#ifndef SPANSCOPE_TRAIN_REAL_H
#define SPANSCOPE_TRAIN_REAL_H

typedef double real;

#endif
