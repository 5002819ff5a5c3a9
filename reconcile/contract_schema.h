/* contract_schema - the contract's table of keys, and the kinds of values that only a contract has.
 *
 * base/schema.h says how a table parses and documents itself. Inside reconcile/contract*.c and its test only. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_SCHEMA_H
#define LAKEPROOF_RECONCILE_CONTRACT_SCHEMA_H

#include "base/schema.h"
#include "reconcile/contract.h"

extern const struct schema_type contract_type;       /* const struct column_type * */
extern const struct schema_type contract_path;       /* const char **, uint32_t at `also`: "a.b" or [a, b] */
extern const struct schema_type contract_tolerance;  /* struct tolerance */
extern const struct schema_type contract_allowances; /* struct allow_rule *, uint32_t at `also` */
extern const struct schema_type contract_severities; /* struct severity_rule *, uint32_t at `also` */

/* contract.c: the contract's own table. */
extern const struct schema_map contract_schema;

#endif
