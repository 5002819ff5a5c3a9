#include "reconcile/judge/judge.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/judge/judge_internal.h"

static const struct fact_side nothing = {.state = STATE_UNKNOWN, .expires_s = EXPIRES_NONE};

/* ---- sides */

bool judge_compatible(const struct fact_side *a, const struct fact_side *b)
{
	if (a->state == STATE_UNKNOWN || b->state == STATE_UNKNOWN)
		return true;
	if ((a->state == STATE_ABSENT) != (b->state == STATE_ABSENT))
		return false;
	if (a->state != STATE_IMAGE || b->state != STATE_IMAGE)
		return true;
	return a->item[0] == b->item[0] && a->item[1] == b->item[1];
}

bool judge_same(const struct fact_side *a, const struct fact_side *b)
{
	return a->state == b->state && a->item[0] == b->item[0] && a->item[1] == b->item[1];
}

static inline int order_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Whether a side knows better than the best so far. */
static bool knows_better(const struct fact_side *side, struct fact_origin origin, const struct fact_side *best,
			 struct fact_origin best_origin)
{
	int order = order_u64(side->state, best->state);
	if (order == 0)
		order = order_u64(side->item[0], best->item[0]);
	if (order == 0)
		order = order_u64(side->item[1], best->item[1]);
	if (order == 0)
		order = order_u64(side->row, best->row);
	if (order == 0)
		order = order_u64(best_origin.source, origin.source);
	if (order == 0)
		order = order_u64(best_origin.record, origin.record);
	return order > 0;
}

static void spread_add(struct judge_spread *spread, const struct fact_side *side)
{
	spread->absent |= side->state == STATE_ABSENT;
	spread->live |= side->state >= STATE_PRESENT;
	if (side->state != STATE_IMAGE)
		return;
	if (!spread->image) {
		spread->image = true;
		spread->item[0] = side->item[0];
		spread->item[1] = side->item[1];
	}
	spread->differ |= spread->item[0] != side->item[0] || spread->item[1] != side->item[1];
}

static void members_add(const struct judge *judge, struct judge_members *members, const struct fact_side *side)
{
	members->unknown |= side->state == STATE_UNKNOWN;
	members->absent |= side->state == STATE_ABSENT;
	members->present |= side->state == STATE_PRESENT;
	members->image_matches = members->image_matches || judge_image_allows(judge, side);
}

/* ---- what contradicts */

void judge_broken(struct judge *judge, uint64_t ordinal, struct fact_origin origin)
{
	if (judge->has_broken && judge->broken_ordinal > ordinal)
		return;
	judge->has_broken = true;
	judge->broken_ordinal = ordinal;
	judge->judgement.broken = origin;
}

void judge_break_chain(struct judge *judge, uint64_t ordinal, struct fact_origin origin)
{
	judge->judgement.chain_breaks++;
	judge_broken(judge, ordinal, origin);
}

void judge_see(const struct judge *judge, struct judge_seen *seen, const struct fact_side *side)
{
	seen->any = true;
	seen->compatible = seen->compatible || judge_compatible(side, &judge->snapshot);
	seen->equal = seen->equal || judge_same(side, &judge->snapshot);
}

/* ---- steps */

static enum judge_place place_of(const struct judge *judge, const struct judge_step *step)
{
	if (!judge->has_snapshot || step->time_lo >= judge->snapshot_hi)
		return PLACE_AFTER;
	return step->time_hi <= judge->snapshot_lo ? PLACE_BEFORE : PLACE_INSIDE;
}

void judge_leave_line(struct judge *judge, struct judge_domain *domain, const struct fact_side *side)
{
	if (domain->line_place == PLACE_BEFORE)
		domain->counted_line = *side;
	else if (domain->line_place == PLACE_INSIDE)
		judge_see(judge, &judge->line, side);
}

/* Of a state between two groups, one may know the image that the other does not carry. */
static const struct fact_side *knowing(const struct fact_side *side, const struct fact_side *neighbour)
{
	return side->state == STATE_PRESENT && neighbour->state == STATE_IMAGE ? neighbour : side;
}

/* What a step has surely left. */
static const struct fact_side *left_by(const struct judge_step *step)
{
	return step->tangled ? &nothing : &step->end.after;
}

static void join_line(struct judge *judge, struct judge_domain *domain, const struct judge_step *step)
{
	if (domain->has_line)
		judge_leave_line(judge, domain, knowing(&domain->line_after, &step->before));
	if (step->place == PLACE_INSIDE && !domain->has_line && step->before.state == STATE_PRESENT)
		judge->line_begins_unknown = true;
	else if (step->place == PLACE_INSIDE)
		judge_see(judge, &judge->line,
			  domain->has_line ? knowing(&step->before, &domain->line_after) : &step->before);
	domain->has_line = true;
	domain->line_place = step->place;
	domain->line_after = *left_by(step);
}

