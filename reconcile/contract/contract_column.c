/* An entry of a contract's columns: where its value comes from, what is done to it, by which rules it is compared. */
#include <stdlib.h>

#include "reconcile/contract/contract_schema.h"

enum { SOURCES_OF_COLUMN_MAX = 64, STEPS_MAX = 16 };

/* ---- attribute paths ---- */

static size_t steps_in(const char *text)
{
	size_t count = 1;
	for (const char *at = text; *at != '\0'; at++)
		count += *at == '.' || *at == '[';
	return count;
}

/* "[0]" at *at, after a name: a place in a list. */
static bool take_place(const char **at, int64_t *place)
{
	const char *digit = *at + 1;
	for (*place = 0; *digit >= '0' && *digit <= '9' && *place < 1000000; digit++)
		*place = *place * 10 + (*digit - '0');
	if (digit == *at + 1 || *digit != ']')
		return false;
	*at = digit + 1;
	return **at == '\0' || **at == '.' || **at == '[';
}

static bool allocate_path(struct schema_loader *loader, size_t count, struct contract_path *path)
{
	path->names = arena_array(loader->arena, count, sizeof(*path->names));
	path->places = arena_array(loader->arena, count, sizeof(*path->places));
	return path->names != NULL && path->places != NULL;
}

/* "addr.lines[0].street" */
static int parse_path(struct schema_loader *loader, yaml_node_t *node, const char *key, const char *text,
		      struct contract_path *path)
{
	if (!allocate_path(loader, steps_in(text), path))
		return schema_out_of_memory(loader);
	for (const char *at = text;;) {
		struct slice name = {at, strcspn(at, ".[")};
		if (name.size == 0)
			return schema_error(
				loader, node,
				"'%s' has an empty name between its dots; give a list for names that hold dots", key);
		const char *copy = arena_copy(loader->arena, name).data;
		if (copy == NULL)
			return schema_out_of_memory(loader);
		path->places[path->count] = -1;
		path->names[path->count++] = copy;
		for (at += name.size; *at == '[';) {
			path->names[path->count] = NULL;
			if (!take_place(&at, &path->places[path->count++]))
				return schema_error(loader, node,
						    "'%s' has no place in a list such as [0] between its brackets; "
						    "give a list for names that hold brackets",
						    key);
		}
		if (*at++ == '\0')
			return 0;
	}
}

/* [a.b, "c", 0]: names as they stand; a plain number is a place in a list. */
static int parse_path_list(struct schema_loader *loader, yaml_node_t *node, const char *key, struct contract_path *path)
{
	size_t count = schema_count(node);
	if (count == 0)
		return schema_error(loader, node, "'%s' is empty", key);
	if (!allocate_path(loader, count, path))
		return schema_out_of_memory(loader);
	for (size_t index = 0; index < count; index++) {
		yaml_node_t *entry = yaml_document_get_node(loader->document, node->data.sequence.items.start[index]);
		const char *text;
		int code = schema_text(loader, entry, key, &text);
		if (code != 0)
			return code;
		bool plain = entry->type == YAML_SCALAR_NODE && entry->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		bool place = index > 0 && plain && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 7;
		path->places[index] = place ? strtol(text, NULL, 10) : -1;
		path->names[index] = place ? NULL : text;
		path->count++;
	}
	return 0;
}

static int read_one_path(struct schema_loader *loader, yaml_node_t *node, const char *key, struct contract_path *path)
{
	const char *text;
	if (node->type == YAML_SEQUENCE_NODE)
		return parse_path_list(loader, node, key, path);
	int code = schema_text(loader, node, key, &text);
	return code != 0 ? code : parse_path(loader, node, key, text, path);
}

static int read_path(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	struct contract_path path = {0};
	int code = read_one_path(loader, node, key->name, &path);
	memcpy((char *)target + key->offset, &path, sizeof(path));
	return code;
}

static int refuse_both(struct schema_loader *loader, yaml_node_t *node)
{
	return schema_error(loader, node, "a column comes from 'attribute' or from 'attributes', not both");
}

static int read_source(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	if (((struct contract_column *)target)->sources != NULL)
		return refuse_both(loader, node);
	struct contract_path *path = schema_store(loader, key, 1, sizeof(*path), target);
	return path == NULL ? schema_out_of_memory(loader) : read_one_path(loader, node, key->name, path);
}

