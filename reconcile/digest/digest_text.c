/* Values as text, for findings: what a column should hold by an image, and what a lake row holds. */
#include "base/clock.h"
#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_json.h"

/* A writer that stops when it has enough. */
static bool is_full(const struct buffer *json, size_t start)
{
	return json->size - start > DIGEST_TEXT_MAX || json->failed;
}

static void put_quoted_base64(struct buffer *json, struct slice bytes)
{
	/* Only as much as can be shown; a multiple of 3 keeps the text's shape. */
	if (bytes.size > DIGEST_TEXT_MAX)
		bytes.size = DIGEST_TEXT_MAX / 3 * 3;
	buffer_append_byte(json, '"');
	buffer_append_base64(json, bytes);
	buffer_append_byte(json, '"');
}

static void put_quoted(struct buffer *json, struct slice text)
{
	if (text.size > DIGEST_TEXT_MAX + 8)
		text.size = DIGEST_TEXT_MAX + 8;
	buffer_append_json(json, text);
}

/* Cuts at a character's start. */
static void cut(struct buffer *json, size_t start)
{
	if (json->size - start <= DIGEST_TEXT_MAX)
		return;
	size_t end = start + DIGEST_TEXT_MAX;
	while (end > start && ((unsigned char)json->data[end] & 0xC0) == 0x80)
		end--;
	json->size = end;
	buffer_append_text(json, "…");
}

static void put_date(struct buffer *json, int64_t days)
{
	char text[CLOCK_TEXT_MAX];
	buffer_printf(json, "\"%s\"", clock_format_date((int32_t)days, text));
}

static void put_time(struct buffer *json, int64_t time_us, bool zoned)
{
	char text[CLOCK_TEXT_MAX];
	struct slice shown = slice_from(clock_format(time_us, text));
	if (!zoned && shown.size > 0 && shown.data[shown.size - 1] == 'Z')
		shown.size--;
	buffer_append_json(json, shown);
}

static void put_double(struct buffer *json, const char *text)
{
	bool word = text[0] == 'N' || text[0] == 'I' || text[1] == 'I';
	buffer_printf(json, word ? "\"%s\"" : "%s", text);
}

/* ---- the image's side ---- */

struct image_text {
	struct conversion conversion;
	struct buffer *json;
	size_t start;
};

/* As DynamoDB spells it. Recursion is bounded by the item's depth. */
static void put_raw(struct image_text *text, uint32_t index)
{
	const struct json_token *token = &text->conversion.tokens[index];
	struct buffer *json = text->json;
	uint32_t at = index + 1;
	if (is_full(json, text->start))
		return;
	switch (token->type) {
	case JSON_STRING:
		put_quoted(json, json_text(token));
		return;
	case JSON_NUMBER:
		buffer_append_slice(json, json_text(token));
		return;
	case JSON_OBJECT:
	case JSON_ARRAY:
		buffer_append_byte(json, token->type == JSON_OBJECT ? '{' : '[');
		for (uint32_t element = 0; element < token->count; element++) {
			buffer_append_text(json, element > 0 ? "," : "");
			if (token->type == JSON_OBJECT) {
				put_quoted(json, json_text(&text->conversion.tokens[at++]));
				buffer_append_byte(json, ':');
			}
			put_raw(text, at);
			at = text->conversion.tokens[at].next;
		}
		buffer_append_byte(json, token->type == JSON_OBJECT ? '}' : ']');
		return;
	default:
		buffer_append_text(json, token->type == JSON_TRUE    ? "true"
					 : token->type == JSON_FALSE ? "false"
								     : "null");
	}
}

static void put_value(struct image_text *text, const struct column_type *type, const struct value *value);

static void put_value_at(struct image_text *text, const struct column_type *type, uint32_t index)
{
	struct value value;
	struct value_fault why;
	if (!value_read(&text->conversion.scratch->work, text->conversion.tokens, index, &value, &why))
		value.tag = TAG_NULL;
	put_value(text, type, &value);
}

static void put_elements(struct image_text *text, const struct column_type *type, const struct value *value)
{
	uint32_t token = value->payload + 1, count = text->conversion.tokens[value->payload].count;
	enum value_tag member = value_element_tag(value->tag);
	buffer_append_byte(text->json, '[');
	for (uint32_t index = 0; index < count && !is_full(text->json, text->start); index++) {
		struct value element;
		struct value_fault why;
		buffer_append_text(text->json, index > 0 ? "," : "");
		if (member == TAG_NONE)
			put_value_at(text, type->children[0], token);
		else if (value_read_element(&text->conversion.scratch->work, text->conversion.tokens, token, member,
					    &element, &why))
			put_value(text, type->children[0], &element);
		token = text->conversion.tokens[token].next;
	}
	buffer_append_byte(text->json, ']');
}

