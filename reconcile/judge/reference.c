#include "reconcile/judge/reference.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "reconcile/digest/digest.h"

/* The assembler puts the file into the program; paths are relative to the project's root, where the compiler runs. */
__asm__(".pushsection .rodata\n"
	"reference_sql_text:\n"
	".incbin \"docs/semantics.sql\"\n"
	".byte 0\n"
	".popsection\n");
extern const char reference_sql_text[];

const char *reference_sql(void)
{
	return reference_sql_text;
}

static int failed(sqlite3 *database, const char *doing, struct error *error)
{
	int code = (sqlite3_errcode(database) & 0xff) == SQLITE_NOMEM ? ERROR_INTERNAL : ERROR_IO;
	return error_set(error, code, "reference merger: cannot %s: %s", doing, sqlite3_errmsg(database));
}

static int execute(sqlite3 *database, const char *sql, const char *doing, struct error *error)
{
	return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(database, doing, error);
}

/* ---- what it is asked */

#define COLUMNS                                                                                                        \
	COLUMN(key)                                                                                                    \
	COLUMN(key_hash)                                                                                               \
	COLUMN(expected_state)                                                                                         \
	COLUMN(expected_item)                                                                                          \
	COLUMN(expected_row) COLUMN(expected_flags) COLUMN(expected_expires) COLUMN(ttl) COLUMN(decided_by)            \
		COLUMN(decided_time) COLUMN(decided_source) COLUMN(decided_record) COLUMN(decided_offset)              \
			COLUMN(unproven) COLUMN(changes) COLUMN(duplicates) COLUMN(conflicts) COLUMN(chain_breaks)     \
				COLUMN(overlap) COLUMN(capture_lost) COLUMN(broken_source) COLUMN(broken_record)       \
					COLUMN(broken_offset) COLUMN(lake_expected) COLUMN(lake_rows)                  \
						COLUMN(lake_rows_deleted) COLUMN(lake_rows_equal) COLUMN(lake_source)  \
							COLUMN(lake_record) COLUMN(lake_offset) COLUMN(lake_row)       \
								COLUMN(class) COLUMN(finding) COLUMN(stale_source)     \
									COLUMN(stale_record) COLUMN(stale_offset)      \
										COLUMN(stale_before) COLUMN(missed)    \
											COLUMN(expected_dated)         \
												COLUMN(key_id)

enum column {
#define COLUMN(name) COLUMN_##name,
	COLUMNS
#undef COLUMN
		COLUMN_COUNT
};

#define COLUMN(name) #name ", "
static const char judgement_query[] = "SELECT " COLUMNS "0 FROM judgement ORDER BY key";
#undef COLUMN
static const char missed_query[] =
	"SELECT source, record, \"offset\" FROM missed WHERE key_id = ?1 ORDER BY nth LIMIT ?2";

/* ---- the tables, and the statements that fill them */

enum input {
	INPUT_POLICY,
	INPUT_EXPORT,
	INPUT_DOMAIN,
	INPUT_NET,
	INPUT_WINDOW,
	INPUT_HOLE,
	INPUT_ALIAS,
	INPUT_SOURCE,
	INPUT_FACT,
	INPUT_COUNT
};

static const char *const input_sql[INPUT_COUNT] = {
	[INPUT_POLICY] = "INSERT INTO policy VALUES (?1, ?2, ?3, ?4, iif(?5, ?6, NULL), ?7, iif(?8, ?9, NULL), ?10, "
			 "?11, iif(?12, ?13, NULL), iif(?12, ?14, NULL), ?15, ?16)",
	[INPUT_EXPORT] = "INSERT INTO scope_export VALUES (?, ?, ?, ?, ?, ?, ?)",
	[INPUT_DOMAIN] = "INSERT INTO scope_domain VALUES (?, ?, ?)",
	[INPUT_NET] = "INSERT INTO scope_net VALUES (?, ?, ?, ?)",
	[INPUT_WINDOW] = "INSERT INTO scope_window VALUES (?, ?, ?)",
	[INPUT_HOLE] = "INSERT INTO scope_hole VALUES (?, ?)",
	[INPUT_ALIAS] = "INSERT INTO domain_alias VALUES (?, ?)",
	[INPUT_SOURCE] = "INSERT INTO source_group VALUES (?, ?)",
	[INPUT_FACT] = "INSERT INTO fact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
		       "?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
};

