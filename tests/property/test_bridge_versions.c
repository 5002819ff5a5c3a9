/* Random tables, version by version, and random histories of their items, against the definition: a row went back when
 * there is no way to give each version a place on the item's line, never a lower one, that holds what the row is. All
 * such ways are tried, one after the other. Two versions are compared as multisets, a key's history row by row.
 *
 * Tables are real ones: whole files rewritten, deletion vectors, compactions. Seeds: VERSIONS_TRIALS of them. */
#include <inttypes.h>
#include <sys/stat.h>

#include "base/prng.h"
#include "bridge/write.h"
#include "reconcile/versions.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

enum {
	KEYS = 5,
	CHANGES_MAX = 7,
	PLACES_MAX = CHANGES_MAX + 1,
	VERSIONS_MAX = 9,
	ROWS_MAX = 3,
	VALUES = 5,
	ABSENT = -1,
	ODD_VALUE = 77, /* no item ever had it */
	MARKED = 1000   /* a row with that added is marked as deleted */
};

/* What is true: of each item its states, place by place, and of each version its rows. */
struct world {
	int states[KEYS][PLACES_MAX];
	int places[KEYS];
	int rows[VERSIONS_MAX][KEYS][ROWS_MAX];
	int row_count[VERSIONS_MAX][KEYS];
	int versions;
	bool marks, vectors;
	char folder[SCRATCH_PATH_MAX];
};

static struct error error;
static uint64_t told_in_all[VERSIONS_KIND_COUNT]; /* a test of nothing would pass too */

static void must(int code, const char *what)
{
	if (code == 0)
		return;
	printf("Bail out! %s: %d %s\n", what, code, error.message);
	exit(1);
}

/* ---- making it up */

static void make_items(struct world *world, struct prng *prng)
{
	for (int key = 0; key < KEYS; key++) {
		world->states[key][0] = ABSENT;
		world->places[key] = 1 + (int)prng_below(prng, CHANGES_MAX + 1);
		for (int place = 1; place < world->places[key]; place++) {
			int before = world->states[key][place - 1];
			bool gone = before != ABSENT && prng_chance(prng, 1, 3);
			world->states[key][place] = gone ? ABSENT : (int)prng_below(prng, VALUES);
		}
	}
}

/* A row as a pipeline leaves it: mostly on its way along the line, at times anything. */
static void make_row(struct world *world, struct prng *prng, int version, int key, int *place)
{
	int *count = &world->row_count[version][key], *rows = world->rows[version][key];
	int places = world->places[key];
	*count = 0;
	if (prng_chance(prng, 1, 12)) {
		*count = 2 + (int)prng_below(prng, ROWS_MAX - 1);
		for (int i = 0; i < *count; i++)
			rows[i] = (int)prng_below(prng, VALUES);
		return;
	}
	if (prng_chance(prng, 1, 15)) {
		rows[(*count)++] = ODD_VALUE;
		return;
	}
	if (prng_chance(prng, 1, 2) && *place + 1 < places)
		*place += 1 + (int)prng_below(prng, 2) * (*place + 2 < places);
	else
		*place = (int)prng_below(prng, (uint64_t)places);
	int state = world->states[key][*place];
	if (state != ABSENT)
		rows[(*count)++] = state;
	else if (world->marks && prng_chance(prng, 1, 2))
		rows[(*count)++] = MARKED + (int)prng_below(prng, VALUES);
}

static void make_versions(struct world *world, struct prng *prng)
{
	int place[KEYS] = {0};
	world->versions = 3 + (int)prng_below(prng, VERSIONS_MAX - 2);
	memset(world->row_count[0], 0, sizeof world->row_count[0]);
	for (int version = 1; version < world->versions; version++)
		for (int key = 0; key < KEYS; key++) {
			memcpy(world->rows[version][key], world->rows[version - 1][key], sizeof world->rows[0][0]);
			world->row_count[version][key] = world->row_count[version - 1][key];
			if (prng_chance(prng, 1, 2))
				make_row(world, prng, version, key, &place[key]);
		}
}

/* ---- writing it down */

static FILE *open_file(const struct world *world, const char *name)
{
	char path[SCRATCH_PATH_MAX + 100];
	snprintf(path, sizeof path, "%s/%s", world->folder, name);
	FILE *file = fopen(path, "w");
	if (file == NULL)
		abort();
	return file;
}

