#!/usr/bin/env bats
# The pipeline under test itself: whatever happens to its process, and in whatever format its changes land, the table is
# what DynamoDB says; and bugs of the process show.

load helper

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/history" --preset orders --items 60 --changes 150 --duration 30m --seed 5 --shards 2 \
		--records-per-file 12
}

setup() {
	dir=$BATS_TEST_TMPDIR/job
	mkdir -p "$dir/place"
	ln -s "$BATS_FILE_TMPDIR/history" "$dir/history"
	yaml=$BATS_TEST_DIRNAME/../../scenarios/pipelines
}

# batch N OF [HISTORY]: writes batch.json of the Nth of so many parts of the history; the export is in the first.
batch() {
	local history=${3:-$dir/history}
	local exports
	exports=$(ls -d "$history"/AWSDynamoDB/*-* | jq -R . | jq -s .)
	find "$history/events" -type f ! -name faults.jsonl | sort | awk -v n="$1" -v of="$2" 'NR % of == n % of' |
		jq -R . | jq -s --arg d "$dir" --arg h "$history" --argjson n "$1" --argjson of "$2" --argjson exports "$exports" \
		'{batch: $n, of: $of, attempt: 1, landing: $h, batch_dir: $h, work: ($d + "/place"), table: ($d + "/place/lake"),
		columns: ($h + "/columns.txt"), exports: (if $n == 1 then $exports else [] end), events: ., now_us: 1760000000000000}' \
			>"$dir/batch.json"
}

job() { "$PIPELINE" --quiet --no-sync --job "$dir/batch.json" "$@"; }

# judge [CONTRACT]: reconciles the job's table; sets json and status.
judge() {
	sed "s|^  delta: .*|  delta: $dir/place/lake|" "$dir/history/${1:-contract.yaml}" >"$dir/history/judge.yaml"
	status=0
	rm -rf "$dir/state"
	json=$("$LAKEPROOF" reconcile "$dir/history/judge.yaml" --state "$dir/state" --quiet --format json) || status=$?
	rm "$dir/history/judge.yaml"
	echo "$(field '.verdict, .reasons[]') $(ids)"
}

passes() {
	judge "$@"
	[ "$status" -eq 0 ]
}

finds() { # ID...
	judge
	[ "$status" -eq 1 ]
	for id in "$@"; do
		[ "$(field ".findings_by_id[\"$id\"] // 0")" -gt 0 ]
	done
}

@test "batches in order, and all of them again without the checkpoint, leave the same table" {
	for n in 1 2 3; do
		batch $n 3
		job
	done
	passes
	rm "$dir/place/checkpoint"
	batch 1 1
	before=$(ls "$dir/place/lake/_delta_log" | wc -l)
	job
	passes
	# Nothing is newer than what was there, so there is nothing to commit.
	[ "$(ls "$dir/place/lake/_delta_log" | wc -l)" -eq "$before" ]
}

@test "killed at any named moment, it mends everything in the next attempt" {
	for moment in after-read after-data before-commit after-commit after-checkpoint; do
		rm -rf "$dir/place"
		mkdir "$dir/place"
		for n in 1 2 3; do
			batch $n 3
			run env LAKEPROOF_CRASH_AT=$moment "$PIPELINE" --quiet --no-sync --job "$dir/batch.json"
			[ "$status" -eq 137 ]
			jq '.attempt = 2' "$dir/batch.json" >"$dir/again.json"
			LAKEPROOF_CRASH_AT=$moment "$PIPELINE" --quiet --no-sync --job "$dir/again.json"
		done
		passes
	done
}

@test "killed at any time, it mends everything in the next attempt" {
	for delay in 0.002 0.004 0.006 0.008 0.010 0.013 0.016 0.020 0.030; do
		rm -rf "$dir/place"
		mkdir "$dir/place"
		for n in 1 2; do
			batch $n 2
			timeout --signal KILL $delay "$PIPELINE" --quiet --no-sync --job "$dir/batch.json" || true
			job
		done
		passes
	done
}

@test "two at once take turns" {
	for n in 1 2 3; do
		batch $n 3
		job &
		first=$!
		job
		wait $first
	done
	passes
	rm -rf "$dir/place"
	mkdir "$dir/place"
	batch 1 1
	job --bug no-lock &
	first=$!
	job --bug no-lock
	wait $first
	finds row.duplicate
}

@test "a full disk is an error, and the next attempt mends it" {
	for blocks in 0 1 2 3 4 8; do
		rm -rf "$dir/place"
		mkdir "$dir/place"
		batch 1 1
		run bash -c "ulimit -f $blocks; exec '$PIPELINE' --no-sync --quiet --job '$dir/batch.json'"
		echo "$blocks: $status $output"
		[ "$status" -eq 74 ] || { [ "$status" -eq 0 ] && [ "$blocks" -ge 4 ]; }
		job
		passes
	done
}

@test "a crash shows the bugs of those who commit in pieces" {
	batch 1 2
	job --bug two-commits
	batch 2 2
	run env LAKEPROOF_CRASH_AT=between-commits "$PIPELINE" --quiet --no-sync --job "$dir/batch.json" --bug two-commits
	[ "$status" -eq 137 ]
	job --bug two-commits
	finds row.missing
	rm -rf "$dir/place"
	mkdir "$dir/place"
	batch 1 1
	run env LAKEPROOF_CRASH_AT=before-commit "$PIPELINE" --quiet --no-sync --job "$dir/batch.json" --bug checkpoint-first
	[ "$status" -eq 137 ]
	job --bug checkpoint-first
	[ "$status" -eq 137 ]
	judge
	[ "$status" -ne 0 ]
}

@test "what is applied twice shows who appends" {
	batch 1 1
	job
	passes
	rm "$dir/place/checkpoint"
	job --bug inserts-appended
	finds row.duplicate
	rm -rf "$dir/place"
	mkdir "$dir/place"
	job
	rm "$dir/place/checkpoint"
	job --bug fresh-start-appends
	finds row.duplicate
}

@test "changes in other formats give the same table" {
	for format in kinesis firehose flat-sequence dms lambda kinesis-lambda; do
		rm -rf "$dir/place" "$dir/history"
		mkdir "$dir/place"
		generate "$dir/history" --preset orders --items 40 --changes 100 --seed 3 --format $format
		batch 1 1
		case $format in flat*) changes=flat ;; dms) changes=dms ;; *) changes=records ;; esac
		job --changes $changes
		echo "$format"
		judge
		# What rows keep no type of cannot all be proven, but nothing may differ.
		[ "$status" -ne 1 ]
		[ "$(field '.counts.different')" -eq 0 ]
		[ "$(field '.counts.equal')" -gt 30 ]
	done
}

@test "records under Firehose's error prefix count, unless a bug looks away" {
	rm "$dir/history"
	generate "$dir/history" --preset orders --items 40 --changes 100 --seed 3 --format firehose --fault error-prefix:40%
	sed -i 's|^  - {events: events}|&\n  - {events: errors}|' "$dir/history/contract.yaml"
	batch 1 1
	job
	passes
	rm -rf "$dir/place"
	mkdir "$dir/place"
	job --bug error-prefix-ignored
	judge
	[ "$status" -eq 1 ]
}

@test "incremental exports of both views are applied, wait for each other, and are refused with a gap" {
	for view in NEW_AND_OLD_IMAGES NEW_IMAGE; do
		rm -rf "$dir/place" "$dir/history"
		mkdir "$dir/place"
		generate "$dir/history" --preset orders --items 40 --changes 100 --seed 3 --incremental 3 --incremental-view $view
		full=$(ls -d "$dir"/history/AWSDynamoDB/*-* | head -n 1)
		batch 1 1
		jq --arg full "$full" '.exports = [$full] | .events = []' "$dir/batch.json" >"$dir/b.json"
		mv "$dir/b.json" "$dir/batch.json"
		job --increment all
		passes contract-exports.yaml
	done
	# The second window is not there yet: the third waits, and is refused when there will be no more.
	rm -rf "$dir/place"
	mkdir "$dir/place"
	second=$(ls -d "$dir"/history/AWSDynamoDB/*-* | sed -n 3p)
	mv "$second" "$dir/away"
	jq '.of = 2' "$dir/batch.json" >"$dir/b.json"
	mv "$dir/b.json" "$dir/batch.json"
	job --increment all
	jq '.of = 1' "$dir/batch.json" >"$dir/b.json"
	mv "$dir/b.json" "$dir/batch.json"
	run job --increment all
	echo "$output"
	[ "$status" -eq 65 ]
	job --increment all --bug window-gap-accepted
	mv "$dir/away" "$second"
	rm -rf "$dir/place"
	mkdir "$dir/place"
	job --increment all
	passes contract-exports.yaml
}

@test "a scan is the whole table, and what is cut short is refused" {
	for format in scan scan-cli scan-lines; do
		rm -rf "$dir/place" "$dir/history"
		mkdir "$dir/place"
		generate "$dir/history" --preset orders --items 40 --changes 100 --seed 3 --export-format $format
		"$PIPELINE" --quiet --table "$dir/place/lake" --columns "$dir/history/columns.txt" --scan "$dir"/history/dumps/* \
			--events "$dir/history/events"
		passes
	done
	rm -rf "$dir/place" "$dir/history"
	mkdir "$dir/place"
	generate "$dir/history" --preset orders --items 40 --changes 100 --seed 3 --export-format scan
	sed -i 's/"Count":[0-9]*/"Count":9999/' "$dir"/history/dumps/*/segment-00000.json
	run "$PIPELINE" --quiet --table "$dir/place/lake" --columns "$dir/history/columns.txt" --scan "$dir"/history/dumps/*
	[ "$status" -eq 65 ]
}

@test "what cannot be right is refused, unless a bug does not look" {
	check() { # FAULT BUG MESSAGE
		rm -rf "$dir/place" "$dir/history"
		mkdir "$dir/place"
		generate "$dir/history" --preset orders --items 40 --changes 100 --seed 3 --shards 3 --fault "$1" --gzip
		batch 1 1
		run job
		echo "$1: $status $output"
		[ "$status" -eq 65 ]
		[[ "$output" == *"$3"* ]]
		job --bug "$2" --bug truncated-is-end
	}
	check wrong-md5 md5-unchecked MD5
	check wrong-count counts-unchecked "summary says"
	check missing-export-file missing-file-ignored missing
	check truncate-gzip truncated-is-end "cut short"
}

@test "records that cannot be read are set aside once, those that lakeproof sets aside" {
	rm "$dir/history"
	generate "$dir/history" --preset orders --items 40 --changes 200 --seed 3 \
		--fault bad-json:2,bad-type-tag:2,bad-number:2,bad-key-missing:2,bad-utf8:2,bad-deep:1,bad-duplicate-key:2,bad-key-type:2,bad-huge:1
	batch 1 1
	run env LAKEPROOF_CRASH_AT=before-commit "$PIPELINE" --quiet --no-sync --job "$dir/batch.json"
	job
	job
	judge
	aside=$dir/place/lake/_pipeline/set-aside.jsonl
	[ "$(sort "$aside" | uniq -d | wc -l)" -eq 0 ]
	theirs=$(jq -r '"\(.file | sub(".*/events/"; "events/")) \(.offset)"' "$dir/state/quarantine.jsonl" | sort)
	diff <(jq -r '"\(.file) \(.offset)"' "$aside" | sort) <(echo "$theirs")
	[ "$(wc -l <<<"$theirs")" -ge 15 ]
	rm -rf "$dir/place"
	mkdir "$dir/place"
	job --bug poison-dropped
	[ ! -e "$aside" ]
}

@test "rows are put and taken away as a file says" {
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	printf '{"pk":{"S":"%s"},"v":{"S":"1"}}\n' a b c >"$dir/put"
	printf '{"pk":{"S":"b"}}\n{"pk":{"S":"z"}}\n' >"$dir/gone"
	rows() { "$PIPELINE" --quiet --table "$dir/lake" --columns "$dir/columns.txt" "$@"; }
	rows --upsert "$dir/put"
	rows --upsert <(sed 's/"1"/"2"/; 2,3d' "$dir/put") --delete "$dir/gone"
	sed 's/"1"/"2"/; 2d' "$dir/put" | sed '2s/"2"/"1"/' >"$dir/expected"
	cat >"$dir/contract.yaml" <<-TEXT
		table: t
		key: [{attribute: pk, type: S}]
		sources: [{items: expected, from: 2025-01-01T00:00:00Z, to: 2025-01-02T00:00:00Z, complete: true}]
		lake: {delta: lake, columns: [{column: pk, attribute: pk, type: string}, {column: v, attribute: v, type: string}]}
	TEXT
	reconcile "$dir"
	[ "$(field .verdict)" = PASS ]
	run rows --upsert "$dir/put" --delete "$dir/gone"
	[ "$status" -eq 65 ]
	[[ "$output" == *"second line of one key"* ]]
}

@test "every bug is listed with class and effect, and is a variant of some pipeline" {
	"$PIPELINE" --list-bugs >"$dir/bugs"
	[ "$(wc -l <"$dir/bugs")" -ge 85 ]
	! grep -vP '^[a-z0-9-]+\t[OBDPKTL][0-9]+\t[a-z -]+\t[^\t]+$' "$dir/bugs"
	diff <(cut -f 1 "$dir/bugs" | sort) <(grep -ho 'words: \[--bug, [a-z0-9-]*' "$yaml"/embedded*/pipeline.yaml |
		sed 's/.*, //' | sort -u)
	# Each class of bugs has one.
	for class in O{1..15} D{1..12} B{1..10} P{1..8} K{1..2} T{1..13} L{1..7}; do
		cut -f 2 "$dir/bugs" | grep -qx "$class"
	done
}
