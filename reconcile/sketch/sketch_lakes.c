/* Which items each table holds, and what its key is made of. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <xxhash.h>

#include "reconcile/contract/contract.h"
#include "reconcile/sketch/sketch_internal.h"

enum { STEM_MIN = 3, NAME_SCORE = 4, PARTITION_SCORE = 1, ATTRIBUTE_SCORE = 2 };

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the tables");
}

/* ---- columns that hold a key attribute as it is */

static struct sketch_column *column_of(const struct sketch_table *table, const char *attribute)
{
	struct buffer snake;
	struct sketch_column *column = sketch_table_column(table, attribute);
	buffer_init(&snake, 4096);
	if (column == NULL && contract_snake(slice_from(attribute), &snake) == 0 &&
	    buffer_append_byte(&snake, '\0') == 0)
		column = sketch_table_column(table, snake.data);
	buffer_release(&snake);
	return column;
}

static bool holds_key(const struct sketch *sketch, const struct sketch_table *table)
{
	for (uint32_t part = 0; part < sketch->key.count; part++)
		if (column_of(table, sketch->key.name[part]) == NULL)
			return false;
	return true;
}

/* ---- which kind of items a table holds */

static bool is_of_kind(const struct sketch *sketch, const struct kind *kind, struct sketch_column *const *columns,
		       uint32_t row)
{
	for (uint32_t part = 0; part < sketch->key.count; part++) {
		if (kind->part[part].form == PART_ANY)
			continue;
		struct kind_part here = sketch_part_of(columns[part]->values[row]);
		if (here.form != kind->part[part].form || !slice_equal(here.text, kind->part[part].text))
			return false;
	}
	return true;
}

/* The one kind that all rows seen are of; NULL: there are more, or no rows were seen. */
static const struct kind *kind_of_rows(const struct sketch *sketch, const struct sketch_table *table)
{
	struct sketch_column *columns[KEY_PARTS_MAX];
	const struct kind *only = NULL;
	uint32_t rows = UINT32_MAX;
	for (uint32_t part = 0; part < sketch->key.count; part++) {
		columns[part] = column_of(table, sketch->key.name[part]);
		if (sketch->key.type[part] == 'S')
			rows = columns[part]->value_count < rows ? columns[part]->value_count : rows;
	}
	for (uint32_t row = 0; row < rows && rows != UINT32_MAX; row++) {
		const struct kind *kind = NULL;
		for (uint32_t i = 0; i < sketch->kinds.count && kind == NULL; i++)
			if (is_of_kind(sketch, &sketch->kinds.kind[i], columns, row))
				kind = &sketch->kinds.kind[i];
		if (kind == NULL || (only != NULL && kind != only))
			return NULL;
		only = kind;
	}
	return only;
}

/* Letters and digits, in lower case, without the s of a plural. */
static size_t stem(struct slice text, char *to, size_t room)
{
	size_t size = 0;
	for (size_t i = 0; i < text.size && size + 1 < room; i++)
		if (isalnum((unsigned char)text.data[i]) != 0)
			to[size++] = (char)tolower((unsigned char)text.data[i]);
	if (size > STEM_MIN && to[size - 1] == 's')
		size--;
	to[size] = '\0';
	return size;
}

/* customers: CUST#, CUSTOMER#; orders: ORDER# */
static bool sounds_alike(const char *name, struct slice text)
{
	char a[128], b[128];
	size_t a_size = stem(slice_from(name), a, sizeof a), b_size = stem(text, b, sizeof b);
	return a_size >= STEM_MIN && b_size >= STEM_MIN && (strstr(a, b) != NULL || strstr(b, a) != NULL);
}

/* An attribute that items of no other kind have. */
static bool is_own(const struct sketch *sketch, const struct kind *kind, struct slice name)
{
	for (uint32_t i = 0; i < sketch->kinds.count; i++)
		if (&sketch->kinds.kind[i] != kind && shape_find(sketch->kinds.kind[i].shape, name) != NULL)
			return false;
	return true;
}

static uint32_t score(const struct sketch *sketch, const struct kind *kind, const struct sketch_table *table)
{
	uint32_t points = 0;
	for (uint32_t part = 0; part < sketch->key.count; part++)
		if (kind->part[part].form != PART_ANY && sounds_alike(table->name, kind->part[part].text))
			points += kind->decides[part] ? NAME_SCORE : PARTITION_SCORE;
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct shape *shape = kind->shape->children;
		for (; shape != NULL; shape = shape->sibling) {
			struct buffer snake;
			buffer_init(&snake, 65536);
			bool same = slice_is(shape->name, table->columns[i].name) ||
				    (contract_snake(shape->name, &snake) == 0 &&
				     slice_is(buffer_slice(&snake), table->columns[i].name));
			buffer_release(&snake);
			if (same)
				break;
		}
		points += shape != NULL && is_own(sketch, kind, shape->name) ? ATTRIBUTE_SCORE : 0;
	}
	return points;
}

