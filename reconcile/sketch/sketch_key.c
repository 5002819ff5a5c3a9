#include "reconcile/sketch/sketch_key.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <xxhash.h>

enum { CANDIDATES_MAX = 8, DOUBT_MAX = 600, PREFIX_MAX = 32 };

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the key");
}

bool sketch_key_value(const struct sketch_key *key, uint32_t part, const struct sample_record *record,
		      struct arena *work, struct slice *text)
{
	struct value value;
	struct value_fault fault;
	uint32_t at = json_member(record->tokens, record->keys, key->name[part]);
	arena_reset(work);
	if (at == 0 || !value_read(work, record->tokens, at, &value, &fault))
		return false;
	*text = value.bytes;
	return value.tag == TAG_S || value.tag == TAG_N || value.tag == TAG_B;
}

/* ---- names */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

static bool ends_in(const char *name, const char *end)
{
	size_t size = strlen(name), tail = strlen(end);
	return size >= tail && strcasecmp(name + size - tail, end) == 0;
}

static bool names_partition(const char *name)
{
	static const char *const names[] = {"pk",        "hashkey", "hash_key", "partitionkey", "partition_key",
					    "partition", NULL};
	return is_one_of(name, names) || ends_in(name, "_pk");
}

static bool names_sort(const char *name)
{
	static const char *const names[] = {"sk",       "rangekey", "range_key", "sortkey",
					    "sort_key", "sort",     "range",     NULL};
	return is_one_of(name, names) || ends_in(name, "_sk");
}

/* How much a name looks like that of a key. */
static int rank(const char *name)
{
	static const char *const ends[] = {"id", "key", "uuid", "guid", "arn", "number", "code", NULL};
	if (names_partition(name) || strcasecmp(name, "id") == 0)
		return 3;
	for (size_t i = 0; ends[i] != NULL; i++)
		if (ends_in(name, ends[i]))
			return 2;
	return 0;
}

/* ---- distinct values */

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static size_t distinct(uint64_t *hashes, size_t count)
{
	size_t different = count > 0;
	qsort(hashes, count, sizeof *hashes, compare_hashes);
	for (size_t i = 1; i < count; i++)
		different += hashes[i] != hashes[i - 1];
	return different;
}

/* How many different values the parts have over the records, or over the items alone; *of: how many records. */
static int count_values(const struct sample *sample, const struct sketch_key *key, bool items, size_t *different,
			size_t *of, struct error *error)
{
	struct arena work;
	uint64_t *hashes = malloc((sample->record_count + 1) * sizeof *hashes);
	if (hashes == NULL)
		return no_memory(error);
	arena_init(&work, (size_t)32 << 20);
	*of = 0;
	for (size_t i = 0; i < sample->record_count; i++) {
		uint64_t hash = 0;
		bool all = !items || !sample->records[i].change;
		for (uint32_t part = 0; part < key->count && all; part++) {
			struct slice text;
			all = sketch_key_value(key, part, &sample->records[i], &work, &text);
			hash = all ? XXH3_64bits_withSeed(text.data, text.size, hash + part) : 0;
		}
		if (all)
			hashes[(*of)++] = hash;
	}
	*different = distinct(hashes, *of);
	bool failed = work.failed;
	arena_release(&work);
	free(hashes);
	return failed ? no_memory(error) : 0;
}

/* ---- the key */

static char type_of(enum value_tag tag)
{
	return tag == TAG_S ? 'S' : tag == TAG_N ? 'N' : tag == TAG_B ? 'B' : '\0';
}

/* What a change record's Keys say. */
static int take_stated(struct sample *sample, const struct sample_record *record, struct sketch_key *key,
		       struct error *error)
{
	struct arena work;
	uint32_t at = record->keys + 1;
	int code = 0;
	arena_init(&work, (size_t)32 << 20);
	key->count = 0;
	for (uint32_t i = 0; i < record->tokens[record->keys].count && code == 0; i++) {
		struct value value;
		struct value_fault fault;
		struct slice name = arena_copy(&sample->arena, json_text(&record->tokens[at]));
		char type = value_read(&work, record->tokens, at + 1, &value, &fault) ? type_of(value.tag) : '\0';
		at = record->tokens[at + 1].next;
		if (name.data == NULL)
			code = no_memory(error);
		if (type == '\0' || key->count == KEY_PARTS_MAX) {
			key->count = 0;
			break;
		}
		key->name[key->count] = name.data;
		key->type[key->count++] = type;
	}
	arena_release(&work);
	return code;
}

