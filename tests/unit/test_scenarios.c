/* The suite of scenarios as a whole: each loads, each class of bugs has one, each has a pipeline that breaks it and one
 * that holds, every planted bug is expected somewhere with a finding of its own, and docs/scenarios.md says all that.
 * `test_scenarios --write` rewrites the page's tables. */
#include <stdlib.h>
#include <string.h>

#include "base/whole_file.h"
#include "harness/runner/folder.h"
#include "harness/runner/scenario_file.h"
#include "tests/tap.h"

enum { SCENARIOS_MAX = 400, PIPELINES_MAX = 200, MEMORY_MAX = 1 << 24, PAGE_MAX = 1 << 20 };
#define SCENARIOS "scenarios"
#define PIPELINES "scenarios/pipelines"
#define PAGE "docs/scenarios.md"

/* The classes of bugs that real pipelines were seen to have. */
static const struct bug_class {
	const char *id, *what;
} classes[] = {
	{"O1", "a child shard is read before its parent"},
	{"O2", "a parent shard was trimmed"},
	{"O3", "the consumer was away for longer than the stream keeps"},
	{"O4", "records arrive in another order, or twice"},
	{"O5", "changes of a key in the wrong order within a batch"},
	{"O6", "ties within a second"},
	{"O7", "seconds, milliseconds and microseconds confused"},
	{"O8", "order by the ingest clock"},
	{"O9", "several versions of a key in one MERGE"},
	{"O10", "a MERGE whose source is not one row a key"},
	{"O11", "sequence numbers of unequal length compared as text"},
	{"O12", "full replay"},
	{"O13", "a batch by half, or twice, after a crash"},
	{"O14", "a file again, under its own name or another"},
	{"O15", "the checkpoint is lost"},
	{"D1", "REMOVE or MODIFY not handled"},
	{"D2", "a delete before the backfill's row"},
	{"D3", "a late upsert after the tombstone is gone"},
	{"D4", "a delete applied without its time"},
	{"D5", "TTL's marker dropped, or its deletes"},
	{"D6", "TTL deletes of another region"},
	{"D7", "expired and still there"},
	{"D8", "TTL values that the service ignores"},
	{"D9", "deletes never captured"},
	{"D10", "deleted and made again"},
	{"D11", "a delete in an incremental export is keys only"},
	{"D12", "soft deletes that are not lifted"},
	{"B1", "the export's time taken for something else"},
	{"B2", "capture that begins after the export"},
	{"B3", "a backfill over newer rows"},
	{"B4", "an export loaded twice"},
	{"B5", "a scan while writes go on"},
	{"B6", "windows of incremental exports missing or overlapping"},
	{"B7", "export files missing, damaged or empty"},
	{"B8", "counts silently short"},
	{"B9", "an older incremental export again"},
	{"B10", "the column that orders is null"},
	{"P1", "a strict cursor loses ties"},
	{"P2", "the cursor is set to now"},
	{"P3", "a sparse index"},
	{"P4", "a list of partitions that is not complete"},
	{"P5", "an item moves to another partition"},
	{"P6", "an index or a clock that lags beyond the overlap"},
	{"P7", "the cursor passes over a failed page"},
	{"P8", "a guard that is null"},
	{"K1", "MERGE on part of the key"},
	{"K2", "two items on one row's key"},
	{"T1", "one number in two spellings"},
	{"T2", "integers beyond 64 bits"},
	{"T3", "38 digits"},
	{"T4", "numbers through a double"},
	{"T5", "precision or scale too small"},
	{"T6", "sets and lists"},
	{"T7", "binary turned into text"},
	{"T8", "NULL, absent and empty"},
	{"T9", "a removed attribute survives"},
	{"T10", "an attribute that is new"},
	{"T11", "an attribute that changes its type"},
	{"T12", "names that differ in case, or are awkward"},
	{"T13", "depth, size and characters"},
	{"L1", "records without newlines"},
	{"L2", "cut files, byte order marks, line ends, invalid UTF-8"},
	{"L3", "poison records"},
	{"L4", "Firehose's error prefix"},
	{"L5", "files that are no records, or read in the wrong way"},
	{"L6", "a handler that raises, a pipeline that does nothing"},
	{"L7", "emulators"},
};
enum { CLASS_COUNT = sizeof(classes) / sizeof(classes[0]) };