static int read_sources(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	size_t count = schema_count(node);
	struct contract_column *column = target;
	if (node->type != YAML_SEQUENCE_NODE || count < 1 || count > SOURCES_OF_COLUMN_MAX)
		return schema_error(loader, node, "'%s' must be a list of 1 to %d attributes", key->name,
				    SOURCES_OF_COLUMN_MAX);
	if (column->sources != NULL)
		return refuse_both(loader, node);
	struct contract_path *paths = schema_store(loader, key, count, sizeof(*paths), target);
	int code = paths == NULL ? schema_out_of_memory(loader) : 0;
	for (size_t index = 0; index < count && code == 0; index++)
		code = read_one_path(loader,
				     yaml_document_get_node(loader->document, node->data.sequence.items.start[index]),
				     key->name, &paths[index]);
	return code;
}

#define PATH_JSON                                                                                                      \
	"\"oneOf\": [{\"type\": \"string\", \"minLength\": 1}, {\"type\": \"array\", "                                 \
	"\"items\": {\"type\": [\"string\", \"integer\"], \"minLength\": 1}, \"minItems\": 1}]"

const struct schema_type contract_path = {"name, path, or list of names", PATH_JSON, read_path};
const struct schema_type contract_source = {"name, path, or list of names", PATH_JSON, read_source};
const struct schema_type contract_sources = {"list of names or paths",
					     "\"type\": \"array\", \"minItems\": 1, \"items\": {" PATH_JSON "}",
					     read_sources};

/* ---- as ---- */

static const char form_names[] = "json|dynamodb_json|item_json|item_dynamodb_json|item_map";
static const char step_names[] = "trim|lower|upper|sha256|md5|hmac|base64|hex|number|extract|substr|concat|coalesce";

static int unknown_step(struct schema_loader *loader, yaml_node_t *node, const char *text)
{
	return schema_error(
		loader, node,
		"'as' knows no '%.*s'; it knows trim, lower, upper, sha256, md5, hmac, base64, hex, number, "
		"extract, substr, concat, coalesce, json, dynamodb_json, item_json, item_dynamodb_json and "
		"item_map",
		schema_shown(text), text);
}

/* substr: [start, length] */
static int read_substr(struct schema_loader *loader, yaml_node_t *node, struct column_step *step)
{
	int64_t numbers[2] = {0, -1};
	size_t count = node->type == YAML_SEQUENCE_NODE ? schema_count(node) : 1;
	bool fits = count == 1 || count == 2;
	for (size_t index = 0; index < count && fits; index++) {
		yaml_node_t *entry = node->type != YAML_SEQUENCE_NODE
					     ? node
					     : yaml_document_get_node(loader->document,
								      node->data.sequence.items.start[index]);
		const char *text;
		char *end;
		int code = schema_text(loader, entry, "substr", &text);
		if (code != 0)
			return code;
		numbers[index] = strtol(text, &end, 10);
		fits = *end == '\0' && numbers[index] >= (index == 0 ? -1000000 : 0) && numbers[index] <= 1000000;
	}
	if (!fits || numbers[0] == 0)
		return schema_error(loader, node,
				    "'substr' must be [start, length], start 1 for the first character or -1 for the "
				    "last");
	step->start = numbers[0];
	step->length = numbers[1];
	return 0;
}

static int read_step_with_value(struct schema_loader *loader, yaml_node_t *node, struct column_step *step)
{
	yaml_node_t *name = yaml_document_get_node(loader->document, node->data.mapping.pairs.start->key);
	yaml_node_t *value = yaml_document_get_node(loader->document, node->data.mapping.pairs.start->value);
	const char *text, *why;
	int code = schema_text(loader, name, "as", &text);
	if (code != 0)
		return code;
	if (schema_choice(step_names, text) < 0)
		return unknown_step(loader, name, text);
	step->kind = (enum step_kind)(schema_choice(step_names, text) + 1);
	switch (step->kind) {
	case STEP_SUBSTR:
		return read_substr(loader, value, step);
	case STEP_CONCAT: /* nothing may stand between */
		if (value->type == YAML_SCALAR_NODE && value->data.scalar.length == 0) {
			step->text = "";
			return 0;
		}
		return schema_text(loader, value, "concat", &step->text);
	case STEP_COALESCE:
		return schema_text(loader, value, "coalesce", &step->text);
	case STEP_EXTRACT: {
		code = schema_text(loader, value, "extract", &step->text);
		if (code != 0)
			return code;
		struct step_pattern *pattern = step_pattern_new(step->text, &why);
		if (pattern == NULL)
			return schema_error(loader, value, "'extract' is '%.*s': %s", schema_shown(step->text),
					    step->text, why);
		step_pattern_free(pattern);
		return 0;
	}
	default:
		return schema_error(loader, value, "'%s' takes no value", text);
	}
}

