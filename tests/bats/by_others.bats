#!/usr/bin/env bats
# What generate writes, read by other people's programs: gzip, md5sum, jq and sqlite3 find in every preset, format and export
# what truth.sqlite says. tests/real/formats.t has Spark read the same.

load helper

# As many of large-items' items as of the others' would be 100 MB.
setup_file() {
	local preset
	for preset in orders kitchen-sink single-table wide hot large-items; do
		generate "$BATS_FILE_TMPDIR/$preset" --preset $preset $(size_of $preset) --second-export --incremental 3 --truth history
	done
}

size_of() {
	case $1 in
		large-items) echo --items 40 --changes 60 ;;
		wide) echo --items 100 --changes 120 ;;
		*) echo --items 300 --changes 400 ;;
	esac
}

# records FORMAT FOLDER: each landed record as the service made it, one a line. Where a format is one value a line, each line
# has to be one. A format generate has and this has not fails.
records() {
	find "$2/events" -type f -exec zcat -f {} + | case $1 in
		streams | kinesis | kinesis-ms) jq -cR fromjson ;;
		lambda) jq -cR 'fromjson | .Records[]' ;;
		kinesis-lambda) jq -cR 'fromjson | .Records[].kinesis.data | @base64d | fromjson' ;;
		kinesis-base64) jq -cR '@base64d | fromjson' ;;
		firehose-transform) jq -cR 'fromjson | .records[].data | @base64d | fromjson' ;;
		concatenated | firehose) jq -c . ;;
		pipes) jq -c '.[]' ;;
		kinesis-pipes) jq -c '.[].data | @base64d | fromjson' ;;
		*)
			echo "no reader for the format '$1'" >&2
			false
			;;
	esac
}

# Records on stdin as what every format says of a change, each change once.
facts() {
	jq -cS '[.eventID, .eventName, .userIdentity.principalId // .userIdentity.PrincipalId, .dynamodb.Keys, .dynamodb.OldImage,
		.dynamodb.NewImage, (.dynamodb.ApproximateCreationDateTime | tostring | .[:10])]' | LC_ALL=C sort -u | jq -c '.[1:]' | LC_ALL=C sort
}

# choices OPTION: what generate takes for it.
choices() {
	"$LAKEPROOF" generate $1 none "$BATS_TEST_TMPDIR/never" 2>&1 | sed 's/.*it takes //' | tr '|' ' '
}

# dumped FORMAT FILE...: each item of a dump as DynamoDB JSON. EMR's type tags begin in lower case.
dumped() {
	local emr='def value: to_entries[0] | (.key[:1] | ascii_upcase) as $first | {($first + .key[1:]):
		(if .key == "m" then .value | map_values(value) elif .key == "l" then .value | map(value) else .value end)}; '
	zcat -f "${@:2}" | case $1 in
		scan) jq -cR 'fromjson | .Items[]' ;;
		scan-cli) jq -c '.Items[]' ;;
		scan-lines) jq -cR fromjson ;;
		emr) jq -cR "$emr"'fromjson | map_values(value)' ;;
		emr-hive) jq -cR "$emr"'split("\u0002") | map(split("\u0003") | {(.[0]): .[1] | fromjson | value}) | add' ;;
		*)
			echo "no reader for the dump '$1'" >&2
			false
			;;
	esac
}

