#!/bin/bash
# Spark reads what `lakeproof generate` writes, in every format, and finds what the truth says: as many records, changes and keys,
# the same sums, the same last place in the order. Then Spark merges each format by SQL, knowing nothing of ours, and gets the
# table that the embedded pipeline built, on which lakeproof, reading the same files, says PASS. Then Spark lands the
# stream itself, as bronze tables, rows and Parquet converted as Firehose does it, and items as AWS Glue does, and lakeproof proves the
# table by that, or says what of it cannot be proven.
source "$(dirname "$(realpath "$0")")/lib.sh"
WORK=$REAL/formats
mkdir -p "$WORK"

# The formats, one a line: its name, the file in formats/ that makes view `landed` (a record a row) or, for rows, `landed_change`
# itself of it, what orders its changes, and further options.
FORMATS='
streams           lines             sequence
lambda            envelopes         sequence      --gzip
pipes             lines             sequence
concatenated      unframed          sequence      --gzip
kinesis           lines             microsecond   --gzip
kinesis-ms        lines             millisecond
kinesis-lambda    base64_envelopes  microsecond
kinesis-pipes     base64_data       microsecond   --gzip
kinesis-base64    base64_lines      microsecond
firehose          unframed          microsecond
firehose-transform base64_transforms microsecond --gzip
firehose-parquet  firehose_parquet  microsecond
flat-sequence     flat              sequence      --gzip
dms               dms               microsecond   --gzip
bronze            bronze            sequence
bronze-delta      bronze_delta      sequence
'
# Those whose rows do not order the changes of an item.
UNORDERED='
flat              flat              second
'
# What a poll finds: no deletes, and of what happened between two polls the last.
POLLS='
poll              poll
poll-csv          poll_csv          --gzip
'
# Dumps instead of exports: the file in formats/ that makes view `dump_item` of one, and whether a file is one JSON text.
DUMPS='
scan        scan      false
scan-cli    scan      true
scan-lines  items     false
emr         emr       false
emr-hive    emr_hive  false
dms-load    dms_load  false
glue        glue      false
glue-simplified glue_simplified false
'
# The other way round, what Spark lands of the stream: a file land_… in formats/, and what a contract says of it.
LANDINGS='
bronze_delta    rows: landed, preset: bronze
bronze_parquet  rows: landed, preset: bronze, record: body
rows_parquet    rows: landed, operation: {field: op, put: [P], delete: [D]}, sequence: lsn, stamp: {field: ts, from: epoch_s}, event_id: id
rows_csv        rows: landed, format: csv, operation: {field: op, put: [P], delete: [D]}, sequence: lsn, stamp: {field: ts, from: epoch_s}, event_id: id, keys: ".", image: image, images: dynamodb
firehose_texts  events: landed, format: firehose
firehose_columns events: landed, format: firehose
'
HISTORY=(--items 3000 --changes 4000 --seed 4 --duplicates 3% --shuffle 50 --replay 4 --second-export --truth history)

IMAGE='pk: STRUCT<S: STRING>, sk: STRUCT<N: STRING>, status: STRUCT<S: STRING>, amount: STRUCT<N: STRING>, quantity: STRUCT<N: STRING>,
	active: STRUCT<BOOL: BOOLEAN>, tags: STRUCT<SS: ARRAY<STRING>>, addr: STRUCT<M: STRUCT<street: STRUCT<S: STRING>, city: STRUCT<S: STRING>>>,
	notes: STRUCT<S: STRING>, payload: STRUCT<B: BINARY>, created_at: STRUCT<S: STRING>, history: STRUCT<L: ARRAY<STRUCT<S: STRING>>>,
	expires_at: STRUCT<N: STRING>'
