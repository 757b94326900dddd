/* The words of what is written and read back: schemas, keys and kinds, one for writer and reader. */
#ifndef SPANSCOPE_ANALYSIS_SCHEMA_H
#define SPANSCOPE_ANALYSIS_SCHEMA_H

/* Of the member "schema". */
#define SCHEMA_PROFILE  "spanscope/profile/1"
#define SCHEMA_MAP      "spanscope/map/1"
#define SCHEMA_VERDICT  "spanscope/verdict/1"
#define SCHEMA_TRAINING "spanscope/training/1"
#define SCHEMA_TABLES   "spanscope/tables/1"
#define SCHEMA_SOLVE    "spanscope/solve/1"
#define SCHEMA_OVERALL  "spanscope/stack/1"
#define SCHEMA_ENTRIES  "spanscope/entries/1"
#define SCHEMA_CLAIMS   "spanscope/claims/1"
#define SCHEMA_ANSWER   "spanscope/answer/1"
#define SCHEMA_COST     "spanscope/cost/1"
#define SCHEMA_REFUSAL  "spanscope/refusal/1"

/* Members of a document. Those of "config" are the settings' keys (sim/setting) and what follows them here. */
#define SCHEMA_KEY             "schema"
#define SCHEMA_KIND            "kind"
#define SCHEMA_CONFIG          "config"
#define SCHEMA_MANIFEST        "manifest"
#define SCHEMA_TRAINING_MEMBER "training" /* what a run of `train` is beside its model */
#define SCHEMA_STACK           "stack"    /* what is said of the whole stack (analysis/overall) */
#define SCHEMA_LAYERS          "layers"
#define SCHEMA_LAYER           "layer"

#define SCHEMA_ENGINE       "engine"
#define SCHEMA_SAMPLES      "samples"
#define SCHEMA_FIRST_SAMPLE "first_sample"
#define SCHEMA_SHARD        "shard"
#define SCHEMA_SEED         "seed"

/* Members of an observable. */
#define SCHEMA_MEAN       "mean"
#define SCHEMA_SD         "sd"
#define SCHEMA_SE         "se"
#define SCHEMA_LO         "lo"
#define SCHEMA_HI         "hi"
#define SCHEMA_N          "n"
#define SCHEMA_LOG10_MEAN "log10_mean"
#define SCHEMA_MEAN_LOG   "mean_log"
#define SCHEMA_SD_LOG     "sd_log"
#define SCHEMA_FLOOR      "floor"
#define SCHEMA_CEILING    "ceiling"

/* Members of a map. */
#define SCHEMA_X         "x"
#define SCHEMA_Y         "y"
#define SCHEMA_VALUES    "values"
#define SCHEMA_DONE      "points_done" /* where it was interrupted: the other points are null */
#define SCHEMA_NAME      "name"
#define SCHEMA_SCALE     "scale"
#define SCHEMA_SCALE_LOG "log"
#define SCHEMA_SCALE_LIN "lin"

/* How a map or a root was read. */
#define SCHEMA_READING     "reading"
#define SCHEMA_WIDTH_LIMIT "width-limit"
#define SCHEMA_AT_WIDTH    "at-width"
#define SCHEMA_ERRORS      "errors"
#define SCHEMA_ORDER_ERROR "order_error"

/* How numbers came about. */
enum schema_kind { SCHEMA_MEASURED, SCHEMA_PREDICTED, SCHEMA_KINDS };

extern const char *const schema_kinds[SCHEMA_KINDS];

#endif
