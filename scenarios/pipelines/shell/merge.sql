-- The records and the export of one batch into the state, which has the newest change of every key; then what the
-- table's rows must become. The parameters are in the table parameter: cut, the time in seconds up to which an export
-- decides (a minute before its own), or null; has_export, 1 when this batch has one; arrival, 1 for the planted bug.
CREATE TABLE IF NOT EXISTS state(key TEXT PRIMARY KEY, seq TEXT, time INTEGER, removed INTEGER, keys TEXT, image TEXT);
CREATE TABLE IF NOT EXISTS reach(cut INTEGER);
CREATE TEMP TABLE touched(key TEXT PRIMARY KEY);

-- An export decides what no change after its cut does: its items are there, and what it lacks is not.
CREATE TEMP TABLE item AS
	SELECT line ->> 'key' key, line -> 'keys' keys, line -> 'image' image FROM exported;
CREATE INDEX temp.item_key ON item(key);
INSERT INTO touched SELECT key FROM state
	WHERE (SELECT has_export FROM parameter) AND NOT removed AND coalesce(time, 0) < (SELECT cut FROM parameter)
	AND key NOT IN (SELECT key FROM item);
UPDATE state SET removed = 1, image = NULL WHERE key IN (SELECT key FROM touched);
INSERT INTO touched SELECT key FROM item
	WHERE key NOT IN (SELECT key FROM state WHERE coalesce(time, 0) >= (SELECT cut FROM parameter));
INSERT OR REPLACE INTO state SELECT key, NULL, NULL, 0, keys, image FROM item WHERE key IN (SELECT key FROM touched);
INSERT INTO reach SELECT cut FROM parameter WHERE has_export;

-- Of the changes of a key the one with the greatest sequence number counts, if it beats the state.
CREATE TEMP TABLE change AS
	SELECT line ->> 'key' key, line ->> 'seq' seq, line ->> 'time' time, line ->> 'remove' remove,
		line -> 'keys' keys, line -> 'image' image, row_number() OVER () place
	FROM incoming WHERE (line ->> 'time') >= coalesce((SELECT max(cut) FROM reach), 0);
CREATE TEMP TABLE newest AS
	SELECT * FROM (
		SELECT *, row_number() OVER (PARTITION BY key ORDER BY
			CASE WHEN (SELECT arrival FROM parameter) THEN '' ELSE seq END DESC, place DESC) rank
		FROM change)
	WHERE rank = 1;
DELETE FROM newest WHERE NOT (SELECT arrival FROM parameter)
	AND seq <= (SELECT coalesce(state.seq, '') FROM state WHERE state.key = newest.key);
INSERT OR IGNORE INTO touched SELECT key FROM newest;
INSERT OR REPLACE INTO state
	SELECT key, seq, time, remove, keys, CASE WHEN remove THEN NULL ELSE image END FROM newest;

.mode list
.once upsert.jsonl
SELECT image FROM state WHERE key IN (SELECT key FROM touched) AND NOT removed;
.once delete.jsonl
SELECT keys FROM state WHERE key IN (SELECT key FROM touched) AND removed;
