/* Every signal that would end the process, but for its own faults, as a flag, so that what is done so far can be written. */
#ifndef SPANSCOPE_CLI_INTERRUPT_H
#define SPANSCOPE_CLI_INTERRUPT_H

#include <signal.h>

/* From the first call on, the signals set the flag; a second one ends the process at once. Before it a signal ends the
 * process as usual: it is to be called when there is something to lose, not while files are waited for. */
const volatile sig_atomic_t *interrupt_flag(void);

#endif
