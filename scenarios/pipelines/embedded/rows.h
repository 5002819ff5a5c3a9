/* rows - rows put and taken away as somebody else has decided: the Delta writer of pipelines that are no program. */
#ifndef LAKEPROOF_PIPELINE_ROWS_H
#define LAKEPROOF_PIPELINE_ROWS_H

#include "scenarios/pipelines/embedded/pipeline.h"

/* One commit. `upserts` is a file of items, `deletes` of keys, both in DynamoDB JSON, one a line; NULL: none. A row of
 * an upsert's key is replaced. ERROR_DATA when a line is no such thing or a key stands twice. */
int rows_apply(struct pipeline *pipeline, const char *upserts, const char *deletes, struct error *error) MUST_USE;

#endif
