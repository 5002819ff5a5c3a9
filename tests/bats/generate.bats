#!/usr/bin/env bats
# lakeproof generate: what it writes is what AWS writes, says what the table says, and is the same every time.
# LAKEPROOF names the program; BUILD its folder.

setup_file() {
	export LAKEPROOF="${LAKEPROOF:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/lakeproof}"
	export HISTORY="$BATS_FILE_TMPDIR/history"
	"$LAKEPROOF" generate --quiet --items 2000 --changes 3000 --second-export --truth history "$HISTORY" \
		>"$BATS_FILE_TMPDIR/summary"
}

# Sums of all files, by path, below a folder.
sums() {
	(cd "$1" && find . -type f | LC_ALL=C sort | xargs md5sum)
}

# The oracle, in SQL and nothing else: of each key the record with the highest sequence number wins over the export.
# Prints the keys on which it differs from the truth.
oracle() {
	local export="$1" records="$2" truth="$3"
	sqlite3 -bail :memory: <<-SQL
		CREATE TABLE exported(line TEXT);
		CREATE TABLE record(line TEXT);
		.mode ascii
		.separator "\037" "\n"
		.import '$export' exported
		.import '$records' record
		ATTACH '$truth' AS truth;
		.mode list
		CREATE TABLE latest AS
		SELECT keys, image FROM (
			SELECT line -> '$.dynamodb.Keys' AS keys, line -> '$.dynamodb.NewImage' AS image,
				row_number() OVER (PARTITION BY line -> '$.dynamodb.Keys'
					ORDER BY length(line ->> '$.dynamodb.SequenceNumber') DESC,
						line ->> '$.dynamodb.SequenceNumber' DESC) AS place
			FROM record) WHERE place = 1;
		CREATE UNIQUE INDEX latest_keys ON latest(keys);
		CREATE TABLE state AS
		SELECT keys, image FROM latest WHERE image IS NOT NULL
		UNION ALL
		SELECT keys, image FROM (
			SELECT json_object('pk', line -> '$.Item.pk', 'sk', line -> '$.Item.sk') AS keys, line -> '$.Item' AS image
			FROM exported)
		WHERE keys NOT IN (SELECT keys FROM latest);
		SELECT count(*) FROM state;
		SELECT 'wrong', * FROM (
			SELECT keys, image FROM state
			EXCEPT SELECT key_json, item_json FROM truth.item WHERE state = 'live');
		SELECT 'lost', * FROM (
			SELECT key_json, item_json FROM truth.item WHERE state = 'live'
			EXCEPT SELECT keys, image FROM state);
	SQL
}

export_folders() {
	grep -o 'AWSDynamoDB/[0-9a-f-]*' "$1/contract.yaml"
}

@test "the same options give the same bytes, whatever the folder, time zone, locale and time" {
	TZ=Asia/Kathmandu LC_ALL=C.UTF-8 LAKEPROOF_NOW=2031-01-01T00:00:00Z "$LAKEPROOF" generate --quiet --items 2000 \
		--changes 3000 --second-export --truth history "$BATS_TEST_TMPDIR/a/b"
	[ "$(sums "$HISTORY")" = "$(sums "$BATS_TEST_TMPDIR/a/b")" ]
}

@test "the reproduce line does reproduce" {
	line=$(sed -n 's/^reproduce: //p' "$BATS_FILE_TMPDIR/summary")
	[ -n "$line" ]
	eval "\"\$LAKEPROOF\" ${line#lakeproof } --quiet" >/dev/null
	sums "$HISTORY" >"$BATS_TEST_TMPDIR/after"
	"$LAKEPROOF" generate --quiet --items 2000 --changes 3000 --second-export --truth history "$BATS_TEST_TMPDIR/again"
	[ "$(sums "$BATS_TEST_TMPDIR/again")" = "$(cat "$BATS_TEST_TMPDIR/after")" ]
}

@test "another seed gives other bytes" {
	"$LAKEPROOF" generate --quiet --items 2000 --changes 3000 --seed 2 "$BATS_TEST_TMPDIR/other"
	[ "$(cat "$HISTORY"/AWSDynamoDB/*/manifest-files.md5 | head -c 24)" != \
		"$(cat "$BATS_TEST_TMPDIR"/other/AWSDynamoDB/*/manifest-files.md5)" ]
}

