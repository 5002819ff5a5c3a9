#!/usr/bin/env bats
# What the state remembers never outlives what it was made from: contract, files and table may change between runs.

load helper

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/good" --items 300 --changes 600 --seed 11 --shards 2 --records-per-file 100 --skew 0
	pipe "$BATS_FILE_TMPDIR/good"
}

setup() {
	here=$BATS_TEST_TMPDIR/here
	cp -r "$BATS_FILE_TMPDIR/good" "$here"
	events=$(find "$here/events" -type f | sort | tail -n 1)
	reconcile "$here"
	[ "$status" -eq 0 ]
}

@test "an attribute taken out of ignore_attributes is seen again, and one put there is not" {
	sed -i '/column: notes/d' "$here/contract.yaml"
	printf '  ignore: [notes]\n' >>"$here/contract.yaml"
	reconcile "$here"
	[ "$status" -eq 2 ]
	[ "$(ids)" = "attribute.unmapped lake.newer" ]
	printf '  ignore_attributes: [notes]\n' >>"$here/contract.yaml"
	reconcile "$here"
	[ "$status" -eq 0 ]
	sed -i '/ignore_attributes/d' "$here/contract.yaml"
	reconcile "$here"
	[ "$status" -eq 2 ]
}

@test "a contract key that lacks part of the table's key never passes" {
	sed -i '/{attribute: sk, type: N}/d' "$here/contract.yaml"
	reconcile "$here"
	[ "$status" -ne 0 ]
	[ "$(field '.findings_by_id["record.unreadable"] > 0')" = true ]
}

@test "a record whose Keys and image disagree is record.unreadable, not the lake's fault" {
	events=$(grep -lr '"NewImage":{"pk"' "$here/events" | sort | tail -n 1)
	sed -i '0,/"NewImage":{"pk"/s/"NewImage":{"pk":{"S":"[^"]*"}/"NewImage":{"pk":{"S":"somebody else"}/' "$events"
	rm -rf "$here/.lakeproof"
	reconcile "$here"
	echo "$(field '.verdict, .findings_by_id')"
	[ "$status" -eq 2 ]
	[ "$(field '.findings_by_id["record.unreadable"] > 0')" = true ]
}

@test "an export listed twice is refused with its line" {
	sed -i 's/^  - {export: \(.*\)}$/  - {export: \1}\n  - {export: \1}/' "$here/contract.yaml"
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" == *"listed twice"* ]]
}

@test "a pipe among the events is refused, not waited for" {
	mkfifo "$here/events/pipe"
	run timeout 20 "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 65 ]
}

@test "an event file with other bytes, the same size and the same time is read again" {
	touch -r "$events" "$here/stamp"
	sed -i '1s/"street":{"S":"[^"]/"street":{"S":"#/' "$events"
	touch -r "$here/stamp" "$events"
	reconcile "$here"
	echo "$(field '.verdict, .findings_by_id')"
	[ "$status" -ne 0 ]
}

@test "an event file that only grew is taken as it is" {
	last=$(tail -n 1 "$events")
	printf '%s\n' "$last" >>"$events"
	reconcile "$here"
	echo "$(field '.verdict, .findings_by_id')"
	[ "$status" -eq 0 ]
	[ "$(ids)" = "lake.newer" ]
}

@test "a copied or touched file is not a changed one" {
	touch "$events"
	reconcile "$here"
	[ "$status" -eq 0 ]
	[ "$(ids)" = "lake.newer" ]
}

@test "a file that grew again after it had lost records is a changed one all the same" {
	cp "$events" "$here/whole"
	sed -i "\$d" "$events"
	reconcile "$here"
	[ "$(field '.findings_by_id["source.changed"]')" -eq 1 ]
	sed -i "\$d" "$events"
	reconcile "$here"
	sed "\$d" "$here/whole" >"$events"
	reconcile "$here"
	[ "$status" -eq 2 ]
	[ "$(field '.findings_by_id["source.changed"]')" -eq 1 ]
	reconcile "$here"
	[ "$status" -eq 2 ]
}

@test "a changed file is told again on every later run" {
	sed -i '1d' "$events"
	reconcile "$here"
	[ "$(field '.findings_by_id["source.changed"]')" -eq 1 ]
	reconcile "$here"
	[ "$(field '.findings_by_id["source.changed"]')" -eq 1 ]
	[ "$status" -eq 2 ]
}

