#include "explore/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/schema.h"
#include "explore/asset.h"
#include "explore/gate.h"
#include "explore/request.h"
#include "sim/text.h"

enum {
    CONNECTIONS = 256,
    POOL = 96 << 10,        /* bytes of a connection, request line and headers included */
    STACK = 256 << 10,      /* bytes of a connection's thread */
    IDLE = 20,              /* s without a byte after which a connection ends */
    WAITING = 64,           /* for a job */
    ANSWER_MOST = 64 << 20, /* bytes */
    CHUNK = 32 << 10,       /* of a stream */
};

#define PATIENCE 5.0 /* s that one waits for a job */

struct server {
    struct MHD_Daemon *daemon;
    struct server_options options;
    int port;
    const volatile sig_atomic_t *stop;
    struct gate answers, streams;
};

struct server_options server_defaults(void)
{
    return (struct server_options){.jobs = 2, .limits = {.memory = (size_t)2 << 30, .seconds = 60}};
}

/* ---- answers ---- */

/* Nothing is loaded from elsewhere, shown within another page, or guessed. */
static const char *const headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
     "data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

/* Takes the response over. */
static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status, const char *type,
                                     struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* The document of a refusal in allocated memory, or NULL. A message may quote what is no UTF-8, which JSON has no place for: such
 * bytes are question marks. */
