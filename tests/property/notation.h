/* notation - a universe and its outcome as text that people can read, write and paste into a test.
 *
 * Header-only, for tests. Statements end with ';' or a line's end; times are seconds (or 12.000001), n is a number:
 *
 *   usual                             the same as: export 1 at 1000; capture 0 to 2000
 *   export n at T [incomplete]        export n, its interval T - 60 to T + 60
 *   capture A to B [domain n] [filtered]     a domain's window; several make the union
 *   dump n A to B [incomplete]        an export read from A to B
 *   poll A to B [domain n]                   a domain of rows that never tell of deletes
 *   series A to B [to C ...] [domain n]      a domain of kind net with those windows
 *   hole A to B      window A to B [filtered]      parts of the scope given as they are, after all `capture`
 *   alias n m        domain n is domain m
 *   unreadable   unmatched   baseline empty   deletes column   ttl keep|soft   ambiguous accept   as_of T   settle T
 *   no lake   by row   retain A to B (a lake's scope: dates before A are out of it, from B on in it)
 *   item n SIDE [damaged]             export n holds the key so
 *   change [domain n] [seq n] [event n] (at T | from A to B | without time) SIDE > SIDE [by ttl | perhaps ttl]
 *                                     [damaged]
 *   row SIDE [soft]                   the lake holds it
 *   row SIDE [soft] at T              under `events`: of an event of that time
 *
 * SIDE: x (an image), x- (without DynamoDB's types), x~ (lossy), x@T (with that TTL value), none (absent), ? (present),
 * x^T (of that date), unknown. A fact may begin with its key, "k3:" (k0 without one) and end with its origin, "of
 * source n". Facts are numbered from #1.
 *
 * Images a to z have item and row digests of their own, but an upper case letter has the row digest of the lower case
 * one: two items that the lake's columns cannot tell apart. */
#ifndef LAKEPROOF_TESTS_PROPERTY_NOTATION_H
#define LAKEPROOF_TESTS_PROPERTY_NOTATION_H

#include <ctype.h>
#include <inttypes.h>

#include "base/buffer.h"
#include "tests/property/universe.h"

/* ---- images */

/* Spread over the unsigned range, so that an order by signed numbers is another one; a to d differ in the second word
 * only. */
static inline struct fact_side side_image(char letter)
{
	uint64_t place = (uint64_t)(tolower(letter) - 'a');
	struct fact_side side = {.state = STATE_IMAGE, .expires_s = EXPIRES_NONE};
	side.item[0] = (place < 4 ? 1 : place) * UINT64_C(0x3000000000000001);
	side.item[1] = (place + 1) * UINT64_C(0x5000000000000001) + (isupper(letter) ? 7 : 0);
	side.row = (place + 1) * UINT64_C(0x7100000000000003);
	return side;
}

static inline char image_letter(const struct fact_side *side, bool by_row)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	for (const char *letter = letters; *letter != '\0'; letter++) {
		struct fact_side image = side_image(*letter);
		if (by_row ? image.row == side->row : image.item[0] == side->item[0] && image.item[1] == side->item[1])
			return *letter;
	}
	return '!';
}

/* ---- reading */

struct notation {
	const char *at;
	const char *statement; /* for complaints */
};

static inline void notation_bad(const struct notation *notation)
{
	printf("Bail out! cannot read '%.60s' at '%.30s'\n", notation->statement, notation->at);
	exit(1);
}

static inline void notation_space(struct notation *notation)
{
	while (*notation->at == ' ' || *notation->at == '\t')
		notation->at++;
}

/* Takes the word if it is next. */
static inline bool notation_word(struct notation *notation, const char *word)
{
	size_t size = strlen(word);
	notation_space(notation);
	if (strncmp(notation->at, word, size) != 0)
		return false;
	if (isalpha((unsigned char)word[size - 1]) &&
	    (isalnum((unsigned char)notation->at[size]) || notation->at[size] == '_'))
		return false;
	notation->at += size;
	return true;
}

