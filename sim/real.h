/* The type of tensors: signals, cotangents, matrices. What is said of them (observables, losses, norms, counts) is
 * double whatever it is. */
#ifndef SPANSCOPE_SIM_REAL_H
#define SPANSCOPE_SIM_REAL_H

typedef double real;

#endif
