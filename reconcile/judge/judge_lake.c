/* What the lake must hold for a key, and how it does (docs/semantics.md, "What the lake must hold" and "Judging a
 * key"). */
#include "reconcile/judge/judge_internal.h"

enum { MICROSECONDS = 1000000 };

static const struct fact_side absent = {.state = STATE_ABSENT, .expires_s = EXPIRES_NONE};

static int64_t floor_seconds(int64_t time_us)
{
	int64_t seconds = time_us / MICROSECONDS;
	return time_us % MICROSECONDS < 0 ? seconds - 1 : seconds;
}

bool judge_expired(int64_t expires_s, int64_t time_us)
{
	return expires_s != EXPIRES_NONE && expires_s <= floor_seconds(time_us);
}

/* An image that does not fit its columns equals no row. */
static bool has_row(const struct fact_side *side)
{
	return side->state == STATE_IMAGE && (side->flags & (IMAGE_LOSSY | IMAGE_MISTYPED)) == 0;
}

bool judge_image_matches(const struct judge *judge, const struct fact_side *side)
{
	return judge->lake_live && has_row(side) && side->row == judge->judgement.lake_row;
}

enum judge_age judge_age(const struct judge *judge, int64_t dated_s)
{
	const struct scope *scope = judge->scope;
	if (!scope->retains || dated_s == DATED_NONE || dated_s >= scope->retain_in_s)
		return AGE_IN;
	return dated_s < scope->retain_out_s ? AGE_OUT : AGE_EDGE;
}

/* Whether neither such an image nor what the lake has of it is in scope. */
static bool image_asks_nothing(const struct judge *judge, const struct fact_side *side)
{
	enum judge_age age = side->state == STATE_IMAGE ? judge_age(judge, side->dated_s) : AGE_IN;
	return (age == AGE_OUT && judge->lake_age < AGE_IN) || (age == AGE_EDGE && judge->lake_age < AGE_EDGE);
}

/* Rows, and none in scope. */
static bool lake_is_out(const struct judge *judge)
{
	return judge->lake_age == AGE_OUT || judge->lake_age == AGE_EDGE;
}

static bool asks_nothing(const struct judge *judge, const struct fact_side *after, uint8_t ttl,
			 const struct fact_side *before)
{
	if (after->state != STATE_ABSENT)
		return image_asks_nothing(judge, after);
	return lake_is_out(judge) || (judge->scope->ttl == TTL_POLICY_KEEP && ttl == TTL_YES &&
				      image_asks_nothing(judge, before));
}

bool judge_image_allows(const struct judge *judge, const struct fact_side *side)
{
	return image_asks_nothing(judge, side) || judge_image_matches(judge, side);
}

uint8_t judge_weigh_ttl(const struct judge *judge, uint8_t ttl, int64_t time_us)
{
	if (ttl != TTL_UNKNOWN)
		return ttl;
	return judge_expired(judge->last_image.expires_s, time_us) ? TTL_UNKNOWN : TTL_NO;
}

static bool no_live_row(const struct judge *judge)
{
	return judge->judgement.lake_rows == judge->judgement.lake_rows_deleted;
}

static enum judge_answer answer(bool yes)
{
	return yes ? ANSWER_YES : ANSWER_NO;
}

/* Any live row will do, and none is right for sure; nor can be told whether what is not known is in scope. */
static enum judge_answer any_live(const struct judge *judge)
{
	bool may_be_out = judge->scope->retains && judge->lake_age < AGE_IN;
	return judge->lake_live || may_be_out ? ANSWER_UNKNOWN : ANSWER_NO;
}