static char *refusal(const char *why)
{
    char *clean = strdup(why);
    uint32_t number;
    for (size_t i = 0, left = clean ? strlen(clean) : 0; left > 0;) {
        size_t length = text_character(clean + i, left, &number);
        if (length == 0)
            clean[i] = '?';
        i += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
    json_t *object = clean ? json_pack("{s:s, s:s}", SCHEMA_KEY, SCHEMA_REFUSAL, "error", clean) : NULL;
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    free(clean);
    return text;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
    char *text = refusal(why);
    if (!text)
        return MHD_NO;
    return send_response(connection, status, "application/json",
                         MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

static enum MHD_Result send_asset(struct MHD_Connection *connection, const struct asset *asset)
{
    void *bytes = (void *)(uintptr_t)asset->bytes; // which the library only reads
    return send_response(connection, MHD_HTTP_OK, asset->type,
                         MHD_create_response_from_buffer(*asset->size, bytes, MHD_RESPMEM_PERSISTENT));
}

/* ---- jobs ---- */

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static int start_job(const struct server *server, const struct request *request, struct job *job, struct error *error)
{
    char self[] = "/proc/self/exe", *arguments[REQUEST_WORDS + 2];
    char *named = server->options.name ? strdup(server->options.name) : NULL;
    arguments[0] = named ? named : self;
    memcpy(arguments + 1, request->words, (size_t)(request->word_count + 1) * sizeof *arguments);
    const struct job_setup setup = {.input = -1, .limits = server->options.limits};
    int code = job_start(job, arguments, &setup, error);
    free(named);
    return code;
}

/* What a command said, without its name in front: "spanscope predict: ". */
static const char *message_of(struct job *job)
{
    char *words = job->words, *space = strchr(words, ' '), *colon = strstr(words, ": ");
    while (job->word_count > 0 && strchr(" \n", words[job->word_count - 1]))
        words[--job->word_count] = '\0';
    if (strncmp(words, "spanscope ", 10) == 0 && space && colon && !memchr(space + 1, ' ', (size_t)(colon - space - 1)))
        return colon + 2;
    return words;
}

/* The answer to a job that did not do its work. */
static unsigned judge(struct job *job, int status, const char **why)
{
    enum { USAGE = 2 };
    *why = message_of(job);
    if (job->end == JOB_LATE || job->end == JOB_STOPPED) {
        *why = job->end == JOB_LATE ? "it would take longer than this server allows; a smaller model may do"
                                    : "the server is stopping";
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (!**why)
        *why = "the program ended without a word";
    return status == USAGE ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static enum MHD_Result answer_whole(struct server *server, struct MHD_Connection *connection, struct request *request)
{
    struct error error;
    struct job job;
    size_t length;
    const char *why;
    if (start_job(server, request, &job, &error) != ERROR_NONE)
        return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error.text);
    char *bytes = job_collect(&job, ANSWER_MOST, &length, socket_of(connection), server->stop);
    int status = job_close(&job);
    if (bytes && job.end == JOB_DONE && status == 0)
        return send_response(connection, MHD_HTTP_OK, request->service->type,
                             MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE));
    bool large = !bytes;
    free(bytes);
    if (job.end == JOB_GONE)
        return MHD_NO;
    unsigned code = judge(&job, status, &why);
    return large ? refuse(connection, MHD_HTTP_BAD_REQUEST, "the answer is too long; ask for fewer layers or points")
                 : refuse(connection, code, why);
}

/* ---- streams ---- */

/* Lines of a job as events: "data: LINE" and an empty line; at the end one event that says how it ended. */
struct stream {
    struct server *server;
    struct job job;
    int client;
    bool within, last; /* a line is begun; the last event is queued */
    char text[2 * CHUNK];
    size_t length, sent; /* of text */
};

static void put(struct stream *stream, const char *bytes, size_t count)
{
    memcpy(stream->text + stream->length, bytes, count);
    stream->length += count;
}

/* Of a chunk of at most CHUNK / 8 bytes: every one may be a line. */
static void put_lines(struct stream *stream, const char *bytes, size_t count)
{
    static const char head[] = "data: ", foot[] = "\n\n";
    while (count > 0) {
        const char *newline = memchr(bytes, '\n', count);
        size_t length = newline ? (size_t)(newline - bytes) : count;
        if (!stream->within)
            put(stream, head, sizeof head - 1);
        put(stream, bytes, length);
        stream->within = !newline;
        if (newline)
            put(stream, foot, sizeof foot - 1);
        length += newline != NULL;
        bytes += length;
        count -= length;
    }
}

static void put_end(struct stream *stream)
{
    const char *why;
    int status = job_close(&stream->job);
    bool done = stream->job.end == JOB_DONE && status == 0;
    if (!done)
        judge(&stream->job, status, &why);
    char *text = done ? NULL : refusal(why);
    stream->length += (size_t)snprintf(stream->text + stream->length, sizeof stream->text - stream->length,
                                       "%sevent: %s\ndata: %.8000s\n\n", stream->within ? "\n\n" : "",
                                       done ? "done" : "refused", text ? text : "{}");
    free(text);
    stream->last = true;
}

static void refill(struct stream *stream)
{
    char chunk[CHUNK / 8];
    stream->length = stream->sent = 0;
    size_t got = job_read(&stream->job, chunk, sizeof chunk, stream->client, stream->server->stop);
    if (got > 0)
        put_lines(stream, chunk, got);
    else
        put_end(stream);
}

static ssize_t read_stream(void *context, uint64_t position, char *bytes, size_t most)
{
    (void)position;
    struct stream *stream = context;
    if (stream->sent == stream->length) {
        if (stream->last)
            return MHD_CONTENT_READER_END_OF_STREAM;
        refill(stream);
    }
    size_t left = stream->length - stream->sent, count = left < most ? left : most;
    memcpy(bytes, stream->text + stream->sent, count);
    stream->sent += count;
    return (ssize_t)count;
}

static void free_stream(void *context)
{
    struct stream *stream = context;
    if (!stream->last)
        job_close(&stream->job);
    gate_leave(&stream->server->streams);
    free(stream);
}

/* Takes over the place in the gate. */
static enum MHD_Result answer_stream(struct server *server, struct MHD_Connection *connection, struct request *request)
{
    struct error error = {.text = "out of memory"};
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream || start_job(server, request, &stream->job, &error) != ERROR_NONE) {
        free(stream);
        gate_leave(&server->streams);
        return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error.text);
    }
    stream->server = server;
    stream->client = socket_of(connection);
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CHUNK, read_stream, stream,
                                                                      free_stream);
    if (!response)
        free_stream(stream);
    return send_response(connection, MHD_HTTP_OK, request->service->type, response);
}

