#!/usr/bin/env bats
# What generate writes as Parquet in the place of stream records (as Firehose converts them) and of an export (as AWS Glue
# hands it on): the same history in its first format is the measure.

load helper

# reconciled DIR: verdict and findings.
reconciled() {
	rm -rf "$1/.lakeproof"
	reconcile "$1"
	echo "$(field .verdict) $(ids)"
}

# built_by DIR BUG: the table that the pipeline makes of that history in its first format, where `made` is; BUG may be "none".
built_by() {
	rm -rf "$made/lake" "$made/state" "${1:?}/lake"
	pipe "$made" $([ "$2" = none ] || echo --bug "$2")
	cp -r "$made/lake" "$1/lake"
}

# judged_alike DIR BUG...: with each bug the files say of the table what the first format's say, which is no PASS.
judged_alike() {
	local dir=$1 bug said
	shift
	built_by "$dir" none
	[ "$(reconciled "$dir")" = "PASS lake.newer" ]
	for bug in "$@"; do
		built_by "$dir" "$bug"
		said=$(reconciled "$dir")
		echo "$dir $bug: $said; the first format: $(reconciled "$made")"
		[[ "$said" == "FAIL "* ]]
		[ "$said" = "$(reconciled "$made")" ]
	done
}

@test "stream records in columns, as Firehose converts them, prove what the records do" {
	dir=$BATS_TEST_TMPDIR
	made=$dir/made
	generate "$made" --items 300 --changes 400
	generate "$dir/one" --items 300 --changes 400 --format firehose-parquet
	generate "$dir/two" --items 300 --changes 400 --format firehose-parquet
	diff -r "$dir/one/events" "$dir/two/events"
	cmp "$made/columns.txt" "$dir/one/columns.txt"
	file=$(find "$dir/one/events" -type f | sort | head -n 1)
	[[ "${file#"$dir/one/events/"}" =~ ^20[0-9]{2}/[0-9]{2}/[0-9]{2}/[0-9]{2}/changes-1-.*\.parquet$ ]]
	grep -aq approximatecreationdatetimeprecision "$file"
	[ "$(grep -ac ApproximateCreationDateTimePrecision "$file")" = 0 ]
	grep -q '{events: events}' "$dir/one/contract.yaml"
	judged_alike "$dir/one" drops-remove ttl-ignored last-arrival-wins numbers-through-double
	# Names that would not be kept in columns: their keys are texts.
	for key in Pk:S,SortKey:N k:B; do
		generate "$dir/$key" --items 100 --changes 200 --key $key --format firehose-parquet
		output=$("$LAKEPROOF" merge --quiet --format json "$dir/$key/contract.yaml")
		[ "$(jq -c '[.unproven, .problems, .items]' <<<"$output")" = \
			"[0,0,$(sqlite3 "$dir/$key/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")]" ]
	done
}

@test "what columns drop unseen is no fault to ask for, a key that they lose is, and the error prefix has the record as it came" {
	dir=$BATS_TEST_TMPDIR
	for fault in bad-type-tag bad-number bad-duplicate-key bad-deep bad-huge bad-utf8 bad-json crlf truncate-line; do
		run "$LAKEPROOF" generate --format firehose-parquet --fault $fault "$dir/never"
		[ "$status" = 64 ]
		[[ "$output" == *"has no place in records as \"firehose-parquet\""* ]]
	done
	run "$LAKEPROOF" generate --format firehose-parquet --gzip "$dir/never"
	[ "$status" = 64 ]
	for fault in bad-key-missing bad-key-type empty-image; do
		generate "$dir/$fault" --items 100 --changes 200 --format firehose-parquet --fault $fault
		output=$("$LAKEPROOF" merge --quiet --format json "$dir/$fault/contract.yaml" 2>/dev/null)
		echo "$fault $output"
		[ "$(jq .problems <<<"$output")" -gt 0 ]
	done
	generate "$dir/errors" --items 100 --changes 200 --format firehose-parquet --fault error-prefix:3
	find "$dir/errors/errors" -type f -exec cat {} + | jq -r '.rawData | @base64d' >"$dir/raw"
	[ "$(jq -c 'select(.dynamodb.Keys.pk.S and .eventID)' "$dir/raw" | wc -l)" = 3 ]
}

@test "items as AWS Glue writes them prove what an export does, typed and simplified" {
	dir=$BATS_TEST_TMPDIR
	made=$dir/made
	generate "$made" --items 300 --changes 400
	for format in glue glue-simplified; do
		generate "$dir/$format" --items 300 --changes 400 --export-format $format
		generate "$dir/two" --items 300 --changes 400 --export-format $format --force
		diff -r "$dir/$format/dumps" "$dir/two/dumps"
		[ -z "$(find "$dir/$format/dumps" -type f ! -name 'part-*.snappy.parquet')" ]
		grep -q 'rows: "dumps/.*", preset: glue, format: parquet, from: .*, complete: true}' "$dir/$format/contract.yaml"
		judged_alike "$dir/$format" backfill-overwrites export-file-skipped decimals-truncated partial-key-merge
	done
	grep -aq Item "$(find "$dir/glue/dumps" -type f | head -n 1)"
	[ "$(grep -ac Item "$(find "$dir/glue-simplified/dumps" -type f | head -n 1)")" = 0 ]
}

@test "AWS Glue's columns hold every preset's items, and what is cut off shows" {
	dir=$BATS_TEST_TMPDIR
	for format in glue glue-simplified; do
		for preset in orders kitchen-sink single-table wide hot large-items; do
			generate "$dir/$preset" --force --preset $preset --items 40 --changes 60 --export-format $format --second-export
			output=$("$LAKEPROOF" merge --quiet --format json "$dir/$preset/contract.yaml")
			echo "$preset $format $output"
			[ "$(jq -c '[.unproven, .problems, .items]' <<<"$output")" = \
				"[0,0,$(sqlite3 "$dir/$preset/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")]" ]
		done
		generate "$dir/cut" --force --items 100 --changes 100 --export-format $format --fault truncate-export
		output=$("$LAKEPROOF" merge --quiet --format json "$dir/cut/contract.yaml" 2>/dev/null)
		[ "$(jq .problems <<<"$output")" -gt 0 ]
		[ "$(jq .unproven <<<"$output")" -gt 10 ]
		for fault in missing-export-file wrong-count wrong-md5; do
			run "$LAKEPROOF" generate --export-format $format --fault $fault "$dir/never"
			[ "$status" = 64 ]
		done
		run "$LAKEPROOF" generate --export-format $format --incremental 2 "$dir/never"
		[ "$status" = 64 ]
	done
}
