-- What the evidence says of a key: docs/semantics.md as plain SQL, one table per notion of the page, in its order.
--
-- Written for SQLite 3.40, and to be read. It shares nothing with the fast merge but the page: the property tests run
-- both and hold every column of `judgement` together. The first part makes the tables that are filled from outside; the
-- second, below the line of equal signs, states the rules and is run once over filled tables.
--
-- A side is (state, item, row, comparable, expires):
--   state      0 UNKNOWN, 1 ABSENT, 2 PRESENT (image unknown), 3 IMAGE; the order is the order of knowing
--   item       item digest, 16 bytes; NULL unless IMAGE (and for lake rows)
--   row        row digest, 8 bytes; NULL unless IMAGE
--   flags      why the row digest equals no row: 1 lossy, 2 mistyped; 0 when it can be compared
--   expires    TTL value in seconds, NULL without one
--   dated      the date that a lake's scope goes by, in seconds, NULL without one
-- Digests and event ids are blobs of big-endian bytes, so that SQL orders them as C orders unsigned numbers. Times are
-- microseconds. Two sides A and B are NOT compatible when
--   min(A.state, B.state) = 1 AND max(A.state, B.state) > 1      one knows of no item, the other of one
--   OR A.state = 3 AND B.state = 3 AND A.item <> B.item          two different images

-- ---- Facts, as read

CREATE TABLE fact (
	key BLOB NOT NULL,
	key_hash INTEGER NOT NULL,
	kind INTEGER NOT NULL,          -- 0 lake row, 1 snapshot item, 2 change
	damaged INTEGER NOT NULL,
	deleted INTEGER NOT NULL,       -- a soft-deleted lake row
	source INTEGER NOT NULL,        -- which file
	record INTEGER NOT NULL,        -- which record of it
	"offset" INTEGER NOT NULL,
	after_state INTEGER NOT NULL, after_item BLOB, after_row BLOB, after_flags INTEGER NOT NULL,
	after_expires INTEGER,
	-- changes only
	before_state INTEGER NOT NULL, before_item BLOB, before_row BLOB, before_flags INTEGER NOT NULL,
	before_expires INTEGER,
	domain INTEGER,
	ttl INTEGER NOT NULL,           -- 0 NO, 1 YES, 2 UNKNOWN
	sequence BLOB,                  -- 17 bytes; NULL without one
	time_lo INTEGER, time_hi INTEGER,
	event BLOB,                     -- 8 bytes
	item_key INTEGER,               -- which item, where a lake makes its rows' keys; NULL elsewhere, and for rows
	after_dated INTEGER, before_dated INTEGER,
	row_time INTEGER,               -- lake rows of events: when the event was, where the row says it; else NULL
	closed INTEGER NOT NULL         -- a history's row that ended
);
CREATE TABLE source_group (source INTEGER PRIMARY KEY, export_group INTEGER NOT NULL);   -- files of exports
CREATE TABLE domain_alias (domain INTEGER PRIMARY KEY, same_as INTEGER NOT NULL);        -- nameless ones of a stream

-- ---- Scope, as computed once for all keys

CREATE TABLE scope_export (
	ordinal INTEGER PRIMARY KEY,    -- 1 is the oldest
	export_group INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, complete INTEGER NOT NULL,
	stands_lo INTEGER NOT NULL, stands_hi INTEGER NOT NULL     -- where it stands to windows of series
);
CREATE TABLE scope_domain (
	domain INTEGER PRIMARY KEY, filtered INTEGER NOT NULL,
	kind INTEGER NOT NULL           -- 0 events, 1 net, 2 rows
);
CREATE TABLE scope_net (                -- windows of series; what of one no other kind of domain covers ends at open_hi
	domain INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, open_hi INTEGER NOT NULL
);
CREATE TABLE scope_window (lo INTEGER NOT NULL, hi INTEGER NOT NULL, filtered INTEGER NOT NULL); -- the union: disjoint
CREATE TABLE scope_hole (lo INTEGER NOT NULL, hi INTEGER NOT NULL);
CREATE TABLE policy (                   -- one row
	baseline_empty INTEGER NOT NULL,
	deletes_column INTEGER NOT NULL,   -- deletes: {column}
	ttl_keep INTEGER NOT NULL,         -- ttl: keep
	ambiguous_accept INTEGER NOT NULL,
	as_of INTEGER,                     -- NULL without
	has_lake INTEGER NOT NULL,
	settle_from INTEGER,               -- NULL without
	unreadable INTEGER NOT NULL,
	by_row INTEGER NOT NULL,           -- images are told apart by their row digests only
	retain_out INTEGER, retain_in INTEGER,  -- a date before the one is out of scope, from the other on in it; or NULL
	unmatched INTEGER NOT NULL,        -- an item inside gives no row's key
	events INTEGER NOT NULL            -- a lake of events
);

-- =====================================================================================================================

-- ---- Facts: those that count, numbered in fact order

CREATE TABLE keys (key_id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, key_hash INTEGER NOT NULL);
INSERT INTO keys (key, key_hash) SELECT DISTINCT key, key_hash FROM fact ORDER BY key;

CREATE TABLE counted AS
SELECT row_number() OVER (ORDER BY key_id, kind, ordinal, sequence, time_lo, event, fact.source, record) AS place,
       key_id, kind, damaged, deleted, fact.source AS source, record, "offset", item_key,
       after_state, CASE WHEN by_row AND kind > 0 THEN after_row ELSE after_item END AS after_item, after_row, after_flags,
       after_expires, after_dated,
       before_state, CASE WHEN by_row THEN before_row ELSE before_item END AS before_item, before_row, before_flags,
       before_expires, before_dated,
       2 * coalesce(same_as, fact.domain) + (sequence IS NOT NULL) AS domain, ttl, sequence, time_lo, time_hi, event, ordinal,
       row_time
FROM policy CROSS JOIN fact
JOIN keys ON keys.key = fact.key
LEFT JOIN source_group ON source_group.source = fact.source AND kind = 1
LEFT JOIN scope_export ON scope_export.export_group = source_group.export_group
LEFT JOIN domain_alias ON domain_alias.domain = fact.domain
WHERE CASE kind WHEN 0 THEN has_lake AND NOT closed              -- of a history, what holds now is the item's row
                WHEN 1 THEN ordinal IS NOT NULL                  -- the scope leaves out exports after as_of
                ELSE as_of IS NULL OR time_lo < as_of END;
-- (What of a domain has a sequence and what has none are two domains: 2 n + 1 and 2 n.)
CREATE UNIQUE INDEX counted_place ON counted (place);
CREATE INDEX counted_key ON counted (key_id, kind);

CREATE TABLE domains AS          -- kind: 0 Kinesis and the like, 1 DynamoDB Streams, 2 net, 3 and more rows, each its own
SELECT DISTINCT c.domain, coalesce(filtered, 0) AS filtered, coalesce(kind, 0) = 1 AS net,
       CASE coalesce(kind, 0) WHEN 0 THEN c.domain % 2 WHEN 1 THEN 2 ELSE 3 + c.domain / 2 END AS kind
