#include "reconcile/state/state.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "reconcile/judge/merge.h"
#include "tests/support/failing_disk.h"
#include "tests/support/random_fact.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

/* ---- sources of random facts ---- */

enum { SOURCES = 6, FACTS_EACH = 700, KEYS = 900 };

static struct state *open_state(const char *folder)
{
	struct state *state;
	struct error error = {0};
	if (state_open(folder, &state, &error) != 0) {
		printf("Bail out! %s\n", error.message);
		exit(1);
	}
	return state;
}

static struct state_source source_named(const char *path)
{
	return (struct state_source){
		.kind = STATE_EVENTS_FILE, .group = 1, .path = path, .identity = "", .complete = true};
}

static int add_facts(struct state_builder *builder, uint64_t seed, uint64_t count, struct error *error)
{
	struct prng prng;
	int code = 0;
	prng_init(&prng, seed);
	for (uint64_t i = 0; i < count && code == 0; i++) {
		char key[48];
		struct fact fact = random_fact(&prng, KEYS, key);
		fact.kind = FACT_CHANGE;
		fact.record = i;
		fact.domain = (uint32_t)(seed % 2) + 1;
		code = state_builder_add(builder, &fact, error);
	}
	return code;
}

/* The newest source of that path. */
static const struct state_source *find(struct state *state, const char *path)
{
	const struct state_source *found = NULL, *source = NULL;
	while ((source = state_source_next(state, source == NULL ? 0 : source->id)) != NULL)
		if (strcmp(source->path, path) == 0)
			found = source;
	return found;
}

/* Adds what is not there yet, each source with a problem and an attribute; a flush after every second one. */
static int add_sources(struct state *state, struct error *error)
{
	struct state_builder *builder;
	uint32_t group, domain;
	int code = state_builder_new(state, 0, &builder, error);
	if (code == 0)
		code = state_group(state, "events", &group, error);
	for (int i = 0; i < 2 && code == 0; i++)
		code = state_domain(state, group, slice_from(i == 0 ? "arn:first" : ""), &domain, error);
	for (int i = 0; i < SOURCES && code == 0; i++) {
		char path[20];
		snprintf(path, sizeof(path), "file-%d", i);
		struct state_source source = source_named(path);
		struct state_problem problem = {.id = "record.unreadable", .path = path, .message = "cut"};
		if (find(state, path) != NULL)
			continue;
		code = state_builder_begin(builder, &source, error);
		if (code == 0)
			code = add_facts(builder, (uint64_t)i, i == 3 ? 20 * FACTS_EACH : FACTS_EACH, error);
		if (code == 0)
			code = state_builder_problem(builder, &problem, error);
		if (code == 0)
			code = state_builder_attribute(builder, "colour", (uint64_t)i + 1, error);
		if (code == 0)
			code = state_builder_end(builder, &source, error);
		if (code == 0 && i % 2 == 1)
			code = state_builder_flush(builder, error);
	}
	if (code == 0)
		code = state_builder_flush(builder, error);
	state_builder_free(builder);
	return code;
}

static uint64_t all_sources(struct state *state, uint32_t ids[64])
{
	uint64_t count = 0;
	for (const struct state_source *source = state_source_next(state, 0); source != NULL;
	     source = state_source_next(state, source->id))
		ids[count++] = source->id;
	return count;
}

/* What a merge hands out, with a source named by its path: ids depend on how often a run was begun. */
struct digest {
	struct state *state;
	uint64_t facts, sum;
};

static int digest_fact(void *context, const struct fact *fact, struct error *error)
{
	struct digest *digest = context;
	(void)error;
	uint64_t words[4] = {fact->record, fact->offset, fact->after.row ^ fact->after.item[0], fact->before.item[1]};
	uint64_t mixed = fact_key_hash(slice_from(state_source(digest->state, fact->source)->path)) ^ fact->key_hash;
	for (int i = 0; i < 4; i++)
		mixed = prng_mix(mixed + words[i]);
	digest->facts++;
	/* Facts of one stamp stand in the order of their sources' ids, so their order is not digested. */
	digest->sum += mixed;
	return 0;
}

