#!/usr/bin/env bats
# What a table's versions tell and its last one does not: rows that went back, came back or stood twice, and were set
# right by a later batch.

load helper
load by_hand

setup() {
	dir=$BATS_TEST_TMPDIR/t
	mkdir -p "$dir/landing"
	printf 'pk string pk key\nv bigint v\n' >"$dir/columns.txt"
	landed=0
	time=1760000000
}

image() { # PK V
	printf '{"pk":{"S":"%s"},"v":{"N":"%s"}}' "$1" "$2"
}

# change NAME PK NEW OLD: one record a minute; "-" is no image.
change() {
	local members
	members="\"Keys\":{\"pk\":{\"S\":\"$2\"}}"
	[ "$3" = - ] || members+=",\"NewImage\":$(image "$2" "$3")"
	[ "$4" = - ] || members+=",\"OldImage\":$(image "$2" "$4")"
	time=$((time + 60))
	record 2025-10-01T00:00:00.000 $time "$1" "$members"
}

# deliver "RECORDS" [options]: these records, by their numbers, land as one file, and the pipeline takes it.
deliver() {
	local file number
	landed=$((landed + 1))
	file=$dir/landing/$landed.jsonl
	for number in $1; do sed -n "${number}p" "$dir/events/records.jsonl"; done >"$file"
	shift
	"$PIPELINE" --quiet --table "$dir/lake" --columns "$dir/columns.txt" --events "$file" "$@"
}

contract() {
	write_contract 'events: events, from: "2025-10-09T08:00:00Z", to: "2025-10-10T00:00:00Z"'
	echo 'baseline: empty' >>"$dir/contract.yaml"
}

# versions [options]: JSON of the one lake into $json, exit code into $status.
versions() {
	status=0
	json=$("$LAKEPROOF" versions "$dir/contract.yaml" --quiet --format json "$@") || status=$?
	json=$(jq '.lakes[0]' <<<"$json")
	echo "exit $status, $(field '[.verdict, .reasons, .keys, .keys_judged, .findings[]] | tostring')"
}

# told: "id kind key version repaired" of each finding, a line each.
told() {
	field '.findings[] | [.id, .kind, .key.pk, .version, .repaired] | map(tostring) | join(" ")'
}

last_is_right() {
	reconcile "$dir"
	echo "last version: $(field .verdict), $(others)"
	[ "$(field .verdict)" = PASS ]
}

three_images() {
	change INSERT a 1 -
	change MODIFY a 2 1
	change MODIFY a 3 2
	change INSERT b 9 -
	contract
}

@test "last arrival wins: the row went back, and a redelivery set it right" {
	three_images
	deliver "1 4"
	deliver "3"
	deliver "2" --bug last-arrival-wins
	deliver "3" --bug last-arrival-wins
	last_is_right
	versions
	[ "$status" -eq 1 ]
	[ "$(told)" = "version.regressed went_back a 3 4" ]
	[ "$(field '.findings[0].records[] | select(.role == "older image") | .record')" = 1 ]
	[ "$(field '.findings[0].records[] | select(.role == "newer image") | .record')" = 2 ]
	[ "$(field '.keys, .keys_judged' | xargs)" = "2 2" ]
}

@test "a correct pipeline takes the same records in any order" {
	three_images
	deliver "3"
	deliver "4 2"
	deliver "1"
	deliver "1 2 3 4"
	last_is_right
	versions
	[ "$status" -eq 0 ]
	[ "$(field .verdict)" = PASS ]
	[ "$(told)" = "" ]
}

@test "forgotten tombstones: a deleted item's row came back until the next delete" {
	change INSERT a 1 -
	change MODIFY a 2 1
	change REMOVE a - 2
	contract
	deliver "1"
	deliver "3" --bug tombstones-forgotten
	deliver "2" --bug tombstones-forgotten
	deliver "3" --bug tombstones-forgotten --bug last-arrival-wins
	last_is_right
	versions
	[ "$status" -eq 1 ]
	[ "$(told)" = "version.regressed came_back a 3 4" ]
	[[ "$(field '.findings[0].cause')" == "the item was deleted at 2025-10-09T"*"version 3 (MERGE) wrote what it was at"* ]]
}

@test "a backfill overwrites newer rows" {
	three_images
	time=1760000090
	write_export "$dir" $time "$(image a 1)"
	sed -i '/^sources:/a\  - {export: "AWSDynamoDB/'"$export_id"'"}' "$dir/contract.yaml"
	sed -i '/^baseline/d' "$dir/contract.yaml"
	deliver "1 2 3 4"
	"$PIPELINE" --quiet --table "$dir/lake" --columns "$dir/columns.txt" --export "$export" --bug backfill-overwrites
	deliver "3" --bug last-arrival-wins
	last_is_right
	versions
	[ "$status" -eq 1 ]
	[ "$(told)" = "version.regressed went_back a 2 3" ]
}