FROM (SELECT DISTINCT domain FROM counted AS changes WHERE changes.kind = 2) AS c
LEFT JOIN scope_domain ON scope_domain.domain = c.domain / 2;
CREATE TABLE filtered_domain AS SELECT domain FROM domains WHERE filtered;

-- ---- Groups: the changes of one key with one domain and one stamp; group_id ascends in the order of a domain's groups

CREATE TABLE member AS
SELECT dense_rank() OVER (ORDER BY key_id, domain, sequence,
                                   CASE WHEN sequence IS NULL THEN time_lo END,
                                   CASE WHEN sequence IS NULL THEN event END) AS group_id, *
FROM counted WHERE kind = 2;
CREATE UNIQUE INDEX member_place ON member (place);

CREATE TABLE best_member AS
SELECT *, row_number() OVER (PARTITION BY group_id
                             ORDER BY after_state DESC, after_item DESC, after_row DESC, source, record) AS after_rank,
       row_number() OVER (PARTITION BY group_id
                          ORDER BY before_state DESC, before_item DESC, before_row DESC, source, record) AS before_rank
FROM member;
CREATE INDEX best_member_group ON best_member (group_id);

CREATE TABLE group_known AS
SELECT group_id, key_id, domain, sequence, count(*) AS members, min(place) AS first_place,
       min(time_lo) AS time_lo, max(time_hi) AS time_hi,
       CASE WHEN max(ttl = 1) THEN 1 WHEN max(ttl = 2) THEN 2 ELSE 0 END AS ttl, max(damaged) AS damaged,
       (max(after_state = 1) AND max(after_state > 1)) OR count(DISTINCT after_item) > 1
       OR (max(before_state = 1) AND max(before_state > 1)) OR count(DISTINCT before_item) > 1 AS conflict
FROM best_member GROUP BY group_id;

-- ---- Steps: a group with a sequence, or a knot of groups without one whose times overlap; numbered by their first group

CREATE TABLE change_group AS
WITH begun AS (
	SELECT *, sequence IS NOT NULL
	          OR coalesce(max(time_hi) OVER (PARTITION BY key_id, domain ORDER BY group_id
	                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) <= time_lo, 1) AS begins
	FROM group_known
)
SELECT max(CASE WHEN begins THEN g.group_id END) OVER (PARTITION BY g.key_id, g.domain ORDER BY g.group_id) AS step_id,
       g.*, a.source, a.record, a."offset",
       a.after_state, a.after_item, a.after_row, a.after_flags, a.after_expires, a.after_dated,
       b.before_state, b.before_item, b.before_row, b.before_flags, b.before_expires, b.before_dated
FROM begun AS g
JOIN best_member AS a ON a.group_id = g.group_id AND a.after_rank = 1
JOIN best_member AS b ON b.group_id = g.group_id AND b.before_rank = 1;
CREATE UNIQUE INDEX change_group_id ON change_group (group_id);
CREATE INDEX change_group_step ON change_group (step_id);

CREATE TABLE knot AS             -- steps of several groups
SELECT step_id, min(after_state) = max(after_state) AND count(DISTINCT after_item) < 2 AS one_end,
       max(conflict OR damaged) OR count(*) > 64 AS hopeless,
       min(before_state IN (1, 3) AND after_state IN (1, 3)) AS sides_known, sum(after_state = 1) AS deletes
FROM change_group GROUP BY step_id HAVING count(*) > 1;

CREATE TABLE edge AS             -- each group of a knot leads from one state to another
SELECT step_id, before_state, before_item, after_state, after_item
FROM change_group JOIN knot USING (step_id) WHERE sides_known AND NOT hopeless;
CREATE INDEX edge_step ON edge (step_id);

CREATE TABLE balance AS          -- how often each state of a knot is entered more than it is left
SELECT step_id, state, item, sum(entered) AS entered
FROM (SELECT step_id, after_state AS state, after_item AS item, 1 AS entered FROM edge
      UNION ALL SELECT step_id, before_state, before_item, -1 FROM edge)
GROUP BY step_id, state, item;

CREATE TABLE walk AS             -- knots that are one walk from a state to another: all states hang together
WITH RECURSIVE reached AS (
	SELECT step_id, state, item FROM balance WHERE entered = 1
	UNION
	SELECT edge.step_id, CASE WHEN side THEN before_state ELSE after_state END,
	       CASE WHEN side THEN before_item ELSE after_item END
	FROM reached JOIN edge ON edge.step_id = reached.step_id CROSS JOIN (SELECT 0 AS side UNION ALL SELECT 1)
	WHERE CASE WHEN side THEN after_state = state AND after_item IS item
	           ELSE before_state = state AND before_item IS item END
)
SELECT step_id, max(CASE WHEN entered = -1 THEN state END) AS from_state,
       max(CASE WHEN entered = -1 THEN item END) AS from_item,
       max(CASE WHEN entered = 1 THEN state END) AS to_state, max(CASE WHEN entered = 1 THEN item END) AS to_item
FROM balance GROUP BY step_id
HAVING sum(abs(entered)) = 2
   AND count(*) = (SELECT count(*) FROM reached WHERE reached.step_id = balance.step_id);

CREATE TABLE knot_end AS         -- where a knot begins and ends; without a row it is tangled
SELECT knot.step_id, coalesce(from_state, 0) AS from_state, from_item,
       to_state, to_item, walk.step_id IS NULL AS any_group
FROM knot LEFT JOIN walk ON walk.step_id = knot.step_id
WHERE NOT hopeless AND (one_end OR walk.step_id IS NOT NULL)
  AND (deletes < 2 OR to_state = 3);
CREATE UNIQUE INDEX knot_end_step ON knot_end (step_id);

-- The group that a step ends with, as far as one can tell.
CREATE TABLE last_group AS
SELECT g.step_id, max(g.group_id) AS group_id, min(time_lo) AS time_lo, max(time_hi) AS time_hi, count(*) AS groups,
       max(conflict) AS conflict, max(damaged) AS damaged,
       max(CASE WHEN any_group IS NULL OR any_group OR after_state = to_state AND after_item IS to_item
                THEN g.group_id END) AS last_id
FROM change_group AS g LEFT JOIN knot_end ON knot_end.step_id = g.step_id
GROUP BY g.step_id;

-- A step has the sides of its group, or of its knot (`left_`: what it surely left, UNKNOWN when it is tangled), and of the
-- group that it ends with what was before (`last_`).
CREATE TABLE step_known AS
SELECT domains.kind, domains.net, g.step_id, g.key_id, g.domain, g.sequence, g.group_id, g.first_place, g.source, g.record, g."offset", g.ttl,
       s.time_lo, s.time_hi, s.groups, s.conflict, s.damaged, s.groups > 1 AND k.step_id IS NULL AS tangled,
       g.after_state, g.after_item, g.after_row, g.after_flags, g.after_expires, g.after_dated,
       CASE WHEN net THEN 0 ELSE g.before_state END AS last_state, g.before_item AS last_item, g.before_row AS last_row, g.before_flags AS last_flags,
       g.before_expires AS last_expires, g.before_dated AS last_dated,
       CASE WHEN s.groups = 1 THEN g.before_state ELSE coalesce(k.from_state, 0) END AS before_state,
       CASE WHEN s.groups = 1 THEN g.before_item ELSE k.from_item END AS before_item,
       CASE WHEN s.groups = 1 OR k.step_id IS NOT NULL THEN g.after_state ELSE 0 END AS left_state,
       CASE WHEN s.groups = 1 OR k.step_id IS NOT NULL THEN g.after_item END AS left_item
