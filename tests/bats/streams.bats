#!/usr/bin/env bats
# A table whose stream was disabled and enabled again has two streams, and nobody captured what lies between: `from:` and
# `to:` widen the capture at its ends only, and no stream captured anything before it was enabled.

load helper
load by_hand

exported=1760003600 # 2025-10-09T09:53:20Z
one=2025-10-09T08:00:00.000
two=2025-10-09T10:30:00.000

item() { # KEY
	printf '{"pk":{"S":"%s"},"v":{"S":"x"}}' "$1"
}

insert() { # LABEL OFFSET: a key of that name, that many seconds after the export, to the events and the lake
	record "$1" $((exported + $2)) INSERT "\"Keys\":{\"pk\":{\"S\":\"k$2\"}},\"NewImage\":$(item "k$2")"
	rows+=("$(item "k$2")")
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	rows=("$(item a)")
}

judged() { # VERDICT [OPTIONS of the events]
	write_contract "export: \"AWSDynamoDB/$export_id\"" "events: events${2:+, $2}"
	reconcile "$dir"
	echo "exit $status, verdict $(field .verdict), ids $(ids)"
	[ "$(field .verdict)" = "$1" ]
}

@test "from: and to: do not close the gap between two streams" {
	insert $one -600
	write_export "$dir" $exported "${rows[@]}"
	insert $one 600
	insert $two 2400
	insert $two 4000
	write_lake "${rows[@]}"
	for options in "" "from: $(at $((exported - 700)))" "from: $(at $((exported - 700))), to: $(at $((exported + 5000)))"; do
		judged UNKNOWN "$options"
		[ "$(field '.findings_by_id["coverage.hole"]')" -eq 1 ]
	done
}

@test "from: closes what one stream leaves open" {
	write_export "$dir" $exported "${rows[@]}"
	insert $one 600
	write_lake "${rows[@]}"
	judged UNKNOWN
	judged PASS "from: $(at $((exported - 700)))"
}

@test "from: does not begin a stream before it was enabled" {
	write_export "$dir" $exported "${rows[@]}"
	insert $two 2400
	insert $two 4000
	write_lake "${rows[@]}"
	judged UNKNOWN "from: $(at $((exported - 700)))"
	[ "$(field '.findings_by_id["coverage.hole"]')" -eq 1 ]
	field '.findings[] | select(.id == "coverage.hole") | .cause' | grep -F 'to 2025-10-09T10:30:00Z'
}
