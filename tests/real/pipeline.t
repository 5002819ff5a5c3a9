#!/bin/bash
# Real Spark reads what the embedded pipeline wrote: every row is what `lakeproof generate` says is true, and Spark can go on
# working on the table.
source "$(dirname "$(realpath "$0")")/lib.sh"
WORK=$REAL/pipeline
mkdir -p "$WORK"

# generate NAME OPTIONS...: a history under $WORK/NAME.
generate() { "$LAKEPROOF" generate --quiet --truth full "${@:2}" "$WORK/$1"; }

# pipeline NAME OPTIONS...: applies what is new to the table $WORK/NAME/lake.
pipeline()
{
	"$PIPELINE" --quiet --table "$WORK/$1/lake" --columns "$WORK/$1/columns.txt" --export "$WORK/$1"/AWSDynamoDB/0* \
		--events "$WORK/$1/events" "${@:2}"
}

truth() { sqlite3 "$WORK/$1/truth.sqlite" "$2"; }
on_lake() { spark_on "$WORK/$1/lake"; }

# Items as rows: {column: text or null, …}, sets in order, numbers as canonical text.
order_rows()
{
	truth orders "SELECT item_json FROM item WHERE state = 'live'" | jq -cS '{pk: .pk.S, sk: .sk.N, status: .status.S, amount: .amount.N,
		quantity: .quantity.N, active: .active.BOOL, tags: (if .tags then (.tags.SS | sort) else null end), street: .addr.M.street.S,
		city: .addr.M.city.S, notes: .notes.S, payload: .payload.B, created_at: .created_at.S,
		history: (if .history then (.history.L | map(.S)) else null end), expires_at: .expires_at.N}' | sort
}

order_rows_by_spark()
{
	on_lake orders <<'SQL' | jq -cS . | sort
SELECT pk, string(sk) AS sk, status, regexp_replace(string(amount), '[.]?0+$', '') AS amount, string(quantity) AS quantity, active,
	array_sort(tags) AS tags, street, city, notes, payload, created_at, history, string(expires_at) AS expires_at
FROM delta.`${LAKE}`;
SQL
}

rows_are_true()
{
	order_rows >"$WORK/orders.truth" && order_rows_by_spark >"$WORK/orders.spark" || return 1
	[ "$(wc -l <"$WORK/orders.truth")" -gt 1000 ] || { echo 'too few rows'; return 1; }
	diff "$WORK/orders.truth" "$WORK/orders.spark" | head -20
	cmp "$WORK/orders.truth" "$WORK/orders.spark"
}

# The sum of integers is exact in SQLite.
aggregates_are_true()
{
	truth orders "SELECT item_json ->> '$.status.S' AS status, count(*), sum(CAST(item_json ->> '$.quantity.N' AS INTEGER)) FROM item
		WHERE state = 'live' GROUP BY 1 ORDER BY 1" >"$WORK/orders.sums"
	[ -s "$WORK/orders.sums" ] || return 1
	on_lake orders <<<'SELECT coalesce(status, "") AS status, count(*) AS rows, sum(quantity) AS quantity FROM delta.`${LAKE}` GROUP BY 1 ORDER BY 1;' |
		jq -r '"\(.status)|\(.rows)|\(.quantity // "")"' | diff "$WORK/orders.sums" -
}

versions() { on_lake "$1" <<<'DESCRIBE HISTORY delta.`${LAKE}`;' | jq -s 'map(.version) | max'; }

runs_again_without_a_commit()
{
	local before
	before=$(versions orders) && pipeline orders && [ "$before" -gt 3 ] && [ "$(versions orders)" -eq "$before" ]
}

# Rows of an earlier version, as the pipeline's first commits left it.
travels_in_time()
{
	on_lake orders <<<'SELECT count(*) AS rows FROM delta.`${LAKE}` VERSION AS OF 1;' | jq -e '.rows > 0'
}

# Rows that Spark wrote itself in the midst of the pipeline's.
spark_rewrites()
{
	sed "s|\${VERSION}|$VERSION|" <<'SQL' | on_lake orders
OPTIMIZE delta.`${LAKE}`;
DELETE FROM delta.`${LAKE}` WHERE quantity = 7;
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` VERSION AS OF ${VERSION} WHERE quantity = 7;
SQL
}

reconciles()
{
	"$LAKEPROOF" reconcile --quiet "$WORK/$1/contract.yaml"
}

# Live rows as the truth has them, and a marked row for each item that the pipeline saw deleted.
soft_deletes_are_true()
{
	truth soft "SELECT pk || char(9) || sk FROM item WHERE state = 'live'" | sort >"$WORK/soft.truth"
	on_lake soft <<<'SELECT pk, string(sk) AS sk FROM delta.`${LAKE}` WHERE is_deleted IS NULL OR NOT is_deleted;' |
		jq -r '"\(.pk)\t\(.sk)"' | sort | diff "$WORK/soft.truth" - || return 1
	truth soft "SELECT pk || char(9) || sk FROM item WHERE state <> 'live'" | sort >"$WORK/soft.gone"
	on_lake soft <<<'SELECT pk, string(sk) AS sk FROM delta.`${LAKE}` WHERE is_deleted;' | jq -r '"\(.pk)\t\(.sk)"' | sort >"$WORK/soft.marked"
	[ -s "$WORK/soft.marked" ] && [ -z "$(comm -13 "$WORK/soft.gone" "$WORK/soft.marked")" ]
}

bug_shows()
{
	cp -r "$WORK/orders/lake" "$WORK/lake.good" && rm -r "$WORK/orders/lake" && pipeline orders --bug "$1" || return 1
	rows_are_true >/dev/null && { echo "the bug '$1' makes no difference to Spark"; return 1; }
	reconciles orders >/dev/null
	[ $? -eq 1 ]
}

need generate orders --preset orders --items 4000 --changes 3000 --duplicates 2% --shuffle 50 --replay 3
need pipeline orders
point "Spark reads each row as the truth has it" rows_are_true
point "Spark's aggregates are the truth's" aggregates_are_true
point "Spark reads an earlier version" travels_in_time
point "the pipeline, run again, commits nothing" runs_again_without_a_commit
VERSION=$(versions orders)
point "lakeproof agrees" reconciles orders
point "Spark compacts, deletes and inserts" spark_rewrites
point "lakeproof agrees with what Spark made of it" reconciles orders
need generate soft --preset kitchen-sink --items 1000 --changes 1500 --ttl 5%
need pipeline soft --deletes column:is_deleted --partition flag
point "a partitioned table with soft deletes reads as the truth has it" soft_deletes_are_true
point "a planted bug shows in Spark, and to lakeproof" bug_shows "$("$PIPELINE" --list-bugs | awk 'NR == 1 { print $1 }')"
finish
