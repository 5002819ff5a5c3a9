/* Pipeline and scenario files: what they say, what is refused with line and column, how YAML is laid over YAML; and
 * they are documented by the tables that parse them. `test_runner_files --write` rewrites those documents. */
#include <stdlib.h>

#include "generators/generator.h"
#include "harness/runner/contract_compose.h"
#include "harness/runner/folder.h"
#include "harness/runner/scenario_file.h"
#include "harness/runner/yaml_merge.h"
#include "tests/support/schema_documents.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

static char folder[SCRATCH_PATH_MAX];

static const char *put(const char *name, const char *text)
{
	static char path[SCRATCH_PATH_MAX + 64];
	struct error error = {0};
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (folder_write(path, slice_from(text), &error) != 0)
		abort();
	return path;
}

/* A message without the scratch folder before it. */
static const char *told(const struct error *error)
{
	size_t size = strlen(folder);
	return strncmp(error->message, folder, size) == 0 ? error->message + size + 1 : error->message;
}

/* ---- pipelines ---- */

#define READS "reads: {changes: lambda}\n"
#define APPLY "apply: [./step, a b]\n"

static void test_pipeline(void)
{
	struct pipeline_file pipeline;
	struct error error = {0};
	const char *path = put("my-own/pipeline.yaml",
			       "about: ours\nreads: {changes: firehose, export: ion, increments: NEW_IMAGE}\n"
			       "apply: [./step, \"$${LAKEPROOF_BATCH}\", 7]\ntable: a/b\ncheckpoint: none\n"
			       "set_aside: lost.jsonl\nmoments: [before]\nclaims: [each_batch]\n"
			       "contract: {lake: {deletes: {column: gone}}}\nlimits: {apply: 2s, memory: 64MiB}\n"
			       "variants: [{name: bad, words: [--bad]}, {name: worse}]\n");
	ok(pipeline_file_load(path, &pipeline, &error) == 0, "a pipeline is read (%s)", error.message);
	is_text(pipeline.name, "my-own", "it is called as its folder");
	ok(stream_format_at((size_t)pipeline.changes) == stream_format_find("firehose") &&
		   pipeline.export == EXPORT_ION && pipeline.increments == EXPORT_NEW_IMAGE,
	   "what it reads is known");
	ok(pipeline.apply.count == 3 && strcmp(pipeline.apply.words[1], "${LAKEPROOF_BATCH}") == 0,
	   "what a step replaces stands in its words");
	ok(pipeline.checkpoint == NULL && strcmp(pipeline.set_aside, "lost.jsonl") == 0 && pipeline.claims_each_batch,
	   "none is none, and a claim is one");
	ok(pipeline.limits.apply_us == 2000000 && pipeline.limits.setup_us == 60000000 &&
		   pipeline.limits.memory == 64 << 20,
	   "limits are read, others stay");
	ok(pipeline_file_variant(&pipeline, "bad") != NULL && pipeline_file_variant(&pipeline, "good") == NULL &&
		   pipeline_file_has_moment(&pipeline, "before") && !pipeline_file_has_moment(&pipeline, "after"),
	   "variants and moments are found by name");
	pipeline_file_release(&pipeline);
}

static void refuses_pipeline(const char *yaml, const char *message)
{
	struct pipeline_file pipeline;
	struct error error = {0};
	bool read = pipeline_file_load(put("p/pipeline.yaml", yaml), &pipeline, &error) == 0;
	is_text(read ? "nothing" : told(&error), message, "refused");
	pipeline_file_release(&pipeline);
}

static void test_pipeline_refusals(void)
{
	refuses_pipeline(READS "aply: [x]\n", "p/pipeline.yaml:2:1: unknown key 'aply', did you mean 'apply'");
	refuses_pipeline(READS, "p/pipeline.yaml:1:1: a pipeline has either 'apply' or 'serve'");
	refuses_pipeline(READS "serve: [x]\n", "p/pipeline.yaml:1:1: 'serve' and 'caught_up' go together");
	refuses_pipeline(APPLY, "p/pipeline.yaml:1:1: key 'reads' is missing");
	refuses_pipeline("reads: {changes: none}\n" APPLY, "p/pipeline.yaml:1:8: it must read something");
	refuses_pipeline(READS "apply: []\n", "p/pipeline.yaml:2:8: 'apply' must have a word at least");
	refuses_pipeline(READS APPLY "table: ../x\n",
			 "p/pipeline.yaml:3:8: 'table' is a path below LAKEPROOF_WORK, without '..'");
	refuses_pipeline(READS APPLY "claims: [all]\n",
			 "p/pipeline.yaml:3:9: unknown claim 'all'; there is each_batch");
	refuses_pipeline(READS APPLY "variants: [{name: a}, {name: a}]\n",
			 "p/pipeline.yaml:3:11: variant 'a' is there twice");
	refuses_pipeline(READS APPLY "limits: {memory: much}\n",
			 "p/pipeline.yaml:3:18: 'memory' must be a size such as 512MiB, not 'much'");
}

