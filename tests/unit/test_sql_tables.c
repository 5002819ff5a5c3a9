/* The tables item, fact and source over a small state: columns, point questions, joins. */
#include "reconcile/sql/sql_tables.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "reconcile/digest/digest.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

static struct state *state;
static sqlite3 *database;
static uint32_t ids[2];
static struct contract contract;
static struct scope *scope;
static struct merge_options options = {.sources = ids, .source_count = 2, .workers = 1, .memory_max = 1 << 24};

static void stop_on(int code, const struct error *error)
{
	if (code == 0)
		return;
	printf("Bail out! %s\n", error->message);
	exit(1);
}

static struct fact fact_of(const char *key_text, struct buffer *key)
{
	struct error error = {0};
	struct fact fact = {.before = {.expires_s = EXPIRES_NONE}};
	buffer_init(key, KEY_BYTES_MAX);
	stop_on(key_from_text(&contract, key_text, key, &error), &error);
	fact.key = buffer_slice(key);
	fact.key_hash = fact_key_hash(fact.key);
	fact.after = (struct fact_side){STATE_IMAGE, 0, {10, 11}, 12, EXPIRES_NONE, DATED_NONE};
	return fact;
}

/* key a/1 inserted and changed, key b/2 deleted, a lake that holds a/1 as it was inserted and c/3. */
static void add_changes(struct state_builder *builder, struct error *error)
{
	struct buffer key;
	struct state_source source = {.kind = STATE_EVENTS_FILE,
				      .group = 1,
				      .path = "events.json",
				      .identity = "",
				      .complete = true,
				      .records = 3};
	stop_on(state_builder_begin(builder, &source, error), error);
	for (uint8_t i = 0; i < 3; i++) {
		struct fact fact = fact_of(i < 2 ? "pk=a,sk=1" : "pk=b,sk=2", &key);
		fact.kind = FACT_CHANGE;
		fact.record = i;
		fact.offset = 100 * (uint64_t)i;
		fact.domain = 1;
		fact.has_sequence = true;
		fact.sequence[SEQUENCE_SIZE - 1] = (uint8_t)(i + 7);
		fact.time_lo_us = (1000 + i) * INT64_C(1000000);
		fact.time_hi_us = fact.time_lo_us + 1000000;
		fact.before.state = STATE_ABSENT;
		if (i == 1) {
			fact.before = fact.after;
			fact.after.item[1] = fact.after.row = UINT64_MAX;
		} else if (i == 2) {
			fact.before = fact.after;
			fact.after = (struct fact_side){.state = STATE_ABSENT, .expires_s = EXPIRES_NONE};
		}
		stop_on(state_builder_add(builder, &fact, error), error);
		buffer_release(&key);
	}
	stop_on(state_builder_end(builder, &source, error), error);
	ids[0] = source.id;
}

static void add_lake(struct state_builder *builder, struct error *error)
{
	struct buffer key;
	struct state_source source = {.kind = STATE_LAKE_FILE,
				      .group = 2,
				      .path = "part-0.parquet",
				      .identity = "x",
				      .complete = true,
				      .records = 2};
	stop_on(state_builder_begin(builder, &source, error), error);
	for (int i = 0; i < 2; i++) {
		struct fact fact = fact_of(i == 0 ? "pk=a,sk=1" : "pk=c,sk=3", &key);
		fact.kind = FACT_LAKE;
		fact.record = (uint64_t)i;
		memset(fact.after.item, 0, sizeof(fact.after.item));
		stop_on(state_builder_add(builder, &fact, error), error);
		buffer_release(&key);
	}
	stop_on(state_builder_end(builder, &source, error), error);
	ids[1] = source.id;
}

static void fill(const char *folder)
{
	struct error error = {0};
	struct state_builder *builder;
	uint32_t id;
	stop_on(state_open(folder, &state, &error), &error);
	stop_on(state_group(state, "events", &id, &error), &error);
	stop_on(state_group(state, "lake", &id, &error), &error);
	stop_on(state_domain(state, 1, slice_from("arn:a"), &id, &error), &error);
	stop_on(state_builder_new(state, 0, &builder, &error), &error);
	add_changes(builder, &error);
	add_lake(builder, &error);
	stop_on(state_builder_flush(builder, &error), &error);
	state_builder_free(builder);
	uint32_t groups[1] = {1};
	stop_on(scope_build(state, &contract, groups, &options, &(struct scope_inputs){0}, true, 0, &scope, &error),
		&error);
}

/* The first column of all rows, '|' between them; or the error. */
static const char *ask(const char *sql)
{
	static char answer[2000];
	sqlite3_stmt *statement = NULL;
	size_t used = 0;
	int rows = 0;
	answer[0] = '\0';
	if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
		return sqlite3_errmsg(database);
	int step;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(statement, 0);
		used += (size_t)snprintf(answer + used, sizeof(answer) - used, "%s%s", rows++ > 0 ? "|" : "",
					 text == NULL ? "NULL" : (const char *)text);
	}
	if (step != SQLITE_DONE)
		snprintf(answer, sizeof(answer), "%s", sqlite3_errmsg(database));
	sqlite3_finalize(statement);
	return answer;
}

