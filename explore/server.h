/* The explorer's web server: loopback only, files of the page from memory, everything else by jobs of this program.
 *
 * What it may take is bounded: connections, the bytes of a request, jobs at a time, those who wait for one, and each
 * job's memory, time and output. What is beyond is answered with 503; a client that reads slowly, not at all or goes
 * away costs its own connection, and its job ends.
 */
#ifndef SPANSCOPE_EXPLORE_SERVER_H
#define SPANSCOPE_EXPLORE_SERVER_H

#include <signal.h>

#include "sim/job.h"

struct server_options {
    int port;         /* 0: any that is free */
    const char *name; /* of the program that does the work; NULL: this one */
    int jobs;         /* at a time; streams have as many of their own */
    struct job_limits limits;
};

struct server_options server_defaults(void);

struct server;

/* ERROR_RESOURCE where it cannot listen. *stop, when not zero, ends the jobs under way. */
int server_start(struct server **server, const struct server_options *options, const volatile sig_atomic_t *stop,
                 struct error *error);
int server_port(const struct server *server);

/* To be called with *stop set; waits for the connections to end. */
void server_stop(struct server *server);

#endif