/* A step before S matters only as what S may have seen. */
static void close_before(struct judge *judge, struct judge_domain *domain, const struct judge_step *step)
{
	if (judge->window == NULL || step->time_lo < judge->window->lo)
		return;
	if (judge->earlier_counts && step->time_hi <= judge->earlier_lo)
		return;
	domain->has_counted = true;
	domain->counted_after = *left_by(step);
	join_line(judge, domain, step);
}

static void merge_seen(struct judge_seen *seen, const struct judge_seen *other)
{
	seen->any |= other->any;
	seen->compatible |= other->compatible;
	seen->equal |= other->equal;
}

/* Sequence numbers of rows are whatever the contract says they are: those that begin anew order nothing. */
static bool went_back(const struct judge_domain *domain, const struct judge_step *step)
{
	int64_t before = domain->candidate.time_lo;
	return domain->kind == DOMAIN_ROWS && domain->has_candidate && before != INT64_MIN &&
	       step->time_hi != INT64_MAX && before - step->time_hi >= CLOCK_SECOND_US;
}

static void close_counting(struct judge *judge, struct judge_domain *domain, const struct judge_step *step)
{
	judge->judgement.conflicts += (uint32_t)step->conflicts;
	if (step->conflicts > 0)
		judge_broken(judge, step->conflict_ordinal, step->conflict_origin);
	judge->damaged = judge->damaged || step->damaged;
	judge->went_back = judge->went_back || went_back(domain, step);
	bool healed = domain->previous_place == PLACE_BEFORE && step->place == PLACE_AFTER;
	if (domain->has_previous && !domain->filtered && !healed &&
	    !judge_compatible(&step->before, &domain->previous_after))
		judge_break_chain(judge, step->end.ordinal, step->end.origin);
	if (step->place == PLACE_INSIDE)
		merge_seen(&judge->seen, &step->seen);
	join_line(judge, domain, step);
	if (domain->has_first)
		return;
	domain->has_first = true;
	domain->first_before = step->before;
	domain->first_place = step->place;
	domain->first_time = step->time_lo;
	domain->first_ordinal = step->end.ordinal;
	domain->first_origin = step->end.origin;
}

/* Steps close in another order than they stand in when they are of several domains. */
static void note_last_image(struct judge *judge, const struct judge_part *end)
{
	const struct fact_side *image = end->after.state == STATE_IMAGE ? &end->after : judge_last_image(end);
	if (image->state != STATE_IMAGE || end->ordinal < judge->last_image_ordinal)
		return;
	judge->last_image_ordinal = end->ordinal;
	judge->last_image = *image;
}

static void close_step(struct judge *judge, struct judge_domain *domain)
{
	if (!domain->has_step)
		return;
	struct judge_step *step = &domain->step;
	judge_step_end(domain);
	domain->has_step = false;
	step->place = place_of(judge, step);
	note_last_image(judge, &step->end);
	judge->changed_hi = step->time_hi > judge->changed_hi ? step->time_hi : judge->changed_hi;
	domain->previous_place = domain->has_previous ? domain->previous_place : step->place;
	if (step->place == PLACE_BEFORE) {
		close_before(judge, domain, step);
	} else {
		close_counting(judge, domain, step);
		bool follows = domain->has_previous && domain->previous_place != PLACE_BEFORE;
		domain->candidate_earlier = follows ? domain->previous_after : nothing;
		domain->candidate_earlier_lo = follows ? domain->candidate.time_lo : 0;
		domain->counting++;
		domain->has_candidate = true;
		domain->candidate = *step;
		domain->open ^= 1;
	}
	domain->has_previous = true;
	domain->previous_after = *left_by(step);
	domain->previous_place = step->place;
	domain->previous_time = step->time_lo;
}

/* ---- groups */

/* A net change tells of no version but the last of its window, by another clock, a poll not when one began. */
static void note_version(struct judge *judge, const struct judge_domain *domain, const struct judge_group *group)
{
	bool conflict = judge_spread_conflicts(&group->after_spread) || judge_spread_conflicts(&group->before_spread);
	if (domain->kind == DOMAIN_NET && group->time_lo != INT64_MIN)
		judge_history_add_reading(&judge->history,
					  &(struct history_reading){.lo = group->time_lo - CLOCK_SLACK_US,
								    .hi = group->time_hi + CLOCK_SLACK_US,
								    .side = group->after});
	if (domain->kind == DOMAIN_NET || domain->puts_only)
		return;
	judge_history_add_version(&judge->history, &(struct history_version){.lo = group->time_lo,
								       .hi = group->time_hi,
								       .before = group->before,
								       .after = group->after,
								       .doubtful = conflict || group->damaged,
								       .sequenced = domain->sequenced,
								       .domain = domain->domain,
								       .ordinal = group->ordinal,
								       .origin = group->after_origin});
}