FROM last_group AS s
JOIN change_group AS g ON g.group_id = s.last_id
JOIN domains ON domains.domain = g.domain
LEFT JOIN knot_end AS k ON k.step_id = s.step_id;

-- ---- The decisive snapshot: what each export says of each key, S and S' among those that say something, and W

CREATE TABLE item AS
SELECT *, row_number() OVER (PARTITION BY key_id, ordinal
                             ORDER BY after_state DESC, after_item DESC, after_row DESC, source, record) AS item_rank
FROM counted WHERE kind = 1;
CREATE INDEX item_export ON item (key_id, ordinal, item_rank);

CREATE TABLE item_disputed AS     -- an export with items of one key that are not compatible
SELECT key_id, ordinal FROM item GROUP BY key_id, ordinal
HAVING (max(after_state = 1) AND max(after_state > 1)) OR count(DISTINCT after_item) > 1;

CREATE TABLE says AS
SELECT keys.key_id, scope_export.ordinal, lo, hi,
       coalesce(after_state, complete) AS state,     -- without an item ABSENT (1) if complete, else UNKNOWN (0)
       after_item AS item, after_row AS row, coalesce(after_flags, 0) AS flags, after_expires AS expires,
       after_dated AS dated,
       source, record, "offset"
FROM keys CROSS JOIN scope_export
LEFT JOIN item ON item.key_id = keys.key_id AND item.ordinal = scope_export.ordinal AND item_rank = 1;

CREATE TABLE saying AS
SELECT *, row_number() OVER (PARTITION BY key_id ORDER BY ordinal DESC) AS age FROM says WHERE state > 0;
CREATE INDEX saying_age ON saying (key_id, age);

-- One row a key; S.* is NULL without S, earlier_* without S', w_* without W.
CREATE TABLE snapshot AS
SELECT keys.key_id, s.ordinal, s.lo, s.hi, s.state, s.item, s.row, s.flags, s.expires, s.dated, s.source, s.record, s."offset",
       item_disputed.key_id IS NOT NULL AS conflict,
       EXISTS (SELECT 1 FROM item WHERE item.key_id = keys.key_id AND item.ordinal = s.ordinal AND damaged) AS damaged,
       earlier.lo AS earlier_lo, earlier.state AS earlier_state, earlier.item AS earlier_item,
       w.lo AS w_lo, w.hi AS w_hi, w.filtered AS w_filtered,
       w.lo IS NOT NULL AND earlier.lo IS NOT NULL AND w.lo <= earlier.lo AND earlier.hi <= s.lo AS earlier_counts
FROM keys
LEFT JOIN saying AS s ON s.key_id = keys.key_id AND s.age = 1
LEFT JOIN saying AS earlier ON earlier.key_id = keys.key_id AND earlier.age = 2
LEFT JOIN item_disputed ON item_disputed.key_id = keys.key_id AND item_disputed.ordinal = s.ordinal
LEFT JOIN scope_window AS w ON w.lo <= s.lo AND s.lo <= w.hi;
CREATE UNIQUE INDEX snapshot_key ON snapshot (key_id);

-- The steps, B, I or A against S, and whether a B step counts.
CREATE TABLE step AS
SELECT g.*,
       CASE WHEN s.lo IS NULL THEN 'A'
            WHEN g.time_hi <= s.lo THEN 'B'
            WHEN g.time_lo >= s.hi THEN 'A'
            ELSE 'I' END AS side,
       -- of B steps:
       w_lo IS NOT NULL AND g.time_lo >= w_lo AND (NOT earlier_counts OR g.time_hi > earlier_lo) AS counts
FROM step_known AS g
JOIN snapshot AS s ON s.key_id = g.key_id;
CREATE UNIQUE INDEX step_id ON step (step_id);
CREATE INDEX step_key ON step (key_id);

-- ---- The expected state

CREATE TABLE candidate AS
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY key_id, domain ORDER BY step_id DESC) AS newness
               FROM step WHERE side <> 'B')
WHERE newness = 1;

CREATE TABLE winner AS
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY key_id ORDER BY time_lo DESC, domain DESC) AS standing
               FROM candidate)
WHERE standing = 1;
CREATE UNIQUE INDEX winner_key ON winner (key_id);

-- What makes the winner ambiguous: itself, when it is tangled; and candidates whose order against it is not known, when
-- they end, or may end, in another state.
CREATE TABLE rival AS
SELECT other.*
FROM winner JOIN candidate AS other ON other.key_id = winner.key_id
WHERE CASE WHEN other.step_id = winner.step_id THEN winner.tangled
           ELSE other.time_hi + (other.kind <> winner.kind) * 1000000 > winner.time_lo
                AND (other.tangled OR other.after_state <> winner.after_state OR other.after_item <> winner.after_item) END;

-- Keys all of whose groups are of one unfiltered domain and have a sequence: their groups stand in line.
CREATE TABLE in_line AS
SELECT key_id FROM change_group GROUP BY key_id
HAVING count(DISTINCT domain) = 1 AND count(sequence) = count(*)
   AND max(domain) NOT IN (SELECT domain FROM filtered_domain);
CREATE UNIQUE INDEX in_line_key ON in_line (key_id);

-- The steps that C is of, and what the one before and the one after in line say of the state between, as an image.
CREATE TABLE neighbour AS
SELECT g.key_id, step_id, domain, side, groups, before_state, before_item, left_state AS after_state, left_item AS after_item,
       in_line.key_id IS NOT NULL AND before_state = 2 AS before_open,
       in_line.key_id IS NOT NULL AND left_state = 2 AS after_open,
       lag(step_id) OVER line IS NULL AS first,
       lag(CASE WHEN after_state = 3 THEN after_item END) OVER line AS earlier_item,
       lead(CASE WHEN before_state = 3 THEN before_item END) OVER line AS later_item
FROM step AS g LEFT JOIN in_line ON in_line.key_id = g.key_id
WHERE side <> 'B' OR counts
WINDOW line AS (PARTITION BY g.key_id, domain ORDER BY step_id);
CREATE INDEX neighbour_key ON neighbour (key_id);

-- C, the states that S may have seen.
CREATE TABLE seen AS
WITH earlier AS (
	SELECT key_id, earlier_state AS state, earlier_item AS item FROM snapshot
	WHERE earlier_counts
	  AND NOT EXISTS (SELECT 1 FROM neighbour AS g WHERE g.key_id = snapshot.key_id AND g.side = 'B')
)
SELECT key_id, CASE WHEN after_open AND later_item IS NOT NULL THEN 3 ELSE after_state END AS state,
       CASE WHEN after_open THEN later_item ELSE after_item END AS item