# EMR's tags begin in lower case.
EMR_IMAGE=$(sed -E 's/<(SS|NS|BS|BOOL|[SNBML]):/<\l\1:/g' <<<"$IMAGE")
# Glue's have a column for NULL too.
GLUE_IMAGE=${IMAGE//S: STRING>/S: STRING, \`NULL\`: BOOLEAN>}
RECORD="eventID STRING, eventName STRING, dynamodb STRUCT<ApproximateCreationDateTime: BIGINT, SequenceNumber: STRING,
	Keys: STRUCT<pk: STRUCT<S: STRING>, sk: STRUCT<N: STRING>>, NewImage: STRUCT<$IMAGE>>"
COLUMNS='image.pk.S AS pk, CAST(image.sk.N AS DECIMAL(38,0)) AS sk, image.status.S AS status, CAST(image.amount.N AS DECIMAL(38,10)) AS amount,
	CAST(image.quantity.N AS INT) AS quantity, image.active.BOOL AS active, array_sort(image.tags.SS) AS tags, image.addr.M.street.S AS street,
	image.addr.M.city.S AS city, image.notes.S AS notes, image.payload.B AS payload, image.created_at.S AS created_at,
	transform(image.history.L, entry -> entry.S) AS history, CAST(image.expires_at.N AS BIGINT) AS expires_at'
NAMES='pk, sk, status, amount, quantity, active, tags, street, city, notes, payload, created_at, history, expires_at'
# Rows without DynamoDB's types, and the text that each is in CSV.
FIELDS='pk, sk, status, amount, quantity, active, tags, addr, notes, payload, created_at, history, expires_at'
PLAIN='pk STRING, sk DECIMAL(38,0), status STRING, amount DECIMAL(38,10), quantity INT, active BOOLEAN, tags ARRAY<STRING>,
	addr STRUCT<street: STRING, city: STRING>, notes STRING, payload STRING, created_at STRING, history ARRAY<STRING>, expires_at BIGINT'
PLAIN_COLUMNS='item.pk, item.sk, item.status, item.amount, item.quantity, item.active, array_sort(item.tags) AS tags, item.addr.street, item.addr.city,
	item.notes, unbase64(item.payload) AS payload, item.created_at, item.history, item.expires_at'
CSV="${FIELDS//,/ STRING,} STRING"
CSV_COLUMNS="item.pk, CAST(item.sk AS DECIMAL(38,0)) AS sk, item.status, CAST(item.amount AS DECIMAL(38,10)) AS amount, CAST(item.quantity AS INT) AS quantity,
	CAST(item.active AS BOOLEAN) AS active, array_sort(from_json(item.tags, 'ARRAY<STRING>')) AS tags,
	from_json(item.addr, 'STRUCT<street: STRING, city: STRING>').street AS street, from_json(item.addr, 'STRUCT<street: STRING, city: STRING>').city AS city, item.notes,
	unbase64(item.payload) AS payload, item.created_at, from_json(item.history, 'ARRAY<STRING>') AS history, CAST(item.expires_at AS BIGINT) AS expires_at"

# ask NAME=VALUE...: the statements on stdin with ${NAME} replaced, then those that the values bring.
ask()
{
	local text pair
	text=$(cat)
	for pair in "$@" PLAIN="$PLAIN" PLAIN_COLUMNS="$PLAIN_COLUMNS" CSV="$CSV" CSV_COLUMNS="$CSV_COLUMNS" FIELDS="$FIELDS" GLUE_IMAGE="$GLUE_IMAGE" \
		COLUMNS="$COLUMNS" RECORD="$RECORD" EMR_IMAGE="$EMR_IMAGE" IMAGE="$IMAGE" NAMES="$NAMES" LAKE_NAMES="${NAMES/ tags,/ array_sort(tags) AS tags,}"; do
		text=${text//"\${${pair%%=*}}"/"${pair#*=}"}
	done
	spark <<<"$text"
}

# truth FORMAT STATEMENT
truth() { sqlite3 -bail "$WORK/$1/truth.sqlite" "$2"; }

generate() { "$LAKEPROOF" generate --quiet "${HISTORY[@]}" "${@:2}" "$WORK/$1"; }

manifests() { jq -r "select($2) | .manifestFilesS3Key" "$WORK/$1"/AWSDynamoDB/*/manifest-summary.json; }

# pipe NAME OPTIONS...: the embedded pipeline's table of the history, WORK/NAME.
pipe()
{
	"$PIPELINE" --quiet --table "$WORK/$1" --columns "$WORK/base/columns.txt" --export "$(ls -d "$WORK"/base/AWSDynamoDB/*-* | head -1)" \
		--events "$WORK/base/events" "${@:2}"
}

lakes_by_spark() { ask RIGHT="$WORK/lake" WRONG="$WORK/wrong_lake" <"$HERE/formats/lakes.sql"; }

# Of the exports: the first full one, the closing one, the windows. Data files of windows lie in a folder of their own.
exports_by_spark()
{
	local folder=$WORK/base full
	full=$(jq -sr 'map(select(.exportTime)) | sort_by(.exportTime)[].manifestFilesS3Key | sub("/[^/]*$"; "")' "$folder"/AWSDynamoDB/*/manifest-summary.json)
	[ "$(wc -l <<<"$full")" -eq 2 ] || return 1
	ask FIRST="$folder/$(head -1 <<<"$full")/data" CLOSING="$folder/$(tail -1 <<<"$full")/data" WINDOWS="$folder/AWSDynamoDB/data" <"$HERE/formats/exports.sql"
}

# Sums as decimals: of amounts, those that any number of can be added up in 38 digits.
sums='string(sum(quantity)) AS quantity, string(CAST(sum(CASE WHEN abs(amount) < 1e12 THEN amount END) AS DECIMAL(38,2))) AS amount'

# counted SQL VIEW ORDER: what Spark counts and sums, as one line.
counted() { spark <<<"$1" | jq -er 'to_entries | map("\(.key)=\(.value)") | join(" ")'; }

same() { diff <(echo "$1") <(echo "$2"); }

# items_are_the_truth VIEW
items_are_the_truth()
{
	local found
	found=$(counted "SELECT count(*) AS items, count(DISTINCT pk, sk) AS keys, $sums FROM $1;") || return 1
	same "$found" "$(truth base "SELECT printf('items=%d keys=%d quantity=%d amount=%s', count(*), count(DISTINCT key_json),
		sum(item_json ->> '$.quantity.N'), decimal_sum(iif(abs(item_json ->> '$.amount.N') < 1e12, decimal_add(item_json ->> '$.amount.N', '0.00'), '0.00')))
		FROM item WHERE state = 'live'")"
}

windows_are_the_manifests()
{
	local found
	found=$(counted 'SELECT count(*) AS changes FROM net_change;') || return 1
	same "$found" "changes=$(jq -s 'map(select(.exportType == "INCREMENTAL_EXPORT").itemCount) | add' "$WORK/base"/AWSDynamoDB/*/manifest-summary.json)"
}

# What sqlite3 finds in the plain stream of the same history. Places are compared as text padded to 40 digits.
expected()
{
	local place
	case $2 in
		sequence) place="ltrim(max(substr('$(printf '0%.0s' {1..40})' || sequence, -40)), '0')" ;;
		microsecond) place='max(time_us)' ;;
		millisecond) place='max(time_us / 1000)' ;;
		second) place='max(time_us / 1000000)' ;;
	esac
	sqlite3 -bail "$WORK/base/records.sqlite" "ATTACH '$WORK/$1/truth.sqlite' AS truth;
		SELECT printf('records=%d changes=%d keys=%d removes=%d quantity=%d amount=%s place=%s',
			(SELECT value FROM truth.counts WHERE name = 'records_delivered'), count(*), count(DISTINCT key_json), sum(event IN ('REMOVE', 'TTL')),
			(SELECT sum(quantity) FROM record), (SELECT decimal_sum(amount) FROM record), $place) FROM truth.change"
}