static void swap_parts(struct sketch_key *key)
{
	const char *name = key->name[0];
	char type = key->type[0];
	key->name[0] = key->name[1];
	key->type[0] = key->type[1];
	key->name[1] = name;
	key->type[1] = type;
}

static int put_in_order(const struct sample *sample, struct sketch_key *key, struct error *error)
{
	struct sketch_key one = {.count = 1};
	size_t different[2] = {0, 0}, of;
	if (key->count < 2)
		return 0;
	if (names_sort(key->name[0]) || names_partition(key->name[1]))
		swap_parts(key);
	if (names_sort(key->name[1]) || names_partition(key->name[0]))
		return 0;
	for (uint32_t part = 0; part < 2; part++) {
		one.name[0] = key->name[part];
		int code = count_values(sample, &one, false, &different[part], &of, error);
		if (code != 0)
			return code;
	}
	if (different[1] < different[0])
		swap_parts(key);
	key->order_doubt = different[0] == different[1]
				   ? "nothing tells which is the partition key; it comes first"
				   : "the one with fewer values is taken for the partition key; it comes first";
	return 0;
}

struct candidate {
	const char *name;
	char type;
	int rank;
	bool alone; /* no two items seen share a value */
};

static int by_rank(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (y->rank > x->rank) - (y->rank < x->rank);
}

/* Attributes of one key type that every item has, those with the likeliest names first. */
static int find_candidates(struct sample *sample, const struct shape *root, struct candidate *candidates, size_t *count,
			   struct error *error)
{
	size_t most = 0;
	for (const struct shape *child = root->children; child != NULL; child = child->sibling)
		most++;
	struct candidate *all = arena_array(&sample->arena, most + 1, sizeof *all);
	size_t found = 0;
	if (all == NULL)
		return no_memory(error);
	for (const struct shape *child = root->children; child != NULL; child = child->sibling) {
		char type = type_of(shape_tag(child));
		if (child->count != root->count || type == '\0' || child->tags[TAG_NULL] > 0)
			continue;
		const char *name = arena_copy(&sample->arena, child->name).data;
		if (name == NULL)
			return no_memory(error);
		all[found++] = (struct candidate){name, type, names_sort(name) ? 2 : rank(name), false};
	}
	qsort(all, found, sizeof *all, by_rank);
	*count = found < CANDIDATES_MAX ? found : CANDIDATES_MAX;
	memcpy(candidates, all, *count * sizeof *all);
	return 0;
}

static struct sketch_key key_of(const struct candidate *a, const struct candidate *b)
{
	struct sketch_key key = {.name = {a->name}, .type = {a->type}, .count = b != NULL ? 2 : 1};
	if (b != NULL) {
		key.name[1] = b->name;
		key.type[1] = b->type;
	}
	return key;
}

static int is_unique(const struct sample *sample, const struct sketch_key *key, bool *unique, struct error *error)
{
	size_t different = 0, of = 0;
	int code = count_values(sample, key, true, &different, &of, error);
	*unique = code == 0 && different == of && of > 0;
	return code;
}

/* The pair of names that every single-table design has, else one attribute alone, else the first pair. */
static int choose(const struct sample *sample, struct candidate *candidates, size_t count, struct sketch_key *key,
		  struct error *error)
{
	const struct candidate *partition = NULL, *sort = NULL, *alone = NULL;
	int code = 0;
	for (size_t i = 0; i < count && code == 0; i++) {
		struct sketch_key one = key_of(&candidates[i], NULL);
		code = is_unique(sample, &one, &candidates[i].alone, error);
		partition = partition == NULL && names_partition(candidates[i].name) ? &candidates[i] : partition;
		sort = sort == NULL && names_sort(candidates[i].name) ? &candidates[i] : sort;
		alone = alone == NULL && candidates[i].alone ? &candidates[i] : alone;
	}
	*key = key_of(partition != NULL ? partition
		      : alone != NULL   ? alone
					: &candidates[0],
		      partition != NULL ? sort : NULL);
	if (code != 0 || partition != NULL || (alone != NULL && alone->rank > 0))
		return code;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count && code == 0; j++) {
			struct sketch_key pair = key_of(&candidates[i], &candidates[j]);
			bool unique = false;
			code = is_unique(sample, &pair, &unique, error);
			if (code == 0 && unique && alone == NULL) {
				*key = pair;
				return 0;
			}
		}
	}
	return code;
}

