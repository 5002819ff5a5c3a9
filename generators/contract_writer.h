/* contract_writer - the contract that a generated history is to be judged by, and the columns its pipeline writes.
 *
 * Both name the same columns: the key's (S string, N decimal(38,0), B binary), the attributes' of all entities, the
 * TTL's. */
#ifndef LAKEPROOF_GENERATORS_CONTRACT_WRITER_H
#define LAKEPROOF_GENERATORS_CONTRACT_WRITER_H

#include "generators/stream_format.h"

/* A full export, or a dump. */
struct contract_export {
	const char *folder; /* relative to the contract; NULL for none */
	bool dump;
	const char *items;      /* of a dump, its format; NULL: it is rows */
	const char *rows;       /* of rows, what is said of them; NULL: CSV, a full load by DMS */
	int64_t from_us, to_us; /* of a dump, when it was read */
};

struct contract_parts {
	const struct model *model;
	struct contract_export exports[3];
	struct slice increments;            /* folders of incremental exports, each with a line break after it */
	const struct stream_format *events; /* how they landed; NULL for none */
	bool with_from, with_to;            /* the records alone do not show that the capture covers the exports */
	int64_t from_us, to_us;
};

/* contract.yaml */
int contract_write(const struct contract_parts *parts, struct buffer *yaml) MUST_USE;
/* What the embedded pipeline takes with --columns: NAME TYPE ATTRIBUTE [key] a line. */
int contract_write_pipeline(const struct model *model, struct buffer *text) MUST_USE;

/* Of a table of several entities whose keys tell them apart: a contract of one lake each, and what the embedded
 * pipeline takes to make it: such lines, after those that say which items, "$only ATTRIBUTE TEXT" or TEXT* for a
 * beginning. */
bool contract_has_lakes(const struct model *model);
int contract_write_lakes(const struct contract_parts *parts, struct buffer *yaml) MUST_USE;
int contract_write_lake_pipeline(const struct model *model, uint32_t entity, struct buffer *text) MUST_USE;

#endif
