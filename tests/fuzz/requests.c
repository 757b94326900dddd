/* Requests that nobody should send, by the ten thousand: `make fuzz-requests`, under the sanitizers.
 *
 *     requests COUNT PROGRAM [SEED [FIRST]]      FIRST: the number of the first request, to ask one again
 *
 * Two servers run in this process: one whose jobs are echo, so that their own code is met by as many requests as the
 * machine takes, and one whose jobs are PROGRAM, which every fiftieth request goes to. Requests are made of the services'
 * own names and of values that parsers dislike; a third of them then have some bytes changed. What must hold of every
 * answer: a request that is well formed has one; its status is one that the server gives; a refusal is JSON that says why;
 * nothing in it is a sanitizer's or an invariant's. At the end both servers answer as before, and memory has not grown
 * with the number of requests. */
#include <arpa/inet.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "explore/request.h"
#include "explore/server.h"
#include "sim/cleanup.h"
#include "sim/clock.h"
#include "sim/setting.h"

enum { WORKERS = 4, EVERY = 50, REQUEST_ROOM = 1 << 16, ANSWER_ROOM = 1 << 16, STATUSES = 600, HALF_A_MINUTE = 30 };

/* Memory may not grow by more than this, whatever the number of requests: the sanitizer keeps freed memory for a while
 * (quarantine_size_mb, 256). */
enum { GROWTH_MOST = 400 << 10 }; // kB

static struct server *servers[2];
static volatile sig_atomic_t stop;
static long first, count; /* requests are numbered from first to count - 1 */
static uint64_t seed;