enum { TABLES_MAX = 128, TABLE_SQL_MAX = 1 << 16 };

/* A change of the tables would have every statement prepared anew, so a run empties them and fills them again. */
struct reference {
	sqlite3 *database;
	sqlite3_stmt *inputs[INPUT_COUNT];
	sqlite3_stmt *judgements, *missed;
	sqlite3_stmt *empties[TABLES_MAX], *rules[TABLES_MAX];
	uint32_t empty_count, rule_count;
};

static int prepare(struct reference *reference, const char *sql, sqlite3_stmt **statement, struct error *error)
{
	bool done = sqlite3_prepare_v3(reference->database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) ==
		    SQLITE_OK;
	return done ? 0 : failed(reference->database, "prepare a statement", error);
}

/* Runs a statement that answers nothing, and makes it ready to be run again. */
static int perform(sqlite3_stmt *statement, const char *doing, struct error *error)
{
	int code = sqlite3_step(statement) == SQLITE_DONE ? 0 : failed(sqlite3_db_handle(statement), doing, error);
	sqlite3_reset(statement);
	return code;
}

/* What empties the table that a statement of the page makes, and what fills it as that statement does. */
static int keep_table(struct reference *reference, struct slice name, struct slice select, struct error *error)
{
	struct buffer sql;
	int code = 0;
	buffer_init(&sql, TABLE_SQL_MAX);
	buffer_printf(&sql, "DELETE FROM %.*s", (int)name.size, name.data);
	buffer_append_byte(&sql, '\0');
	size_t filling = sql.size;
	buffer_printf(&sql, "INSERT INTO %.*s %.*s", (int)name.size, name.data, (int)select.size, select.data);
	buffer_append_byte(&sql, '\0');
	if (sql.failed)
		code = error_set(error, ERROR_INTERNAL, "reference merger: out of memory");
	if (code == 0)
		code = prepare(reference, sql.data, &reference->empties[reference->empty_count++], error);
	if (code == 0 && select.size > 0)
		code = prepare(reference, sql.data + filling, &reference->rules[reference->rule_count++], error);
	buffer_release(&sql);
	return code;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A rule is a table's statement with AS, or an INSERT. */
static int keep_statement(struct reference *reference, const char *text, const char *end, struct error *error)
{
	assert(reference->empty_count < TABLES_MAX && reference->rule_count < TABLES_MAX);
	if (begins_with(text, "INSERT INTO "))
		return prepare(reference, text, &reference->rules[reference->rule_count++], error);
	assert(begins_with(text, "CREATE "));
	if (!begins_with(text, "CREATE TABLE "))
		return 0; /* an index, or the view of the judgements */
	struct slice name = {text + strlen("CREATE TABLE "), 0};
	name.size = strcspn(name.data, " ");
	const char *after = name.data + name.size;
	struct slice select = {after, 0};
	if (begins_with(after, " AS"))
		select = (struct slice){after + strlen(" AS"), (size_t)(end - after) - strlen(" AS")};
	return keep_table(reference, name, select, error);
}

/* Past what stands between two statements: white space and comments. */
static const char *statement_begin(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\n");
		if (!begins_with(text, "--"))
			return text;
		text += strcspn(text, "\n");
	}
}

