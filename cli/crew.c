#include "cli/crew.h"

#include <stdlib.h>

#include "cli/interrupt.h"
#include "cli/ranks.h"
#include "sim/budget.h"
#include "sim/clock.h"

/* Bytes that are kept of a run. */
struct kept {
    char *bytes;
    size_t length;
};

struct shift {
    struct crew *crew;
    struct train_keeper keeper; /* of this rank */
    int *owners;                /* [count]: the rank that trains each run */
    struct kept *kept;          /* [count], on another rank than 0: what rank 0 handed out */
    double *works, *shares;     /* [ranks]: nominal work of a rank, and the share of it that is done */
    double told;                /* when rank 0 was told of it, seconds */
    struct ticker ticker;       /* speaks to the other ranks, however long a step takes */
    int code;                   /* of what rank 0 heard, and its error */
    struct error error;
    int at_work;      /* other ranks that are not through */
    bool interrupted; /* one of them */
};

static int no_memory(const struct crew *crew, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for %d runs", crew->count);
}

/* ---- what another rank tells rank 0 ---- */

struct word {
    enum { WORD_KEEP, WORD_TEXT, WORD_SHARE, WORD_OVER } kind;
    int run;
    int64_t done;     /* steps */
    double share;     /* of its work that is done */
    bool interrupted; /* with WORD_OVER */
    int lost;         /* with WORD_TEXT: numbers that it leaves out */
    size_t length;    /* of the bytes behind it */
};

static void say(struct word word, const char *bytes)
{
    ranks_send(0, &word, sizeof word);
    ranks_send(0, bytes, word.length);
}

/* The same while the ticker runs. */
static void speak(struct shift *shift, struct word word, const char *bytes)
{
    ticker_lock(&shift->ticker);
    say(word, bytes);
    ticker_unlock(&shift->ticker);
}

static int act_on(struct shift *shift, int from, const struct word *word, char *bytes, struct error *error)
{
    struct crew *crew = shift->crew;
    int code = ERROR_NONE;
    switch (word->kind) {
    case WORD_KEEP:
        code = shift->keeper.keep(shift->keeper.context, &crew->runs[word->run], word->done, bytes, word->length,
                                  error);
        free(bytes);
        break;
    case WORD_TEXT:
        delivery_put(&crew->delivery, word->run, bytes, word->length);
        crew->lost += word->lost;
        break;
    case WORD_OVER:
        shift->at_work--;
        shift->interrupted |= word->interrupted;
        free(bytes);
        break;
    case WORD_SHARE:
        shift->shares[from] = word->share;
        free(bytes);
        break;
    }
    return code;
}

static int hear(struct shift *shift, int from, struct error *error)
{
    struct word word;
    ranks_receive(from, &word, sizeof word);
    char *bytes = malloc(word.length + 1);
    if (!bytes)
        return no_memory(shift->crew, error);
    ranks_receive(from, bytes, word.length);
    return act_on(shift, from, &word, bytes, error);
}

static void show(struct shift *shift)
{
    struct crew *crew = shift->crew;
    double done = 0, all = 0;
    char words[PROGRESS_WORDS];
    for (int r = 0; r < ranks_count(); r++) {
        done += shift->works[r] * shift->shares[r];
        all += shift->works[r];
    }
    snprintf(words, sizeof words, "%.0f %% done", 100 * done / all);
    progress_show(&crew->progress, delivery_done(&crew->delivery), done / all, words);
}

/* ---- what a plan calls ---- */

static int visit(void *context, struct train_run *run, struct error *error)
{
    struct shift *shift = context;
    struct crew *crew = shift->crew;
    struct word word = {.kind = WORD_TEXT, .run = (int)(run - crew->runs), .lost = training_unresolved(run)};
    char *text = NULL;
    FILE *stream = open_memstream(&text, &word.length);
    if (!stream)
        return no_memory(crew, error);
    int code = crew->format->write(run, crew->page, stream, error);
    if (fclose(stream) != 0 && code == ERROR_NONE)
        code = no_memory(crew, error);
    if (code == ERROR_NONE && ranks_own() == 0) {
        delivery_put(&crew->delivery, word.run, text, word.length);
        crew->lost += word.lost;
        return code;
    }
    if (code == ERROR_NONE)
        speak(shift, word, text);
    free(text);
    return code;
}

static const double SPEAK_EVERY = 0.1, TELL_EVERY = 1; // seconds

static void listen(struct shift *shift)
{
    int from;
    while (shift->code == ERROR_NONE && ranks_waiting(&from))
        shift->code = hear(shift, from, &shift->error);
}

static void tell(struct shift *shift)
{
    double now = clock_now();
    if (now - shift->told > TELL_EVERY) {
        shift->told = now;
        say((struct word){.kind = WORD_SHARE, .share = shift->shares[ranks_own()]}, NULL);
    }
    ranks_push();
}