read_plainly()
{
	find "$WORK/base/events" -type f -exec cat {} + >"$WORK/base/records"
	sqlite3 -bail "$WORK/base/records.sqlite" "CREATE TABLE line(line TEXT)" '.mode ascii' '.separator "\037" "\n"' ".import '$WORK/base/records' line" \
		"CREATE TABLE record AS SELECT DISTINCT line ->> '$.dynamodb.SequenceNumber' AS sequence, CAST(line ->> '$.dynamodb.NewImage.quantity.N' AS INTEGER) AS quantity,
			iif(abs(line ->> '$.dynamodb.NewImage.amount.N') < 1e12, decimal_add(line ->> '$.dynamodb.NewImage.amount.N', '0.00'), '0.00') AS amount FROM line"
}

# Two changes of one key at its last instant would leave open what Kinesis's records end in.
order_is_known()
{
	local unit=1
	[ "$2" = sequence ] && return
	[ "$2" = millisecond ] && unit=1000
	[ "$(truth "$1" "SELECT count(*) FROM (SELECT count(*) AS ties FROM (SELECT key_json, rank() OVER (PARTITION BY key_json ORDER BY time_us / $unit DESC) AS nth
		FROM change) WHERE nth = 1 GROUP BY key_json HAVING ties > 1)")" -eq 0 ]
}