@test "data files are sound gzip files and their MD5 is the manifest's, by md5sum" {
	for folder in $(export_folders "$HISTORY"); do
		jq -r '"\(.md5Checksum) \(.itemCount) \(.dataFileS3Key)"' "$HISTORY/$folder/manifest-files.json" |
			while read -r md5 count key; do
				gzip -t "$HISTORY/$key"
				[ "$(md5sum "$HISTORY/$key" | head -c 32 | xxd -r -p | base64)" = "$md5" ]
				[ "$(zcat "$HISTORY/$key" | wc -l)" = "$count" ]
				echo checked >>"$BATS_TEST_TMPDIR/checked"
			done
		for name in manifest-files manifest-summary; do
			[ "$(md5sum "$HISTORY/$folder/$name.json" | head -c 32 | xxd -r -p | base64)" = \
				"$(cat "$HISTORY/$folder/$name.md5")" ]
		done
		[ "$(jq -s 'map(.itemCount) | add' "$HISTORY/$folder/manifest-files.json")" = \
			"$(jq .itemCount "$HISTORY/$folder/manifest-summary.json")" ]
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/checked")" = 8 ]
}

@test "an empty data file has the MD5 and etag AWS gives it" {
	folder=$(export_folders "$HISTORY" | head -1)
	[ "$(jq -r 'select(.itemCount == 0) | "\(.md5Checksum) \(.etag)"' "$HISTORY/$folder/manifest-files.json")" = \
		"FjvgqIxwymKf1RbbqtrZag== 7deb4078f238dd87d6af0538152c04e9-1" ]
}

@test "counts agree with the truth" {
	sqlite3 "$HISTORY/truth.sqlite" "SELECT name || '=' || value FROM counts" >"$BATS_TEST_TMPDIR/counts"
	. "$BATS_TEST_TMPDIR/counts"
	[ "$live" = "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT count(*) FROM item WHERE state = 'live'")" ]
	[ "$deleted" = "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT count(*) FROM item WHERE state = 'delete'")" ]
	[ "$expired" = "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT count(*) FROM item WHERE state = 'ttl'")" ]
	[ "$changes" = "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT count(*) FROM change")" ]
	[ "$records_delivered" = "$(find "$HISTORY/events" -type f -exec cat {} + | wc -l)" ]
	[ "$files_delivered" = "$(find "$HISTORY/events" -type f | wc -l)" ]
	[ "$records_duplicated" = "$(grep -c '"fault":"duplicate"' "$HISTORY/faults.jsonl")" ]
	[ "$export_items" = "$(jq .itemCount "$HISTORY/$(export_folders "$HISTORY" | head -1)/manifest-summary.json")" ]
	[ "$closing_export_items" = "$live" ]
	[ "$ttl_deletes" -gt 0 ] && [ "$deletes" -gt 0 ] && [ "$reinserts" -gt 0 ] && [ "$no_effects" -gt 0 ]
	[ "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT count(*) = count(DISTINCT key_json) FROM item")" = 1 ]
}

@test "the export and the stream together give the truth, by an oracle in SQL" {
	folder=$(export_folders "$HISTORY" | head -1)
	zcat "$HISTORY/$folder"/data/*.gz >"$BATS_TEST_TMPDIR/exported"
	find "$HISTORY/events" -type f -exec cat {} + >"$BATS_TEST_TMPDIR/records"
	run oracle "$BATS_TEST_TMPDIR/exported" "$BATS_TEST_TMPDIR/records" "$HISTORY/truth.sqlite"
	[ "$status" = 0 ]
	[ "$output" = "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")" ]
}

@test "a lost remove is seen by the oracle, on a key the fault log names" {
	dir="$BATS_TEST_TMPDIR/lossy"
	"$LAKEPROOF" generate --quiet --items 2000 --changes 3000 --replay 0 --duplicates none --fault drop-remove:5 "$dir"
	[ "$(grep -c drop-remove "$dir/faults.jsonl")" = 5 ]
	zcat "$dir"/AWSDynamoDB/*/data/*.gz >"$BATS_TEST_TMPDIR/exported"
	find "$dir/events" -type f -exec cat {} + >"$BATS_TEST_TMPDIR/records"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/records")" = \
		"$(sqlite3 "$dir/truth.sqlite" "SELECT value - 5 FROM counts WHERE name = 'changes'")" ]
	run oracle "$BATS_TEST_TMPDIR/exported" "$BATS_TEST_TMPDIR/records" "$dir/truth.sqlite"
	[[ "$output" == *"wrong|{"* ]]
	[[ "$output" != *"lost|{"* ]]
	echo "$output" | sed -n 's/^wrong|\([^|]*\)|.*/\1/p' | while read -r key; do
		grep -qF "$key" "$dir/faults.jsonl"
	done
}

