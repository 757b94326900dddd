/* The processes of one job under mpirun, in builds with MPI=1; else this process is alone. Rank 0 reads, writes and keeps;
 * the others work for it. */
#ifndef SPANSCOPE_CLI_RANKS_H
#define SPANSCOPE_CLI_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* Before anything else; a program that was not started by mpirun stays alone. */
void ranks_start(int *argc, char ***argv);

/* Waits for the others. */
void ranks_end(void);

/* Ends all of them at once, with that status; returns where this process is alone. */
void ranks_abort(int status);

int ranks_count(void);
int ranks_own(void);   /* 0 to count - 1 */
int ranks_local(void); /* how many share this machine */

/* Bytes to and from another rank, in the order in which they were sent. Sending does not wait for the other, but where
 * much is under way. */
void ranks_send(int to, const void *bytes, size_t size);
void ranks_receive(int from, void *bytes, size_t size);

/* Lets what has been sent go on its way: some networks move large messages only while the sender speaks to MPI. */
void ranks_push(void);

/* Whether another rank has sent something, and which; ranks_first waits for one that does. Several threads may send and
 * receive, one at a time. */
bool ranks_waiting(int *from);
int ranks_first(void);

#endif
