#!/usr/bin/env bats
# Columns with a tolerance: a key whose every difference is within it is equal and counted as such; whatever was not
# read again, or is not proven, is not called equal.

load helper
load by_hand

item() { # KEY N TIME [V]
	printf '{"pk":{"S":"%s"},"n":{"N":"%s"},"t":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2" "$3" "${4:-x}"
}
noon=2026-01-02T12:00:00Z

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'n decimal(38,10) n' 't timestamp t' 'v string v' >"$dir/columns.txt"
	write_export "$dir" 1760000000 "$(item a 1.00 $noon)" "$(item b 2.00 $noon)"
	id=$export_id
	cat >"$dir/contract.yaml" <<-END
		table: t
		key: [{attribute: pk, type: S}]
		sources: [{export: "AWSDynamoDB/$id"}]
		lake:
		  delta: lake
		  columns:
		    - {column: pk, attribute: pk, type: string}
		    - {column: n, attribute: n, type: "decimal(38,10)", tolerance: 0.01}
		    - {column: t, attribute: t, type: timestamp, tolerance: 1s}
		    - {column: v, attribute: v, type: string}
	END
}

judged() { # EXIT DIFFERENT WITHIN [OPTION...]
	reconcile "$dir" "${@:4}"
	echo "exit $status: $(field -c '.reasons, .counts')" "$(field .findings_by_id)"
	[ "$status" -eq "$1" ]
	[ "$(field '[.counts.different, (.counts.within_tolerance // 0)] | join(" ")')" = "$2 $3" ]
	[ "$(field '.findings | map(select(.id | startswith("row."))) | length')" -eq "$2" ]
}

field() {
	jq -r "$@" <<<"$json"
}

@test "what is within tolerance is equal, and counted" {
	write_lake "$(item a 1.01 2026-01-02T12:00:01Z)" "$(item b 2.00 $noon)"
	judged 0 0 1
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[[ "$output" == *"1  of them within their columns' tolerance"* ]]
	run "$LAKEPROOF" explain "$dir/contract.yaml" pk=a --quiet
	echo "$output"
	[[ "$output" == *"so it is: equal within its columns' tolerance"*"within its tolerance"* && "$output" != *DIFFERENT* ]]
}

@test "a bit more is different, and so is any other column" {
	write_lake "$(item a 1.0100000001 $noon)" "$(item b 2.00 2026-01-02T12:00:01.000001Z)"
	judged 1 2 0
	write_lake "$(item a 1.01 $noon y)" "$(item b 2.00 $noon)"
	judged 1 1 0 --values full
	[ "$(field '.findings[0].columns | map(.column + " " + (.note // "")) | join(";")')" = "n within its tolerance;v " ]
	write_lake "$(item a 1.01 $noon)"
	judged 1 1 1
	[ "$(field '.findings_by_id["row.missing"]')" -eq 1 ]
}

@test "a percentage is of what is expected" {
	sed -i 's/tolerance: 0.01/tolerance: 1%/' "$dir/contract.yaml"
	write_lake "$(item a 1.01 $noon)" "$(item b 2.02 $noon)"
	judged 0 0 2
	write_lake "$(item a 1.0101 $noon)" "$(item b 1.98 $noon)"
	judged 1 1 1
}

@test "a number that a step made of a text, and that does not fit its column, is within tolerance like any other" {
	text() { item "$@" | sed 's/"n":{"N"/"n":{"S"/'; }
	printf '%s\n' 'pk string pk key' 'n decimal(10,2) n' 't timestamp t' 'v string v' >"$dir/columns.txt"
	rm -r "$dir/AWSDynamoDB"
	write_export "$dir" 1760000000 "$(text a 1.005 $noon)" "$(text b "  2.004" $noon)"
	sed -i 's/attribute: n, type: "decimal(38,10)"/attribute: n, type: "decimal(10,2)", as: [trim, number]/' "$dir/contract.yaml"
	write_lake "$(item a 1.01 $noon)" "$(item b 2.00 $noon)"
	judged 0 0 2
	write_lake "$(item a 1.02 $noon)" "$(item b 2.00 $noon)"
	judged 1 1 1
	sed -i 's/\[trim, number\]/[trim, {substr: [1, 3]}, number]/' "$dir/contract.yaml"
	write_lake "$(item a 1.00 $noon)" "$(item b 2.00 $noon)"
	judged 0 0 0
}