static int read_step(struct schema_loader *loader, yaml_node_t *node, struct column_step *step)
{
	const char *text;
	*step = (struct column_step){.length = -1};
	if (node->type == YAML_MAPPING_NODE && schema_count(node) == 1)
		return read_step_with_value(loader, node, step);
	int code = schema_text(loader, node, "as", &text);
	if (code != 0)
		return code;
	if (schema_choice(form_names, text) >= 0)
		return schema_error(loader, node, "'%s' stands alone: no other step goes with it", text);
	if (schema_choice(step_names, text) < 0)
		return unknown_step(loader, node, text);
	step->kind = (enum step_kind)(schema_choice(step_names, text) + 1);
	if (step->kind == STEP_EXTRACT || step->kind == STEP_SUBSTR)
		return schema_error(loader, node, "'%s' wants a value: {%s: …}", text, text);
	if (step->kind == STEP_CONCAT)
		step->text = "";
	return 0;
}

static int read_steps(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	struct contract_column *column = target;
	const char *text = "";
	if (node->type == YAML_SCALAR_NODE) {
		int code = schema_text(loader, node, key->name, &text);
		if (code != 0)
			return code;
		column->form = (enum column_form)(schema_choice(form_names, text) + 1);
		if (column->form != FORM_VALUE)
			return 0;
	}
	size_t count = node->type == YAML_SEQUENCE_NODE ? schema_count(node) : 1;
	if (count < 1 || count > STEPS_MAX)
		return schema_error(loader, node, "'%s' must have 1 to %d steps", key->name, STEPS_MAX);
	struct column_step *steps = schema_store(loader, key, count, sizeof(*steps), target);
	int code = steps == NULL ? schema_out_of_memory(loader) : 0;
	for (size_t index = 0; index < count && code == 0; index++)
		code = read_step(loader,
				 node->type != YAML_SEQUENCE_NODE
					 ? node
					 : yaml_document_get_node(loader->document,
								  node->data.sequence.items.start[index]),
				 &steps[index]);
	return code;
}

const struct schema_type contract_steps = {
	"a step, or a list of steps",
	"\"oneOf\": [{\"type\": \"string\"}, {\"type\": \"object\", \"maxProperties\": 1}, "
	"{\"type\": \"array\", \"minItems\": 1, \"items\": {\"oneOf\": [{\"type\": \"string\"}, "
	"{\"type\": \"object\", \"maxProperties\": 1}]}}]",
	read_steps};

/* ---- the secret of hmac: read here, so that a run cannot find it missing halfway */

static int read_secret(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *name;
	int code = schema_text(loader, node, key->name, &name);
	if (code != 0)
		return code;
	const char *secret = getenv(name);
	if (secret == NULL || secret[0] == '\0')
		return schema_error(loader, node, "environment variable '%.*s' is not set", schema_shown(name), name);
	((struct contract_column *)target)->secret = arena_copy(loader->arena, slice_from(secret)).data;
	return ((struct contract_column *)target)->secret == NULL ? schema_out_of_memory(loader) : 0;
}

static const struct schema_type contract_secret = {"name of an environment variable",
						   "\"type\": \"string\", \"minLength\": 1", read_secret};

/* ---- the table ---- */

static int check_column(struct schema_loader *loader, yaml_node_t *node, void *target);