static enum judge_answer allows_absent(const struct judge *judge, uint8_t ttl, const struct fact_side *before)
{
	bool keep = judge->scope->ttl == TTL_POLICY_KEEP && ttl != TTL_NO;
	if (asks_nothing(judge, &absent, ttl, before))
		return ANSWER_YES;
	if (!keep || (ttl == TTL_UNKNOWN && no_live_row(judge)))
		return answer(no_live_row(judge));
	if (before->state == STATE_IMAGE)
		return answer(judge_image_allows(judge, before));
	if (ttl == TTL_UNKNOWN && judge_image_matches(judge, &judge->last_image))
		return ANSWER_YES;
	return any_live(judge);
}

enum judge_answer judge_allows(const struct judge *judge, const struct fact_side *after, uint8_t ttl,
			       const struct fact_side *before)
{
	switch (after->state) {
	case STATE_UNKNOWN:
		return ANSWER_YES;
	case STATE_ABSENT:
		return allows_absent(judge, ttl, before);
	case STATE_PRESENT:
		return any_live(judge);
	default:
		return answer(judge_image_allows(judge, after));
	}
}

enum judge_answer judge_members_allow(const struct judge *judge, const struct judge_members *members, uint8_t ttl,
				      const struct fact_side *before)
{
	enum judge_answer best = answer(members->unknown || members->image_matches);
	if (members->present)
		judge_best_answer(&best, any_live(judge));
	if (members->absent)
		judge_best_answer(&best, allows_absent(judge, ttl, before));
	return best;
}

/* ---- what is expected */

static void expect(struct judge *judge)
{
	struct judgement *judgement = &judge->judgement;
	const struct fact_side *image = &judgement->expected;
	bool keep = judge->scope->ttl == TTL_POLICY_KEEP;
	switch (judgement->expected.state) {
	case STATE_UNKNOWN:
		judgement->lake_expected = LAKE_ANY;
		break;
	case STATE_ABSENT:
		judgement->lake_expected = LAKE_NONE;
		if (keep && judgement->ttl == TTL_YES) {
			judgement->lake_expected = LAKE_ROW;
			image = &judge->deleted_image;
		} else if (keep && judgement->ttl == TTL_UNKNOWN) {
			judgement->lake_expected = LAKE_ANY;
		}
		break;
	default:
		judgement->lake_expected = LAKE_ROW;
	}
	bool nothing = asks_nothing(judge, &judgement->expected, judgement->ttl, &judge->deleted_image);
	if (nothing)
		judgement->lake_expected = LAKE_ANY;
	if (!has_row(image) || nothing)
		return;
	for (uint32_t i = 0; i < judge->lake_digest_count; i++)
		if (judge->lake_digests[i] == image->row)
			judgement->lake_rows_equal = judge->lake_counts[i];
}

/* Whether nothing can be said against any row. */
static bool unbounded(const struct judge *judge)
{
	const uint32_t reasons = UNPROVEN_STATE | UNPROVEN_HOLE | UNPROVEN_DAMAGED | UNPROVEN_COLLISION;
	return (judge->judgement.unproven & reasons) != 0 || judge->domains_exceeded || judge->knot_exceeded ||
	       judge->went_back;
}

/* What the states other than the expected one that are possible make of the lake. */
static enum judge_answer possible(const struct judge *judge)
{
	const struct judge_step *winner = judge->winner;
	const struct judge_item *item = judge->snapshot_item;
	enum judge_answer best = judge->other_answer;
	if (judge->snapshot_possible)
		judge_best_answer(&best, judge_allows(judge, &judge->snapshot,
						      judge_weigh_ttl(judge, TTL_UNKNOWN, judge->snapshot_hi),
						      &judge->snapshot));
	if (winner != NULL && winner->end.conflict)
		judge_best_answer(&best, judge_members_allow(judge, &winner->end.members,
							     judge_part_ttl(judge, &winner->end, winner->time_hi),
							     judge_last_image(&winner->end)));
	if (winner == NULL && item != NULL && judge_spread_conflicts(&item->spread))
		judge_best_answer(&best, judge_members_allow(judge, &item->members, TTL_NO, &judge->snapshot));
	return best;
}

/* ---- how the lake does */