static void write_contract(const struct world *world)
{
	FILE *file = open_file(world, "contract.yaml");
	fprintf(file,
		"version: 1\ntable: t\nbaseline: empty\nkey: [{attribute: id, type: S}]\n"
		"sources:\n  - {events: events.jsonl, from: \"2025-01-01T00:00:00Z\", to: \"2025-02-01T00:00:00Z\"}\n"
		"lake:\n  delta: lake\n  deletes: %s\n"
		"  columns:\n    - {column: id, attribute: id, type: string}\n"
		"    - {column: v, attribute: v, type: bigint}\n",
		world->marks ? "{column: gone}" : "absent");
	fclose(file);
}

static void write_image(FILE *file, const char *name, int key, int value)
{
	if (value != ABSENT)
		fprintf(file, ",\"%s\":{\"id\":{\"S\":\"k%d\"},\"v\":{\"N\":\"%d\"}}", name, key, value);
}

/* Changes of all keys, a second each; some delivered twice. */
static void write_events(const struct world *world, struct prng *prng)
{
	FILE *file = open_file(world, "events.jsonl");
	int number = 0;
	for (int place = 1; place < PLACES_MAX; place++)
		for (int key = 0; key < KEYS; key++) {
			if (place >= world->places[key])
				continue;
			int before = world->states[key][place - 1], after = world->states[key][place];
			number++;
			for (int copy = prng_chance(prng, 1, 6) ? 0 : 1; copy < 2; copy++) {
				fprintf(file,
					"{\"eventID\":\"e%d\",\"eventName\":\"%s\",\"eventSource\":\"aws:dynamodb\","
					"\"eventVersion\":\"1.1\",\"awsRegion\":\"eu-west-1\",\"dynamodb\":{"
					"\"ApproximateCreationDateTime\":%d,\"Keys\":{\"id\":{\"S\":\"k%d\"}}",
					number,
					before == ABSENT  ? "INSERT"
					: after == ABSENT ? "REMOVE"
							  : "MODIFY",
					1736000000 + number, key);
				write_image(file, "NewImage", key, after);
				write_image(file, "OldImage", key, before);
				fprintf(file,
					",\"SequenceNumber\":\"%d\",\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}\n",
					1000 + number);
			}
		}
	fclose(file);
}

static void append_row(struct buffer *lines, const struct world *world, int key, int row)
{
	buffer_printf(lines, "{\"id\":\"k%d\",\"v\":%d", key, row % MARKED);
	if (world->marks)
		buffer_printf(lines, ",\"gone\":%s", row >= MARKED ? "true" : "false");
	buffer_append_text(lines, "}\n");
}

static bool rows_differ(const struct world *world, int version, int key)
{
	return world->row_count[version][key] != world->row_count[version - 1][key] ||
	       memcmp(world->rows[version][key], world->rows[version - 1][key],
		      (size_t)world->row_count[version][key] * sizeof(int)) != 0;
}

/* Which keys a file holds, and where the rows of those in `wanted` stand. */
static uint32_t look_into(struct bridge_table *table, uint64_t index, uint32_t wanted, int64_t *positions,
			  uint64_t *count)
{
	static const char *const columns[] = {"id"};
	struct ArrowArrayStream stream;
	struct ArrowArray batch;
	uint32_t keys = 0;
	*count = 0;
	must(bridge_file_read(table, index, columns, 1, 1024, true, &stream, &error), "read");
	while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
		const struct ArrowArray *ids = batch.children[0], *rows = batch.children[1];
		for (int64_t row = 0; row < batch.length; row++) {
			const int32_t *offsets = (const int32_t *)ids->buffers[1] + ids->offset;
			int key = ((const char *)ids->buffers[2])[offsets[row] + 1] - '0';
			keys |= 1U << key;
			if ((wanted >> key & 1) != 0)
				positions[(*count)++] = ((const int64_t *)rows->buffers[1])[rows->offset + row];
		}
		batch.release(&batch);
	}
	stream.release(&stream);
	return keys;
}

/* Takes the rows of these keys out of the table; *rewrite grows by keys whose files went whole. */
static void take_out(struct world *world, struct bridge_writer *writer, uint32_t keys, uint32_t *rewrite, bool vectors)
{
	struct bridge_table *table = bridge_writer_table(writer);
	uint64_t files = bridge_table_info(table)->file_count;
	bool again = true;
	bool *removed = calloc(files + 1, sizeof *removed);
	(void)world;
	*rewrite = keys;
	while (again) {
		again = false;
		for (uint64_t file = 0; file < files; file++) {
			int64_t positions[KEYS * ROWS_MAX];
			uint64_t count;
			uint32_t held = look_into(table, file, *rewrite, positions, &count);
			if (removed[file] || (held & *rewrite) == 0)
				continue;
			removed[file] = true;
			if (vectors) {
				must(bridge_writer_delete_rows(writer, file, positions, count, &error), "delete rows");
				continue;
			}
			must(bridge_writer_remove_file(writer, file, &error), "remove");
			/* The rest of its rows must be written again, and so must theirs in other files. */
			again = again || (held & ~*rewrite) != 0;
			*rewrite |= held;
		}
	}
	free(removed);
}

