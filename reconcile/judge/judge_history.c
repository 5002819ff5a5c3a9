#include "reconcile/judge/judge_history.h"

#include <stdlib.h>

#include "reconcile/judge/judge_internal.h"

/* What lies this near to the edges of a window may be of a second that was captured in part. */
enum { EDGE_US = 1000000 };
/* Changes of one key within one tick, beyond which they are not told apart. */
enum { TICK_MAX = 4096 };

static const struct fact_side unknown = {.state = STATE_UNKNOWN, .expires_s = EXPIRES_NONE};

/* ---- what is told of a key */

void judge_history_begin(struct judge_history *history)
{
	history->row_count = history->version_count = history->reading_count = 0;
	history->exceeded = false;
}

void judge_history_release(struct judge_history *history)
{
	free(history->rows);
	free(history->versions);
	free(history->readings);
	*history = (struct judge_history){0};
}

/* Room for one more; NULL, and the list as it was, when there is none. */
static void *grown(void *list, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return list;
	if (count >= HISTORY_MAX)
		return NULL;
	uint32_t more = *room == 0 ? 16 : *room * 2;
	void *larger = reallocarray(list, more, size);
	if (larger != NULL)
		*room = more;
	return larger;
}

void judge_history_add_row(struct judge_history *history, const struct history_row *row)
{
	struct history_row *rows = grown(history->rows, history->row_count, &history->row_room, sizeof *rows);
	history->exceeded = history->exceeded || rows == NULL;
	if (rows == NULL)
		return;
	history->rows = rows;
	rows[history->row_count++] = *row;
}

void judge_history_add_version(struct judge_history *history, const struct history_version *version)
{
	struct history_version *versions = grown(history->versions, history->version_count, &history->version_room,
						 sizeof *versions);
	history->exceeded = history->exceeded || versions == NULL;
	if (versions == NULL)
		return;
	history->versions = versions;
	versions[history->version_count++] = *version;
}

void judge_history_add_reading(struct judge_history *history, const struct history_reading *reading)
{
	struct history_reading *readings = grown(history->readings, history->reading_count, &history->reading_room,
						 sizeof *readings);
	history->exceeded = history->exceeded || readings == NULL;
	if (readings == NULL)
		return;
	history->readings = readings;
	readings[history->reading_count++] = *reading;
}

/* ---- the rows by themselves */

static int order_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int rows_order(const void *left, const void *right)
{
	const struct history_row *a = left, *b = right;
	int order = order_i64(a->from, b->from);
	if (order == 0)
		order = order_i64(a->to, b->to);
	if (order == 0)
		order = (a->row > b->row) - (a->row < b->row);
	if (order == 0)
		order = (a->origin.source > b->origin.source) - (a->origin.source < b->origin.source);
	return order != 0 ? order : (a->origin.record > b->origin.record) - (a->origin.record < b->origin.record);
}

struct history_verdict judge_history_check_rows(struct judge_history *history)
{
	const struct history_row *rows = history->rows, *current = NULL;
	if (history->row_count > 1)
		qsort(history->rows, history->row_count, sizeof *history->rows, rows_order);
	for (uint32_t i = 0; i < history->row_count; i++) {
		bool holds = rows[i].to == INT64_MAX;
		if (rows[i].current != holds || (holds && current != NULL))
			return (struct history_verdict){.finding = HISTORY_CURRENT, .row = &rows[i]};
		current = holds ? &rows[i] : current;
	}
	for (uint32_t i = 0; i < history->row_count; i++)
		if (rows[i].from > rows[i].to || (i > 0 && rows[i - 1].to > rows[i].from))
			return (struct history_verdict){.finding = HISTORY_OVERLAP, .row = &rows[i]};
	return (struct history_verdict){.finding = ROW_NONE};
}

/* ---- the versions by themselves */

