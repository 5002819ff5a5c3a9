#include "scenarios/pipelines/embedded/planted.h"

#include "base/clock.h"
#include "base/decimal.h"

enum { LARGE_SIZE = 64 << 10 };

#define MINUTE_US (60 * CLOCK_SECOND_US)
#define FIVE_YEARS_S (INT64_C(5) * 365 * 86400)
#define MILLISECONDS_FROM INT64_C(100000000000)

bool planted_needs_rows(struct bug_set bugs)
{
	return bugs_has(bugs, BUG_ORPHAN_CHANGES_WAIT) || bugs_has(bugs, BUG_FIRST_WRITE_DUPLICATES) ||
	       bugs_has(bugs, BUG_DELETE_BEFORE_ROW_FORGOTTEN) || bugs_has(bugs, BUG_NULL_GUARD) ||
	       bugs_has(bugs, BUG_MODIFY_NEEDS_ROW) || bugs_has(bugs, BUG_NO_LOCK);
}

/* ---- time to live */

/* The TTL attribute as a number, and whether the service would obey its type. */
static bool ttl_value(const struct pipeline *pipeline, const struct json_token *tokens, uint32_t image, int64_t *value,
		      bool *is_number)
{
	struct decimal decimal;
	uint32_t token = json_member(tokens, image, pipeline->ttl_attribute);
	if (token == 0)
		return false;
	*is_number = tokens[token].type == JSON_NUMBER;
	if (tokens[token].type == JSON_OBJECT && tokens[token].count == 1) {
		*is_number = slice_is(json_text(&tokens[token + 1]), "N");
		token += 2;
	}
	return tokens[token].text != NULL && decimal_parse(json_text(&tokens[token]), &decimal) == DECIMAL_OK &&
	       decimal_to_i64(&decimal, value) && *value > 0 && *value < INT64_MAX / CLOCK_SECOND_US;
}

bool planted_expires(const struct pipeline *pipeline, const struct json_token *tokens, uint32_t image, int64_t now_us)
{
	int64_t value, now = now_us / CLOCK_SECOND_US;
	bool is_number;
	bool any_type = bugs_has(pipeline->bugs, BUG_TTL_OF_ANY_TYPE);
	if (!any_type && !bugs_has(pipeline->bugs, BUG_EXPIRED_MEANS_DELETED))
		return false;
	if (image == 0 || !ttl_value(pipeline, tokens, image, &value, &is_number))
		return false;
	bool is_plain = is_number && value < MILLISECONDS_FROM && value > now - FIVE_YEARS_S;
	if (!any_type)
		return is_plain && value <= now;
	return !is_plain && (value < MILLISECONDS_FROM ? value : value / 1000) <= now;
}

/* A REMOVE after the item's time, by nobody who says so. */
static bool is_unmarked_expiry(const struct pipeline *pipeline, const struct json_token *tokens,
			       const struct change *change)
{
	int64_t value;
	bool is_number;
	return change->remove && !change->by_ttl && change->old_image != 0 &&
	       ttl_value(pipeline, tokens, change->old_image, &value, &is_number) && is_number &&
	       value * CLOCK_SECOND_US <= change->stamp.time_us;
}

/* ---- altering */

void planted_alter(const struct pipeline *pipeline, const struct json_token *tokens, struct change *change)
{
	struct bug_set bugs = pipeline->bugs;
	struct stamp *stamp = &change->stamp;
	int64_t now_us = pipeline->now_us == 0 ? stamp->time_us : pipeline->now_us;
	if (bugs_has(bugs, BUG_INGEST_CLOCK)) {
		/* A clock does not go back, whatever is read by it. */
		int64_t last = pipeline->guard.clock_us;
		stamp->time_us = pipeline->now_us == 0 ? clock_now_us() : now_us > last ? now_us : last;
		stamp->digits = 0;
	}
	if (bugs_has(bugs, BUG_SECONDS_AS_MILLISECONDS) && stamp->precision_us == CLOCK_SECOND_US)
		stamp->time_us /= 1000;
	if (bugs_has(bugs, BUG_TIME_CAST_TO_NULL))
		stamp->time_us = 0;
	if (bugs_has(bugs, BUG_TTL_AS_USER_DELETE))
		change->by_ttl = false;
	if (!change->remove && planted_expires(pipeline, tokens, change->new_image, now_us))
		change->remove = true;
}

/* ---- losing */

