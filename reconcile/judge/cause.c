#include "reconcile/judge/cause.h"

#include <inttypes.h>

#include "base/clock.h"
#include "reconcile/digest/digest.h"

/* What S was: the scope knows how long it was read. */
static const char *snapshot_text(const struct judgement *judgement, const struct scope *scope, struct arena *arena)
{
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
	const struct scope_export *export = scope->exports, *end = scope->exports + scope->export_count;
	while (export < end && export->lo != judgement->decided_time_us)
		export ++;
	if (export == end)
		return "an export";
	if (export->from == export->to)
		return arena_text(arena, "the export at %s", clock_format(export->from, from));
	return arena_text(arena, "the dump read from %s to %s", clock_format(export->from, from),
			  clock_format(export->to, to));
}

static const char *decided_text(const struct judgement *judgement, const struct scope *scope, struct arena *arena)
{
	char time[CLOCK_TEXT_MAX];
	if (judgement->decided_by == DECIDED_SNAPSHOT)
		return snapshot_text(judgement, scope, arena);
	if (judgement->decided_by == DECIDED_CHANGE && judgement->decided_time_us != INT64_MIN)
		return arena_text(arena, "the change of %s", clock_format(judgement->decided_time_us, time));
	if (judgement->decided_by == DECIDED_CHANGE)
		return "a change without a time";
	return "nothing";
}

static const char *missing_text(const struct judgement *judgement, const struct scope *scope, struct arena *arena)
{
	const char *decided = decided_text(judgement, scope, arena);
	if (judgement->expected.state == STATE_ABSENT)
		return arena_text(arena,
				  "removed by TTL (%s), which `ttl: keep` says the lake must not follow; the lake "
				  "has no row",
				  decided);
	if (judgement->decided_by == DECIDED_SNAPSHOT)
		return arena_text(arena, "%s has it and nothing changed it since; the lake never got it, or lost it",
				  decided);
	return arena_text(arena, "written last by %s (%" PRIu32 " change%s known); the lake has no row for it", decided,
			  judgement->changes, judgement->changes == 1 ? "" : "s");
}

static const char *zombie_text(const struct judgement *judgement, const struct scope *scope, enum finding_id id,
			       struct arena *arena)
{
	const char *decided = decided_text(judgement, scope, arena);
	if (judgement->decided_by == DECIDED_SNAPSHOT)
		return arena_text(arena, "%s no longer has it; the delete never reached the lake", decided);
	return arena_text(arena, "%s by %s; the delete never reached the lake, or an older put was applied after it",
			  id == FINDING_ROW_ZOMBIE_TTL ? "removed by TTL" : "deleted", decided);
}

const char *cause_gone_text(const struct judgement *judgement, const struct scope *scope, enum cause_gone gone,
			    struct arena *arena)
{
	const char *decided = decided_text(judgement, scope, arena);
	if (gone == GONE_DELETED)
		return zombie_text(judgement, scope, FINDING_ROW_ZOMBIE, arena);
	if (judgement->decided_by == DECIDED_SNAPSHOT)
		return arena_text(arena,
				  "%s has no such item in this lake's `where`; that it went never reached the lake",
				  decided);
	const char *left = gone == GONE_ELSEWHERE ? "taken out" : "deleted, or taken out";
	return arena_text(arena,
			  "%s of this lake's `where` by %s; the row stayed, or an older put was applied after it", left,
			  decided);
}

static const char *stale_text(const struct judgement *judgement, const struct scope *scope, struct arena *arena)
{
	if (judgement->missed == 0)
		return arena_text(arena,
				  "the lake still holds an older known image; no record of a change since is known, "
				  "what is expected is of %s",
				  decided_text(judgement, scope, arena));
	return arena_text(arena, "the lake still holds %s; it missed %" PRIu32 " later change%s, the last by %s",
			  judgement->stale_before ? "the image before a change that is known" : "an older known image",
			  judgement->missed, judgement->missed == 1 ? "" : "s", decided_text(judgement, scope, arena));
}

