#!/usr/bin/env bats
# Dumps of items that are no exports, by EMR and by scans: each item was read at some moment of the reading, and what the
# dump lacks is absent only when it is known to be whole.

load helper
load by_hand

begun=1760000000

item() { # KEY VALUE
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

setup() {
	dir=$BATS_TEST_TMPDIR/table
	mkdir -p "$dir/dump"
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	put $((begun - 100)) b 0 1
	put $((begun + 500)) b 1 2
}

put() { # SECONDS KEY OLD NEW
	record 2025-10-09T08:00:00.000 "$1" MODIFY "\"Keys\":{\"pk\":{\"S\":\"$2\"}},\"NewImage\":$(item "$2" "$4"),\"OldImage\":$(item "$2" "$3")"
}

# page MORE ITEM...: a page of a scan to the dump; MORE are further members of it.
page() {
	local more=$1 IFS=,
	shift
	printf '{"Items":[%s],"Count":%d,"ScannedCount":%d%s}\n' "$*" $# $# "$more" >>"$dir/dump/scan"
}

judged() { # VERDICT [OPTIONS of the items]
	write_contract "items: dump, from: \"$(at $begun)\", to: \"$(at $((begun + 300)))\"${2:+, $2}" "events: events"
	reconcile "$dir" --values full
	echo "exit $status, verdict $(field .verdict), ids $(ids)"
	field '.reasons[]'
	[ "$(field .verdict)" = "$1" ]
}

@test "a whole scan proves the lake, what it lacks included" {
	page ',"LastEvaluatedKey":{"pk":{"S":"a"}}' "$(item a 1)"
	page '' "$(item b 1)" "$(item c 1)"
	write_lake "$(item a 1)" "$(item b 2)" "$(item c 1)"
	judged PASS "complete: true"
	judged PASS "complete: true, format: scan"
	write_lake "$(item a 1)" "$(item b 2)" "$(item c 1)" "$(item d 1)"
	judged FAIL "complete: true"
	[ "$(others)" = row.phantom ]
	write_lake "$(item a 1)" "$(item b 1)" "$(item c 3)"
	judged FAIL "complete: true"
	[ "$(others)" = "row.differs row.stale" ]
	[ "$(field '.findings[] | select(.id == "row.differs") | .columns[0].expected')" = 1 ]
	field '.findings[] | select(.id == "row.differs").cause' | grep -F "expected is the dump read from 2025-10-09T08:53:20Z to 2025-10-09T08:58:20Z"
}

@test "a scan that is not held to be whole proves no absence" {
	page '' "$(item a 1)" "$(item b 1)"
	write_lake "$(item a 1)" "$(item b 2)" "$(item d 1)"
	judged UNKNOWN
	[ "$(others)" = state.unknown ]
}

@test "a scan that says it is not all is not whole, whatever the contract says" {
	page ',"LastEvaluatedKey":{"pk":{"S":"b"}}' "$(item a 1)" "$(item b 1)"
	write_lake "$(item a 1)" "$(item b 2)" "$(item d 1)"
	judged UNKNOWN "complete: true"
	[ "$(others)" = "export.unfinished state.unknown" ]
	# Read again or not, it says so.
	judged UNKNOWN "complete: true"
	[ "$(others)" = "export.unfinished state.unknown" ]
	# Finished, it is.
	page '' "$(item d 1)"
	judged PASS "complete: true"
}

@test "an empty file is no scan of an empty segment, but may be EMR's" {
	page '' "$(item a 1)" "$(item b 1)"
	: >"$dir/dump/segment1"
	write_lake "$(item a 1)" "$(item b 2)"
	judged UNKNOWN "complete: true"
	[ "$(others)" = export.unfinished ]
	judged UNKNOWN "complete: true, format: scan"
	printf ' \n\n' >"$dir/dump/segment1"
	judged UNKNOWN "complete: true"
	[ "$(others)" = export.unfinished ]
	printf '{"Items":[],"Count":0,"ScannedCount":0}\n' >"$dir/dump/segment1"
	judged PASS "complete: true"
	rm "$dir/dump/scan"
	: >"$dir/dump/segment1"
	printf '{"pk":{"s":"a"},"v":{"s":"1"}}\n{"pk":{"s":"b"},"v":{"s":"1"}}\n' >"$dir/dump/0001"
	judged PASS "complete: true, format: emr"
}

@test "a page that lost an item is not whole" {
	page '' "$(item a 1)" "$(item b 1)" "$(item c 1)"
	sed -i 's/,{"pk":{"S":"c"}[^]]*//' "$dir/dump/scan"
	write_lake "$(item a 1)" "$(item b 2)"
	judged UNKNOWN "complete: true"
	[ "$(others)" = export.count ]
}

@test "an item may have been read before or after what changed it meanwhile" {
	put $((begun + 100)) a 1 2
	page '' "$(item a 1)" "$(item b 1)"
	write_lake "$(item a 2)" "$(item b 2)"
	judged PASS "complete: true"
	rm "$dir/dump/scan"
	page '' "$(item a 2)" "$(item b 1)"
	judged PASS "complete: true"
	rm "$dir/dump/scan"
	page '' "$(item a 3)" "$(item b 1)"
	judged UNKNOWN "complete: true"
	[ "$(others)" = overlap.contradiction ]
}

@test "a dump by EMR, in both its forms" {
	printf '{"pk":{"s":"a"},"v":{"s":"1"}}\n' >"$dir/dump/0001"
	printf 'pk\003{"s":"b"}\002v\003{"s":"1"}\n' >"$dir/dump/0002"
	printf '{"name":"DynamoDB-export","version":3,"entries":[{"url":"s3://x/0001","mandatory":true},{"url":"s3://x/0002","mandatory":true}]}' >"$dir/dump/manifest"
	touch "$dir/dump/_SUCCESS"
	write_lake "$(item a 1)" "$(item b 2)"
	judged PASS "complete: true, format: emr"
	write_lake "$(item a 2)" "$(item b 2)"
	judged FAIL "complete: true"
	[ "$(others)" = row.differs ]
	rm "$dir/dump/0001"
	write_lake "$(item a 1)" "$(item b 2)"
	judged UNKNOWN "complete: true"
	[ "$(others)" = "export.missing state.unknown" ]
}

@test "check looks at a sample of it" {
	page '' "$(item a 1)" "$(item b 1)"
	write_lake "$(item a 1)" "$(item b 2)"
	judged PASS "complete: true"
	run "$LAKEPROOF" check "$dir/contract.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"items "*": 1 files"* ]]
	sed -i 's/"Items":\[{/"Items":[{"x":1,/' "$dir/dump/scan"
	run "$LAKEPROOF" check "$dir/contract.yaml"
	[ "$status" -eq 1 ]
}

@test "a dump without a file says so, and proves nothing" {
	write_lake "$(item b 2)"
	judged UNKNOWN "complete: true"
	[[ " $(others) " == *" export.missing "* ]]
	field '.findings[] | select(.id == "export.missing") | .cause' | grep -F 'the dump holds no file'
}

@test "a row that is an older dump's item has missed what no record tells of" {
	page '' "$(item a 1)" "$(item b 1)"
	mkdir "$dir/later"
	mv "$dir/dump/scan" "$dir/later/"
	page '' "$(item a 0)" "$(item b 1)"
	write_lake "$(item a 0)" "$(item b 2)"
	judged FAIL "complete: true}
  - {items: later, from: \"$(at $((begun + 310)))\", to: \"$(at $((begun + 400)))\", complete: true"
	field '.findings[] | select(.id == "row.stale") | .cause' | grep -F "no record of a change since is known"
}