/* NULL: none stands out. */
static const struct kind *kind_by_score(const struct sketch *sketch, const struct sketch_table *table)
{
	const struct kind *best = NULL;
	uint32_t most = 0;
	bool tie = true;
	for (uint32_t i = 0; i < sketch->kinds.count; i++) {
		uint32_t points = score(sketch, &sketch->kinds.kind[i], table);
		tie = points > most ? false : tie || points == most;
		best = points > most ? &sketch->kinds.kind[i] : best;
		most = points > most ? points : most;
	}
	return tie ? NULL : best;
}

/* Rows and name say the same then. */
static bool is_called_like(const struct sketch *sketch, const struct kind *kind, const struct sketch_table *table)
{
	for (uint32_t part = 0; part < sketch->key.count; part++)
		if (kind->decides[part] && sounds_alike(table->name, kind->part[part].text))
			return true;
	return false;
}

static void choose_kind(const struct sketch *sketch, struct sketch_lake *lake)
{
	const struct sketch_table *table = lake->table;
	if (sketch->kinds.count == 0) {
		if (sketch->table_count > 1)
			lake->choice = "which items are in this table? Without where, all are expected in it";
		return;
	}
	bool holds = holds_key(sketch, table);
	lake->kind = holds ? kind_of_rows(sketch, table) : kind_by_score(sketch, table);
	if (lake->kind != NULL && holds && is_called_like(sketch, lake->kind, table))
		return;
	if (lake->kind != NULL) {
		lake->choice = holds ? "only items of this kind were seen in this table; is it for no other?"
				     : "this kind of items is chosen by the table's name and columns";
		return;
	}
	if (holds)
		lake->choice =
			"items of several kinds, and this table is taken to hold all; if not, say by where which";
	else
		lake->broken =
			"no kind of items stands out for this table: say by where which are in it, and by key what "
			"its key is made of";
}

/* ---- the row's key */

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Hashes of what stands in a key part behind the kind's prefix, sorted. */
static int part_values(struct sketch *sketch, const struct sketch_lake *lake, uint32_t part, uint64_t **hashes,
		       size_t *count, struct error *error)
{
	struct arena work;
	size_t prefix = lake->kind->part[part].text.size;
	*count = 0;
	*hashes = malloc((sketch->sample.record_count + 1) * sizeof **hashes);
	if (*hashes == NULL)
		return no_memory(error);
	arena_init(&work, (size_t)32 << 20);
	for (size_t i = 0; i < sketch->sample.record_count; i++) {
		const struct sample_record *record = &sketch->sample.records[i];
		struct slice text;
		int kind = sketch_kind_of(&sketch->kinds, &sketch->key, record, &work);
		if (kind >= 0 && &sketch->kinds.kind[kind] == lake->kind &&
		    sketch_key_value(&sketch->key, part, record, &work, &text) && text.size > prefix)
			(*hashes)[(*count)++] = XXH3_64bits(text.data + prefix, text.size - prefix);
	}
	bool failed = work.failed;
	arena_release(&work);
	qsort(*hashes, *count, sizeof **hashes, compare_hashes);
	return failed ? no_memory(error) : 0;
}

static bool is_taken(const struct sketch_lake *lake, const char *column)
{
	for (uint32_t i = 0; i < lake->key_count; i++)
		if (strcmp(lake->key[i].column, column) == 0)
			return true;
	return false;
}

/* The column most of whose values are among them, at least half. */
static const char *column_by_values(const struct sketch_lake *lake, const uint64_t *hashes, size_t count)
{
	const char *best = NULL;
	uint32_t most = 0;
	for (uint32_t i = 0; i < lake->table->column_count; i++) {
		const struct sketch_column *column = &lake->table->columns[i];
		uint32_t known = 0;
		for (uint32_t j = 0; j < column->value_count; j++) {
			uint64_t hash = XXH3_64bits(column->values[j].data, column->values[j].size);
			known += bsearch(&hash, hashes, count, sizeof hash, compare_hashes) != NULL;
		}
		if (known > most && known * 2 >= column->value_count && !is_taken(lake, column->name)) {
			best = column->name;
			most = known;
		}
	}
	return best;
}