const struct schema_map contract_column_schema = {
	.check = check_column,
	.keys =
		(const struct schema_key[]){
			{"column", SCHEMA_TEXT, .required = true, .offset = offsetof(struct contract_column, column),
			 .help = "name of the table's column"},
			{"attribute", SCHEMA_OTHER, .type = &contract_source,
			 .offset = offsetof(struct contract_column, sources),
			 .also = offsetof(struct contract_column, source_count),
			 .help = "the attribute it comes from; dots step into maps, [0] into lists, a list serves "
				 "names "
				 "that hold dots"},
			{"attributes", SCHEMA_OTHER, .type = &contract_sources,
			 .offset = offsetof(struct contract_column, sources),
			 .also = offsetof(struct contract_column, source_count),
			 .help = "several, for concat and coalesce"},
			{"const", SCHEMA_TEXT, .offset = offsetof(struct contract_column, constant),
			 .help = "the text that every row holds"},
			{"type", SCHEMA_OTHER, .type = &contract_type, .offset = offsetof(struct contract_column, type),
			 .fallback = "the table's own", .help = "the column's type by Spark's name"},
			{"unordered", SCHEMA_BOOLEAN, .offset = offsetof(struct contract_column, unordered),
			 .fallback = "false", .help = "the order of array elements does not count; needed for sets"},
			{"tolerance", SCHEMA_OTHER, .type = &contract_tolerance,
			 .offset = offsetof(struct contract_column, tolerance),
			 .help = "how far a number (0.01, or 1% of what is expected) or a time (1s) may be off"},
			{"sensitive", SCHEMA_BOOLEAN, .offset = offsetof(struct contract_column, sensitive),
			 .fallback = "false", .help = "its values are shown as keyed hashes only"},
			{"as", SCHEMA_OTHER, .type = &contract_steps, .offset = offsetof(struct contract_column, steps),
			 .also = offsetof(struct contract_column, step_count),
			 .help = "what the pipeline does to the value, in order"},
			{"key_env", SCHEMA_OTHER, .type = &contract_secret,
			 .help = "the environment variable that holds hmac's secret"},
			{"from", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, times), .min = TIMES_EPOCH_S,
			 .choices = "epoch_s|epoch_ms|epoch_us|iso",
			 .help = "how dates and timestamps are written in the item"},
			{"on_overflow", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, overflow),
			 .choices = "error|null|round|truncate", .fallback = "error",
			 .help = "what the lake holds where a number does not fit"},
			{"absent", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, absent),
			 .choices = "null|empty", .fallback = "null",
			 .help = "what the lake holds where the attribute is absent"},
			{"null", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, null),
			 .choices = "null|empty", .fallback = "null", .help = "what it holds for NULL"},
			{"empty_string", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, empty_string),
			 .choices = "keep|null", .fallback = "keep", .help = "what it holds for an empty string"},
			{"empty", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, empty),
			 .choices = "keep|null", .fallback = "keep", .help = "what it holds for an empty list or map"},
			{"compare", SCHEMA_CHOICE, .offset = offsetof(struct contract_column, compare),
			 .choices = "value|presence", .fallback = "value",
			 .help = "the value, or only whether it is null (tokenised columns)"},
			{NULL, 0, .offset = 0}},
};

/* ---- what the table cannot say ---- */

static bool has_kind(const struct column_type *type, enum column_kind first, enum column_kind last)
{
	if (type->kind >= first && type->kind <= last)
		return true;
	for (uint32_t index = 0; index < type->child_count; index++)
		if (has_kind(type->children[index], first, last))
			return true;
	return false;
}

/* Where the value comes from. */
static int check_source(struct schema_loader *loader, yaml_node_t *node, const struct contract_column *column)
{
	bool item = column->form >= FORM_ITEM_JSON;
	bool several = schema_find(loader, node, "attributes") != NULL;
	if (item && (column->source_count > 0 || column->constant != NULL))
		return schema_error(loader, node, "column '%s' holds the whole item, so it has no 'attribute'",
				    column->column);
	if (!item && (column->source_count > 0) == (column->constant != NULL))
		return schema_error(loader, node, "column '%s' wants 'attribute', 'attributes' or 'const', one of them",
				    column->column);
	for (uint32_t index = 0; index < column->step_count; index++) {
		bool joins = column->steps[index].kind == STEP_CONCAT ||
			     (column->steps[index].kind == STEP_COALESCE && column->steps[index].text == NULL);
		if (joins && (index > 0 || !several))
			return schema_error(loader, schema_find(loader, node, "as"),
					    "'concat' and 'coalesce' stand first and want 'attributes'; {coalesce: "
					    "text} puts a text for null");
	}
	if (several && (column->step_count == 0 ||
			(column->steps[0].kind != STEP_CONCAT && column->steps[0].kind != STEP_COALESCE)))
		return schema_error(loader, schema_find(loader, node, "attributes"),
				    "several attributes want concat or coalesce as the first step of 'as'");
	return 0;
}