static inline uint32_t notation_number(struct notation *notation)
{
	char *end = NULL;
	notation_space(notation);
	unsigned long value = strtoul(notation->at, &end, 10);
	if (end == notation->at)
		notation_bad(notation);
	notation->at = end;
	return (uint32_t)value;
}

/* Seconds with up to six decimals, to microseconds. */
static inline int64_t notation_time(struct notation *notation)
{
	char *end = NULL;
	notation_space(notation);
	bool minus = *notation->at == '-';
	int64_t value = strtoll(notation->at, &end, 10);
	if (end == notation->at)
		notation_bad(notation);
	value *= SECOND_US;
	if (*end == '.') {
		int64_t unit = SECOND_US / 10;
		for (end++; isdigit((unsigned char)*end); end++, unit /= 10)
			value += (minus ? -1 : 1) * (*end - '0') * unit;
	}
	notation->at = end;
	return value;
}

static inline struct fact_side notation_side(struct notation *notation)
{
	struct fact_side side = side_unknown();
	if (notation_word(notation, "unknown"))
		return side;
	if (notation_word(notation, "none")) {
		side.state = STATE_ABSENT;
		return side;
	}
	if (notation_word(notation, "?")) {
		side.state = STATE_PRESENT;
		return side;
	}
	notation_space(notation);
	if (!isalpha((unsigned char)*notation->at) || isalnum((unsigned char)notation->at[1]))
		notation_bad(notation);
	side = side_image(*notation->at++);
	if (*notation->at == '-') {
		memset(side.item, 0, sizeof side.item);
		notation->at++;
	}
	if (*notation->at == '~') {
		side.flags = IMAGE_LOSSY;
		notation->at++;
	}
	if (*notation->at == '@') {
		notation->at++;
		side.expires_s = notation_time(notation) / SECOND_US;
	}
	if (*notation->at == '^') {
		notation->at++;
		side.dated_s = notation_time(notation) / SECOND_US;
	}
	return side;
}

static inline void notation_change(struct notation *notation, struct fact *fact)
{
	fact->domain = 1;
	if (notation_word(notation, "domain"))
		fact->domain = notation_number(notation);
	if (notation_word(notation, "seq")) {
		uint32_t sequence = notation_number(notation);
		fact->has_sequence = true;
		for (int i = 0; i < 4; i++)
			fact->sequence[SEQUENCE_SIZE - 1 - i] = (uint8_t)(sequence >> 8 * i);
	}
	if (notation_word(notation, "event"))
		fact->event_hash = notation_number(notation) * UINT64_C(0x3000000000000001);
	if (notation_word(notation, "without")) {
		if (!notation_word(notation, "time"))
			notation_bad(notation);
		fact->time_lo_us = INT64_MIN;
		fact->time_hi_us = INT64_MAX;
	} else if (notation_word(notation, "from")) {
		fact->time_lo_us = notation_time(notation);
		if (!notation_word(notation, "to"))
			notation_bad(notation);
		fact->time_hi_us = notation_time(notation);
	} else if (notation_word(notation, "at")) {
		fact->time_lo_us = notation_time(notation);
		fact->time_hi_us = fact->time_lo_us + SECOND_US;
	} else {
		notation_bad(notation);
	}
	fact->before = notation_side(notation);
	if (!notation_word(notation, ">"))
		notation_bad(notation);
	fact->after = notation_side(notation);
	if (notation_word(notation, "by"))
		fact->ttl = notation_word(notation, "ttl") ? TTL_YES : TTL_NO;
	else if (notation_word(notation, "perhaps"))
		fact->ttl = notation_word(notation, "ttl") ? TTL_UNKNOWN : TTL_NO;
}

