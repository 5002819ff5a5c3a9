#!/usr/bin/env bats
# What a failing cell tells of itself, and what is left of it when it is made as small as it can be.

load helper

SCENARIOS=$BATS_TEST_DIRNAME/../../scenarios

setup_file() {
	load helper
	# Scenarios of their own, so that what others say of pipelines does not matter here.
	mkdir -p "$BATS_FILE_TMPDIR/scenarios/own"
	cp "$SCENARIOS/workload.yaml" "$BATS_FILE_TMPDIR/scenarios/"
	cat >"$BATS_FILE_TMPDIR/scenarios/own/deletes.yaml" <<-'YAML'
		version: 1
		title: Deletes
		workload: {operations: {delete: 25}}
		breaks:
		  - {pipeline: embedded+drops-remove, findings: [row.zombie]}
	YAML
	cat >"$BATS_FILE_TMPDIR/scenarios/own/backfill.yaml" <<-'YAML'
		version: 1
		title: The export lands last
		workload: {export: {at: 30}}
		delivery: {order: stream-first, batches: 3}
		faults: ["duplicate:10%"]
		process: [{fault: twice, batch: 2}]
		breaks:
		  - {pipeline: embedded+backfill-overwrites, findings: [row.stale]}
	YAML
	cat >"$BATS_FILE_TMPDIR/scenarios/own/order.yaml" <<-'YAML'
		version: 1
		title: Out of order
		delivery: {order: shuffled, batches: 4}
		faults: ["shuffle:60", "duplicate:10%"]
		breaks:
		  - {pipeline: embedded+last-arrival-wins, findings: [row.stale]}
	YAML
	cat >"$BATS_FILE_TMPDIR/scenarios/own/append.yaml" <<-'YAML'
		version: 1
		title: Appended
		breaks:
		  - {pipeline: embedded+append-only, findings: [row.duplicate]}
	YAML
}

setup() {
	scenarios=$BATS_FILE_TMPDIR/scenarios
	runs=$BATS_TEST_TMPDIR/runs
}

# cell SCENARIO PIPELINE [options]: runs it; its cell.json in $cell.
cell() {
	local scenario=$1 pipeline=$2
	shift 2
	run "$LAKEPROOF" run "$scenario" --quiet --scenarios "$scenarios" --pipelines "$SCENARIOS/pipelines" \
		--pipeline "$pipeline" --runs "$runs" --jobs 1 "$@"
	echo "$output"
	cell=$(find "$runs" -name cell.json | sort | tail -n 1)
	jq -r '.story[]?' "$cell"
}

# field of the cell
of() {
	jq -r "$1" "$cell"
}

@test "the story of a zombie: where its delete landed, what the table holds, what that breaks" {
	cell own/deletes embedded+drops-remove
	[ "$status" -eq 1 ]
	[ "$(of '.story | length')" -ge 4 ]
	[ "$(of '.story | length')" -lt 10 ]
	of '.story[]' | grep -q '^the item {"pk":'
	of '.story[]' | grep -Eq 'REMOVE( by TTL)? .*landed in batch [0-9]+, batch_[0-9]+.jsonl record [0-9]+ <- decides'
	of '.story[]' | grep -Eq '^version [0-9]+ \(batch [0-9]+\): the row of '
	of '.story[]' | grep -q 'there should be no row of it, and there is one'
	of '.story[]' | grep -q 'this is row.zombie: it breaks final.deletes'
}

@test "the story of a backfill: the export landed after the change that it undid" {
	cell own/backfill embedded+backfill-overwrites
	[ "$status" -eq 1 ]
	of '.story[]' | grep -Eq 'exported — landed in batch 3'
	of '.story[]' | grep -Eq 'should be'
	[ "$(of '.story | length')" -lt 10 ]
}