static int versions_order(const void *left, const void *right)
{
	const struct history_version *a = left, *b = right;
	int order = order_i64(a->lo, b->lo);
	return order != 0 ? order : (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

/* Whether the second is known to have come after the first. */
static bool follows(const struct history_version *first, const struct history_version *second)
{
	if (first->domain == second->domain && first->sequenced && second->sequenced)
		return first->ordinal < second->ordinal;
	return first->hi <= second->lo;
}

/* Whether the versions stand in the order in which they were, each following from the one before. Of those that one
 * overlaps, all must be looked at. */
static bool in_order(const struct history_version *versions, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct history_version *version = &versions[i];
		if (version->doubtful || (version->after.state != STATE_ABSENT && version->after.state != STATE_IMAGE))
			return false;
		for (uint32_t j = i; j-- > 0 && (j + 1 == i || versions[j].hi > version->lo);)
			if (i - j > TICK_MAX || !follows(&versions[j], version))
				return false;
		if (i > 0 && !judge_compatible(&versions[i - 1].after, &version->before))
			return false;
	}
	return true;
}

/* Whether the item was, at some time of the reading, what that says: before the first version it was `prior`. */
static bool was_read(const struct history_version *versions, uint32_t count, const struct fact_side *prior,
		     const struct history_reading *reading)
{
	for (uint32_t i = 0; i <= count; i++) {
		const struct fact_side *side = i == 0 ? prior : &versions[i - 1].after;
		bool before = i < count && versions[i].hi <= reading->lo;
		if (i > 0 && versions[i - 1].lo >= reading->hi)
			return false;
		if (!before && judge_compatible(side, &reading->side))
			return true;
	}
	return false;
}

/* What was read while all was captured, and no version was, is of a change whose record is lost. */
static bool readings_fit(const struct judge_history *history, const struct history_version *versions, uint32_t count,
			 const struct scope_window *captured, const struct fact_side *last)
{
	const struct fact_side *prior = count > 0 ? &versions[0].before : last;
	for (uint32_t i = 0; i < history->reading_count; i++) {
		const struct history_reading *reading = &history->readings[i];
		bool within = captured->lo <= reading->lo && reading->hi <= captured->hi;
		if (within && !was_read(versions, count, prior, reading))
			return false;
	}
	return true;
}

/* ---- rows and versions together */

struct timeline {
	struct history_row *rows; /* that hold after `begin` */
	uint32_t row_count;
	struct history_version *versions; /* since `begin` */
	uint32_t count;
	struct history_version prior; /* what held when it begins */
	int64_t begin;
	int64_t covered_lo, covered_hi; /* whatever changed between is known */
	bool some;                      /* not each version has a row */
	bool proven;
};

static bool same_image(const struct fact_side *a, const struct fact_side *b)
{
	return a->state == STATE_IMAGE && b->state == STATE_IMAGE && a->row == b->row;
}

static bool holds_image(const struct history_row *row, const struct fact_side *side)
{
	return side->state == STATE_IMAGE && side->flags == 0 && side->row == row->row;
}

/* Within the clock of its change the next one came: it may have held no time at all. */
static bool is_fleeting(const struct timeline *timeline, uint32_t i)
{
	return i + 1 < timeline->count && timeline->versions[i + 1].lo < timeline->versions[i].hi;
}

/* Whether a version may be without a row of its own because of what comes after it. */
static bool may_be_passed(const struct timeline *timeline, uint32_t i)
{
	return is_fleeting(timeline, i) || (timeline->some && i + 1 < timeline->count);
}

/* The last row that begins before a time. */
static uint32_t rows_before(const struct timeline *timeline, int64_t time)
{
	uint32_t low = 0, high = timeline->row_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (timeline->rows[middle].from < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The last row of the version that no later one has; `whole`: one that does not end before the next change. */
static void match_version(struct timeline *timeline, uint32_t i, bool whole)
{
	struct history_version *version = &timeline->versions[i];
	int64_t until = i + 1 < timeline->count ? timeline->versions[i + 1].lo : version->lo;
	for (uint32_t r = rows_before(timeline, version->hi); r-- > 0 && !version->matched;) {
		struct history_row *row = &timeline->rows[r];
		if (row->from < version->lo)
			break;
		if (row->matched || row->from < timeline->begin || !holds_image(row, &version->after) ||
		    (whole && row->to < until))
			continue;
		row->matched = version->matched = true;
		row->next = i + 1;
	}
}

/* From the last to the first: where several versions have one image in one tick, the last is the one that must have a
 * row. */
static void match(struct timeline *timeline)
{
	for (uint32_t i = timeline->count; i-- > 0;) {
		timeline->versions[i].matched = false;
		match_version(timeline, i, true);
	}
	for (uint32_t i = timeline->count; i-- > 0;)
		match_version(timeline, i, false);
	struct history_version *prior = &timeline->prior;
	uint32_t before = rows_before(timeline, timeline->begin);
	for (uint32_t r = 0; r < before; r++) {
		struct history_row *row = &timeline->rows[r];
		bool any = prior->after.state == STATE_UNKNOWN || prior->after.state == STATE_PRESENT;
		if (prior->matched || (!any && !holds_image(row, &prior->after)))
			continue;
		row->matched = prior->matched = true;
		row->next = 0;
	}
}

static bool holds_on(const struct timeline *timeline, uint32_t i, const struct history_row *row)
{
	const struct history_version *version = &timeline->versions[i];
	return !version->matched && (holds_image(row, &version->after) || may_be_passed(timeline, i));
}

/* Which version ends the row of one that comes before `next`: its index, count when none does yet. False when it ends
 * at another time than the item changed at, or goes on though it did. */
static bool find_end(struct timeline *timeline, const struct history_row *row, uint32_t next, uint32_t *end)
{
	/* What changed in the window's first second may not have been captured. */
	bool edge = row->to < timeline->covered_lo;
	bool open = row->to == INT64_MAX || row->to >= timeline->covered_hi;
	for (*end = next; *end < timeline->count; ++*end) {
		const struct history_version *version = &timeline->versions[*end];
		bool within = version->lo <= row->to && row->to < version->hi;
		if (within &&
		    (version->matched || version->after.state == STATE_ABSENT || may_be_passed(timeline, *end)))
			return true;
		if (!holds_on(timeline, *end, row))
			break;
	}
	bool fits = edge || (open && *end == timeline->count);
	if (fits && row->to != INT64_MAX)
		timeline->proven = false;
	return fits;
}

/* ---- what does not fit */

static bool is_covered(const struct timeline *timeline, int64_t time)
{
	return timeline->covered_lo <= time && time < timeline->covered_hi;
}

/* How many versions began at the time or before. */
static uint32_t versions_to(const struct timeline *timeline, int64_t time)
{
	uint32_t low = 0, high = timeline->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (timeline->versions[middle].lo <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The version of the row's begin that has no row; NULL: all that were then have one. */
static const struct history_version *begun_by(const struct timeline *timeline, int64_t from)
{
	for (uint32_t i = versions_to(timeline, from); i-- > 0 && from < timeline->versions[i].hi;) {
		const struct history_version *version = &timeline->versions[i];
		if (!version->matched && version->after.state == STATE_IMAGE)
			return version;
	}
	return NULL;
}

/* A row of which no change tells. */
static struct history_verdict judge_stray(struct timeline *timeline, const struct history_row *row)
{
	const struct history_version *prior = &timeline->prior;
	struct history_verdict verdict = {.finding = ROW_NONE, .row = row};
	if (row->from < timeline->begin) {
		verdict.finding = prior->after.state == STATE_ABSENT ? HISTORY_PHANTOM : HISTORY_DIFFERS;
		verdict.version = prior->after.state == STATE_ABSENT ? NULL : prior;
		return verdict;
	}
	/* The first load of an item gives a begin that is none of its own. What `since` is for cannot be told without.
	 */
	bool any = prior->after.state == STATE_UNKNOWN || prior->after.state == STATE_PRESENT;
	bool loaded = !prior->matched && !timeline->proven && (any || holds_image(row, &prior->after)) &&
		      (timeline->count == 0 || row->from <= timeline->versions[0].lo);
	if (loaded || !is_covered(timeline, row->from)) {
		timeline->proven = false;
		return verdict;
	}
	verdict.version = begun_by(timeline, row->from);
	verdict.finding = verdict.version != NULL ? HISTORY_DIFFERS : HISTORY_PHANTOM;
	return verdict;
}

/* Whether a version without a row of its own is told by the row of one before it that has its image, and still held. */
static struct history_verdict judge_versions(const struct timeline *timeline, const bool *told)
{
	for (uint32_t i = 0; i < timeline->count; i++) {
		const struct history_version *version = &timeline->versions[i];
		if (version->matched || version->after.state != STATE_IMAGE || told[i] || may_be_passed(timeline, i))
			continue;
		return (struct history_verdict){.finding = HISTORY_MISSING, .version = version};
	}
	return (struct history_verdict){.finding = ROW_NONE};
}

/* By the version `next` or a later one. */
static bool ends_in_delete(const struct timeline *timeline, uint32_t next, int64_t to)
{
	for (uint32_t i = versions_to(timeline, to); i-- > next && to < timeline->versions[i].hi;)
		if (timeline->versions[i].after.state == STATE_ABSENT)
			return true;
	return false;
}

/* Rows follow one on another but where the item was away. */
static bool is_followed(const struct timeline *timeline, uint32_t r)
{
	int64_t to = timeline->rows[r].to;
	if (to == INT64_MAX || to >= timeline->covered_hi || to < timeline->covered_lo ||
	    ends_in_delete(timeline, timeline->rows[r].next, to))
		return true;
	return r + 1 < timeline->row_count && timeline->rows[r + 1].from == to;
}

/* A row that does not end as it should. Where the item became something that has no row, that is what is missing. */
static struct history_verdict judge_bad_end(const struct timeline *timeline, const struct history_row *row,
					    uint32_t end)
{
	const struct history_version *version = end < timeline->count ? &timeline->versions[end] : NULL;
	bool missing = version != NULL && version->after.state == STATE_IMAGE && !version->matched &&
		       !holds_image(row, &version->after);
	return (struct history_verdict){.finding = missing ? HISTORY_MISSING : HISTORY_END,
					.row = missing ? NULL : row,
					.version = version};
}

/* What held when what is asked for begins may have ended right then. */
static bool prior_may_be_passed(const struct timeline *timeline)
{
	return timeline->count > 0 && (timeline->some || timeline->versions[0].lo <= timeline->begin);
}

static struct history_verdict judge_timeline(struct timeline *timeline, bool *told)
{
	for (uint32_t r = 0; r < timeline->row_count; r++) {
		if (timeline->rows[r].matched)
			continue;
		struct history_verdict verdict = judge_stray(timeline, &timeline->rows[r]);
		if (verdict.finding != ROW_NONE)
			return verdict;
	}
	for (uint32_t r = 0; r < timeline->row_count; r++) {
		const struct history_row *row = &timeline->rows[r];
		uint32_t end = 0, next = row->next;
		if (!row->matched)
			continue;
		if (!find_end(timeline, row, next, &end) || !is_followed(timeline, r))
			return judge_bad_end(timeline, row, end);
		for (uint32_t i = next; i < end; i++)
			told[i] = told[i] || holds_image(row, &timeline->versions[i].after);
	}
	if (!timeline->prior.matched && timeline->prior.after.state == STATE_IMAGE && timeline->proven &&
	    !prior_may_be_passed(timeline))
		return (struct history_verdict){.finding = HISTORY_MISSING, .version = &timeline->prior};
	return judge_versions(timeline, told);
}

/* What held when what is asked for begins: what the last change before left, or the first one after found, or, when
 * nothing changed since, what is there now. */
static void find_prior(struct timeline *timeline, const struct history_version *versions, uint32_t first,
		       uint32_t count, const struct fact_side *last)
{
	timeline->prior = (struct history_version){.lo = INT64_MIN, .hi = timeline->begin, .after = *last};
	if (first > 0)
		timeline->prior = versions[first - 1];
	else if (first < count)
		timeline->prior.after = versions[0].before;
	timeline->prior.matched = false;
	if (first == 0 && first < count)
		timeline->prior.origin = versions[0].origin;
}

/* The part of both that is asked for and was captured. False: none of it, or in an order that cannot be told. */
static bool make_timeline(struct judge_history *history, const struct scope *scope, const struct fact_side *last,
			  struct timeline *timeline)
{
	const struct scope_window *captured = &scope->captured;
	struct history_version *versions = history->versions;
	uint32_t count = history->version_count, first = 0;
	if (history->exceeded || captured->lo > captured->hi || captured->filtered)
		return false;
	/* What changed in the window's first second may not have been captured. */
	bool stated = scope->history->has_since && scope->history->since_us >= captured->lo + EDGE_US;
	*timeline = (struct timeline){.begin = stated ? scope->history->since_us : captured->lo,
				      .covered_lo = captured->lo + EDGE_US,
				      .covered_hi = captured->hi - EDGE_US,
				      .some = scope->history->keep == KEEP_SOME};
	if (count > 1)
		qsort(versions, count, sizeof *versions, versions_order);
	while (count > 0 && versions[0].hi <= captured->lo) {
		versions++;
		count--;
	}
	/* One without a time may be of any. */
	if ((count > 0 && versions[0].lo < captured->lo) || !in_order(versions, count) ||
	    !readings_fit(history, versions, count, captured, last))
		return false;
	/* What is asked for begins within no change. */
	for (; first < count && versions[first].lo < timeline->begin; first++)
		if (versions[first].hi > timeline->begin)
			timeline->begin = versions[first].hi;
	find_prior(timeline, versions, first, count, last);
	timeline->versions = versions + first;
	timeline->count = count - first;
	bool whole = timeline->prior.after.state == STATE_ABSENT;
	for (uint32_t r = 0; r < history->row_count; r++) {
		history->rows[r].matched = false;
		whole = whole && history->rows[r].from >= timeline->begin;
	}
	/* Zero-length rows of the time it begins at belong to what was before. */
	timeline->rows = history->rows;
	timeline->row_count = history->row_count;
	while (timeline->row_count > 0 && timeline->rows[0].to <= timeline->begin &&
	       timeline->rows[0].from < timeline->begin) {
		timeline->rows++;
		timeline->row_count--;
	}
	bool told = timeline->prior.after.state == STATE_ABSENT || timeline->prior.after.state == STATE_IMAGE;
	timeline->proven = stated ? told : whole;
	return true;
}

/* Where one image came twice within a tick, and versions may be left out besides, a row may be of either. */
static bool is_ambiguous(const struct timeline *timeline)
{
	for (uint32_t i = 0; timeline->some && i < timeline->count; i++)
		for (uint32_t j = i + 1; j < timeline->count && timeline->versions[j].lo < timeline->versions[i].hi;
		     j++)
			if (same_image(&timeline->versions[i].after, &timeline->versions[j].after))
				return true;
	return false;
}

struct history_verdict judge_history_check_versions(struct judge_history *history, const struct scope *scope,
						    const struct fact_side *last)
{
	struct timeline timeline;
	struct history_verdict verdict = {.finding = ROW_NONE};
	if (!make_timeline(history, scope, last != NULL ? last : &unknown, &timeline)) {
		verdict.proven = history->row_count == 0 && history->version_count == 0;
		return verdict;
	}
	bool *told = calloc((size_t)timeline.count + 1, sizeof *told);
	if (told == NULL)
		return verdict;
	match(&timeline);
	verdict = judge_timeline(&timeline, told);
	free(told);
	verdict.proven = timeline.proven;
	if (verdict.finding != ROW_NONE && is_ambiguous(&timeline))
		return (struct history_verdict){.finding = ROW_NONE};
	/* What lies in the timeline is gone with it. */
	if (verdict.version == &timeline.prior)
		verdict.version = NULL;
	return verdict;
}