static void write_version(struct world *world, struct prng *prng, int version, const char *table)
{
	struct bridge_writer *writer = NULL;
	struct buffer lines;
	uint32_t changed = 0, rewrite = 0;
	int64_t number = -1;
	buffer_init(&lines, 1 << 20);
	must(bridge_writer_begin(table, &writer, &error), "begin");
	for (int key = 0; key < KEYS; key++)
		changed |= (uint32_t)rows_differ(world, version, key) << key;
	bool compact = prng_chance(prng, 1, 5);
	if (compact)
		changed = (1U << KEYS) - 1;
	take_out(world, writer, changed, &rewrite, world->vectors && !compact);
	for (int key = 0; key < KEYS; key++) {
		for (int i = 0; i < world->row_count[version][key] && (rewrite >> key & 1) != 0; i++)
			append_row(&lines, world, key, world->rows[version][key][i]);
		if (lines.size > 0 && (prng_chance(prng, 1, 2) || key + 1 == KEYS)) {
			must(bridge_writer_add_lines(writer, lines.data, lines.size, &error), "add");
			lines.size = 0;
		}
	}
	must(bridge_writer_commit(writer, compact ? "OPTIMIZE" : "MERGE", NULL, 0, &number, &error), "commit");
	if (number != version)
		abort();
	buffer_release(&lines);
}

static void write_table(struct world *world, struct prng *prng)
{
	struct ArrowSchema schema;
	char table[SCRATCH_PATH_MAX + 10];
	snprintf(table, sizeof table, "%s/lake", world->folder);
	char json[400];
	snprintf(json, sizeof json,
		 "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"nullable\":true,"
		 "\"metadata\":{}},{\"name\":\"v\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}%s]}",
		 world->marks ? ",{\"name\":\"gone\",\"type\":\"boolean\",\"nullable\":true,\"metadata\":{}}" : "");
	must(bridge_schema_of_json(json, &schema, &error), "schema");
	must(bridge_table_create(table, &schema, "", world->vectors ? "deletionVectors" : "", &error), "create");
	schema.release(&schema);
	for (int version = 1; version < world->versions; version++)
		write_version(world, prng, version, table);
}

/* ---- the definition */

/* What must hold of one version: the item was so at its place. */
struct demand {
	int state;
	bool gone; /* that it was not there */
};

static bool holds(const struct world *world, int key, int place, const struct demand *demand)
{
	return world->states[key][place] == (demand->gone ? ABSENT : demand->state);
}

/* Tries every way to give the demands from `at` on places from `lowest` on, never a lower one. */
static bool can_all_hold(const struct world *world, int key, const struct demand *demands, int count, int at,
			 int lowest)
{
	if (at == count)
		return true;
	for (int place = lowest; place < world->places[key]; place++)
		if (holds(world, key, place, &demands[at]) && can_all_hold(world, key, demands, count, at + 1, place))
			return true;
	return false;
}

static bool ever(const struct world *world, int key, int state)
{
	for (int place = 0; place < world->places[key]; place++)
		if (world->states[key][place] == state)
			return true;
	return false;
}

/* By version and key the set of kinds that must be told. */
struct told {
	unsigned kinds[VERSIONS_MAX][KEYS];
	bool judged[KEYS], changed[KEYS];
};

static void define_key(const struct world *world, int key, struct told *told)
{
	struct demand demands[VERSIONS_MAX];
	int count = 0;
	told->judged[key] = true;
	for (int version = 1; version < world->versions; version++) {
		int rows = world->row_count[version][key], row = world->rows[version][key][0];
		if (!rows_differ(world, version, key))
			continue;
		told->changed[key] = true;
		if (rows > 1) {
			if (world->row_count[version - 1][key] < 2)
				told->kinds[version][key] |= 1U << VERSIONS_TWICE;
			continue;
		}
		bool gone = rows == 0 || row >= MARKED;
		demands[count] = (struct demand){row, gone};
		if (gone) {
			/* No row asks for nothing before there was one, nor where the item was there. */
			bool asks = count > 0 || rows == 1;
			count += asks && can_all_hold(world, key, demands, count + 1, 0, 0);
			continue;
		}
		if (!ever(world, key, row)) {
			told->judged[key] = false;
			continue;
		}
		if (can_all_hold(world, key, demands, count + 1, 0, 0)) {
			count++;
			continue;
		}
		told->kinds[version][key] |= 1U << (demands[count - 1].gone ? VERSIONS_CAME_BACK : VERSIONS_WENT_BACK);
		demands[0] = demands[count];
		count = 1;
	}
}

