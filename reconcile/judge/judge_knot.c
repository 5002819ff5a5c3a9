/* Steps: a group with a sequence, or a knot of groups without one whose order is not known (docs/semantics.md,
 * "Steps"). */
#include <assert.h>

#include "reconcile/judge/judge_internal.h"

static const struct fact_side unknown = {.state = STATE_UNKNOWN, .expires_s = EXPIRES_NONE};

/* One group of a knot as a move from a state to a state, by number. */
struct move {
	uint32_t from, to;
};

struct walk {
	uint32_t state_count;
	const struct fact_side *states[2 * JUDGE_KNOT_MAX];
	int entered[2 * JUDGE_KNOT_MAX]; /* how often it is entered more than it is left */
	struct move moves[JUDGE_KNOT_MAX];
	uint32_t move_count;
};

static uint32_t number_of(struct walk *walk, const struct fact_side *state)
{
	uint32_t i = 0;
	while (i < walk->state_count && !judge_same(walk->states[i], state))
		i++;
	if (i == walk->state_count) {
		walk->states[walk->state_count++] = state;
		walk->entered[i] = 0;
	}
	return i;
}

static bool is_sure(const struct fact_side *side)
{
	return side->state == STATE_ABSENT || side->state == STATE_IMAGE;
}

/* False when a side is not known. */
static bool draw(struct walk *walk, const struct judge_part *parts, uint32_t count)
{
	walk->state_count = 0;
	walk->move_count = count;
	for (uint32_t i = 0; i < count; i++) {
		if (!is_sure(&parts[i].before) || !is_sure(&parts[i].after))
			return false;
		struct move *move = &walk->moves[i];
		move->from = number_of(walk, &parts[i].before);
		move->to = number_of(walk, &parts[i].after);
		walk->entered[move->from]--;
		walk->entered[move->to]++;
	}
	return true;
}

/* Whether every state can be reached from the first, along the moves or against them. */
static bool hangs_together(const struct walk *walk)
{
	bool reached[2 * JUDGE_KNOT_MAX] = {true};
	uint32_t count = 1;
	for (bool grown = true; grown;) {
		grown = false;
		for (uint32_t i = 0; i < walk->move_count; i++) {
			const struct move *move = &walk->moves[i];
			if (reached[move->from] == reached[move->to])
				continue;
			reached[move->from] = reached[move->to] = grown = true;
			count++;
		}
	}
	return count == walk->state_count;
}

/* Where one walk over all the knot's groups must begin and end; false when there is none, or it may begin anywhere. */
static bool find_ends(const struct walk *walk, const struct fact_side **from, const struct fact_side **to)
{
	*from = *to = NULL;
	for (uint32_t i = 0; i < walk->state_count; i++) {
		const struct fact_side **end = walk->entered[i] > 0 ? to : from;
		if (walk->entered[i] == 0)
			continue;
		if (walk->entered[i] < -1 || walk->entered[i] > 1 || *end != NULL)
			return false;
		*end = walk->states[i];
	}
	return *from != NULL && hangs_together(walk);
}

static bool all_end_alike(const struct judge_part *parts, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (!judge_same(&parts[i].after, &parts[0].after))
			return false;
	return true;
}

/* Finds where a knot ends, and by which of its groups; it is tangled when that cannot be told. */
static void untangle(struct judge_step *step, const struct judge_part *parts)
{
	struct walk walk;
	const struct fact_side *from = NULL, *to = NULL;
	uint32_t count = (uint32_t)step->groups, deletes = 0;
	step->before = unknown;
	step->tangled = true;
	if (step->groups > JUDGE_KNOT_MAX || step->damaged || step->conflicts > 0)
		return;
	bool walked = draw(&walk, parts, count) && find_ends(&walk, &from, &to);
	if (!walked && !all_end_alike(parts, count))
		return;
	for (uint32_t i = 0; i < count; i++)
		deletes += parts[i].after.state == STATE_ABSENT;
	/* Which of several deletes was the last cannot be told, so neither who made it nor what it found. */
	if (deletes > 1 && (!walked || to->state == STATE_ABSENT))
		return;
	step->tangled = false;
	if (!walked)
		return;
	step->before = *from;
	uint32_t last = count - 1;
	while (!judge_same(&parts[last].after, to))
		last--;
	step->end = parts[last];
}

const struct fact_side *judge_last_image(const struct judge_part *part)
{
	return part->net ? &unknown : &part->before;
}

uint8_t judge_part_ttl(const struct judge *judge, const struct judge_part *part, int64_t time_hi)
{
	return part->net ? part->ttl : judge_weigh_ttl(judge, part->ttl, time_hi);
}

static struct judge_part part_of(const struct judge_domain *domain, const struct judge_group *group)
{
	return (struct judge_part){.ordinal = group->ordinal,
				   .origin = group->after_origin,
				   .before = group->before,
				   .after = group->after,
				   .members = group->members,
				   .ttl = group->ttl,
				   .net = domain->kind == DOMAIN_NET,
				   .conflict = judge_spread_conflicts(&group->after_spread) ||
					       judge_spread_conflicts(&group->before_spread)};
}

void judge_step_add(const struct judge *judge, struct judge_domain *domain, const struct judge_group *group)
{
	struct judge_step *step = &domain->step;
	struct judge_part *parts = domain->parts[domain->open];
	if (!domain->has_step)
		*step = (struct judge_step){.time_lo = group->time_lo,
					    .time_hi = group->time_hi,
					    .before = group->before};
	domain->has_step = true;
	step->time_lo = group->time_lo < step->time_lo ? group->time_lo : step->time_lo;
	step->time_hi = group->time_hi > step->time_hi ? group->time_hi : step->time_hi;
	step->end = part_of(domain, group);
	step->damaged |= group->damaged;
	if (step->end.conflict) {
		step->conflicts++;
		step->conflict_ordinal = group->ordinal;
		step->conflict_origin = group->after_origin;
	}
	judge_see(judge, &step->seen, &group->before);
	judge_see(judge, &step->seen, &group->after);
	if (step->groups < JUDGE_KNOT_MAX)
		parts[step->groups] = step->end;
	step->groups++;
}

bool judge_step_takes(const struct judge_domain *domain, const struct judge_group *group)
{
	return !domain->sequenced && group->time_lo < domain->step.time_hi;
}

void judge_step_end(struct judge_domain *domain)
{
	if (domain->step.groups > 1)
		untangle(&domain->step, domain->parts[domain->open]);
}