static struct digest digest_state(struct state *state)
{
	struct digest digest = {.state = state};
	struct error error = {0};
	uint32_t ids[64];
	struct merge_options options = {.sources = ids, .workers = 1, .memory_max = 1 << 26};
	options.source_count = all_sources(state, ids);
	if (merge_all_facts(state, &options, digest_fact, &digest, &error) != 0)
		printf("Bail out! %s\n", error.message);
	return digest;
}

/* ---- tests ---- */

static struct digest whole;

static int count_problem(void *context, const struct state_problem *problem)
{
	uint64_t *count = context;
	*count += strcmp(problem->id, "record.unreadable") == 0 && strcmp(problem->message, "cut") == 0 &&
		  !problem->has_key;
	return 0;
}

static int sum_attribute(void *context, const char *name, uint64_t images)
{
	uint64_t *sum = context;
	*sum += strcmp(name, "colour") == 0 ? images : 1000;
	return 0;
}

static int count_window(void *context, const struct state_domain_window *window)
{
	uint64_t *records = context;
	*records += window->records;
	return 0;
}

static void what_is_written_is_read_again(const char *folder)
{
	struct error error = {0};
	uint32_t ids[64];
	struct state *state = open_state(folder);
	is_int(add_sources(state, &error), 0, "sources of several batches are written");
	whole = digest_state(state);
	is_int(whole.facts, (SOURCES - 1 + 20) * FACTS_EACH, "a merge hands out each fact once");
	state_close(state);
	state = open_state(folder);
	struct digest again = digest_state(state);
	ok(again.facts == whole.facts && again.sum == whole.sum, "and the same after the state was opened again");
	uint64_t problems = 0, images = 0, records = 0, count = all_sources(state, ids);
	is_int(count, SOURCES, "all sources are done");
	ok(state_problems(state, ids, count, count_problem, &problems, &error) == 0 && problems == SOURCES,
	   "each has its problem");
	ok(state_attributes(state, ids, count, sum_attribute, &images, &error) == 0 && images == 21,
	   "and its attribute");
	ok(state_windows(state, ids, count, count_window, &records, &error) == 0 && records == whole.facts,
	   "windows count every change");
	const struct state_source *found = find(state, "file-3");
	ok(found != NULL && found->facts == 20 * FACTS_EACH && found->complete, "a source is found by its path");
	state_close(state);
}

static void texts_have_small_ids(const char *folder)
{
	struct error error = {0};
	uint32_t a = 0, b = 0, c = 0, d = 0, e = 0, group = 0;
	struct state *state = open_state(folder);
	ok(state_group(state, "events", &a, &error) == 0 && state_group(state, "export", &b, &error) == 0 && a == 1 &&
		   b == 2,
	   "a known text has its id, a new one the next");
	ok(state_domain(state, a, slice_from("arn:first"), &c, &error) == 0 &&
		   state_domain(state, b, slice_from("arn:first"), &d, &error) == 0 && c == d,
	   "a stream is the same whoever names it");
	ok(state_domain(state, a, slice_from(""), &d, &error) == 0 &&
		   state_domain(state, b, slice_from(""), &e, &error) == 0 && d != e,
	   "nameless records of two sources are of two domains");
	is_text(state_domain_arn(state, e, &group), "", "a nameless domain's ARN is empty");
	is_int(group, b, "and it names its group");
	is_text(state_group_text(state, b), "export", "a group has its text");
	state_close(state);
}

static void only_one_process_at_a_time(const char *folder)
{
	struct error error = {0};
	struct state *second, *state = open_state(folder);
	is_int(state_open(folder, &second, &error), ERROR_IO, "a state in use does not open a second time");
	ok(strstr(error.message, "in use") != NULL && second == NULL, "it says so: %s", error.message);
	pid_t child = fork();
	if (child == 0)
		_exit(state_open(folder, &second, &error) == ERROR_IO && strstr(error.message, "in use") != NULL ? 0
														 : 1);
	int status = -1;
	waitpid(child, &status, 0);
	is_int(status, 0, "nor in another process");
	state_close(state);
	state = open_state(folder);
	ok(state != NULL, "when it is closed it opens");
	state_close(state);
}