/* ---- holding one to the other */

static bool same_findings(const struct world *world, const struct versions_outcome *outcome)
{
	struct told wanted = {0}, found = {0};
	uint64_t changed = 0, judged = 0;
	bool right = true;
	for (int key = 0; key < KEYS; key++) {
		define_key(world, key, &wanted);
		/* A key that no change is known of is known to be away all the while. */
		changed += wanted.changed[key];
		judged += wanted.changed[key] && wanted.judged[key] && world->places[key] > 1;
		if (world->places[key] < 2)
			for (int version = 0; version < world->versions; version++)
				wanted.kinds[version][key] &= 1U << VERSIONS_TWICE;
	}
	for (uint64_t i = 0; i < outcome->finding_count; i++) {
		const struct versions_finding *finding = &outcome->findings[i];
		int key = strlen(finding->key_json) == 11 ? finding->key_json[8] - '0' : -1;
		if (key < 0 || key >= KEYS || finding->version < 1 || finding->version >= world->versions) {
			printf("# odd finding: version %" PRId64 " key %s\n", finding->version, finding->key_json);
			return false;
		}
		found.kinds[finding->version][key] |= 1U << finding->kind;
		told_in_all[finding->kind]++;
	}
	for (int version = 0; version < world->versions; version++)
		for (int key = 0; key < KEYS; key++)
			if (found.kinds[version][key] != wanted.kinds[version][key]) {
				printf("# version %d, k%d: wanted %x, found %x\n", version, key,
				       wanted.kinds[version][key], found.kinds[version][key]);
				right = false;
			}
	if (outcome->keys != changed || outcome->keys_judged != judged) {
		printf("# keys %" PRIu64 " judged %" PRIu64 ", wanted %" PRIu64 " and %" PRIu64 "\n", outcome->keys,
		       outcome->keys_judged, changed, judged);
		right = false;
	}
	return right;
}

static void print_world(const struct world *world)
{
	for (int key = 0; key < KEYS; key++) {
		printf("# k%d item", key);
		for (int place = 0; place < world->places[key]; place++)
			printf(" %d", world->states[key][place]);
		printf("  rows");
		for (int version = 0; version < world->versions; version++) {
			printf(" [");
			for (int i = 0; i < world->row_count[version][key]; i++)
				printf("%s%d", i > 0 ? " " : "", world->rows[version][key][i]);
			printf("]");
		}
		printf("\n");
	}
}