# sums_hold FOLDER FILES: gzip, md5sum and wc find the exports below it whole, as their manifests say, in so many data files or more.
sums_hold() {
	local dir=$1 summary folder key md5 etag count
	: >"$dir/sums"
	for summary in "$dir"/AWSDynamoDB/*/manifest-summary.json; do
		folder=$(dirname "$summary")
		jq -r '"\(.md5Checksum) \(.etag) \(.itemCount) \(.dataFileS3Key)"' "$folder/manifest-files.json" >"$dir/files"
		while read -r md5 etag count key; do
			gzip -t "$dir/$key" || return 1
			echo "$(base64 -d <<<"$md5" | xxd -p)  $dir/$key" >>"$dir/sums"
			[ "$etag" = "$(base64 -d <<<"$md5" | md5sum | head -c 32)-1" ] || return 1
			[ "$(zcat "$dir/$key" | wc -l)" = "$count" ] || return 1
		done <"$dir/files"
		[ "$(awk '{ n += $3 } END { print n }' "$dir/files")" = "$(jq .itemCount "$summary")" ] || return 1
		for key in manifest-files manifest-summary; do
			echo "$(base64 -d <"$folder/$key.md5" | xxd -p)  $folder/$key.json" >>"$dir/sums"
		done
	done
	[ "$(grep -c /data/ "$dir/sums")" -ge "$2" ] && md5sum --check --strict --quiet "$dir/sums"
}

# lines_of FOLDER SUMMARY: what is in an export's files, by its manifest, each line a value of its own.
lines_of() {
	jq -r .dataFileS3Key "$(dirname "$2")/manifest-files.json" | (cd "$1" && xargs zcat) | jq -cSR fromjson
}

live() {
	sqlite3 "$1/truth.sqlite" "SELECT item_json FROM item WHERE state = 'live'" | jq -cS . | LC_ALL=C sort
}

@test "gzip, md5sum and wc agree with the manifests of every preset's exports" {
	for preset in orders kitchen-sink single-table wide hot large-items; do
		sums_hold "$BATS_FILE_TMPDIR/$preset" 15
		generate "$BATS_TEST_TMPDIR/$preset" --preset $preset $(size_of $preset) --incremental 1 --export-format ion --prefix a/b
		mv "$BATS_TEST_TMPDIR/$preset"/a/b/AWSDynamoDB "$BATS_TEST_TMPDIR/$preset/AWSDynamoDB"
		mkdir -p "$BATS_TEST_TMPDIR/$preset/a/b" && ln -s ../../AWSDynamoDB "$BATS_TEST_TMPDIR/$preset/a/b/AWSDynamoDB"
		sums_hold "$BATS_TEST_TMPDIR/$preset" 6
	done
}

@test "one wrong byte anywhere, and they do not" {
	cp -r "$BATS_FILE_TMPDIR/orders/AWSDynamoDB" "$BATS_TEST_TMPDIR"
	sums_hold "$BATS_TEST_TMPDIR" 15
	file=$(ls -S "$BATS_TEST_TMPDIR"/AWSDynamoDB/*/data/* | head -1)
	# The header's time: gzip does not look at it.
	printf 'x' | dd of="$file" bs=1 seek=5 conv=notrunc status=none
	run sums_hold "$BATS_TEST_TMPDIR" 15
	[ "$status" != 0 ]
}

@test "every preset's closing export is the truth, item for item, by jq" {
	for preset in orders kitchen-sink single-table wide hot large-items; do
		dir=$BATS_FILE_TMPDIR/$preset
		closing=$(jq -sr 'map(select(.exportType != "INCREMENTAL_EXPORT")) | max_by(.exportTime).manifestFilesS3Key' "$dir"/AWSDynamoDB/*/manifest-summary.json)
		lines_of "$dir" "$dir/$closing" | jq -cS .Item | LC_ALL=C sort | cmp - <(live "$dir")
		[ "$(live "$dir" | wc -l)" = "$(sqlite3 "$dir/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")" ]
		[ "$(live "$dir" | wc -l)" -gt 10 ]
	done
}

@test "every preset's first export, and each window put over it, is the truth by jq" {
	for preset in orders kitchen-sink single-table wide hot large-items; do
		dir=$BATS_FILE_TMPDIR/$preset
		jq -r '"\(.exportFromTime // "") \(.manifestFilesS3Key)"' "$dir"/AWSDynamoDB/*/manifest-summary.json | grep -v '^ ' | sort >"$dir/windows"
		[ "$(wc -l <"$dir/windows")" = 3 ]
		first=$(jq -sr 'map(select(.exportTime)) | min_by(.exportTime).manifestFilesS3Key' "$dir"/AWSDynamoDB/*/manifest-summary.json)
		{
			lines_of "$dir" "$dir/$first" | jq -c --slurpfile schema <(sqlite3 "$dir/truth.sqlite" 'SELECT key_json FROM item LIMIT 1') \
				'.Item as $item | {Keys: ($schema[0] | with_entries(.value = $item[.key])), NewImage: $item}'
			while read -r _ window; do
				lines_of "$dir" "$dir/$window" >"$dir/window"
				[ "$(jq -cS .Keys "$dir/window" | sort | uniq -d | wc -l)" = 0 ]
				cat "$dir/window"
			done <"$dir/windows"
		} | jq -cn 'reduce inputs as $change ({}; .[$change.Keys | tojson] = $change.NewImage) | .[] | select(. != null)' |
			jq -cS . | LC_ALL=C sort | cmp - <(live "$dir")
	done
}