@test "the closing export alone gives the truth" {
	folder=$(export_folders "$HISTORY" | tail -1)
	zcat "$HISTORY/$folder"/data/*.gz >"$BATS_TEST_TMPDIR/exported"
	: >"$BATS_TEST_TMPDIR/records"
	run oracle "$BATS_TEST_TMPDIR/exported" "$BATS_TEST_TMPDIR/records" "$HISTORY/truth.sqlite"
	[ "$output" = "$(sqlite3 "$HISTORY/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")" ]
}

@test "every format, compressed or not, holds the same records" {
	for shape in streams lambda pipes concatenated; do
		for gzip in "" --gzip; do
			"$LAKEPROOF" generate --quiet --items 500 --changes 500 --truth none --format $shape $gzip \
				"$BATS_TEST_TMPDIR/$shape$gzip" >/dev/null
			find "$BATS_TEST_TMPDIR/$shape$gzip/events" -type f -exec zcat -f {} + |
				jq -c 'if type == "array" then .[] elif .Records then .Records[] else . end | [.eventID, .dynamodb]' |
				LC_ALL=C sort | md5sum >>"$BATS_TEST_TMPDIR/sums"
		done
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/sums")" = 8 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/sums" | wc -l)" = 1 ]
}

@test "every format of Kinesis, compressed or not, holds the same records" {
	for shape in kinesis kinesis-lambda kinesis-pipes kinesis-base64 firehose; do
		for gzip in "" --gzip; do
			"$LAKEPROOF" generate --quiet --items 500 --changes 500 --truth none --format $shape $gzip \
				"$BATS_TEST_TMPDIR/$shape$gzip" >/dev/null
			find "$BATS_TEST_TMPDIR/$shape$gzip/events" -type f -exec zcat -f {} + |
				sed 's|^e[A-Za-z0-9+/=]*$|"&"|' |
				jq -c 'if type == "array" then .[] elif type == "object" and .Records then .Records[] else . end |
					(if type == "string" then . else .kinesis.data // .data end) as $data |
					if $data then $data | @base64d | fromjson else . end | [.eventID, .dynamodb]' |
				LC_ALL=C sort | md5sum >>"$BATS_TEST_TMPDIR/sums"
		done
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/sums")" = 10 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/sums" | wc -l)" = 1 ]
}

@test "every preset and key type can be generated and is JSON throughout" {
	for key in id:S id:N id:B pk:S,sk:N pk:N,sk:B pk:B,sk:S; do
		"$LAKEPROOF" generate --quiet --preset kitchen-sink --wild --items 300 --changes 600 --key $key \
			"$BATS_TEST_TMPDIR/$key" >/dev/null
		[ "$(zcat "$BATS_TEST_TMPDIR/$key"/AWSDynamoDB/*/data/*.gz | jq -c .Item | wc -l)" = \
			"$(jq .itemCount "$BATS_TEST_TMPDIR/$key"/AWSDynamoDB/*/manifest-summary.json)" ]
		find "$BATS_TEST_TMPDIR/$key/events" -type f -exec cat {} + | jq -e .dynamodb.Keys >/dev/null
	done
}