/* Runs docs/semantics.sql over empty tables, which makes all of them, with their indexes. */
static int make_tables(struct reference *reference, struct error *error)
{
	const char *text = statement_begin(reference_sql_text), *end = text;
	int code = 0;
	for (; *text != '\0' && code == 0; text = statement_begin(end)) {
		sqlite3_stmt *statement = NULL;
		if (sqlite3_prepare_v2(reference->database, text, -1, &statement, &end) != SQLITE_OK)
			return failed(reference->database, "read docs/semantics.sql", error);
		code = perform(statement, "make its tables", error);
		sqlite3_finalize(statement);
		if (code == 0)
			code = keep_statement(reference, text, end, error);
	}
	return code;
}

static int prepare_others(struct reference *reference, struct error *error)
{
	int code = prepare(reference, judgement_query, &reference->judgements, error);
	if (code == 0)
		code = prepare(reference, missed_query, &reference->missed, error);
	for (int i = 0; i < INPUT_COUNT && code == 0; i++)
		code = prepare(reference, input_sql[i], &reference->inputs[i], error);
	return code;
}

void reference_close(struct reference *reference)
{
	if (reference == NULL)
		return;
	for (int i = 0; i < INPUT_COUNT; i++)
		sqlite3_finalize(reference->inputs[i]);
	for (uint32_t i = 0; i < reference->empty_count; i++)
		sqlite3_finalize(reference->empties[i]);
	for (uint32_t i = 0; i < reference->rule_count; i++)
		sqlite3_finalize(reference->rules[i]);
	sqlite3_finalize(reference->judgements);
	sqlite3_finalize(reference->missed);
	sqlite3_close(reference->database);
	free(reference);
}

int reference_open(struct reference **opened, struct error *error)
{
	int code = 0;
	struct reference *reference = *opened = calloc(1, sizeof *reference);
	if (reference == NULL)
		return error_set(error, ERROR_INTERNAL, "reference merger: out of memory");
	/* The empty name makes a file of SQLite's own, which spills only when it outgrows the cache; its journal, which
	 * holds only pages that a run before has filled, would be a file that is written from the first page on. */
	if (sqlite3_open("", &reference->database) != SQLITE_OK)
		code = failed(reference->database, "open a temporary database", error);
	if (code == 0)
		code = execute(reference->database, "PRAGMA journal_mode = MEMORY; BEGIN", "begin", error);
	if (code == 0)
		code = make_tables(reference, error);
	if (code == 0)
		code = execute(reference->database, "COMMIT", "commit", error);
	if (code == 0)
		code = prepare_others(reference, error);
	if (code != 0) {
		reference_close(reference);
		*opened = NULL;
	}
	return code;
}

/* ---- filling */

struct filling {
	struct reference *reference;
	bool history; /* lake rows have ends */
};

static int insert_integers(struct reference *reference, enum input input, const int64_t *values, int count,
			   struct error *error)
{
	for (int i = 0; i < count; i++)
		sqlite3_bind_int64(reference->inputs[input], i + 1, values[i]);
	return perform(reference->inputs[input], "fill its tables", error);
}

static int fill_policy(struct reference *reference, const struct scope *scope, struct error *error)
{
	/* as_of and settle_from come each with a mark of whether there is one. */
	bool has_settle = scope->settle_from_us != INT64_MAX;
	const int64_t values[] = {scope->baseline == BASELINE_EMPTY,
				  scope->deletes == DELETES_COLUMN,
				  scope->ttl == TTL_POLICY_KEEP,
				  scope->ambiguous_accept,
				  scope->has_as_of,
				  scope->as_of_us,
				  scope->has_lake,
				  has_settle,
				  scope->settle_from_us,
				  scope->unreadable,
				  scope->by_row,
				  scope->retains,
				  scope->retain_out_s,
				  scope->retain_in_s,
				  scope->unmatched,
				  scope->shape == SHAPE_EVENTS};
	return insert_integers(reference, INPUT_POLICY, values, 16, error);
}

