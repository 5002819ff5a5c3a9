/* Both sides of the digests agree: images against the same rows in Arrow, on every type. The Arrow arrays are built
 * here, from values generated here; nothing of reconcile/ converts them. */
#include "base/clock.h"
#include "tests/support/digest_fixture.h"

/* ---- values generated here, written as an image and as Arrow ---- */

struct datum {
	bool null;
	int128 number; /* integers, dates, times, booleans; decimals unscaled */
	double real;
	char bytes[80];
	size_t size;
	struct datum *children; /* elements; map values; fields */
	size_t count;
	char (*names)[8]; /* map keys */
};

static void free_datum(struct datum *datum)
{
	for (size_t index = 0; index < datum->count; index++)
		free_datum(&datum->children[index]);
	free(datum->children);
	free(datum->names);
}

static void random_bytes(struct prng *prng, struct datum *datum, bool text)
{
	static const char *const pieces[] = {"a", "Z", " ", "é", "漢", "😀", "\"", "\\", "x y", "0"};
	datum->size = 0;
	size_t wanted = (size_t)prng_below(prng, 60);
	while (datum->size < wanted) {
		if (!text) {
			datum->bytes[datum->size++] = (char)prng_next(prng);
			continue;
		}
		const char *piece = pieces[prng_below(prng, 10)];
		memcpy(datum->bytes + datum->size, piece, strlen(piece));
		datum->size += strlen(piece);
	}
}

static void random_children(struct prng *prng, const struct column_type *type, struct datum *datum);

static struct datum random_datum(struct prng *prng, const struct column_type *type, bool nullable)
{
	struct datum datum = {.null = nullable && prng_chance(prng, 1, 5)};
	int64_t any = (int64_t)prng_next(prng);
	any = prng_chance(prng, 1, 3) ? any % 100 : any;
	if (datum.null)
		return datum;
	switch (type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		random_bytes(prng, &datum, type->kind == COLUMN_STRING);
		break;
	case COLUMN_BOOLEAN:
		datum.number = (int128)prng_below(prng, 2);
		break;
	case COLUMN_TINYINT:
		datum.number = (int8_t)any;
		break;
	case COLUMN_SMALLINT:
		datum.number = (int16_t)any;
		break;
	case COLUMN_INT:
		datum.number = (int32_t)any;
		break;
	case COLUMN_BIGINT:
		datum.number = any;
		break;
	case COLUMN_DECIMAL:
		datum.number = random_unscaled(prng, type->precision);
		break;
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE: /* a short decimal; the column holds what is nearest to it */
		datum.number = random_unscaled(prng, 25);
		break;
	case COLUMN_DATE:
		datum.number = (int128)prng_below(prng, 60000) - 20000;
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		datum.number = (int128)(int64_t)prng_below(prng, UINT64_C(4000000000000000)) - 1000000000000000;
		break;
	default:
		random_children(prng, type, &datum);
	}
	return datum;
}

static void random_children(struct prng *prng, const struct column_type *type, struct datum *datum)
{
	datum->count = type->kind == COLUMN_STRUCT ? type->child_count : (size_t)prng_below(prng, 5);
	datum->children = calloc(datum->count + 1, sizeof(*datum->children));
	datum->names = calloc(datum->count + 1, sizeof(*datum->names));
	for (size_t index = 0; index < datum->count; index++) {
		const struct column_type *child = type->children[type->kind == COLUMN_STRUCT ? index
								 : type->kind == COLUMN_MAP  ? 1
											     : 0];
		datum->children[index] = random_datum(prng, child, true);
		snprintf(datum->names[index], sizeof(datum->names[index]), "k%u%c", (unsigned)index % 100,
			 (char)('a' + (char)prng_below(prng, 26)));
	}
}