@test "every preset's stream has the truth's changes, and ends in its items, by jq" {
	for preset in orders kitchen-sink single-table wide hot large-items; do
		dir=$BATS_FILE_TMPDIR/$preset
		records streams "$dir" >"$dir/records"
		[ "$(wc -l <"$dir/records")" = "$(sqlite3 "$dir/truth.sqlite" "SELECT value FROM counts WHERE name = 'records_delivered'")" ]
		jq -cS '[.dynamodb.SequenceNumber, .eventName, .dynamodb.Keys, .dynamodb.ApproximateCreationDateTime, .userIdentity != null]' \
			"$dir/records" | LC_ALL=C sort -u >"$dir/changes"
		sqlite3 "$dir/truth.sqlite" "SELECT json_array(sequence, iif(event = 'TTL', 'REMOVE', event), json(key_json), time_us / 1000000,
			json(iif(event = 'TTL', 'true', 'false'))) FROM change" | jq -cS . | LC_ALL=C sort | cmp - "$dir/changes"
		jq -cS '[(.dynamodb.SequenceNumber | ("0" * (40 - length) // "") + .), .dynamodb.Keys, .dynamodb.NewImage]' "$dir/records" |
			LC_ALL=C sort | jq -cn 'reduce inputs as $change ({}; .[$change[1] | tojson] = $change[2]) | .[] | select(. != null)' |
			jq -cS . | LC_ALL=C sort >"$dir/left"
		[ "$(wc -l <"$dir/left")" -gt 10 ]
		[ -z "$(comm -13 <(live "$dir") "$dir/left")" ]
	done
}

@test "every format of every preset says the same of the same changes, by jq" {
	[ "$(choices --format | wc -w)" -ge 10 ]
	for preset in orders kitchen-sink single-table wide hot large-items; do
		records streams "$BATS_FILE_TMPDIR/$preset" | facts >"$BATS_TEST_TMPDIR/streams"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/streams")" = \
			"$(sqlite3 "$BATS_FILE_TMPDIR/$preset/truth.sqlite" "SELECT value FROM counts WHERE name = 'changes'")" ]
		for format in $(choices --format); do
			dir=$BATS_TEST_TMPDIR/$preset-$format
			generate "$dir" --preset $preset $(size_of $preset) --format $format --gzip --truth none --second-export --incremental 3
			find "$dir/events" -type f -exec gzip -t {} +
			records $format "$dir" | facts >"$dir/facts"
			cmp "$BATS_TEST_TMPDIR/streams" "$dir/facts" || { echo "$preset as $format"; return 1; }
			rm -r "$dir"
		done
	done
}

@test "every dump of every preset is the truth, item for item, by jq" {
	[ "$(choices --export-format | wc -w)" -ge 7 ]
	for preset in orders kitchen-sink single-table wide hot large-items; do
		live "$BATS_FILE_TMPDIR/$preset" >"$BATS_TEST_TMPDIR/live"
		for format in $(choices --export-format); do
			[[ $format == json || $format == ion ]] && continue
			dir=$BATS_TEST_TMPDIR/$preset-$format
			generate "$dir" --preset $preset $(size_of $preset) --export-format $format --second-export --truth none $([ $preset = wide ] && echo --gzip)
			dumped $format "$(ls -d "$dir"/dumps/* | tail -1)"/*-* | jq -cS . | LC_ALL=C sort | cmp - "$BATS_TEST_TMPDIR/live" ||
				{ echo "$preset as $format"; return 1; }
			rm -r "$dir"
		done
	done
}
