/* What sources hold besides facts: problems, attributes, windows. */
#include "reconcile/state/state_internal.h"

/* Steps `sql`, bound to each source in turn; `row` gets each result. A nonzero return of it ends all. */
static int each_row(struct state *state, const char *sql, const uint32_t *sources, uint64_t count,
		    int (*row)(void *context, sqlite3_stmt *statement, uint32_t source), void *context,
		    struct error *error)
{
	sqlite3_stmt *statement;
	pthread_mutex_lock(&state->mutex);
	int code = state_prepare(state, sql, &statement, error);
	pthread_mutex_unlock(&state->mutex);
	for (uint64_t i = 0; i < count && code == 0; i++) {
		int step;
		sqlite3_bind_int64(statement, 1, sources[i]);
		while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
			code = row(context, statement, sources[i]);
			if (code != 0)
				break;
		}
		if (code == 0 && step != SQLITE_DONE)
			code = state_error(state, state->database, error);
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	return code;
}

struct problem_call {
	int (*each)(void *context, const struct state_problem *problem);
	void *context;
};

static int problem_row(void *context, sqlite3_stmt *statement, uint32_t source)
{
	const struct problem_call *call = context;
	struct state_problem problem = {
		.source = source,
		.id = (const char *)sqlite3_column_text(statement, 0),
		.path = (const char *)sqlite3_column_text(statement, 1),
		.has_position = sqlite3_column_type(statement, 2) != SQLITE_NULL,
		.record = (uint64_t)sqlite3_column_int64(statement, 2),
		.offset = (uint64_t)sqlite3_column_int64(statement, 3),
		.has_key = sqlite3_column_type(statement, 4) != SQLITE_NULL,
		.message = (const char *)sqlite3_column_text(statement, 5),
	};
	if (problem.has_key)
		problem.key = (struct slice){sqlite3_column_blob(statement, 4),
					     (size_t)sqlite3_column_bytes(statement, 4)};
	return call->each(call->context, &problem);
}

int state_problems(struct state *state, const uint32_t *sources, uint64_t count,
		   int (*each)(void *context, const struct state_problem *problem), void *context, struct error *error)
{
	struct problem_call call = {each, context};
	return each_row(state,
			"SELECT finding, path, record, \"offset\", key, message FROM source_problem WHERE source = ?"
			" ORDER BY number",
			sources, count, problem_row, &call, error);
}

struct attribute_call {
	int (*each)(void *context, const char *name, uint64_t images);
	void *context;
};

static int attribute_row(void *context, sqlite3_stmt *statement, uint32_t source)
{
	const struct attribute_call *call = context;
	(void)source;
	return call->each(call->context, (const char *)sqlite3_column_text(statement, 0),
			  (uint64_t)sqlite3_column_int64(statement, 1));
}

int state_attributes(struct state *state, const uint32_t *sources, uint64_t count,
		     int (*each)(void *context, const char *name, uint64_t images), void *context, struct error *error)
{
	struct attribute_call call = {each, context};
	return each_row(state, "SELECT name, images FROM source_attribute WHERE source = ? ORDER BY name", sources,
			count, attribute_row, &call, error);
}

struct window_call {
	int (*each)(void *context, const struct state_domain_window *window);
	void *context;
};

static int window_row(void *context, sqlite3_stmt *statement, uint32_t source)
{
	const struct window_call *call = context;
	struct state_domain_window window = {
		.domain = (uint32_t)sqlite3_column_int64(statement, 0),
		.source = source,
		.records = (uint64_t)sqlite3_column_int64(statement, 1),
		.lo = sqlite3_column_int64(statement, 2),
		.hi = sqlite3_column_int64(statement, 3),
	};
	return call->each(call->context, &window);
}

int state_windows(struct state *state, const uint32_t *sources, uint64_t count,
		  int (*each)(void *context, const struct state_domain_window *window), void *context,
		  struct error *error)
{
	struct window_call call = {each, context};
	return each_row(state, "SELECT domain, records, lo, hi FROM source_window WHERE source = ? ORDER BY domain",
			sources, count, window_row, &call, error);
}
