#include "harness/runner/contract_compose.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/runner/yaml_merge.h"

enum { TEXT_MAX = 8 * 1024 * 1024 };

static const char *text_of(yaml_document_t *document, int index)
{
	const yaml_node_t *node = yaml_document_get_node(document, index);
	return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a contract");
}

/* A scalar of a document takes another text; libyaml frees it with the document. */
static int put_before(yaml_node_t *node, const char *prefix, struct error *error)
{
	char *text = NULL;
	int size = asprintf(&text, "%s%s", prefix, (const char *)node->data.scalar.value);

	if (size < 0)
		return no_memory(error);
	free(node->data.scalar.value);
	node->data.scalar.value = (yaml_char_t *)text;
	node->data.scalar.length = (size_t)size;
	return 0;
}

static bool is_place(const char *key)
{
	return strcmp(key, "export") == 0 || strcmp(key, "events") == 0 || strcmp(key, "items") == 0 ||
	       strcmp(key, "rows") == 0;
}

struct source_kind {
	bool kept, is_export;
};

/* One source: its place, and what is no longer so. A dump of items counts as an export does. */
static int compose_source(yaml_document_t *document, yaml_node_t *source, const struct contract_request *request,
			  struct source_kind *kind, struct error *error)
{
	yaml_node_pair_t *to = source->data.mapping.pairs.start;
	bool complete = false, events = false;

	*kind = (struct source_kind){true, false};
	for (yaml_node_pair_t *pair = to; pair < source->data.mapping.pairs.top; pair++)
		complete = complete || strcmp(text_of(document, pair->key), "complete") == 0;
	for (yaml_node_pair_t *pair = to; pair < source->data.mapping.pairs.top; pair++) {
		const char *key = text_of(document, pair->key);
		if (is_place(key)) {
			kind->is_export = strcmp(key, "export") == 0 || complete;
			events = !kind->is_export;
			kind->kept = request->has == NULL ||
				     request->has(request->context, text_of(document, pair->value));
			if (put_before(yaml_document_get_node(document, pair->value), request->prefix, error) != 0)
				return error->code;
		}
		if (strcmp(key, "to") != 0 || !request->open_end || complete)
			*to++ = *pair;
	}
	source->data.mapping.pairs.top = to;
	if (!events || !request->independent)
		return 0;
	int index = (int)(source - document->nodes.start) + 1;
	int key = yaml_document_add_scalar(document, NULL, (const yaml_char_t *)"independent", -1,
					   YAML_PLAIN_SCALAR_STYLE);
	int value = yaml_document_add_scalar(document, NULL, (const yaml_char_t *)"true", -1, YAML_PLAIN_SCALAR_STYLE);
	if (key == 0 || value == 0 || !yaml_document_append_mapping_pair(document, index, key, value))
		return no_memory(error);
	return 0;
}

static int compose_sources(yaml_document_t *document, const struct contract_request *request, unsigned *sources,
			   bool *has_export, struct error *error)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);
	int list = 0;

	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top; pair++)
		if (strcmp(text_of(document, pair->key), "sources") == 0)
			list = pair->value;
	const yaml_node_t *node = yaml_document_get_node(document, list);
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	*sources = 0;
	*has_export = false;
	for (size_t i = 0; i < count; i++) {
		struct source_kind kind;
		/* Adding nodes may move them all. */
		int item = yaml_document_get_node(document, list)->data.sequence.items.start[i];
		if (compose_source(document, yaml_document_get_node(document, item), request, &kind, error) != 0)
			return error->code;
		if (!kind.kept)
			continue;
		*has_export = *has_export || kind.is_export;
		yaml_document_get_node(document, list)->data.sequence.items.start[(*sources)++] = item;
	}
	yaml_node_t *again = yaml_document_get_node(document, list);
	again->data.sequence.items.top = again->data.sequence.items.start + *sources;
	return 0;
}

/* The generated contract with its sources in place, as text again. */
static int place_sources(const struct contract_request *request, struct buffer *text, unsigned *sources,
			 bool *has_export, struct error *error)
{
	yaml_document_t document;
	yaml_parser_t parser;
	int failed = 0;

	if (!yaml_parser_initialize(&parser))
		return no_memory(error);
	yaml_parser_set_input_string(&parser, (const unsigned char *)request->generated, strlen(request->generated));
	bool loaded = yaml_parser_load(&parser, &document) != 0;
	yaml_parser_delete(&parser);
	if (!loaded)
		return error_set(error, ERROR_INTERNAL, "the generated contract cannot be read");
	failed = compose_sources(&document, request, sources, has_export, error);
	if (failed == 0)
		failed = yaml_append_node(&document, yaml_document_get_root_node(&document), text, error);
	yaml_document_delete(&document);
	return failed;
}

int contract_compose(const struct contract_request *request, struct buffer *yaml, unsigned *sources,
		     struct error *error)
{
	struct buffer placed, middle, last;
	bool has_export = false;

	buffer_init(&placed, TEXT_MAX);
	buffer_init(&middle, TEXT_MAX);
	buffer_init(&last, TEXT_MAX);
	int failed = place_sources(request, &placed, sources, &has_export, error);
	if (failed == 0 && *sources > 0) {
		struct yaml_source base = {"the generated contract", buffer_slice(&placed)};
		struct yaml_source own = {"the pipeline's contract",
					  slice_from(request->overlay != NULL ? request->overlay : "")};
		failed = yaml_merge(&base, &own, NULL, &middle, error);
		buffer_append_text(&last, "lake: {delta: ");
		buffer_append_json(&last, slice_from(request->delta));
		buffer_append_text(&last, "}\n");
		if (!has_export)
			buffer_printf(&last, "baseline: %s\n", request->since_creation ? "empty" : "none");
		struct yaml_source between = {"the generated contract", buffer_slice(&middle)};
		struct yaml_source end = {"the cell's contract", buffer_slice(&last)};
		if (failed == 0)
			failed = last.failed ? no_memory(error) : yaml_merge(&between, &end, NULL, yaml, error);
	}
	buffer_release(&placed);
	buffer_release(&middle);
	buffer_release(&last);
	return failed;
}