FROM (SELECT *, row_number() OVER (PARTITION BY key_id, domain, side ORDER BY step_id DESC) AS newness FROM neighbour)
WHERE (side = 'I' AND groups = 1) OR (side = 'B' AND newness = 1)
UNION
SELECT g.key_id, CASE WHEN before_open AND coalesce(earlier_item, handed.item) IS NOT NULL THEN 3 ELSE before_state END,
       CASE WHEN before_open THEN coalesce(earlier_item, handed.item) ELSE before_item END
FROM neighbour AS g LEFT JOIN earlier AS handed ON handed.key_id = g.key_id AND g.first
WHERE side = 'I' AND groups = 1
UNION            -- of a knot, whatever its groups say
SELECT g.key_id, g.after_state, g.after_item
FROM neighbour JOIN change_group AS g USING (step_id) WHERE side = 'I' AND groups > 1
UNION
SELECT g.key_id, g.before_state, g.before_item
FROM neighbour JOIN change_group AS g USING (step_id) WHERE side = 'I' AND groups > 1
UNION
SELECT key_id, state, item FROM earlier;
CREATE INDEX seen_key ON seen (key_id);

-- What other exports say that may have been read after the key was decided, and is not what decided it (rule 5).
CREATE TABLE late AS
SELECT s.key_id, e.state, e.item, e.row, e.flags, e.expires, e.dated, e.hi
FROM snapshot AS s LEFT JOIN winner AS w ON w.key_id = s.key_id
JOIN saying AS e ON e.key_id = s.key_id AND e.age > 1
     AND CASE WHEN w.step_id IS NOT NULL
              THEN e.hi > w.time_lo AND NOT (e.state = w.after_state AND e.item IS w.after_item)
                   AND NOT EXISTS (SELECT 1 FROM scope_window AS u WHERE u.lo <= w.time_lo AND u.hi >= e.hi)
              ELSE e.hi > s.lo AND NOT (e.state = s.state AND e.item IS s.item)
                   AND NOT (EXISTS (SELECT 1 FROM scope_window AS u WHERE u.lo <= s.lo AND u.hi >= e.hi)
                            AND EXISTS (SELECT 1 FROM step WHERE step.key_id = s.key_id AND step.time_hi > e.lo)) END;
CREATE INDEX late_key ON late (key_id);

CREATE TABLE backwards AS        -- keys of which rows' sequence and time contradict
SELECT DISTINCT key_id
FROM (SELECT key_id, kind, time_hi, lag(time_lo) OVER (PARTITION BY key_id, domain ORDER BY step_id) AS earlier_lo
      FROM step WHERE side <> 'B')
WHERE kind >= 3 AND earlier_lo - time_hi >= 1000000;

-- Rules 1 to 5: who decides (2 a change, 1 the snapshot, 0 nothing), and whether that is settled.
CREATE TABLE decision AS
SELECT s.key_id,
       CASE WHEN w.step_id IS NOT NULL THEN 2 WHEN s.lo IS NOT NULL THEN 1 ELSE 0 END AS decided_by,
       w.step_id AS winner_id,
       CASE WHEN w.step_id IS NOT NULL THEN w.time_lo ELSE s.lo END AS decided_time,      -- NULL: before all time
       w.side IS 'I' AS inside,
       w.side IS 'I'
       AND NOT EXISTS (SELECT 1 FROM scope_window WHERE scope_window.lo <= w.time_lo AND scope_window.hi >= s.hi)
       AND NOT (w.after_state = s.state AND w.after_item IS s.item)
       AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.key_id = s.key_id AND seen.state = s.state AND seen.item IS s.item)
       AS not_settled,
       EXISTS (SELECT 1 FROM rival WHERE rival.key_id = s.key_id) AS ambiguous,
       EXISTS (SELECT 1 FROM rival WHERE rival.key_id = s.key_id AND groups > 64)
       OR s.key_id IN (SELECT key_id FROM backwards) AS unbounded
FROM snapshot AS s LEFT JOIN winner AS w ON w.key_id = s.key_id;
CREATE UNIQUE INDEX decision_key ON decision (key_id);

-- ---- What contradicts the evidence

CREATE TABLE overlap AS          -- keys whose S is compatible with no member of C
SELECT s.key_id, earlier_counts AS capture_lost
FROM snapshot AS s JOIN seen ON seen.key_id = s.key_id
WHERE w_hi >= hi AND NOT w_filtered
GROUP BY s.key_id
HAVING min((min(s.state, seen.state) = 1 AND max(s.state, seen.state) > 1)
           OR (s.state = 3 AND seen.state = 3 AND s.item <> seen.item));
CREATE UNIQUE INDEX overlap_key ON overlap (key_id);

-- The pairs that must fit: earlier (state, item), later step. Each that does not is a chain break.
CREATE TABLE chain_break AS
WITH held AS (
	SELECT *,
	       lag(side) OVER (PARTITION BY key_id, domain ORDER BY step_id) AS earlier_side,
	       lag(left_state) OVER (PARTITION BY key_id, domain ORDER BY step_id) AS earlier_state,
	       lag(left_item) OVER (PARTITION BY key_id, domain ORDER BY step_id) AS earlier_item,
	       row_number() OVER (PARTITION BY key_id, side = 'B' ORDER BY step_id) AS nth     -- within one domain
	FROM step
), by_key AS (
	SELECT key_id, count(DISTINCT CASE WHEN side <> 'B' THEN domain END) AS deciding,
	       count(DISTINCT domain) AS all_of_them
	FROM step GROUP BY key_id
), pair AS (
	SELECT key_id, step_id, domain, before_state, before_item, earlier_state, earlier_item
	FROM held WHERE earlier_side IS NOT NULL AND side <> 'B' AND NOT (earlier_side = 'B' AND side = 'A')
	UNION ALL
	SELECT held.key_id, step_id, domain, before_state, before_item, s.state, s.item
	FROM held JOIN by_key ON by_key.key_id = held.key_id JOIN snapshot AS s ON s.key_id = held.key_id
	WHERE deciding = 1 AND side = 'A' AND nth = 1 AND s.lo IS NOT NULL
	  AND (NOT net OR EXISTS (SELECT 1 FROM scope_net AS n
	                          WHERE n.domain = held.domain / 2 AND n.lo <= time_lo AND time_lo < n.hi AND n.lo >= s.hi))
	UNION ALL
	SELECT held.key_id, step_id, domain, before_state, before_item, 1, NULL
	FROM held JOIN by_key ON by_key.key_id = held.key_id CROSS JOIN policy
	WHERE all_of_them = 1 AND nth = 1 AND baseline_empty AND NOT EXISTS (SELECT 1 FROM scope_export)
)
SELECT key_id, step_id FROM pair
WHERE domain NOT IN (SELECT domain FROM filtered_domain)
  AND ((min(before_state, earlier_state) = 1 AND max(before_state, earlier_state) > 1)
       OR (before_state = 3 AND earlier_state = 3 AND before_item <> earlier_item));
CREATE INDEX chain_break_key ON chain_break (key_id);

