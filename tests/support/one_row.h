/* one_row - a lake row of two columns, pk and c, as Arrow: built from plain texts by nothing of reconcile/.
 *
 * c's value is a text: itself for strings and binaries, a whole number for numbers, days, microseconds and decimals
 * (unscaled); "a|b" for array<string>, "k=v|k=v" for map<string,string>, a missing "=v" being a null value; NULL: null.
 * Inline, so that each test takes what it needs. */
#ifndef LAKEPROOF_TESTS_ONE_ROW_H
#define LAKEPROOF_TESTS_ONE_ROW_H

#include <stdlib.h>
#include <string.h>

#include "base/int128.h"
#include "reconcile/digest/digest.h"

enum { ONE_ROW_BYTES = 1 << 16, ONE_ROW_ENTRIES = 64 };

struct one_row {
	struct ArrowSchema schema, fields[2], item, entries, key, value;
	struct ArrowArray array, columns[2], items, entry_array, keys, values;
	struct ArrowSchema *schema_children[2], *item_child[1], *entry_child[1], *entry_fields[2];
	struct ArrowArray *array_children[2], *items_child[1], *entry_array_child[1], *entry_array_children[2];
	const void *buffers[2][3], *item_buffers[3], *entry_buffers[1], *value_buffers[3];
	int32_t pk_offsets[2], offsets[2], item_offsets[ONE_ROW_ENTRIES + 1], value_offsets[ONE_ROW_ENTRIES + 1];
	unsigned char valid[1], value_valid[ONE_ROW_ENTRIES / 8];
	char bytes[ONE_ROW_BYTES], value_bytes[ONE_ROW_BYTES];
	union {
		int128 wide;
		int64_t number;
		double real;
		float single;
		char raw[16];
	} fixed;
	char pk[16];
};

static inline int128 one_row_number(const char *text)
{
	int128 value = 0;
	for (const char *at = text + (*text == '-'); *at != '\0'; at++)
		value = value * 10 + (*at - '0');
	return *text == '-' ? -value : value;
}

/* "a|b": the pieces behind each other, and where each ends. */
static inline int64_t one_row_pieces(struct one_row *row, const char *text, bool map)
{
	int64_t count = 0;
	int32_t size = 0, value_size = 0;
	for (const char *at = text; *text != '\0'; at++) {
		size_t length = strcspn(at, map ? "=|" : "|");
		memcpy(row->bytes + size, at, length);
		size += (int32_t)length;
		at += length;
		if (map && *at == '=') {
			length = strcspn(++at, "|");
			memcpy(row->value_bytes + value_size, at, length);
			value_size += (int32_t)length;
			at += length;
			row->value_valid[count / 8] = (unsigned char)(row->value_valid[count / 8] | 1 << (count % 8));
		}
		row->item_offsets[++count] = size;
		row->value_offsets[count] = value_size;
		if (*at == '\0')
			break;
	}
	return count;
}

static inline struct ArrowArray one_row_array(int64_t length, int64_t buffers, const void **list)
{
	return (struct ArrowArray){.length = length, .null_count = -1, .n_buffers = buffers, .buffers = list};
}