static enum row_finding finding_of(const struct judge *judge)
{
	const struct judgement *judgement = &judge->judgement;
	if (judgement->lake_expected == LAKE_ROW && judgement->lake_rows == 0)
		return ROW_MISSING;
	if (judgement->lake_expected == LAKE_NONE) {
		if (judgement->ttl == TTL_YES)
			return ROW_ZOMBIE_TTL;
		return judge->known ? ROW_ZOMBIE : ROW_PHANTOM;
	}
	return judge->has_stale ? ROW_STALE : ROW_DIFFERS;
}

/* A row that no source knows outlived an item that TTL removed where no source could have seen it: before the capture
 * that S lies in, or, where none saw everything, before S read the table. */
static bool archived(const struct judge *judge)
{
	bool captured = judge->window != NULL && !judge->window->filtered;
	int64_t unseen_hi = captured ? judge->window->lo : judge->snapshot_hi;
	return judge->scope->ttl == TTL_POLICY_KEEP && !judge->known && judge->lake_live && judge->has_snapshot &&
	       judge_expired(judge->lake_expires_s, unseen_hi - 1);
}

/* A row may be that of an item which came, and which TTL removed, within the window of an incremental export, after
 * what says that it is not there: that leaves no record. */
static bool came_and_went(const struct judge *judge)
{
	const struct scope *scope = judge->scope;
	if (scope->ttl != TTL_POLICY_KEEP || !judge->lake_live || judge->judgement.expected.state != STATE_ABSENT)
		return false;
	for (uint32_t i = 0; i < scope->net_count; i++) {
		const struct scope_net *net = &scope->nets[i];
		if (net->open_hi > net->lo && net->open_hi > judge->judgement.decided_time_us &&
		    judge_expired(judge->lake_expires_s, net->open_hi - 1))
			return true;
	}
	return false;
}

/* Of a key that was never there, its absence is nothing. */
static enum key_class agreeing_absent(const struct judge *judge)
{
	return judge->there || judge->judgement.lake_rows > 0 ? CLASS_DELETED : CLASS_NOTHING;
}

static enum key_class agreeing(const struct judge *judge, bool as_expected)
{
	const struct judgement *judgement = &judge->judgement;
	if (judgement->unproven != 0)
		return CLASS_UNPROVEN;
	if (!as_expected && lake_is_out(judge))
		return CLASS_OUT_OF_SCOPE;
	return judge->lake_live ? CLASS_EQUAL : agreeing_absent(judge);
}

static enum key_class class_of(struct judge *judge)
{
	struct judgement *judgement = &judge->judgement;
	const struct judge_step *winner = judge->winner;
	if (judgement->lake_rows == 0 && !judge->known)
		return CLASS_NOTHING;
	if (!judge->scope->has_lake) {
		if (judgement->unproven != 0)
			return CLASS_UNPROVEN;
		return judgement->expected.state == STATE_ABSENT ? agreeing_absent(judge) : CLASS_EQUAL;
	}
	enum judge_answer as_expected = judge_allows(judge, &judgement->expected, judgement->ttl,
						     &judge->deleted_image);
	if (judgement->lake_rows > 1 && !(lake_is_out(judge) && as_expected != ANSWER_NO)) {
		judgement->finding = ROW_DUPLICATE;
		return CLASS_DIFFERENT;
	}
	if (as_expected == ANSWER_YES && judgement->unproven == 0 && judgement->lake_expected == LAKE_ANY)
		return CLASS_OUT_OF_SCOPE;
	enum judge_answer as_possible = possible(judge);
	if (as_expected == ANSWER_YES || unbounded(judge) || as_possible == ANSWER_YES)
		return agreeing(judge, as_expected == ANSWER_YES);
	if (as_expected == ANSWER_UNKNOWN || as_possible == ANSWER_UNKNOWN) {
		judgement->unproven |= UNPROVEN_IMAGE;
		return CLASS_UNPROVEN;
	}
	if (winner != NULL && winner->time_hi > judge->scope->settle_from_us) {
		judgement->unproven |= UNPROVEN_NOT_SETTLED;
		return CLASS_UNPROVEN;
	}
	if (archived(judge) || came_and_went(judge))
		return CLASS_OUT_OF_SCOPE;
	judgement->finding = finding_of(judge);
	if (judgement->finding == ROW_PHANTOM && judge->scope->unmatched) {
		judgement->finding = ROW_NONE;
		judgement->unproven |= UNPROVEN_STATE;
		return CLASS_UNPROVEN;
	}
	return CLASS_DIFFERENT;
}