static struct arena arena;
static struct scenario_file scenarios[SCENARIOS_MAX];
static uint32_t scenario_count;
static struct pipeline_file pipelines[PIPELINES_MAX];
static uint32_t pipeline_count;

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);
	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* ---- loading */

static void load_all(void)
{
	struct folder_list list = {NULL, 0, 0};
	struct error error = {0, ""};
	uint32_t refused = 0;

	if (folder_list(SCENARIOS, &arena, &list, &error) != 0)
		abort();
	for (uint32_t i = 0; i < list.count; i++) {
		const char *name = list.paths[i], *path = arena_text(&arena, SCENARIOS "/%s", name);
		int failed = 0;
		if (strncmp(name, "pipelines/", 10) == 0 && ends_with(name, "/pipeline.yaml") &&
		    pipeline_count < PIPELINES_MAX)
			failed = pipeline_file_load(path, &pipelines[pipeline_count++], &error);
		else if (strncmp(name, "pipelines/", 10) != 0 && strchr(name, '/') != NULL &&
			 ends_with(name, ".yaml") && scenario_count < SCENARIOS_MAX)
			failed = scenario_file_load(path, arena_text(&arena, "%.*s", (int)strlen(name) - 5, name),
						    &scenarios[scenario_count++], &error);
		if (failed != 0) {
			printf("# %s\n", error.message);
			refused++;
			error = (struct error){0, ""};
		}
	}
	is_int(refused, 0, "every scenario and every pipeline can be read");
	ok(scenario_count >= 70 && pipeline_count >= 2, "%u scenarios, %u pipelines", scenario_count, pipeline_count);
}

/* The pipeline of a name, or the one that has such a variant. */
static const struct pipeline_file *pipeline_named(const char *name)
{
	for (uint32_t i = 0; i < pipeline_count; i++) {
		size_t size = strlen(pipelines[i].name);
		if (strncmp(name, pipelines[i].name, size) != 0)
			continue;
		if (name[size] == '\0' ||
		    (name[size] == '+' && pipeline_file_variant(&pipelines[i], name + size + 1) != NULL))
			return &pipelines[i];
	}
	return NULL;
}

/* ---- what each scenario has to have */

static void test_classes(void)
{
	uint32_t unknown = 0, bare = 0;

	for (uint32_t i = 0; i < scenario_count; i++) {
		bool known = false;
		for (uint32_t j = 0; j < CLASS_COUNT; j++)
			known = known || strcmp(classes[j].id, scenarios[i].class_id) == 0;
		if (!known)
			printf("# %s: class %s\n", scenarios[i].name, scenarios[i].class_id);
		unknown += !known;
	}
	is_int(unknown, 0, "every scenario is of a class");
	for (uint32_t j = 0; j < CLASS_COUNT; j++) {
		bool found = false;
		for (uint32_t i = 0; i < scenario_count; i++)
			found = found || strcmp(classes[j].id, scenarios[i].class_id) == 0;
		if (!found)
			printf("# %s: %s\n", classes[j].id, classes[j].what);
		bare += !found;
	}
	is_int(bare, 0, "every class has a scenario");
}

static uint32_t sentences(const char *text)
{
	uint32_t count = 0;
	for (const char *at = text; *at != '\0'; at++)
		count += *at == '.' && (at[1] == '\0' || at[1] == ' ' || at[1] == '\n');
	return count;
}

