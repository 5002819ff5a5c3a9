#!/usr/bin/env bats
# Under `ttl: keep` the lake holds an expired item's last image. A stream without old images does not carry it on the
# removal: what came before must prove it, and no row is taken on trust.

load helper
load by_hand

exported=1760003600
label=2025-10-09T08:00:00.000

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"exp":{"N":"%d"}}' "$1" "$2" $((exported + 50))
}

insert() { # SECONDS KEY V: to the events
	record $label "$1" INSERT "\"Keys\":{\"pk\":{\"S\":\"$2\"}},\"NewImage\":$(item "$2" "$3")"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' 'exp bigint exp' >"$dir/columns.txt"
	write_export "$dir" "$exported" "$(item a A)" "$(item first x)"
	insert $((exported - 600)) first x
	lake_says="ttl: {attribute: exp, lake: keep}" write_contract "export: \"AWSDynamoDB/$export_id\"" "events: events"
}

expire() { # SECONDS: TTL removes a, and the capture goes on
	record $label "$1" REMOVE '"Keys":{"pk":{"S":"a"}}' \
		'"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}'
	insert $((exported + 600)) last x
}

judged() { # VERDICT V: with v V in a's row
	write_lake "$(item a "$2")" "$(item first x)" "$(item last x)"
	reconcile "$dir"
	echo "exit $status, verdict $(field .verdict), ids $(ids)"
	[ "$(field .verdict)" = "$1" ]
}

@test "what the export had is the last image when nothing lies between" {
	expire $((exported + 100))
	judged PASS A
	judged FAIL garbage
	[ "$(field '.findings_by_id["row.differs"]')" -eq 1 ]
}

@test "so is what the change before the removal left" {
	record $label $((exported + 80)) MODIFY "\"Keys\":{\"pk\":{\"S\":\"a\"}},\"NewImage\":$(item a B)"
	expire $((exported + 100))
	judged PASS B
	judged FAIL A
	[ "$(field '.findings_by_id["row.stale"]')" -eq 1 ]
}

@test "an image that nothing proves makes no row right" {
	record $label $((exported + 80)) MODIFY '"Keys":{"pk":{"S":"a"}}'
	expire $((exported + 100))
	for v in A garbage; do
		judged UNKNOWN $v
		[ "$(field '.findings_by_id["image.unknown"]')" -eq 1 ]
	done
}

@test "where a later export lacks the expired item, only its last known image is out of scope" {
	insert $((exported + 600)) last x
	write_export "$dir" $((exported + 700)) "$(item first x)" "$(item last x)"
	sed -i "s|^  - {events|  - {export: \"AWSDynamoDB/$export_id\"}\n&|" "$dir/contract.yaml"
	judged PASS A
	[ "$(field .counts.out_of_scope)" -eq 1 ]
	judged UNKNOWN garbage
	[ "$(field '.findings_by_id["image.unknown"]')" -eq 1 ]
}