static void killed_at_any_point(void)
{
	char folder[SCRATCH_PATH_MAX];
	int torn = 0, different = 0, kills = 0;
	long stop = 1;
	for (;; stop += stop < 24 ? 1 : 7) {
		struct error error = {0};
		scratch_make(folder);
		pid_t child = fork();
		if (child == 0) {
			struct state *state;
			fault = FAULT_KILL;
			writes_left = stop;
			_exit(state_open(folder, &state, &error) == 0 && add_sources(state, &error) == 0 ? 0 : 1);
		}
		int status = -1;
		waitpid(child, &status, 0);
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != 9 && WEXITSTATUS(status) != 0)) {
			ok(false, "the run that is killed at write %ld fails by itself", stop);
			break;
		}
		struct state *state = open_state(folder);
		uint32_t ids[64];
		uint64_t expected = 0, count = all_sources(state, ids);
		for (uint64_t i = 0; i < count; i++)
			expected += state_source(state, ids[i])->facts;
		torn += digest_state(state).facts != expected;
		struct digest again = {0};
		if (add_sources(state, &error) == 0)
			again = digest_state(state);
		different += again.facts != whole.facts || again.sum != whole.sum;
		state_close(state);
		scratch_remove(folder);
		if (WEXITSTATUS(status) == 0)
			break;
		kills++;
	}
	ok(kills > 30, "a run was killed at %d of its writes, each half done", kills);
	is_int(torn, 0, "what it leaves is whole sources");
	is_int(different, 0, "and the next run completes them to the same state");
}

static void full_disk(void)
{
	char folder[SCRATCH_PATH_MAX];
	int clear = 0, tries = 0, lost = 0;
	for (long stop = 20; stop < 120; stop += 9) {
		struct error error = {0};
		scratch_make(folder);
		struct state *state = open_state(folder);
		fault = FAULT_FULL;
		writes_left = stop;
		int code = add_sources(state, &error);
		fault = FAULT_NONE;
		if (code != 0) {
			tries++;
			clear += code == ERROR_IO && strstr(error.message, "no room left") != NULL;
			error = (struct error){0};
			int again = add_sources(state, &error);
			struct digest digest = digest_state(state);
			lost += again != 0 || digest.sum != whole.sum || digest.facts != whole.facts;
		}
		state_close(state);
		scratch_remove(folder);
	}
	ok(tries >= 8 && clear == tries, "a full disk is a clear error, wherever it strikes (%d times)", tries);
	is_int(lost, 0, "with room again the same state is completed, nothing lost");
}