static struct {
    pthread_mutex_t mutex;
    long next, failed, statuses[STATUSES];
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- chance ---- */

/* splitmix64: a request depends on the seed and its own number. */
static uint64_t draw(uint64_t *chance)
{
    uint64_t z = (*chance += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *chance, size_t end)
{
    return (size_t)(draw(chance) % end);
}

#define PICK(chance, table) (table)[below(chance, sizeof(table) / sizeof *(table))]

/* ---- requests ---- */

static const char *const values[] = {
    "1",
    "2",
    "3",
    "4",
    "7",
    "8",
    "12",
    "16",
    "0",
    "-1",
    "00",
    "1e3",
    "1e400",
    "nan",
    "inf",
    "0x10",
    "9223372036854775808",
    "18446744073709551616",
    "0.5",
    "1,2",
    "2:8",
    "1:64:4:log",
    "",
    "%20",
    "%00",
    "%ff%fe",
    "%2e%2e%2fetc%2fpasswd",
    "/dev/zero",
    "-",
    "--help",
    "relu",
    "swiglu",
    "causal",
    "rmsnorm",
    "spannorm",
    "prenorm",
    "postnorm",
    "scaleinit",
    "scaleinit:2",
    "unit:",
    "gpt2:1e-2",
    "x%3Dx",
    "x%3Dx%2Battn(x)",
    "x%20%3D%20norm(x%20%2B%20ffn(x))",
    "x%3D((((((((((x",
    "x%3Dnrm(x)",
    "first%3A%20x%3Dx%3B%20block%20if%20l%3E2%3A%20x%3D2*x",
    "def%20f(u)%3Df(u)%3B%20x%3Df(x)",
    "w%3D1%2Fsqrt(n)",
    "w%3D1%2F0",
    "state%20x%2Cu%3B%20x%3Du",
    "x%3Dmoe(x%2Ctop%3D9)",
    "layers=2:4:2",
    "c=0.1:1:2:log",
    "depth",
    "collapse",
    "c=4",
    "layers='",
    "%F0%9F%98%80",
    "%0a",
    "%0d%0aSet-Cookie:%20a",
    "+",
    "&&&",
    "%",
    "%z",
    "a=b=c",
};

static const char *const paths[] = {"/",  "/app.js",  "/style.css", "/chart.js", "/..",
                                    "//", "/%2e%2e/", "/predict/",  "*",         "/nothing"};
static const char *const methods[] = {"HEAD", "POST", "PUT", "OPTIONS", "TRACE", "get", "\x01"};
static const char *const headers[] = {"Origin: http://example.org",
                                      "Origin: null",
                                      "Sec-Fetch-Site: cross-site",
                                      "Range: bytes=0-",
                                      "Transfer-Encoding: chunked",
                                      "Content-Length: 5",
                                      "Content-Length: -1",
                                      "Expect: 100-continue",
                                      "Upgrade: websocket",
                                      "Cookie: a=b",
                                      "X: y\r\n folded",
                                      ":",
                                      "Accept-Encoding: gzip;q=nan"};

struct request_text {
    char text[REQUEST_ROOM];
    size_t length;
    bool whole; /* HTTP as it should be */
};

static void put(struct request_text *request, const char *text)
{
    size_t length = strlen(text);
    if (request->length + length >= REQUEST_ROOM)
        return;
    memcpy(request->text + request->length, text, length);
    request->length += length;
}

/* A name that the service takes, or any setting's. */
static const char *pick_name(const struct request_service *service, uint64_t *chance)
{
    size_t own = 0;
    while (own < REQUEST_OWN && service->own[own])
        own++;
    if (own > 0 && below(chance, 2) == 0)
        return service->own[below(chance, own)];
    return settings[below(chance, setting_count)].name;
}

static void put_query(struct request_text *request, const struct request_service *service, uint64_t *chance)
{
    size_t pairs = below(chance, 5);
    for (size_t i = 0; i < pairs; i++) {
        put(request, i == 0 ? "?" : "&");
        put(request, below(chance, 20) == 0 ? PICK(chance, values) : pick_name(service, chance));
        put(request, "=");
        put(request, PICK(chance, values));
        for (size_t long_value = below(chance, 400) == 0 ? below(chance, 3000) : 0; long_value > 0; long_value--)
            put(request, "+x*2");
    }
}

static void make_request(struct request_text *request, uint64_t *chance, int port)
{
    char host[64];
    const struct request_service *service = &request_services[below(chance, request_service_count)];
    const char *method = below(chance, 8) == 0 ? PICK(chance, methods) : "GET";
    request->length = 0;
    request->whole = *method >= 'A';
    put(request, method);
    put(request, " ");
    if (below(chance, 8) == 0) {
        put(request, PICK(chance, paths));
    } else {
        put(request, service->path);
        put_query(request, service, chance);
    }
    snprintf(host, sizeof host, " HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n",
             below(chance, 16) == 0 ? "example.org" : "127.0.0.1", port);
    put(request, host);
    if (below(chance, 6) == 0) {
        put(request, PICK(chance, headers));
        put(request, "\r\n");
        request->whole = false;
    }
    put(request, "\r\n");
}

static void change_bytes(struct request_text *request, uint64_t *chance)
{
    request->whole = false;
    for (size_t changes = 1 + below(chance, 8); changes > 0; changes--) {
        size_t at = below(chance, request->length);
        if (below(chance, 4) == 0)
            request->length = at + 1; // cut off
        else
            request->text[at] = (char)draw(chance);
    }
}

/* ---- asking ---- */

struct answer {
    char text[ANSWER_ROOM];
    size_t length;
    int status; /* 0: none */
    const char *body;
};

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct linger reset = {1, 0}; // no port waits behind 10^5 connections
    struct timeval patience = {HALF_A_MINUTE, 0};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (client >= 0 && connect(client, (struct sockaddr *)&address, sizeof address) == 0)
        return client;
    if (client >= 0)
        close(client);
    return -1;
}

/* A request whose changed bytes hold another's beginning has a second answer, which is not judged. */
static void cut_behind(struct answer *answer)
{
    static const char key[] = "\r\nContent-Length: ";
    const char *length = strstr(answer->text, key);
    size_t body = (size_t)(answer->body - answer->text), own = 0;
    if (!*answer->body || !length || length > answer->body || sscanf(length + sizeof key - 1, "%zu", &own) != 1)
        return;
    if (own < answer->length - body)
        answer->text[body + own] = '\0';
}

static void ask(const struct request_text *request, int port, struct answer *answer)
{
    int client = connect_to(port);
    ssize_t got;
    answer->length = 0;
    answer->status = 0;
    if (client >= 0 && send(client, request->text, request->length, MSG_NOSIGNAL) == (ssize_t)request->length) {
        if (!request->whole)
            shutdown(client, SHUT_WR);
        while (answer->length < ANSWER_ROOM - 1 &&
               (got = recv(client, answer->text + answer->length, ANSWER_ROOM - 1 - answer->length, 0)) > 0)
            answer->length += (size_t)got;
    }
    if (client >= 0)
        close(client);
    answer->text[answer->length] = '\0';
    const char *begin = answer->text, *end;
    do {
        if (sscanf(begin, "HTTP/1.%*d %d", &answer->status) != 1)
            answer->status = 0;
        end = strstr(begin, "\r\n\r\n");
        begin = end ? end + 4 : "";
    } while (answer->status == 100); // Continue, and then the answer
    answer->body = begin;
    cut_behind(answer);
}

/* ---- judging ---- */

static bool is_refusal(const char *body)
{
    json_t *object = json_loads(body, 0, NULL);
    const char *why = json_string_value(json_object_get(object, "error"));
    bool says = why && *why;
    json_decref(object);
    return says;
}

static const char *fault(const struct request_text *request, const struct answer *answer)
{
    static const char *const words[] = {"Sanitizer", "runtime error:", "internal error"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(answer->body, words[i]))
            return words[i];
    if (request->whole && strstr(answer->body, "without a word")) // else the job ended with its half-closed client
        return "a job that failed";
    if (answer->status == 0)
        return request->whole ? "no answer" : NULL;
    if (answer->status < 200 || answer->status >= STATUSES)
        return "a status of no kind";
    bool ours = strstr(answer->text, "Content-Security-Policy") != NULL, head = strncmp(request->text, "HEAD", 4) == 0;
    if (answer->status >= 400 && ours && !head && answer->length < ANSWER_ROOM - 1 && !is_refusal(answer->body))
        return "a refusal that says nothing";
    return NULL;
}

static void note(long number, const struct request_text *request, const struct answer *answer)
{
    const char *why = fault(request, answer);
    pthread_mutex_lock(&state.mutex);
    state.statuses[answer->status < 0 || answer->status >= STATUSES ? 0 : answer->status]++;
    state.failed += why != NULL;
    if (why)
        printf("request %ld: %s\n%.*s\n%.2000s\n", number, why, (int)(request->length < 2000 ? request->length : 2000),
               request->text, answer->text);
    pthread_mutex_unlock(&state.mutex);
}

static long take_number(void)
{
    pthread_mutex_lock(&state.mutex);
    long number = state.next < count ? state.next++ : -1;
    pthread_mutex_unlock(&state.mutex);
    return number;
}

static void *work(void *unused)
{
    static _Thread_local struct request_text request;
    static _Thread_local struct answer answer;
    (void)unused;
    for (long number; (number = take_number()) >= 0;) {
        uint64_t chance = seed * 0x2545F4914F6CDD1Du + (uint64_t)number;
        int port = server_port(servers[number % EVERY == 0]);
        make_request(&request, &chance, port);
        if (below(&chance, 3) == 0)
            change_bytes(&request, &chance);
        ask(&request, port, &answer);
        note(number, &request, &answer);
    }
    return NULL;
}

/* ---- the whole ---- */

static long resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void run_workers(void)
{
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
}

/* A plain request still gets its answer. */
static bool still_serves(int which)
{
    static struct request_text request;
    static struct answer answer;
    char text[128];
    snprintf(text, sizeof text, "GET /predict?layers=2 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n",
             server_port(servers[which]));
    request = (struct request_text){.whole = true};
    put(&request, text);
    ask(&request, server_port(servers[which]), &answer);
    return answer.status == 200;
}

static int report(double begun, long before)
{
    long after = resident();
    bool served = still_serves(0) && still_serves(1), grew = after - before > GROWTH_MOST;
    printf("%ld requests in %.0f s;", count - first, clock_now() - begun);
    for (int i = 0; i < STATUSES; i++)
        if (state.statuses[i] > 0 && i == 0)
            printf(" no answer to what is no HTTP: %ld;", state.statuses[i]);
        else if (state.statuses[i] > 0)
            printf(" %d: %ld;", i, state.statuses[i]);
    printf(" memory %ld to %ld kB; %ld failed%s%s\n", before, after, state.failed, grew ? "; memory grew" : "",
           served ? "" : "; it serves no longer");
    return state.failed > 0 || grew || !served;
}

int main(int argc, char **argv)
{
    struct error error;
    struct server_options options = server_defaults();
    char echo[] = "/bin/echo";
    if (argc < 3) {
        fprintf(stderr, "usage: requests COUNT PROGRAM [SEED [FIRST]]\n");
        return 2;
    }
    state.next = first = argc > 4 ? atol(argv[4]) : 0;
    count = first + atol(argv[1]);
    seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    cleanup_install();
    options.limits = (struct job_limits){SIZE_MAX, 20}; // a sanitizer's shadow is larger than any limit
    for (int i = 0; i < 2; i++) {
        options.name = i == 0 ? echo : argv[2];
        if (server_start(&servers[i], &options, &stop, &error) != ERROR_NONE) {
            fprintf(stderr, "%s\n", error.text);
            return 3;
        }
    }
    bool ready = still_serves(0) && still_serves(1);
    long before = resident();
    double begun = clock_now();
    if (!ready)
        fprintf(stderr, "the servers do not answer\n");
    else
        run_workers();
    int status = ready ? report(begun, before) : 3;
    stop = 1;
    server_stop(servers[0]);
    server_stop(servers[1]);
    return status;
}
