#include "cli/ranks.h"

#include <stdlib.h>

#ifdef WITH_MPI
#include <mpi.h>
#include <stdio.h>

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

void ranks_end(void)
{
    if (is_job())
        MPI_Finalize();
}

void ranks_abort(int status)
{
    if (count > 1)
        MPI_Abort(MPI_COMM_WORLD, status);
}

int ranks_local(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    int local = text ? atoi(text) : 1;
    return local > 0 ? local : 1;
}

/* A message of MPI counts in int. */
enum { MESSAGE_MAX = 1 << 30 };

void ranks_send(int to, const void *bytes, size_t size)
{
    const char *at = bytes;
    for (size_t part; size > 0; size -= part, at += part) {
        part = size < MESSAGE_MAX ? size : MESSAGE_MAX;
        MPI_Send(at, (int)part, MPI_BYTE, to, 0, MPI_COMM_WORLD);
    }
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