/* ---- scenarios ---- */

#define TITLE "title: t\n"

static void refuses_scenario(const char *yaml, const char *message)
{
	struct scenario_file scenario;
	struct error error = {0};
	bool read = scenario_file_load(put("g/s.yaml", yaml), "g/s", &scenario, &error) == 0;
	is_text(read ? "nothing" : told(&error), message, "refused");
	scenario_file_release(&scenario);
}

static void test_scenario(void)
{
	struct scenario_file scenario;
	struct pipeline_file pipeline;
	struct error error = {0};
	const char *why;
	ok(scenario_file_load(put("g/s.yaml", TITLE "lands: [changes]\nformats: [lambda]\nworkload: {items: 3}\n"
						    "process: [{fault: kill, batch: 2}]\n"),
			      "g/s", &scenario, &error) == 0,
	   "a scenario is read (%s)", error.message);
	ok(scenario.lands == LANDS_CHANGES && scenario.batches == 5 && scenario.process[0].after_us == 20000 &&
		   strcmp(scenario.workload, "{items: 3}\n") == 0,
	   "with what it says, and defaults for the rest");
	ok(pipeline_file_load(put("p/pipeline.yaml", READS APPLY), &pipeline, &error) == 0 &&
		   scenario_file_suits(&scenario, &pipeline, &why),
	   "a pipeline that reads it takes part");
	pipeline.changes = 0;
	ok(!scenario_file_suits(&scenario, &pipeline, &why) && strcmp(why, "it reads another format") == 0,
	   "one of another format does not");
	scenario.lands |= LANDS_EXPORT;
	ok(!scenario_file_suits(&scenario, &pipeline, &why) && strcmp(why, "it reads no export") == 0,
	   "nor one that does not read all that lands");
	pipeline_file_release(&pipeline);
	scenario_file_release(&scenario);
	refuses_scenario("why: x\n", "g/s.yaml:1:1: key 'title' is missing");
	refuses_scenario(TITLE "lands: [exports]\n",
			 "g/s.yaml:2:8: what lands is export, changes and increments, not 'exports'");
	refuses_scenario(TITLE "lands: [increments]\n", "g/s.yaml:2:8: increments follow an export");
	refuses_scenario(TITLE "process: [{fault: kill, batch: 6}]\n", "g/s.yaml:2:10: there is no batch 6 among 5");
	refuses_scenario(TITLE "holds: [a]\nbreaks: [{pipeline: a, findings: [row.zombie]}]\n",
			 "g/s.yaml:3:9: 'a' cannot both hold and break");
	refuses_scenario(TITLE "formats: [xml]\n", "g/s.yaml:2:10: there is no format 'xml'");
}

/* ---- YAML over YAML ---- */

static const char *merged(const char *base, const char *over, const struct yaml_either *either)
{
	static struct buffer text;
	static bool once;
	struct error error = {0};
	struct yaml_source a = {"base.yaml", slice_from(base)}, b = {"over.yaml", slice_from(over)};
	if (!once)
		buffer_init(&text, 65536);
	once = true;
	text.size = 0;
	if (yaml_merge(&a, &b, either, &text, &error) != 0) {
		text.size = 0;
		buffer_append_text(&text, error.message);
	}
	buffer_append_byte(&text, '\0');
	return text.data;
}

static void test_merge(void)
{
	static const struct yaml_either either = {"attributes", "entities"};
	is_text(merged("a: 1\nb: {c: 2, d: [3, 4]}\n", "b: {d: [5], e: 6}\n", NULL),
		"a: 1\nb:\n  c: 2\n  d: [5]\n  e: 6\n", "mappings merge, lists are replaced");
	is_text(merged("a: 1\nb: {c: 2, d: 3}\n", "b: {c: null, e: null}\nf: \"null\"\n", NULL),
		"a: 1\nb:\n  d: 3\nf: \"null\"\n", "null takes a key away, the text does not");
	is_text(merged("a: 1\n", "", NULL), "a: 1\n", "nothing over it changes nothing");
	is_text(merged("attributes: 1\nx: 2\n", "entities: 3\n", &either), "x: 2\nentities: 3\n",
		"what excludes another key drops it");
	is_text(merged("a: \"1\"\n", "b: '2'\n", NULL), "a: \"1\"\nb: '2'\n", "texts stay texts");
	is_text(merged("a: 1\n", "b: [\n", NULL), "over.yaml:2:1: not valid YAML: did not find expected node content",
		"what is no YAML is told where");
	is_text(merged("a: &x [*x]\n", "b: 1\n", NULL), "a YAML document is nested deeper than 60 levels",
		"a list within itself is refused");
}