/* What a history has against the change that one of its versions began or ended with. */
static const char *history_text(const struct judgement *judgement, const struct scope *scope, enum finding_id id,
				struct arena *arena)
{
	const char *decided = decided_text(judgement, scope, arena);
	bool known = judgement->decided.source != 0;
	switch (id) {
	case FINDING_HISTORY_CURRENT:
		return "more than one of its rows holds by valid_to, or one says so by is_current and not by valid_to, "
		       "or the "
		       "other way round";
	case FINDING_HISTORY_OVERLAP:
		return "a row begins before the one before it has ended, or ends before it begins";
	case FINDING_HISTORY_MISSING:
		return known ? arena_text(arena, "%s has no row", decided) : "what held when `since` began has no row";
	case FINDING_HISTORY_PHANTOM:
		return "a row begins at a time at which everything was captured, and the item did not change";
	case FINDING_HISTORY_DIFFERS:
		return known ? arena_text(arena, "the row that begins with %s holds something else", decided)
			     : "the row that held when `since` began holds something else than the item did";
	default:
		return known ? arena_text(arena, "a row does not end as it should: by %s at the latest", decided)
			     : "a row ends though the item did not change then";
	}
}

static const char *differs_text(const struct judgement *judgement, const struct scope *scope, struct arena *arena)
{
	if (judgement->lake_rows_deleted > 0)
		return arena_text(arena, "expected live (%s), the lake has it marked deleted",
				  decided_text(judgement, scope, arena));
	if ((judgement->expected.flags & IMAGE_MISTYPED) != 0)
		return "an attribute has a type that its column cannot hold";
	if ((judgement->expected.flags & IMAGE_LOSSY) != 0)
		return "a value does not fit its column, so the lake cannot say what DynamoDB says";
	return arena_text(arena, "the lake's values are those of no known image; expected is %s",
			  decided_text(judgement, scope, arena));
}

const char *cause_text(const struct judgement *judgement, const struct scope *scope, enum finding_id id,
		       struct arena *arena)
{
	switch (id) {
	case FINDING_ROW_DUPLICATE:
		return arena_text(arena, "%" PRIu32 " rows for one key, %" PRIu32 " of them as expected",
				  judgement->lake_rows, judgement->lake_rows_equal);
	case FINDING_ROW_MISSING:
		return missing_text(judgement, scope, arena);
	case FINDING_ROW_ZOMBIE:
	case FINDING_ROW_ZOMBIE_TTL:
		return zombie_text(judgement, scope, id, arena);
	case FINDING_ROW_PHANTOM:
		return "no export and no record ever knew this key";
	case FINDING_ROW_STALE:
		return stale_text(judgement, scope, arena);
	case FINDING_ROW_DIFFERS:
		return differs_text(judgement, scope, arena);
	case FINDING_HISTORY_CURRENT:
	case FINDING_HISTORY_OVERLAP:
	case FINDING_HISTORY_MISSING:
	case FINDING_HISTORY_PHANTOM:
	case FINDING_HISTORY_DIFFERS:
	case FINDING_HISTORY_END:
		return history_text(judgement, scope, id, arena);
	case FINDING_HISTORY_UNKNOWN:
		return "its history has versions from before the capture, from where it has a hole, or of changes "
		       "whose order "
		       "cannot be told; `since` says from when on it is asked for";
	case FINDING_VALUE_PRECISION_LOST:
		return "the item holds a value that its column cannot hold exactly";
	case FINDING_CHAIN_BROKEN:
		return arena_text(arena,
				  "%" PRIu32 " of its changes do%s not follow from the one before: a record of this "
				  "key is missing from the capture",
				  judgement->chain_breaks, judgement->chain_breaks == 1 ? "es" : "");
	case FINDING_OVERLAP_CONTRADICTION:
		return "the export shows an image that the captured changes cannot lead to: the capture lost a record";
	case FINDING_CAPTURE_LOST:
		return "the earlier export and the captured changes do not lead to the later export: the capture lost "
		       "a "
		       "record";
	case FINDING_STAMP_CONFLICT:
		return "two records with the same stamp say different things";
	case FINDING_ORDER_AMBIGUOUS:
		return "two newest changes of different streams, or with one stamp, and no telling which is last";
	case FINDING_NOT_SETTLED:
		return "the capture ends too close to the export, or the table version too close to the change";
	case FINDING_IMAGE_UNKNOWN:
		return "the last record of the key carries no new image";
	case FINDING_KEY_COLLISION:
		return "items of more than one DynamoDB key are made into this one row's key: the lake cannot hold "
		       "them all";
	case FINDING_SCOPE_UNDATED:
		return "the attribute that the lake's `scope` goes by is not there, or holds no such time: the key is "
		       "judged as one in scope";
	case FINDING_ITEM_UNROUTED:
		return "it is outside every lake's `where`";
	case FINDING_STATE_UNKNOWN:
		return "no export and no record says whether the item exists";
	default:
		return finding_kinds[id].summary;
	}
}