@test "an older image within tolerance is no stale row" {
	mkdir -p "$dir/events"
	record 2025-10-09T08:00:00.000 1760000200 MODIFY "\"Keys\":{\"pk\":{\"S\":\"a\"}},\"OldImage\":$(item a 1.00 $noon),\"NewImage\":$(item a 1.005 $noon)"
	sed -i "s|^sources:.*|sources: [{export: \"AWSDynamoDB/$id\"}, {events: events, from: 2025-10-09T08:00:00Z}]|" "$dir/contract.yaml"
	write_lake "$(item a 1.00 $noon)" "$(item b 2.00 $noon)"
	judged 0 0 1
	sed -i 's/, tolerance: 0.01//' "$dir/contract.yaml"
	judged 1 1 0
	[ "$(field '.findings_by_id["row.stale"]')" -eq 1 ]
}

@test "a value that does not fit its column may be within tolerance" {
	sed -i 's/decimal(38,10)/decimal(10,2)/' "$dir/columns.txt" "$dir/contract.yaml"
	write_export "$dir" 1760000000 "$(item a 1.23456 $noon)" "$(item b 2.00 $noon)"
	write_lake "$(item a 1.23 $noon)" "$(item b 2.00 $noon)"
	judged 0 0 1
	[ "$(field '.findings_by_id["value.precision_lost"] // 0')" -eq 0 ]
	write_lake "$(item a 1.21 $noon)" "$(item b 2.00 $noon)"
	judged 1 1 0
	[ "$(field '.findings_by_id["value.precision_lost"]')" -eq 1 ]
}

@test "what was not read again is not called equal" {
	write_lake "$(item a 1.01 $noon)" "$(item b 2.01 $noon)"
	judged 0 0 2
	reconcile "$dir" --findings 2 # one of them is that the lake is newer
	[ "$status" -eq 1 ]
	[ "$(field '[.counts.different, .counts.within_tolerance, .tolerance_unread] | join(" ")')" = "1 1 1" ]
	reconcile "$dir" --findings 0
	[ "$status" -eq 1 ]
	[ "$(field '[.counts.different, (.counts.within_tolerance // 0), .tolerance_unread] | join(" ")')" = "2 0 2" ]
}

@test "what cannot be read again is not called equal" {
	mkdir -p "$dir/events"
	record 2025-10-09T08:00:00.000 1760000200 MODIFY "\"Keys\":{\"pk\":{\"S\":\"a\"}},\"NewImage\":$(item a 1.005 $noon)"
	sed -i "s|^sources:.*|sources: [{export: \"AWSDynamoDB/$id\"}, {events: events, from: 2025-10-09T08:00:00Z}]|" "$dir/contract.yaml"
	write_lake "$(item a 1.00 $noon)" "$(item b 2.00 $noon)"
	judged 0 0 1
	rm "$dir/events/records.jsonl"
	judged 1 1 0
}

@test "a row too many has no tolerance" {
	write_lake "$(item a 1.01 $noon)" "$(item b 2.00 $noon)" "$(item c 1 $noon)"
	judged 1 1 1
	[ "$(field '.findings_by_id["row.phantom"]')" -eq 1 ]
}

@test "where the expected image is not proven, nothing is said of a row that differs" {
	mkdir -p "$dir/events"
	for n in 1.5 1.6; do
		record 2025-10-09T08:00:00.000 1760000200 MODIFY "\"Keys\":{\"pk\":{\"S\":\"a\"}},\"NewImage\":$(item a $n $noon)"
	done
	sed -i 's/1111111000[0-9]*/111111100000000000001/' "$dir/events/records.jsonl"
	sed -i "s|^sources:.*|sources: [{export: \"AWSDynamoDB/$id\"}, {events: events, from: 2025-10-09T08:00:00Z}]|" "$dir/contract.yaml"
	write_lake "$(item a 1.501 $noon)" "$(item b 2.00 $noon)"
	judged 2 0 0
	[ "$(field .counts.unproven)" -eq 1 ]
	sed -i 's/, tolerance: [0-9.s]*//' "$dir/contract.yaml"
	reconcile "$dir"
	[ "$status" -eq 1 ]
}

@test "a tolerance is refused on a key, and on a column of another type" {
	local from to
	while IFS='|' read -r from to; do
		sed "s/$from/$to/" "$dir/contract.yaml" >"$dir/wrong.yaml"
		run "$LAKEPROOF" check "$dir/wrong.yaml"
		echo "$output"
		[ "$status" -eq 64 ]
		[[ "$output" == *tolerance* ]]
	done <<-END
		type: string}|type: string, tolerance: 1}
		attribute: pk, type: string}|attribute: pk, tolerance: 1}
		tolerance: 1s|tolerance: 0.5
		tolerance: 0.01|tolerance: 1s
		tolerance: 0.01|tolerance: 0
	END
}
