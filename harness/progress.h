/* progress - what is going on, on stderr.
 *
 * On a terminal one line, redrawn at most four times a second; elsewhere a plain line when a step ends. Silent under
 * --quiet. Thread-safe: workers add, one of them draws; begin and end are for the thread that runs the step. */
#ifndef LAKEPROOF_HARNESS_PROGRESS_H
#define LAKEPROOF_HARNESS_PROGRESS_H

#include <stdint.h>

/* Begins a step, e.g. "reading sources", of `total` units ("files", "items"); total 0 when unknown. */
void progress_begin(const char *step, uint64_t total, const char *unit);
void progress_add(uint64_t units, uint64_t bytes);
/* Ends the step with a line such as "reading sources: 12 files, 119 MB in 1.2 s". */
void progress_end(void);
/* A log line on stderr ("note: …"), kept clear of the progress line. */
void progress_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