static inline void one_row_nested(struct one_row *row, const char *text, bool map)
{
	int64_t count = text == NULL ? 0 : one_row_pieces(row, text, map);
	row->offsets[1] = (int32_t)count;
	row->item_buffers[1] = row->item_offsets;
	row->item_buffers[2] = row->bytes;
	row->value_buffers[0] = row->value_valid;
	row->value_buffers[1] = row->value_offsets;
	row->value_buffers[2] = row->value_bytes;
	row->buffers[1][1] = row->offsets;
	row->columns[1] = one_row_array(1, 2, row->buffers[1]);
	row->items = one_row_array(count, 3, row->item_buffers);
	row->item = (struct ArrowSchema){.format = "u", .name = map ? "key" : "element"};
	row->columns[1].n_children = row->fields[1].n_children = 1;
	if (!map) {
		row->item_child[0] = &row->item;
		row->items_child[0] = &row->items;
		row->fields[1].children = row->item_child;
		row->columns[1].children = row->items_child;
		return;
	}
	row->value = (struct ArrowSchema){.format = "u", .name = "value"};
	row->values = one_row_array(count, 3, row->value_buffers);
	row->entries =
		(struct ArrowSchema){.format = "+s", .name = "entries", .n_children = 2, .children = row->entry_fields};
	row->entry_fields[0] = &row->item;
	row->entry_fields[1] = &row->value;
	row->entry_array = one_row_array(count, 1, row->entry_buffers);
	row->entry_array.n_children = 2;
	row->entry_array.children = row->entry_array_children;
	row->entry_array_children[0] = &row->items;
	row->entry_array_children[1] = &row->values;
	row->entry_child[0] = &row->entries;
	row->entry_array_child[0] = &row->entry_array;
	row->fields[1].children = row->entry_child;
	row->columns[1].children = row->entry_array_child;
}

static inline void one_row_scalar(struct one_row *row, const char *format, const char *text)
{
	bool bytes = strchr("uz", format[0]) != NULL && format[1] == '\0';
	if (bytes) {
		row->offsets[1] = (int32_t)(text == NULL ? 0 : strlen(text));
		if (text != NULL)
			memcpy(row->bytes, text, strlen(text));
		row->buffers[1][1] = row->offsets;
		row->buffers[1][2] = row->bytes;
	} else if (text != NULL && (format[0] == 'g' || format[0] == 'f')) {
		row->buffers[1][1] = row->fixed.raw;
		if (format[0] == 'g')
			row->fixed.real = strtod(text, NULL);
		else
			row->fixed.single = strtof(text, NULL);
	} else {
		row->buffers[1][1] = row->fixed.raw;
		row->fixed.wide = text == NULL ? 0 : one_row_number(text);
	}
	row->columns[1] = one_row_array(1, bytes ? 3 : 2, row->buffers[1]);
}

/* `format`: Arrow's, "+l" and "+m" being of strings. The row is bound to where it stands: not to be copied. */
static inline void one_row_make(struct one_row *row, const char *pk, const char *format, const char *text)
{
	memset(row, 0, sizeof(*row));
	row->valid[0] = text != NULL;
	row->fields[0] = (struct ArrowSchema){.format = "u", .name = "pk"};
	row->fields[1] = (struct ArrowSchema){.format = format, .name = "c"};
	row->buffers[1][0] = row->valid;
	row->pk_offsets[1] = (int32_t)strlen(pk);
	strncpy(row->pk, pk, sizeof(row->pk) - 1);
	row->buffers[0][1] = row->pk_offsets;
	row->buffers[0][2] = row->pk;
	row->columns[0] = one_row_array(1, 3, row->buffers[0]);
	row->columns[0].null_count = 0;
	if (format[0] == '+')
		one_row_nested(row, text, format[1] == 'm');
	else
		one_row_scalar(row, format, text);
	for (size_t index = 0; index < 2; index++) {
		row->schema_children[index] = &row->fields[index];
		row->array_children[index] = &row->columns[index];
	}
	row->schema = (struct ArrowSchema){.format = "+s", .n_children = 2, .children = row->schema_children};
	row->array = (struct ArrowArray){.length = 1,
					 .n_buffers = 1,
					 .buffers = row->entry_buffers,
					 .n_children = 2,
					 .children = row->array_children};
}

static inline int one_row_take(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	(void)index;
	(void)error;
	*(uint64_t *)context = row->row;
	return 0;
}

/* The row's digest under the scratch's plan; 0 when there is none. */
static inline uint64_t one_row_digest(struct digest_scratch *scratch, const struct one_row *row)
{
	struct error error;
	uint64_t digest = 0;
	if (digest_batch(scratch, &row->schema, &row->array, one_row_take, &digest, &error) != 0)
		return 0;
	return digest;
}

#endif