CREATE TABLE broken AS           -- the last in fact order: a group in conflict, or what a step that breaks a chain ends with
SELECT key_id, source, record, "offset"
FROM (SELECT *, row_number() OVER (PARTITION BY key_id ORDER BY first_place DESC) AS lastness
      FROM (SELECT g.key_id, g.first_place, g.source, g.record, g."offset"
            FROM change_group AS g JOIN step USING (step_id) WHERE side <> 'B' AND g.conflict
            UNION
            SELECT key_id, first_place, source, record, "offset" FROM step
            WHERE step_id IN (SELECT step_id FROM chain_break)))
WHERE lastness = 1;
CREATE UNIQUE INDEX broken_key ON broken (key_id);

-- ---- TTL: the last image known of each key, and so which absences may be the TTL service's

CREATE TABLE last_image AS       -- of the last step in fact order that has one, else of the newest export
SELECT key_id, expires, row, flags FROM (
	SELECT *, row_number() OVER (PARTITION BY key_id ORDER BY first_place DESC, ordinal DESC) AS lastness
	FROM (SELECT key_id, first_place, 0 AS ordinal, after_expires AS expires, after_row AS row, after_flags AS flags
	      FROM step WHERE after_state = 3
	      UNION ALL
	      SELECT key_id, first_place, 0, last_expires, last_row, last_flags
	      FROM step WHERE after_state <> 3 AND last_state = 3
	      UNION ALL
	      SELECT key_id, 0, ordinal, expires, row, flags FROM says WHERE state = 3))
WHERE lastness = 1;
CREATE UNIQUE INDEX last_image_key ON last_image (key_id);

-- ---- Older images, for telling which one a stale row is

CREATE TABLE image_side AS       -- every IMAGE side of a change or snapshot item, in fact order
SELECT key_id, 2 * place + 1 AS place, source, record, "offset", ordinal, kind, 0 AS is_before,
       after_row AS row, after_flags AS flags, after_expires AS expires FROM counted WHERE kind > 0 AND after_state = 3
UNION ALL
SELECT key_id, 2 * place, source, record, "offset", ordinal, kind, 1, before_row, before_flags, before_expires
FROM counted WHERE kind = 2 AND before_state = 3;
CREATE INDEX image_side_key ON image_side (key_id, place);

-- ---- The possible states: the expected one first (rank 0), then the others that the evidence allows
--
-- A state comes with its group's TTL mark (S's absence: UNKNOWN), the time by which it was so, and what was before.

CREATE TABLE covered AS          -- events whose rows say a time at which every event was captured
SELECT key_id FROM (SELECT *, row_number() OVER (PARTITION BY key_id ORDER BY place) AS nth FROM counted WHERE kind = 0)
CROSS JOIN policy
WHERE events AND nth = 1
  AND EXISTS (SELECT 1 FROM scope_window WHERE NOT filtered AND lo + 1000000 <= row_time AND row_time < hi - 1000000);

CREATE TABLE stated AS
SELECT d.key_id, 0 AS rank, w.after_state AS state, w.after_item AS item, w.after_row AS row, w.after_flags AS flags,
       w.after_expires AS expires, w.after_dated AS dated, w.ttl AS marked, w.net, w.time_hi AS gone_by,
       w.last_state AS before_state, w.last_row AS before_row, w.last_flags AS before_flags, w.last_dated AS before_dated
FROM decision AS d JOIN winner AS w ON w.key_id = d.key_id
UNION ALL
SELECT d.key_id, 0, s.state, s.item, s.row, s.flags, s.expires, s.dated, 2, 0, s.hi, 0, NULL, 0, NULL
FROM decision AS d JOIN snapshot AS s ON s.key_id = d.key_id WHERE decided_by = 1
UNION ALL
SELECT key_id, 0, baseline_empty OR key_id IN (SELECT key_id FROM covered), NULL, NULL, 0, NULL, NULL, 0, 0, NULL, 0, NULL, 0, NULL
FROM decision CROSS JOIN policy WHERE decided_by = 0
UNION ALL        -- not settled, or a contradiction at the snapshot that the winner is inside of
SELECT d.key_id, 1, s.state, s.item, s.row, s.flags, s.expires, s.dated, 2, 0, s.hi, 0, NULL, 0, NULL
FROM decision AS d JOIN snapshot AS s ON s.key_id = d.key_id
WHERE not_settled OR inside AND d.key_id IN (SELECT key_id FROM overlap)
UNION ALL        -- what another export may have read later
SELECT key_id, 1, state, item, row, flags, expires, dated, 2, 0, hi, 0, NULL, 0, NULL FROM late
UNION ALL        -- ambiguous, accepted or not: where it ends, or may end
SELECT key_id, 1, after_state, after_item, after_row, after_flags, after_expires, after_dated,
       ttl, net, time_hi, last_state, last_row, last_flags, last_dated
FROM rival WHERE NOT tangled
UNION ALL
SELECT g.key_id, 1, g.after_state, g.after_item, g.after_row, g.after_flags, g.after_expires, g.after_dated,
       g.ttl, net, rival.time_hi, CASE WHEN net THEN 0 ELSE g.before_state END, g.before_row, g.before_flags, g.before_dated
FROM rival JOIN change_group AS g USING (step_id) WHERE tangled AND NOT g.conflict
UNION ALL        -- a conflict in a group that may have been the last
SELECT g.key_id, 1, m.after_state, m.after_item, m.after_row, m.after_flags, m.after_expires, m.after_dated,
       g.ttl, net, w.time_hi, CASE WHEN net THEN 0 ELSE g.before_state END, g.before_row, g.before_flags, g.before_dated
FROM (SELECT step_id, net, time_hi FROM winner UNION SELECT step_id, net, time_hi FROM rival WHERE tangled) AS w
JOIN change_group AS g USING (step_id) JOIN best_member AS m ON m.group_id = g.group_id
WHERE g.conflict
UNION ALL        -- a conflict in the snapshot that decides
SELECT d.key_id, 1, i.after_state, i.after_item, i.after_row, i.after_flags, i.after_expires, i.after_dated,
       2, 0, s.hi, 0, NULL, 0, NULL
FROM decision AS d JOIN snapshot AS s ON s.key_id = d.key_id
JOIN item AS i ON i.key_id = d.key_id AND i.ordinal = s.ordinal
WHERE decided_by = 1 AND s.conflict;

-- The TTL mark of each: UNKNOWN only stands where the last image's TTL value had passed, or a net change does not tell
-- of that image. Seconds against microseconds:
-- a value v is at or before t when v <= floor(t / 1 000 000).
CREATE TABLE possible AS
SELECT stated.*,
       CASE WHEN state <> 1 THEN 0
            WHEN marked <> 2 OR net THEN marked
            WHEN last_image.expires <= gone_by / 1000000 - (gone_by % 1000000 < 0) THEN 2
            ELSE 0 END AS ttl
FROM stated LEFT JOIN last_image ON last_image.key_id = stated.key_id;

-- ---- Unproven: the reasons as a set of bits

