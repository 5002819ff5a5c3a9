#include "reconcile/digest/digest_plan.h"

#include <stdlib.h>
#include <strings.h>

#include "reconcile/contract/disclosure.h"
#include "reconcile/contract/where.h"

enum { PLAN_MEMORY_MAX = 256 * 1024 * 1024, NAME_MAX_SIZE = 1 << 17 };

/* '*' is any run of bytes, '?' any one character; iterative, so a pattern costs at most size * size. */
static bool pattern_matches(const char *pattern, struct slice text)
{
	const char *star = NULL;
	size_t at = 0, star_at = 0;
	while (at < text.size) {
		if (*pattern == '*') {
			star = pattern++;
			star_at = at;
		} else if (*pattern != '\0' && (*pattern == '?' || *pattern == text.data[at])) {
			bool any = *pattern++ == '?';
			at++;
			while (any && at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80)
				at++; /* the rest of one UTF-8 character */
		} else if (star != NULL) {
			pattern = star + 1;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* The TTL attribute is mentioned: it decides what deletes mean, and need not be a column; so is what `where` looks at,
 * and what a `scope` goes by. */
bool plan_ignores_attribute(const struct digest_plan *plan, struct slice name)
{
	if (plan->contract->ttl_attribute != NULL && slice_is(name, plan->contract->ttl_attribute))
		return true;
	if (plan->contract->retain.attribute != NULL && slice_is(name, plan->contract->retain.attribute))
		return true;
	if (where_mentions(plan->contract->where, name))
		return true;
	if (plan->contract->shape == SHAPE_EVENTS && plan_is_event_detail(plan->contract, name))
		return true;
	return plan_drops_attribute(plan, name);
}

bool plan_drops_attribute(const struct digest_plan *plan, struct slice name)
{
	for (uint32_t index = 0; index < plan->contract->ignore_attribute_count; index++)
		if (pattern_matches(plan->contract->ignore_attributes[index], name))
			return true;
	return false;
}

bool plan_ignores_column(const struct digest_plan *plan, struct slice name)
{
	for (uint32_t index = 0; index < plan->contract->ignore_count; index++)
		if (pattern_matches(plan->contract->ignore[index], name))
			return true;
	return false;
}

bool column_type_has(const struct column_type *type, enum column_kind kind)
{
	if (type->kind == kind)
		return true;
	for (uint32_t index = 0; index < type->child_count; index++)
		if (column_type_has(type->children[index], kind))
			return true;
	return false;
}

int plan_out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory while compiling the contract's columns");
}

const struct ArrowSchema *plan_table_column(const struct ArrowSchema *schema, const char *name)
{
	for (int64_t index = 0; index < schema->n_children; index++)
		if (strcmp(schema->children[index]->name, name) == 0)
			return schema->children[index];
	for (int64_t index = 0; index < schema->n_children; index++)
		if (strcasecmp(schema->children[index]->name, name) == 0)
			return schema->children[index];
	return NULL;
}

uint32_t plan_add_top(struct digest_plan *plan, struct slice name)
{
	for (uint32_t index = 0; index < plan->top_count; index++)
		if (slice_equal(plan->tops[index].node->name, name))
			return index;
	struct path_node *node = arena_alloc(&plan->arena, sizeof(*node));
	if (node == NULL)
		return PLAN_NONE;
	*node = (struct path_node){.name = name, .words = name_words(name)};
	plan->tops[plan->top_count] = (struct plan_top){.node = node};
	return plan->top_count++;
}

static bool is_step(const struct path_node *node, struct slice name, int64_t place)
{
	return name.data == NULL ? node->name.data == NULL && node->place == place
				 : node->name.data != NULL && slice_equal(node->name, name);
}

static struct path_node *add_child(struct digest_plan *plan, struct path_node *parent, struct slice name, int64_t place)
{
	for (struct path_node *child = parent->children; child != NULL; child = child->sibling)
		if (is_step(child, name, place))
			return child;
	struct path_node *node = arena_alloc(&plan->arena, sizeof(*node));
	if (node == NULL)
		return NULL;
	*node = (struct path_node){.name = name, .place = place, .sibling = parent->children};
	if (name.data != NULL)
		node->words = name_words(name);
	parent->children = node;
	return node;
}

/* Enters the path into the tree. */
static bool add_path(struct digest_plan *plan, const struct contract_path *from, struct plan_path *path)
{
	struct slice *names = arena_array(&plan->arena, from->count, sizeof(*names));
	struct name_words *words = arena_array(&plan->arena, from->count, sizeof(*words));
	if (names == NULL || words == NULL)
		return false;
	for (uint32_t index = 0; index < from->count; index++) {
		names[index] = from->names[index] != NULL ? slice_from(from->names[index]) : (struct slice){NULL, 0};
		words[index] = name_words(names[index]);
	}
	*path = (struct plan_path){.names = names,
				   .words = words,
				   .places = from->places,
				   .count = from->count,
				   .top = plan_add_top(plan, names[0])};
	if (path->top == PLAN_NONE)
		return false;
	struct path_node *node = plan->tops[path->top].node;
	for (uint32_t index = 1; index < from->count && node != NULL; index++)
		node = add_child(plan, node, names[index], from->places[index]);
	if (node == NULL)
		return false;
	node->whole = true;
	return true;
}

bool plan_is_plain(const struct contract_column *rules)
{
	return rules->source_count == 1 && rules->form == FORM_VALUE && rules->step_count == 0 &&
	       rules->times == TIMES_DEFAULT && rules->overflow == OVERFLOW_ERROR && rules->absent == NOTHING_NULL &&
	       rules->null == NOTHING_NULL && rules->empty_string == EMPTY_KEEP && rules->empty == EMPTY_KEEP &&
	       rules->compare == COMPARE_VALUE;
}

/* Fills in *column but for the table's name and type of it. */
static bool add_column(struct digest_plan *plan, const struct contract_column *from, struct plan_column *column)
{
	struct plan_path *sources = arena_array(&plan->arena, from->source_count + 1, sizeof(*sources));
	if (sources == NULL)
		return false;
	for (uint32_t index = 0; index < from->source_count; index++)
		if (!add_path(plan, &from->sources[index], &sources[index]))
			return false;
	*column = (struct plan_column){.name = from->column,
				       .type = from->type,
				       .rules = from,
				       .sources = sources,
				       .source_count = from->source_count,
				       .pattern = plan->pattern_count,
				       .unordered = from->unordered,
				       .plain = plan_is_plain(from)};
	for (uint32_t index = 0; index < from->step_count; index++)
		plan->pattern_count += from->steps[index].kind == STEP_EXTRACT;
	plan->whole_item = plan->whole_item || from->form >= FORM_ITEM_JSON;
	return true;
}

bool plan_takes(const struct plan_column *column, struct slice attribute)
{
	struct buffer snake;
	if (!column->plain || column->sources[0].count != 1)
		return false;
	if (column->snake.data == NULL)
		return slice_equal(column->sources[0].names[0], attribute);
	buffer_init(&snake, NAME_MAX_SIZE);
	bool same = contract_snake(attribute, &snake) == 0 && slice_equal(buffer_slice(&snake), column->snake);
	buffer_release(&snake);
	return same;
}

uint32_t plan_snake_column(const struct digest_plan *plan, struct slice attribute, struct buffer *text)
{
	if (plan->contract->by_name != BY_NAME_SNAKE || attribute.size > NAME_MAX_SIZE / 2 ||
	    contract_snake(attribute, text) != 0)
		return 0;
	for (uint32_t index = 0; index < plan->column_count; index++)
		if (plan->columns[index].snake.data != NULL &&
		    slice_equal(plan->columns[index].snake, buffer_slice(text)))
			return index + 1;
	return 0;
}

/* What an attribute's extra map entries are judged by: the type of the column that takes the whole of it. */
static void note_type(struct digest_plan *plan, const struct plan_column *column)
{
	bool has_struct = column_type_has(column->type, COLUMN_STRUCT);
	for (uint32_t source = 0; source < column->source_count; source++) {
		const struct plan_path *path = &column->sources[source];
		struct path_node *node = plan->tops[path->top].node;
		for (uint32_t index = 1; index < path->count; index++) {
			node = node->children;
			while (!is_step(node, path->names[index], path->places[index]))
				node = node->sibling;
		}
		/* Where two columns take the same attribute, one that takes all of it wins. */
		if (node->type != NULL && !node->has_struct)
			continue;
		node->type = column->type;
		node->has_struct = has_struct;
	}
}

/* The column takes part. */
static void admit(struct digest_plan *plan, struct plan_column *column)
{
	note_type(plan, column);
	column->direct = column->plain && column->sources[0].count == 1 && column->snake.data == NULL;
	plan->column_count++;
}

static const char *type_text(struct digest_plan *plan, const struct column_type *type)
{
	char text[COLUMN_TYPE_TEXT_MAX];
	return arena_copy(&plan->arena, slice_from(column_type_text(type, text, sizeof(text)))).data;
}

static bool add_mismatch(struct digest_plan *plan, const char *column, const char *want, const char *have)
{
	plan->report.mismatches[plan->report.mismatch_count++] =
		(struct plan_mismatch){.column = column, .want = want, .have = have};
	return column != NULL && want != NULL && have != NULL;
}

/* Gives the column the table's name and type; *compared says whether it can take part. False: out of memory. */
static bool meet_table(struct digest_plan *plan, const struct ArrowSchema *schema, struct plan_column *column,
		       bool *compared)
{
	*compared = false;
	const struct ArrowSchema *field = plan_table_column(schema, column->name);
	if (field == NULL) {
		plan->report.missing_columns[plan->report.missing_count++] = column->name;
		return true;
	}
	const struct column_type *want = column->type;
	column->name = arena_copy(&plan->arena, slice_from(field->name)).data;
	column->type = column_type_from_arrow(&plan->arena, field);
	if (column->name == NULL)
		return false;
	if (column->type == NULL)
		return add_mismatch(plan, column->name,
				    want == NULL ? "a type that can be compared" : type_text(plan, want),
				    arena_text(&plan->arena, "unsupported (Arrow \"%s\")", field->format));
	*compared = true;
	if (want == NULL || column_type_equal(want, column->type))
		return true;
	return add_mismatch(plan, column->name, type_text(plan, want), type_text(plan, column->type));
}

/* What only the table's own type shows: the contract is held to the same where it states a type. */
static int check_type(const struct digest_plan *plan, const struct plan_column *column, struct error *error)
{
	const struct contract_column *rules = column->rules;
	const struct column_type *type = column->type;
	const char *why = NULL;
	bool text = rules->form != FORM_VALUE && rules->form != FORM_ITEM_MAP;
	bool map = type->kind == COLUMN_MAP && type->children[0]->kind == COLUMN_STRING &&
		   type->children[1]->kind == COLUMN_STRING;
	if (rules->unordered && rules->form == FORM_VALUE && !column_type_has(type, COLUMN_ARRAY))
		why = "is unordered, but the table's column is no array";
	else if (text && type->kind != COLUMN_STRING)
		why = "holds JSON text, but the table's column is no string";
	else if (rules->form == FORM_ITEM_MAP && !map)
		why = "is an item_map, but the table's column is no map<string,string>";
	else if (rules->times != TIMES_DEFAULT && !column_type_has(type, COLUMN_DATE) &&
		 !column_type_has(type, COLUMN_TIMESTAMP) && !column_type_has(type, COLUMN_TIMESTAMP_NTZ))
		why = "has 'from', but the table's column is no date or timestamp";
	else if ((rules->absent == NOTHING_EMPTY || rules->null == NOTHING_EMPTY) && type->kind != COLUMN_STRING &&
		 type->kind != COLUMN_ARRAY && type->kind != COLUMN_MAP)
		why = "can be empty by the contract, but the table's column is no string, array or map";
	return why == NULL ? 0
			   : error_set(error, ERROR_USAGE, "%s:%d: column '%s' %s", plan->contract->path, rules->line,
				       column->name, why);
}

static int compile_columns(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	const struct contract *contract = plan->contract;
	plan->has_rows = contract->column_count > 0;
	for (uint32_t index = 0; index < contract->column_count; index++) {
		struct plan_column *column = &plan->columns[plan->column_count];
		bool compared = contract->columns[index].type != NULL;
		if (!add_column(plan, &contract->columns[index], column))
			return plan_out_of_memory(error);
		if (schema == NULL)
			plan->has_rows = plan->has_rows && compared;
		else if (!meet_table(plan, schema, column, &compared))
			return plan_out_of_memory(error);
		if (!compared)
			continue;
		int code = check_type(plan, column, error);
		if (code != 0)
			return code;
		admit(plan, column);
	}
	plan->has_rows = plan->has_rows && plan->column_count > 0;
	return 0;
}

static bool is_listed(const struct contract *contract, const char *column)
{
	const struct contract_history *history = &contract->history;
	const char *const marks[] = {history->valid_from, history->valid_to, history->is_current};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (marks[i] != NULL && strcasecmp(column, marks[i]) == 0)
			return true;
	if (contract->deletes_column != NULL && strcasecmp(column, contract->deletes_column) == 0)
		return true;
	for (uint32_t index = 0; index < contract->column_count; index++)
		if (strcasecmp(column, contract->columns[index].column) == 0)
			return true;
	for (uint32_t part = 0; part < contract->lake_key_count; part++)
		if (strcasecmp(column, contract->lake_key[part].column) == 0)
			return true;
	return false;
}

/* What the contract would say of the column if it listed it; NULL when out of memory. */
static struct contract_column *rules_by_name(struct digest_plan *plan, const char *column)
{
	struct arena *arena = &plan->arena;
	struct contract_column *rules = arena_alloc(arena, sizeof(*rules));
	struct contract_path *path = arena_alloc(arena, sizeof(*path));
	const char **names = arena_array(arena, 1, sizeof(*names));
	int64_t *places = arena_array(arena, 1, sizeof(*places));
	const char *name = arena_copy(arena, slice_from(column)).data;
	if (rules == NULL || path == NULL || names == NULL || places == NULL || name == NULL)
		return NULL;
	names[0] = name;
	places[0] = -1;
	*path = (struct contract_path){names, places, 1};
	*rules = (struct contract_column){
		.column = name, .sources = path, .source_count = 1, .hidden = disclosure_hides(plan->contract, column)};
	return rules;
}

static bool set_snake(struct digest_plan *plan, struct plan_column *column)
{
	struct buffer snake;
	buffer_init(&snake, NAME_MAX_SIZE);
	if (contract_snake(slice_from(column->rules->column), &snake) == 0)
		column->snake = arena_copy(&plan->arena, buffer_slice(&snake));
	buffer_release(&snake);
	return column->snake.data != NULL;
}

/* Two columns that one attribute would fill: nobody says which. */
static int check_snake(const struct digest_plan *plan, const struct plan_column *column, struct error *error)
{
	for (uint32_t index = 0; index < plan->column_count; index++)
		if (plan->columns[index].snake.data != NULL && slice_equal(plan->columns[index].snake, column->snake))
			return error_set(error, ERROR_USAGE,
					 "%s: columns '%s' and '%s' are the same name in snake case; list them in "
					 "lake.columns",
					 plan->contract->path, plan->columns[index].name, column->name);
	return 0;
}

/* Table columns that are neither listed nor ignored. */
static int compile_by_name(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	const struct contract *contract = plan->contract;
	if (contract->by_name == BY_NAME_NONE)
		return 0;
	plan->has_rows = schema != NULL;
	for (int64_t index = 0; schema != NULL && index < schema->n_children; index++) {
		const char *name = schema->children[index]->name;
		struct plan_column *column = &plan->columns[plan->column_count];
		bool compared;
		if (is_listed(contract, name) || plan_ignores_column(plan, slice_from(name)))
			continue;
		const struct contract_column *rules = rules_by_name(plan, name);
		if (rules == NULL || !add_column(plan, rules, column) || !meet_table(plan, schema, column, &compared) ||
		    (contract->by_name == BY_NAME_SNAKE && !set_snake(plan, column)))
			return plan_out_of_memory(error);
		if (!compared)
			continue;
		int code = contract->by_name == BY_NAME_SNAKE ? check_snake(plan, column, error) : 0;
		if (code != 0)
			return code;
		admit(plan, column);
	}
	plan->has_rows = plan->has_rows && plan->column_count > 0;
	return 0;
}

static int compile_ttl(struct digest_plan *plan, struct error *error)
{
	const char *attribute = plan->contract->ttl_attribute;
	plan->ttl_top = plan->ttl_column = PLAN_NONE;
	if (attribute == NULL)
		return 0;
	plan->ttl_top = plan_add_top(plan, slice_from(attribute));
	if (plan->ttl_top == PLAN_NONE)
		return plan_out_of_memory(error);
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		bool numeric = plan_can_be_key('N', column->type);
		if (numeric && plan_takes(column, slice_from(attribute)))
			plan->ttl_column = index;
	}
	return 0;
}

/* Table columns that the contract says nothing of. */
static int compile_unmapped(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	const struct contract *contract = plan->contract;
	struct plan_report *report = &plan->report;
	report->table_columns = (uint32_t)schema->n_children;
	report->unmapped_columns = arena_array(&plan->arena, (size_t)schema->n_children + 1,
					       sizeof(*report->unmapped_columns));
	if (report->unmapped_columns == NULL)
		return plan_out_of_memory(error);
	for (int64_t index = 0; index < schema->n_children; index++) {
		const char *name = schema->children[index]->name;
		bool known = contract->by_name != BY_NAME_NONE || plan_ignores_column(plan, slice_from(name)) ||
			     is_listed(contract, name);
		if (known)
			continue;
		const char *copy = arena_copy(&plan->arena, slice_from(name)).data;
		if (copy == NULL)
			return plan_out_of_memory(error);
		report->unmapped_columns[report->unmapped_count++] = copy;
	}
	return 0;
}

static bool allocate_tables(struct digest_plan *plan, const struct ArrowSchema *schema)
{
	size_t listed = plan->contract->column_count;
	size_t by_name = plan->contract->by_name != BY_NAME_NONE && schema != NULL ? (size_t)schema->n_children : 0;
	size_t columns = listed + by_name, sources = by_name + KEY_PARTS_MAX + 2;
	struct arena *arena = &plan->arena;
	for (size_t index = 0; index < listed; index++)
		sources += plan->contract->columns[index].source_count;
	plan->columns = arena_array(arena, columns + 1, sizeof(*plan->columns));
	plan->tops = arena_array(arena, sources, sizeof(*plan->tops));
	plan->reader_columns = arena_array(arena, columns + LAKE_KEY_PARTS_MAX + 4, sizeof(*plan->reader_columns));
	plan->reader_types = arena_array(arena, columns + LAKE_KEY_PARTS_MAX + 4, sizeof(*plan->reader_types));
	plan->report.missing_columns = arena_array(arena, columns + LAKE_KEY_PARTS_MAX + 1,
						   sizeof(*plan->report.missing_columns));
	plan->report.mismatches = arena_array(arena, columns + 1, sizeof(*plan->report.mismatches));
	return plan->columns != NULL && plan->tops != NULL && plan->reader_columns != NULL &&
	       plan->reader_types != NULL && plan->report.missing_columns != NULL && plan->report.mismatches != NULL;
}

int digest_plan_new(const struct contract *contract, const struct ArrowSchema *schema, struct digest_plan **result,
		    struct error *error)
{
	struct digest_plan *plan = calloc(1, sizeof(*plan));
	*result = NULL;
	if (plan == NULL)
		return plan_out_of_memory(error);
	arena_init(&plan->arena, PLAN_MEMORY_MAX);
	plan->contract = contract;
	plan->has_schema = schema != NULL;
	int code = allocate_tables(plan, schema) ? 0 : plan_out_of_memory(error);
	if (code == 0)
		code = compile_columns(plan, schema, error);
	if (code == 0)
		code = compile_by_name(plan, schema, error);
	if (code == 0)
		code = plan_compile_item_key(plan, error);
	if (code == 0)
		code = plan_compile_reader(plan, schema, error);
	if (code == 0)
		code = compile_ttl(plan, error);
	if (code == 0)
		code = plan_compile_dated(plan, error);
	if (code == 0 && schema != NULL)
		code = compile_unmapped(plan, schema, error);
	if (code != 0) {
		digest_plan_free(plan);
		return code;
	}
	plan->report.compared_columns = plan->column_count;
	plan_fingerprint(plan);
	*result = plan;
	return 0;
}

void digest_plan_free(struct digest_plan *plan)
{
	if (plan == NULL)
		return;
	arena_release(&plan->arena);
	free(plan);
}

bool digest_plan_has_rows(const struct digest_plan *plan)
{
	return plan->has_rows;
}

const struct plan_report *digest_plan_report(const struct digest_plan *plan)
{
	return &plan->report;
}

uint64_t digest_plan_fingerprint(const struct digest_plan *plan)
{
	return plan->fingerprint;
}

const struct contract_column *digest_plan_rules(const struct digest_plan *plan, uint32_t column,
						const struct column_type **type)
{
	*type = plan->columns[column].type;
	return plan->columns[column].rules;
}

const char *const *digest_plan_columns(const struct digest_plan *plan, uint64_t *count)
{
	*count = plan->reader_count;
	return plan->reader_columns;
}