static inline bool notation_fact(struct notation *notation, struct universe *universe)
{
	uint32_t key = 0;
	notation_space(notation);
	if (notation->at[0] == 'k' && isdigit((unsigned char)notation->at[1])) {
		notation->at++;
		key = notation_number(notation);
		if (!notation_word(notation, ":"))
			notation_bad(notation);
	}
	struct fact *fact = NULL;
	if (notation_word(notation, "item")) {
		fact = universe_add(universe, FACT_SNAPSHOT, key);
		uint32_t export = notation_number(notation);
		fact->source = SOURCE_OF_EXPORT + export;
		universe->groups[fact->source] = export;
		fact->after = notation_side(notation);
	} else if (notation_word(notation, "change")) {
		fact = universe_add(universe, FACT_CHANGE, key);
		notation_change(notation, fact);
	} else if (notation_word(notation, "row")) {
		fact = universe_add(universe, FACT_LAKE, key);
		fact->after = notation_side(notation);
		memset(fact->after.item, 0, sizeof fact->after.item);
	} else {
		return false;
	}
	if (notation_word(notation, "damaged"))
		fact->flags |= FACT_DAMAGED;
	if (notation_word(notation, "soft"))
		fact->flags |= FACT_DELETED;
	if (fact->kind == FACT_LAKE && notation_word(notation, "at")) {
		fact->flags |= FACT_TIMED;
		fact->time_lo_us = fact->time_hi_us = notation_time(notation);
	}
	if (notation_word(notation, "of")) {
		if (!notation_word(notation, "source"))
			notation_bad(notation);
		uint32_t source = notation_number(notation);
		assert(source < UNIVERSE_SOURCES_MAX);
		universe->groups[source] = universe->groups[fact->source];
		fact->source = source;
	}
	return true;
}

static inline void notation_interval(struct notation *notation, int64_t *lo, int64_t *hi)
{
	*lo = notation_time(notation);
	if (!notation_word(notation, "to"))
		notation_bad(notation);
	*hi = notation_time(notation);
}

static inline void universe_read(struct universe *universe, const char *text);

static inline void notation_series(struct notation *notation, struct universe *universe)
{
	struct scope *scope = &universe->scope;
	struct scope_domain *domain = &universe->domains[scope->domain_count++];
	uint32_t first = scope->net_count;
	int64_t at = notation_time(notation);
	*domain = (struct scope_domain){.kind = DOMAIN_NET, .lo = at};
	while (notation_word(notation, "to")) {
		struct scope_net *net = &universe->nets[scope->net_count++];
		net->lo = at;
		net->hi = at = notation_time(notation);
	}
	domain->hi = at;
	domain->domain = notation_word(notation, "domain") ? notation_number(notation) : scope->domain_count;
	for (uint32_t i = first; i < scope->net_count; i++)
		universe->nets[i].domain = domain->domain;
	universe_derive(universe);
}