@test "append only: two rows, in the version that made them" {
	three_images
	deliver "1 4"
	deliver "2" --bug append-only
	versions
	[ "$status" -eq 1 ]
	[ "$(told)" = "row.duplicate twice a 2 null" ]
	[ "$(field '.findings[0].records | length')" = 2 ]
}

@test "what the same input once more changes is told by comparing two versions" {
	three_images
	deliver "1 2 4"
	deliver "3"
	deliver "3"
	versions --replay 1,2
	[ "$(field '.findings_by_id["replay.changed"], .replay.changes[0].key.pk, .replay.changes[0].difference' | xargs)" = "1 a differs" ]
	[ "$status" -eq 1 ]
	last=$(field .to)
	versions --replay "2,$last"
	[ "$(field .replay.keys_changed)" = 0 ]
	[ "$status" -eq 0 ]
}

# append_commit ACTIONS: one more version of the table.
append_commit() {
	local last
	last=$(basename "$(ls "$dir"/lake/_delta_log/*.json | tail -n 1)" .json)
	printf '%s\n' "$1" >"$dir/lake/_delta_log/$(printf %020d $((10#$last + 1))).json"
}

@test "a RESTORE takes rows back on purpose, and is told as one" {
	three_images
	deliver "1 4"
	deliver "3"
	log=$dir/lake/_delta_log
	rm -f "$log"/*.crc
	# Undoes version 2: what it added goes, what it removed stands again.
	append_commit "$(
		echo '{"commitInfo":{"timestamp":1890000000000,"operation":"RESTORE"}}'
		jq -c 'select(.add) | .add | {remove: ({path, dataChange: true, deletionTimestamp: 1890000000000, partitionValues, size} + if .deletionVector then {deletionVector} else {} end)}' "$log/00000000000000000002.json"
		jq -c 'select(.add)' "$log/00000000000000000001.json"
	)"
	versions
	[ "$(told)" = "version.regressed went_back a 3 null" ]
	[[ "$(field '.findings[0].cause')" == *"restored the table to an older one"* ]]
}

@test "files that VACUUM took: the range begins after them" {
	three_images
	deliver "1"
	deliver "2"
	deliver "3"
	# All its rows were replaced, so the first file is of no version any more.
	rm "$dir/lake/$(jq -r 'select(.add) | .add.path' "$dir/lake/_delta_log/00000000000000000001.json")"
	versions
	[ "$(field '.from, .to, .files_gone' | xargs)" = "2 3 1" ]
	[ "$status" -eq 0 ]
	[ "$(field '[.versions[].unjudged | . == null] | map(tostring) | join(" ")')" = "false false false true" ]
}

@test "a log whose beginning is gone" {
	three_images
	deliver "1 4"
	deliver "3"
	deliver "2" --bug last-arrival-wins
	versions --from 2
	[ "$(told)" = "version.regressed went_back a 3 null" ]
	[ "$(field .whole)" = false ]
	versions --from 2 --whole
	[ "$(field .whole)" = true ]
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --from 3
	[ "$status" -eq 2 ]
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --from 9
	[ "$status" -eq 64 ]
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --to 9
	[ "$status" -eq 64 ]
}

@test "a version without a column that is compared is not judged by its images" {
	three_images
	deliver "1 4"
	deliver "3"
	log=$dir/lake/_delta_log
	# As if the column had come with version 2.
	rm -f "$log"/*.crc
	for version in 0 1; do
		sed -i 's/,{[^{}]*\\"name\\":\\"v\\"[^{}]*{}[^{}]*}//' "$log/0000000000000000000$version.json"
	done
	schema=$(jq -c 'select(.metaData)' "$log/00000000000000000000.json")
	echo "$schema"
	[[ "$schema" != *'\"v\"'* ]]
	new=$(jq -c '.metaData.schemaString |= (fromjson | .fields += [{name: "v", type: "long", nullable: true, metadata: {}}] | tojson)' <<<"$schema")
	printf '%s\n' "$new" >>"$log/00000000000000000002.json"
	versions
	[ "$(field '[.versions[].unjudged | . == null] | map(tostring) | join(" ")')" = "false false true" ]
	[[ "$(field '.versions[1].unjudged')" == *"no column 'v'"* ]]
	[ "$(told)" = "" ]
}

@test "evidence that a hole leaves open judges nothing, and nothing judged is no PASS" {
	three_images
	deliver "1 4"
	deliver "3"
	deliver "2" --bug last-arrival-wins
	echo '{"eventID": broken' >>"$dir/events/records.jsonl"
	versions
	[ "$status" -eq 2 ]
	[ "$(field '.verdict, .keys_unjudged.hole, .keys_judged' | xargs)" = "UNKNOWN 1 1" ]
	[ "$(told)" = "" ]
}

@test "a history's rows are not a current table's" {
	three_images
	deliver "1 4"
	sed -i 's/^lake:/lake:\n  shape: {kind: events}/' "$dir/contract.yaml"
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet
	echo "$output"
	[ "$status" -ne 0 ]
}

@test "text and TAP say the same" {
	three_images
	deliver "1 4"
	deliver "3"
	deliver "2" --bug last-arrival-wins
	contract
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet
	[ "$status" -eq 1 ]
	[[ "${lines[0]}" == "FAIL  version.regressed: 1 finding" ]]
	[[ "$output" == *'version.regressed  {"pk":"a"}  version 3'* ]]
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --format tap
	[ "${lines[0]}" = "TAP version 14" ]
	[[ "${lines[1]}" == "not ok 1 - no row became an older image" ]]
	[[ "$output" == *"ok 4 - every key that changed is judged"* ]]
	[[ "$output" == *"1..4" ]]
}

@test "of a generated history, planted bugs are told and a correct pipeline is not" {
	generate "$dir/g" --items 60 --changes 400 --seed 11 --records-per-file 20 --second-export
	pipe "$dir/g" --batch 2
	run "$LAKEPROOF" versions "$dir/g/contract.yaml" --quiet
	echo "${lines[0]}"
	[ "$status" -eq 0 ]
	[[ "$output" == PASS* ]]
	for bug in last-arrival-wins tombstones-forgotten backfill-overwrites append-only; do
		rm -rf "$dir/g/lake" "$dir/g/.lakeproof"
		pipe "$dir/g" --batch 2 --bug $bug
		status=0
		json=$("$LAKEPROOF" versions "$dir/g/contract.yaml" --quiet --format json) || status=$?
		echo "$bug: $status $(field '.lakes[0].findings_by_id | tostring')"
		id=version.regressed
		[ $bug != append-only ] || id=row.duplicate
		[ "$status" -eq 1 ]
		[ "$(field ".lakes[0].findings_by_id[\"$id\"] > 0")" = true ]
	done
}

@test "a partitioned table, and rows that move to another partition" {
	generate "$dir/g" --items 40 --changes 200 --seed 5 --records-per-file 20
	pipe "$dir/g" --batch 2 --partition status
	run "$LAKEPROOF" versions "$dir/g/contract.yaml" --quiet
	echo "${lines[0]}"
	[ "$status" -eq 0 ]
	rm -rf "$dir/g/lake" "$dir/g/.lakeproof"
	pipe "$dir/g" --batch 2 --partition status --bug last-arrival-wins
	run "$LAKEPROOF" versions "$dir/g/contract.yaml" --quiet
	echo "${lines[0]}"
	[ "$status" -eq 1 ]
	[[ "${lines[0]}" == "FAIL  version.regressed: "* ]]
}

@test "each lake of a contract is walked over, by the images of its own items" {
	three_images
	deliver "1 4"
	deliver "3"
	deliver "2" --bug last-arrival-wins
	mv "$dir/lake" "$dir/second"
	deliver "1 2 3 4"
	mv "$dir/lake" "$dir/first"
	sed -i -e '/^lake:/,$d' "$dir/contract.yaml"
	cat >>"$dir/contract.yaml" <<-'END'
		baseline: empty
		lakes:
		  - name: first
		    delta: first
		    where: {attribute: pk, eq: b}
		    columns: [{column: pk, attribute: pk, type: string}, {column: v, attribute: v, type: bigint}]
		  - name: second
		    delta: second
		    where: {attribute: pk, eq: a}
		    columns: [{column: pk, attribute: pk, type: string}, {column: v, attribute: v, type: bigint}]
	END
	status=0
	json=$("$LAKEPROOF" versions "$dir/contract.yaml" --quiet --format json) || status=$?
	field '[.verdict, .lakes[].lake, .lakes[].findings_by_id] | tostring'
	[ "$status" -eq 1 ]
	[ "$(field '.lakes[0].findings_by_id | length')" = 0 ]
	[ "$(field '.lakes[1].findings[] | [.key.pk, .version] | tostring')" = '["a",3]' ]
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --from 1
	[ "$status" -eq 64 ]
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --from 1 --lake second
	[ "$status" -eq 1 ]
}

@test "where no row came or went nothing was judged" {
	three_images
	deliver "1 4" --bug writes-nothing
	versions
	[ "$status" -eq 2 ]
	[[ "$(field '.reasons[0]')" == "no row came or went"* ]]
	deliver "2"
	run "$LAKEPROOF" versions "$dir/contract.yaml" --quiet --from 1 --to 1
	echo "$output"
	[ "$status" -eq 2 ]
}
