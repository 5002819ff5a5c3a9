#!/usr/bin/env bats
# What generate writes, read by other people's programs: gzip, md5sum, jq and sqlite3 find in every preset, format and export
# what truth.sqlite says. tests/real/formats.t has Spark read the same, and what is Parquet, for which there is no program here.

load helper

ROWS='flat flat-sequence dms poll poll-csv'
# In Parquet: tests/real/formats.t has each of them.
PARQUET='bronze bronze-delta firehose-parquet'
PARQUET_DUMPS='glue glue-simplified'

# As many of large-items' items as of the others' would be 100 MB.
setup_file() {
	local preset
	for preset in orders kitchen-sink single-table wide hot large-items; do
		generate "$BATS_FILE_TMPDIR/$preset" --preset $preset $(size_of $preset) --second-export --incremental 3 --truth history
		generate "$BATS_FILE_TMPDIR/dms" --preset $preset --items 1 --changes 20 --format dms
		fields_of "$BATS_FILE_TMPDIR/dms" >"$BATS_FILE_TMPDIR/$preset/fields"
	done
}

size_of() {
	case $1 in
		large-items) echo --items 40 --changes 60 ;;
		wide) echo --items 100 --changes 120 ;;
		*) echo --items 300 --changes 400 ;;
	esac
}

# lines JQ: of input that is one JSON value a line. Not by jq -R, which cuts a character in two where its buffer ends.
lines() {
	local all=$BATS_TEST_TMPDIR/lines.$BASHPID
	cat >"$all"
	[ "$(wc -l <"$all")" -eq "$(jq -c . "$all" | wc -l)" ] || echo '"lines and values are not as many"'
	jq -c "$1" "$all"
	rm "$all"
}

# records FORMAT FOLDER: each landed record as the service made it, one a line. Where a format is one value a line, each line
# has to be one. A format generate has and this has not fails.
records() {
	find "$2/events" -type f -exec zcat -f {} + | case $1 in
		streams | kinesis | kinesis-ms) lines . ;;
		lambda) lines '.Records[]' ;;
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

# Where a line's numbers, which jq 1.6 would make doubles, become {"N":"their text"}. No raw control stands in JSON.
numbers_as_texts() {
	sed -E 's/("([^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)/\1\x01\3\x02/g; s/\x01\x02//g; s/\x01/{"N":"/g; s/\x02/"}/g'
}

# image: one without DynamoDB's types, its numbers as above. cells: fields of CSV as a line of JSON, where a text that is a list or
# an object in JSON stands as what it says, and U+0000 is U+0001. at: a time whose microseconds are text.
plain='def plain: to_entries[0] | .key as $type | .value | if $type == "N" then {N: .} elif $type == "NS" then map({N: .}) elif $type == "NULL" then null
		elif $type == "L" then map(plain) elif $type == "M" then map_values(plain) else . end;
	def image: map_values(plain);
	def cell: if type != "string" then tojson elif test("^[[{]") and (. as $text | try ($text | fromjson | true) catch false) then .
		else gsub("\u0000"; "\u0001") | tojson end;
	def cells: "[\(map(cell) | join(","))]";
	def fields($null): image as $image | ($image | keys - $names) as $others | if $others != [] then error("no field for \($others)") else
		[$names[] as $name | $image[$name] | if . == null then $null elif type == "boolean" then tostring
			elif type == "object" and (keys == ["N"]) then .N else . end] end;
	def at($between; $zone): (.[:10] | tonumber | strftime("%Y-%m-%d\($between)%H:%M:%S")) + "." + .[10:] + $zone; '

# csv WIDTH FILE...: CSV without a header by sqlite3, a row a line. What it says of rows of another width goes among them.
csv() {
	zcat -f "${@:2}" | tr '\0' '\1' >"$BATS_TEST_TMPDIR/csv"
	sqlite3 :memory: "CREATE TABLE row($(seq -s, -f 'c%.0f TEXT' "$1"))" ".import --csv '$BATS_TEST_TMPDIR/csv' row" '.mode json' 'SELECT * FROM row' 2>&1 |
		jq -r --argjson names null "$plain"'.[] | [.[]] | cells' | numbers_as_texts
}

# rows FORMAT FOLDER FIELDS: each landed row; the header of poll-csv is one.
rows() {
	local files
	readarray -t files < <(find "$2/events" -type f)
	case $1 in
		flat | flat-sequence) zcat -f "${files[@]}" | numbers_as_texts ;;
		poll) zcat -f "${files[@]}" | numbers_as_texts ;;
		dms) csv $(($3 + 2)) "${files[@]}" ;;
		poll-csv) csv $(($3 + 1)) "${files[@]}" ;;
	esac | jq -cS . | LC_ALL=C sort
}

# rows_to_be FORMAT FOLDER: the same of the stream's records there and the truth's times. Of an item's changes in a file a poll finds
# the last one, and no delete.
rows_to_be() {
	local row records='.[]'
	local put='group_by(.file)[] | group_by(.Keys)[] | (map(.place) | max) as $last | .[] | select(.place == $last and .eventName != "REMOVE")'
	case $1 in
		flat*) row='{event_id: .eventID, event_name: .eventName, event_time: {N: .time[:10]}, data: (.NewImage // .Keys | image)}' ;;&
		flat-sequence) row="$row + {sequence: .SequenceNumber}" ;;
		dms) row='([{INSERT: "I", MODIFY: "U", REMOVE: "D"}[.eventName], (.time | at(" "; ""))]
			+ ((if .eventName == "REMOVE" then .OldImage else .NewImage end) // .Keys | fields("\\N"))) | cells' ;;
		poll) records=$put row='{_updated_at: (.time | at("T"; "Z"))} + (.NewImage | image)' ;;
		poll-csv) records="([$put] | (map(.file) | unique[] | {}), .[])" \
			row='if . == {} then ["_updated_at"] + $names else [.time | at("T"; "Z")] + (.NewImage | fields("")) end | cells' ;;
	esac
	jq -rs --argjson names "$(cat "$2/fields")" "$plain$records | $row | if type == \"string\" then . else tojson end" "$2/changes" |
		numbers_as_texts | jq -cS . | LC_ALL=C sort
}