static void close_group(struct judge *judge, struct judge_domain *domain)
{
	if (!domain->has_open)
		return;
	domain->has_open = false;
	judge->judgement.changes++;
	if (judge->scope->shape == SHAPE_HISTORY)
		note_version(judge, domain, &domain->group);
	if (domain->has_step && !judge_step_takes(domain, &domain->group))
		close_step(judge, domain);
	judge_step_add(judge, domain, &domain->group);
}

static bool same_stamp(const struct judge_group *group, const struct fact *fact)
{
	if (fact->has_sequence)
		return memcmp(group->sequence, fact->sequence, SEQUENCE_SIZE) == 0;
	return group->stamp_time == fact->time_lo_us && group->event == fact->event_hash;
}

static struct fact_origin origin_of(const struct fact *fact)
{
	return (struct fact_origin){fact->source, fact->record, fact->offset};
}

static void open_group(struct judge *judge, struct judge_domain *domain, const struct fact *fact)
{
	struct judge_group *group = &domain->group;
	struct fact_origin origin = origin_of(fact);
	domain->has_open = true;
	*group = (struct judge_group){.ordinal = judge->change_facts,
				      .time_lo = fact->time_lo_us,
				      .time_hi = fact->time_hi_us,
				      .stamp_time = fact->time_lo_us,
				      .event = fact->event_hash,
				      .after = fact->after,
				      .before = fact->before,
				      .first = origin,
				      .after_origin = origin,
				      .before_origin = origin,
				      .ttl = fact->ttl};
	memcpy(group->sequence, fact->sequence, SEQUENCE_SIZE);
}

static void join_group(struct judge *judge, struct judge_group *group, const struct fact *fact)
{
	static const uint8_t ttl_rank[] = {[TTL_NO] = 0, [TTL_UNKNOWN] = 1, [TTL_YES] = 2};
	struct fact_origin origin = origin_of(fact);
	judge->judgement.duplicates++;
	if (fact->time_lo_us < group->time_lo)
		group->time_lo = fact->time_lo_us;
	if (fact->time_hi_us > group->time_hi)
		group->time_hi = fact->time_hi_us;
	if (ttl_rank[fact->ttl] > ttl_rank[group->ttl])
		group->ttl = fact->ttl;
	if (knows_better(&fact->after, origin, &group->after, group->after_origin)) {
		group->after = fact->after;
		group->after_origin = origin;
	}
	if (knows_better(&fact->before, origin, &group->before, group->before_origin)) {
		group->before = fact->before;
		group->before_origin = origin;
	}
}

/* ---- domains */

static const struct scope_domain *scope_domain(const struct scope *scope, uint32_t domain)
{
	static const struct scope_domain unlisted;
	for (uint32_t i = 0; i < scope->domain_count; i++)
		if (scope->domains[i].domain == domain)
			return &scope->domains[i];
	return &unlisted;
}

static struct judge_domain *domain_of(struct judge *judge, uint32_t id, bool sequenced)
{
	for (uint32_t i = 0; i < judge->domain_count; i++)
		if (judge->domains[i].domain == id && judge->domains[i].sequenced == sequenced)
			return &judge->domains[i];
	if (judge->domain_count == JUDGE_DOMAINS_MAX) {
		judge->domains_exceeded = true;
		return NULL;
	}
	struct judge_domain *domain = &judge->domains[judge->domain_count++];
	domain->domain = id;
	domain->sequenced = sequenced;
	domain->filtered = scope_domain(judge->scope, id)->filtered;
	domain->kind = scope_domain(judge->scope, id)->kind;
	domain->puts_only = scope_domain(judge->scope, id)->puts_only;
	domain->open = 0;
	domain->has_open = domain->has_step = domain->has_candidate = domain->has_previous = false;
	domain->has_first = domain->has_counted = domain->has_line = false;
	domain->counting = 0;
	return domain;
}

/* ---- the older image that the lake holds */

static void note_missed(struct judge *judge, struct fact_origin origin)
{
	struct judgement *judgement = &judge->judgement;
	if (judgement->missed < JUDGE_MISSED_MAX)
		judgement->missed_facts[judgement->missed] = origin;
	judgement->missed++;
}

