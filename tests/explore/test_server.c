#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "explore/server.h"
#include "sim/clock.h"
#include "sim/cleanup.h"
#include "tests/program.h"
#include "tests/validate.h"

static struct server *server;
static volatile sig_atomic_t stop;
static char stub[4096];

/* A server whose work is done by a script in place of the program; NULL: by the program. */
static void start_with(const char *script, double seconds)
{
    struct error error;
    struct server_options options = server_defaults();
    program_setup();
    cleanup_install(); // SIGPIPE
    stop = 0;
    options.limits.seconds = seconds;
    if (script)
        program_script("stub", script);
    snprintf(stub, sizeof stub, "%s/stub", program_folder());
    options.name = script ? stub : getenv("SPANSCOPE");
    static char resolved[4096];
    if (!script) // jobs work in "/"
        options.name = realpath(options.name, resolved);
    ck_assert_msg(server_start(&server, &options, &stop, &error) == ERROR_NONE, "%s", error.text);
}

static void end(void)
{
    stop = 1;
    server_stop(server);
    program_teardown();
}

static int connect_to(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(client, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void say(int client, const char *text)
{
    size_t length = strlen(text);
    ck_assert_int_eq(send(client, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* "GET target" with our Host and a line of headers. */
static void ask(int client, const char *target, const char *header)
{
    char text[8192];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s\r\n", target,
             server_port(server), header);
    say(client, text);
}

static char answer[1 << 20];

/* Reads until the other side closes; the status, 0 where there is none. */
static int hear(int client)
{
    size_t length = 0;
    ssize_t got;
    int status = 0;
    while (length < sizeof answer - 1 && (got = recv(client, answer + length, sizeof answer - 1 - length, 0)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(client);
    return sscanf(answer, "HTTP/1.%*d %d", &status) == 1 ? status : 0;
}

static int get(const char *target, const char *header)
{
    int client = connect_to();
    ask(client, target, header);
    return hear(client);
}

static int raw(const char *text)
{
    int client = connect_to();
    say(client, text);
    shutdown(client, SHUT_WR);
    return hear(client);
}

#define HELLO "#!/bin/sh\necho '{\"hello\":1}'\n"

START_TEST(the_page_and_its_files)
{
    start_with(HELLO, 5);
    static const char *const files[] = {"/", "/app.js", "/style.css", "/chart.js"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_int_eq(get(files[i], ""), 200);
    ck_assert_ptr_nonnull(strstr(answer, "Content-Security-Policy: default-src 'none'"));
    ck_assert_int_eq(get("/predict", ""), 200);
    ck_assert_ptr_nonnull(strstr(answer, "{\"hello\":1}"));
    static const char *const nothing[] = {"/..", "/../../etc/passwd",  "/app.js/",
                                          "//",  "/%2e%2e/etc/passwd", "/Predict"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        ck_assert_int_eq(get(nothing[i], ""), 404);
    end();
}
END_TEST

START_TEST(others_are_refused)
{
    start_with(HELLO, 5);
    ck_assert_int_eq(raw("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"), 403);
    ck_assert_int_eq(raw("GET / HTTP/1.0\r\n\r\n"), 403);
    ck_assert_int_eq(get("/predict", "Origin: http://example.org\r\n"), 403);
    ck_assert_int_eq(get("/predict", "Sec-Fetch-Site: cross-site\r\n"), 403);
    ck_assert_int_eq(get("/", "Sec-Fetch-Site: cross-site\r\n"), 200); // a link leads here
    end();
}
END_TEST

START_TEST(malformed_and_oversized)
{
    static char text[1 << 18];
    start_with(HELLO, 5);
    ck_assert_int_eq(raw("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"),
                     405);
    int status = raw("GARBAGE\r\n\r\n");
    ck_assert_msg(status == 0 || (status >= 400 && status < 500), "%d", status);
    int length = snprintf(text, sizeof text, "GET /predict?placement=");
    memset(text + length, 'x', sizeof text - (size_t)length - 64);
    strcat(text, " HTTP/1.1\r\nHost: x\r\n\r\n");
    int client = connect_to();
    if (send(client, text, strlen(text), MSG_NOSIGNAL) < 0)
        text[0] = '\0';
    status = hear(client);
    ck_assert_msg(status == 0 || (status >= 400 && status < 500), "%d", status);
    ck_assert_int_eq(get("/predict?layers=%00", ""), 400);
    ck_assert_int_eq(get("/predict?output=x", ""), 400);
    ck_assert_int_eq(get("/predict", ""), 200); // it still serves
    end();
}
END_TEST

/* The message of a command is that of the command line, and so is its output. */
START_TEST(answers_are_the_commands)
{
    start_with(NULL, 30);
    ck_assert_int_eq(get("/predict?placement=x%20%3D%20nrm(x)", ""), 400);
    struct program program = PROGRAM("predict", "-p", "x = nrm(x)");
    ck_assert_int_eq(program.status, 2);
    ck_assert_ptr_nonnull(strstr(answer, "unknown function 'nrm'; did you mean 'norm'?"));
    char why[VALIDATE_WHY];
    json_t *refusal = json_loads(strstr(answer, "\r\n\r\n") + 4, 0, NULL),
           *schema = json_load_file("docs/schema/refusal.json", 0, NULL);
    ck_assert_msg(validate(schema, refusal, why), "%s", why);
    json_object_del(refusal, "error");
    ck_assert(!validate(schema, refusal, why));
    json_decref(refusal), json_decref(schema);
    ck_assert_ptr_nonnull(strstr(program.err, "unknown function 'nrm'; did you mean 'norm'?"));
    program_free(&program);
    ck_assert_int_eq(get("/predict?layers=3", ""), 200);
    program = PROGRAM("predict", "-L", "3", "-f", "json", "--width-limit");
    const char *own = strstr(program.out, "\"layers\":["), *theirs = strstr(answer, "\"layers\":[");
    ck_assert(own && theirs);
    ck_assert_str_eq(own, theirs);
    program_free(&program);
    ck_assert_int_eq(get("/samples?layers=2&width=16&samples=5", ""), 200);
    int events = 0;
    for (const char *at = answer; (at = strstr(at, "data: {\"schema\"")); at++)
        events++;
    ck_assert_int_eq(events, 4); // of 1, 2, 4 and 5 samples
    ck_assert_ptr_nonnull(strstr(answer, "event: done"));
    end();
}
END_TEST

/* What is no UTF-8 is refused in words that are. */
START_TEST(bytes_that_are_no_text)
{
    start_with(NULL, 30);
    ck_assert_int_eq(get("/predict?placement=%ff%fe", ""), 400);
    ck_assert_ptr_nonnull(strstr(answer, "??"));
    ck_assert_int_eq(get("/predict?%ff=1", ""), 400);
    ck_assert_int_eq(get("/samples?placement=x%3Da%ff", ""), 200);
    ck_assert_ptr_nonnull(strstr(answer, "event: refused"));
    end();
}
END_TEST

START_TEST(late_jobs_are_ended)
{
    start_with("#!/bin/sh\nsleep 60\n", 0.3);
    double begun = clock_now();
    ck_assert_int_eq(get("/predict", ""), 503);
    ck_assert_double_lt(clock_now() - begun, 20);
    end();
}
END_TEST

static long resident_kilobytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert(file && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* 200 at once: each is answered, with the work or with 503, and what serving them took is bounded by 256 connections of a
 * pool and a stack, 0.35 MB together, whatever their number. */
START_TEST(two_hundred_clients)
{
    enum { CLIENTS = 200 };
    int clients[CLIENTS], done = 0, busy = 0;
    start_with(HELLO, 10);
    long before = resident_kilobytes();
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to();
    for (int i = 0; i < CLIENTS; i++)
        ask(clients[i], "/predict?layers=4", "");
    for (int i = 0; i < CLIENTS; i++) {
        int status = hear(clients[i]);
        done += status == 200;
        busy += status == 503;
    }
    ck_assert_int_eq(done + busy, CLIENTS);
    ck_assert_int_gt(done, 0);
    ck_assert_int_lt(resident_kilobytes() - before, 100 * 1024);
    ck_assert_int_eq(get("/predict", ""), 200);
    end();
}
END_TEST

/* The jobs that wrote their numbers into the file "pids". */
static void expect_ended(void)
{
    char *pids = program_read("pids"), *end_of = pids;
    ck_assert_ptr_nonnull(pids);
    for (long pid; (pid = strtol(end_of, &end_of, 10)) > 0;) {
        double begun = clock_now();
        while (kill((pid_t)pid, 0) == 0 && clock_now() - begun < 20)
            usleep(10000);
        ck_assert_msg(kill((pid_t)pid, 0) != 0, "job %ld outlives its client", pid);
    }
    free(pids);
}

/* Output without an end to clients that never read: the others are served, memory stays, and the jobs end with them. */
START_TEST(clients_that_do_not_read)
{
    enum { CLIENTS = 4 };
    int clients[CLIENTS];
    start_with("#!/bin/sh\ncase $1 in run) echo $$ >> \"${0%stub}pids\"; exec yes 0123456789;; *) echo '{}';; esac\n",
               60);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to();
        ask(clients[i], "/samples", "");
    }
    usleep(1000000);
    long before = resident_kilobytes();
    usleep(1000000);
    ck_assert_int_lt(resident_kilobytes() - before, 20 * 1024);
    ck_assert_int_eq(get("/predict", ""), 200);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    expect_ended();
    end();
}
END_TEST

/* A job that says nothing is ended as well, long before its 60 s. */
START_TEST(clients_that_go)
{
    start_with("#!/bin/sh\necho $$ >> \"${0%stub}pids\"; exec sleep 60\n", 60);
    static const char *const targets[] = {"/predict", "/samples"};
    for (size_t i = 0; i < 2; i++) {
        int client = connect_to();
        ask(client, targets[i], "");
        usleep(500000);
        close(client);
    }
    expect_ended();
    end();
}
END_TEST

/* Bytes without sense, and requests with some bytes changed: no answer but an HTTP status or a closed connection, and the
 * server lives on. The seed is fixed. */
START_TEST(noise)
{
    unsigned state = 20261126;
    start_with(HELLO, 5);
    for (int i = 0; i < 300; i++) {
        char text[256];
        int length = snprintf(text, sizeof text, "GET /tables?layers=%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", i,
                              server_port(server));
        for (int changes = 0; changes < 1 + i % 7; changes++) {
            state = state * 1103515245u + 12345u;
            text[(state >> 8) % (unsigned)length] = (char)(state >> 16);
        }
        int client = connect_to();
        if (send(client, text, (size_t)length, MSG_NOSIGNAL) == length)
            shutdown(client, SHUT_WR);
        int status = hear(client);
        ck_assert_msg(status == 0 || status == 200 || (status >= 400 && status < 600), "%d", status);
    }
    ck_assert_int_eq(get("/predict", ""), 200);
    end();
}
END_TEST

Suite *server_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *tcase = tcase_create("server");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_page_and_its_files);
    tcase_add_test(tcase, others_are_refused);
    tcase_add_test(tcase, malformed_and_oversized);
    tcase_add_test(tcase, answers_are_the_commands);
    tcase_add_test(tcase, bytes_that_are_no_text);
    tcase_add_test(tcase, late_jobs_are_ended);
    tcase_add_test(tcase, two_hundred_clients);
    tcase_add_test(tcase, clients_that_do_not_read);
    tcase_add_test(tcase, clients_that_go);
    tcase_add_test(tcase, noise);
    suite_add_tcase(suite, tcase);
    return suite;
}