read_format()
{
	local order=ApproximateCreationDateTime
	[ "$3" = sequence ] && order=SequenceNumber
	{
		cat "$HERE/formats/$2.sql"
		grep -q 'VIEW landed_change' "$HERE/formats/$2.sql" || cat "$HERE/formats/changes.sql"
	} | ask EVENTS="$WORK/$1/events" ORDER="$order"
}

# What a poll of each landed file could find: of an item's changes the last one, unless it deleted.
expected_poll()
{
	find "$WORK/base/events" -type f -exec jq -c '[input_filename, (.dynamodb.Keys | tojson), .dynamodb.SequenceNumber, .eventName,
		.dynamodb.NewImage.quantity.N, (.dynamodb.NewImage.amount.N // "0")]' {} + >"$WORK/base/in_files"
	sqlite3 -bail "$WORK/base/polls.sqlite" 'CREATE TABLE line(line TEXT)' '.mode ascii' '.separator "\037" "\n"' ".import '$WORK/base/in_files' line" \
		"ATTACH '$WORK/base/truth.sqlite' AS truth" "WITH landed AS (SELECT line ->> 1 AS key, line ->> 2 AS sequence, line ->> 3 AS event, line ->> 4 AS quantity,
			iif(abs(line ->> 5) < 1e12, decimal_add(line ->> 5, '0.00'), '0.00') AS amount,
			rank() OVER (PARTITION BY line ->> 0, line ->> 1 ORDER BY substr('$(printf '0%.0s' {1..40})' || (line ->> 2), -40) DESC) AS nth FROM line),
		found AS (SELECT * FROM landed WHERE nth = 1 AND event <> 'REMOVE'), once AS (SELECT DISTINCT * FROM found)
		SELECT printf('records=%d changes=%d keys=%d removes=0 quantity=%d amount=%s place=%s', (SELECT count(*) FROM found), count(*), count(DISTINCT key),
			sum(CAST(quantity AS INTEGER)), decimal_sum(amount), max(time_us)) FROM once JOIN truth.change USING (sequence)"
	rm "$WORK/base/polls.sqlite"
}