@test "a workload file says what is generated, and options go over it" {
	"$LAKEPROOF" generate --print-preset single-table >"$BATS_TEST_TMPDIR/w.yaml"
	"$LAKEPROOF" generate --quiet --workload "$BATS_TEST_TMPDIR/w.yaml" --items 900 --changes 900 "$BATS_TEST_TMPDIR/one" >"$BATS_TEST_TMPDIR/summary"
	"$LAKEPROOF" generate --quiet --preset single-table --items 900 --changes 900 "$BATS_TEST_TMPDIR/two" >/dev/null
	rm "$BATS_TEST_TMPDIR"/*/generated.json
	[ "$(sums "$BATS_TEST_TMPDIR/one")" = "$(sums "$BATS_TEST_TMPDIR/two")" ]
	grep -q "reproduce: .*--workload .*w.yaml.* --items 900 --changes 900 --seed 1" "$BATS_TEST_TMPDIR/summary"
	[ "$(zcat "$BATS_TEST_TMPDIR"/one/AWSDynamoDB/*/data/*.gz | jq -r .Item.sk.S | cut -c1-4 | sort -u | tr '\n' ' ')" = \
		"ADDR ORDE PROF SKU# " ]
	printf 'tabel: t\n' >"$BATS_TEST_TMPDIR/bad.yaml"
	run "$LAKEPROOF" generate --workload "$BATS_TEST_TMPDIR/bad.yaml" "$BATS_TEST_TMPDIR/never"
	[ "$status" = 64 ]
	[[ "$output" == *"bad.yaml:1:1: unknown key 'tabel', did you mean 'table'"* ]]
	run "$LAKEPROOF" generate --workload "$BATS_TEST_TMPDIR/w.yaml" --preset hot "$BATS_TEST_TMPDIR/never"
	[ "$status" = 64 ]
}

@test "every preset is generated, judged by both mergers, and holds what its table says" {
	for preset in orders kitchen-sink single-table wide hot large-items; do
		dir="$BATS_TEST_TMPDIR/$preset"
		"$LAKEPROOF" generate --quiet --preset $preset --items 300 --changes 300 "$dir" >/dev/null
		"$LAKEPROOF" merge --quiet --reference "$dir/contract.yaml" >"$dir/merged" 2>&1
		grep -q "the reference merger agrees" "$dir/merged"
		live=$(sqlite3 "$dir/truth.sqlite" "SELECT printf('%,d', value) FROM counts WHERE name = 'live'")
		grep -q "^$live items, .* 0 unproven" "$dir/merged"
	done
}

@test "the help names every fault that the documentation has" {
	"$LAKEPROOF" generate --help >"$BATS_TEST_TMPDIR/help"
	sed -n '/^<!-- faults/,/^<!-- end of faults/s/^| `\([a-z0-9-]*\)`.*/\1/p' "$BATS_TEST_DIRNAME/../../docs/generate.md" |
		while read -r fault; do
			grep -qw -- "$fault" "$BATS_TEST_TMPDIR/help" || { echo "$fault is not in the help"; exit 1; }
			echo "$fault" >>"$BATS_TEST_TMPDIR/known"
		done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/known")" -gt 30 ]
}

@test "faults of the export hit one file each and are logged" {
	dir="$BATS_TEST_TMPDIR/damaged"
	"$LAKEPROOF" generate --quiet --items 2000 --changes 100 --shards 8 --gzip --duplicates none --shuffle 0 --replay 0 \
		--fault missing-export-file,wrong-md5,wrong-count,truncate-export,truncate-gzip "$dir"
	[ "$(jq -r .fault "$dir/faults.jsonl" | sort | tr '\n' ' ')" = \
		"missing-export-file truncate-export truncate-gzip wrong-count wrong-md5 " ]
	[ "$(jq -r .class "$dir/faults.jsonl" | sort | tr '\n' ' ')" = "B7 B7 B7 B7 L2 " ]
	[ ! -e "$dir/$(jq -r 'select(.fault == "missing-export-file").file' "$dir/faults.jsonl")" ]
	run gzip -t "$dir/$(jq -r 'select(.fault == "truncate-export").file' "$dir/faults.jsonl")"
	[ "$status" != 0 ]
	run gzip -t "$dir/$(jq -r 'select(.fault == "truncate-gzip").file' "$dir/faults.jsonl")"
	[ "$status" != 0 ]
}

@test "a late start loses the records of the export's interval" {
	dir="$BATS_TEST_TMPDIR/late"
	"$LAKEPROOF" generate --quiet --items 2000 --changes 2000 --fault late-start:30 "$dir"
	first=$(find "$dir/events" -type f -exec cat {} + | jq .dynamodb.ApproximateCreationDateTime | sort -n | head -1)
	[ "$first" -ge $((1760001771 + 60 + 30)) ]
	[ "$(grep -c late-start "$dir/faults.jsonl")" -gt 500 ]
	! grep -q 'from:' "$dir/contract.yaml"
}

@test "a folder that is not empty and not its own is refused and left alone" {
	mkdir "$BATS_TEST_TMPDIR/mine"
	echo precious >"$BATS_TEST_TMPDIR/mine/events"
	run "$LAKEPROOF" generate --items 10 "$BATS_TEST_TMPDIR/mine"
	[ "$status" = 64 ]
	[[ "$output" == *"not made by generate"* ]]
	run "$LAKEPROOF" generate --items 10 --force "$BATS_TEST_TMPDIR/mine"
	[ "$status" = 64 ]
	[ "$(cat "$BATS_TEST_TMPDIR/mine/events")" = precious ]
	[ "$(ls "$BATS_TEST_TMPDIR/mine")" = events ]
}

@test "a folder of its own is written anew, other files in it stay" {
	"$LAKEPROOF" generate --quiet --items 100 --changes 100 "$BATS_TEST_TMPDIR/own" >/dev/null
	echo kept >"$BATS_TEST_TMPDIR/own/notes"
	"$LAKEPROOF" generate --quiet --items 100 --changes 100 --export-at none "$BATS_TEST_TMPDIR/own" >/dev/null
	[ ! -e "$BATS_TEST_TMPDIR/own/AWSDynamoDB" ]
	[ "$(cat "$BATS_TEST_TMPDIR/own/notes")" = kept ]
	! grep -q export: "$BATS_TEST_TMPDIR/own/contract.yaml"
}