static void test_texts(void)
{
	uint32_t short_ones = 0, twins = 0;

	for (uint32_t i = 0; i < scenario_count; i++) {
		if (scenarios[i].why == NULL || sentences(scenarios[i].why) < 2) {
			printf("# %s\n", scenarios[i].name);
			short_ones++;
		}
		for (uint32_t j = 0; j < i; j++)
			twins += strcmp(scenarios[i].title, scenarios[j].title) == 0;
	}
	is_int(short_ones, 0, "every scenario says why it matters, in two sentences");
	is_int(twins, 0, "no two have one title");
}

/* A scenario that nobody fails shows nothing, and one that nobody passes may be impossible. */
static void test_both_sides(void)
{
	uint32_t without = 0;

	for (uint32_t i = 0; i < scenario_count; i++) {
		if (scenarios[i].hold_count > 0 && scenarios[i].break_count > 0)
			continue;
		printf("# %s: %u hold, %u break\n", scenarios[i].name, scenarios[i].hold_count,
		       scenarios[i].break_count);
		without++;
	}
	is_int(without, 0, "every scenario has a pipeline that breaks it and one that holds");
}

static bool takes_part(const struct scenario_file *scenario, const char *name)
{
	const struct pipeline_file *pipeline = pipeline_named(name);
	const char *why = "there is none of that name";

	if (pipeline != NULL && scenario_file_suits(scenario, pipeline, &why))
		return true;
	printf("# %s: %s: %s\n", scenario->name, name, why);
	return false;
}

static void test_names(void)
{
	uint32_t wrong = 0, unnamed = 0;

	for (uint32_t i = 0; i < scenario_count; i++) {
		for (uint32_t j = 0; j < scenarios[i].hold_count; j++)
			wrong += !takes_part(&scenarios[i], scenarios[i].holds[j]);
		for (uint32_t j = 0; j < scenarios[i].break_count; j++) {
			wrong += !takes_part(&scenarios[i], scenarios[i].breaks[j].pipeline);
			unnamed += scenarios[i].breaks[j].finding_count == 0;
		}
	}
	is_int(wrong, 0, "every pipeline that a scenario names is there and can take part");
	is_int(unnamed, 0, "what breaks is told with a finding");
}

static void test_findings(void)
{
	struct error error = {0, ""};
	struct buffer page, run;
	uint32_t unknown = 0;

	buffer_init(&page, PAGE_MAX);
	buffer_init(&run, PAGE_MAX);
	if (whole_file_read("docs/findings.md", &page, &error) != 0 ||
	    whole_file_read("docs/run.md", &run, &error) != 0)
		abort();
	for (uint32_t i = 0; i < scenario_count; i++)
		for (uint32_t j = 0; j < scenarios[i].break_count; j++)
			for (uint32_t k = 0; k < scenarios[i].breaks[j].finding_count; k++) {
				const char *id = scenarios[i].breaks[j].findings[k];
				const char *text = arena_text(&arena, "`%s`", id);
				if (strstr(page.data, text) != NULL || strstr(run.data, text) != NULL)
					continue;
				printf("# %s: %s\n", scenarios[i].name, id);
				unknown++;
			}
	is_int(unknown, 0, "every finding that is expected is documented");
	buffer_release(&page);
	buffer_release(&run);
}

/* ---- every planted bug */

static uint32_t breaks_of(const char *name)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < scenario_count; i++)
		for (uint32_t j = 0; j < scenarios[i].break_count; j++)
			count += strcmp(scenarios[i].breaks[j].pipeline, name) == 0;
	return count;
}

static uint32_t holds_of(const char *name)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < scenario_count; i++)
		for (uint32_t j = 0; j < scenarios[i].hold_count; j++)
			count += strcmp(scenarios[i].holds[j], name) == 0;
	return count;
}

