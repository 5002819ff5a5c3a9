/* What DynamoDB says of a key: the decisive snapshot, the winner, and what contradicts them (docs/semantics.md, "The
 * decisive snapshot" to "Unproven"). */
#include "reconcile/judge/judge_internal.h"

static const struct fact_side absent = {.state = STATE_ABSENT, .expires_s = EXPIRES_NONE};
static const struct fact_side present = {.state = STATE_PRESENT, .expires_s = EXPIRES_NONE};

/* ---- the decisive snapshot */

static const struct scope_window *window_at(const struct scope *scope, int64_t time)
{
	for (uint32_t i = 0; i < scope->window_count; i++)
		if (scope->windows[i].lo <= time && time <= scope->windows[i].hi)
			return &scope->windows[i];
	return NULL;
}

static void take_snapshot(struct judge *judge, uint32_t index)
{
	const struct scope_export *export = &judge->scope->exports[index];
	const struct judge_item *item = &judge->items[index];
	judge->has_snapshot = true;
	judge->snapshot_export = export;
	judge->snapshot_lo = export->lo;
	judge->snapshot_hi = export->hi;
	judge->snapshot = item->seen ? item->side : absent;
	judge->snapshot_item = item->seen ? item : NULL;
	judge->window = window_at(judge->scope, export->lo);
	if (!item->seen)
		return;
	judge->damaged = item->damaged;
	if (judge_spread_conflicts(&item->spread)) {
		judge->judgement.conflicts++;
		judge_broken(judge, 0, item->origin);
	}
}

bool judge_export_says(const struct judge *judge, uint32_t index, struct fact_side *side)
{
	const struct judge_item *item = &judge->items[index];
	*side = item->seen ? item->side : absent;
	return item->seen ? side->state != STATE_UNKNOWN : judge->scope->exports[index].complete;
}

void judge_settle_snapshots(struct judge *judge)
{
	const struct scope *scope = judge->scope;
	judge->snapshots_settled = true;
	bool has_earlier = false;
	for (uint32_t i = scope->export_count; i-- > 0 && !has_earlier;) {
		/* A damaged item says PRESENT; only a side that says nothing is passed over. */
		struct fact_side side;
		if (!judge_export_says(judge, i, &side))
			continue;
		if (!judge->has_snapshot) {
			take_snapshot(judge, i);
			continue;
		}
		has_earlier = true;
		judge->earlier = side;
		judge->earlier_lo = scope->exports[i].lo;
		judge->earlier_counts = judge->window != NULL && judge->window->lo <= judge->earlier_lo &&
					scope->exports[i].hi <= judge->snapshot_lo;
	}
	for (uint32_t i = 0; i < scope->export_count; i++)
		if (judge->items[i].seen && judge->items[i].side.state == STATE_IMAGE)
			judge->last_image = judge->items[i].side;
}

/* ---- the winner */

static const struct judge_step *candidate_of(const struct judge_domain *domain)
{
	return domain->has_candidate ? &domain->candidate : NULL;
}

static bool stands_above(const struct judge_domain *domain, const struct judge_domain *other)
{
	if (domain->candidate.time_lo != other->candidate.time_lo)
		return domain->candidate.time_lo > other->candidate.time_lo;
	return domain->domain != other->domain ? domain->domain > other->domain : domain->sequenced;
}

static const struct judge_domain *find_winner(const struct judge *judge)
{
	const struct judge_domain *best = NULL;
	for (uint32_t i = 0; i < judge->domain_count; i++) {
		const struct judge_domain *domain = &judge->domains[i];
		if (domain->has_candidate && (best == NULL || stands_above(domain, best)))
			best = domain;
	}
	return best;
}

/* What a state that a group left makes of the lake, by a step's time. */
static enum judge_answer part_allows(const struct judge *judge, const struct judge_part *part, int64_t time_hi)
{
	uint8_t ttl = judge_part_ttl(judge, part, time_hi);
	return part->conflict ? judge_members_allow(judge, &part->members, ttl, judge_last_image(part))
			      : judge_allows(judge, &part->after, ttl, judge_last_image(part));
}

/* Takes a candidate that may be the last: where it ends, or each place where it may. */
static void add_rival(struct judge *judge, const struct judge_domain *domain)
{
	const struct judge_step *step = &domain->candidate;
	judge->ambiguous = true;
	if (!step->tangled) {
		uint8_t ttl = judge_part_ttl(judge, &step->end, step->time_hi);
		judge_best_answer(&judge->other_answer,
				  judge_allows(judge, &step->end.after, ttl, judge_last_image(&step->end)));
		return;
	}
	judge->knot_exceeded |= step->groups > JUDGE_KNOT_MAX;
	for (uint32_t i = 0; i < step->groups && i < JUDGE_KNOT_MAX; i++)
		judge_best_answer(&judge->other_answer,
				  part_allows(judge, &domain->parts[domain->open ^ 1][i], step->time_hi));
}