static int compare_ints(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

static bool same_multiset(const struct world *world, int key, int a, int b)
{
	int first[ROWS_MAX], second[ROWS_MAX], count = world->row_count[a][key];
	if (count != world->row_count[b][key])
		return false;
	memcpy(first, world->rows[a][key], sizeof first);
	memcpy(second, world->rows[b][key], sizeof second);
	qsort(first, (size_t)count, sizeof first[0], compare_ints);
	qsort(second, (size_t)count, sizeof second[0], compare_ints);
	return memcmp(first, second, (size_t)count * sizeof first[0]) == 0;
}

static bool same_comparison(const struct world *world, struct versions *versions, int a, int b)
{
	struct versions_comparison comparison;
	uint64_t changed = 0, one_sided = 0;
	must(versions_compare(versions, a, b, 100, &comparison, &error), "compare");
	for (int key = 0; key < KEYS; key++) {
		bool same = same_multiset(world, key, a, b);
		changed += !same;
		one_sided += !same && (world->row_count[a][key] == 0 || world->row_count[b][key] == 0);
	}
	bool right =
		comparison.comparable && comparison.keys_changed == changed && comparison.change_count == changed &&
		comparison.by_difference[VERSIONS_KEY_CAME] + comparison.by_difference[VERSIONS_KEY_WENT] == one_sided;
	if (!right)
		printf("# versions %d and %d: %" PRIu64 " keys, wanted %" PRIu64 "\n", a, b, comparison.keys_changed,
		       changed);
	versions_comparison_release(&comparison);
	return right;
}

struct seen {
	const struct world *world;
	int key, version;
	bool right;
	char first[VERSIONS_ROW_TEXT]; /* of the key's first single live row */
	int value;
};

static int take_version(void *context, const struct versions_row *row, struct error *ignored)
{
	struct seen *seen = context;
	const struct world *world = seen->world;
	int count = world->row_count[seen->version][seen->key], value = world->rows[seen->version][seen->key][0];
	(void)ignored;
	seen->right = seen->right && row->version == seen->version && row->rows == (uint32_t)count &&
		      (count > 0 ? row->known : row->row[0] == '\0');
	if (count == 1 && value < MARKED) {
		if (seen->first[0] == '\0') {
			memcpy(seen->first, row->row, sizeof seen->first);
			seen->value = value;
		}
		seen->right = seen->right && (strcmp(seen->first, row->row) == 0) == (seen->value == value);
	}
	seen->right = seen->right && (count != 1 || row->deleted == (value >= MARKED));
	seen->version++;
	return 0;
}

static bool same_history(const struct world *world, struct versions *versions, const struct run *run, int key)
{
	struct seen seen = {.world = world, .key = key, .right = true};
	struct buffer bytes;
	char text[] = {'k', (char)('0' + key), '\0'};
	buffer_init(&bytes, KEY_BYTES_MAX);
	must(key_from_text(run->contract, text, &bytes, &error), "key");
	must(versions_key_history(versions, buffer_slice(&bytes), take_version, &seen, &error), "history");
	buffer_release(&bytes);
	return seen.right && seen.version == world->versions;
}

static void judge_world(const struct world *world, struct prng *prng, bool *right)
{
	char contract[SCRATCH_PATH_MAX + 20];
	struct run_options options = {
		.contract = contract, .with_lake = true, .jobs = 1, .memory_max = (size_t)32 << 20, .finding_limit = 0};
	struct versions_options range = {.from = VERSIONS_ALL, .to = VERSIONS_ALL, .finding_limit = 1000};
	struct run *run = NULL;
	struct versions *versions = NULL;
	struct versions_outcome outcome;
	snprintf(contract, sizeof contract, "%s/contract.yaml", world->folder);
	must(run_open(&options, &run, &error), "open");
	must(run_ingest(run, &error), "ingest");
	/* The second time what was read is known. */
	for (int time = 0; time < 2; time++) {
		must(versions_open(run, &range, &versions, &error), "versions");
		must(versions_check(versions, &outcome, &error), "check");
		*right = *right && same_findings(world, &outcome) && outcome.from == -1 && outcome.whole &&
			 outcome.to == world->versions - 1 && (time == 0 || outcome.files_read == 0);
		versions_outcome_release(&outcome);
		if (time == 0)
			versions_close(versions);
	}
	for (int i = 0; i < 4; i++)
		*right = *right && same_comparison(world, versions, (int)prng_below(prng, (uint64_t)world->versions),
						   (int)prng_below(prng, (uint64_t)world->versions));
	for (int key = 0; key < KEYS; key++)
		*right = *right && same_history(world, versions, run, key);
	versions_close(versions);
	run_close(run);
}

static bool trial(uint64_t seed)
{
	struct world world = {0};
	struct prng prng;
	bool right = true;
	prng_init(&prng, seed);
	world.marks = prng_chance(&prng, 1, 3);
	world.vectors = prng_chance(&prng, 1, 2);
	scratch_make(world.folder);
	make_items(&world, &prng);
	make_versions(&world, &prng);
	write_contract(&world);
	write_events(&world, &prng);
	write_table(&world, &prng);
	judge_world(&world, &prng, &right);
	if (!right) {
		printf("# seed %" PRIu64 "\n", seed);
		print_world(&world);
	}
	scratch_remove(world.folder);
	return right;
}

int main(void)
{
	const char *wanted = getenv("VERSIONS_TRIALS");
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	uint64_t trials = wanted != NULL ? strtoull(wanted, NULL, 10) : 40, wrong = 0;
	for (uint64_t seed = 1; seed <= trials && wrong < 3; seed++)
		wrong += !trial(seed);
	ok(wrong == 0, "versions are told as the definition has them");
	ok(trials < 40 || (told_in_all[VERSIONS_WENT_BACK] > trials / 2 &&
			   told_in_all[VERSIONS_CAME_BACK] > trials / 8 && told_in_all[VERSIONS_TWICE] > trials),
	   "and there was enough to tell");
	printf("# %" PRIu64 " went back, %" PRIu64 " came back, %" PRIu64 " twice\n", told_in_all[VERSIONS_WENT_BACK],
	       told_in_all[VERSIONS_CAME_BACK], told_in_all[VERSIONS_TWICE]);
	return tap_done();
}