format_is_the_truth()
{
	local found
	read_format "$@" || return 1
	found=$(counted "SELECT records, c.* FROM (SELECT count(*) AS records FROM landed_change),
		(SELECT count(*) AS changes, count(DISTINCT key_pk, key_sk) AS keys, count_if(gone) AS removes, $sums, trim(LEADING '0' FROM max(place)) AS place
			FROM (SELECT DISTINCT * FROM landed_change)) c;") || return 1
	same "$found" "$(if [ "$3" = poll ]; then expected_poll; else expected "$1" "$3"; fi)"
}

# is_table VIEW LAKE: it holds each row of the table and no other, and as many as the truth has.
is_table()
{
	ask FOUND="$1" LAKE="$2" <"$HERE/formats/compare.sql" >"$WORK/compared" || { cat "$WORK/compared"; return 1; }
	jq -e --argjson live "$(truth base "SELECT value FROM counts WHERE name = 'live'")" \
		'.found == $live and .lake == $live and .differ == 0' "$WORK/compared" >/dev/null || { cat "$WORK/compared"; return 1; }
}

# merges CHANGES LAKE
merges() { rm -f "$WORK/compared"; ask CHANGES="$1" <"$HERE/formats/merge.sql" && is_table merged "$2"; }

# The closing dump is the one of the latest name.
read_dump()
{
	ask DUMP="$(ls -d "$WORK/$1"/dumps/* | tail -1)" MULTILINE="$3" <"$HERE/formats/$2.sql"
}

# Deletes are not in a poll: all that there is in the table, and items that are not there any more.
merges_all_that_lives()
{
	merges landed_change lake && { echo 'as if deletes had been polled'; return 1; }
	jq -e --argjson live "$(truth base "SELECT value FROM counts WHERE name = 'live'")" '.lake == $live and .found > $live and .differ == .found - $live' "$WORK/compared"
}

# The texts are the records that Lambda gives, byte for byte.
texts_are_the_records()
{
	cmp <(spark <<<"SELECT value FROM bronze;" | jq -r .value | LC_ALL=C sort) \
		<(find "$WORK/concatenated/events" -type f -exec zcat {} + | sed 's/}{"eventID":/}\n{"eventID":/g; $a\' | LC_ALL=C sort) &&
		[ "$(spark <<<"SELECT count(*) AS count FROM bronze;" | jq .count)" -eq "$(truth base "SELECT value FROM counts WHERE name = 'records_delivered'")" ]
}

merges_otherwise()
{
	merges landed_change wrong_lake && return 1
	jq -e '.differ > 0' "$WORK/compared"
}

# Our own readers of the same files.
proves()
{
	local rows
	rows=$(truth base "SELECT value FROM counts WHERE name = 'live'")
	cp -r "$WORK/lake" "$WORK/$1/lake" || return 1
	jq -e --argjson rows "$rows" '.verdict == "PASS" and .counts.equal == $rows' <<<"$(reconcile "$WORK/$1/${2:-contract.yaml}" 0)"
}

# Spark lands the stream instead of the files that generate wrote; all else of the contract is the same.
land()
{
	local folder=$WORK/$1
	mkdir -p "$folder" && cp -r "$WORK/base/AWSDynamoDB" "$folder" &&
		sed "s|{events: events|{$2|" "$WORK/base/contract.yaml" >"$folder/contract.yaml" && grep -q 's: landed' "$folder/contract.yaml" &&
		ask EVENTS="$WORK/base/events" OUT="$folder/landed" <"$HERE/formats/land_$1.sql"
}

# What Spark landed was read, all of it.
counts_for_all()
{
	jq -e --argjson records "$(truth base "SELECT value FROM counts WHERE name = 'records_delivered'")" \
		'.evidence.sources | any(.source == "landed" and .records == $records)' <<<"$(reconcile "$WORK/$1/contract.yaml" 0)"
}

# says_without_closing NAME LAKE STATUS FILTER: without the closing export nothing but what landed says what items are in the end.
says_without_closing()
{
	local closing folder=$WORK/$1 report
	closing=$(manifests base '.exportType != "INCREMENTAL_EXPORT"' | sort | tail -1 | cut -d/ -f2)
	sed "/$closing/d; s|^  delta: lake|  delta: ../$2|" "$folder/contract.yaml" >"$folder/first.yaml" && grep -q AWSDynamoDB "$folder/first.yaml" || return 1
	report=$(reconcile "$folder/first.yaml" "$3") || { echo "$report"; return 1; }
	jq -e --argjson live "$(truth base "SELECT value FROM counts WHERE name = 'live'")" "$4" <<<"$report" >/dev/null || { jq 'del(.findings)' <<<"$report"; return 1; }
}

# Items that Spark wrote as Glue would are the only source.
land_items()
{
	local folder=$WORK/$1 closing time
	closing=$(manifests base '.exportType != "INCREMENTAL_EXPORT"' | sort | tail -1 | xargs dirname)
	time=$(date -u -d "$(jq -r .exportTime "$WORK/base/$closing/manifest-summary.json")" +%s)
	mkdir -p "$folder" &&
		sed "/{export: /d; s|{events: .*|{rows: landed, preset: glue, from: \"$(time_in "@$((time - 61))")\", to: \"$(time_in "@$((time + 61))")\", complete: true}|" \
			"$WORK/base/contract.yaml" >"$folder/contract.yaml" && grep -q 'preset: glue' "$folder/contract.yaml" &&
		ask CLOSING="$WORK/base/$closing/data" OUT="$folder/landed" <"$HERE/formats/land_$1.sql"
}

counts_for_live()
{
	jq -e --argjson records "$(truth base "SELECT value FROM counts WHERE name = 'live'")" \
		'.evidence.sources | map(select(.source == "landed").records) == [$records]' <<<"$(reconcile "$WORK/$1/contract.yaml" 0)"
}

disproves()
{
	sed 's|^  delta: lake|  delta: ../wrong_lake|' "$WORK/$1/contract.yaml" >"$WORK/$1/wrong.yaml"
	jq -e '.verdict == "FAIL" and .counts.different > 0' <<<"$(reconcile "$WORK/$1/wrong.yaml" 1)"
}

need generate base --incremental 3
need read_plainly
need pipe lake
need pipe wrong_lake --bug last-arrival-wins
need lakes_by_spark
need exports_by_spark
point "export: Spark counts and sums the closing export as the truth" items_are_the_truth closing_item
point "export: and each item is a row of the pipeline's table" is_table closing_item lake
point "incremental: Spark counts what the manifests say" windows_are_the_manifests
point "incremental: Spark puts the windows over the export and has the pipeline's table" merges net_change lake
point "incremental: lakeproof proves the same" proves base contract-exports.yaml
while read -r name reader order options; do
	[ -n "$name" ] || continue
	need generate "$name" --format "$name" $options
	need order_is_known "$name" "$order"
	point "$name: Spark counts and sums what the truth says" format_is_the_truth "$name" "$reader" "$order"
	point "$name: what Spark merges by $order is the pipeline's table" merges landed_change lake
	point "$name: lakeproof proves the same" proves "$name"
	[[ $reader == bronze* ]] && point "$name: its texts are Lambda's records, byte for byte" texts_are_the_records
done <<<"$FORMATS"
point "a table with a planted bug is not what Spark merges" merges_otherwise
while read -r name reader order options; do
	[ -n "$name" ] || continue
	need generate "$name" --format "$name" $options
	point "$name: Spark counts and sums what the truth says" format_is_the_truth "$name" "$reader" "$order"
	point "$name: lakeproof proves the table by it and the exports" proves "$name"
done <<<"$UNORDERED"
while read -r name reader options; do
	[ -n "$name" ] || continue
	need generate "$name" --format "$name" $options
	point "$name: Spark counts and sums each put that a poll could find" format_is_the_truth "$name" "$reader" poll
	point "$name: what Spark merges is the pipeline's table and items that were deleted" merges_all_that_lives
	point "$name: lakeproof proves the table by it and the exports" proves "$name"
done <<<"$POLLS"
while read -r name reader lines; do
	[ -n "$name" ] || continue
	need generate "$name" --export-format "$name"
	need read_dump "$name" "$reader" "$lines"
	point "$name: Spark counts and sums the closing dump as the truth" items_are_the_truth dump_item
	point "$name: and each item is a row of the pipeline's table" is_table dump_item lake
	point "$name: lakeproof proves the same" proves "$name"
done <<<"$DUMPS"
while read -r name options; do
	[ -n "$name" ] || continue
	need land "$name" "$options"
	point "$name: lakeproof proves the table by what Spark landed" proves "$name"
	point "$name: having read every record of it" counts_for_all "$name"
	point "$name: and not one with a planted bug" disproves "$name"
done <<<"$LANDINGS"
# Texts count as they are. Structs of columns drop what they lack without a word: they show which items there are, and no more.
point "firehose_texts: without the closing export they prove every value" \
	says_without_closing firehose_texts lake 0 '.verdict == "PASS" and .counts.equal == $live'
point "firehose_texts: and tell deletes by TTL from others" \
	says_without_closing firehose_texts wrong_lake 1 '.findings_by_id | .["row.stale"] > 0 and .["row.zombie"] > 0 and .["row.zombie_ttl"] > 0'
point "firehose_columns: without the closing export they prove no value" says_without_closing firehose_columns lake 2 \
	'.verdict == "UNKNOWN" and .counts.different == 0 and .counts.unproven > 100 and .counts.unproven == .findings_by_id["image.unknown"]'
point "firehose_columns: but which items there are, and no delete by TTL" says_without_closing firehose_columns wrong_lake 1 \
	'.findings_by_id | .["row.missing"] > 0 and .["row.zombie"] > 0 and .["row.stale"] == null and .["row.zombie_ttl"] == null'
for name in glue_types glue_simplified; do
	need land_items "$name"
	point "$name: lakeproof proves the table by what Spark wrote as Glue would" proves "$name"
	point "$name: having read every item of it" counts_for_live "$name"
	point "$name: and not one with a planted bug" disproves "$name"
done
finish