/* Two kinds of domains do not take a change's time from the same clock; of rows, two sources need not either. */
static bool of_one_clock(const struct judge_domain *a, const struct judge_domain *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == DOMAIN_ROWS)
		return a->domain == b->domain;
	return a->kind != DOMAIN_EVENTS || a->sequenced == b->sequenced;
}

static int64_t earlier_by_slack(int64_t time)
{
	return time < INT64_MIN + CLOCK_SLACK_US ? INT64_MIN : time - CLOCK_SLACK_US;
}

static int64_t later_by_slack(int64_t time)
{
	return time > INT64_MAX - CLOCK_SLACK_US ? INT64_MAX : time + CLOCK_SLACK_US;
}

/* A tangled winner, and other newest changes that may be later than it; whether one is what the lake holds. */
static void find_ambiguity(struct judge *judge, const struct judge_domain *own)
{
	const struct judge_step *winner = judge->winner;
	for (uint32_t i = 0; i < judge->domain_count; i++) {
		const struct judge_domain *domain = &judge->domains[i];
		const struct judge_step *step = candidate_of(domain);
		if (step == NULL)
			continue;
		bool differs = step->tangled || !judge_same(&step->end.after, &winner->end.after);
		int64_t time_hi = of_one_clock(domain, own) ? step->time_hi : later_by_slack(step->time_hi);
		if (domain == own ? winner->tangled : time_hi > winner->time_lo && differs)
			add_rival(judge, domain);
	}
}

/* Whether one unbroken capture reaches from one time to another. */
static bool captured(const struct scope *scope, int64_t from, int64_t to)
{
	for (uint32_t i = 0; i < scope->window_count; i++)
		if (scope->windows[i].lo <= from && scope->windows[i].hi >= to)
			return true;
	return false;
}

/* Another export than S may have been read later than what decides; a dump takes hours. */
static void find_late_exports(struct judge *judge)
{
	struct judgement *judgement = &judge->judgement;
	for (uint32_t i = 0; i < judge->scope->export_count; i++) {
		const struct scope_export *export = &judge->scope->exports[i];
		struct fact_side side;
		if (export == judge->snapshot_export || export->hi <= judgement->decided_time_us ||
		    !judge_export_says(judge, i, &side) || judge_same(&side, &judgement->expected) ||
		    (judge->changed_hi > export->lo && captured(judge->scope, judgement->decided_time_us, export->hi)))
			continue;
		judgement->unproven |= UNPROVEN_NOT_SETTLED;
		uint8_t ttl = judge_weigh_ttl(judge, TTL_UNKNOWN, export->hi);
		judge_best_answer(&judge->other_answer, judge_allows(judge, &side, ttl, &absent));
	}
}

/* Whether the row of an event says of it a time at which every event was captured. By a second on either side: what was
 * in the first and the last one of a window may have been outside. */
static bool event_was_covered(const struct judge *judge)
{
	const struct scope *scope = judge->scope;
	if (scope->shape != SHAPE_EVENTS || judge->lake_time == INT64_MIN)
		return false;
	for (uint32_t i = 0; i < scope->window_count; i++)
		if (!scope->windows[i].filtered && later_by_slack(scope->windows[i].lo) <= judge->lake_time &&
		    judge->lake_time < earlier_by_slack(scope->windows[i].hi))
			return true;
	return false;
}

static void decide_state(struct judge *judge)
{
	struct judgement *judgement = &judge->judgement;
	const struct judge_step *winner = judge->winner;
	judgement->decided_by = DECIDED_NOTHING;
	judgement->decided_time_us = INT64_MIN;
	if (winner != NULL) {
		judgement->expected = winner->end.after;
		judgement->decided_by = DECIDED_CHANGE;
		judgement->decided_time_us = winner->time_lo;
		judgement->decided = winner->end.origin;
		if (winner->place == PLACE_INSIDE && !captured(judge->scope, winner->time_lo, judge->snapshot_hi) &&
		    !judge_same(&winner->end.after, &judge->snapshot) && !judge->seen.equal) {
			judgement->unproven |= UNPROVEN_NOT_SETTLED;
			judge->snapshot_possible = true;
		}
	} else if (judge->has_snapshot) {
		judgement->expected = judge->snapshot;
		judgement->decided_by = DECIDED_SNAPSHOT;
		judgement->decided_time_us = judge->snapshot_lo;
		if (judge->snapshot_item != NULL)
			judgement->decided = judge->snapshot_item->origin;
	} else if (judge->scope->baseline == BASELINE_EMPTY || event_was_covered(judge)) {
		judgement->expected = absent;
	}
	if (judgement->expected.state != STATE_ABSENT)
		judgement->ttl = TTL_NO;
	else if (winner != NULL)
		judgement->ttl = judge_part_ttl(judge, &winner->end, winner->time_hi);
	else if (judge->has_snapshot)
		judgement->ttl = judge_weigh_ttl(judge, TTL_UNKNOWN, judge->snapshot_hi);
}

