/* csv - the CSV of Database Migration Service, row by row, as the flat JSON that change.h reads.
 *
 * A row is Op (I, U or D), the commit time, then the attributes in the order in which the lake's columns first name
 * them. \N is null. A field of an attribute that a nested column takes, or a column deeper than one name, is JSON. */
#ifndef LAKEPROOF_PIPELINE_CSV_H
#define LAKEPROOF_PIPELINE_CSV_H

#include "scenarios/pipelines/embedded/lake.h"
#include "scenarios/pipelines/embedded/landing.h"

/* As landing_walk. */
int csv_walk(const char *path, struct slice bytes, const struct lake *lake, struct json_parser *parser,
	     const struct landing_sink *sink, struct error *error) MUST_USE;

#endif