static bool has_events(void *context, const char *path)
{
	(void)context;
	return strcmp(path, "events") == 0;
}

static void test_compose(void)
{
	static const char generated[] =
		"version: 1\nsources:\n  - {export: A/1}\n  - {events: events, from: \"f\", to: \"t\"}\n"
		"lake:\n  delta: lake\n  deletes: absent\n";
	struct contract_request request = {
		.generated = generated, .prefix = "evidence/", .independent = true, .delta = "/w/lake"};
	struct error error = {0};
	struct buffer yaml;
	unsigned sources = 0;
	buffer_init(&yaml, 65536);
	bool made = contract_compose(&request, &yaml, &sources, &error) == 0 && buffer_append_byte(&yaml, '\0') == 0;
	ok(made && sources == 2, "a contract is composed (%s)", error.message);
	is_text(yaml.data,
		"version: 1\nsources:\n- {export: evidence/A/1}\n- {events: evidence/events, from: \"f\", to: \"t\", "
		"independent: true}\nlake:\n  delta: \"/w/lake\"\n  deletes: absent\n",
		"its sources lie elsewhere, and are independent");
	request = (struct contract_request){.generated = generated,
					    .prefix = "landing/",
					    .open_end = true,
					    .has = has_events,
					    .overlay = "lake: {deletes: {column: gone}}\n",
					    .delta = "/w/lake"};
	yaml.size = 0;
	made = contract_compose(&request, &yaml, &sources, &error) == 0 && buffer_append_byte(&yaml, '\0') == 0;
	ok(made && sources == 1, "one of what has landed (%s)", error.message);
	is_text(yaml.data,
		"version: 1\nsources:\n- {events: landing/events, from: \"f\"}\nlake:\n  delta: \"/w/lake\"\n  "
		"deletes: "
		"{column: gone}\nbaseline: none\n",
		"holds no export and no end, and the pipeline's own words");
	buffer_release(&yaml);
}

/* ---- documentation ---- */

/* docs/run.md with the part between one pair of marks replaced. */
static bool replace(const char *document, const char *name, const struct schema_map *map, const char *what,
		    struct buffer *whole)
{
	char begin_mark[128], end_mark[128];
	snprintf(begin_mark, sizeof(begin_mark), "<!-- %s keys: written by test_runner_files --write -->\n", name);
	snprintf(end_mark, sizeof(end_mark), "<!-- end of %s keys -->\n", name);
	const char *begin = strstr(document, begin_mark), *end = strstr(document, end_mark);
	if (begin == NULL || end == NULL)
		return false;
	begin += strlen(begin_mark);
	buffer_append(whole, document, (size_t)(begin - document));
	bool written = schema_write_markdown(map, what, whole) == 0;
	buffer_append_text(whole, "\n");
	buffer_append_text(whole, end);
	return written;
}

static bool with_pipeline(const char *document, struct buffer *whole)
{
	return replace(document, "pipeline", &pipeline_schema, "pipeline.yaml", whole);
}

static bool with_scenario(const char *document, struct buffer *whole)
{
	return replace(document, "scenario", &scenario_schema, "a scenario", whole);
}

static const struct schema_documents documents[] = {
	{&pipeline_schema, "lakeproof pipeline", "docs/run.md", "docs/pipeline.schema.json",
	 "test_runner_files --write", with_pipeline},
	{&scenario_schema, "lakeproof scenario", "docs/run.md", "docs/scenario.schema.json",
	 "test_runner_files --write", with_scenario},
};

int main(int argc, char **argv)
{
	bool write = argc == 2 && strcmp(argv[1], "--write") == 0;
	scratch_make(folder);
	test_pipeline();
	test_pipeline_refusals();
	test_scenario();
	test_merge();
	test_compose();
	scratch_remove(folder);
	documents_test(&documents[0], write);
	documents_test(&documents[1], write);
	return tap_done();
}