/* ---- requests ---- */

/* What is collected of a query. */
struct query {
    struct request request;
    struct error error;
};

static enum MHD_Result take_pair(void *context, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                 const char *value, size_t value_size)
{
    (void)kind;
    struct query *query = context;
    if (strlen(key) != key_size || (value && strlen(value) != value_size))
        error_set(&query->error, ERROR_INPUT, "a text with a NUL byte");
    else
        request_add(&query->request, key, value, &query->error);
    return query->error.code == ERROR_NONE ? MHD_YES : MHD_NO;
}

static enum MHD_Result work(struct server *server, struct MHD_Connection *connection, struct request *request)
{
    bool streams = request->service->streams;
    struct gate *gate = streams ? &server->streams : &server->answers;
    if (!gate_enter(gate))
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "busy; try again in a moment");
    if (streams)
        return answer_stream(server, connection, request);
    enum MHD_Result result = answer_whole(server, connection, request);
    gate_leave(gate);
    return result;
}

static enum MHD_Result serve(struct server *server, struct MHD_Connection *connection,
                             const struct request_service *service)
{
    struct query query = {0};
    request_init(&query.request, service, &query.error);
    if (query.error.code == ERROR_NONE)
        MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_pair, &query);
    enum MHD_Result result;
    if (query.error.code == ERROR_NONE)
        result = work(server, connection, &query.request);
    else
        result = refuse(connection,
                        query.error.code == ERROR_INPUT ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR,
                        query.error.text);
    request_free(&query.request);
    return result;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* A link from elsewhere may lead to the page, but not make it work. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_size, void **state)
{
    static int begun;
    (void)version, (void)body;
    struct server *server = context;
    bool first = !*state;
    *state = &begun;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered");
    if (first)
        return MHD_YES;
    if (*body_size > 0)
        return MHD_NO;
    const struct asset *asset = asset_find(path);
    const char *site = asset ? NULL : header(connection, "Sec-Fetch-Site");
    if (!request_is_ours(header(connection, MHD_HTTP_HEADER_HOST), header(connection, MHD_HTTP_HEADER_ORIGIN), site,
                         server->port))
        return refuse(connection, MHD_HTTP_FORBIDDEN, "only this server's own page is answered");
    if (asset)
        return send_asset(connection, asset);
    const struct request_service *service = request_find(path);
    return service ? serve(server, connection, service)
                   : refuse(connection, MHD_HTTP_NOT_FOUND, "there is nothing here");
}

/* ---- starting and stopping ---- */

static void drop_words(void *context, const char *format, va_list arguments)
{
    (void)context, (void)format, (void)arguments;
}

static int listen_on(struct server *server, struct error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server->options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, answer, server, MHD_OPTION_EXTERNAL_LOGGER, drop_words, NULL, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!server->daemon)
        return error_set(error, ERROR_RESOURCE, "cannot listen on port %d of the loopback: %s", server->options.port,
                         strerror(errno));
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info ? info->port : server->options.port;
    return ERROR_NONE;
}

int server_start(struct server **started, const struct server_options *options, const volatile sig_atomic_t *stop,
                 struct error *error)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    server->options = *options;
    server->stop = stop;
    gate_init(&server->answers, options->jobs, WAITING, PATIENCE);
    gate_init(&server->streams, options->jobs, options->jobs, PATIENCE);
    int code = listen_on(server, error);
    if (code == ERROR_NONE)
        *started = server;
    else
        free(server);
    return code;
}

int server_port(const struct server *server)
{
    return server->port;
}

void server_stop(struct server *server)
{
    MHD_stop_daemon(server->daemon);
    gate_destroy(&server->answers);
    gate_destroy(&server->streams);
    free(server);
}