static bool loses_kind(struct bug_set bugs, const struct change *change)
{
	bool modify = !change->insert && !change->remove;
	if (bugs_has(bugs, BUG_WRITES_NOTHING))
		return true;
	if (change->remove && (bugs_has(bugs, BUG_DROPS_REMOVE) || bugs_has(bugs, BUG_KEYS_FROM_NEW_IMAGE)))
		return true;
	if (change->by_ttl && bugs_has(bugs, BUG_TTL_IGNORED))
		return true;
	if (bugs_has(bugs, BUG_KEYS_ONLY_DROPPED) && change->new_image == 0 && change->old_image == 0)
		return true;
	return modify && bugs_has(bugs, BUG_INSERTS_ONLY);
}

static bool loses_time(const struct pipeline *pipeline, const struct change *change)
{
	const struct guard *guard = &pipeline->guard;
	struct bug_set bugs = pipeline->bugs;
	int64_t time = change->stamp.time_us;
	if (bugs_has(bugs, BUG_RETENTION_SKIPS) && pipeline->now_us - time > 10 * MINUTE_US)
		return true;
	if (bugs_has(bugs, BUG_CAPTURE_STARTS_LATE) && guard->export_time_us != INT64_MIN &&
	    time < guard->export_time_us + 5 * MINUTE_US)
		return true;
	if (bugs_has(bugs, BUG_STRICT_CURSOR) && time <= guard->newest_us)
		return true;
	if (bugs_has(bugs, BUG_OVERLAP_TOO_SHORT) && guard->newest_us != INT64_MIN &&
	    time < guard->newest_us - 2 * CLOCK_SECOND_US)
		return true;
	return bugs_has(bugs, BUG_CURSOR_IS_NOW) && time <= guard->clock_us;
}

static bool loses_item(const struct pipeline *pipeline, const struct planted_view *view, const struct change *change)
{
	const struct lake *lake = &pipeline->lake;
	struct bug_set bugs = pipeline->bugs;
	const char *last = lake->columns[lake->column_count - 1].path[0];
	if (bugs_has(bugs, BUG_SPARSE_INDEX) && !change->remove &&
	    json_member(view->tokens, change->new_image, last) == 0)
		return true;
	if (bugs_has(bugs, BUG_PARTITION_FORGOTTEN)) {
		/* The key begins with the size of its partition key, in two bytes. */
		size_t size = (size_t)(uint8_t)view->key.data[0] << 8 | (uint8_t)view->key.data[1];
		uint8_t ending = (uint8_t)view->key.data[size + 1];
		if (ending % 4 == 1)
			return true;
	}
	if (bugs_has(bugs, BUG_LARGE_ITEMS_SKIPPED) && view->size > LARGE_SIZE)
		return true;
	return bugs_has(bugs, BUG_UNMARKED_EXPIRY_IGNORED) && is_unmarked_expiry(pipeline, view->tokens, change);
}

static bool loses_row(const struct pipeline *pipeline, const struct planted_view *view, const struct change *change)
{
	struct bug_set bugs = pipeline->bugs;
	bool known = guard_find(&pipeline->guard, view->key) != NULL || view->seen_in_batch;
	if (bugs_has(bugs, BUG_ORPHAN_CHANGES_WAIT) && !change->insert && !view->row_is_there && !known)
		return true;
	if (bugs_has(bugs, BUG_NULL_GUARD) && view->row_is_there && !known)
		return true;
	return bugs_has(bugs, BUG_MODIFY_NEEDS_ROW) && !change->insert && !change->remove && !view->row_is_there;
}

bool planted_loses(const struct pipeline *pipeline, const struct planted_view *view, const struct change *change)
{
	return loses_kind(pipeline->bugs, change) || loses_time(pipeline, change) ||
	       loses_item(pipeline, view, change) || loses_row(pipeline, view, change);
}

bool planted_raises(const struct json_token *tokens, uint32_t root)
{
	static const char *const tags[] = {"SS", "NS", "BS", "B"};
	for (uint32_t i = root; i < tokens[root].next; i++)
		if (tokens[i].type == JSON_OBJECT && tokens[i].count == 1)
			for (size_t tag = 0; tag < sizeof(tags) / sizeof(tags[0]); tag++)
				if (slice_is(json_text(&tokens[i + 1]), tags[tag]))
					return true;
	return false;
}

bool planted_ignores_file(const struct pipeline *pipeline, const char *name)
{
	return bugs_has(pipeline->bugs, BUG_ERROR_PREFIX_IGNORED) && strncmp(name, "errors/", 7) == 0;
}