static void put_entries(struct image_text *text, const struct column_type *type, const struct value *value)
{
	uint32_t token = value->payload + 1;
	buffer_append_byte(text->json, '{');
	for (uint32_t index = 0; index < text->conversion.tokens[value->payload].count; index++) {
		if (is_full(text->json, text->start))
			break;
		buffer_append_text(text->json, index > 0 ? "," : "");
		put_quoted(text->json, json_text(&text->conversion.tokens[token]));
		buffer_append_byte(text->json, ':');
		put_value_at(text, type->children[1], token + 1);
		token = text->conversion.tokens[token + 1].next;
	}
	buffer_append_byte(text->json, '}');
}

static void put_fields(struct image_text *text, const struct column_type *type, const struct value *value)
{
	buffer_append_byte(text->json, '{');
	for (uint32_t index = 0; index < type->child_count && !is_full(text->json, text->start); index++) {
		struct value field;
		struct slice name = slice_from(type->names[index]);
		struct name_words words = name_words(name);
		buffer_append_text(text->json, index > 0 ? "," : "");
		put_quoted(text->json, name);
		buffer_append_byte(text->json, ':');
		if (!value_map_member(text->conversion.scratch, text->conversion.tokens, value->payload, name, &words,
				      &field))
			field.tag = TAG_NULL;
		put_value(text, type->children[index], &field);
	}
	buffer_append_byte(text->json, '}');
}

/* A scalar as the column will hold it, so that both sides are spelled alike. */
static void put_cell(struct buffer *json, const struct column_type *type, const struct cell *cell)
{
	char text[64], digits[DECIMAL_TEXT_MAX];
	switch (type->kind) {
	case COLUMN_STRING:
		put_quoted(json, cell->bytes);
		return;
	case COLUMN_BINARY:
		put_quoted_base64(json, cell->bytes);
		return;
	case COLUMN_BOOLEAN:
		buffer_append_text(json, cell->number != 0 ? "true" : "false");
		return;
	case COLUMN_DATE:
		put_date(json, (int64_t)cell->number);
		return;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		put_time(json, (int64_t)cell->number, type->kind == COLUMN_TIMESTAMP);
		return;
	case COLUMN_DOUBLE:
		lake_double_text(cell->real, text);
		put_double(json, text);
		return;
	case COLUMN_FLOAT:
		lake_float_text((float)cell->real, text);
		put_double(json, text);
		return;
	default:
		buffer_append(json, digits, number_format(cell->number, type->scale, digits));
	}
}

/* The value fits the type: no flag was raised. */
static void put_value(struct image_text *text, const struct column_type *type, const struct value *value)
{
	struct cell cell;
	bool nested = type->child_count > 0;
	if (value->tag == TAG_NULL || (!nested && (!cell_make(&text->conversion, type, value, &cell) || cell.null)))
		buffer_append_text(text->json, "null");
	else if (!nested)
		put_cell(text->json, type, &cell);
	else if (value->tag == TAG_EMPTY)
		buffer_append_text(text->json, type->kind == COLUMN_ARRAY ? "[]" : "{}");
	else if (type->kind == COLUMN_ARRAY)
		put_elements(text, type, value);
	else if (type->kind == COLUMN_MAP)
		put_entries(text, type, value);
	else
		put_fields(text, type, value);
}

static const char present[] = "\"present\"";

/* A column that is not null and whose value fits. */
static int put_column(struct image_text *text, const struct plan_column *column, const struct value *value)
{
	const struct contract_column *rules = column->rules;
	if (rules->compare == COMPARE_PRESENCE)
		buffer_append_text(text->json, present);
	else if (rules->form == FORM_ITEM_MAP)
		return json_item_map_text(&text->conversion, text->json);
	else if (rules->form != FORM_VALUE) /* canonical JSON already */
		buffer_append_slice(text->json, value->bytes);
	else
		put_value(text, column->type, value);
	return 0;
}

int digest_expected_value(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image,
			  uint32_t column, struct buffer *json, uint64_t *digest, uint32_t *flags)
{
	struct digest_fault fault;
	size_t start = json->size;
	*flags = 0;
	*digest = SPARK_SEED;
	if (column >= scratch->plan->column_count || !image_encode(scratch, tokens, image, &fault))
		return ERROR_INTERNAL;
	const struct plan_column *plan = &scratch->plan->columns[column];
	image_find_column(scratch, tokens, column, flags);
	*digest = image_column_digest(scratch, tokens, column, flags);
	const struct value *value = scratch->column_values[column];
	struct image_text text = {{scratch, tokens, plan->rules, plan->unordered, flags}, json, start};
	int code = 0;
	if (value == NULL)
		buffer_append_text(json, "null");
	else if (*flags == 0)
		code = put_column(&text, plan, value);
	else if (value->tag == TAG_N && plan->rules->step_count > 0) /* what the steps made, which no attribute holds */
		buffer_printf(json, "{\"N\":\"%.*s\"}", (int)value->bytes.size, value->bytes.data);
	else if (value->tag >= TAG_S && value->payload > 2)
		put_raw(&text, value->payload - 2); /* the type tag stands just before, its object before that */
	else
		buffer_append_text(json, "null");
	cut(json, start);
	return json->failed ? ERROR_INTERNAL : code;
}

