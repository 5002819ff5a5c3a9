#!/usr/bin/env bats
# Changes that came through Kinesis: in each of its forms they prove the lake, and a record that is lost on the way, or
# that Firehose could not deliver, shows.

load helper
load by_hand

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/streams" --items 600 --changes 1500 --seed 11
	pipe "$BATS_FILE_TMPDIR/streams"
}

# landed FORMAT [OPTION...]: the same table's changes as Kinesis lands them, beside the lake that the stream made.
landed() {
	local format=$1
	shift
	dir=$BATS_TEST_TMPDIR/$format
	generate "$dir" --items 600 --changes 1500 --seed 11 --format "$format" "$@"
	cp -r "$BATS_FILE_TMPDIR/streams/lake" "$dir/lake"
}

tell() {
	echo "exit $status, verdict $(field .verdict), ids $(ids), unproven $(field .counts.unproven)"
	field '.reasons[]'
}

@test "in every form they prove the lake" {
	for format in kinesis kinesis-lambda kinesis-pipes kinesis-base64 firehose; do
		landed $format --gzip
		reconcile "$dir"
		tell
		[ "$status" -eq 0 ]
		[ "$(field .verdict)" = PASS ]
		[ "$(field .counts.equal)" -eq "$(field .counts.expected)" ]
	done
}

@test "in milliseconds the order of some is not known, and nothing is said against the lake" {
	landed kinesis-ms --gzip
	reconcile "$dir"
	tell
	[ "$(field .verdict)" != FAIL ]
	[ "$(field .counts.unproven)" -lt 10 ]
}

@test "a stated format holds them to it" {
	landed kinesis
	sed -i 's/events: events/events: events, format: kinesis/' "$dir/contract.yaml"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = PASS ]
	sed -i 's/format: kinesis/format: streams/' "$dir/contract.yaml"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = UNKNOWN ]
	[ "$(field '.findings_by_id["record.unreadable"]')" -gt 1000 ]
	[[ "$(field '[.findings[] | select(.id == "record.unreadable")][0].cause')" == *"format is kinesis, or none"* ]]
	sed -i 's/format: streams/format: firehose/' "$dir/contract.yaml"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = PASS ]
}

@test "a record that is lost between two others of its key is found" {
	landed kinesis --fault drop-record:40/modify
	reconcile "$dir"
	tell
	[ "$(field .verdict)" != PASS ]
	[ "$(field '.findings_by_id["chain.broken"]')" -gt 0 ]
}

@test "what Firehose could not deliver is evidence, and told" {
	landed firehose --fault error-prefix:20
	[ "$(find "$dir/errors" -type f | wc -l)" -gt 0 ]
	sed -i 's/^\( *\)- {events: events\(.*\)$/&\n\1- {events: errors, format: firehose}/' "$dir/contract.yaml"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = PASS ]
	[ "$(field '.findings_by_id["record.failed_delivery"]')" -gt 0 ]
	# Without them nothing says what became of their keys.
	sed -i "/errors/d" "$dir/contract.yaml"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" != PASS ]
}

@test "what Firehose could not deliver says nothing of when the rest was captured" {
	hand_made
	put $((exported + 50))000000 a 1 2
	mkdir "$dir/errors"
	jq -c 'select(.eventName == "MODIFY" and .dynamodb.Keys.pk.S == "a")' "$dir/events/records" >"$dir/record"
	rm "$dir/events/records"
	printf '{"rawData":"%s","errorCode":"Lambda.FunctionError"}\n' "$(base64 -w0 "$dir/record")" >"$dir/errors/line"
	rm "$dir/record"
	put $((exported + 100))000000 b 1 2
	write_lake_beside "$(item a 2)" "$(item b 2)"
	by_hand UNKNOWN
	sed -i 's/^  - {events: events.*$/&\n  - {events: errors}/' "$dir/contract.yaml"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = UNKNOWN ]
	[ "$(field '.findings_by_id["coverage.hole"]')" -eq 1 ]
	put $((exported - 100))000000 b 0 1
	rm -r "$dir/.lakeproof"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = PASS ]
}

# ---- by hand

# change MICROSECONDS NAME MEMBERS [TABLE]: one record of Kinesis to $dir/events; MEMBERS are JSON members of "dynamodb".
change() {
	number=$((${number:-0} + 1))
	mkdir -p "$dir/events"
	printf '{"awsRegion":"eu-west-1","eventID":"%08d-0000-4000-8000-000000000000","eventName":"%s","userIdentity":null,"recordFormat":"application/json","tableName":"%s","dynamodb":{"ApproximateCreationDateTime":%s,%s,"SizeBytes":10,"ApproximateCreationDateTimePrecision":"MICROSECOND"},"eventSource":"aws:dynamodb"}' \
		"$number" "$2" "${4:-t}" "$1" "$3" >>"$dir/events/records"
}

item() { # KEY VALUE
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

put() { # MICROSECONDS KEY OLD NEW [TABLE]
	change "$1" MODIFY "\"Keys\":{\"pk\":{\"S\":\"$2\"}},\"NewImage\":$(item "$2" "$4"),\"OldImage\":$(item "$2" "$3")" "${5:-t}"
}

write_lake_beside() { # ITEM...: the lake, the export as it is
	local id=$export_id
	write_lake "$@"
	export_id=$id
}

by_hand() { # VERDICT [OPTIONS of the events]
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_contract "export: \"AWSDynamoDB/$export_id\"" "events: events${2:+, $2}"
	reconcile "$dir"
	tell
	[ "$(field .verdict)" = "$1" ]
}

exported=1760000000

hand_made() {
	dir=$BATS_TEST_TMPDIR/hand
	mkdir -p "$dir"
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_export "$dir" $exported "$(item a 1)" "$(item b 1)"
	put $((exported - 100))000000 b 0 1
}

@test "the time in microseconds orders what one second holds" {
	hand_made
	put $((exported + 100))000002 a 2 3
	put $((exported + 100))000001 a 1 2
	put $((exported + 100))000001 b 1 2
	write_lake_beside "$(item a 3)" "$(item b 2)"
	by_hand PASS
	write_lake_beside "$(item a 2)" "$(item b 2)"
	by_hand FAIL
	[ "$(others)" = "row.stale" ]
}

@test "a lost last change shows at the next export only, a lost one in between at once" {
	hand_made
	put $((exported + 100))000001 a 1 2
	put $((exported + 100))000003 a 3 4
	write_lake_beside "$(item a 4)" "$(item b 1)"
	by_hand UNKNOWN
	[ "$(others)" = "chain.broken" ]
}

@test "records of two tables in one stream are told" {
	hand_made
	put $((exported + 100))000001 a 1 2
	put $((exported + 101))000001 a 2 3 other
	write_lake_beside "$(item a 3)" "$(item b 1)"
	by_hand UNKNOWN
	[[ "$(ids)" == *source.mixed* ]]
}

@test "a ZIP file among the events is named and keeps the lake from being proven" {
	hand_made
	put $((exported + 100))000001 a 1 2
	printf 'PK\003\004\024\000\000\000' >"$dir/events/more"
	write_lake_beside "$(item a 2)" "$(item b 1)"
	by_hand UNKNOWN
	[ "$(others)" = "record.unreadable" ]
	[[ "$(field '[.findings[] | select(.id == "record.unreadable")][0].cause')" == *ZIP* ]]
	rm "$dir/events/more"
	rm -r "$dir/.lakeproof"
	by_hand PASS
}