static void items(void)
{
	is_text(ask("SELECT key FROM item ORDER BY pk"),
		"{\"pk\":\"a\",\"sk\":\"1\"}|{\"pk\":\"b\",\"sk\":\"2\"}|{\"pk\":\"c\",\"sk\":\"3\"}",
		"item has a row for each key");
	is_text(ask("SELECT pk || '/' || sk || ' ' || state || ' ' || class || ' ' || coalesce(finding, '-') FROM item"
		    " ORDER BY 1"),
		"a/1 image different row.stale|b/2 absent unproven -|c/3 absent different row.phantom",
		"with its parts and how it is judged");
	is_text(ask("SELECT image FROM item WHERE pk = 'a'"), "000000000000000affffffffffffffff",
		"an image is its digest");
	is_text(ask("SELECT row FROM item WHERE pk = 'a'"), "-1", "a row's digest is a signed number, as Spark has it");
	is_text(ask("SELECT source || ':' || record || ':' || offset || ' ' || decided_by || ' ' || decided_time FROM "
		    "item"
		    " WHERE pk = 'a'"),
		"events.json:1:100 change 1001000000", "it says what decided, and where that stands");
	is_text(ask("SELECT stale_source || ':' || stale_record || ' missed ' || missed FROM item WHERE finding = "
		    "'row.stale'"),
		"events.json:1 missed 1", "and which older image the lake holds");
	is_text(ask("SELECT coalesce(image, 'none') || coalesce(source, 'none') || ttl FROM item WHERE pk = 'b'"),
		"noneevents.jsonno", "what is not there is NULL");
	is_text(ask("SELECT unproven FROM item ORDER BY pk"), "|chain|",
		"unproven lists the reasons, and is empty for proven keys");
}

static void facts(void)
{
	is_text(ask("SELECT kind || ' ' || state || ' ' || coalesce(sequence, '-') FROM fact WHERE pk = 'a' ORDER BY "
		    "kind"),
		"change image 7|change image 8|lake image -", "fact has a row for each thing known");
	is_text(ask("SELECT before_state FROM fact WHERE kind = 'change' ORDER BY sequence"), "absent|image|image",
		"with both sides of a change");
	is_text(ask("SELECT DISTINCT coalesce(stream, '-') FROM fact ORDER BY 1"), "-|arn:a", "and its stream");
	is_text(ask("SELECT count(*) FROM fact WHERE key = '{\"pk\":\"a\",\"sk\":\"1\"}'"), "3",
		"a key is found by its JSON");
	is_text(ask("SELECT count(*) FROM fact WHERE key = '{\"pk\":\"a\",\"sk\":\"1.0\"}'"), "0",
		"which is compared as text, so that it means what SQL says");
	is_text(ask("SELECT count(*) FROM fact WHERE key = 'no key'"), "0", "what is no key finds nothing");
	is_text(ask("SELECT count(*) FROM fact JOIN item USING (key_hash) WHERE item.class = 'different'"), "4",
		"tables join by hash");
	is_text(ask("SELECT count(*) FROM fact WHERE key_hash = 17"), "0", "a hash that no key has finds nothing");
	is_text(ask("SELECT count(*) FROM item a, item b"), "9", "a table may be read twice at once");
}

static void sources(void)
{
	is_text(ask("SELECT kind || ' ' || of || ' ' || path || ' ' || facts || ' ' || records FROM source ORDER BY "
		    "id"),
		"events events events.json 3 3|lake lake part-0.parquet 2 2", "source has a row for each file");
}

static void damage(void)
{
	sqlite3_exec(state_database(state), "UPDATE block_data SET bytes = x'00'", NULL, NULL, NULL);
	ok(strstr(ask("SELECT count(*) FROM fact"), "is corrupt") != NULL,
	   "a corrupt state is an error of the statement: %s", ask("SELECT count(*) FROM fact"));
	ok(strstr(ask("SELECT count(*) FROM item"), "is corrupt") != NULL, "for items too");
}

int main(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	static struct contract_source events = {.kind = SOURCE_EVENTS, .text = "events"};
	contract = (struct contract){.key = {{.attribute = "pk", .type = 'S'}, {.attribute = "sk", .type = 'N'}},
				     .key_count = 2,
				     .sources = &events,
				     .source_count = 1,
				     .baseline = BASELINE_EMPTY};
	scratch_make(folder);
	fill(folder);
	if (sqlite3_open(":memory:", &database) != SQLITE_OK)
		return 1;
	is_int(sql_tables_register(database, state, scope, &options, &contract, &error), 0,
	       "the tables are registered");
	items();
	facts();
	sources();
	damage();
	sqlite3_close(database);
	scope_free(scope);
	state_close(state);
	scratch_remove(folder);
	return tap_done();
}
