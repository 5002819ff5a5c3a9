#!/usr/bin/env bats
# Shapes of tables other than one row an item: a column that holds the last operation. Lakes are written by hand: items
# that have an attribute for each column.

load helper
load by_hand

exported=1760003600
label=2025-10-09T08:00:00.000

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

change() { # SECONDS NAME KEY [NEW [OLD]]: to the events, "" for a side that is not there
	local members="\"Keys\":{\"pk\":{\"S\":\"$3\"}}"
	[ -z "$4" ] || members+=",\"NewImage\":$(item "$3" "$4")"
	[ -z "$5" ] || members+=",\"OldImage\":$(item "$3" "$5")"
	record $label $((exported + $1)) "$2" "$members"
}

contract() { # the lake's part from standard input
	cat >"$dir/contract.yaml" <<-END
		version: 1
		table: t
		key:
		  - {attribute: pk, type: S}
		sources:
		  - {export: "AWSDynamoDB/$export_id"}
		  - {events: events}
	END
	cat >>"$dir/contract.yaml"
}

judged() { # VERDICT [IDS]: the lake is newer than what it was made of, as always
	reconcile "$dir"
	echo "exit $status, verdict $(field .verdict), ids $(ids): $(field '[.reasons, .counts, [.findings[].cause]]')"
	[ "$(field .verdict)" = "$1" ]
	[ "$(field '.findings_by_id | del(.["lake.newer"]) | keys | sort | join(" ")')" = "$2" ]
}

setup() {
	dir=$BATS_TEST_TMPDIR
}

# ---- the last operation

row() { # KEY V OPERATION: of a lake whose rows stay for ever
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"op":{"S":"%s"}}' "$1" "$2" "$3"
}

operations() { # a is changed, b is deleted, c is deleted and comes back, d stays
	printf '%s\n' 'pk string pk key' 'v string v' 'op string op' >"$dir/columns.txt"
	write_export "$dir" "$exported" "$(item a A)" "$(item b B)" "$(item c C)" "$(item d D)"
	change -600 INSERT d D ""
	change 100 MODIFY a A2 A
	change 110 REMOVE b "" B
	change 120 REMOVE c "" C
	change 130 INSERT c C2 ""
	contract <<-END
		lake:
		  delta: lake
		  deletes: {column: op, when: [REMOVE, D]}
		  columns:
		    - {column: pk, attribute: pk, type: "string"}
		    - {column: v, attribute: v, type: "string"}
	END
}

@test "a row whose operation is a delete is one of a deleted item" {
	operations
	write_lake "$(row a A2 MODIFY)" "$(row b B REMOVE)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged PASS ""
	[ "$(field '.counts | [.equal, .deleted, .soft_deleted] | join(" ")')" = "3 1 1" ]
	run "$LAKEPROOF" count "$dir/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ "lake rows"\ +3\ +live ]]
	write_lake "$(row a A2 MODIFY)" "$(row b B D)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged PASS ""
}

@test "a delete that is not written as the contract says is none" {
	operations
	write_lake "$(row a A2 MODIFY)" "$(row b B remove)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged FAIL row.zombie
	write_lake "$(row a A2 MODIFY)" "$(row b B MODIFY)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged FAIL row.zombie
}

@test "a live item whose row says it was deleted is a finding" {
	operations
	write_lake "$(row a A2 MODIFY)" "$(row b B REMOVE)" "$(row c C2 REMOVE)" "$(row d D READ)"
	judged FAIL row.differs
}

@test "a boolean column has no operations, and a text has no truth" {
	operations
	write_lake "$(row a A2 MODIFY)"
	sed -i 's/, when: \[REMOVE, D\]//' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" == *"column 'op' (lake.deletes) is not boolean; with 'when' it may be an operation"* ]]
	sed -i 's/column: op}/column: v, when: [D]}/; s/\(column: v, attribute: v\)/column: op, attribute: v/' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -ne 64 ]
}