@test "the timeline is of the story's key: its records, and every version of the table" {
	cell own/backfill embedded+backfill-overwrites
	[ "$(of '.story[0]')" = "the item $(of .timeline.key)" ]
	[ "$(of '[.timeline.events[] | select(.what == "exported")] | length')" -ge 1 ]
	[ "$(of '[.timeline.events[] | .batch] | min')" -ge 1 ]
	# The last row is an image that is there among the events, and is not that of the newest.
	last=$(of '.timeline.versions[-1].row')
	[ "$(of "[.timeline.events[] | select(.image == \"$last\")] | length")" -ge 1 ]
	[ "$(of '[.timeline.versions[].version] | . == (sort | unique)')" = true ]
}

@test "a pipeline that breaks down tells its last words" {
	cp -r "$SCENARIOS/pipelines/embedded" "$BATS_TEST_TMPDIR/broken"
	cat >"$BATS_TEST_TMPDIR/broken/pipeline.yaml" <<-'YAML'
		version: 1
		name: broken
		reads: {changes: streams, export: json}
		apply: [sh, -c, "echo one >&2; echo the last of its words >&2; exit 3"]
	YAML
	cell own/append "$BATS_TEST_TMPDIR/broken/pipeline.yaml"
	[ "$status" -eq 1 ]
	of '.story[]' | grep -q 'step apply 1 ended with exit 3: the last of its words'
}

# shrunk SCENARIO PIPELINE FINDING ITEMS RECORDS: no more than that is left, and the replay fails by the same finding.
shrunk() {
	local scenario=$1 pipeline=$2 finding=$3 items=$4 records=$5 small
	cell "$scenario" "$pipeline" --shrink
	[ "$status" -eq 1 ]
	small=$(find "$runs" -path '*shrunk/*' -name "own-*.yaml")
	cat "$small"
	[ "$(wc -l <<<"$small")" -eq 1 ]
	of '.story[-1]' | grep -q "^replay: lakeproof run .*shrunk/own-.* --pipeline .*$pipeline.* --seed 1"
	[ "$(of '.story | length')" -le 10 ]
	# The cell's own counts are still those of the whole.
	[ "$(of .changes)" -gt 100 ]
	[ -z "$(find "$runs" -path '*shrunk/.*')" ]
	rm -rf "$BATS_TEST_TMPDIR/again"
	runs=$BATS_TEST_TMPDIR/again cell "$small" "$pipeline" --expect
	cell=$(find "$BATS_TEST_TMPDIR/again" -name cell.json)
	[ "$status" -eq 0 ]
	[ "$(of .verdict)" = FAIL ]
	[ "$(of "[.findings[\"$finding\"] // 0] | add")" -gt 0 ]
	echo "left: $(of .items) items, $(of .changes) changes, $(of '.timeline.events | length') events"
	[ "$(of .changes)" -le "$records" ]
	[ "$(of '.timeline.events | length')" -le "$((records + 2))" ]
	[ "$(grep -c only_items "$small")" -eq 1 ]
	[ "$(grep only_items "$small" | tr -cd , | wc -c)" -lt "$items" ]
}

@test "dropped deletes shrink to one item" { shrunk own/deletes embedded+drops-remove row.zombie 1 5; }
@test "a backfill over newer rows shrinks to one item, and nothing befalls anybody" {
	shrunk own/backfill embedded+backfill-overwrites row.stale 1 3
	small=$(find "$BATS_TEST_TMPDIR/runs" -path '*shrunk/*' -name "own-*.yaml")
	! grep -q '^faults\|^process' "$small"
}
@test "last arrival wins shrinks to one item, whose records land the wrong way round" {
	shrunk own/order embedded+last-arrival-wins row.stale 1 6
}
@test "appended rows shrink to one item" { shrunk own/append embedded+append-only row.duplicate 1 3; }

@test "a cell that passes is not shrunk" {
	cell own/append embedded --shrink
	[ "$status" -eq 0 ]
	[ -z "$(find "$runs" -path '*shrunk*')" ]
}
