#include "cli/training_table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/grid.h"
#include "sim/setting.h"
#include "sim/text.h"
#include "train/score.h"

/* Columns behind those of the settings. */
enum { RATE, SEED, LOSS, BAYES, U, SPREAD, NUMBERS };

static const struct grid_column numbers[NUMBERS] = {
    [RATE] = {"lr", 10, false, true, 0},  [SEED] = {"seed", 5, false, true, 2},
    [LOSS] = {"loss", 7, false, true, 1}, [BAYES] = {"bayes", 7, false, true, 3},
    [U] = {"u", 6, false, true, 0},       [SPREAD] = {"spread", 8, false, true, 0},
};

const char *training_table_column(size_t i)
{
    return i < setting_count ? settings[i].key : i < setting_count + NUMBERS ? numbers[i - setting_count].name : NULL;
}

/* What has a column whether it varies or not. */
static bool is_usual(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->letter == 'L' || setting->letter == 'd';
}

static void fit(struct grid *grid, const struct training_page *page)
{
    for (size_t i = 0; i < setting_count; i++) {
        bool varies = sweep_varies(page->sweep, &settings[i]);
        grid->columns[grid->count++] = (struct grid_column){
            .name = settings[i].key,
            .width = sweep_width(page->sweep, &settings[i]),
            .left = settings[i].type == SETTING_TEXT,
            .usual = varies || is_usual(&settings[i]),
            .spare = varies ? 0 : 4,
        };
    }
    for (int i = 0; i < NUMBERS; i++)
        grid->columns[grid->count++] = numbers[i];
    if (page->seed_width > numbers[SEED].width)
        grid->columns[setting_count + SEED].width = page->seed_width;
    if (page->seeds)
        grid->columns[setting_count + SEED].spare = 0;
    grid_fit(grid, &page->columns, page->window);
}

/* ---- cells ---- */

static double last_tenth(const struct trainer_record *record, const double *values)
{
    int64_t count = (record->done + 9) / 10;
    double sum = 0;
    for (int64_t i = record->done - count; i < record->done; i++)
        sum += values[i];
    return sum / (double)count;
}

/* As wide as its column, with fewer digits where it is so large. */
static void print_number(int column, const char *format, double value, char text[GRID_CELL])
{
    snprintf(text, GRID_CELL, isfinite(value) ? format : "-", value);
    for (int digits = 4; digits > 0 && strlen(text) > (size_t)numbers[column].width; digits--)
        snprintf(text, GRID_CELL, "%.*g", digits, value);
}

static void cell(const void *row, int column, char text[GRID_CELL])
{
    const struct train_run *run = row;
    const struct trainer_record *record = &run->record;
    if (column < (int)setting_count) {
        setting_label(&settings[column], &run->model, text, GRID_CELL);
        return;
    }
    int number = column - (int)setting_count;
    switch (number) {
    case RATE:
        print_number(number, "%.4g", run->training.rate, text);
        break;
    case SEED:
        snprintf(text, GRID_CELL, "%" PRIu64, run->training.seed);
        break;
    case LOSS:
        print_number(number, "%.4f", last_tenth(record, record->loss), text);
        break;
    case BAYES:
        print_number(number, "%.4f", last_tenth(record, record->bayes), text);
        break;
    case U:
        print_number(number, "%.3f", train_score(run), text);
        break;
    default:
        print_number(number, "%.2g", training_spread(run, last_tenth(record, record->spread)), text);
    }
}

/* ---- lines ---- */

static void print_words(const struct training *training, struct text *text)
{
    text_print(text, "%.200s, %d sequences a step, %" PRId64 " steps, %s, %s rate, %s parametrisation\n",
               training->task->text, training->batch, training->steps, training->optimiser->name,
               training->schedule->name, training->parametrisation->name);
    text_print(text,
               "loss and bayes in nats, means over the last tenth of the steps; u = (loss - bayes)/(ln V - bayes), 1 "
               "where nothing was learned; spread = 1 - r_L\n\n");
}

int training_table_head(const struct train_run *run, const struct training_page *page, FILE *stream,
                        struct error *error)
{
    (void)error;
    char words[800];
    struct text text = {words, sizeof words, 0};
    struct grid grid = {.count = 0};
    print_words(&run->training, &text);
    columns_fold(words, page->window, 4, stream);
    fit(&grid, page);
    grid_print_head(&grid, stream);
    return ERROR_NONE;
}

/* Why a run has ended before its time, and what became of its tokens. */
static void print_remark(const struct train_run *run, struct text *text)
{
    const struct trainer_record *record = &run->record;
    int64_t collapsed = score_collapsed(record->done, record->spread);
    if (record->diverged >= 0)
        text_print(text, "diverged at step %" PRId64, record->diverged);
    else if (collapsed >= 0)
        text_print(text, "collapsed from step %" PRId64 " on", collapsed);
    if (!run->finished)
        text_print(text, "%sstopped behind %" PRId64 " steps", text->length > 0 ? ", " : "", record->done);
}

int training_table_write(const struct train_run *run, const struct training_page *page, FILE *stream,
                         struct error *error)
{
    (void)error;
    char remark[120] = "";
    struct text text = {remark, sizeof remark, 0};
    struct grid grid = {.count = 0};
    fit(&grid, page);
    int used = grid_print_row(&grid, cell, run, stream);
    print_remark(run, &text);
    bool fits = page->window == 0 || used + GRID_GAP + (int)text.length <= page->window;
    if (text.length > 0)
        fprintf(stream, "%s%*s%s", fits ? "" : "\n", GRID_GAP, "", remark);
    fputc('\n', stream);
    return ERROR_NONE;
}
