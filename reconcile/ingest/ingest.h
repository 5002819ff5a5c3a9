/* ingest - source and lake files into facts: one queue of files, largest first, emptied by worker threads.
 *
 * For a chain of runs the sources are listed once and each file is read once, for all lakes that have not merged it.
 *
 * A file that the state holds unchanged under the same digest plan is not read again. What is wrong in a file becomes
 * problems that stay with it. Adds every file's state source id to run->sources. */
#ifndef LAKEPROOF_RECONCILE_INGEST_INGEST_H
#define LAKEPROOF_RECONCILE_INGEST_INGEST_H

#include "reconcile/run.h"

int ingest_sources(struct run *run, struct error *error) MUST_USE;

#endif