static inline bool notation_scope(struct notation *notation, struct universe *universe)
{
	struct scope *scope = &universe->scope;
	if (notation_word(notation, "usual")) {
		universe_read(universe, "export 1 at 1000; capture 0 to 2000");
	} else if (notation_word(notation, "export")) {
		struct scope_export *export = &universe->exports[scope->export_count++];
		export->group = notation_number(notation);
		if (!notation_word(notation, "at"))
			notation_bad(notation);
		int64_t time = notation_time(notation);
		export->lo = time - FUZZ_S * SECOND_US;
		export->hi = time + FUZZ_S * SECOND_US;
		export->from = export->to = time;
		export->complete = !notation_word(notation, "incomplete");
		universe_derive(universe);
	} else if (notation_word(notation, "dump")) {
		struct scope_export *export = &universe->exports[scope->export_count++];
		export->group = notation_number(notation);
		notation_interval(notation, &export->lo, &export->hi);
		export->from = export->lo;
		export->to = export->hi;
		export->complete = !notation_word(notation, "incomplete");
		universe_derive(universe);
	} else if (notation_word(notation, "series")) {
		notation_series(notation, universe);
	} else if (notation_word(notation, "poll")) {
		struct scope_domain *domain = &universe->domains[scope->domain_count++];
		notation_interval(notation, &domain->lo, &domain->hi);
		domain->domain = notation_word(notation, "domain") ? notation_number(notation) : scope->domain_count;
		domain->kind = DOMAIN_ROWS;
		domain->filtered = domain->puts_only = true;
		universe_derive(universe);
	} else if (notation_word(notation, "capture")) {
		struct scope_domain *domain = &universe->domains[scope->domain_count++];
		notation_interval(notation, &domain->lo, &domain->hi);
		domain->domain = notation_word(notation, "domain") ? notation_number(notation) : scope->domain_count;
		domain->filtered = notation_word(notation, "filtered");
		universe_derive(universe);
	} else if (notation_word(notation, "hole")) {
		struct scope_hole *hole = &universe->holes[scope->hole_count++];
		notation_interval(notation, &hole->lo, &hole->hi);
	} else if (notation_word(notation, "window")) {
		struct scope_window *window = &universe->windows[scope->window_count++];
		notation_interval(notation, &window->lo, &window->hi);
		window->filtered = notation_word(notation, "filtered");
	} else if (notation_word(notation, "alias")) {
		uint32_t from = notation_number(notation), to = notation_number(notation);
		assert(from < UNIVERSE_PARTS_MAX);
		for (; scope->alias_count <= from; scope->alias_count++)
			universe->aliases[scope->alias_count] = scope->alias_count;
		universe->aliases[from] = to;
	} else {
		return false;
	}
	return true;
}

static inline bool notation_policy(struct notation *notation, struct scope *scope)
{
	if (notation_word(notation, "unreadable")) {
		scope->unreadable = true;
	} else if (notation_word(notation, "unmatched")) {
		scope->unmatched = true;
	} else if (notation_word(notation, "baseline empty")) {
		scope->baseline = BASELINE_EMPTY;
	} else if (notation_word(notation, "deletes column")) {
		scope->deletes = DELETES_COLUMN;
	} else if (notation_word(notation, "ttl keep")) {
		scope->ttl = TTL_POLICY_KEEP;
	} else if (notation_word(notation, "ttl soft")) {
		scope->ttl = TTL_POLICY_SOFT;
	} else if (notation_word(notation, "ambiguous accept")) {
		scope->ambiguous_accept = true;
	} else if (notation_word(notation, "as_of")) {
		scope->has_as_of = true;
		scope->as_of_us = notation_time(notation);
	} else if (notation_word(notation, "settle")) {
		scope->settle_from_us = notation_time(notation);
	} else if (notation_word(notation, "retain")) {
		scope->retains = true;
		notation_interval(notation, &scope->retain_out_s, &scope->retain_in_s);
		scope->retain_out_s /= SECOND_US;
		scope->retain_in_s /= SECOND_US;
	} else if (notation_word(notation, "by row")) {
		scope->by_row = true;
	} else if (notation_word(notation, "events")) {
		scope->shape = SHAPE_EVENTS;
	} else if (notation_word(notation, "no lake")) {
		scope->has_lake = false;
	} else {
		return false;
	}
	return true;
}

static inline void universe_read(struct universe *universe, const char *text)
{
	struct notation notation = {.at = text};
	for (;;) {
		while (*notation.at == ';' || *notation.at == '\n' || *notation.at == ' ' || *notation.at == '\t')
			notation.at++;
		if (*notation.at == '\0')
			return;
		notation.statement = notation.at;
		if (!notation_fact(&notation, universe) && !notation_scope(&notation, universe) &&
		    !notation_policy(&notation, &universe->scope))
			notation_bad(&notation);
		notation_space(&notation);
		if (*notation.at != ';' && *notation.at != '\n' && *notation.at != '\0')
			notation_bad(&notation);
	}
}

/* ---- writing */