/* The one column without an attribute that is called like the prefix: customer_id for CUST#. */
static const char *column_by_name(const struct sketch_lake *lake, struct slice prefix)
{
	const char *found = NULL;
	for (uint32_t i = 0; i < lake->table->column_count; i++) {
		const char *name = lake->table->columns[i].name;
		if (lake->matches[i].kind != MATCH_NONE || is_taken(lake, name) || !sounds_alike(name, prefix))
			continue;
		if (found != NULL)
			return NULL;
		found = name;
	}
	return found;
}

static int find_key_column(struct sketch *sketch, struct sketch_lake *lake, uint32_t part, struct error *error)
{
	const struct kind_part *form = &lake->kind->part[part];
	struct sketch_key_column *key = &lake->key[lake->key_count];
	uint64_t *hashes = NULL;
	size_t count;
	int code = part_values(sketch, lake, part, &hashes, &count, error);
	const char *column = code == 0 ? column_by_values(lake, hashes, count) : NULL;
	free(hashes);
	if (code != 0)
		return code;
	*key = (struct sketch_key_column){.column = column, .part = part, .extracts = form->form == PART_PREFIX};
	if (column == NULL) {
		key->column = column_by_name(lake, form->text);
		key->choice = "by the column's name alone: none of its values seen is in a key seen";
	}
	if (key->column != NULL)
		lake->key_count++;
	else
		lake->broken = "no column holds what stands in the items' key: say by key which do";
	return 0;
}

/* Columns hold the item's key, or parts of it; what `where` gives one value only need not be there. */
static int make_key(struct sketch *sketch, struct sketch_lake *lake, struct error *error)
{
	int code = 0;
	if (lake->kind == NULL || holds_key(sketch, lake->table))
		return 0;
	for (uint32_t part = 0; part < sketch->key.count && code == 0 && lake->broken == NULL; part++) {
		const struct sketch_column *whole = column_of(lake->table, sketch->key.name[part]);
		if (whole != NULL)
			lake->key[lake->key_count++] = (struct sketch_key_column){whole->name, part, false, NULL};
		else if (lake->kind->part[part].form != PART_WORD)
			code = find_key_column(sketch, lake, part, error);
	}
	for (uint32_t i = 0; i < lake->table->column_count; i++)
		if (is_taken(lake, lake->table->columns[i].name) && lake->matches[i].kind != MATCH_ATTRIBUTE)
			lake->matches[i] = (struct match){.kind = MATCH_KEY};
	if (code == 0 && lake->broken == NULL && lake->key_count == 0)
		lake->broken = "no column holds a part of the items' key";
	return code;
}

/* ---- all of them */

static int make_lake(struct sketch *sketch, struct sketch_lake *lake, const struct sketch_table *table,
		     struct error *error)
{
	size_t count = (size_t)table->column_count + 1;
	*lake = (struct sketch_lake){.table = table, .root = sketch->root};
	lake->matches = arena_array(&sketch->arena, count, sizeof *lake->matches);
	lake->misfits = arena_array(&sketch->arena, count, sizeof *lake->misfits);
	lake->misfit_texts = arena_array(&sketch->arena, count, sizeof *lake->misfit_texts);
	if (lake->matches == NULL || lake->misfits == NULL || lake->misfit_texts == NULL)
		return no_memory(error);
	memset(lake->misfits, 0, count * sizeof *lake->misfits);
	choose_kind(sketch, lake);
	if (lake->kind != NULL)
		lake->root = lake->kind->shape;
	int code = match_columns(lake->root, table, &sketch->arena, lake->matches, error);
	return code == 0 ? make_key(sketch, lake, error) : code;
}

/* A lake without a column to compare is no lake. */
static void check_columns(struct sketch_lake *lake)
{
	bool any = false;
	for (uint32_t i = 0; i < lake->table->column_count; i++)
		any = any || lake->matches[i].kind == MATCH_ATTRIBUTE || lake->matches[i].kind == MATCH_ITEM;
	if (!any && lake->broken == NULL)
		lake->broken = "none of its columns is called like an attribute seen";
}

int sketch_lakes_make(struct sketch *sketch, struct error *error)
{
	int code = 0;
	sketch->lakes = arena_array(&sketch->arena, (size_t)sketch->table_count + 1, sizeof *sketch->lakes);
	if (sketch->lakes == NULL)
		return no_memory(error);
	for (uint32_t i = 0; i < sketch->table_count && code == 0; i++) {
		code = make_lake(sketch, &sketch->lakes[i], &sketch->tables[i], error);
		sketch->lake_count++;
		if (code == 0)
			check_columns(&sketch->lakes[i]);
	}
	return code;
}
