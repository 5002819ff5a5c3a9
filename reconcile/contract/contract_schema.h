/* contract_schema - the contract's table of keys, and the kinds of values that only a contract has.
 *
 * base/schema.h says how a table parses and documents itself. Inside reconcile/contract*.c and its test only. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_SCHEMA_H
#define LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_SCHEMA_H

#include "base/schema.h"
#include "reconcile/contract/contract.h"

extern const struct schema_type contract_type;       /* const struct column_type * */
extern const struct schema_type contract_tolerance;  /* struct tolerance */
/* contract_column.c: a struct contract_path; an array of one, of several (uint32_t at `also`); the steps of `as` */
extern const struct schema_type contract_path;
extern const struct schema_type contract_source;
extern const struct schema_type contract_sources;
extern const struct schema_type contract_steps;
/* contract_column.c: an entry of `columns` */
extern const struct schema_map contract_column_schema;
extern const struct schema_type contract_allowances; /* struct allow_rule *, uint32_t at `also` */
extern const struct schema_type contract_severities; /* struct severity_rule *, uint32_t at `also` */

extern const struct schema_type contract_where; /* const struct where * */

/* contract_where.c: what a condition asks of key attributes is of their types. */
int contract_check_where(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract,
			 const struct where *where) MUST_USE;
/* contract_lakes.c: whether a lake's name, key and condition can be, and the lakes as contracts of their own. */
int contract_make_lakes(struct schema_loader *loader, yaml_node_t *node, struct contract *contract,
			struct contract *lakes, uint32_t lake_count) MUST_USE;

/* contract.c: the contract's own table. */
extern const struct schema_map contract_schema;

#endif