static inline void print_time(struct buffer *out, int64_t time_us)
{
	int64_t seconds = time_us / SECOND_US - (time_us % SECOND_US < 0), rest = time_us - seconds * SECOND_US;
	if (rest != 0 && seconds < 0) {
		seconds++;
		rest = SECOND_US - rest;
		buffer_printf(out, "%s%" PRId64, seconds == 0 ? "-" : "", seconds);
	} else {
		buffer_printf(out, "%" PRId64, seconds);
	}
	if (rest != 0)
		buffer_printf(out, ".%06" PRId64, rest);
}

static inline void print_interval(struct buffer *out, int64_t lo, int64_t hi)
{
	buffer_append_text(out, " ");
	print_time(out, lo);
	buffer_append_text(out, " to ");
	print_time(out, hi);
}

static inline void print_side(struct buffer *out, const struct fact_side *side, bool by_row)
{
	if (side->state != STATE_IMAGE) {
		static const char *const words[] = {"unknown", "none", "?"};
		buffer_append_text(out, words[side->state]);
		return;
	}
	/* An image without an item digest, or whose item digest is its row's. */
	bool row_only = !by_row && side->item[1] == 0;
	buffer_append_byte(out, image_letter(side, by_row || row_only));
	if (row_only)
		buffer_append_text(out, "-");
	if (side->flags != 0)
		buffer_append_text(out, "~");
	if (side->expires_s != EXPIRES_NONE)
		buffer_printf(out, "@%" PRId64, side->expires_s);
	if (side->dated_s != DATED_NONE)
		buffer_printf(out, "^%" PRId64, side->dated_s);
}

static inline void print_change(struct buffer *out, const struct fact *fact)
{
	buffer_printf(out, "change domain %u", (unsigned)fact->domain);
	if (fact->has_sequence)
		buffer_printf(out, " seq %u",
			      (unsigned)(fact->sequence[SEQUENCE_SIZE - 2] << 8 | fact->sequence[SEQUENCE_SIZE - 1]));
	if (fact->event_hash != 0)
		buffer_printf(out, " event %u", (unsigned)(fact->event_hash / UINT64_C(0x3000000000000001)));
	if (fact->time_lo_us == INT64_MIN) {
		buffer_append_text(out, " without time");
	} else if (fact->time_hi_us == fact->time_lo_us + SECOND_US) {
		buffer_append_text(out, " at ");
		print_time(out, fact->time_lo_us);
	} else {
		buffer_append_text(out, " from");
		print_interval(out, fact->time_lo_us, fact->time_hi_us);
	}
	buffer_append_text(out, " ");
	print_side(out, &fact->before, false);
	buffer_append_text(out, " > ");
	print_side(out, &fact->after, false);
	buffer_append_text(out, fact->ttl == TTL_YES ? " by ttl" : fact->ttl == TTL_UNKNOWN ? " perhaps ttl" : "");
}

static inline void print_fact(struct buffer *out, const struct universe *universe, const struct fact *fact)
{
	buffer_printf(out, "%.*s: ", (int)fact->key.size, fact->key.data);
	if (fact->kind == FACT_CHANGE) {
		print_change(out, fact);
	} else if (fact->kind == FACT_SNAPSHOT) {
		buffer_printf(out, "item %u ", (unsigned)universe->groups[fact->source]);
		print_side(out, &fact->after, false);
	} else {
		buffer_append_text(out, "row ");
		print_side(out, &fact->after, true);
	}
	buffer_append_text(out, (fact->flags & FACT_DAMAGED) != 0 ? " damaged" : "");
	buffer_append_text(out, (fact->flags & FACT_DELETED) != 0 ? " soft" : "");
	if (fact->kind == FACT_LAKE && (fact->flags & FACT_TIMED) != 0) {
		buffer_append_text(out, " at ");
		print_time(out, fact->time_lo_us);
	}
	buffer_printf(out, " of source %u;", (unsigned)fact->source);
}

