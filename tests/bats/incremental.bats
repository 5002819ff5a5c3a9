#!/usr/bin/env bats
# Incremental exports and Ion: a chain of exports alone proves a lake, a link that is missing leaves it unknown.

load helper

setup_file() {
	export HISTORY=$BATS_FILE_TMPDIR/history
	generate "$HISTORY" --items 1500 --changes 2500 --incremental 4 --seed 5
	pipe "$HISTORY"
}

# judged DIR [options]: by its exports alone; JSON into $json, exit code into $status.
judged() {
	local dir=$1
	shift
	status=0
	json=$("$LAKEPROOF" reconcile "$dir/contract-exports.yaml" --quiet --format json "$@") || status=$?
}

# same_history NAME [options]: the same history written otherwise, with the lake that was made of its stream.
same_history() {
	dir=$BATS_TEST_TMPDIR/$1
	shift
	generate "$dir" --items 1500 --changes 2500 --seed 5 "$@"
	cp -r "$HISTORY/lake" "$dir/lake"
}

# Whichever folder of an incremental export comes as the Nth.
window() { # DIR N
	grep -lc INCREMENTAL "$1"/AWSDynamoDB/*/manifest-summary.json | sed -n "$2p" | xargs dirname
}

@test "a lake made from the stream is proven by the exports of the same history" {
	judged "$HISTORY"
	[ "$status" = 0 ]
	[ "$(field .verdict)" = PASS ]
	[ "$(field '.evidence.sources | length')" = 5 ]
	[ "$(field '.counts.compared')" -gt 1000 ]
	[ "$(field .proved_through.dynamodb)" = "$(field .evidence.ends)" ]
	[ "" = "" ]
}

@test "and by those with new images only, in Ion, with a prefix" {
	same_history new --incremental 4 --incremental-view NEW_IMAGE
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
	same_history ion --incremental 3 --export-format ion --prefix some/where
	ls "$dir"/some/where/AWSDynamoDB/data/*.ion.gz
	zcat "$dir"/some/where/AWSDynamoDB/data/*.ion.gz | head -n 1 | grep '^\$ion_1_0 {Record:{'
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
}

@test "require: dynamodb is of all keys, not of those that incremental exports say changed" {
	same_history changed --incremental 4
	echo "require: dynamodb" >>"$dir/contract-exports.yaml"
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
	full=$(grep -Lc INCREMENTAL "$dir"/AWSDynamoDB/*/manifest-summary.json | xargs dirname | xargs basename)
	sed -i "/$full/d" "$dir/contract-exports.yaml"
	echo "allow: {unproven: 100%}" >>"$dir/contract-exports.yaml"
	judged "$dir"
	field .scope | grep "of keys that changed since"
	[ "$(field .verdict)" = UNKNOWN ]
	field ".reasons[]" | grep "require: dynamodb, but only keys that changed since"
	sed -i "/^require/d" "$dir/contract-exports.yaml"
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
}

@test "a folder of exports, or a glob, names them all" {
	same_history folder --incremental 4
	sed -i '/export: /d; s|^sources:|sources:\n  - {export: AWSDynamoDB}|' "$dir/contract-exports.yaml"
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
	[ "$(field '.evidence.sources | length')" = 1 ]
	sed -i 's|{export: AWSDynamoDB}|{export: "AWSDynamoDB/*"}|' "$dir/contract-exports.yaml"
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
	run "$LAKEPROOF" check "$dir/contract-exports.yaml"
	[ "$status" = 0 ]
	[ "$(grep -c 'incremental export' <<<"$output")" = 4 ]
	sed -i 's|{export: "AWSDynamoDB/\*"}|{export: "AWSDynamoDB/*"}\n  - {export: AWSDynamoDB}|' "$dir/contract-exports.yaml"
	judged "$dir"
	[ "$status" = 64 ]
}

# Each of these leaves a window open, so nothing after it is proven; what is found says which.
broken() { # FINDING FAULT
	same_history "broken-$1" --incremental 4 --fault "$2"
	judged "$dir"
	echo "$2: $(field .verdict) $(ids)"
	[ "$(field .verdict)" = UNKNOWN ]
	[[ " $(ids) " == *" $1 "* ]]
	[[ " $(ids) " == *" coverage.hole "* ]]
}

@test "a missing window, a missing file, a wrong checksum or count: unknown, and what is wrong is named" {
	broken coverage.hole missing-window/window=2
	broken export.missing missing-export-file/window=2
	broken export.md5 wrong-md5/window=3
	broken export.count wrong-count/window=3
	broken record.unreadable truncate-export/window=2
}

@test "the same window again changes nothing" {
	same_history again --incremental 4 --fault window-again/window=2
	judged "$dir"
	[ "$(field .verdict)" = PASS ]
	[ "$(field '.evidence.sources | length')" = 6 ]
}

@test "a row that differs is found by an incremental export in Ion, and its values are shown" {
	same_history bug --incremental 2 --export-format ion
	rm -r "$dir/lake"
	"$PIPELINE" --quiet --table "$dir/lake" --columns "$dir/columns.txt" --export "$(ls -d "$HISTORY"/AWSDynamoDB/*-* | head -n 1)" \
		--events "$HISTORY/events" --bug last-arrival-wins
	judged "$dir" --values full
	[ "$status" = 1 ]
	[ "$(field .verdict)" = FAIL ]
	[[ "$(field '[.findings[] | select(.id == "row.missing")][0].records[0].file')" == *.ion.gz ]]
	[ "$(field '[.findings[] | select(.id == "row.missing")][0].columns[0].expected')" != null ]
}

@test "a finished one next to one that is not: the latter is told" {
	same_history unfinished --incremental 2
	mkdir "$dir/AWSDynamoDB/01760009999000-00000000"
	touch "$dir/AWSDynamoDB/01760009999000-00000000/_started"
	sed -i '/export: /d; s|^sources:|sources:\n  - {export: AWSDynamoDB}|' "$dir/contract-exports.yaml"
	judged "$dir"
	[ "$(field .verdict)" = UNKNOWN ]
	[ "$(ids)" = "export.missing lake.newer" ]
}

@test "a summary without a count is told as that" {
	same_history uncounted --incremental 2
	summary=$(window "$dir" 1)/manifest-summary
	sed -i 's/"itemCount":[0-9]*,//' "$summary.json"
	openssl dgst -md5 -binary "$summary.json" | base64 | tr -d '\n' >"$summary.md5"
	judged "$dir"
	[ "$(field .verdict)" = UNKNOWN ]
	[[ "$(field '[.findings[] | select(.id == "export.count")][0].cause')" == *"no itemCount"* ]]
}