static void test_bugs(void)
{
	uint32_t survive = 0, idle = 0, bugs = 0;

	for (uint32_t i = 0; i < pipeline_count; i++) {
		for (uint32_t j = 0; j < pipelines[i].variant_count; j++) {
			const char *name =
				arena_text(&arena, "%s+%s", pipelines[i].name, pipelines[i].variants[j].name);
			bugs++;
			if (breaks_of(name) > 0)
				continue;
			printf("# %s: no scenario expects it to fail\n", name);
			/* Variants of the documents' pipelines mend a part of them, too. */
			survive += strncmp(name, "doc", 3) != 0;
		}
		if (breaks_of(pipelines[i].name) == 0 && holds_of(pipelines[i].name) == 0) {
			printf("# %s\n", pipelines[i].name);
			idle++;
		}
	}
	is_int(survive, 0, "every planted bug is expected to be caught by a scenario");
	is_int(idle, 0, "every pipeline holds or breaks somewhere");
	ok(bugs >= 20, "%u planted bugs", bugs);
}

/* ---- the page */

static const char begin_mark[] = "<!-- scenarios: written by test_scenarios --write -->\n";
static const char end_mark[] = "<!-- end of scenarios -->\n";

static void put_scenario(const struct scenario_file *scenario, struct buffer *text)
{
	buffer_printf(text, "| `%s` | %s | ", scenario->name, scenario->title);
	for (uint32_t i = 0; i < scenario->hold_count; i++)
		buffer_printf(text, "%s%s", i > 0 ? ", " : "", scenario->holds[i]);
	buffer_append_text(text, " | ");
	for (uint32_t i = 0; i < scenario->break_count; i++) {
		const struct scenario_break *broken = &scenario->breaks[i];
		buffer_printf(text, "%s%s", i > 0 ? ", " : "", broken->pipeline);
		for (uint32_t j = 0; j < broken->finding_count; j++)
			buffer_printf(text, "%s`%s`%s", j == 0 ? " (" : ", ", broken->findings[j],
				      j + 1 == broken->finding_count ? ")" : "");
	}
	buffer_append_text(text, " |\n");
}

static void put_tables(struct buffer *text)
{
	for (uint32_t j = 0; j < CLASS_COUNT; j++) {
		bool first = true;
		for (uint32_t i = 0; i < scenario_count; i++) {
			if (strcmp(scenarios[i].class_id, classes[j].id) != 0)
				continue;
			if (first)
				buffer_printf(text,
					      "\n### %s: %s\n\n| scenario | what goes wrong | holds | breaks |\n"
					      "|---|---|---|---|\n",
					      classes[j].id, classes[j].what);
			first = false;
			put_scenario(&scenarios[i], text);
		}
	}
	buffer_append_byte(text, '\n');
}

static void test_page(bool write)
{
	struct error error = {0, ""};
	struct buffer page, wanted;

	buffer_init(&page, PAGE_MAX);
	buffer_init(&wanted, PAGE_MAX);
	if (whole_file_read(PAGE, &page, &error) != 0)
		abort();
	const char *begin = strstr(page.data, begin_mark), *end = strstr(page.data, end_mark);
	if (begin == NULL || end == NULL)
		abort();
	begin += strlen(begin_mark);
	buffer_append(&wanted, page.data, (size_t)(begin - page.data));
	put_tables(&wanted);
	buffer_append_text(&wanted, end);
	if (write && folder_write(PAGE, buffer_slice(&wanted), &error) != 0)
		abort();
	ok(write || slice_equal(buffer_slice(&page), buffer_slice(&wanted)),
	   PAGE " says what the scenarios say; else run test_scenarios --write");
	buffer_release(&page);
	buffer_release(&wanted);
}

int main(int argc, char **argv)
{
	arena_init(&arena, MEMORY_MAX);
	load_all();
	test_classes();
	test_texts();
	test_both_sides();
	test_names();
	test_findings();
	test_bugs();
	test_page(argc == 2 && strcmp(argv[1], "--write") == 0);
	for (uint32_t i = 0; i < scenario_count; i++)
		scenario_file_release(&scenarios[i]);
	for (uint32_t i = 0; i < pipeline_count; i++)
		pipeline_file_release(&pipelines[i]);
	arena_release(&arena);
	return tap_done();
}
