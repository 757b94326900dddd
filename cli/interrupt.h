/* SIGINT and SIGTERM as a flag, so that what is done so far can be written. */
#ifndef SPANSCOPE_CLI_INTERRUPT_H
#define SPANSCOPE_CLI_INTERRUPT_H

#include <signal.h>

/* From the first call on, the signals set the flag; a second one ends the process as usual. */
const volatile sig_atomic_t *interrupt_flag(void);

#endif
