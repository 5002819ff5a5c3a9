/* schema - a table of keys that drives the parsing of a YAML file, its error messages, its documentation and its JSON
 * Schema.
 *
 * A schema_map says which keys a YAML mapping may have; each schema_key says what its value must be and where it goes
 * in the target struct. Parsing refuses unknown keys (with the nearest match), duplicates, missing required keys and
 * values of the wrong type or range, each with line and column. Scalars have ${NAME} replaced from the environment;
 * "$${" stands for a literal "${". What a key leaves out is not written, so the caller's values there are the defaults
 * (elements of lists start as zeros). Everything parsed lives in the loader's arena. A value that only one file's
 * format knows is a SCHEMA_OTHER: its schema_type reads and documents it. Errors: ERROR_USAGE for what the file says,
 * ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_BASE_SCHEMA_H
#define LAKEPROOF_BASE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

enum { SCHEMA_LIST_MAX = 100000, SCHEMA_FILE_MAX = 4 * 1024 * 1024 };

enum schema_kind {
	SCHEMA_TEXT,          /* const char *, not empty */
	SCHEMA_BOOLEAN,       /* bool */
	SCHEMA_INTEGER,       /* int64_t, min to max */
	SCHEMA_TIME,          /* int64_t microseconds; bool at `also` is set */
	SCHEMA_DURATION,      /* int64_t microseconds */
	SCHEMA_CHOICE,        /* int: min + the choice's index */
	SCHEMA_TEXTS,         /* const char **, uint32_t at `also` */
	SCHEMA_MAP,           /* `map`, into the same target */
	SCHEMA_CHOICE_OR_MAP, /* either */
	SCHEMA_LIST,          /* array of `element_size` bytes each, uint32_t at `also`; elements are `map` */
	SCHEMA_OTHER,         /* as `type` says */
	SCHEMA_LATER          /* known, but not supported yet */
};

struct schema_map;
struct schema_key;

struct schema_loader {
	yaml_document_t *document;
	struct arena *arena;
	const char *path;
	const char *what; /* the file in messages: "contract" */
	struct error *error;
};

/* A kind of value of the caller's own. */
struct schema_type {
	const char *words; /* what it is, for people; choices of the key follow */
	const char *json;  /* members of a JSON Schema object: "\"type\": \"string\"" */
	int (*read)(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target);
};

struct schema_key {
	const char *name;
	enum schema_kind kind;
	bool required;
	size_t offset;
	size_t also;
	int64_t min, max;    /* SCHEMA_LIST: number of elements */
	const char *choices; /* "a|b" */
	const struct schema_map *map;
	const struct schema_type *type;
	size_t element_size;
	const char *fallback; /* the default, for documentation; NULL: none */
	const char *help;     /* one sentence, lower case, no full stop */
};

struct schema_map {
	const struct schema_key *keys; /* ends with name NULL */
	/* What the keys cannot say alone; NULL: nothing. */
	int (*check)(struct schema_loader *loader, yaml_node_t *node, void *target);
};

/* A YAML text that holds one document and nothing after it. The loader's arena, path, what and error are set; its
 * document is set only during the call. */
int schema_parse(struct schema_loader *loader, const struct schema_map *map, struct slice text, void *target) MUST_USE;
/* A file of at most SCHEMA_FILE_MAX bytes into an initialised buffer, for schema_parse. */
int schema_read_file(const char *path, const char *what, struct buffer *text, struct error *error) MUST_USE;

/* ---- for checks and for types of the caller's own */

int schema_parse_map(struct schema_loader *loader, const struct schema_map *map, yaml_node_t *node,
		     void *target) MUST_USE;
/* ERROR_USAGE with "path:line:column: " before the message. */
#define schema_error(...) error_nonzero(schema_refuse(__VA_ARGS__))
#define schema_out_of_memory(loader) error_nonzero(schema_no_memory(loader))
int schema_refuse(struct schema_loader *loader, const yaml_node_t *node, const char *format, ...) PRINTF_LIKE(3, 4);
int schema_no_memory(struct schema_loader *loader);
/* The value of that key in a mapping, or NULL. */
yaml_node_t *schema_find(struct schema_loader *loader, yaml_node_t *node, const char *key);
/* Pairs of a mapping, entries of a list, 0 for a scalar. */
size_t schema_count(const yaml_node_t *node);
/* A scalar's text with variables replaced, in the arena, not empty; `name` is for messages. */
int schema_text(struct schema_loader *loader, yaml_node_t *node, const char *name, const char **text) MUST_USE;
/* A list of scalars to key->offset and key->also. */
int schema_texts(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target) MUST_USE;
/* Zeroed elements, put where the key says together with their number; NULL when out of memory. */
void *schema_store(struct schema_loader *loader, const struct schema_key *key, size_t count, size_t size,
		   void *target) MUST_USE;
/* How much of a value a message shows. */
int schema_shown(const char *text);
/* The choice's index in "a|b", or -1. */
int schema_choice(const char *choices, const char *text);
/* Whether `known` is what a mistyped name may mean, and nearer to it than *fewest edits, which it then becomes; begin
 * with SIZE_MAX. */
bool schema_nearer(struct slice name, const char *known, size_t *fewest);

/* ---- documentation: the same table parses, so it cannot say otherwise */

/* Markdown tables under headings; `what` names the outermost mapping. */
int schema_write_markdown(const struct schema_map *map, const char *what, struct buffer *text) MUST_USE;
int schema_write_json(const struct schema_map *map, const char *title, struct buffer *text) MUST_USE;

#endif
