/* contract_rows - a source that is rows of fields, as a contract says it: what fills a rows_shape but for the types
 * that columns ask for.
 *
 * Inside reconcile/contract*.c the draft is what the table of keys fills; outside only struct contract_rows is of use.
 */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_ROWS_H
#define LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_ROWS_H

#include "sources/rows.h"

/* The field that holds an attribute, where that is named otherwise. */
struct rows_field {
	const char *attribute, *field;
};

/* An attribute of which the contract says the type. */
struct rows_typed {
	const char *attribute;
	enum rows_kind kind;
};

struct contract_rows {
	struct rows_shape shape; /* without attributes */
	const struct rows_field *fields;
	uint32_t field_count;
	const struct rows_typed *types;
	uint32_t type_count;
	bool puts_only; /* no row says that an item went */
};

#endif