/* Rank 0 listens, the others tell it how far they are. */
static void tick(void *context)
{
    struct shift *shift = context;
    if (ranks_own() == 0)
        listen(shift);
    else
        tell(shift);
}

static int progress(void *context, double share, struct error *error)
{
    struct shift *shift = context;
    ticker_lock(&shift->ticker);
    shift->shares[ranks_own()] = share;
    if (!shift->ticker.runs)
        tick(shift);
    if (ranks_own() == 0)
        show(shift);
    int code = shift->code;
    if (code != ERROR_NONE)
        *error = shift->error;
    ticker_unlock(&shift->ticker);
    return code;
}

/* Rank 0 keeps its own runs between those that it hears of. */
static int take_in_turn(void *context, const struct train_run *run, char **bytes, size_t *length, struct error *error)
{
    struct shift *shift = context;
    ticker_lock(&shift->ticker);
    int code = shift->keeper.take(shift->keeper.context, run, bytes, length, error);
    ticker_unlock(&shift->ticker);
    return code;
}

static int keep_in_turn(void *context, const struct train_run *run, int64_t done, const char *bytes, size_t length,
                        struct error *error)
{
    struct shift *shift = context;
    ticker_lock(&shift->ticker);
    int code = shift->keeper.keep(shift->keeper.context, run, done, bytes, length, error);
    ticker_unlock(&shift->ticker);
    return code;
}

/* Another rank than 0 has what rank 0 handed out, and lets rank 0 keep. */
static int take_handed(void *context, const struct train_run *run, char **bytes, size_t *length, struct error *error)
{
    (void)error;
    struct shift *shift = context;
    struct kept *kept = &shift->kept[run - shift->crew->runs];
    *bytes = kept->bytes;
    *length = kept->length;
    kept->bytes = NULL;
    return ERROR_NONE;
}

static int keep_by_rank_0(void *context, const struct train_run *run, int64_t done, const char *bytes, size_t length,
                          struct error *error)
{
    (void)error;
    struct shift *shift = context;
    struct word word = {.kind = WORD_KEEP, .run = (int)(run - shift->crew->runs), .done = done, .length = length};
    speak(shift, word, bytes);
    return ERROR_NONE;
}

/* ---- who trains what ---- */

struct piece {
    int run;
    double left; /* work */
};

static int by_work(const void *a, const void *b)
{
    const struct piece *one = a, *other = b;
    int order = (one->left < other->left) - (one->left > other->left);
    return order != 0 ? order : one->run - other->run;
}

/* The costliest run goes to who has least to do. Those that are finished cost nothing. */
static int share_out(struct shift *shift, struct error *error)
{
    const struct crew *crew = shift->crew;
    double busy[ranks_count()];
    struct piece *pieces = calloc((size_t)crew->count, sizeof *pieces);
    int code = pieces ? ERROR_NONE : no_memory(crew, error);
    for (int i = 0; code == ERROR_NONE && i < crew->count; i++) {
        struct kept kept = {0};
        if (shift->keeper.take)
            code = shift->keeper.take(shift->keeper.context, &crew->runs[i], &kept.bytes, &kept.length, error);
        bool finished = code == ERROR_NONE && kept.bytes && train_is_finished(kept.bytes, kept.length);
        pieces[i] = (struct piece){i, finished ? 0 : train_work(&crew->runs[i])};
        free(kept.bytes);
    }
    for (int r = 0; r < ranks_count(); r++)
        busy[r] = 0;
    if (code == ERROR_NONE)
        qsort(pieces, (size_t)crew->count, sizeof *pieces, by_work);
    for (int i = 0; code == ERROR_NONE && i < crew->count; i++) {
        int least = 0;
        for (int r = 1; r < ranks_count(); r++)
            least = busy[r] < busy[least] ? r : least;
        shift->owners[pieces[i].run] = least;
        busy[least] += pieces[i].left;
    }
    free(pieces);
    return code;
}

/* Rank 0 says who trains what, and what is kept of it. */
static int hand_out(struct shift *shift, struct error *error)
{
    const struct crew *crew = shift->crew;
    for (int r = 1; r < ranks_count(); r++) {
        const bool keeps = shift->keeper.keep;
        ranks_send(r, &keeps, sizeof keeps);
        ranks_send(r, shift->owners, (size_t)crew->count * sizeof *shift->owners);
    }
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < crew->count; i++) {
        struct kept kept = {0};
        if (shift->owners[i] == 0 || !shift->keeper.take)
            continue;
        code = shift->keeper.take(shift->keeper.context, &crew->runs[i], &kept.bytes, &kept.length, error);
        kept.length = kept.bytes ? kept.length : 0;
        if (code == ERROR_NONE) {
            ranks_send(shift->owners[i], &kept.length, sizeof kept.length);
            ranks_send(shift->owners[i], kept.bytes, kept.length);
        }
        free(kept.bytes);
    }
    return code;
}

