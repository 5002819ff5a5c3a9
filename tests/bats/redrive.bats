#!/usr/bin/env bats
# What a pipeline lost or turned round, told once more in its own format: it mends its table itself, and the evidence
# stays what it was.

load helper

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/good" --items 300 --changes 900 --seed 7 --shards 4
}

setup() {
	good=$BATS_FILE_TMPDIR/good
	bad=$BATS_TEST_TMPDIR/bad
}

# broken HISTORY BUG: a table as the bug leaves it, and the report on it.
broken() {
	copy_history "$1" "$bad"
	pipe "$bad" --bug "$2"
	reconcile "$bad" --findings all
	[ "$status" -eq 1 ]
	printf '%s\n' "$json" >"$bad/report.json"
	differ=$(jq '[.findings[] | select(.id | startswith("row."))] | length' <<<"$json")
	[ "$differ" -gt 0 ]
}

# redrive FORMAT [options]: its words in $output, what it wrote in the landing folder.
redrive() {
	local format=$1
	shift
	run "$LAKEPROOF" redrive "$bad/report.json" --quiet --format "$format" --to "$bad" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

# mended HISTORY BUG FORMAT [options]: FAIL, redriven, applied without the bug, PASS, and nothing left to redrive.
mended() {
	local history=$1 bug=$2
	shift 2
	broken "$history" "$bug"
	redrive "$@"
	[[ "$output" == "redrive    $differ of $differ keys told again"* ]]
	[[ "$output" == *"written    1 files under $bad/events/"* ]]
	pipe "$bad"
	reconcile "$bad"
	echo "$(field '.verdict, .reasons[], .findings_by_id')"
	[ "$status" -eq 0 ]
	[ "$(field '.findings_by_id | keys - ["lake.newer"] | length')" -eq 0 ]
	files=$(find "$bad/events" -type f | wc -l)
	redrive "$@"
	[[ "$output" == "redrive    0 of $differ keys told again"*"$differ no longer differ"*"written    nothing" ]]
	[ "$(find "$bad/events" -type f | wc -l)" -eq "$files" ]
}

@test "dropped REMOVEs" { mended "$good" drops-remove streams; }
@test "last arrival wins" { mended "$good" last-arrival-wins streams; }
@test "ignored TTL removes" { mended "$good" ttl-ignored streams; }
@test "a MERGE on part of the key" { mended "$good" partial-key-merge streams; }
@test "sequence numbers compared as text" { mended "$good" sequence-as-text streams; }
@test "a skipped export file: its items become changes that change nothing" {
	mended "$good" export-file-skipped streams
	[[ "$(cat "$bad"/events/*/*/*/*/redrive*)" == *'"eventName":"MODIFY"'* ]]
}
@test "ignored MODIFY records" { mended "$good" inserts-only streams; }
@test "a pipeline that wrote nothing" { mended "$good" writes-nothing streams; }

@test "what the pipeline believes to have applied needs a newer stamp" {
	broken "$good" backfill-overwrites
	redrive streams
	pipe "$bad"
	reconcile "$bad"
	[ "$status" -eq 1 ]
	rm -rf "$bad"
	mended "$good" backfill-overwrites streams --stamp newer
}
@test "values written wrong are mended by a newer stamp" {
	mended "$good" removed-attribute-survives streams --stamp newer
}

@test "each format that the pipeline reads carries its own changes byte for byte" {
	for format in lambda pipes concatenated kinesis kinesis-ms firehose; do
		rm -rf "$bad" "$BATS_TEST_TMPDIR/$format"
		generate "$BATS_TEST_TMPDIR/$format" --items 100 --changes 300 --seed 7 --format "$format"
		mended "$BATS_TEST_TMPDIR/$format" drops-remove "$format"
		rm -rf "$bad"
		broken "$BATS_TEST_TMPDIR/$format" drops-remove
		redrive "$format"
		[[ "$output" == *": $differ changes ($differ byte for byte)"* ]]
	done
}

@test "records of DynamoDB Streams are told in another format of theirs" {
	for format in lambda pipes concatenated; do
		rm -rf "$bad"
		mended "$good" writes-nothing "$format"
	done
}

@test "no format that the pipeline cannot read breaks the evidence either" {
	for format in kinesis-lambda kinesis-pipes kinesis-base64 firehose-transform firehose-parquet flat \
		flat-sequence dms bronze; do
		for stamp in same newer; do
			echo "$format $stamp"
			rm -rf "$bad" "$BATS_TEST_TMPDIR/$format"
			generate "$BATS_TEST_TMPDIR/$format" --items 60 --changes 200 --seed 7 --format "$format"
			broken "$BATS_TEST_TMPDIR/$format" writes-nothing
			before=$(jq -c .findings_by_id "$bad/report.json")
			redrive "$format" --stamp "$stamp"
			reconcile "$bad"
			[ "$(jq -c .findings_by_id <<<"$json")" = "$before" ]
		done
	done
}

@test "a format that does not order as the source does is refused, and it is said" {
	broken "$good" drops-remove
	redrive kinesis
	[[ "$output" == *"redrive    0 of "*"known to a second only"*"written    nothing" ]]
	run "$LAKEPROOF" redrive "$bad/report.json" --quiet --format poll --to "$bad"
	[ "$status" -eq 64 ]
}

@test "rows twice, and of nobody, are listed and left alone" {
	broken "$good" append-only
	redrive streams
	[[ "$output" == *"left out"*"are in the lake more than once"* ]]
	rm -rf "$bad"
	copy_history "$good" "$bad"
	pipe "$bad"
	rm -r "$bad/events" "$bad/.lakeproof" 2>/dev/null || true
	mkdir "$bad/events"
	reconcile "$bad" --findings all
	printf '%s\n' "$json" >"$bad/report.json"
	redrive streams
	[[ "$output" == *"are known to no source"*"written"* ]]
}

@test "unproven keys are not redriven" {
	broken "$good" last-arrival-wins
	# The end of the capture is gone: of keys near it nobody knows what they are.
	find "$bad/events" -name '*.jsonl' | sort | tail -n 3 | xargs rm
	reconcile "$bad" --findings all
	redrive streams
	written=$(cat "$bad"/events/*/*/*/*/redrive* 2>/dev/null | wc -l)
	proven=$(field '[.findings[] | select(.id | startswith("row."))] | length')
	[ "$written" -le "$proven" ]
}

@test "--list and --dry-run write nothing, and say of every key what would be" {
	broken "$good" drops-remove
	before=$(find "$bad" -type f -path '*events*' | sort)
	run "$LAKEPROOF" redrive "$bad/report.json" --quiet --format streams --list
	[ "$status" -eq 0 ]
	[ "$(jq -s 'length' <<<"$output")" -eq "$differ" ]
	[ "$(jq -s 'all(.written and .what == "REMOVE" and .as == "it came")' <<<"$output")" = true ]
	run "$LAKEPROOF" redrive "$bad/contract.yaml" --quiet --format streams --dry-run
	[[ "$output" == "redrive    $differ of $differ keys would be told again"*"written    nothing" ]]
	[ "$(find "$bad" -type f -path '*events*' | sort)" = "$before" ]
}

@test "files sort last, are closed at a number of records, and no file is ever replaced" {
	broken "$good" writes-nothing
	LAKEPROOF_NOW=2026-01-02T03:04:05Z redrive streams --records-per-file 100 --gzip
	[ "$(find "$bad/events" -name 'redrive*' | wc -l)" -eq $(((differ + 99) / 100)) ]
	[[ "$(cd "$bad" && find events -type f | sort | tail -n 1)" == events/2026/01/02/03/redrive_*.jsonl.gz ]]
	for time in 2026-01-02T03:04:05Z 2020-01-01T00:00:00Z; do
		run env LAKEPROOF_NOW=$time "$LAKEPROOF" redrive "$bad/report.json" --quiet --format streams --to "$bad"
		[ "$status" -eq 64 ]
		[[ "$output" == *"would not come after"* ]]
	done
}

@test "a report that lists less than it counts is said to" {
	copy_history "$good" "$bad"
	pipe "$bad" --bug writes-nothing
	reconcile "$bad" --findings 10
	printf '%s\n' "$json" >"$bad/report.json"
	redrive streams
	[[ "$output" == *"redrive    9 of 9 keys"*"differences that the report counts and does not list"* ]]
}

@test "what is no report is refused" {
	printf '{"verdict": 1}\n' >"$BATS_TEST_TMPDIR/x.json"
	run "$LAKEPROOF" redrive "$BATS_TEST_TMPDIR/x.json" --format streams --to "$BATS_TEST_TMPDIR"
	[ "$status" -eq 64 ]
	run "$LAKEPROOF" redrive "$good/contract.yaml" --format streams
	[ "$status" -eq 64 ]
}

@test "what two exports show and no capture does is told as changes that only say so" {
	generate "$BATS_TEST_TMPDIR/two" --items 300 --changes 900 --seed 7 --second-export
	mkdir "$bad"
	cp -r "$BATS_TEST_TMPDIR/two"/{AWSDynamoDB,columns.txt} "$bad/"
	grep -v '{events: ' "$BATS_TEST_TMPDIR/two/contract.yaml" >"$bad/contract.yaml"
	mkdir "$bad/events"
	pipe "$bad"
	reconcile "$bad" --findings all
	[ "$status" -eq 1 ]
	[ "$(field '.findings_by_id["row.zombie"]')" -gt 0 ]
	[ "$(field '.findings_by_id["row.stale"]')" -gt 0 ]
	printf '%s\n' "$json" >"$bad/report.json"
	redrive streams
	[[ "$output" == *": 0 changes (0 byte for byte), "*" items of exports, "*" removals that exports show"* ]]
	pipe "$bad"
	reconcile "$bad"
	echo "$(field '.verdict, .reasons[], .findings_by_id')"
	[ "$status" -eq 0 ]
}

@test "a removal is told as it was even where a closing export proves it" {
	generate "$BATS_TEST_TMPDIR/closed" --items 200 --changes 600 --seed 7 --second-export
	mended "$BATS_TEST_TMPDIR/closed" drops-remove streams
	rm -rf "$bad"
	broken "$BATS_TEST_TMPDIR/closed" drops-remove
	redrive streams
	[[ "$output" == *" $differ changes ($differ byte for byte)"*" 0 removals that exports show"* ]]
}

@test "a cell of a run is redriven into its own landing folder" {
	run "$LAKEPROOF" run deletes/recreated-in-a-later-batch --quiet --pipeline embedded+drops-remove \
		--scenarios "$BATS_TEST_DIRNAME/../../scenarios" --runs "$BATS_TEST_TMPDIR/runs" --jobs 1
	[ "$status" -eq 1 ]
	cell=$(dirname "$(find "$BATS_TEST_TMPDIR/runs" -name cell.json)")
	run "$LAKEPROOF" redrive "$cell" --quiet --format streams
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ redrive\ +([0-9]+)\ of\ ([0-9]+)\ keys ]]
	[ "${BASH_REMATCH[1]}" -eq "$(jq '[.points[] | select(.id == "final.deletes" or .id == "final.ttl") | .findings[]?] | add' "$cell/cell.json")" ]
	[ "$(cat "$cell"/landing/events/*/*/*/*/redrive* | grep -c '"eventName":"REMOVE"')" -eq "${BASH_REMATCH[1]}" ]
	run "$LAKEPROOF" redrive "$BATS_TEST_TMPDIR" --quiet --format streams
	[ "$status" -eq 64 ]
}