static void note_stale(struct judge *judge, const struct fact *fact, bool before)
{
	judge->has_stale = true;
	judge->stale_snapshot = fact->kind == FACT_SNAPSHOT;
	judge->judgement.stale = origin_of(fact);
	judge->judgement.stale_before = before;
	judge->judgement.missed = 0;
}

static void note_images(struct judge *judge, const struct judge_group *group, const struct fact *fact)
{
	if (judge_image_matches(judge, &fact->after)) {
		note_stale(judge, fact, false);
	} else if (judge_image_matches(judge, &fact->before)) {
		note_stale(judge, fact, true);
		note_missed(judge, group->first);
	}
}

/* ---- facts */

static void note_item(struct judge *judge, const struct fact *fact)
{
	judge->known = true;
	judge->there = judge->there || fact->after.state >= STATE_PRESENT || fact->before.state >= STATE_PRESENT;
	if (fact->item_key == 0)
		return;
	judge->collision = judge->collision || (judge->item_key != 0 && judge->item_key != fact->item_key);
	judge->item_key = fact->item_key;
}

static void take_change(struct judge *judge, const struct fact *fact)
{
	const struct scope *scope = judge->scope;
	if (scope->has_as_of && fact->time_lo_us >= scope->as_of_us)
		return;
	if (!judge->snapshots_settled)
		judge_settle_snapshots(judge);
	note_item(judge, fact);
	judge->unsequenced = judge->unsequenced || !fact->has_sequence;
	struct judge_domain *domain = domain_of(judge, scope_domain_of(scope, fact->domain), fact->has_sequence);
	if (domain == NULL)
		return;
	judge->change_facts++;
	struct judge_group *group = &domain->group;
	if (domain->has_open && same_stamp(group, fact)) {
		join_group(judge, group, fact);
	} else {
		close_group(judge, domain);
		open_group(judge, domain, fact);
		if (judge->has_stale && (!judge->stale_snapshot || fact->time_hi_us > judge->stale_lo))
			note_missed(judge, group->first);
	}
	spread_add(&group->after_spread, &fact->after);
	spread_add(&group->before_spread, &fact->before);
	members_add(judge, &group->members, &fact->after);
	group->damaged |= (fact->flags & FACT_DAMAGED) != 0;
	note_images(judge, group, fact);
}

static void take_item(struct judge *judge, const struct fact *fact)
{
	const struct scope *scope = judge->scope;
	uint32_t group = judge->source_groups[fact->source], i = 0;
	while (i < scope->export_count && scope->exports[i].group != group)
		i++;
	if (i == scope->export_count)
		return;
	note_item(judge, fact);
	struct judge_item *item = &judge->items[i];
	struct fact_origin origin = origin_of(fact);
	if (!item->seen) {
		*item = (struct judge_item){.seen = true, .side = fact->after, .origin = origin};
	} else if (knows_better(&fact->after, origin, &item->side, item->origin)) {
		item->side = fact->after;
		item->origin = origin;
	}
	item->damaged |= (fact->flags & FACT_DAMAGED) != 0;
	spread_add(&item->spread, &fact->after);
	members_add(judge, &item->members, &fact->after);
	if (judge_image_matches(judge, &fact->after) && (!judge->has_stale || i >= judge->stale_export)) {
		note_stale(judge, fact, false);
		judge->stale_export = i;
		judge->stale_lo = scope->exports[i].lo;
	}
}

/* Whether the version has ended: only the row that still holds is the item's. */
static bool note_version_row(struct judge *judge, const struct fact *fact)
{
	const struct history_row row = {.from = fact->time_lo_us,
					.to = fact->time_hi_us,
					.row = fact->after.row,
					.current = (fact->flags & FACT_CURRENT) != 0,
					.origin = origin_of(fact)};
	judge_history_add_row(&judge->history, &row);
	judge->judgement.lake_rows_closed += row.to != INT64_MAX;
	return row.to != INT64_MAX;
}