static int fill_scope(struct reference *reference, const struct scope *scope, struct error *error)
{
	int code = fill_policy(reference, scope, error);
	for (uint32_t i = 0; i < scope->export_count && code == 0; i++) {
		const struct scope_export *export = &scope->exports[i];
		const int64_t values[] = {(int64_t)i + 1,   export->group, export->lo, export->hi,
					  export->complete, export->from,  export->to};
		code = insert_integers(reference, INPUT_EXPORT, values, 7, error);
	}
	for (uint32_t i = 0; i < scope->domain_count && code == 0; i++) {
		const int64_t values[] = {scope->domains[i].domain, scope->domains[i].filtered, scope->domains[i].kind};
		code = insert_integers(reference, INPUT_DOMAIN, values, 3, error);
	}
	for (uint32_t i = 0; i < scope->net_count && code == 0; i++) {
		const struct scope_net *net = &scope->nets[i];
		const int64_t values[] = {net->domain, net->lo, net->hi, net->open_hi};
		code = insert_integers(reference, INPUT_NET, values, 4, error);
	}
	for (uint32_t i = 0; i < scope->window_count && code == 0; i++) {
		const int64_t values[] = {scope->windows[i].lo, scope->windows[i].hi, scope->windows[i].filtered};
		code = insert_integers(reference, INPUT_WINDOW, values, 3, error);
	}
	for (uint32_t i = 0; i < scope->hole_count && code == 0; i++) {
		const int64_t values[] = {scope->holes[i].lo, scope->holes[i].hi};
		code = insert_integers(reference, INPUT_HOLE, values, 2, error);
	}
	for (uint32_t i = 0; i < scope->alias_count && code == 0; i++) {
		const int64_t values[] = {i, scope->aliases[i]};
		if (scope->aliases[i] != i)
			code = insert_integers(reference, INPUT_ALIAS, values, 2, error);
	}
	return code;
}

static int fill_sources(struct reference *reference, const uint32_t *source_groups, uint32_t source_count,
			struct error *error)
{
	int code = 0;
	for (uint32_t i = 0; i < source_count && code == 0; i++) {
		const int64_t values[] = {i, source_groups[i]};
		if (source_groups[i] != 0)
			code = insert_integers(reference, INPUT_SOURCE, values, 2, error);
	}
	return code;
}

static void put_big_endian(uint64_t value, unsigned char bytes[8])
{
	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (56 - 8 * i));
}

/* Binding a copy fails when memory runs out, and what is not bound would be NULL. */
static bool bind_copy(sqlite3_stmt *insert, int column, const void *bytes, int size)
{
	return sqlite3_bind_blob(insert, column, bytes, size, SQLITE_TRANSIENT) == SQLITE_OK;
}

static bool bind_u64(sqlite3_stmt *insert, int column, uint64_t value)
{
	unsigned char bytes[8];
	put_big_endian(value, bytes);
	return bind_copy(insert, column, bytes, 8);
}

/* Five columns from `column`: state, item, row, flags, expires; and one for its date. What is not bound is NULL. */
static bool bind_side(sqlite3_stmt *insert, int column, int dated, const struct fact_side *side, bool has_item)
{
	sqlite3_bind_int(insert, column, (int)side->state);
	sqlite3_bind_int64(insert, column + 3, 0);
	bool bound = true;
	if (side->state != STATE_IMAGE)
		return true;
	if (has_item && (side->item[0] | side->item[1]) != 0) {
		unsigned char bytes[16];
		put_big_endian(side->item[0], bytes);
		put_big_endian(side->item[1], bytes + 8);
		bound = bind_copy(insert, column + 1, bytes, 16);
	}
	bound = bind_u64(insert, column + 2, side->row) && bound;
	sqlite3_bind_int64(insert, column + 3, side->flags);
	if (side->expires_s != EXPIRES_NONE)
		sqlite3_bind_int64(insert, column + 4, side->expires_s);
	if (side->dated_s != DATED_NONE)
		sqlite3_bind_int64(insert, dated, side->dated_s);
	return bound;
}