CREATE TABLE evidence AS         -- counts over the groups of a key
SELECT keys.key_id, count(g.group_id) AS changes, coalesce(sum(members - 1), 0) AS duplicates,
       coalesce(sum(side <> 'B' AND g.conflict), 0) AS conflicts, coalesce(max(side <> 'B' AND g.damaged), 0) AS damaged
FROM keys LEFT JOIN (change_group AS g JOIN step USING (step_id)) ON g.key_id = keys.key_id GROUP BY keys.key_id;
CREATE UNIQUE INDEX evidence_key ON evidence (key_id);

-- A series says of a window only what changed from its begin to its end: an item that came and went within it left no
-- record. So what holds an item within a window, S or a change of another domain, is open to the window's end, as far as no
-- other kind of domain covers it, unless the series says that this is what its last change in the window left.
CREATE TABLE net_hole AS
SELECT d.key_id
FROM decision AS d
JOIN possible AS p ON p.key_id = d.key_id AND p.rank = 0 AND p.state > 1
LEFT JOIN winner AS w ON w.key_id = d.key_id
JOIN (SELECT d.key_id,
             CASE decided_by WHEN 2 THEN w.time_lo - 1000000 ELSE e.stands_lo END AS lo,
             CASE decided_by WHEN 2 THEN w.time_hi + 1000000 ELSE e.stands_hi END AS hi
      FROM decision AS d LEFT JOIN winner AS w ON w.key_id = d.key_id LEFT JOIN snapshot AS s ON s.key_id = d.key_id
      LEFT JOIN scope_export AS e ON e.ordinal = s.ordinal) AS held ON held.key_id = d.key_id
JOIN scope_net AS n ON n.lo < held.hi AND n.hi > held.lo AND n.open_hi > held.lo AND n.open_hi > n.lo
WHERE NOT (decided_by = 2 AND w.domain / 2 = n.domain)
  AND NOT EXISTS (SELECT 1 FROM (SELECT *, max(step_id) FROM step GROUP BY key_id, domain) AS last
                  WHERE last.key_id = d.key_id AND last.domain / 2 = n.domain AND n.lo <= last.time_lo AND last.time_lo < n.hi
                    AND left_state = p.state AND left_item IS p.item);

CREATE TABLE standing AS         -- what stands on a key: items of how many keys, and whether one was ever there
SELECT key_id, count(DISTINCT item_key) > 1 AS collision, max(after_state > 1 OR before_state > 1) AS there
FROM counted WHERE kind > 0 GROUP BY key_id;
CREATE UNIQUE INDEX standing_key ON standing (key_id);

CREATE TABLE in_hole AS          -- what came after may not have been captured; an event has nothing that comes after
SELECT key_id
FROM (SELECT key_id, decided_by = 2 AS by_change,
             EXISTS (SELECT 1 FROM scope_hole WHERE decided_time IS NULL OR scope_hole.hi > decided_time) AS open
      FROM decision) CROSS JOIN policy
WHERE CASE WHEN events THEN NOT by_change AND (unreadable OR open AND key_id NOT IN (SELECT key_id FROM covered))
           ELSE unreadable OR open OR key_id IN (SELECT key_id FROM net_hole) END;

CREATE TABLE doubts AS
SELECT d.key_id,
       (p.state = 0) * 1                                                       -- STATE
       | (p.state = 2) * 2                                                     -- IMAGE, but for what `chained` adds
       | (d.key_id IN (SELECT key_id FROM in_hole)) * 4                        -- HOLE
       | (not_settled OR d.key_id IN (SELECT key_id FROM late)) * 8            -- NOT_SETTLED
       | (unbounded OR ambiguous AND NOT ambiguous_accept) * 16                -- AMBIGUOUS
       | (conflicts > 0 OR s.conflict) * 32                                    -- CONFLICT
       | (d.key_id IN (SELECT key_id FROM chain_break)) * 64                   -- CHAIN
       | (d.key_id IN (SELECT key_id FROM overlap)) * 128                      -- OVERLAP
       | (e.damaged OR s.damaged) * 256                                        -- DAMAGED
       | coalesce(collision, 0) * 512 AS unproven                              -- COLLISION
FROM decision AS d
JOIN possible AS p ON p.key_id = d.key_id AND p.rank = 0
JOIN evidence AS e ON e.key_id = d.key_id
JOIN snapshot AS s ON s.key_id = d.key_id
LEFT JOIN standing ON standing.key_id = d.key_id
CROSS JOIN policy;
CREATE UNIQUE INDEX doubts_key ON doubts (key_id);

-- ---- The last image of an item that is gone, where not the delete itself but the chain proves it

CREATE TABLE in_order AS         -- each step with the one before it in its domain; NULL without one
SELECT key_id, step_id, lag(side) OVER earlier AS earlier_side, lag(after_state) OVER earlier AS earlier_state,
       lag(after_row) OVER earlier AS earlier_row, lag(after_flags) OVER earlier AS earlier_flags,
       lag(after_dated) OVER earlier AS earlier_dated, lag(time_lo) OVER earlier AS earlier_time
FROM step
WINDOW earlier AS (PARTITION BY key_id, domain ORDER BY step_id);

CREATE TABLE alone AS            -- keys whose groups in I and A are of one unfiltered domain and all have a sequence
SELECT key_id, count(*) AS groups FROM step WHERE side <> 'B'
GROUP BY key_id
HAVING count(DISTINCT domain) = 1 AND count(sequence) = count(*)
   AND max(domain) NOT IN (SELECT domain FROM filtered_domain);

CREATE TABLE chained AS
SELECT w.key_id, CASE WHEN o.earlier_side <> 'B' THEN o.earlier_row ELSE s.row END AS row,
       CASE WHEN o.earlier_side <> 'B' THEN o.earlier_flags ELSE s.flags END AS flags,
       CASE WHEN o.earlier_side <> 'B' THEN o.earlier_dated ELSE s.dated END AS dated
FROM winner AS w
JOIN alone ON alone.key_id = w.key_id
JOIN in_order AS o ON o.step_id = w.step_id
JOIN snapshot AS s ON s.key_id = w.key_id
JOIN doubts ON doubts.key_id = w.key_id
WHERE unproven = 0
  AND CASE WHEN o.earlier_side <> 'B'
           THEN o.earlier_state = 3
                AND EXISTS (SELECT 1 FROM scope_window AS reach WHERE reach.lo <= o.earlier_time AND w.time_lo <= reach.hi)
           ELSE alone.groups = 1 AND w.side = 'A' AND s.state = 3 AND w_hi >= w.time_lo AND NOT w_filtered END;
CREATE UNIQUE INDEX chained_key ON chained (key_id);

-- ---- What the lake must hold, by the table of the page, for every possible state

