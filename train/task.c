#include "train/task.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"
#include "sim/stream.h"
#include "sim/text.h"

/* ---- GSL's generator interface over a stream ---- */

enum { CURSOR_WORDS = 64 };

/* Words of one stream, one after the other. */
struct cursor {
    struct stream stream;
    uint64_t next; /* index of the word behind those held */
    int held;      /* not yet used */
    uint64_t words[CURSOR_WORDS];
};

static uint64_t cursor_word(struct cursor *cursor)
{
    if (cursor->held == 0) {
        stream_words(&cursor->stream, cursor->next, CURSOR_WORDS, cursor->words);
        cursor->next += CURSOR_WORDS;
        cursor->held = CURSOR_WORDS;
    }
    return cursor->words[CURSOR_WORDS - cursor->held--];
}

static unsigned long cursor_get(void *state)
{
    return (unsigned long)(cursor_word(state) >> 32);
}

static double cursor_uniform(void *state)
{
    return (double)(cursor_word(state) >> 11) * 0x1p-53;
}

static const gsl_rng_type cursor_type = {"stream",   UINT32_MAX,    0, sizeof(struct cursor), NULL,
                                         cursor_get, cursor_uniform};

/* Sequences are told from each other by the address' block, steps by its sample. */
static void cursor_open(struct cursor *cursor, uint64_t seed, uint64_t step, uint32_t sequence)
{
    struct stream_address address = {.seed = seed, .sample = step, .block = sequence, .role = STREAM_DATA};
    *cursor = (struct cursor){.stream = stream_open(&address)};
}

static int draw_uniform(struct cursor *cursor, int count)
{
    return (int)(cursor_uniform(cursor) * count);
}

/* An index by its cumulated probabilities, the last of which is 1 up to rounding. */
static int draw_cumulated(struct cursor *cursor, int count, const double *cumulated)
{
    double u = cursor_uniform(cursor);
    int i = 0;
    while (i < count - 1 && u >= cumulated[i])
        i++;
    return i;
}

static void draw_row(const gsl_rng *rng, int count, double alpha, double *cumulated)
{
    double alphas[count];
    for (int i = 0; i < count; i++)
        alphas[i] = alpha;
    gsl_ran_dirichlet(rng, (size_t)count, alphas, cumulated);
    for (int i = 1; i < count; i++)
        cumulated[i] += cumulated[i - 1];
    cumulated[count - 1] = 1; // whatever rounding has left
}

/* ---- arguments ---- */

enum { VOCABULARY_MAX = 256, BYTES = 256, TEXT_BYTES_MAX = 1 << 28 };

static int wrong(const struct task *task, const char *arguments, struct error *error)
{
    return error_set(error, ERROR_INPUT, "task %s: '%.100s' is not %s", task->row->name, arguments ? arguments : "",
                     strchr(task->row->usage, ':') + 1);
}

static int read_vocabulary(struct task *task, const char *text, struct error *error)
{
    long long value = 0;
    int code = setting_integer("task: V", text, 2, VOCABULARY_MAX, &value, error);
    task->vocabulary = (int)value;
    return code;
}

static int read_size(struct task *task, const char *arguments, struct error *error)
{
    return arguments ? read_vocabulary(task, arguments, error) : wrong(task, arguments, error);
}

static int read_size_and_alpha(struct task *task, const char *arguments, struct error *error)
{
    const char *colon = arguments ? strchr(arguments, ':') : NULL;
    if (!colon || colon - arguments > 20)
        return wrong(task, arguments, error);
    char size[24];
    snprintf(size, sizeof size, "%.*s", (int)(colon - arguments), arguments);
    int code = read_vocabulary(task, size, error);
    if (code == ERROR_NONE)
        code = setting_real("task: alpha", colon + 1, &task->alpha, error);
    if (code == ERROR_NONE && !(task->alpha >= 1e-3 && task->alpha <= 1e6))
        return error_set(error, ERROR_INPUT, "task: alpha: %s is not between 0.001 and 1e6", colon + 1);
    return code;
}

/* ---- icl: every sequence is a Markov chain whose transition matrix is its own ---- */

/* The best predictor has the Dirichlet law's posterior mean: p(j | i) = (n_ij + alpha)/(n_i + V alpha), n_ij the
 * transitions seen so far. */
static double count_loss(int V, double alpha, int tokens, const int *x, const int *y)
{
    int seen[V][V], from[V];
    memset(seen, 0, sizeof seen);
    memset(from, 0, sizeof from);
    double loss = 0;
    for (int t = 0; t < tokens; t++) {
        loss -= log((seen[x[t]][y[t]] + alpha) / (from[x[t]] + V * alpha));
        seen[x[t]][y[t]]++;
        from[x[t]]++;
    }
    return loss;
}

static void draw_icl(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x,
                     int *y, double *bayes)
{
    int V = task->vocabulary;
    struct cursor cursor;
    gsl_rng rng = {&cursor_type, &cursor};
    cursor_open(&cursor, seed, step, sequence);
    double rows[V][V];
    for (int i = 0; i < V; i++)
        draw_row(&rng, V, task->alpha, rows[i]);
    for (int t = 0, token = draw_uniform(&cursor, V); t < tokens; t++) {
        x[t] = token;
        y[t] = token = draw_cumulated(&cursor, V, rows[token]);
    }
    *bayes = count_loss(V, task->alpha, tokens, x, y);
}

/* ---- copy: the second half repeats the first ---- */