static int fill_fact(void *context, const struct fact *fact, struct error *error)
{
	struct filling *filling = context;
	sqlite3_stmt *insert = filling->reference->inputs[INPUT_FACT];
	bool change = fact->kind == FACT_CHANGE;
	sqlite3_clear_bindings(insert);
	bool bound = bind_copy(insert, 1, fact->key.data, (int)fact->key.size);
	sqlite3_bind_int64(insert, 2, (int64_t)fact->key_hash);
	sqlite3_bind_int(insert, 3, (int)fact->kind);
	sqlite3_bind_int(insert, 4, (fact->flags & FACT_DAMAGED) != 0);
	sqlite3_bind_int(insert, 5, (fact->flags & FACT_DELETED) != 0);
	sqlite3_bind_int64(insert, 6, fact->source);
	sqlite3_bind_int64(insert, 7, (int64_t)fact->record);
	sqlite3_bind_int64(insert, 8, (int64_t)fact->offset);
	bound = bind_side(insert, 9, 26, &fact->after, fact->kind != FACT_LAKE) && bound;
	sqlite3_bind_int(insert, 14, STATE_UNKNOWN);
	sqlite3_bind_int(insert, 17, 0);
	sqlite3_bind_int(insert, 20, TTL_NO);
	if (change) {
		bound = bind_side(insert, 14, 27, &fact->before, true) && bound;
		sqlite3_bind_int64(insert, 19, fact->domain);
		sqlite3_bind_int(insert, 20, fact->ttl);
		if (fact->has_sequence)
			bound = bind_copy(insert, 21, fact->sequence, SEQUENCE_SIZE) && bound;
		sqlite3_bind_int64(insert, 22, fact->time_lo_us);
		sqlite3_bind_int64(insert, 23, fact->time_hi_us);
		bound = bind_u64(insert, 24, fact->event_hash) && bound;
	}
	if (fact->item_key != 0)
		sqlite3_bind_int64(insert, 25, (int64_t)fact->item_key);
	bool timed = fact->kind == FACT_LAKE && (fact->flags & FACT_TIMED) != 0;
	if (timed && fact->time_lo_us != INT64_MIN)
		sqlite3_bind_int64(insert, 28, fact->time_lo_us);
	sqlite3_bind_int(insert, 29, timed && filling->history && fact->time_hi_us != INT64_MAX);
	if (!bound)
		return error_set(error, ERROR_INTERNAL, "reference merger: out of memory");
	return perform(insert, "insert a fact", error);
}

static int fill_facts(struct reference *reference, const struct scope *scope, const struct reference_facts *facts,
		      struct error *error)
{
	struct filling filling = {.reference = reference, .history = scope->shape == SHAPE_HISTORY};
	return facts->feed(facts->context, fill_fact, &filling, error);
}

/* ---- reading the judgements */

static uint64_t column_word(sqlite3_stmt *row, int column, int word)
{
	const unsigned char *bytes = sqlite3_column_blob(row, column);
	uint64_t value = 0;
	if (bytes == NULL)
		return 0;
	assert(sqlite3_column_bytes(row, column) >= 8 * (word + 1));
	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[8 * word + i];
	return value;
}

static uint32_t column_u32(sqlite3_stmt *row, int column)
{
	return (uint32_t)sqlite3_column_int64(row, column);
}

static struct fact_origin column_origin(sqlite3_stmt *row, int column)
{
	/* NULLs read as 0, which is what a struct fact_origin says "none" by. */
	return (struct fact_origin){.source = column_u32(row, column),
				    .record = (uint64_t)sqlite3_column_int64(row, column + 1),
				    .offset = (uint64_t)sqlite3_column_int64(row, column + 2)};
}

/* The place of a text column's value in a list that ends in NULL; 0 for SQL's NULL. */
static int column_choice(sqlite3_stmt *row, int column, const char *const *choices)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	if (text == NULL)
		return 0;
	for (int i = 0; choices[i] != NULL; i++)
		if (strcmp(choices[i], text) == 0)
			return i;
	fprintf(stderr, "docs/semantics.sql says '%s', which reference.c does not know\n", text);
	abort();
}

