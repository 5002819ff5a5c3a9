#!/usr/bin/env bats
# A lake that keeps only what is young (`scope:`): what is old on both sides is counted and not judged, what is young on
# either is judged, and for a day round the edge a row may be there or not.

load helper
load by_hand

exported=1760003600
label=2025-10-09T08:00:00.000
edge=$((exported + 600 - 90 * 86400)) # of as_of, 90 days before
young=$((edge + 86400))
old=$((edge - 86401))

item() { # KEY V CREATED, seconds; none without
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}%s}' "$1" "$2" "${3:+,\"created\":{\"N\":\"${3}000\"\}}"
}

change() { # SECONDS NAME KEY [NEW [OLD]]: to the events
	record $label $((exported + $1)) "$2" \
		"\"Keys\":{\"pk\":{\"S\":\"$3\"}}${4:+,\"NewImage\":$4}${5:+,\"OldImage\":$5}"
}

contract() { # [SCOPE [COLUMN [MORE]]]
	cat >"$dir/contract.yaml" <<-END
		version: 1
		table: t
		as_of: $(at $((exported + 600)))
		key:
		  - {attribute: pk, type: S}
		sources:
		  - {export: "AWSDynamoDB/$export_id"}
		  - {events: events, from: $(at $((exported - 200)))}
		lake:
		  delta: lake
		  scope: ${1:-"{attribute: created, unit: ms, within: 90d\}"}
		  columns:
		    - {column: pk, attribute: pk, type: string}
		    - {column: v, attribute: v, type: string}
		    - ${2:-"{column: created, attribute: created, type: bigint\}"}
		${3-}
	END
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' 'created bigint created' >"$dir/columns.txt"
	write_export "$dir" $exported "$(item young A $young)" "$(item early A $edge)" "$(item late A $((young - 1)))" \
		"$(item old A $old)" "$(item older A 1000000000)"
	change 599 MODIFY young "$(item young B $young)" "$(item young A $young)"
	contract
}

judged() { # VERDICT IDS OUT_OF_SCOPE EQUAL
	reconcile "$dir"
	echo "exit $status, $(field '[.verdict, .scope, .reasons, .findings_by_id, .counts]')"
	[ "$(field .verdict)" = "$1" ]
	[ "$(others)" = "$2" ]
	[ "$(field '.counts | [.out_of_scope, .equal] | join(" ")')" = "$3 $4" ]
}

@test "old items may be gone, or be there and say anything; at the edge they may be gone" {
	write_lake "$(item young B $young)"
	judged PASS "" 4 1
	[[ "$(field .scope)" == *"not older than $(at $edge | sed 's/\.000//') by created" ]]
	write_lake "$(item young B $young)" "$(item early A $edge)" "$(item old Z $old)" "$(item older Z 500000000)"
	judged PASS "" 3 2
}

@test "young items may not be gone, and what is there at the edge is right" {
	write_lake "$(item old A $old)"
	judged FAIL row.missing 4 0
	write_lake "$(item young A $young)" "$(item late Z $edge)"
	judged FAIL "row.differs row.stale" 3 0
}

@test "a row goes by its own date: old ones that nobody knows, or that are deleted, are out of scope" {
	change 599 REMOVE old
	write_lake "$(item young B $young)" "$(item old A $old)" "$(item nobody A $old)"
	judged PASS "" 5 1
	write_lake "$(item young B $young)" "$(item old A $young)" "$(item nobody A $young)"
	judged FAIL "row.phantom row.zombie" 3 1
}

@test "a row that says young of an old item is wrong, and so is one that says old of a young item" {
	write_lake "$(item young B $young)" "$(item old A $young)"
	judged FAIL row.differs 3 1
	write_lake "$(item young B $old)"
	judged FAIL row.differs 4 0
}

@test "a change of the date moves an item over the edge, and the lake has to follow" {
	change 599 MODIFY old "$(item old A $young)" "$(item old A $old)"
	change 599 MODIFY late "$(item late A $old)" "$(item late A $((young - 1)))"
	write_lake "$(item young B $young)" "$(item old A $old)"
	judged FAIL row.stale 3 1
	write_lake "$(item young B $young)"
	judged FAIL row.missing 3 1
	write_lake "$(item young B $young)" "$(item old A $young)"
	judged PASS "" 3 2
}

@test "an item or a row without a date is judged, and told" {
	change 599 INSERT undated "$(item undated A)"
	write_lake "$(item young B $young)"
	judged FAIL "row.missing scope.undated" 4 1
	write_lake "$(item young B $young)" "$(item undated A)" "$(item old A)"
	judged FAIL "row.differs scope.undated" 3 2
	write_lake "$(item young B $young)" "$(item undated A)"
	judged PASS "scope.undated" 4 2
}

@test "no date is before February 1970: what stands for none, or is in a smaller unit, does not hide what the lake lacks" {
	local created
	for created in -1 -86400000 -62135596800000 $young 0 2678399999; do
		rm -rf "$dir/AWSDynamoDB" "$dir/.lakeproof"
		write_export "$dir" $exported "$(item young A $young)" \
			"{\"pk\":{\"S\":\"a\"},\"v\":{\"S\":\"A\"},\"created\":{\"N\":\"$created\"}}"
		contract
		write_lake "$(item young B $young)"
		judged FAIL "row.missing scope.undated" 0 1
	done
}