/* Period floor((T + 1)/2): every successor from the second period on is known for certain. */
static void draw_copy(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x,
                      int *y, double *bayes)
{
    struct cursor cursor;
    cursor_open(&cursor, seed, step, sequence);
    int period = (tokens + 1) / 2;
    for (int t = 0; t < tokens; t++)
        x[t] = t < period ? draw_uniform(&cursor, task->vocabulary) : x[t - period];
    for (int t = 0; t < tokens; t++)
        y[t] = t + 1 < period ? TASK_IGNORED : x[t + 1 - period];
    *bayes = 0;
}

/* ---- markov: a chain of second order, its table the same in all sequences ---- */

static int read_markov(struct task *task, const char *arguments, struct error *error)
{
    int code = read_size_and_alpha(task, arguments, error);
    if (code != ERROR_NONE)
        return code;
    size_t V = (size_t)task->vocabulary;
    struct cursor cursor;
    gsl_rng rng = {&cursor_type, &cursor};
    cursor_open(&cursor, 0, UINT64_MAX, UINT32_MAX); // no step and no sequence has this stream
    task->table = malloc(V * V * V * sizeof *task->table);
    if (!task->table)
        return error_set(error, ERROR_RESOURCE, "out of memory for the table of %s", task->text);
    for (size_t i = 0; i < V * V; i++)
        draw_row(&rng, task->vocabulary, task->alpha, task->table + i * V);
    return ERROR_NONE;
}

/* The first two tokens are uniform, the rest by the table, which the best predictor knows. */
static void draw_markov(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x,
                        int *y, double *bayes)
{
    int V = task->vocabulary;
    struct cursor cursor;
    cursor_open(&cursor, seed, step, sequence);
    x[0] = draw_uniform(&cursor, V);
    y[0] = draw_uniform(&cursor, V);
    *bayes = log(V);
    for (int t = 1; t < tokens; t++) {
        const double *row = task->table + (x[t - 1] * V + y[t - 1]) * V;
        x[t] = y[t - 1];
        y[t] = draw_cumulated(&cursor, V, row);
        *bayes -= log(row[y[t]] - (y[t] > 0 ? row[y[t] - 1] : 0));
    }
}

/* ---- text: bytes of a file from a random place on ---- */

static int read_text(struct task *task, const char *arguments, struct error *error)
{
    if (!arguments || !*arguments)
        return wrong(task, arguments, error);
    task->vocabulary = BYTES;
    int code = text_check("the file name", arguments, "", error);
    return code == ERROR_NONE ? text_read(arguments, TEXT_BYTES_MAX, &task->bytes, &task->length, error) : code;
}

static void draw_text(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x,
                      int *y, double *bayes)
{
    struct cursor cursor;
    cursor_open(&cursor, seed, step, sequence);
    size_t first = cursor_word(&cursor) % (task->length - (size_t)tokens);
    for (int t = 0; t < tokens; t++) {
        x[t] = (unsigned char)task->bytes[first + (size_t)t];
        y[t] = (unsigned char)task->bytes[first + (size_t)t + 1];
    }
    *bayes = NAN;
}

const struct task_row task_rows[] = {
    {"icl", "icl:V:ALPHA", "Markov chains, each sequence with a transition matrix of its own: counting in context",
     read_size_and_alpha, draw_icl, true},
    {"copy", "copy:V", "a random half and its repetition, which alone counts", read_size, draw_copy, true},
    {"markov", "markov:V:ALPHA", "Markov chains of second order, one table for all sequences", read_markov, draw_markov,
     true},
    {"text", "text:FILE", "bytes of a file; the least loss is not known", read_text, draw_text, false},
};
const size_t task_count = sizeof task_rows / sizeof *task_rows;

static const struct task_row *find_row(const char *text, struct error *error)
{
    const char *names[sizeof task_rows / sizeof *task_rows];
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(text, ":"), text);
    for (size_t i = 0; i < task_count; i++) {
        names[i] = task_rows[i].name;
        if (strcmp(names[i], word) == 0)
            return &task_rows[i];
    }
    text_unknown(error, "task", word, names, task_count);
    return NULL;
}

int task_init(struct task *task, const char *text, struct error *error)
{
    *task = (struct task){0};
    if (strlen(text) >= TASK_TEXT_MAX)
        return error_set(error, ERROR_INPUT, "task: longer than %d bytes", TASK_TEXT_MAX - 1);
    task->row = find_row(text, error);
    if (!task->row)
        return error->code;
    strcpy(task->text, text);
    const char *colon = strchr(text, ':');
    int code = task->row->read(task, colon ? colon + 1 : NULL, error);
    if (code != ERROR_NONE)
        task_free(task);
    return code;
}

void task_free(struct task *task)
{
    free(task->table);
    free(task->bytes);
    *task = (struct task){0};
}

int task_check(const struct task *task, int tokens, struct error *error)
{
    if (tokens < TASK_TOKENS_MIN)
        return error_set(error, ERROR_INPUT, "tokens: sequences of %d have nothing to learn from; at least %d", tokens,
                         TASK_TOKENS_MIN);
    if (task->bytes && task->length <= (size_t)tokens)
        return error_set(error, ERROR_INPUT, "task %s: %zu bytes are fewer than %d tokens and one", task->text,
                         task->length, tokens);
    return ERROR_NONE;
}

int task_draw(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x, int *y,
              double *bayes)
{
    int count = 0;
    task->row->draw(task, seed, step, sequence, tokens, x, y, bayes);
    for (int t = 0; t < tokens; t++)
        count += y[t] != TASK_IGNORED;
    return count;
}
