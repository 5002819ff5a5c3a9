#include "harness/runner/yaml_merge.h"

enum { DEPTH_MAX = 60 };

struct merge {
	yaml_document_t *to;
	const struct yaml_either *either;
	struct error *error;
};

static int no_memory(const struct merge *merge)
{
	(void)error_set(merge->error, ERROR_INTERNAL, "out of memory for a YAML document");
	return 0;
}

static bool same_scalar(const yaml_node_t *a, const yaml_node_t *b)
{
	return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
	       slice_equal((struct slice){(const char *)a->data.scalar.value, a->data.scalar.length},
			   (struct slice){(const char *)b->data.scalar.value, b->data.scalar.length});
}

static yaml_node_t *value_of(yaml_document_t *document, const yaml_node_t *map, const yaml_node_t *name)
{
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++)
		if (same_scalar(yaml_document_get_node(document, pair->key), name))
			return yaml_document_get_node(document, pair->value);
	return NULL;
}

/* Number of the copy in the new document, or 0 with the error set; so do all below. */
static int copy(struct merge *merge, yaml_document_t *from, const yaml_node_t *node, int depth)
{
	int made = 0;

	if (depth > DEPTH_MAX) {
		(void)error_set(merge->error, ERROR_USAGE, "a YAML document is nested deeper than %d levels",
				DEPTH_MAX);
		return 0;
	}
	if (node->type == YAML_SCALAR_NODE) {
		made = yaml_document_add_scalar(merge->to, node->tag, node->data.scalar.value,
						(int)node->data.scalar.length, node->data.scalar.style);
		return made != 0 ? made : no_memory(merge);
	}
	if (node->type == YAML_SEQUENCE_NODE) {
		made = yaml_document_add_sequence(merge->to, node->tag, node->data.sequence.style);
		yaml_node_item_t *item = made != 0 ? node->data.sequence.items.start : NULL;
		for (; item != NULL && item < node->data.sequence.items.top; item++) {
			int entry = copy(merge, from, yaml_document_get_node(from, *item), depth + 1);
			if (entry == 0)
				return 0;
			if (!yaml_document_append_sequence_item(merge->to, made, entry))
				return no_memory(merge);
		}
		return made != 0 ? made : no_memory(merge);
	}
	made = yaml_document_add_mapping(merge->to, node->tag, node->data.mapping.style);
	yaml_node_pair_t *pair = made != 0 ? node->data.mapping.pairs.start : NULL;
	for (; pair != NULL && pair < node->data.mapping.pairs.top; pair++) {
		int key = copy(merge, from, yaml_document_get_node(from, pair->key), depth + 1);
		int value = key == 0 ? 0 : copy(merge, from, yaml_document_get_node(from, pair->value), depth + 1);
		if (value == 0)
			return 0;
		if (!yaml_document_append_mapping_pair(merge->to, made, key, value))
			return no_memory(merge);
	}
	return made != 0 ? made : no_memory(merge);
}

static bool names(const yaml_node_t *node, const char *text)
{
	return node->type == YAML_SCALAR_NODE &&
	       slice_is((struct slice){(const char *)node->data.scalar.value, node->data.scalar.length}, text);
}

static bool has(yaml_document_t *document, const yaml_node_t *map, const char *name)
{
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++)
		if (names(yaml_document_get_node(document, pair->key), name))
			return true;
	return false;
}

/* Laid over a key, it takes that away: some contracts have no place for what others need. */
static bool takes_away(const yaml_node_t *value)
{
	return value != NULL && value->type == YAML_SCALAR_NODE &&
	       value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && names(value, "null");
}

/* Whether the key of the base gives way to the one that excludes it. */
static bool gives_way(const struct merge *merge, const yaml_node_t *key, yaml_document_t *over, const yaml_node_t *map)
{
	if (merge->either == NULL)
		return false;
	return (names(key, merge->either->one) && has(over, map, merge->either->other)) ||
	       (names(key, merge->either->other) && has(over, map, merge->either->one));
}

