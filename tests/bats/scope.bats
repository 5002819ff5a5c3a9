#!/usr/bin/env bats
# What a PASS may claim: no hole that could hide a key, and no witness that was not there.

load helper
load by_hand

exported=1760003600 # 2025-10-09T09:53:20Z
label=2025-10-09T08:00:00.000

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

put() { # OFFSET KEY V: that many seconds after the export, to the events
	record $label $((exported + $1)) MODIFY "\"Keys\":{\"pk\":{\"S\":\"$2\"}},\"NewImage\":$(item "$2" "$3")"
}

offset() { # SECONDS after the export, as a contract has it
	at $((exported + $1))
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_export "$dir" $exported "$(item a 1)"
	put 600 a 2
	put 900 a 3
	write_lake "$(item a 3)"
}

judged() { # VERDICT SOURCES [MORE]: each source a line of the contract's
	cat >"$dir/contract.yaml" <<-END
		version: 1
		table: t
		key:
		  - {attribute: pk, type: ${key_type:-S}}
		sources:
		$2
		lake:
		  delta: lake
		  columns:
		    - {column: pk, attribute: pk, type: "${pk_type:-string}"}
		    - {column: v, attribute: v, type: "string"}
		${3-}
	END
	reconcile "$dir"
	echo "exit $status, $(field '[.verdict, .scope, .reasons, .findings_by_id]')"
	[ "$(field .verdict)" = "$1" ]
}

holes() {
	field '.findings_by_id["coverage.hole"] // 0'
}

@test "a hole may hide a key that nobody knows, so no PASS even when every known key is proven" {
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}"
	[ "$(holes)" -eq 1 ]
	[ "$(field .counts.unproven)" -eq 0 ]
	judged PASS "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events, from: \"$(offset -100)\"}"
	judged PASS "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}" "severity: {coverage.hole: warn}"
}

@test "a later complete export closes the hole" {
	opening=$export_id
	write_export "$dir" $((exported + 800)) "$(item a 2)"
	judged PASS "  - {export: \"AWSDynamoDB/$opening\"}
  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}"
	[ "$(holes)" -eq 0 ]
}

@test "two captures of one stream that say when they ended and began leave a gap" {
	mkdir "$dir/later"
	mv "$dir/events" "$dir/aside_events"
	head -n 1 "$dir/aside_events/records.jsonl" >"$dir/later/records.jsonl"
	sed -i 1d "$dir/aside_events/records.jsonl"
	mv "$dir/aside_events" "$dir/latest"
	judged PASS "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: later, from: \"$(offset -100)\"}
  - {events: latest}"
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: later, from: \"$(offset -100)\", to: \"$(offset 650)\"}
  - {events: latest, from: \"$(offset 850)\"}"
	[ "$(holes)" -eq 1 ]
}

@test "require: dynamodb is not met by what only the landing zone tells after a hole" {
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}" "require: dynamodb
severity: {coverage.hole: ignore}"
	field '.reasons[]' | grep -F 'landing zone is the only witness'
}