static const char *doubt(struct sample *sample, const struct candidate *candidates, size_t count,
			 const struct sketch_key *key)
{
	char others[DOUBT_MAX] = "";
	size_t used = 0;
	for (size_t i = 0; i < count && used < sizeof others - 300; i++)
		if (candidates[i].alone && candidates[i].name != key->name[0])
			used += (size_t)snprintf(others + used, sizeof others - used, "%s%.64s", used > 0 ? ", " : "",
						 candidates[i].name);
	return arena_text(&sample->arena,
			  "items do not tell their key, and no change records were given: this is a guess%s%s",
			  used > 0 ? "; also different in all items seen: " : "", others);
}

static int guess(struct sample *sample, const struct shape *root, struct sketch_key *key, struct error *error)
{
	struct candidate candidates[CANDIDATES_MAX];
	size_t count = 0;
	int code = find_candidates(sample, root, candidates, &count, error);
	if (code != 0)
		return code;
	if (count == 0)
		return error_set(
			error, ERROR_DATA,
			"no attribute of type S, N or B is in all items seen, so none can be the key; give change "
			"records too, which name it");
	code = choose(sample, candidates, count, key, error);
	if (code == 0 && (key->doubt = doubt(sample, candidates, count, key)) == NULL)
		code = no_memory(error);
	return code;
}

int sketch_key_find(struct sample *sample, const struct shape *root, struct sketch_key *key, struct error *error)
{
	*key = (struct sketch_key){.count = 0};
	int code = 0;
	for (size_t i = 0; i < sample->record_count && code == 0 && key->count == 0; i++)
		if (sample->records[i].change)
			code = take_stated(sample, &sample->records[i], key, error);
	if (code == 0 && key->count == 0)
		code = guess(sample, root, key, error);
	return code == 0 ? put_in_order(sample, key, error) : code;
}

/* ---- kinds */

/* "CUST#1" → "CUST#"; "#META#1" → "#META#"; "PROFILE" is a word; "https://…", "2026-01-02", "a b" are anything. */
struct kind_part sketch_part_of(struct slice value)
{
	size_t at = 0;
	bool upper = true;
	if (value.size > 1 && value.data[0] == '#')
		at++;
	size_t begin = at;
	for (; at < value.size && at - begin < PREFIX_MAX; at++) {
		unsigned char byte = (unsigned char)value.data[at];
		if (!(isalpha(byte) != 0 || (at > begin && (isdigit(byte) != 0 || byte == '_' || byte == '-'))))
			break;
		upper = upper && islower(byte) == 0;
	}
	if (at == begin || at - begin == PREFIX_MAX)
		return (struct kind_part){PART_ANY, {NULL, 0}, false};
	if (at == value.size)
		return upper && memchr(value.data, '-', value.size) == NULL
			       ? (struct kind_part){PART_WORD, value, false}
			       : (struct kind_part){PART_ANY, {NULL, 0}, false};
	bool parts = strchr("#|", value.data[at]) != NULL ||
		     (strchr(":/", value.data[at]) != NULL && at + 1 < value.size && value.data[at + 1] != '/');
	if (!parts || value.data[at] == '\0')
		return (struct kind_part){PART_ANY, {NULL, 0}, false};
	return (struct kind_part){PART_PREFIX, {value.data, at + 1}, false};
}

static bool same_part(const struct kind_part *a, const struct kind_part *b)
{
	return a->form == b->form && slice_equal(a->text, b->text);
}

static bool parts_of(const struct sketch_key *key, const struct sample_record *record, struct arena *work,
		     struct kind_part parts[KEY_PARTS_MAX], bool nested[KEY_PARTS_MAX])
{
	for (uint32_t part = 0; part < key->count; part++) {
		struct slice text;
		if (!sketch_key_value(key, part, record, work, &text))
			return false;
		/* S borrows from the tokens, not from `work`. */
		parts[part] = key->type[part] == 'S' ? sketch_part_of(text)
						     : (struct kind_part){PART_ANY, {NULL, 0}, false};
		size_t size = parts[part].text.size;
		nested[part] = parts[part].form == PART_PREFIX &&
			       memchr(text.data + size, text.data[size - 1], text.size - size) != NULL;
	}
	return true;
}

