/* moment - named moments of a run at which the pipeline kills itself when asked to, as a machine that fails would.
 *
 * One moment a process, armed once by main. Not thread-safe. */
#ifndef LAKEPROOF_PIPELINE_MOMENT_H
#define LAKEPROOF_PIPELINE_MOMENT_H

/* NULL: none. */
void moment_arm(const char *name);
/* Does not return when `name` is the armed one. */
void moment_reach(const char *name);

#endif