/* ---- what contradicts the evidence */

/* Whether all of the key's groups follow one another: of one unfiltered stream, each with a sequence. */
static bool in_line(const struct judge *judge)
{
	return judge->domain_count == 1 && !judge->domains_exceeded && !judge->unsequenced &&
	       !judge->domains[0].filtered;
}

static void complete_seen(struct judge *judge)
{
	bool counted = false;
	for (uint32_t i = 0; i < judge->domain_count; i++) {
		struct judge_domain *domain = &judge->domains[i];
		if (domain->has_line)
			judge_leave_line(judge, domain, &domain->line_after);
		if (!domain->has_counted)
			continue;
		counted = true;
		judge_see(judge, &judge->seen, &domain->counted_after);
		judge_see(judge, &judge->line, &domain->counted_line);
	}
	bool earlier_is_seen = !counted && judge->earlier_counts;
	if (earlier_is_seen) {
		judge_see(judge, &judge->seen, &judge->earlier);
		judge_see(judge, &judge->line, &judge->earlier);
	}
	if (judge->line_begins_unknown && !(earlier_is_seen && judge->earlier.state == STATE_IMAGE))
		judge_see(judge, &judge->line, &present);
	if (in_line(judge))
		judge->seen = judge->line;
}

static void check_overlap(struct judge *judge)
{
	if (judge->window == NULL || judge->window->hi < judge->snapshot_hi || judge->window->filtered ||
	    !judge->seen.any || judge->seen.compatible)
		return;
	judge->judgement.overlap = true;
	judge->judgement.capture_lost = judge->earlier_counts;
	judge->judgement.unproven |= UNPROVEN_OVERLAP;
	if (judge->winner != NULL && judge->winner->place == PLACE_INSIDE)
		judge->snapshot_possible = true;
}