-- Which image a live row must hold: `image_known` says whether that is proven; `image` is its row digest, NULL when lossy
-- or mistyped (it equals no row); `guess` that of the last known image, where TTL is unknown and nothing is proven. `age` is
-- that of the image that is asked for: 0 out of scope, 1 at the edge, 2 in scope.
CREATE TABLE demand AS
SELECT p.key_id, rank, state, item, p.row, p.flags, p.expires, p.dated, ttl,
       CASE WHEN state = 0 THEN 'ANY'
            WHEN state > 1 THEN 'ROW'
            WHEN ttl_keep AND ttl = 1 THEN 'ROW'
            WHEN ttl_keep AND ttl = 2 THEN 'ANY'
            ELSE 'NONE' END AS demands,
       state = 3 OR (state = 1 AND (before_state = 3 OR chained.key_id IS NOT NULL)) AS image_known,
       CASE WHEN state = 3 THEN CASE WHEN p.flags = 0 THEN p.row END
            WHEN state <> 1 THEN NULL
            WHEN before_state = 3 THEN CASE WHEN before_flags = 0 THEN before_row END
            WHEN chained.flags = 0 THEN chained.row END AS image,
       CASE WHEN CASE WHEN state = 3 THEN p.dated WHEN before_state = 3 THEN before_dated ELSE chained.dated END < retain_out THEN 0
            WHEN CASE WHEN state = 3 THEN p.dated WHEN before_state = 3 THEN before_dated ELSE chained.dated END < retain_in THEN 1
            ELSE 2 END AS age,
       CASE WHEN ttl = 2 AND last_image.flags = 0 THEN last_image.row END AS guess
FROM possible AS p
LEFT JOIN chained ON chained.key_id = p.key_id AND rank = 0
LEFT JOIN last_image ON last_image.key_id = p.key_id
CROSS JOIN policy;
CREATE INDEX demand_key ON demand (key_id, rank);

CREATE TABLE reasons AS          -- a kept last image that is not proven is a reason too
SELECT doubts.key_id, unproven | (ttl_keep AND p.state = 1 AND p.ttl = 1 AND NOT p.image_known) * 2 AS unproven
FROM doubts JOIN demand AS p ON p.key_id = doubts.key_id AND rank = 0 CROSS JOIN policy;
CREATE UNIQUE INDEX reasons_key ON reasons (key_id);

CREATE TABLE lake AS             -- one row a key; `youngest` as `age` above, -1 without rows
SELECT keys.key_id, count(place) AS rows, coalesce(sum(deleted), 0) AS rows_deleted, min(place) AS first_place,
       max(CASE WHEN place IS NULL THEN -1 WHEN after_dated < retain_out THEN 0 WHEN after_dated < retain_in THEN 1 ELSE 2 END)
       AS youngest
FROM policy CROSS JOIN keys LEFT JOIN counted ON counted.key_id = keys.key_id AND kind = 0
GROUP BY keys.key_id;
CREATE UNIQUE INDEX lake_key ON lake (key_id);

CREATE TABLE lake_first AS
SELECT lake.key_id, rows, rows_deleted, youngest, source, record, "offset", after_row AS row, after_expires AS expires,
       CASE WHEN rows = 0 THEN 'none' WHEN deleted THEN 'soft' ELSE 'live' END AS holds    -- of its first row
FROM lake LEFT JOIN counted ON counted.place = lake.first_place;
CREATE UNIQUE INDEX lake_first_key ON lake_first (key_id);

-- Whether the lake is what a state asks for: 2 yes, 0 no, 1 that cannot be told: a live row of a state whose image is not
-- known, or no row in scope. `spares`: it asks nothing.
CREATE TABLE asked AS
SELECT *, demands = 'ROW' AND image_known AND (age = 0 AND youngest < 2 OR age = 1 AND youngest < 1)
          OR state = 1 AND youngest IN (0, 1) AS spares
FROM demand JOIN (SELECT key_id AS of_key, youngest FROM lake) ON of_key = key_id;
CREATE INDEX asked_key ON asked (key_id, rank);

CREATE TABLE answer AS
SELECT asked.key_id, rank, spares,
       CASE WHEN state = 0 OR spares THEN 2
            WHEN demands = 'ROW' AND NOT image_known AND retain_in IS NOT NULL AND lake_first.youngest < 2 THEN 1
            WHEN rows > 1 THEN 0
            WHEN holds = 'none' THEN (demands <> 'ROW') * 2
            WHEN holds = 'soft' THEN (demands <> 'ROW' AND deletes_column) * 2
            WHEN demands = 'NONE' THEN 0
            WHEN lake_first.row = image THEN 2
            WHEN image_known THEN 0
            WHEN lake_first.row = guess THEN 2
            ELSE 1 END AS answered
FROM asked JOIN lake_first ON lake_first.key_id = asked.key_id CROSS JOIN policy;
CREATE INDEX answer_key ON answer (key_id, rank);

-- ---- Judging a key: the first step that applies

CREATE TABLE judged AS
SELECT d.key_id,
       CASE WHEN rows = 0 AND NOT knows THEN 'nothing known'
            WHEN NOT has_lake THEN 'no lake'
            WHEN rows > 1 AND NOT (youngest < 2 AND expected.answered > 0) THEN 'duplicate rows'
            WHEN expected.answered = 2 THEN 'as expected'
            WHEN unbounded OR unproven & (1 | 4 | 256 | 512) THEN 'as is possible'   -- STATE, HOLE, DAMAGED, COLLISION
            WHEN EXISTS (SELECT 1 FROM answer WHERE answer.key_id = d.key_id AND answered = 2) THEN 'as is possible'
            WHEN EXISTS (SELECT 1 FROM answer WHERE answer.key_id = d.key_id AND answered = 1) THEN 'image not known'
            WHEN decided_by = 2 AND settle_from IS NOT NULL AND w.time_hi > settle_from THEN 'not settled'
            WHEN ttl_keep AND NOT knows AND holds = 'live'
                 AND lake_first.expires < unseen_hi / 1000000 + (unseen_hi % 1000000 > 0) THEN 'archived'
            WHEN ttl_keep AND p.state = 1 AND holds = 'live'
                 AND EXISTS (SELECT 1 FROM scope_net AS n
                             WHERE n.open_hi > n.lo AND (decided_time IS NULL OR n.open_hi > decided_time)
                               AND lake_first.expires < n.open_hi / 1000000 + (n.open_hi % 1000000 > 0)) THEN 'archived'
            WHEN unmatched AND demands = 'NONE' AND p.ttl <> 1 AND NOT knows THEN 'perhaps its'
            ELSE 'different' END AS step,
       unproven, rows, holds, knows, coalesce(there, 0) AS there, CASE WHEN spares THEN 'ANY' ELSE demands END AS demands,
       p.ttl AS ttl, has_lake, p.state AS state, youngest
FROM decision AS d
JOIN reasons ON reasons.key_id = d.key_id
JOIN lake_first ON lake_first.key_id = d.key_id
JOIN demand AS p ON p.key_id = d.key_id AND p.rank = 0
JOIN answer AS expected ON expected.key_id = d.key_id AND expected.rank = 0
JOIN (SELECT key_id, EXISTS (SELECT 1 FROM counted WHERE counted.key_id = keys.key_id AND kind > 0) AS knows
      FROM keys) AS k ON k.key_id = d.key_id
-- Before which no source could have seen that TTL removed the key; NULL without S.
JOIN (SELECT key_id, CASE WHEN w_lo IS NOT NULL AND NOT w_filtered THEN w_lo ELSE hi END AS unseen_hi
      FROM snapshot) AS u ON u.key_id = d.key_id