@test "data files of the table that were rewritten in place are read again" {
	truncate -s 100 "$here"/lake/*.parquet
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 65 ]
}

@test "a full disk is an error, and the next run is as if it had not been" {
	[ "$(id -u)" -eq 0 ] || skip "mounting a small file system takes root"
	mkdir "$here/small"
	mount -t tmpfs -o size=100k tmpfs "$here/small" || skip "no tmpfs may be mounted here"
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --state "$here/small/state"
	umount "$here/small"
	echo "$output"
	[ "$status" -eq 74 ]
	reconcile "$here" --state "$here/fresh"
	[ "$status" -eq 0 ]
}

@test "a second process is told that the state is in use" {
	exec 9>>"$here/.lakeproof/lock"
	if flock -n 9; then
		run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
		echo "$output"
		[ "$status" -eq 74 ]
		[[ "$output" == *"in use"* ]]
	fi
}

@test "flipped bytes anywhere in the state never change the verdict" {
	cp "$here/.lakeproof/state.sqlite" "$here/whole"
	size=$(stat -c %s "$here/whole")
	RANDOM=300
	for _ in $(seq 40); do
		cp "$here/whole" "$here/.lakeproof/state.sqlite"
		at=$(((RANDOM * 32768 + RANDOM) % (size - 3)))
		printf "\\x$(printf %02x $((RANDOM % 256)))\\x$(printf %02x $((RANDOM % 256)))\\xa5" |
			dd of="$here/.lakeproof/state.sqlite" bs=1 seek=$at conv=notrunc status=none
		run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
		if [ "$status" -eq 0 ]; then
			[[ "$output" == PASS* ]]
		else
			[ "$status" -eq 74 ]
			[[ "$output" == *"is damaged"*"delete the folder"* ]]
		fi
	done
}

@test "a folder that cannot hold a state says to choose another" {
	touch "$here/file"
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --state "$here/file"
	[ "$status" -eq 74 ]
	[[ "$output" == *"--state DIR"*"Not a directory"* ]]
	[ "$(id -u)" -eq 0 ] || skip "mounting a small file system takes root"
	mkdir "$here/small"
	mount -t tmpfs -o size=10m tmpfs "$here/small" || skip "no tmpfs may be mounted here"
	cp -r "$here/.lakeproof" "$here/small/state"
	mount -o remount,ro "$here/small"
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --state "$here/small/state"
	first=$status said=$output
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --state "$here/small/not/there"
	umount "$here/small"
	echo "$said / $output"
	[ "$first" -eq 74 ]
	[ "$status" -eq 74 ]
	[[ "$said" == *"--state DIR"*"Read-only"* ]]
	[[ "$output" == *"--state DIR"*"Read-only"* ]]
}

@test "a state folder is made with the folders above it" {
	reconcile "$here" --state "$here/a/b/c"
	[ "$status" -eq 0 ]
	[ -s "$here/a/b/c/state.sqlite" ]
}

@test "a state of another version says so" {
	printf '\377' | dd of="$here/.lakeproof/state.sqlite" bs=1 seek=63 conv=notrunc status=none
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 74 ]
	[[ "$output" == *"has layout 255"*"--state DIR"* ]]
}

@test "a disk that fills up in the middle is an error wherever it does, and the next run goes on" {
	[ "$(id -u)" -eq 0 ] || skip "mounting a small file system takes root"
	mkdir "$here/small"
	for size in 70k 200k 400k 600k; do
		mount -t tmpfs -o size=$size tmpfs "$here/small" || skip "no tmpfs may be mounted here"
		run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --state "$here/small/state"
		first=$status said=$output
		mount -o remount,size=20m "$here/small"
		reconcile "$here" --state "$here/small/state"
		umount "$here/small"
		echo "$size: $said"
		[ "$first" -eq 74 ]
		[[ "$said" == *"make room"* ]]
		[ "$status" -eq 0 ]
	done
}

@test "a state grown by many runs says what a fresh one says, and still knows each file" {
	mkdir "$here/later"
	mv "$here"/events "$here/later/"
	mkdir "$here/events"
	while read -r file; do
		mkdir -p "$here/$(dirname "$file")"
		mv "$here/later/$file" "$here/$file"
		reconcile "$here" --state "$here/grown"
	done < <(cd "$here/later" && find events -type f | sort | head -n 40)
	cp -r "$here/later/events" "$here/"
	rm -r "$here/later"
	reconcile "$here" --state "$here/grown"
	[ "$status" -eq 0 ]
	grown=$(field '.verdict, .counts, .findings_by_id')
	reconcile "$here" --state "$here/fresh"
	[ "$(field '.verdict, .counts, .findings_by_id')" = "$grown" ]
	first=$(find "$here/events" -type f | sort | head -n 1)
	mv "$first" "$here/gone"
	reconcile "$here" --state "$here/grown"
	[ "$(ids)" = "lake.newer source.gone" ]
	head -n -1 "$here/gone" >"$first"
	reconcile "$here" --state "$here/grown"
	[ "$(ids)" = "lake.newer source.changed" ]
}

@test "two contracts that share a state and name their files alike do not see each other's" {
	other=$BATS_TEST_TMPDIR/other
	generate "$other" --items 200 --changes 300 --seed 12 --shards 2 --records-per-file 100 --skew 0
	pipe "$other"
	for folder in "$here" "$other" "$here"; do
		cd "$folder"
		run "$LAKEPROOF" reconcile contract.yaml --quiet --state ../both
		echo "$output"
		[ "$status" -eq 0 ]
		[[ "$output" != *"source."* ]]
	done
}

@test "a file that may not grow is an error, not the end of the process" {
	ulimit -f 100
	run "$LAKEPROOF" reconcile "$here/contract.yaml" --quiet --state "$here/limited"
	echo "$output"
	[ "$status" -eq 74 ]
	[[ "$output" == *"cannot use the state"*"--state DIR"* ]]
}

@test "a file whose columns were renamed is read again" {
	local log=$here/lake/_delta_log last
	# What a writer does that turns column mapping on, and then renames two columns into each other.
	rm -f "$log"/*.crc
	for commit in "$log"/*.json; do
		jq -c 'if .protocol then .protocol = {minReaderVersion: 2, minWriterVersion: 5}
			elif .metaData then .metaData |= (.configuration = {"delta.columnMapping.mode": "name"} |
				.schemaString |= (fromjson | .fields |= (to_entries | map(.key as $id | .value |
					.metadata = {"delta.columnMapping.id": ($id + 1),
						"delta.columnMapping.physicalName": .name})) | tojson))
			else . end' "$commit" >"$commit.new"
		mv "$commit.new" "$commit"
	done
	reconcile "$here"
	[ "$status" -eq 0 ]
	printf -v last %020d "$(ls "$log"/*.json | wc -l)"
	jq -c 'select(.metaData) | .metaData.schemaString |= (fromjson | .fields |= (
			(map(select(.type == "string"))[-2:]) as [$a, $b] | map(if .name == $a.name then .metadata = $b.metadata
				elif .name == $b.name then .metadata = $a.metadata else . end)) | tojson)' \
		"$log"/00000000000000000000.json >"$log/$last.json"
	reconcile "$here"
	echo "$json"
	[ "$status" -eq 1 ]
}

# sign FOLDER: the checksums of an export's manifests as they are now.
sign() {
	for name in manifest-summary manifest-files; do
		openssl dgst -md5 -binary "$1/$name.json" | base64 | tr -d '\n' >"$1/$name.md5"
	done
}

@test "an export whose manifests changed is held to what they say now, as without a state" {
	export=$(ls -d "$here"/AWSDynamoDB/*-* | head -n 1)
	cp -r "$export" "$BATS_TEST_TMPDIR/manifests"
	sed -i '1s|"md5Checksum":"[^"]*"|"md5Checksum":"1B2M2Y8AsgTpgAmY7PhCfg=="|' "$export/manifest-files.json"
	sign "$export"
	reconcile "$here"
	echo "$(field .verdict) $(ids)"
	[ "$status" -eq 2 ]
	[[ " $(ids) " == *" export.md5 "* ]]
	cp "$BATS_TEST_TMPDIR"/manifests/manifest-* "$export/"
	reconcile "$here"
	[ "$status" -eq 0 ]
}