static void take_row(struct judge *judge, const struct fact *fact)
{
	struct judgement *judgement = &judge->judgement;
	if (!judge->scope->has_lake)
		return;
	if (judge->scope->shape == SHAPE_HISTORY && note_version_row(judge, fact))
		return;
	bool deleted = (fact->flags & FACT_DELETED) != 0 && judge->scope->deletes == DELETES_COLUMN;
	enum judge_age age = judge_age(judge, fact->after.dated_s);
	judge->lake_age = age > judge->lake_age ? age : judge->lake_age;
	if (judgement->lake_rows++ == 0) {
		judgement->lake = origin_of(fact);
		judgement->lake_row = fact->after.row;
		judge->lake_expires_s = fact->after.expires_s;
		judge->lake_time = (fact->flags & FACT_TIMED) != 0 ? fact->time_lo_us : INT64_MIN;
	}
	judge->lake_live = judgement->lake_rows == 1 && !deleted;
	if (deleted) {
		judgement->lake_rows_deleted++;
		return;
	}
	uint32_t i = 0;
	while (i < judge->lake_digest_count && judge->lake_digests[i] != fact->after.row)
		i++;
	if (i == JUDGE_DIGESTS_MAX)
		return;
	if (i == judge->lake_digest_count) {
		judge->lake_digests[judge->lake_digest_count++] = fact->after.row;
		judge->lake_counts[i] = 0;
	}
	judge->lake_counts[i]++;
}

static void tell_by_row(struct fact_side *side)
{
	side->item[0] = side->row;
	side->item[1] = 0;
}

void judge_fact(struct judge *judge, const struct fact *fact)
{
	struct fact by_row;
	if (!judge->has_key) {
		assert(fact->key.size <= sizeof(judge->key));
		judge->has_key = true;
		memcpy(judge->key, fact->key.data, fact->key.size);
		judge->judgement.key = (struct slice){judge->key, fact->key.size};
		judge->judgement.key_hash = fact->key_hash;
	}
	if (judge->scope->by_row && fact->kind != FACT_LAKE) {
		by_row = *fact;
		tell_by_row(&by_row.after);
		tell_by_row(&by_row.before);
		fact = &by_row;
	}
	if (fact->kind == FACT_CHANGE)
		take_change(judge, fact);
	else if (fact->kind == FACT_SNAPSHOT)
		take_item(judge, fact);
	else
		take_row(judge, fact);
}

/* ---- one key */

struct judge *judge_new(const struct scope *scope, const uint32_t *source_groups)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	if (judge == NULL)
		return NULL;
	judge->scope = scope;
	judge->source_groups = source_groups;
	judge->items = calloc((size_t)scope->export_count + 1, sizeof(*judge->items));
	if (judge->items == NULL) {
		free(judge);
		return NULL;
	}
	judge->has_hole = scope->hole_count > 0;
	for (uint32_t i = 0; i < scope->hole_count; i++)
		if (i == 0 || scope->holes[i].hi > judge->hole_hi)
			judge->hole_hi = scope->holes[i].hi;
	return judge;
}

void judge_free(struct judge *judge)
{
	if (judge == NULL)
		return;
	judge_history_release(&judge->history);
	free(judge->items);
	free(judge);
}

void judge_begin(struct judge *judge)
{
	judge->has_key = false;
	judge_history_begin(&judge->history);
	memset(&judge->judgement, 0, sizeof(judge->judgement));
	judge->judgement.expected = nothing;
	judge->lake_live = false;
	judge->lake_age = AGE_NONE;
	judge->lake_expires_s = EXPIRES_NONE;
	judge->lake_time = INT64_MIN;
	judge->lake_digest_count = 0;
	for (uint32_t i = 0; i < judge->scope->export_count; i++)
		judge->items[i].seen = false;
	judge->snapshots_settled = judge->has_snapshot = judge->earlier_counts = false;
	judge->snapshot_item = NULL;
	judge->window = NULL;
	judge->seen = judge->line = (struct judge_seen){0};
	judge->line_begins_unknown = judge->unsequenced = false;
	judge->change_facts = 0;
	judge->domain_count = 0;
	judge->domains_exceeded = judge->damaged = judge->known = judge->has_broken = false;
	judge->there = judge->collision = false;
	judge->item_key = 0;
	judge->last_image = judge->deleted_image = nothing;
	judge->last_image_ordinal = 0;
	judge->changed_hi = INT64_MIN;
	judge->has_stale = judge->stale_snapshot = false;
	judge->winner = NULL;
	judge->snapshot_possible = judge->ambiguous = judge->knot_exceeded = judge->went_back = false;
	judge->other_answer = ANSWER_NO;
}

const struct judgement *judge_end(struct judge *judge)
{
	if (!judge->snapshots_settled)
		judge_settle_snapshots(judge);
	for (uint32_t i = 0; i < judge->domain_count; i++) {
		close_group(judge, &judge->domains[i]);
		close_step(judge, &judge->domains[i]);
	}
	judge_decide(judge);
	judge_compare(judge);
	if (judge->scope->shape == SHAPE_HISTORY)
		judge_compare_history(judge);
	return &judge->judgement;
}