LEFT JOIN winner AS w ON w.key_id = d.key_id
LEFT JOIN standing ON standing.key_id = d.key_id
CROSS JOIN policy;
CREATE UNIQUE INDEX judged_key ON judged (key_id);

CREATE TABLE stale AS            -- the last image of the key that the lake's live row is
SELECT * FROM (
	SELECT image_side.*,
	       row_number() OVER (PARTITION BY image_side.key_id ORDER BY image_side.place DESC) AS lastness
	FROM judged JOIN lake_first ON lake_first.key_id = judged.key_id
	JOIN image_side ON image_side.key_id = judged.key_id
	WHERE step = 'different' AND judged.holds = 'live' AND image_side.flags = 0 AND image_side.row = lake_first.row)
WHERE lastness = 1;
CREATE UNIQUE INDEX stale_key ON stale (key_id);

CREATE TABLE verdict AS
SELECT judged.key_id,
       CASE step WHEN 'nothing known' THEN 'NOTHING'
                 WHEN 'no lake' THEN CASE WHEN unproven THEN 'UNPROVEN' WHEN state > 1 THEN 'EQUAL' WHEN there THEN 'DELETED' ELSE 'NOTHING' END
                 WHEN 'as expected' THEN CASE WHEN unproven THEN 'UNPROVEN' WHEN demands = 'ANY' THEN 'OUT_OF_SCOPE'
                                              WHEN holds = 'live' THEN 'EQUAL'
                                              WHEN there OR rows > 0 THEN 'DELETED' ELSE 'NOTHING' END
                 WHEN 'as is possible' THEN CASE WHEN unproven THEN 'UNPROVEN'
                                                 WHEN youngest IN (0, 1) THEN 'OUT_OF_SCOPE'
                                                 WHEN holds = 'live' THEN 'EQUAL'
                                                 WHEN there OR rows > 0 THEN 'DELETED' ELSE 'NOTHING' END
                 WHEN 'image not known' THEN 'UNPROVEN'
                 WHEN 'not settled' THEN 'UNPROVEN'
                 WHEN 'perhaps its' THEN 'UNPROVEN'
                 WHEN 'archived' THEN 'OUT_OF_SCOPE'
                 ELSE 'DIFFERENT' END AS class,
       CASE WHEN step = 'duplicate rows' THEN 'duplicate'
            WHEN step <> 'different' THEN NULL
            WHEN demands = 'ROW' AND rows = 0 THEN 'missing'
            WHEN demands = 'NONE' AND ttl = 1 THEN 'zombie_ttl'
            WHEN demands = 'NONE' AND knows THEN 'zombie'
            WHEN demands = 'NONE' THEN 'phantom'
            WHEN stale.key_id IS NOT NULL THEN 'stale'
            ELSE 'differs' END AS finding,
       unproven | (step = 'perhaps its') | (step = 'not settled') * 8 | (step = 'image not known') * 2 AS unproven
FROM judged LEFT JOIN stale ON stale.key_id = judged.key_id;
CREATE UNIQUE INDEX verdict_key ON verdict (key_id);

CREATE TABLE missed AS           -- the changes after the stale image, by their first members
SELECT stale.key_id, row_number() OVER (PARTITION BY stale.key_id ORDER BY g.first_place) AS nth,
       m.source, m.record, m."offset"
FROM verdict
JOIN stale ON stale.key_id = verdict.key_id
JOIN change_group AS g ON g.key_id = stale.key_id
JOIN counted AS m ON m.place = g.first_place
LEFT JOIN scope_export ON scope_export.ordinal = stale.ordinal
WHERE finding = 'stale'
  AND (g.first_place > stale.place / 2
       OR stale.is_before AND g.group_id = (SELECT group_id FROM member WHERE member.place = stale.place / 2))
  AND (stale.kind = 2 OR m.time_hi > scope_export.lo);
CREATE INDEX missed_key ON missed (key_id, nth);

-- ---- The outcome, one row a key

CREATE VIEW judgement AS
SELECT keys.key, key_hash,
       p.state AS expected_state, p.item AS expected_item, p.row AS expected_row, p.flags AS expected_flags,
       p.expires AS expected_expires, p.dated AS expected_dated,
       p.ttl,
       decided_by, decided_time,
       CASE decided_by WHEN 2 THEN w.source WHEN 1 THEN s.source END AS decided_source,
       CASE decided_by WHEN 2 THEN w.record WHEN 1 THEN s.record END AS decided_record,
       CASE decided_by WHEN 2 THEN w."offset" WHEN 1 THEN s."offset" END AS decided_offset,
       verdict.unproven,
       changes, duplicates, conflicts + s.conflict AS conflicts,
       (SELECT count(*) FROM chain_break WHERE chain_break.key_id = keys.key_id) AS chain_breaks,
       overlap.key_id IS NOT NULL AS overlap,
       coalesce(overlap.capture_lost, 0) AS capture_lost,
       CASE WHEN broken.key_id IS NOT NULL THEN broken.source WHEN s.conflict THEN s.source END AS broken_source,
       CASE WHEN broken.key_id IS NOT NULL THEN broken.record WHEN s.conflict THEN s.record END AS broken_record,
       CASE WHEN broken.key_id IS NOT NULL THEN broken."offset" WHEN s.conflict THEN s."offset" END AS broken_offset,
       CASE WHEN p.spares THEN 'ANY' ELSE p.demands END AS lake_expected,
       l.rows AS lake_rows, l.rows_deleted AS lake_rows_deleted,
       (SELECT count(*) FROM counted
        WHERE counted.key_id = keys.key_id AND kind = 0 AND NOT deleted
          AND p.demands = 'ROW' AND NOT p.spares AND after_row = p.image) AS lake_rows_equal,
       l.source AS lake_source, l.record AS lake_record, l."offset" AS lake_offset, l.row AS lake_row,
       class, finding,
       CASE WHEN finding = 'stale' THEN stale.source END AS stale_source,
       CASE WHEN finding = 'stale' THEN stale.record END AS stale_record,
       CASE WHEN finding = 'stale' THEN stale."offset" END AS stale_offset,
       coalesce(finding = 'stale' AND stale.is_before, 0) AS stale_before,
       (SELECT count(*) FROM missed WHERE missed.key_id = keys.key_id) AS missed,
       keys.key_id
FROM keys
JOIN decision ON decision.key_id = keys.key_id
JOIN asked AS p ON p.key_id = keys.key_id AND p.rank = 0
JOIN snapshot AS s ON s.key_id = keys.key_id
JOIN evidence ON evidence.key_id = keys.key_id
JOIN lake_first AS l ON l.key_id = keys.key_id
JOIN verdict ON verdict.key_id = keys.key_id
LEFT JOIN winner AS w ON w.key_id = keys.key_id
LEFT JOIN overlap ON overlap.key_id = keys.key_id
LEFT JOIN broken ON broken.key_id = keys.key_id
LEFT JOIN stale ON stale.key_id = keys.key_id;