@test "options that make no sense are usage errors that say what to do" {
	refused() {
		run "$LAKEPROOF" generate "$@" "$BATS_TEST_TMPDIR/never"
		[ "$status" = 64 ] || { echo "accepted: $*"; return 1; }
		[ ! -e "$BATS_TEST_TMPDIR/never" ]
	}
	refused --itmes 5
	refused --items 5 --items 6
	refused --items five
	refused --key pk:Q
	refused --key pk
	refused --view NEW_IMAGES
	refused --duplicates 200%
	refused --shuffle some
	refused --export-at 101
	refused --export-at none --second-export
	refused --fault gremlins
	refused --fault truncate-gzip
	refused --fault wrong-md5:3
	refused --fault late-start:5%
	refused --key status:S
	refused --key pk:S,expires_at:N
	refused --key addr:S
	refused --wild --key S:S
	refused --duration 90s
	refused --start yesterday
	refused --prefix ../up
	refused --skew 9
	refused --export-format scan --incremental 2
	refused --export-format emr --prefix a
	refused --export-format emr --fault wrong-md5
	refused --export-format scan --fault missing-export-file
	refused --export-format scan-lines --fault wrong-count
	refused --export-format emr --fuzz 1h
	refused --format dms --fault crlf
	refused --format flat --fault bad-type-tag
	refused --format poll --fault drop-remove
	run "$LAKEPROOF" generate
	[ "$status" = 64 ]
}

@test "the smallest tables work" {
	"$LAKEPROOF" generate --quiet --items 0 --changes 0 "$BATS_TEST_TMPDIR/empty" >/dev/null
	[ "$(jq .itemCount "$BATS_TEST_TMPDIR"/empty/AWSDynamoDB/*/manifest-summary.json)" = 0 ]
	[ ! -e "$BATS_TEST_TMPDIR/empty/events" ]
	"$LAKEPROOF" generate --quiet --items 1 --changes 1 "$BATS_TEST_TMPDIR/one" >/dev/null
	"$LAKEPROOF" generate --quiet --items 0 --changes 50 "$BATS_TEST_TMPDIR/new" >/dev/null
	[ "$(sqlite3 "$BATS_TEST_TMPDIR/new/truth.sqlite" "SELECT count(*) > 0 FROM item")" = 1 ]
}

@test "a full disk is an I/O error" {
	[ -e /dev/full ] || skip "no /dev/full"
	mkdir "$BATS_TEST_TMPDIR/full"
	ln -s /dev/full "$BATS_TEST_TMPDIR/full/generated.json"
	run "$LAKEPROOF" generate --items 10 "$BATS_TEST_TMPDIR/full"
	[ "$status" = 74 ]
	[[ "$output" == *"No space left"* ]]
}

@test "event records in a column of Parquet files are the stream's" {
	dir=$BATS_TEST_TMPDIR/bronze
	for name in one two; do
		"$LAKEPROOF" generate --quiet --items 300 --changes 400 --format bronze --fault replay:2,bad-type-tag "$dir/$name" >/dev/null
	done
	diff -r "$dir/one/events" "$dir/two/events"
	[ "$(find "$dir/one/events" -name '*.parquet' | wc -l)" -gt 10 ]
	[ -z "$(find "$dir/one/events" -type f ! -name '*.parquet')" ]
	for format in bronze bronze-delta; do
		"$LAKEPROOF" generate --quiet --items 300 --changes 400 --format $format "$dir/$format" >/dev/null
		output=$("$LAKEPROOF" merge --quiet --format json "$dir/$format/contract.yaml")
		[ "$(jq .unproven <<<"$output")" = 0 ]
		[ "$(jq .changes <<<"$output")" -gt 300 ]
		[ "$(jq .items <<<"$output")" = "$(sqlite3 "$dir/$format/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")" ]
	done
	[ -d "$dir/bronze-delta/events/_delta_log" ]
	output=$("$LAKEPROOF" merge --quiet --format json "$dir/one/contract.yaml")
	[ "$(jq .problems <<<"$output")" = 1 ]
	run "$LAKEPROOF" generate --format bronze --gzip "$dir/never"
	[ "$status" = 64 ]
	run "$LAKEPROOF" generate --format bronze --fault truncate-line "$dir/never"
	[ "$status" = 64 ]
}