static int merged(struct merge *merge, yaml_document_t *base, const yaml_node_t *a, yaml_document_t *over,
		  const yaml_node_t *b, int depth)
{
	if (a->type != YAML_MAPPING_NODE || b->type != YAML_MAPPING_NODE || depth > DEPTH_MAX)
		return copy(merge, over, b, depth);
	int made = yaml_document_add_mapping(merge->to, a->tag, YAML_BLOCK_MAPPING_STYLE);
	if (made == 0)
		return no_memory(merge);
	for (yaml_node_pair_t *pair = a->data.mapping.pairs.start; pair < a->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(base, pair->key);
		const yaml_node_t *own = yaml_document_get_node(base, pair->value);
		const yaml_node_t *theirs = value_of(over, b, name);
		if (takes_away(theirs) || (depth == 0 && gives_way(merge, name, over, b)))
			continue;
		int key = copy(merge, base, name, depth + 1);
		int value = key == 0         ? 0
			    : theirs == NULL ? copy(merge, base, own, depth + 1)
					     : merged(merge, base, own, over, theirs, depth + 1);
		if (value == 0)
			return 0;
		if (!yaml_document_append_mapping_pair(merge->to, made, key, value))
			return no_memory(merge);
	}
	for (yaml_node_pair_t *pair = b->data.mapping.pairs.start; pair < b->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(over, pair->key);
		if (value_of(base, a, name) != NULL || takes_away(yaml_document_get_node(over, pair->value)))
			continue;
		int key = copy(merge, over, name, depth + 1);
		int value = key == 0 ? 0 : copy(merge, over, yaml_document_get_node(over, pair->value), depth + 1);
		if (value == 0)
			return 0;
		if (!yaml_document_append_mapping_pair(merge->to, made, key, value))
			return no_memory(merge);
	}
	return made;
}

static int load(const struct yaml_source *source, yaml_document_t *document, struct error *error)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", source->name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)source->text.data, source->text.size);
	int code = yaml_parser_load(&parser, document)
			   ? 0
			   : error_set(error, ERROR_USAGE, "%s:%zu:%zu: not valid YAML: %s", source->name,
				       parser.problem_mark.line + 1, parser.problem_mark.column + 1,
				       parser.problem != NULL ? parser.problem : "no memory");
	yaml_parser_delete(&parser);
	return code;
}

static int append(void *context, unsigned char *bytes, size_t size)
{
	return buffer_append(context, bytes, size) == 0;
}

/* Takes the document, as libyaml does. */
static int dump(yaml_document_t *document, struct buffer *out, struct error *error)
{
	yaml_emitter_t emitter;
	if (!yaml_emitter_initialize(&emitter)) {
		yaml_document_delete(document);
		return error_set(error, ERROR_INTERNAL, "out of memory for a YAML document");
	}
	yaml_emitter_set_output(&emitter, append, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	bool done = yaml_emitter_dump(&emitter, document) && !out->failed;
	yaml_emitter_delete(&emitter);
	return done ? 0 : error_set(error, ERROR_INTERNAL, "out of memory for a YAML document");
}

int yaml_merge(const struct yaml_source *base, const struct yaml_source *over, const struct yaml_either *either,
	       struct buffer *out, struct error *error)
{
	yaml_document_t first, second, to;
	struct merge merge = {&to, either, error};
	int root = 0;

	if (load(base, &first, error) != 0)
		return error->code;
	if (load(over, &second, error) != 0) {
		yaml_document_delete(&first);
		return error->code;
	}
	bool made = yaml_document_initialize(&to, NULL, NULL, NULL, 1, 1) != 0;
	const yaml_node_t *a = yaml_document_get_root_node(&first), *b = yaml_document_get_root_node(&second);
	if (made && (a == NULL || b == NULL))
		root = a == NULL && b == NULL ? 0
		       : a != NULL            ? copy(&merge, &first, a, 0)
					      : copy(&merge, &second, b, 0);
	else if (made)
		root = merged(&merge, &first, a, &second, b, 0);
	yaml_document_delete(&first);
	yaml_document_delete(&second);
	if (!made)
		return error_set(error, ERROR_INTERNAL, "out of memory for a YAML document");
	if (root != 0)
		return dump(&to, out, error);
	yaml_document_delete(&to);
	return error->code != 0 ? error_code(error) : error_set(error, ERROR_USAGE, "\"%s\" is empty", base->name);
}

int yaml_append_node(yaml_document_t *document, yaml_node_t *node, struct buffer *out, struct error *error)
{
	yaml_document_t to;
	struct merge merge = {&to, NULL, error};

	if (!yaml_document_initialize(&to, NULL, NULL, NULL, 1, 1))
		return error_set(error, ERROR_INTERNAL, "out of memory for a YAML document");
	if (copy(&merge, document, node, 0) != 0)
		return dump(&to, out, error);
	yaml_document_delete(&to);
	return error_code(error);
}