static int check_secret(struct schema_loader *loader, yaml_node_t *node, const struct contract_column *column)
{
	bool wanted = false;
	for (uint32_t index = 0; index < column->step_count; index++)
		wanted = wanted || column->steps[index].kind == STEP_HMAC;
	if (wanted != (column->secret != NULL))
		return schema_error(loader, node, "column '%s': 'hmac' and 'key_env' go together", column->column);
	return 0;
}

/* What the type rules out, where the contract states one; the table's own is looked at when the plan is made. */
static int check_type(struct schema_loader *loader, yaml_node_t *node, const struct contract_column *column)
{
	const struct column_type *type = column->type;
	bool text = column->form == FORM_JSON || column->form == FORM_DYNAMODB_JSON || column->form == FORM_ITEM_JSON ||
		    column->form == FORM_ITEM_DYNAMODB_JSON;
	if (type == NULL)
		return 0;
	if (column->unordered && !text && column->form != FORM_ITEM_MAP && !has_kind(type, COLUMN_ARRAY, COLUMN_ARRAY))
		return schema_error(loader, schema_find(loader, node, "unordered"),
				    "column '%s' is unordered but no array", column->column);
	if (!tolerance_fits(&column->tolerance, type))
		return schema_error(loader, schema_find(loader, node, "tolerance"),
				    "column '%s' has another type than its tolerance is for", column->column);
	if (text && type->kind != COLUMN_STRING)
		return schema_error(loader, schema_find(loader, node, "type"),
				    "column '%s' holds JSON text, so it is a string", column->column);
	if (column->form == FORM_ITEM_MAP && (type->kind != COLUMN_MAP || type->children[0]->kind != COLUMN_STRING ||
					      type->children[1]->kind != COLUMN_STRING))
		return schema_error(loader, schema_find(loader, node, "type"),
				    "column '%s' is an item_map, so it is a map<string,string>", column->column);
	if (column->times != TIMES_DEFAULT && !has_kind(type, COLUMN_DATE, COLUMN_TIMESTAMP_NTZ))
		return schema_error(loader, schema_find(loader, node, "from"),
				    "column '%s' has 'from' but is no date or timestamp", column->column);
	if ((column->absent == NOTHING_EMPTY || column->null == NOTHING_EMPTY) && type->kind != COLUMN_STRING &&
	    type->kind != COLUMN_ARRAY && type->kind != COLUMN_MAP)
		return schema_error(loader, node, "column '%s': only a string, array or map can be empty",
				    column->column);
	return 0;
}

static int check_column(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct contract_column *column = target;
	int code = check_source(loader, node, column);
	column->line = (int)node->start_mark.line + 1;
	if (code == 0)
		code = check_secret(loader, node, column);
	return code != 0 ? code : check_type(loader, node, column);
}

/* ---- columns by name */

static bool is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool is_lower_or_digit(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

int contract_snake(struct slice name, struct buffer *snake)
{
	snake->size = 0;
	for (size_t at = 0; at < name.size; at++) {
		char byte = name.data[at], before = at > 0 ? name.data[at - 1] : '\0';
		char after = at + 1 < name.size ? name.data[at + 1] : '\0';
		bool starts_word = is_upper(byte) &&
				   (is_lower_or_digit(before) || (is_upper(before) && after >= 'a' && after <= 'z'));
		if (starts_word)
			buffer_append_byte(snake, '_');
		if (is_upper(byte))
			byte = (char)(byte ^ 0x20);
		else if (byte == '-' || byte == '.' || byte == ' ')
			byte = '_';
		buffer_append_byte(snake, byte);
	}
	return snake->failed ? ERROR_INTERNAL : 0;
}