/* A number in one of the spellings that formats use. */
static void put_number(struct prng *prng, struct buffer *json, int128 unscaled, int scale)
{
	char digits[64];
	size_t size = 0;
	bool negative = unscaled < 0;
	int128 rest = negative ? -unscaled : unscaled;
	do {
		digits[sizeof(digits) - 1 - size++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	} while (rest > 0);
	const char *first = digits + sizeof(digits) - size;
	buffer_append_text(json, negative ? "-" : "");
	switch (prng_below(prng, 4)) {
	case 0: /* digits and an exponent */
		buffer_printf(json, "%.*sE%d", (int)size, first, -scale);
		return;
	case 1: /* d.ddde+x */
		buffer_printf(json, "%c.%.*s0e%+d", first[0], (int)size - 1, first + 1, (int)size - 1 - scale);
		return;
	default:
		break;
	}
	int whole = (int)size - scale;
	if (whole <= 0)
		buffer_append_text(json, "0");
	else
		buffer_printf(json, "%.*s", whole < (int)size ? whole : (int)size, first);
	if (scale > 0) {
		buffer_append_byte(json, '.');
		for (int zero = whole; zero < 0; zero++)
			buffer_append_byte(json, '0');
		int skip = whole > 0 ? whole : 0;
		buffer_printf(json, "%.*s", (int)size - skip, first + skip);
		if (prng_chance(prng, 1, 2))
			buffer_append_text(json, "00");
	}
}

static void shuffle(struct prng *prng, size_t *order, size_t count)
{
	for (size_t index = 0; index < count; index++)
		order[index] = index;
	for (size_t index = count; index > 1; index--) {
		size_t other = (size_t)prng_below(prng, index), held = order[index - 1];
		order[index - 1] = order[other];
		order[other] = held;
	}
}

enum { REAL_SCALE = 7 };

static void put_datum(struct prng *prng, struct buffer *json, const struct column_type *type, bool unordered,
		      const struct datum *datum)
{
	char text[CLOCK_TEXT_MAX];
	size_t order[64];
	if (datum->null) {
		buffer_append_text(json, "{\"NULL\":true}");
		return;
	}
	switch (type->kind) {
	case COLUMN_STRING:
		buffer_append_text(json, "{\"S\":");
		buffer_append_json(json, (struct slice){datum->bytes, datum->size});
		break;
	case COLUMN_BINARY:
		buffer_append_text(json, "{\"B\":\"");
		buffer_append_base64(json, (struct slice){datum->bytes, datum->size});
		buffer_append_byte(json, '"');
		break;
	case COLUMN_BOOLEAN:
		buffer_printf(json, "{\"BOOL\":%s", datum->number != 0 ? "true" : "false");
		break;
	case COLUMN_DATE:
		buffer_printf(json, "{\"S\":\"%s\"", clock_format_date((int32_t)datum->number, text));
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		buffer_printf(json, "{\"S\":\"%s\"", clock_format((int64_t)datum->number, text));
		break;
	case COLUMN_ARRAY:
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		buffer_append_text(json, type->kind == COLUMN_ARRAY ? "{\"L\":[" : "{\"M\":{");
		shuffle(prng, order, datum->count);
		for (size_t index = 0; index < datum->count; index++) {
			size_t at = type->kind == COLUMN_ARRAY && !unordered ? index : order[index];
			buffer_append_text(json, index > 0 ? "," : "");
			if (type->kind != COLUMN_ARRAY)
				buffer_printf(json,
					      "\"%s\":", type->kind == COLUMN_MAP ? datum->names[at] : type->names[at]);
			put_datum(prng, json,
				  type->children[type->kind == COLUMN_STRUCT ? at : type->kind == COLUMN_MAP],
				  unordered, &datum->children[at]);
		}
		buffer_append_text(json, type->kind == COLUMN_ARRAY ? "]" : "}");
		break;
	default:
		buffer_append_text(json, "{\"N\":\"");
		put_number(prng, json, datum->number,
			   type->kind == COLUMN_DECIMAL                                ? type->scale
			   : type->kind == COLUMN_FLOAT || type->kind == COLUMN_DOUBLE ? REAL_SCALE
										       : 0);
		buffer_append_byte(json, '"');
	}
	buffer_append_byte(json, '}');
}

/* ---- an Arrow column under construction ---- */

struct builder {
	const struct column_type *type;
	struct ArrowSchema schema;
	struct ArrowArray array;
	struct ArrowSchema *schema_children[8];
	struct ArrowArray *array_children[8];
	const void *buffer_list[3];
	struct builder *children;
	size_t child_count;
	struct builder *entries; /* of a map: the struct between */
	char format[32];
	unsigned width;     /* bytes a value; 0: bits */
	bool wide;          /* 64-bit offsets */
	int64_t junk;       /* values before the array's offset */
	int64_t entry_junk; /* of a map: entries before the offset of the struct between */
	int64_t length, nulls;
	unsigned char *validity;
	char *values;
	size_t value_size;
	int64_t *offsets;
	int32_t *narrow;
};

enum { BUILDER_ROWS = 20000, BUILDER_BYTES = 1 << 20 };

static void append_null(struct builder *builder);

static void set_format(struct builder *builder, struct prng *prng, const struct column_type *type)
{
	static const struct {
		enum column_kind kind;
		const char *format;
		unsigned width;
	} formats[] = {{COLUMN_BOOLEAN, "b", 0},         {COLUMN_TINYINT, "c", 1},
		       {COLUMN_SMALLINT, "s", 2},        {COLUMN_INT, "i", 4},
		       {COLUMN_BIGINT, "l", 8},          {COLUMN_FLOAT, "f", 4},
		       {COLUMN_DOUBLE, "g", 8},          {COLUMN_DATE, "tdD", 4},
		       {COLUMN_TIMESTAMP, "tsu:UTC", 8}, {COLUMN_TIMESTAMP_NTZ, "tsu:", 8},
		       {COLUMN_STRUCT, "+s", 0},         {COLUMN_MAP, "+m", 0}};
	builder->wide = type->kind != COLUMN_MAP && prng_chance(prng, 1, 2);
	if (type->kind == COLUMN_STRING || type->kind == COLUMN_BINARY || type->kind == COLUMN_ARRAY) {
		const char *pair = type->kind == COLUMN_STRING ? "uU" : type->kind == COLUMN_BINARY ? "zZ" : "lL";
		snprintf(builder->format, sizeof(builder->format), "%s%c", type->kind == COLUMN_ARRAY ? "+" : "",
			 pair[builder->wide]);
		return;
	}
	if (type->kind == COLUMN_DECIMAL) {
		unsigned narrow = type->precision <= 9 ? 4 : type->precision <= 18 ? 8 : 16;
		builder->width = prng_chance(prng, 1, 2) ? 16 : narrow;
		snprintf(builder->format, sizeof(builder->format), builder->width == 16 ? "d:%u,%u" : "d:%u,%u,%u",
			 type->precision, type->scale, builder->width * 8);
		return;
	}
	for (size_t index = 0; index < sizeof(formats) / sizeof(formats[0]); index++) {
		if (formats[index].kind == type->kind) {
			snprintf(builder->format, sizeof(builder->format), "%s", formats[index].format);
			builder->width = formats[index].width;
		}
	}
}

static void start_builder(struct builder *builder, struct prng *prng, const struct column_type *type, const char *name)
{
	*builder = (struct builder){.type = type, .child_count = type->child_count};
	set_format(builder, prng, type);
	builder->validity = calloc(1, BUILDER_ROWS);
	builder->values = calloc(1, BUILDER_BYTES);
	builder->offsets = calloc(BUILDER_ROWS, sizeof(*builder->offsets));
	builder->narrow = calloc(BUILDER_ROWS, sizeof(*builder->narrow));
	builder->children = calloc(builder->child_count + 1, sizeof(*builder->children));
	builder->schema.name = name;
	for (size_t index = 0; index < builder->child_count; index++)
		start_builder(&builder->children[index], prng, type->children[index], type->names[index]);
	builder->entry_junk = type->kind == COLUMN_MAP ? (int64_t)prng_below(prng, 3) : 0;
	for (int64_t index = 0; index < builder->entry_junk * 2; index++)
		append_null(&builder->children[index % 2]);
	builder->junk = (int64_t)prng_below(prng, 4);
	for (int64_t index = 0; index < builder->junk; index++)
		append_null(builder);
	builder->nulls = 0;
}

static void end_value(struct builder *builder, bool null)
{
	int64_t at = builder->length++;
	builder->nulls += null;
	if (!null)
		builder->validity[at / 8] = (unsigned char)(builder->validity[at / 8] | 1 << (at % 8));
	int64_t end = builder->type->kind == COLUMN_ARRAY || builder->type->kind == COLUMN_MAP
			      ? builder->children[0].length - builder->children[0].junk - builder->entry_junk
			      : (int64_t)builder->value_size;
	builder->offsets[at + 1] = end;
	builder->narrow[at + 1] = (int32_t)end;
}

/* A null; the slot's value is whatever was there, as Arrow allows. */
static void append_null(struct builder *builder)
{
	if (builder->type->kind == COLUMN_STRUCT)
		for (size_t index = 0; index < builder->child_count; index++)
			append_null(&builder->children[index]);
	if (builder->width > 0)
		memset(builder->values + builder->length * builder->width, 0x5a, builder->width);
	end_value(builder, true);
}

static void append_fixed(struct builder *builder, const struct datum *datum)
{
	char *at = builder->values + builder->length * builder->width;
	char text[64];
	struct buffer spelled;
	if (builder->type->kind == COLUMN_BOOLEAN) {
		int64_t bit = builder->length;
		if (datum->number != 0)
			builder->values[bit / 8] = (char)(builder->values[bit / 8] | 1 << (bit % 8));
		return;
	}
	if (builder->type->kind != COLUMN_FLOAT && builder->type->kind != COLUMN_DOUBLE) {
		memcpy(at, &datum->number, builder->width);
		return;
	}
	struct prng plain;
	prng_init(&plain, 1);
	buffer_init(&spelled, sizeof(text));
	put_number(&plain, &spelled, datum->number, REAL_SCALE);
	snprintf(text, sizeof(text), "%.*s", (int)spelled.size, spelled.data);
	buffer_release(&spelled);
	float single = strtof(text, NULL);
	double twice = strtod(text, NULL);
	memcpy(at, builder->width == 4 ? (void *)&single : (void *)&twice, builder->width);
}

static void append_datum(struct builder *builder, const struct datum *datum)
{
	struct datum key = {.size = 0};
	if (datum->null) {
		append_null(builder);
		return;
	}
	switch (builder->type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		memcpy(builder->values + builder->value_size, datum->bytes, datum->size);
		builder->value_size += datum->size;
		break;
	case COLUMN_ARRAY:
	case COLUMN_STRUCT:
		for (size_t index = 0; index < datum->count; index++)
			append_datum(&builder->children[builder->type->kind == COLUMN_STRUCT ? index : 0],
				     &datum->children[index]);
		break;
	case COLUMN_MAP:
		for (size_t index = 0; index < datum->count; index++) {
			key.size = strlen(datum->names[index]);
			memcpy(key.bytes, datum->names[index], key.size);
			append_datum(&builder->children[0], &key);
			append_datum(&builder->children[1], &datum->children[index]);
		}
		break;
	default:
		append_fixed(builder, datum);
	}
	end_value(builder, false);
}

static void finish_builder(struct builder *builder)
{
	enum column_kind kind = builder->type->kind;
	bool strings = kind == COLUMN_STRING || kind == COLUMN_BINARY;
	const void *offsets = builder->wide ? (const void *)builder->offsets : (const void *)builder->narrow;
	for (size_t index = 0; index < builder->child_count; index++) {
		/* A struct's children are not sliced with it: they hold its junk too. */
		finish_builder(&builder->children[index]);
		builder->schema_children[index] = &builder->children[index].schema;
		builder->array_children[index] = &builder->children[index].array;
	}
	builder->buffer_list[0] = builder->nulls == 0 && builder->length % 2 == 0 ? NULL : builder->validity;
	builder->buffer_list[1] = strings || kind == COLUMN_ARRAY || kind == COLUMN_MAP ? offsets : builder->values;
	builder->buffer_list[2] = builder->values;
	builder->schema.format = builder->format;
	builder->schema.n_children = (int64_t)builder->child_count;
	builder->schema.children = builder->schema_children;
	builder->array = (struct ArrowArray){.length = builder->length - builder->junk,
					     .null_count = builder->nulls > 0
								   ? (builder->length % 3 == 0 ? -1 : builder->nulls)
								   : 0,
					     .offset = builder->junk,
					     .n_buffers = strings                 ? 3
							  : kind == COLUMN_STRUCT ? 1
										  : 2,
					     .n_children = (int64_t)builder->child_count,
					     .buffers = builder->buffer_list,
					     .children = builder->array_children};
	if (kind != COLUMN_MAP)
		return;
	/* Key and value become fields of the one child. Their junk must agree: the struct between has none of its own.
	 */
	builder->entries = calloc(1, sizeof(*builder->entries));
	struct builder *entries = builder->entries;
	memcpy(entries->schema_children, builder->schema_children, sizeof(entries->schema_children));
	memcpy(entries->array_children, builder->array_children, sizeof(entries->array_children));
	entries->schema = (struct ArrowSchema){
		.format = "+s", .name = "entries", .n_children = 2, .children = entries->schema_children};
	entries->array = (struct ArrowArray){.length = builder->children[0].array.length - builder->entry_junk,
					     .offset = builder->entry_junk,
					     .n_buffers = 1,
					     .n_children = 2,
					     .buffers = entries->buffer_list,
					     .children = entries->array_children};
	builder->schema.n_children = builder->array.n_children = 1;
	builder->schema_children[0] = &entries->schema;
	builder->array_children[0] = &entries->array;
}

static void free_builder(struct builder *builder)
{
	for (size_t index = 0; index < builder->child_count; index++)
		free_builder(&builder->children[index]);
	free(builder->children);
	free(builder->entries);
	free(builder->validity);
	free(builder->values);
	free(builder->offsets);
	free(builder->narrow);
}

/* ---- both sides agree ---- */

static const char *const random_types[] = {
	"string",
	"boolean",
	"tinyint",
	"smallint",
	"int",
	"bigint",
	"float",
	"double",
	"decimal(5,2)",
	"decimal(18,6)",
	"decimal(38,10)",
	"decimal(38,0)",
	"binary",
	"date",
	"timestamp",
	"timestamp_ntz",
	"array<string>",
	"array<decimal(20,3)>",
	"array<array<int>>",
	"map<string,bigint>",
	"map<string,array<string>>",
	"struct<a:string,b:int,c:boolean>",
	"struct<x:struct<y:double>,z:array<struct<q:binary>>>",
	"array<map<string,decimal(9,1)>>",
};

enum { RANDOM_TYPES = sizeof(random_types) / sizeof(random_types[0]), ROWS = 300 };

struct collected {
	uint64_t rows[ROWS];
	char keys[ROWS][64];
	size_t key_sizes[ROWS];
	int64_t expires[ROWS];
	bool deleted[ROWS];
	uint64_t count;
};

static int collect(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	struct collected *collected = context;
	(void)error;
	if (index >= ROWS || row->key.size > sizeof(collected->keys[0]))
		return 1;
	collected->rows[index] = row->row;
	collected->key_sizes[index] = row->key.size;
	collected->expires[index] = row->expires_s;
	collected->deleted[index] = row->deleted;
	if (row->key.size > 0)
		memcpy(collected->keys[index], row->key.data, row->key.size);
	collected->count++;
	return 0;
}

/* One column of one type, both ways, with every value's own digest and text too. */
static void test_agreement(const char *type_name, bool unordered, uint64_t seed)
{
	struct arena arena;
	const char *why;
	struct prng prng;
	struct builder columns[2];
	struct fixture fixture;
	char yaml[200];
	static struct collected collected;
	static struct datum data[ROWS];
	arena_init(&arena, 1 << 20);
	prng_init(&prng, seed);
	collected = (struct collected){.count = 0};
	const struct column_type *text = column_type_parse(&arena, slice_from("string"), &why);
	const struct column_type *type = column_type_parse(&arena, slice_from(type_name), &why);
	start_builder(&columns[0], &prng, text, "pk");
	start_builder(&columns[1], &prng, type, "c");
	for (size_t row = 0; row < ROWS; row++) {
		struct datum key = {.size = 6};
		char digits[8];
		snprintf(digits, sizeof(digits), "k%05zu", row);
		memcpy(key.bytes, digits, 6);
		append_datum(&columns[0], &key);
		data[row] = random_datum(&prng, type, true);
		append_datum(&columns[1], &data[row]);
	}
	finish_builder(&columns[0]);
	finish_builder(&columns[1]);
	struct ArrowSchema *schemas[2] = {&columns[0].schema, &columns[1].schema};
	struct ArrowArray *arrays[2] = {&columns[0].array, &columns[1].array};
	struct ArrowSchema schema = {.format = "+s", .name = "", .n_children = 2, .children = schemas};
	struct ArrowArray batch = {.length = ROWS, .n_buffers = 1, .n_children = 2, .children = arrays};
	snprintf(yaml, sizeof(yaml), "    - {column: c, attribute: c, type: \"%s\"%s}\n", type_name,
		 unordered ? ", unordered: true" : "");
	bool opened = open_fixture(&fixture, yaml, "", &schema);
	bool done = opened && digest_plan_report(fixture.plan)->mismatch_count == 0 &&
		    digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == 0 &&
		    collected.count == ROWS;
	if (opened && !done)
		printf("# %s\n", fixture.error.message);
	size_t rows_same = 0, keys_same = 0, values_same = 0, texts_same = 0;
	for (size_t row = 0; row < ROWS && done; row++) {
		struct buffer json, want, have;
		struct image_digest digest;
		struct digest_fault fault;
		struct slice key = {NULL, 0};
		uint64_t expected = 1, actual = 2;
		uint32_t flags;
		buffer_init(&json, 1 << 20);
		buffer_init(&want, 1 << 20);
		buffer_init(&have, 1 << 20);
		buffer_printf(&json, "{\"pk\":{\"S\":\"k%05zu\"}", row);
		if (!data[row].null || prng_chance(&prng, 1, 2)) {
			buffer_append_text(&json, ",\"c\":");
			put_datum(&prng, &json, type, unordered, &data[row]);
		}
		buffer_append(&json, "}", 2);
		bool whole = image(&fixture, json.data, &digest, &fault) && digest.flags == 0 &&
			     digest_key(fixture.scratch, fixture.tokens, 0, &key, &fault);
		rows_same += whole && digest.row == collected.rows[row];
		keys_same += whole && slice_equal(key, (struct slice){collected.keys[row], collected.key_sizes[row]});
		if (!whole || digest.row != collected.rows[row])
			printf("# row %zu: %s\n", row, json.data);
		whole = whole &&
			digest_expected_value(fixture.scratch, fixture.tokens, 0, 1, &want, &expected, &flags) == 0 &&
			digest_actual_value(fixture.scratch, &schema, &batch, row, 1, &have, &actual) == 0;
		values_same += whole && expected == actual;
		bool by_order = type->kind == COLUMN_MAP || unordered || strstr(type_name, "map<") != NULL;
		texts_same += whole && (by_order ? want.size == have.size
						 : slice_equal(buffer_slice(&want), buffer_slice(&have)));
		buffer_release(&json);
		buffer_release(&want);
		buffer_release(&have);
	}
	const char *note = unordered ? " unordered" : "";
	ok(rows_same == ROWS, "image and Arrow row digests agree for%s %s", note, type_name);
	ok(keys_same == ROWS, "so do the keys");
	ok(values_same == ROWS, "so do the values' own digests");
	ok(texts_same == ROWS, "so do the values' texts");
	for (size_t row = 0; row < ROWS; row++)
		free_datum(&data[row]);
	free_builder(&columns[0]);
	free_builder(&columns[1]);
	close_fixture(&fixture);
	arena_release(&arena);
}

static void test_deletes_and_ttl(void)
{
	struct prng prng;
	struct arena arena;
	const char *why;
	static const char *const names[] = {"pk", "exp", "gone"};
	static const char *const types[] = {"string", "bigint", "boolean"};
	struct builder columns[3];
	static struct collected collected;
	struct ArrowSchema *schemas[3];
	struct ArrowArray *arrays[3];
	prng_init(&prng, 11);
	arena_init(&arena, 1 << 16);
	collected = (struct collected){.count = 0};
	for (size_t index = 0; index < 3; index++)
		start_builder(&columns[index], &prng, column_type_parse(&arena, slice_from(types[index]), &why),
			      names[index]);
	for (int row = 0; row < 4; row++) {
		struct datum key = {.bytes = "kk", .size = row == 2 ? 0 : 2, .null = row == 3};
		append_datum(&columns[0], &key);
		append_datum(&columns[1], &(struct datum){.number = 1700000000 + row, .null = row == 1});
		append_datum(&columns[2], &(struct datum){.number = row == 0, .null = row == 2});
	}
	for (size_t index = 0; index < 3; index++) {
		finish_builder(&columns[index]);
		schemas[index] = &columns[index].schema;
		arrays[index] = &columns[index].array;
	}
	struct ArrowSchema schema = {.format = "+s", .n_children = 3, .children = schemas};
	struct ArrowArray batch = {.length = 4, .n_buffers = 1, .n_children = 3, .children = arrays};
	struct fixture fixture;
	ok(open_fixture(&fixture, "    - {column: exp, attribute: exp}\n",
			"  deletes: {column: gone}\n  ttl: {attribute: exp, lake: soft}\n", &schema) &&
		   digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == 0,
	   "rows with a deletes column and a TTL column");
	ok(collected.deleted[0] && !collected.deleted[1] && !collected.deleted[2],
	   "true is deleted, false and null are not");
	ok(collected.expires[0] == 1700000000 && collected.expires[1] == EXPIRES_NONE &&
		   collected.expires[2] == 1700000002,
	   "the TTL column's value is the row's expiry");
	ok(collected.key_sizes[0] == 5 && collected.key_sizes[2] == 0 && collected.key_sizes[3] == 0,
	   "a null or empty key column gives no key");
	batch.length = 2;
	batch.offset = 2;
	collected.count = 0;
	ok(digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == 0 &&
		   collected.count == 2 && collected.expires[0] == 1700000002 && collected.key_sizes[0] == 0,
	   "a sliced batch starts at its offset");
	schemas[1]->format = "i";
	ok(digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == ERROR_DATA,
	   "a batch of another type than the table's is refused");
	is_text(fixture.error.message, "column 'exp' is bigint in the table, but its file gave Arrow \"i\"",
		"and named");
	for (size_t index = 0; index < 3; index++)
		free_builder(&columns[index]);
	close_fixture(&fixture);
	arena_release(&arena);
}

int main(void)
{
	for (size_t index = 0; index < RANDOM_TYPES; index++) {
		test_agreement(random_types[index], false, index);
		if (strstr(random_types[index], "array<") != NULL)
			test_agreement(random_types[index], true, index + 100);
	}
	test_deletes_and_ttl();
	return tap_done();
}