@test "an independent capture is a witness beside the landing zone's of the same stream" {
	cp -r "$dir/events" "$dir/own"
	judged PASS "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}
  - {events: own, independent: true, from: \"$(offset -100)\"}" "require: dynamodb"
	[ "$(field .proved_through.dynamodb)" = "$(date -u -d "@$((exported + 901))" +%Y-%m-%dT%H:%M:%SZ)" ]
}

@test "without an export or baseline: empty a PASS is of the keys that changed" {
	judged PASS "  - {events: events}"
	field .scope | grep -F 'of keys that changed since'
	rm -r "$dir/events" "$dir/.lakeproof"
	record $label $((exported + 500)) INSERT "\"Keys\":{\"pk\":{\"S\":\"a\"}},\"NewImage\":$(item a 3)"
	judged PASS "  - {events: events}" "baseline: empty"
	! field .scope | grep -F 'changed since'
}

@test "a hole that a stream's label makes says so" {
	label=2025-10-09T10:00:00.000
	rm -r "$dir/events"
	put 900 a 3
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events, from: \"$(offset -100)\"}"
	field '.findings[] | select(.id == "coverage.hole") | .cause' | grep -F 'enabled only then'
}

@test "how many attributes are not mapped does not depend on how many findings are told" {
	for file in 1 2; do
		record $label $((exported + 950)) MODIFY '"Keys":{"pk":{"S":"a"}},"NewImage":{"pk":{"S":"a"},"v":{"S":"3"},"x":{"S":""},"y":{"S":""},"z":{"S":""}}'
		mv "$dir/events/records.jsonl" "$dir/events/$file.jsonl"
	done
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events, from: \"$(offset -100)\"}"
	reconcile "$dir" --findings 0
	[ "$(field '.findings_by_id["attribute.unmapped"]')" -eq 3 ]
}

@test "events that hold nothing and do not say when they were captured are no evidence" {
	rm "$dir/events"/*
	write_lake "$(item a 1)"
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}"
	field '.findings[] | select(.id == "coverage.hole") | .cause' | grep -F "'events' holds no record"
	judged PASS "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events, from: \"$(offset -100)\", to: \"$(offset 900)\"}"
}

@test "two items that the lake's key column cannot tell apart are never a PASS" {
	numbered() {
		printf '{"pk":{"N":"%s"},"v":{"S":"x"}}' "$1"
	}
	printf '%s\n' 'pk double pk key' 'v string v' >"$dir/columns.txt"
	write_export "$dir" $exported "$(numbered 12345678901234567)" "$(numbered 12345678901234568)"
	write_lake "$(numbered 12345678901234568)"
	key_type=N pk_type=double
	judged FAIL "  - {export: \"AWSDynamoDB/$export_id\"}"
	[ "$(field '.findings_by_id["row.missing"]')" -eq 1 ]
	[ "$(field .counts.equal)" -eq 1 ]
}

@test "a time before there was a DynamoDB, or one to come, does not stretch the capture over a hole" {
	put $((-exported)) b 1 # 1970
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events}"
	[ "$(holes)" -eq 1 ]
	field '.findings[] | select(.id == "record.unreadable") | .cause' | grep -F 'before 2012'
	mkdir "$dir/other"
	mv "$dir/events/records.jsonl" "$dir/kept.jsonl"
	head -n 2 "$dir/kept.jsonl" >"$dir/events/records.jsonl"
	put 6000000000 a 3
	judged UNKNOWN "  - {export: \"AWSDynamoDB/$export_id\"}
  - {events: events, from: \"$(offset -100)\"}"
	field '.findings[] | select(.id == "record.unreadable") | .cause' | grep -F 'future'
}

@test "an empty export that as_of leaves out does not prove that the table was empty" {
	dir=$BATS_TEST_TMPDIR/empty
	mkdir -p "$dir"
	printf '%s\n' 'pk string pk key' >"$dir/columns.txt"
	write_lake
	write_export "$dir" 1760000000
	write_contract "export: \"AWSDynamoDB/$export_id\""
	echo "expect_empty: true" >>"$dir/contract.yaml"
	reconcile "$dir"
	[ "$(field .verdict)" = PASS ]
	echo "as_of: \"$(at 1759990000)\"" >>"$dir/contract.yaml"
	reconcile "$dir"
	[ "$(field .verdict)" = UNKNOWN ]
}

# resummarise EXPORT SED: another summary, with its checksum.
resummarise() {
	sed -i "$2" "$1/manifest-summary.json"
	md5 "$1/manifest-summary.json" >"$1/manifest-summary.md5"
}

mixed() {
	field '.findings[] | select(.id == "source.mixed") | .cause'
}

@test "an export of another table, or of none that it names, is told by its folder" {
	first=$export
	write_export "$dir" $((exported + 1000)) "$(item a 3)"
	judged PASS "  - {export: AWSDynamoDB}
  - {events: events, from: \"$(offset -100)\"}"
	resummarise "$export" 's/"tableArn":"[^"]*",//'
	judged UNKNOWN "  - {export: AWSDynamoDB}
  - {events: events, from: \"$(offset -100)\"}"
	mixed | grep -F "$export has a manifest-summary.json without tableArn"
	resummarise "$export" 's/"tableId":"[^"]*",/"tableArn":"'"${TABLE_ARN//\//\\/}"'",/'
	judged UNKNOWN "  - {export: AWSDynamoDB}
  - {events: events, from: \"$(offset -100)\"}"
	mixed | grep -F "$export has a manifest-summary.json without tableId"
	resummarise "$export" 's/"tableArn":"[^"]*"/"tableArn":"arn:aws:dynamodb:eu-west-1:123456789012:table\/other","tableId":"x"/'
	judged UNKNOWN "  - {export: AWSDynamoDB}
  - {events: events, from: \"$(offset -100)\"}"
	mixed | grep -F "$export is of table arn:aws:dynamodb:eu-west-1:123456789012:table/other"
	[ "$(mixed | wc -l)" -eq 2 ]
}
