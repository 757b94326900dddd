#include "cli/ranks.h"

#include <stdlib.h>

#ifdef WITH_MPI
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "cli/status.h"

static int count = 1, own;

/* MPI would start services of its own for a lone process. */
static int is_job(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

void ranks_start(int *argc, char ***argv)
{
    int provided;
    if (!is_job())
        return;
    MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    MPI_Comm_rank(MPI_COMM_WORLD, &own);
    if (provided >= MPI_THREAD_SERIALIZED)
        return;
    fputs("spanscope: this MPI lets the first thread alone speak; one that serialises them is needed\n", stderr);
    MPI_Abort(MPI_COMM_WORLD, STATUS_RESOURCE);
}

int ranks_local(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    int local = text ? atoi(text) : 1;
    return local > 0 ? local : 1;
}

/* A message of MPI counts in int. */
enum { MESSAGE_MAX = 1 << 30 };

/* What is under way. A ring: messages to one rank arrive in order, and so are done with about in order. */
enum { SENT_MOST = 256, SENT_BYTES = 1 << 26 };
static struct sent {
    MPI_Request request;
    void *bytes;
    size_t size;
} sent[SENT_MOST];
static size_t sent_first, sent_count, sent_bytes;

/* Gives back the oldest; waits for it where there is no room for `size` bytes more. */
static bool give_back(size_t size)
{
    struct sent *oldest = &sent[sent_first];
    int done = 0;
    if (sent_count == SENT_MOST || sent_bytes + size > SENT_BYTES) {
        MPI_Wait(&oldest->request, MPI_STATUS_IGNORE);
        done = 1;
    } else {
        MPI_Test(&oldest->request, &done, MPI_STATUS_IGNORE);
    }
    if (!done)
        return false;
    free(oldest->bytes);
    sent_bytes -= oldest->size;
    sent_first = (sent_first + 1) % SENT_MOST;
    sent_count--;
    return true;
}

/* Sends a copy while the caller goes on; without memory for one, it waits. */
static void send_part(int to, const void *bytes, size_t size)
{
    while (sent_count > 0 && give_back(size))
        ;
    struct sent *next = &sent[(sent_first + sent_count) % SENT_MOST];
    *next = (struct sent){.bytes = malloc(size), .size = size};
    if (!next->bytes) {
        MPI_Send(bytes, (int)size, MPI_BYTE, to, 0, MPI_COMM_WORLD);
        return;
    }
    memcpy(next->bytes, bytes, size);
    MPI_Isend(next->bytes, (int)size, MPI_BYTE, to, 0, MPI_COMM_WORLD, &next->request);
    sent_bytes += size;
    sent_count++;
}

void ranks_send(int to, const void *bytes, size_t size)
{
    const char *at = bytes;
    for (size_t part; size > 0; size -= part, at += part) {
        part = size < MESSAGE_MAX ? size : MESSAGE_MAX;
        send_part(to, at, part);
    }
}

void ranks_push(void)
{
    while (sent_count > 0 && give_back(0))
        ;
}

void ranks_end(void)
{
    while (sent_count > 0)
        give_back(SENT_BYTES);
    if (is_job())
        MPI_Finalize();
}

void ranks_abort(int status)
{
    if (count > 1)
        MPI_Abort(MPI_COMM_WORLD, status);
}

void ranks_receive(int from, void *bytes, size_t size)
{
    char *at = bytes;
    for (size_t part; size > 0; size -= part, at += part) {
        part = size < MESSAGE_MAX ? size : MESSAGE_MAX;
        MPI_Recv(at, (int)part, MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

bool ranks_waiting(int *from)
{
    MPI_Status status;
    int found = 0;
    if (count > 1)
        MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &found, &status);
    if (found)
        *from = status.MPI_SOURCE;
    return found != 0;
}

int ranks_first(void)
{
    MPI_Status status;
    MPI_Probe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &status);
    return status.MPI_SOURCE;
}

int ranks_count(void)
{
    return count;
}

int ranks_own(void)
{
    return own;
}

#else

void ranks_start(int *argc, char ***argv)
{
    (void)argc, (void)argv;
}

void ranks_end(void)
{
}

void ranks_abort(int status)
{
    (void)status;
}

int ranks_local(void)
{
    return 1;
}

void ranks_send(int to, const void *bytes, size_t size)
{
    (void)to, (void)bytes, (void)size;
}

void ranks_receive(int from, void *bytes, size_t size)
{
    (void)from, (void)bytes, (void)size;
}

void ranks_push(void)
{
}

bool ranks_waiting(int *from)
{
    (void)from;
    return false;
}

int ranks_first(void)
{
    return 0;
}

int ranks_count(void)
{
    return 1;
}

int ranks_own(void)
{
    return 0;
}
#endif
