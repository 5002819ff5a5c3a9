/* contract_schema - the contract's table of keys, and the kinds of values that only a contract has.
 *
 * base/schema.h says how a table parses and documents itself. Inside reconcile/contract*.c and its test only. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_SCHEMA_H
#define LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_SCHEMA_H

#include "base/schema.h"
#include "reconcile/contract/contract.h"

extern const struct schema_type contract_type;      /* const struct column_type * */
extern const struct schema_type contract_tolerance; /* struct tolerance */
/* contract_column.c: a struct contract_path; an array of one, of several (uint32_t at `also`); the steps of `as` */
extern const struct schema_type contract_path;
extern const struct schema_type contract_source;
extern const struct schema_type contract_sources;
extern const struct schema_type contract_steps;
/* contract_column.c: an entry of `columns` */
extern const struct schema_map contract_column_schema;
extern const struct schema_type contract_allowances; /* struct allow_rule *, uint32_t at `also` */
extern const struct schema_type contract_severities; /* struct severity_rule *, uint32_t at `also` */

/* What the table fills in of a source before it becomes a struct contract_source. */
enum { EMPTY_IS_NULL = 0, EMPTY_IS_TEXT };
enum { IMAGES_PLAIN = 0, IMAGES_DYNAMODB };
enum { DELETE_IS_KEY = 0, DELETE_IS_OLD };
enum { NULLS_ABSENT = 0, NULLS_NULL };
struct draft_rows {
	int64_t version;
	int preset, unit, empty, images, delete_image, nulls;
	const char *operation, *stamp, *sequence, *event_id, *keys, *image, *old_image, *delimiter, *null_text, *record;
	const char *const *put, *const *insert, *const *modify, *const *remove, *const *names;
	uint32_t put_count, insert_count, modify_count, remove_count, name_count;
	int64_t precision_us;
	bool keep, no_deletes;
	const struct rows_field *fields;
	const struct rows_typed *types;
	uint32_t field_count, type_count;
};
struct draft_source {
	struct contract_source source;
	const char *export, *events, *items, *of_rows;
	int format;
	struct draft_rows rows;
};

/* contract_rows.c: their keys, and what a source that is rows comes to; its kind, format and window are known. */
extern const struct schema_type contract_attribute_types;  /* struct rows_typed *, uint32_t at `also` */
extern const struct schema_type contract_attribute_fields; /* struct rows_field *, uint32_t at `also` */
extern const struct schema_map contract_operation_schema, contract_stamp_schema;
int contract_take_rows(struct schema_loader *loader, yaml_node_t *node, struct draft_source *draft) MUST_USE;
/* Whether the columns can be made of sources whose images do not keep their types. */
int contract_check_rows(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract) MUST_USE;

extern const struct schema_type contract_where; /* const struct where * */

/* contract_where.c: what a condition asks of key attributes is of their types. */
int contract_check_where(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract,
			 const struct where *where) MUST_USE;
/* contract_lakes.c: whether a lake's name, key and condition can be, and the lakes as contracts of their own. */
int contract_make_lakes(struct schema_loader *loader, yaml_node_t *node, struct contract *contract,
			struct contract *lakes, uint32_t lake_count) MUST_USE;

/* contract.c: the contract's own table. */
extern const struct schema_map contract_schema;

/* contract_shape.c: what a history's and an event's rows are described by, and whether a lake may be of its shape. */
extern const struct schema_map contract_history_schema, contract_operations_schema;
int contract_check_shape(struct schema_loader *loader, yaml_node_t *node, struct contract *lake) MUST_USE;

#endif