static inline void print_scope(struct buffer *out, const struct universe *universe)
{
	const struct scope *scope = &universe->scope;
	for (uint32_t i = 0; i < scope->export_count; i++) {
		bool dump = scope->exports[i].from == scope->exports[i].lo;
		buffer_printf(out, dump ? "# dump %u" : "# export %u at ", (unsigned)scope->exports[i].group);
		if (dump)
			print_interval(out, scope->exports[i].lo, scope->exports[i].hi);
		else
			print_time(out, scope->exports[i].from);
		buffer_append_text(out, scope->exports[i].complete ? ";\n" : " incomplete;\n");
	}
	for (uint32_t i = 0; i < scope->domain_count; i++)
		buffer_printf(out, "# (domain %u%s kind %d);\n", (unsigned)scope->domains[i].domain,
			      scope->domains[i].puts_only  ? " puts only"
			      : scope->domains[i].filtered ? " filtered"
							   : "",
			      (int)scope->domains[i].kind);
	for (uint32_t i = 0; i < scope->net_count; i++) {
		buffer_printf(out, "# (series %u", (unsigned)scope->nets[i].domain);
		print_interval(out, scope->nets[i].lo, scope->nets[i].hi);
		buffer_append_text(out, ", open to ");
		print_time(out, scope->nets[i].open_hi);
		buffer_append_text(out, ");\n");
	}
	for (uint32_t i = 0; i < scope->window_count; i++) {
		buffer_append_text(out, "# window");
		print_interval(out, scope->windows[i].lo, scope->windows[i].hi);
		buffer_append_text(out, scope->windows[i].filtered ? " filtered;\n" : ";\n");
	}
	for (uint32_t i = 0; i < scope->hole_count; i++) {
		buffer_append_text(out, "# hole");
		print_interval(out, scope->holes[i].lo, scope->holes[i].hi);
		buffer_append_text(out, ";\n");
	}
	for (uint32_t i = 0; i < scope->alias_count; i++)
		if (scope->aliases[i] != i)
			buffer_printf(out, "# alias %u %u;\n", (unsigned)i, (unsigned)scope->aliases[i]);
	buffer_append_text(out, "# ");
	if (scope->unreadable)
		buffer_append_text(out, "unreadable; ");
	if (scope->unmatched)
		buffer_append_text(out, "unmatched; ");
	if (scope->baseline == BASELINE_EMPTY)
		buffer_append_text(out, "baseline empty; ");
	if (scope->deletes == DELETES_COLUMN)
		buffer_append_text(out, "deletes column; ");
	if (scope->ttl != TTL_POLICY_DELETE)
		buffer_append_text(out, scope->ttl == TTL_POLICY_KEEP ? "ttl keep; " : "ttl soft; ");
	if (scope->ambiguous_accept)
		buffer_append_text(out, "ambiguous accept; ");
	if (!scope->has_lake)
		buffer_append_text(out, "no lake; ");
	if (scope->by_row)
		buffer_append_text(out, "by row; ");
	if (scope->shape == SHAPE_EVENTS)
		buffer_append_text(out, "events; ");
	if (scope->has_as_of) {
		buffer_append_text(out, "as_of ");
		print_time(out, scope->as_of_us);
		buffer_append_text(out, "; ");
	}
	if (scope->retains)
		buffer_printf(out, "retain %" PRId64 " to %" PRId64 "; ", scope->retain_out_s, scope->retain_in_s);
	if (scope->settle_from_us != INT64_MAX) {
		buffer_append_text(out, "settle ");
		print_time(out, scope->settle_from_us);
		buffer_append_text(out, "; ");
	}
	buffer_append_text(out, "\n");
}

/* The whole universe as TAP comments. */
static inline void universe_print(const struct universe *universe)
{
	struct buffer out;
	buffer_init(&out, 1 << 24);
	print_scope(&out, universe);
	for (uint32_t i = 0; i < universe->fact_count; i++) {
		buffer_append_text(&out, "# ");
		print_fact(&out, universe, &universe->facts[i]);
		buffer_printf(&out, "   -- #%" PRIu64 "\n", universe->facts[i].record);
	}
	printf("%.*s", (int)out.size, out.data);
	buffer_release(&out);
}

