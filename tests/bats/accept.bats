#!/usr/bin/env bats
# Findings that are known: listed with a date, they stand until then; anything beside the very difference listed fails.

load helper
load by_hand

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_export "$dir" 1760000000 "$(item a one)" "$(item b two)" "$(item c three)"
	write_contract "export: \"AWSDynamoDB/$export_id\""
	echo "accept: known.jsonl" >>"$dir/contract.yaml"
	: >"$dir/known.jsonl"
	write_lake "$(item a one)" "$(item b other)"
}

# know DATE [JQ]: what the last report tells becomes known.
know() {
	jq -c ".findings[] | select(.digest) | {id, key, digest, until: \"$1\", why: \"being mended\"} | ${2:-.}" <<<"$json" >"$dir/known.jsonl"
}

@test "what is listed no longer fails, and is shown" {
	reconcile "$dir"
	[ "$status" -eq 1 ]
	know 2999-12-31
	[ "$(wc -l <"$dir/known.jsonl")" -eq 2 ]
	reconcile "$dir"
	echo "$json"
	[ "$status" -eq 0 ]
	[ "$(field .counts.different)" -eq 2 ]
	[ "$(field '.accepted | map(.id + " " + .key.pk + " " + .until + " " + .why) | join("; ")')" = \
		"row.missing c 2999-12-31 being mended; row.differs b 2999-12-31 being mended" ]
	[ "$(field '.findings | map(select(.key)) | length')" -eq 0 ]
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[[ "${lines[0]}" == PASS*"2 known and accepted"* ]]
	[[ "$output" == *"1 of them accepted"*'row.differs  {"pk":"b"}  until 2999-12-31: being mended'* ]]
	"$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet --format tap13 | prove --exec cat /dev/stdin
}

@test "another difference of the same key fails, and so does another key" {
	reconcile "$dir"
	know 2999-12-31
	write_lake "$(item a one)" "$(item b another)"
	reconcile "$dir"
	[ "$status" -eq 1 ]
	[ "$(ids)" = "accept.unused lake.newer row.differs row.missing" ]
	[ "$(field .reasons[])" = "1 row.differs: the lake's values are not the item's" ]
	write_lake "$(item b other)"
	reconcile "$dir"
	[ "$status" -eq 1 ]
	[ "$(field .reasons[])" = "1 row.missing: expected, not in the lake" ]
}

@test "past its date a finding fails again, and the line is told" {
	reconcile "$dir"
	know 2026-03-01
	LAKEPROOF_NOW=2026-03-01T23:59:59Z reconcile "$dir"
	[ "$status" -eq 0 ]
	LAKEPROOF_NOW=2026-03-02T00:00:00Z reconcile "$dir"
	[ "$status" -eq 1 ]
	[ "$(field '.findings_by_id["accept.expired"]')" -eq 2 ]
	[ "$(field '[.findings[] | select(.id == "accept.expired")][0].cause')" = \
		"$dir/known.jsonl:1: row.missing was accepted until 2026-03-01; it is still there" ]
}

@test "a line that serves nothing is told" {
	reconcile "$dir"
	know 2999-12-31
	write_lake "$(item a one)" "$(item b two)" "$(item c three)"
	reconcile "$dir"
	[ "$status" -eq 0 ]
	[ "$(field '.findings_by_id["accept.unused"]')" -eq 2 ]
	[[ "$(field '.findings[0].cause')" == "$dir/known.jsonl:1: there is no such row.missing"*"take the line out" ]]
}

@test "a list that cannot be read strictly is refused" {
	reconcile "$dir"
	local change
	for change in 'del(.until)' '.until = "soon"' '.id = "coverage.hole"' '.key = {}' '.digest = ""' '. + {more: "x"}'; do
		know 2999-12-31 "$change"
		run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
		echo "$change: $output"
		[ "$status" -eq 64 ]
		[[ "$output" == *"known.jsonl:1: "* ]]
	done
	know 2999-12-31
	cat "$dir/known.jsonl" "$dir/known.jsonl" >"$dir/twice" && mv "$dir/twice" "$dir/known.jsonl"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	echo '{"id":' >"$dir/known.jsonl"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
}

@test "with sensitive values the key of the hashes must stay" {
	sed -i 's/attribute: v, /&sensitive: true, /' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	[[ "$output" == *"'accept' with sensitive values needs 'sensitive_key_env'"* ]]
	printf 'sensitive_key_env: HASH_KEY\n' >>"$dir/contract.yaml"
	HASH_KEY=0123456789abcdef reconcile "$dir"
	[ "$(field '[.findings[].digest | values | startswith("hmac:")] | . == [true, true]')" = true ]
	know 2999-12-31
	HASH_KEY=0123456789abcdef reconcile "$dir"
	[ "$status" -eq 0 ]
	HASH_KEY=0123456789abcdee reconcile "$dir"
	[ "$status" -eq 1 ]
}