static void no_more_pages(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	scratch_make(folder);
	struct state *state = open_state(folder);
	/* Below the present size it becomes the present size. */
	sqlite3_exec(state_database(state), "PRAGMA max_page_count = 1", NULL, NULL, NULL);
	is_int(add_sources(state, &error), ERROR_IO, "a state that may not grow is an error");
	ok(strstr(error.message, "no room left") != NULL, "it says: %s", error.message);
	sqlite3_exec(state_database(state), "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
	ok(add_sources(state, &error) == 0 && digest_state(state).sum == whole.sum, "and goes on when it may");
	state_close(state);
	scratch_remove(folder);
}

static int ignore_fact(void *context, const struct fact *fact, struct error *error)
{
	(void)context;
	(void)fact;
	(void)error;
	return 0;
}

/* Overwrites bytes in the middle of block data, as a failing disk would. */
static void corrupt_block(const char *folder)
{
	struct error error = {0};
	uint32_t ids[64];
	struct state *state = open_state(folder);
	sqlite3_exec(
		state_database(state),
		"UPDATE block_data SET bytes = CAST(substr(bytes, 1, 5000) || x'00' || substr(bytes, 5002) AS BLOB)"
		" WHERE id = 2",
		NULL, NULL, NULL);
	struct merge_options options = {.sources = ids, .source_count = all_sources(state, ids), .workers = 1};
	is_int(merge_all_facts(state, &options, ignore_fact, NULL, &error), ERROR_IO, "a corrupt block is an error");
	ok(strstr(error.message, "block 2 is corrupt") != NULL && strstr(error.message, "delete the folder") != NULL,
	   "it says what to do: %s", error.message);
	sqlite3_exec(state_database(state), "DELETE FROM block WHERE id = 2", NULL, NULL, NULL);
	is_int(merge_all_facts(state, &options, ignore_fact, NULL, &error), ERROR_IO, "a missing one too");
	state_close(state);
}

static void write_file(const char *folder, const char *bytes, size_t size, long offset)
{
	char path[SCRATCH_PATH_MAX + 20];
	snprintf(path, sizeof(path), "%s/state.sqlite", folder);
	int file = open(path, O_WRONLY | O_CREAT, 0666);
	if (file < 0 || pwrite(file, bytes, size, offset) != (ssize_t)size)
		abort();
	close(file);
}

static void foreign_files(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	struct state *state;
	scratch_make(folder);
	write_file(folder, "this is no database, but text that is long enough to be looked at", 65, 0);
	is_int(state_open(folder, &state, &error), ERROR_IO, "a file that is no state does not open");
	ok(strstr(error.message, "is damaged") != NULL && strstr(error.message, "delete the folder") != NULL,
	   "it says: %s", error.message);
	scratch_remove(folder);
	scratch_make(folder);
	state = open_state(folder);
	sqlite3_exec(state_database(state), "PRAGMA user_version = 7", NULL, NULL, NULL);
	state_close(state);
	is_int(state_open(folder, &state, &error), ERROR_IO, "a newer layout does not open");
	ok(strstr(error.message, "has layout 7") != NULL, "it says: %s", error.message);
	scratch_remove(folder);
	is_int(state_open("/proc/nowhere/state", &state, &error), ERROR_IO, "a folder that cannot be made is an error");
}

static bool is_marked(const char *folder)
{
	char path[SCRATCH_PATH_MAX + 20];
	snprintf(path, sizeof(path), "%s/unsynced", folder);
	return access(path, F_OK) == 0;
}

/* As if the machine had gone down in another boot while the state was open. */
static void mark_by_other_boot(const char *folder)
{
	char path[SCRATCH_PATH_MAX + 20];
	snprintf(path, sizeof(path), "%s/unsynced", folder);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (file < 0 || write(file, "another boot", 12) != 12)
		abort();
	close(file);
}

static void machine_went_down(void)
{
	static const char *const damage[] = {
		"UPDATE block_data SET bytes = zeroblob(length(bytes)) WHERE id = 3",
		"DELETE FROM block_data WHERE id = 3",
		"DELETE FROM block WHERE id = 3",
		"DELETE FROM segment WHERE id = 2; DELETE FROM segment_source WHERE segment = 2",
		"DELETE FROM source_problem WHERE source = 2",
		"DELETE FROM source_window WHERE source = 2",
		"DELETE FROM source_attribute WHERE source = 2",
		"DELETE FROM source_file WHERE id = 2",
		"DELETE FROM text_group",
		"DELETE FROM domain WHERE id = 2",
		"UPDATE sqlite_sequence SET seq = 1",
	};
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	scratch_make(folder);
	struct state *state = open_state(folder);
	int code = add_sources(state, &error);
	ok(code == 0 && is_marked(folder), "a state that is being written carries a mark");
	state_close(state);
	ok(!is_marked(folder), "which goes when it is closed, on the disk");
	mark_by_other_boot(folder);
	state = open_state(folder);
	ok(digest_state(state).sum == whole.sum && is_marked(folder),
	   "a whole state is trusted after the machine went down");
	state_close(state);
	ok(!is_marked(folder), "and is then written out");
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		char copy[SCRATCH_PATH_MAX];
		scratch_make(copy);
		state = open_state(copy);
		if (add_sources(state, &error) != 0)
			abort();
		sqlite3_exec(state_database(state), damage[i], NULL, NULL, NULL);
		state_close(state);
		mark_by_other_boot(copy);
		for (int again = 0; again < 2; again++) {
			error = (struct error){0};
			code = state_open(copy, &state, &error);
			ok(code == ERROR_IO && strstr(error.message, "the machine went down") != NULL,
			   "damage %zu is found%s", i, again ? ", each time" : "");
		}
		scratch_remove(copy);
	}
	scratch_remove(folder);
}