static int find_kind(const struct kinds *kinds, const struct sketch_key *key, const struct kind_part *parts)
{
	for (uint32_t i = 0; i < kinds->count; i++) {
		bool same = true;
		for (uint32_t part = 0; part < key->count; part++)
			same = same && same_part(&kinds->kind[i].part[part], &parts[part]);
		if (same)
			return (int)i;
	}
	return -1;
}

int sketch_kind_of(const struct kinds *kinds, const struct sketch_key *key, const struct sample_record *record,
		   struct arena *work)
{
	struct kind_part parts[KEY_PARTS_MAX];
	bool nested[KEY_PARTS_MAX];
	return parts_of(key, record, work, parts, nested) ? find_kind(kinds, key, parts) : -1;
}

/* The parts that tell a kind from the others: the sort key, else the partition key, else both. */
static void decide(struct kinds *kinds, const struct sketch_key *key)
{
	for (uint32_t i = 0; i < kinds->count; i++) {
		struct kind *kind = &kinds->kind[i];
		bool chosen = false;
		for (uint32_t left = key->count; left-- > 0 && !chosen;) {
			bool only = kind->part[left].form != PART_ANY;
			for (uint32_t j = 0; j < kinds->count; j++)
				only = only && (j == i || !same_part(&kind->part[left], &kinds->kind[j].part[left]));
			/* A value that begins as this one's does may be one of any kind. */
			for (uint32_t j = 0; j < kinds->count; j++)
				only = only && (j == i || kinds->kind[j].part[left].form != PART_ANY);
			kind->decides[left] = chosen = only;
		}
		for (uint32_t part = 0; part < key->count && !chosen; part++)
			kind->decides[part] = kind->part[part].form != PART_ANY;
	}
}

static void name_part(char *name, size_t room, struct slice text)
{
	size_t used = strlen(name);
	if (used > 0 && used + 1 < room)
		name[used++] = '_';
	for (size_t i = 0; i < text.size && used + 1 < room; i++)
		if (isalnum((unsigned char)text.data[i]) != 0 ||
		    ((text.data[i] == '_' || text.data[i] == '-') && used > 0))
			name[used++] = (char)tolower((unsigned char)text.data[i]);
	name[used] = '\0';
}

static void name_kinds(struct kinds *kinds, const struct sketch_key *key)
{
	for (uint32_t i = 0; i < kinds->count; i++) {
		struct kind *kind = &kinds->kind[i];
		bool taken = false;
		for (uint32_t part = 0; part < key->count; part++)
			if (kind->decides[part])
				name_part(kind->name, sizeof kind->name, kind->part[part].text);
		for (uint32_t j = 0; j < i; j++)
			taken = taken || strcasecmp(kinds->kind[j].name, kind->name) == 0;
		if (taken || kind->name[0] == '\0')
			(void)snprintf(kind->name, sizeof kind->name, "kind_%u", i + 1);
	}
}

static void add_record(struct kinds *kinds, const struct sketch_key *key, const struct sample_record *record,
		       struct arena *work, bool *fits)
{
	struct kind_part parts[KEY_PARTS_MAX] = {{PART_ANY, {NULL, 0}, false}, {PART_ANY, {NULL, 0}, false}};
	bool nested[KEY_PARTS_MAX] = {false, false}, any = false;
	if (!parts_of(key, record, work, parts, nested))
		return;
	for (uint32_t part = 0; part < key->count; part++)
		any = any || parts[part].form != PART_ANY;
	int at = find_kind(kinds, key, parts);
	if (!any || (at < 0 && kinds->count == KINDS_MAX)) {
		*fits = false;
		return;
	}
	struct kind *kind = &kinds->kind[at < 0 ? kinds->count++ : (uint32_t)at];
	if (at < 0)
		memcpy(kind->part, parts, sizeof parts);
	for (uint32_t part = 0; part < key->count; part++)
		kind->part[part].nested = kind->part[part].nested || nested[part];
	kind->count++;
}

int sketch_kinds_find(struct sample *sample, const struct sketch_key *key, struct kinds *kinds, struct error *error)
{
	struct arena work;
	bool fits = true;
	*kinds = (struct kinds){.count = 0};
	arena_init(&work, (size_t)32 << 20);
	for (size_t i = 0; i < sample->record_count && fits; i++)
		add_record(kinds, key, &sample->records[i], &work, &fits);
	bool failed = work.failed;
	arena_release(&work);
	if (!fits || kinds->count < 2)
		kinds->count = 0;
	decide(kinds, key);
	name_kinds(kinds, key);
	return failed ? no_memory(error) : 0;
}