# changes FOLDER: each record of its stream with its file, the truth's time, and its place among all.
changes() {
	sqlite3 "$1/truth.sqlite" 'SELECT json_group_object(sequence, CAST(time_us AS TEXT)) FROM change' >"$BATS_TEST_TMPDIR/times"
	find "$1/events" -type f -exec jq -c --slurpfile times "$BATS_TEST_TMPDIR/times" '.dynamodb + {eventID, eventName, file: input_filename,
		time: $times[0][.dynamodb.SequenceNumber], place: (.dynamodb.SequenceNumber | "0" * (40 - length) + .)}' {} +
}

# fields_of FOLDER: what an item's fields are called in its CSV, by its contract.
fields_of() {
	sed -n -E '/names: \[/{s/.*names: \[(Op, _commit_time, )?(.*)\].*/[\2]/p;q}' "$1/contract.yaml"
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

# load_is_live FOLDER FIELDS: DMS's closing full load against BATS_TEST_TMPDIR/live.
load_is_live() {
	local width
	width=$(jq length "$2")
	fields_of "$1" | cmp - "$2" || return 1
	csv "$width" "$(ls -d "$1"/dumps/* | tail -1)"/LOAD* | jq -cS . | LC_ALL=C sort >"$1/items"
	jq -r --argjson names "$(cat "$2")" "$plain"'fields("\\N") | cells' "$BATS_TEST_TMPDIR/live" | numbers_as_texts | jq -cS . | LC_ALL=C sort >"$1/to_be"
	[ "$(wc -l <"$1/items")" = "$(wc -l <"$BATS_TEST_TMPDIR/live")" ] && cmp "$1/to_be" "$1/items"
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
	for format in $PARQUET $PARQUET_DUMPS; do grep -q "^$format " "$BATS_TEST_DIRNAME/../real/formats.t"; done
	[ "$(choices --format | wc -w)" -ge 10 ]
	for preset in orders kitchen-sink single-table wide hot large-items; do
		records streams "$BATS_FILE_TMPDIR/$preset" | facts >"$BATS_TEST_TMPDIR/streams"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/streams")" = \
			"$(sqlite3 "$BATS_FILE_TMPDIR/$preset/truth.sqlite" "SELECT value FROM counts WHERE name = 'changes'")" ]
		for format in $(choices --format); do
			[[ " $ROWS $PARQUET " == *" $format "* ]] && continue
			dir=$BATS_TEST_TMPDIR/$preset-$format
			generate "$dir" --preset $preset $(size_of $preset) --format $format --gzip --truth none --second-export --incremental 3
			find "$dir/events" -type f -exec gzip -t {} +
			records $format "$dir" | facts >"$dir/facts"
			cmp "$BATS_TEST_TMPDIR/streams" "$dir/facts" || { echo "$preset as $format"; return 1; }
			rm -r "$dir"
		done
	done
}

@test "every format of rows has the truth's changes, value for value as text, by jq and sqlite3" {
	for preset in orders kitchen-sink single-table wide hot large-items; do
		dir=$BATS_FILE_TMPDIR/$preset
		changes "$dir" >"$dir/changes"
		for format in $ROWS; do
			found=$BATS_TEST_TMPDIR/$preset-$format
			generate "$found" --preset $preset $(size_of $preset) --format $format --gzip --truth none --second-export
			find "$found/events" -type f -exec gzip -t {} +
			rows $format "$found" "$(jq length "$dir/fields")" >"$found/rows"
			rows_to_be $format "$dir" >"$found/to_be"; cmp "$found/to_be" "$found/rows" || { echo "$preset as $format"; return 1; }
			[[ $format == poll* ]] || [ "$(wc -l <"$found/rows")" = "$(sqlite3 "$dir/truth.sqlite" "SELECT value FROM counts WHERE name = 'records_delivered'")" ]
			[ "$(wc -l <"$found/rows")" -gt 20 ]
			rm -r "$found"
		done
	done
}

@test "every dump of every preset is the truth, item for item, by jq" {
	[ "$(choices --export-format | wc -w)" -ge 7 ]
	for preset in orders kitchen-sink single-table wide hot large-items; do
		live "$BATS_FILE_TMPDIR/$preset" >"$BATS_TEST_TMPDIR/live"
		for format in $(choices --export-format); do
			[[ " json ion $PARQUET_DUMPS " == *" $format "* ]] && continue
			dir=$BATS_TEST_TMPDIR/$preset-$format
			generate "$dir" --preset $preset $(size_of $preset) --export-format $format --second-export --truth none $([ $preset = wide ] && echo --gzip)
			if [ $format = dms-load ]; then
				load_is_live "$dir" "$BATS_FILE_TMPDIR/$preset/fields" || { echo "$preset as $format"; return 1; }
				rm -r "$dir"
				continue
			fi
			dumped $format "$(ls -d "$dir"/dumps/* | tail -1)"/*-* | jq -cS . | LC_ALL=C sort | cmp - "$BATS_TEST_TMPDIR/live" ||
				{ echo "$preset as $format"; return 1; }
			rm -r "$dir"
		done
	done
}
