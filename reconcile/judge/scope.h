/* scope - what the evidence as a whole can prove: exports and their intervals, capture windows, holes, policies.
 *
 * Computed once per run from the state's source and domain tables and the contract (scope_build), then read-only and
 * shared by the fast merge, the reference merger and the reports. All times are microseconds UTC. The rules are those
 * of docs/semantics.md, "Scope". */
#ifndef LAKEPROOF_RECONCILE_JUDGE_SCOPE_H
#define LAKEPROOF_RECONCILE_JUDGE_SCOPE_H

#include "reconcile/contract/contract.h"
#include "reconcile/state/fact.h"

struct scope_export {
	uint32_t group;   /* which export: source rows carry the same group */
	int64_t lo, hi;   /* exportTime - fuzz, exportTime + fuzz; of a dump, when it was read */
	int64_t from, to; /* what it stands at to an incremental export's window: exportTime; of a dump, lo and hi */
	bool complete;    /* every file counted: absence is known too */
	const char *name; /* folder, for reports */
};

/* Where a domain's changes come from: whether their times mean the same, and whether each is one write or the net of a
 * window. */
enum domain_kind { DOMAIN_EVENTS = 0, DOMAIN_NET, DOMAIN_ROWS };

struct scope_domain {
	uint32_t domain;
	enum domain_kind kind;
	int64_t lo, hi; /* the window it covers: that of all its spans together */
	bool filtered;
	bool puts_only;   /* it never tells that an item went */
	const char *name; /* stream ARN, or the contract source's text */
};

/* What one contract source captured of one stream. */
struct scope_span {
	uint32_t domain; /* 0: of no record, by from: and to: alone */
	enum domain_kind kind;
	uint32_t group; /* of the contract source */
	int64_t lo, hi; /* first record's lo to last record's hi, or as from: and to: widen it */
	bool filtered, independent;
	bool puts_only;    /* a poll: no delete is in it, nor what was between two reads; then it is filtered too */
	bool begun, ended; /* from:, to: say when the capture began, ended */
	bool labelled;     /* the stream was enabled after the time that from: says */
};

/* A window of a series of incremental exports. */
struct scope_net {
	uint32_t domain; /* the series */
	int64_t lo, hi;  /* exportFromTime, exportToTime */
	int64_t reach;   /* the greatest hi of this one and those before it */
	int64_t open_hi; /* the end of the last part of it that no other kind of domain covers; lo when all is covered
			  */
};

struct scope_hole {
	int64_t lo, hi; /* a change in [lo, hi) may never have been captured */
	bool first;     /* from the earliest export to the first window */
	bool labelled;  /* what covers the time after it is a stream enabled only then, whatever from: says */
};

struct scope {
	struct scope_export *exports; /* ascending by lo; those after as_of left out */
	uint32_t export_count;
	struct scope_domain *domains; /* ascending by domain id */
	uint32_t domain_count;
	struct scope_span *spans; /* ascending by domain id, those of domain 0 last */
	uint32_t span_count;
	struct scope_window {
		int64_t lo, hi;
		bool filtered; /* the window of a filtered domain, or of a series, is part of it */
	} * windows;           /* union of the windows of domains that tell of deletes, ascending, disjoint */
	uint32_t window_count;
	struct scope_window *landed; /* union of all domains' windows, likewise: what of them closes holes */
	uint32_t landed_count;
	struct scope_hole *holes;
	uint32_t hole_count;
	struct scope_net *nets; /* ascending by lo, then hi */
	uint32_t net_count;
	/* The last of the union of all windows but those of series: SHAPE_HISTORY asks for versions within it. lo > hi
	 * without one. */
	struct scope_window captured;
	bool unreadable;      /* a record whose key is not known could not be read: a hole without end */
	bool unmatched;       /* an item of the lake gives no row's key: a row that nobody knows may be its */
	int64_t evidence_end; /* the last window's hi or the newest export's lo, the later; INT64_MIN with no evidence
			       */
	/* The domain that a nameless one stands for, by domain id; itself when it stands for none (scope_domain_of). */
	const uint32_t *aliases;
	uint32_t alias_count;
	/* policies, from the contract */
	enum baseline baseline;
	enum deletes_policy deletes;
	enum ttl_policy ttl;
	bool ambiguous_accept;
	bool has_as_of;
	int64_t as_of_us;
	bool has_lake;
	enum table_shape shape;
	const struct contract_history *history; /* the contract's, SHAPE_HISTORY only */
	bool by_row; /* a source does not keep DynamoDB's types: images are told apart by their row digests alone */
	int64_t settle_from_us; /* commit time - settle; INT64_MAX without settle: */
	/* scope: a date before the one is out of scope, one from the other on in it; seconds. */
	bool retains;
	int64_t retain_out_s, retain_in_s;
	void *memory;
};

/* The domain that a fact's domain id means: a nameless domain of a contract source whose records name exactly one
 * stream elsewhere is that stream's. To be asked before domains are compared, everywhere. */
static inline uint32_t scope_domain_of(const struct scope *scope, uint32_t domain)
{
	return domain < scope->alias_count ? scope->aliases[domain] : domain;
}

#endif
