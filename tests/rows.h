/* Rows of the program's tables by their names, for tests that mean one row. The program itself knows none by name. */
#ifndef SPANSCOPE_TESTS_ROWS_H
#define SPANSCOPE_TESTS_ROWS_H

#include "sim/activation.h"
#include "sim/attention.h"
#include "sim/law.h"
#include "sim/norm.h"
#include "sim/router.h"
#include "train/parametrisation.h"
#include "train/schedule.h"

/* The row, which must be there. */
const struct activation *activation_find(const char *name);
const struct law *law_find(const char *name);
const struct router *router_find(const char *name);
const struct norm *norm_find(const char *name);
const struct mask *mask_find(const char *name);
const struct bias *bias_find(const char *name);
const struct scaling *scaling_find(const char *name);
const struct parametrisation *parametrisation_find(const char *name);
const struct schedule_row *schedule_find(const char *name);

#endif