static void incomplete_sources(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	struct state_builder *builder;
	uint32_t ids[64];
	scratch_make(folder);
	struct state *state = open_state(folder);
	int code = state_builder_new(state, 0, &builder, &error);
	for (int i = 0; i < 3 && code == 0; i++) {
		struct state_source source = source_named(i == 0 ? "good" : i == 1 ? "short" : "long");
		struct state_problem problem = {.id = "export.md5",
						.path = "p",
						.has_position = true,
						.offset = 9,
						.has_key = true,
						.message = "m"};
		problem.key = slice_from("key");
		code = state_builder_begin(builder, &source, &error);
		if (code == 0)
			code = add_facts(builder, (uint64_t)i, i == 2 ? 20 * FACTS_EACH : FACTS_EACH, &error);
		if (code == 0)
			code = state_builder_problem(builder, &problem, &error);
		source.complete = i == 0;
		if (code == 0)
			code = state_builder_end(builder, &source, &error);
	}
	if (code == 0)
		code = state_builder_flush(builder, &error);
	state_builder_free(builder);
	is_int(code, 0, "incomplete sources are written");
	is_int(digest_state(state).facts, FACTS_EACH, "their facts do not count, those of complete ones do");
	is_int(all_sources(state, ids), 3, "they are known");
	const struct state_source *source = find(state, "long");
	ok(source != NULL && !source->complete && source->facts == 0,
	   "as incomplete, also when it took several batches");
	state_close(state);
	scratch_remove(folder);
}

static void dropped_sources(const char *folder)
{
	struct error error = {0};
	struct state *state = open_state(folder);
	sqlite3_stmt *statement;
	const struct state_source *source = find(state, "file-3");
	uint32_t id = source->id, last = 0;
	is_int(state_drop(state, &id, 1, &error), 0, "a source is dropped");
	ok(find(state, "file-3") == NULL && state_source(state, id) == NULL, "it is gone");
	is_int(digest_state(state).facts, (SOURCES - 1) * FACTS_EACH, "and its facts are");
	for (const struct state_source *at = state_source_next(state, 0); at != NULL;
	     at = state_source_next(state, at->id))
		last = at->id;
	is_int(state_drop(state, &last, 1, &error), 0, "the newest is dropped");
	state_close(state);
	state = open_state(folder);
	is_int(add_sources(state, &error), 0, "both are read again");
	struct digest digest = digest_state(state);
	ok(digest.facts == whole.facts && digest.sum == whole.sum, "to the same state");
	ok(find(state, "file-3")->id > last, "under ids that were never used before");
	sqlite3_prepare_v2(state_database(state),
			   "SELECT count(*) FROM block_data WHERE id NOT IN (SELECT b.id FROM segment JOIN block b"
			   " ON b.id BETWEEN first_block AND first_block + blocks - 1)",
			   -1, &statement, NULL);
	ok(sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 0,
	   "no block is left without a segment");
	sqlite3_finalize(statement);
	state_close(state);
}

int main(void)
{
	char folder[SCRATCH_PATH_MAX];
	failing_disk_begin();
	scratch_make(folder);
	what_is_written_is_read_again(folder);
	texts_have_small_ids(folder);
	only_one_process_at_a_time(folder);
	killed_at_any_point();
	full_disk();
	no_more_pages();
	machine_went_down();
	incomplete_sources();
	dropped_sources(folder);
	corrupt_block(folder);
	foreign_files();
	scratch_remove(folder);
	return tap_done();
}