/* How many windows of series begin at the time or before. */
static uint32_t nets_from(const struct scope *scope, int64_t time)
{
	uint32_t low = 0, high = scope->net_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (scope->nets[middle].lo <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether what the domain's first change after S found is what was there after S: a net change says what was there when
 * its window began. */
static bool follows_snapshot(const struct judge *judge, const struct judge_domain *domain)
{
	const struct scope *scope = judge->scope;
	if (domain->kind != DOMAIN_NET)
		return true;
	for (uint32_t i = nets_from(scope, domain->first_time); i-- > 0;) {
		const struct scope_net *net = &scope->nets[i];
		if (net->reach <= domain->first_time)
			return false;
		if (net->domain == domain->domain && domain->first_time < net->hi && net->lo >= judge->snapshot_hi)
			return true;
	}
	return false;
}

/* The first change after what the base or the snapshot says must fit it. Where several streams carry the key's changes,
 * it may have been another's. */
static void check_chain_start(struct judge *judge)
{
	const struct judge_domain *only = NULL;
	for (uint32_t i = 0; i < judge->domain_count; i++) {
		if (!judge->domains[i].has_first)
			continue;
		if (only != NULL)
			return;
		only = &judge->domains[i];
	}
	if (only == NULL || only->filtered)
		return;
	bool fits = true;
	if (judge->has_snapshot && only->first_place == PLACE_AFTER && follows_snapshot(judge, only))
		fits = judge_compatible(&only->first_before, &judge->snapshot);
	if (judge->scope->export_count == 0 && judge->scope->baseline == BASELINE_EMPTY)
		fits = judge_compatible(&only->first_before, &absent);
	if (!fits)
		judge_break_chain(judge, only->first_ordinal, only->first_origin);
}

/* Whether the series says that its last change lies in the window and left what is expected. */
static bool left_in_window(const struct judge *judge, const struct scope_net *net)
{
	for (uint32_t i = 0; i < judge->domain_count; i++) {
		const struct judge_domain *domain = &judge->domains[i];
		if (domain->domain == net->domain && net->lo <= domain->previous_time &&
		    domain->previous_time < net->hi && judge_same(&domain->previous_after, &judge->judgement.expected))
			return true;
	}
	return false;
}

/* What came and went within the window of an incremental export left no record there: what holds an item within it, S
 * or a change of another domain, is open to its end, as far as no other kind of domain covers it. */
static bool in_net_hole(const struct judge *judge, const struct judge_domain *own)
{
	const struct scope *scope = judge->scope;
	if (judge->judgement.expected.state < STATE_PRESENT)
		return false;
	int64_t lo, hi;
	if (own != NULL) {
		lo = earlier_by_slack(own->candidate.time_lo);
		hi = later_by_slack(own->candidate.time_hi);
	} else {
		lo = judge->snapshot_export->from;
		hi = judge->snapshot_export->to;
	}
	for (uint32_t i = nets_from(scope, hi); i-- > 0;) {
		const struct scope_net *net = &scope->nets[i];
		if (net->reach <= lo)
			return false;
		if (net->lo >= hi || net->hi <= lo || net->open_hi <= lo || net->open_hi == net->lo)
			continue;
		bool of_own = own != NULL && own->domain == net->domain;
		if (!of_own && !left_in_window(judge, net))
			return true;
	}
	return false;
}

/* Whether something may have come after what decides that nobody captured. An event happens once: only one that is not
 * known may be in a hole. */
static bool in_hole(const struct judge *judge, const struct judge_domain *own)
{
	const struct scope *scope = judge->scope;
	bool open = judge->has_hole && judge->hole_hi > judge->judgement.decided_time_us;
	if (scope->shape == SHAPE_EVENTS)
		return own == NULL && (scope->unreadable || (open && !event_was_covered(judge)));
	return scope->unreadable || open || in_net_hole(judge, own);
}

static uint32_t reasons_of(const struct judge *judge, const struct judge_domain *own)
{
	const struct judgement *judgement = &judge->judgement;
	bool hole = in_hole(judge, own);
	uint32_t reasons = 0;
	reasons |= judgement->expected.state == STATE_UNKNOWN ? UNPROVEN_STATE : 0U;
	reasons |= judgement->expected.state == STATE_PRESENT ? UNPROVEN_IMAGE : 0U;
	reasons |= hole ? UNPROVEN_HOLE : 0U;
	bool exceeded = judge->domains_exceeded || judge->knot_exceeded || judge->went_back;
	reasons |= exceeded || (judge->ambiguous && !judge->scope->ambiguous_accept) ? UNPROVEN_AMBIGUOUS : 0U;
	reasons |= judgement->conflicts > 0 ? UNPROVEN_CONFLICT : 0U;
	reasons |= judgement->chain_breaks > 0 ? UNPROVEN_CHAIN : 0U;
	reasons |= judge->damaged ? UNPROVEN_DAMAGED : 0U;
	reasons |= judge->collision ? UNPROVEN_COLLISION : 0U;
	return reasons;
}

/* The last image of what the winner deleted: the delete carries it, or the chain proves it, where nothing else is
 * wrong with the key and all that counts is of one stream, in order. */
static void find_deleted_image(struct judge *judge, const struct judge_domain *own)
{
	const struct judge_step *winner = judge->winner;
	const struct scope_window *window = judge->window;
	judge->deleted_image = *judge_last_image(&winner->end);
	if (judge->deleted_image.state == STATE_IMAGE || judge->judgement.unproven != 0 || own->filtered ||
	    !own->sequenced)
		return;
	for (uint32_t i = 0; i < judge->domain_count; i++)
		if (judge->domains[i].has_candidate && &judge->domains[i] != own)
			return;
	if (own->candidate_earlier.state != STATE_UNKNOWN) {
		if (captured(judge->scope, own->candidate_earlier_lo, winner->time_lo))
			judge->deleted_image = own->candidate_earlier;
	} else if (own->counting == 1 && judge->has_snapshot && winner->place == PLACE_AFTER && window != NULL &&
		   window->hi >= winner->time_lo && !window->filtered) {
		judge->deleted_image = judge->snapshot;
	}
}

void judge_decide(struct judge *judge)
{
	const struct judge_domain *own = find_winner(judge);
	complete_seen(judge);
	if (own != NULL) {
		judge->winner = candidate_of(own);
		find_ambiguity(judge, own);
	}
	decide_state(judge);
	if (judge->has_snapshot) {
		find_late_exports(judge);
		check_overlap(judge);
	}
	check_chain_start(judge);
	judge->judgement.unproven |= reasons_of(judge, own);
	if (own != NULL)
		find_deleted_image(judge, own);
	if (judge->scope->ttl == TTL_POLICY_KEEP && judge->judgement.ttl == TTL_YES &&
	    judge->deleted_image.state != STATE_IMAGE)
		judge->judgement.unproven |= UNPROVEN_IMAGE;
}