static void read_lake(sqlite3_stmt *row, struct judgement *judgement)
{
	static const char *const expectations[] = {[LAKE_NONE] = "NONE", [LAKE_ROW] = "ROW", [LAKE_ANY] = "ANY", NULL};
	static const char *const classes[] = {[CLASS_NOTHING] = "NOTHING",
					      [CLASS_EQUAL] = "EQUAL",
					      [CLASS_DELETED] = "DELETED",
					      [CLASS_DIFFERENT] = "DIFFERENT",
					      [CLASS_UNPROVEN] = "UNPROVEN",
					      [CLASS_OUT_OF_SCOPE] = "OUT_OF_SCOPE",
					      NULL};
	static const char *const findings[] = {
		[ROW_NONE] = "",         [ROW_DUPLICATE] = "duplicate",   [ROW_MISSING] = "missing",
		[ROW_ZOMBIE] = "zombie", [ROW_ZOMBIE_TTL] = "zombie_ttl", [ROW_PHANTOM] = "phantom",
		[ROW_STALE] = "stale",   [ROW_DIFFERS] = "differs",       NULL};
	/* The enum has no tag, so the value goes in by name. */
	int expected = column_choice(row, COLUMN_lake_expected, expectations);
	judgement->lake_expected = expected == LAKE_ANY ? LAKE_ANY : expected == LAKE_ROW ? LAKE_ROW : LAKE_NONE;
	judgement->lake_rows = column_u32(row, COLUMN_lake_rows);
	judgement->lake_rows_deleted = column_u32(row, COLUMN_lake_rows_deleted);
	judgement->lake_rows_equal = column_u32(row, COLUMN_lake_rows_equal);
	judgement->lake = column_origin(row, COLUMN_lake_source);
	judgement->lake_row = column_word(row, COLUMN_lake_row, 0);
	judgement->class = (enum key_class)column_choice(row, COLUMN_class, classes);
	judgement->finding = (enum row_finding)column_choice(row, COLUMN_finding, findings);
	judgement->stale = column_origin(row, COLUMN_stale_source);
	judgement->stale_before = sqlite3_column_int(row, COLUMN_stale_before) != 0;
	judgement->missed = column_u32(row, COLUMN_missed);
}

static void read_expected(sqlite3_stmt *row, struct judgement *judgement)
{
	struct fact_side *expected = &judgement->expected;
	expected->state = (enum item_state)sqlite3_column_int(row, COLUMN_expected_state);
	expected->flags = column_u32(row, COLUMN_expected_flags);
	expected->item[0] = column_word(row, COLUMN_expected_item, 0);
	/* Where images are told apart by their rows alone, the row's digest is all there is. */
	bool by_item = sqlite3_column_bytes(row, COLUMN_expected_item) == 16;
	expected->item[1] = by_item ? column_word(row, COLUMN_expected_item, 1) : 0;
	expected->row = column_word(row, COLUMN_expected_row, 0);
	expected->expires_s = EXPIRES_NONE;
	if (sqlite3_column_type(row, COLUMN_expected_expires) != SQLITE_NULL)
		expected->expires_s = sqlite3_column_int64(row, COLUMN_expected_expires);
	expected->dated_s = sqlite3_column_int64(row, COLUMN_expected_dated); /* NULL reads as DATED_NONE */
	judgement->ttl = (uint8_t)sqlite3_column_int(row, COLUMN_ttl);
	int decided_by = sqlite3_column_int(row, COLUMN_decided_by);
	judgement->decided_by = decided_by == 2 ? DECIDED_CHANGE : decided_by == 1 ? DECIDED_SNAPSHOT : DECIDED_NOTHING;
	judgement->decided_time_us = INT64_MIN;
	if (sqlite3_column_type(row, COLUMN_decided_time) != SQLITE_NULL)
		judgement->decided_time_us = sqlite3_column_int64(row, COLUMN_decided_time);
	judgement->decided = column_origin(row, COLUMN_decided_source);
}

