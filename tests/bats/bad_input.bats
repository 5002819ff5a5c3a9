#!/usr/bin/env bats
# Corruption as a table: intact input passes, then one mutilation yields exactly its finding, and never PASS.

load helper

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/good" --items 400 --changes 800 --seed 3 --shards 4 --records-per-file 100 --skew 0
	pipe "$BATS_FILE_TMPDIR/good"
	generate "$BATS_FILE_TMPDIR/packed" --items 400 --changes 800 --seed 3 --shards 4 --records-per-file 100 --gzip
	pipe "$BATS_FILE_TMPDIR/packed"
}

setup() {
	here=$BATS_TEST_TMPDIR/here
	cp -r "$BATS_FILE_TMPDIR/${packed:-good}" "$here"
	export_folder=$(ls -d "$here"/AWSDynamoDB/*-*)
	data=$(find "$export_folder/data" -name '*.json.gz' -size +1k | sort | head -n 1)
	events=$(find "$here/events" -type f | sort | head -n 1)
}

# never_pass ID: exactly this finding (and what it leaves unproven), verdict UNKNOWN.
unknown_with() {
	reconcile "$here"
	echo "exit $status, verdict $(field .verdict), ids $(ids)"
	[ "$status" -eq 2 ]
	[ "$(field .verdict)" = UNKNOWN ]
	[ "$(field ".findings_by_id[\"$1\"] // 0")" -gt 0 ]
}

replace_record() { # file, line number (from 1), new text
	local text=$3
	awk -v n="$2" -v t="$text" 'NR == n { print t; next } { print }' "$1" >"$1.new" && mv "$1.new" "$1"
}

@test "intact input passes" {
	reconcile "$here"
	echo "$(field '.verdict, .reasons[]')"
	[ "$status" -eq 0 ]
}

@test "a data file cut short is export.md5, and nothing of it counts" {
	truncate -s -20 "$data"
	unknown_with export.md5
}

@test "a flipped byte in a data file is export.md5" {
	printf '\x5a' | dd of="$data" bs=1 seek=100 conv=notrunc status=none
	unknown_with export.md5
}

@test "a missing data file is export.missing" {
	rm "$data"
	unknown_with export.missing
	[ "$(field '[.findings[] | select(.id == "export.missing")][0] | .records[0].file // .cause | length > 0')" = true ]
}

@test "a data file that no manifest names is export.extra" {
	cp "$data" "$export_folder/data/aaaaaaaaaaaaaaaaaaaaaaaaaa.json.gz"
	unknown_with export.extra
}

@test "a manifest that is not what its md5 says is export.md5" {
	sed -i 's/"itemCount":\([0-9]*\)/"itemCount":1\1/' "$export_folder/manifest-files.json"
	unknown_with export.md5
}

@test "a wrong item count is export.count" {
	sed -i '1s/"itemCount":\([0-9]*\)/"itemCount":1\1/' "$export_folder/manifest-files.json"
	openssl dgst -md5 -binary "$export_folder/manifest-files.json" | base64 | tr -d '\n' >"$export_folder/manifest-files.md5"
	unknown_with export.count
}

@test "malformed JSON is told with its record and offset, and reading goes on" {
	offset=$(head -n 4 "$events" | wc -c)
	replace_record "$events" 5 '{"eventID":"broken'
	unknown_with record.unreadable
	[ "$(field '[.findings[] | select(.id == "record.unreadable")][0].records[0].record')" -eq 4 ]
	[ "$(field '[.findings[] | select(.id == "record.unreadable")][0].records[0].offset')" -eq "$offset" ]
	[ "$(field '.findings_by_id["record.unreadable"]')" -eq 1 ]
}

@test "duplicate names in an image are record.unreadable, and only that key is unproven" {
	line=$(sed -n 5p "$events" | sed 's/"NewImage":{/"NewImage":{"twice":{"S":"a"},"twice":{"S":"b"},/; s/"OldImage":{/"OldImage":{"twice":{"S":"a"},"twice":{"S":"b"},/')
	replace_record "$events" 5 "$line"
	unknown_with record.unreadable
	[ "$(field '[.findings[] | select(.id == "record.unreadable")][0] | has("key")')" = true ]
	[ "$(field .counts.unproven)" -le 1 ]
}

@test "an unknown type tag is record.unreadable" {
	line=$(sed -n 6p "$events" | sed 's/"NewImage":{/"NewImage":{"odd":{"X":"a"},/; s/"OldImage":{/"OldImage":{"odd":{"X":"a"},/')
	replace_record "$events" 6 "$line"
	unknown_with record.unreadable
}

@test "a number out of range is record.unreadable" {
	line=$(sed -n 6p "$events" | sed 's/"NewImage":{/"NewImage":{"big":{"N":"1e999"},/; s/"OldImage":{/"OldImage":{"big":{"N":"1e999"},/')
	replace_record "$events" 6 "$line"
	unknown_with record.unreadable
}

@test "a key of the wrong type is record.unreadable and leaves every key unproven" {
	line=$(sed -n 6p "$events" | sed 's/"Keys":{"pk":{"S":/"Keys":{"pk":{"N":/')
	[ "$line" != "$(sed -n 6p "$events")" ]
	replace_record "$events" 6 "$line"
	unknown_with record.unreadable
}

@test "invalid UTF-8 is record.unreadable" {
	printf '{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"\xff\xfe"}}}}\n' >>"$events"
	unknown_with record.unreadable
}

@test "nesting deeper than 32 is record.unreadable" {
	deep=$(printf '{"L":[%.0s' {1..40})'{"S":"x"}'$(printf ']}%.0s' {1..40})
	line=$(sed -n 6p "$events" | sed "s/\"NewImage\":{/\"NewImage\":{\"deep\":$deep,/; s/\"OldImage\":{/\"OldImage\":{\"deep\":$deep,/")
	replace_record "$events" 6 "$line"
	unknown_with record.unreadable
}

@test "a record over 16 MB is record.unreadable, and the others are read" {
	head -c 17000000 /dev/zero | tr '\0' 'x' | sed 's/^/{"eventID":"/; s/$/"}/' >>"$events"
	echo >>"$events"
	unknown_with record.unreadable
	[ "$(field '.findings_by_id["record.unreadable"]')" -eq 1 ]
}

@test "truncated gzip is never PASS" {
	rm -rf "$here" && cp -r "$BATS_FILE_TMPDIR/packed" "$here"
	reconcile "$here"
	[ "$status" -eq 0 ]
	events=$(find "$here/events" -type f | sort | head -n 1)
	truncate -s -30 "$events"
	rm -rf "$here/.lakeproof"
	unknown_with record.unreadable
}

@test "an event file that is a link to nothing is record.unreadable, and the others are judged" {
	ln -s nowhere "$here/events/aaa.jsonl"
	unknown_with record.unreadable
	echo "$(field '.findings[] | select(.id == "record.unreadable")')"
	[ "$(field '.findings_by_id["record.unreadable"]')" -eq 1 ]
	[ "$(field '.findings[] | select(.id == "record.unreadable") | .records[0] | has("offset")')" = false ]
	[ "$(field '.counts.unproven')" -gt 300 ]
	cp "$events" "$here/events/nowhere"
	reconcile "$here"
	[ "$status" -eq 0 ]
}

@test "an event file whose link comes to nothing after it was merged keeps its facts" {
	mv "$events" "$here/kept.jsonl"
	ln -s ../kept.jsonl "$here/events/aaa.jsonl"
	reconcile "$here"
	[ "$status" -eq 0 ]
	rm "$here/kept.jsonl"
	unknown_with record.unreadable
	[ "$(field '.findings_by_id["source.changed"]')" -eq 1 ]
	[ "$(field .verdict)" = UNKNOWN ]
}

@test "an event file that is gone since it was merged is source.gone" {
	reconcile "$here"
	rm "$events"
	unknown_with source.gone
}

@test "an event file that changed since it was merged is source.changed" {
	reconcile "$here"
	[ "$status" -eq 0 ]
	sed -i '1d' "$events"
	unknown_with source.changed
}

@test "a table column that the contract does not mention is column.unmapped" {
	sed -i '/column: status/d' "$here/contract.yaml"
	reconcile "$here"
	[ "$status" -eq 2 ]
	[ "$(field '.findings_by_id["column.unmapped"]')" -eq 1 ]
	[ "$(field '.findings_by_id["attribute.unmapped"]')" -eq 1 ]
}

@test "a column that the table lacks is an error that names it" {
	sed -i 's/column: status,/column: statu,/' "$here/contract.yaml"
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" == *statu* ]]
}

@test "an unknown contract key is an error with line, column and the nearest match" {
	sed -i 's/^lake:/laek:/' "$here/contract.yaml"
	run "$LAKEPROOF" reconcile "$here/contract.yaml"
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" =~ contract.yaml:[0-9]+:[0-9]+ ]]
	[[ "$output" == *"'lake'"* ]]
}

@test "a path without a Delta log is an error that says what to do" {
	rm -rf "$here/lake/_delta_log"
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 65 ]
	[[ "$output" == *_delta_log* ]]
}

@test "an unsupported table feature is an error, not a verdict" {
	sed -i 's/"deletionVectors"/"someFutureFeature"/g' "$here"/lake/_delta_log/*.json "$here"/lake/_delta_log/*.crc # a version checksum repeats the protocol
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 65 ]
}

@test "a version that does not exist is an error" {
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --version 999999
	[ "$status" -eq 65 ]
}

@test "nothing compared is UNKNOWN, even when both sides are empty" {
	rm -rf "$here"
	generate "$here" --items 0 --changes 0
	mkdir -p "$here/events"
	pipe "$here"
	reconcile "$here"
	echo "$(field '.verdict, .reasons[]')"
	[ "$status" -eq 2 ]
}

@test "a merge killed at any moment leaves nothing half done" {
	for delay in 0.005 0.01 0.02 0.03 0.05; do
		"$LAKEPROOF" merge "$here/contract.yaml" --quiet >/dev/null 2>&1 &
		pid=$!
		sleep "$delay"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	reconcile "$here"
	killed=$(field 'del(.run)')
	rm -rf "$here/.lakeproof"
	reconcile "$here"
	[ "$killed" = "$(field 'del(.run)')" ]
}

@test "usage errors exit 64 and name the nearest option" {
	run "$LAKEPROOF" reconcile --fromat json x.yaml
	[ "$status" -eq 64 ]
	[[ "$output" == *--format* ]]
	run "$LAKEPROOF" reconcile
	[ "$status" -eq 64 ]
	run "$LAKEPROOF" reconcile /does/not/exist.yaml
	[ "$status" -eq 64 ]
}