const char *digest_misfit(const struct digest_scratch *scratch, struct buffer *text)
{
	const struct misfit *misfit = &scratch->misfit;
	char type[COLUMN_TYPE_TEXT_MAX];
	if (misfit->type == NULL)
		return NULL;
	column_type_text(misfit->type, type, sizeof(type));
	if (misfit->why == NULL)
		buffer_printf(text, "an attribute of type %s cannot become %s", value_tag_name(misfit->tag), type);
	else
		buffer_printf(text, "%s does not fit %s", misfit->why, type);
	return misfit->column;
}

/* ---- the lake's side ---- */

static void put_lake(struct buffer *json, size_t start, const struct lake_node *node, int64_t index);

static void put_lake_range(struct buffer *json, size_t start, const struct lake_node *node, int64_t index)
{
	bool map = node->type->kind == COLUMN_MAP;
	int64_t first, end;
	lake_range(node, index, &first, &end);
	buffer_append_byte(json, map ? '{' : '[');
	for (int64_t at = first; at < end && !is_full(json, start); at++) {
		buffer_append_text(json, at > first ? "," : "");
		put_lake(json, start, &node->children[0], at);
		if (map) {
			buffer_append_byte(json, ':');
			put_lake(json, start, &node->children[1], at);
		}
	}
	buffer_append_byte(json, map ? '}' : ']');
}

static void put_lake_struct(struct buffer *json, size_t start, const struct lake_node *node, int64_t index)
{
	buffer_append_byte(json, '{');
	for (uint32_t field = 0; field < node->type->child_count && !is_full(json, start); field++) {
		buffer_append_text(json, field > 0 ? "," : "");
		put_quoted(json, slice_from(node->type->names[field]));
		buffer_append_byte(json, ':');
		put_lake(json, start, &node->children[field], index);
	}
	buffer_append_byte(json, '}');
}

/* Recursion is bounded by the type's depth. */
static void put_lake(struct buffer *json, size_t start, const struct lake_node *node, int64_t index)
{
	char text[64];
	struct number number;
	if (lake_is_null(node, index)) {
		buffer_append_text(json, "null");
		return;
	}
	switch (node->type->kind) {
	case COLUMN_STRING:
		put_quoted(json, lake_bytes(node, index));
		return;
	case COLUMN_BINARY:
		put_quoted_base64(json, lake_bytes(node, index));
		return;
	case COLUMN_BOOLEAN:
		buffer_append_text(json, lake_boolean(node, index) ? "true" : "false");
		return;
	case COLUMN_DATE:
		put_date(json, lake_integer(node, index));
		return;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		put_time(json, lake_integer(node, index), node->type->kind == COLUMN_TIMESTAMP);
		return;
	case COLUMN_FLOAT:
		lake_float_text(lake_float(node, index), text);
		put_double(json, text);
		return;
	case COLUMN_DOUBLE:
		lake_double_text(lake_double(node, index), text);
		put_double(json, text);
		return;
	case COLUMN_ARRAY:
	case COLUMN_MAP:
		put_lake_range(json, start, node, index);
		return;
	case COLUMN_STRUCT:
		put_lake_struct(json, start, node, index);
		return;
	default:
		if (lake_number(node, index, &number))
			buffer_append_slice(json, number.text);
	}
}

/* As the image's side shows it. */
static void put_lake_column(struct digest_scratch *scratch, uint32_t column, const struct lake_node *node, int64_t row,
			    struct buffer *json)
{
	const struct contract_column *rules = scratch->plan->columns[column].rules;
	struct slice text, canonical;
	if (lake_is_null(node, row) ||
	    (rules->compare == COMPARE_VALUE && (rules->form == FORM_VALUE || rules->form == FORM_ITEM_MAP))) {
		put_lake(json, json->size, node, row);
	} else if (rules->compare == COMPARE_PRESENCE) {
		buffer_append_text(json, present);
	} else {
		text = lake_bytes(node, row);
		if (json_of_lake(scratch, rules, text, &canonical) && canonical.data != text.data)
			buffer_append_slice(json, canonical);
		else
			put_quoted(json, text);
	}
}

int digest_actual_value(struct digest_scratch *scratch, const struct ArrowSchema *schema,
			const struct ArrowArray *batch, uint64_t row, uint32_t column, struct buffer *json,
			uint64_t *digest)
{
	struct error error;
	struct lake_node *nodes;
	size_t start = json->size;
	arena_reset(&scratch->work);
	if (column >= scratch->plan->column_count || row >= (uint64_t)batch->length ||
	    lake_bind_batch(scratch, schema, batch, &nodes, &error) != 0 ||
	    !lake_column_digest(scratch, column, &nodes[column], (int64_t)row, digest))
		return ERROR_INTERNAL;
	put_lake_column(scratch, column, &nodes[column], (int64_t)row, json);
	cut(json, start);
	return json->failed ? ERROR_INTERNAL : 0;
}
