/* Normals of replicas that are drawn in flights: independent within a replica, stratified over the replicas of a
 * flight.
 *
 * Box-Muller pairs by a Latin hypercube (McKay, Beckman and Conover, Technometrics 1979): of the FLIGHT replicas each
 * has another quarter of the squared radius' distribution and another quadrant of the angle, in an order of their own
 * for every pair. Each replica alone has exactly the law of independent normals; what is additive over pairs (sums of
 * squares, the leading part of a softmax's second moments) hardly varies over flights.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_FLIGHT_H
#define SPANSCOPE_ANALYSIS_LIMIT_FLIGHT_H

#include "sim/stream.h"

enum { FLIGHT = 4 };

/* out[i] = sigma times normal number first + i, first even, of the replica `address->sample`. */
void flight_normals(const struct stream_address *address, uint64_t first, size_t count, double sigma, double *out);

#endif