static int receive(struct shift *shift, struct error *error)
{
    const struct crew *crew = shift->crew;
    bool keeps;
    ranks_receive(0, &keeps, sizeof keeps);
    ranks_receive(0, shift->owners, (size_t)crew->count * sizeof *shift->owners);
    if (keeps)
        shift->keeper = (struct train_keeper){take_handed, keep_by_rank_0, shift};
    for (int i = 0; keeps && i < crew->count; i++) {
        struct kept *kept = &shift->kept[i];
        if (shift->owners[i] != ranks_own())
            continue;
        ranks_receive(0, &kept->length, sizeof kept->length);
        kept->bytes = kept->length > 0 ? malloc(kept->length) : NULL;
        if (kept->length > 0 && !kept->bytes)
            return no_memory(crew, error);
        ranks_receive(0, kept->bytes, kept->length);
    }
    return ERROR_NONE;
}

/* ---- the whole ---- */

static int shift_init(struct shift *shift, struct crew *crew, struct error *error)
{
    size_t count = (size_t)crew->count, ranks = (size_t)ranks_count();
    *shift = (struct shift){.crew = crew,
                            .keeper = keeper_of(&crew->keeper),
                            .owners = calloc(count, sizeof *shift->owners),
                            .kept = calloc(count, sizeof *shift->kept),
                            .works = calloc(ranks, sizeof *shift->works),
                            .shares = calloc(ranks, sizeof *shift->shares),
                            .at_work = ranks_own() == 0 ? ranks_count() - 1 : 0};
    if (!shift->owners || !shift->kept || !shift->works || !shift->shares)
        return no_memory(crew, error);
    if (ranks_own() > 0)
        return receive(shift, error);
    int code = ranks_count() > 1 ? share_out(shift, error) : ERROR_NONE;
    for (int i = 0; i < crew->count; i++)
        shift->works[shift->owners[i]] += train_work(&crew->runs[i]);
    return code == ERROR_NONE ? hand_out(shift, error) : code;
}

static void shift_free(struct shift *shift)
{
    for (int i = 0; shift->kept && i < shift->crew->count; i++)
        free(shift->kept[i].bytes);
    free(shift->owners), free(shift->kept), free(shift->works), free(shift->shares);
}

/* The runs of this rank. */
static int train_own(struct shift *shift, struct error *error)
{
    struct crew *crew = shift->crew;
    const struct train_keeper in_turn = {take_in_turn, keep_in_turn, shift};
    struct train_plan plan = {
        .runs = calloc((size_t)crew->count, sizeof *plan.runs),
        .stop = interrupt_flag(),
        .keeper = !shift->keeper.keep ? NULL
                  : ranks_own() == 0  ? &in_turn
                                      : &shift->keeper,
        .interval = crew->interval,
        .visit = visit,
        .progress = progress,
        .context = shift,
    };
    if (!plan.runs)
        return no_memory(crew, error);
    for (int i = 0; i < crew->count; i++)
        if (shift->owners[i] == ranks_own())
            plan.runs[plan.count++] = &crew->runs[i];
    plan.threads = crew->threads < plan.count ? crew->threads : plan.count;
    plan.memory = crew->memory > 0 ? crew->memory : budget_available(plan.threads) / (size_t)ranks_local();
    ticker_start(&shift->ticker, ranks_count() > 1 ? SPEAK_EVERY : 0, tick, shift);
    int code = plan.count > 0 ? train_all(&plan, error) : ERROR_NONE;
    ticker_stop(&shift->ticker);
    free(plan.runs);
    return code;
}

/* Behind its own runs rank 0 waits for those of the others; another rank says that it is through. */
static int wait_for_others(struct shift *shift, int code, struct error *error)
{
    if (ranks_own() > 0) {
        say((struct word){.kind = WORD_OVER, .share = 1, .interrupted = code == ERROR_INTERRUPTED}, NULL);
        return ERROR_NONE; // an interruption is told by rank 0
    }
    struct error own;
    int heard = shift->code;
    if (heard != ERROR_NONE)
        own = shift->error;
    while (heard == ERROR_NONE && shift->at_work > 0) {
        heard = hear(shift, ranks_first(), &own);
        show(shift);
    }
    delivery_end(&shift->crew->delivery);
    if (heard != ERROR_NONE)
        *error = own;
    if (heard == ERROR_NONE && code == ERROR_NONE && shift->interrupted)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    return heard == ERROR_NONE ? code : heard;
}

int crew_train(struct crew *crew, struct error *error)
{
    struct shift shift;
    int code = shift_init(&shift, crew, error);
    if (code == ERROR_NONE && ranks_own() == 0)
        show(&shift); // the first step may take long
    if (code == ERROR_NONE)
        code = train_own(&shift, error);
    if (code == ERROR_NONE || code == ERROR_INTERRUPTED)
        code = wait_for_others(&shift, code, error);
    shift_free(&shift);
    return code;
}