void judge_compare(struct judge *judge)
{
	struct judgement *judgement = &judge->judgement;
	expect(judge);
	judgement->class = class_of(judge);
	if (judgement->finding == ROW_STALE)
		return;
	/* An older image is told of only where it is the finding. */
	judgement->stale = (struct fact_origin){0};
	judgement->stale_before = false;
	judgement->missed = 0;
	memset(judgement->missed_facts, 0, sizeof(judgement->missed_facts));
}

/* ---- a history */

static void find_fault(struct judge *judge, const struct history_verdict *verdict)
{
	struct judgement *judgement = &judge->judgement;
	judgement->class = CLASS_DIFFERENT;
	judgement->finding = verdict->finding;
	if (verdict->row != NULL) {
		judgement->lake = verdict->row->origin;
		judgement->lake_row = verdict->row->row;
	}
	if (verdict->finding == HISTORY_CURRENT || verdict->finding == HISTORY_OVERLAP)
		return;
	judgement->lake = verdict->row != NULL ? verdict->row->origin : (struct fact_origin){0};
	judgement->decided = (struct fact_origin){0};
	judgement->decided_by = DECIDED_NOTHING;
	judgement->decided_time_us = INT64_MIN;
	if (verdict->version == NULL)
		return;
	judgement->expected = verdict->version->after;
	judgement->decided = verdict->version->origin;
	judgement->decided_by = DECIDED_CHANGE;
	judgement->decided_time_us = verdict->version->lo;
}

static bool is_unsettled(const struct judge *judge)
{
	for (uint32_t i = 0; i < judge->history.version_count; i++)
		if (judge->history.versions[i].hi > judge->scope->settle_from_us)
			return true;
	return false;
}

/* What exports read of the item. */
static void note_readings(struct judge *judge)
{
	for (uint32_t i = 0; i < judge->scope->export_count; i++) {
		struct history_reading reading = {.lo = judge->scope->exports[i].lo, .hi = judge->scope->exports[i].hi};
		if (judge_export_says(judge, i, &reading.side))
			judge_history_add_reading(&judge->history, &reading);
	}
}

void judge_compare_history(struct judge *judge)
{
	struct judgement *judgement = &judge->judgement;
	struct history_verdict verdict = judge_history_check_rows(&judge->history);
	if (!judge->scope->has_lake)
		return;
	if (verdict.finding != ROW_NONE) {
		find_fault(judge, &verdict);
		return;
	}
	if (judgement->class == CLASS_DIFFERENT || judgement->class == CLASS_UNPROVEN)
		return;
	note_readings(judge);
	verdict = judge_history_check_versions(&judge->history, judge->scope, &judgement->expected);
	if (verdict.finding == ROW_NONE && verdict.proven)
		return;
	/* What cannot be read may be a change of a key that nobody knows. */
	if (verdict.finding != ROW_NONE && judge->scope->unreadable) {
		judgement->class = CLASS_UNPROVEN;
		judgement->unproven |= UNPROVEN_HOLE;
		return;
	}
	if (verdict.finding == ROW_NONE || is_unsettled(judge)) {
		judgement->class = CLASS_UNPROVEN;
		judgement->unproven |= verdict.finding == ROW_NONE ? UNPROVEN_HISTORY : UNPROVEN_NOT_SETTLED;
		return;
	}
	find_fault(judge, &verdict);
}