static int read_missed(sqlite3_stmt *missed, int64_t key_id, struct judgement *judgement, struct error *error)
{
	sqlite3_bind_int64(missed, 1, key_id);
	sqlite3_bind_int(missed, 2, JUDGE_MISSED_MAX);
	int found = 0, code = SQLITE_ROW;
	while ((code = sqlite3_step(missed)) == SQLITE_ROW)
		judgement->missed_facts[found++] = column_origin(missed, 0);
	sqlite3_reset(missed);
	return code == SQLITE_DONE ? 0 : failed(sqlite3_db_handle(missed), "read what the lake missed", error);
}

static int read_judgement(sqlite3_stmt *row, sqlite3_stmt *missed, struct judgement *judgement, struct error *error)
{
	memset(judgement, 0, sizeof *judgement);
	judgement->key.data = sqlite3_column_blob(row, COLUMN_key);
	judgement->key.size = (size_t)sqlite3_column_bytes(row, COLUMN_key);
	judgement->key_hash = (uint64_t)sqlite3_column_int64(row, COLUMN_key_hash);
	read_expected(row, judgement);
	judgement->unproven = column_u32(row, COLUMN_unproven);
	judgement->changes = column_u32(row, COLUMN_changes);
	judgement->duplicates = column_u32(row, COLUMN_duplicates);
	judgement->conflicts = column_u32(row, COLUMN_conflicts);
	judgement->chain_breaks = column_u32(row, COLUMN_chain_breaks);
	judgement->overlap = sqlite3_column_int(row, COLUMN_overlap) != 0;
	judgement->capture_lost = sqlite3_column_int(row, COLUMN_capture_lost) != 0;
	judgement->broken = column_origin(row, COLUMN_broken_source);
	read_lake(row, judgement);
	if (judgement->missed == 0)
		return 0;
	return read_missed(missed, sqlite3_column_int64(row, COLUMN_key_id), judgement, error);
}

static int visit_judgements(struct reference *reference,
			    int (*visit)(void *context, const struct judgement *judgement, struct error *error),
			    void *context, struct error *error)
{
	sqlite3_stmt *row = reference->judgements;
	int code = 0, step = SQLITE_DONE;
	while (code == 0 && (step = sqlite3_step(row)) == SQLITE_ROW) {
		struct judgement judgement;
		code = read_judgement(row, reference->missed, &judgement, error);
		if (code == 0)
			code = visit(context, &judgement, error);
	}
	if (code == 0 && step != SQLITE_DONE)
		code = failed(reference->database, "read its judgements", error);
	sqlite3_reset(row);
	return code;
}

/* ---- running it */

static int perform_all(sqlite3_stmt *const *statements, uint32_t count, const char *doing, struct error *error)
{
	int code = 0;
	for (uint32_t i = 0; i < count && code == 0; i++)
		code = perform(statements[i], doing, error);
	return code;
}

int reference_run(struct reference *reference, const struct scope *scope, const uint32_t *source_groups,
		  uint32_t source_count, const struct reference_facts *facts,
		  int (*visit)(void *context, const struct judgement *judgement, struct error *error), void *context,
		  struct error *error)
{
	int code = execute(reference->database, "BEGIN", "begin", error);
	if (code == 0)
		code = perform_all(reference->empties, reference->empty_count, "empty its tables", error);
	if (code == 0)
		code = fill_scope(reference, scope, error);
	if (code == 0)
		code = fill_sources(reference, source_groups, source_count, error);
	if (code == 0)
		code = fill_facts(reference, scope, facts, error);
	if (code == 0)
		code = perform_all(reference->rules, reference->rule_count, "run docs/semantics.sql", error);
	if (code == 0)
		code = visit_judgements(reference, visit, context, error);
	if (code == 0)
		return execute(reference->database, "COMMIT", "commit", error);
	sqlite3_exec(reference->database, "ROLLBACK", NULL, NULL, NULL);
	return code;
}
