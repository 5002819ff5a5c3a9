/* contract_schema - a table of keys that drives parsing, error messages, docs/contract.md and
 * docs/contract.schema.json.
 *
 * A schema_map says which keys a YAML mapping may have; each schema_key says what its value must be and where it goes
 * in the target struct. Parsing refuses unknown keys (with the nearest match), duplicates, missing required keys and
 * values of the wrong type or range, each with line and column. Scalars have ${NAME} replaced from the environment;
 * "$${" stands for a literal "${". Everything parsed lives in the loader's arena. Inside reconcile/contract*.c only. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_SCHEMA_H
#define LAKEPROOF_RECONCILE_CONTRACT_SCHEMA_H

#include <yaml.h>

#include "base/buffer.h"
#include "reconcile/contract.h"

enum schema_kind {
	SCHEMA_TEXT,          /* const char *, not empty */
	SCHEMA_BOOLEAN,       /* bool */
	SCHEMA_INTEGER,       /* int64_t, min to max */
	SCHEMA_TIME,          /* int64_t microseconds; bool at `also` is set */
	SCHEMA_DURATION,      /* int64_t microseconds */
	SCHEMA_CHOICE,        /* int: min + the choice's index */
	SCHEMA_TYPE,          /* const struct column_type * */
	SCHEMA_ATTRIBUTE,     /* const char **, uint32_t at `also`: "a.b" or [a, b] */
	SCHEMA_TEXTS,         /* const char **, uint32_t at `also` */
	SCHEMA_MAP,           /* `map`, into the same target */
	SCHEMA_CHOICE_OR_MAP, /* either */
	SCHEMA_LIST,          /* array of `element_size` bytes each, uint32_t at `also`; elements are `map` */
	SCHEMA_ALLOW,         /* struct allow_rule *, uint32_t at `also`: any name: number or percentage */
	SCHEMA_SEVERITY,      /* struct severity_rule *, uint32_t at `also`: any name: level */
	SCHEMA_LATER          /* known, but not supported yet */
};

struct schema_map;

struct schema_key {
	const char *name;
	enum schema_kind kind;
	bool required;
	size_t offset;
	size_t also;
	int64_t min, max;    /* SCHEMA_LIST: number of elements */
	const char *choices; /* "a|b" */
	const struct schema_map *map;
	size_t element_size;
	const char *fallback; /* the default, for documentation; NULL: none */
	const char *help;     /* one sentence, lower case, no full stop */
};

struct contract_loader {
	yaml_document_t *document;
	struct arena *arena;
	const char *path;
	struct error *error;
};

struct schema_map {
	const struct schema_key *keys; /* ends with name NULL */
	/* What the keys cannot say alone; NULL: nothing. */
	int (*check)(struct contract_loader *loader, yaml_node_t *node, void *target);
};

int schema_parse(struct contract_loader *loader, const struct schema_map *map, yaml_node_t *node,
		 void *target) MUST_USE;
/* ERROR_USAGE with "path:line:column: " before the message. */
int schema_error(struct contract_loader *loader, const yaml_node_t *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* The value of that key in a mapping, or NULL. */
yaml_node_t *schema_find(struct contract_loader *loader, yaml_node_t *node, const char *key);

/* The table as Markdown tables (docs/contract.md) and as JSON Schema (docs/contract.schema.json). */
int schema_write_markdown(const struct schema_map *map, struct buffer *text) MUST_USE;
int schema_write_json(const struct schema_map *map, struct buffer *text) MUST_USE;
/* contract.c: the contract's own table. */
extern const struct schema_map contract_schema;

#endif