static inline void print_reasons(struct buffer *out, uint32_t unproven)
{
	static const char *const names[] = {"STATE",    "IMAGE", "HOLE",    "NOT_SETTLED", "AMBIGUOUS",
					    "CONFLICT", "CHAIN", "OVERLAP", "DAMAGED", "COLLISION"};
	const char *before = ", because";
	for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if ((unproven & UINT32_C(1) << i) == 0)
			continue;
		buffer_printf(out, "%s %s", before, names[i]);
		before = "";
	}
}

static inline void print_stale(struct buffer *out, const struct judgement *judgement)
{
	buffer_printf(out, " #%" PRIu64 "%s", judgement->stale.record, judgement->stale_before ? " before" : "");
	buffer_printf(out, ", missed %u:", judgement->missed);
	for (uint32_t i = 0; i < judgement->missed && i < JUDGE_MISSED_MAX; i++)
		buffer_printf(out, " #%" PRIu64, judgement->missed_facts[i].record);
}

/* What a judgement says, on one line; what is zero is left out. */
static inline void judgement_print(struct buffer *out, const struct judgement *judgement)
{
	static const char *const classes[] = {"NOTHING", "EQUAL", "DELETED", "DIFFERENT", "UNPROVEN", "OUT_OF_SCOPE"};
	static const char *const findings[] = {"",           "row.duplicate",  "row.missing",
					       "row.zombie", "row.zombie_ttl", "row.phantom",
					       "row.stale",  "row.differs"};
	static const char *const deciders[] = {"by nothing", "by snapshot", "by change"};
	static const char *const demands[] = {"NONE", "ROW", "ANY"};
	print_side(out, &judgement->expected, false);
	buffer_printf(out, " %s", deciders[judgement->decided_by]);
	if (judgement->decided.source != 0)
		buffer_printf(out, " #%" PRIu64, judgement->decided.record);
	if (judgement->decided_time_us != INT64_MIN) {
		buffer_append_text(out, " at ");
		print_time(out, judgement->decided_time_us);
	}
	buffer_append_text(out, judgement->ttl == TTL_YES       ? ", by ttl"
				: judgement->ttl == TTL_UNKNOWN ? ", perhaps ttl"
								: "");
	buffer_printf(out, ", %s: %s", demands[judgement->lake_expected], classes[judgement->class]);
	if (judgement->finding != ROW_NONE)
		buffer_printf(out, " %s", findings[judgement->finding]);
	if (judgement->finding == ROW_STALE)
		print_stale(out, judgement);
	print_reasons(out, judgement->unproven);
	if (judgement->duplicates > 0)
		buffer_printf(out, ", duplicates %u", judgement->duplicates);
	if (judgement->conflicts > 0)
		buffer_printf(out, ", conflicts %u", judgement->conflicts);
	if (judgement->chain_breaks > 0)
		buffer_printf(out, ", breaks %u", judgement->chain_breaks);
	if (judgement->overlap || judgement->capture_lost)
		buffer_printf(out, ",%s%s", judgement->overlap ? " overlap" : "",
			      judgement->capture_lost ? " capture_lost" : "");
	if (judgement->broken.source != 0)
		buffer_printf(out, ", broken #%" PRIu64, judgement->broken.record);
}

/* The rest, for mismatches. */
static inline void judgement_print_rest(struct buffer *out, const struct judgement *judgement)
{
	judgement_print(out, judgement);
	buffer_printf(out,
		      " [changes %u, rows %u, soft %u, equal %u, lake #%" PRIu64 " %016" PRIx64 ", row %016" PRIx64 "]",
		      judgement->changes, judgement->lake_rows, judgement->lake_rows_deleted,
		      judgement->lake_rows_equal, judgement->lake.record, judgement->lake_row, judgement->expected.row);
}

#endif