@test "dates that are all in another unit are no dates, which is no PASS" {
	contract "{attribute: created, unit: us, within: 90d}"
	change 599 REMOVE late
	write_lake "$(item young B $young)"
	judged FAIL "row.missing scope.undated" 0 1
	[ "$(field '.findings_by_id["scope.undated"]')" -eq 4 ]
}

@test "without as_of the edge is before the table version's commit" {
	write_lake "$(item young B $young)"
	sed -i '/^as_of/d' "$dir/contract.yaml"
	judged UNKNOWN "" 5 0
	[[ "$(field '.reasons | join(" ")')" == *"out of the lake's scope"* ]]
}

@test "a later edge needs no source read again, and judges by the new one" {
	write_lake "$(item young B $young)"
	judged PASS "" 4 1
	sed -i "s/within: 90d/within: 93d/" "$dir/contract.yaml"
	judged FAIL row.missing 1 1
	[ "$(field '.findings_by_id["row.missing"]')" -eq 3 ]
}

@test "dates are told from times as text and as timestamps too" {
	local text
	printf '%s\n' 'pk string pk key' 'v string v' 'created timestamp created' >"$dir/columns.txt"
	iso() { printf '{"pk":{"S":"%s"},"v":{"S":"A"},"created":{"S":"%s"}}' "$1" "$(at "$2")"; }
	rm -rf "$dir/AWSDynamoDB" "$dir/events"
	change 0 INSERT young "$(iso young $young)"
	change 599 INSERT old "$(iso old $old)"
	write_export "$dir" $exported
	for text in "timestamp" "string"; do
		sed -i "s/created .* created/created $text created/" "$dir/columns.txt"
		contract "{attribute: created, unit: iso, within: 90d}" "{column: created, attribute: created, type: $text}"
		write_lake "$(iso young $young)" "$(iso nobody $old)"
		judged PASS "" 2 1
		write_lake "$(iso old $old)"
		judged FAIL row.missing 1 0
	done
}

@test "a scope that no column shows, that is in two units, or of less than two days, is refused" {
	write_lake "$(item young B $young)"
	contract "" "{column: created, attribute: made, type: bigint}"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	[[ "$output" == *"'scope' goes by attribute 'created'"* ]]
	printf '%s\n' 'pk string pk key' 'v string v' 'created timestamp created' >"$dir/columns.txt"
	write_lake '{"pk":{"S":"a"},"v":{"S":"A"},"created":{"S":"2025-01-01T00:00:00Z"}}'
	contract "" "{column: created, attribute: created, type: timestamp, from: epoch_s}"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	[[ "$output" == *"another unit than 'scope' says"* ]]
	contract "{attribute: created, unit: ms, within: 47h}"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	[[ "$output" == *"at least 2d"* ]]
}

@test "each of several lakes has a scope of its own" {
	write_lake "$(item young B $young)"
	cp -r "$dir/lake" "$dir/all"
	sed -i -e 's/^lake:/lakes:/' -e 's/^  delta: lake/  - name: short\n    delta: lake/' \
		-e '/name: short/,$ { /name: short\|delta: lake/! s/^/  / }' "$dir/contract.yaml"
	sed -n '/^  - name/,$p' "$dir/contract.yaml" | sed -e 's/short/long/; s/delta: lake/delta: all/' -e '/scope:/d' >"$dir/more"
	cat "$dir/more" >>"$dir/contract.yaml"
	reconcile "$dir"
	echo "$json"
	[ "$(field '.lakes[] | select(.name == "short") | .verdict')" = PASS ]
	[ "$(field '.lakes[] | select(.name == "long") | .counts | [.different, .out_of_scope] | join(" ")')" = "4 0" ]
}

@test "a count says that it cannot tell which rows are to be there" {
	write_lake "$(item young B $young)"
	judged PASS "" 4 1
	run "$LAKEPROOF" count "$dir/contract.yaml" --quiet
	[ "$status" -eq 2 ]
	[[ "$output" == *"the lake keeps only what is young"* ]]
	sed -i '/scope:/d' "$dir/contract.yaml"
	run "$LAKEPROOF" count "$dir/contract.yaml" --quiet
	[ "$status" -eq 1 ]
}

@test "where two columns hold the date, a row is as young as the younger of them" {
	printf '%s\n' 'pk string pk key' 'v string v' 'created bigint created' 'made bigint made' >"$dir/columns.txt"
	contract "" "{column: created, attribute: created, type: bigint}" \
		"    - {column: made, attribute: created, type: bigint}"
	write_lake "$(item young B $young | sed "s/}\$/,\"made\":{\"N\":\"${young}000\"}}/")" \
		"$(item nobody A $young | sed "s/}\$/,\"made\":{\"N\":\"${old}000\"}}/")"
	judged FAIL "row.phantom" 4 1
}
