#!/usr/bin/env bats
# Several contracts in one call: one report, the worst exit, and no contract missed without a word.

load helper
load by_hand

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

contract() { # NAME: one beside the others, over its own lake
	cat >"$dir/$1.yaml" <<-END
		table: $1
		key: [{attribute: pk, type: S}]
		sources: [{export: "AWSDynamoDB/$export_id"}]
		lake:
		  delta: $1
		  columns:
		    - {column: pk, attribute: pk, type: string}
		    - {column: v, attribute: v, type: string}
	END
	mv "$dir/lake" "$dir/$1"
}

setup() {
	dir=$BATS_TEST_TMPDIR/all
	mkdir -p "$dir"
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_export "$dir" 1760000000 "$(item a one)" "$(item b two)"
	write_lake "$(item a one)" "$(item b two)"
	id=$export_id
	contract good
	write_lake "$(item a one)"
	export_id=$id
	contract bad
}

all() { # [OPTION...] OPERAND...: JSON into $json, exit code into $status
	status=0
	json=$("$LAKEPROOF" reconcile --quiet --format json "$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
	jq -c '[.verdict, .exit, [.contracts[] | [.verdict, .contract]], .passed_over]' <<<"$json"
}

@test "a folder is its contracts, each with its own report, and the verdict is the worst" {
	all "$dir"
	[ "$status" -eq 1 ]
	[ "$(field '[.verdict, .exit, (.contracts | map(.verdict, .table)[])] | join(" ")')" = "FAIL 1 FAIL bad PASS good" ]
	rm "$dir/bad.yaml"
	all "$dir"
	[ "$status" -eq 0 ]
	[ "$(field '.verdict, (.contracts | length)' | tr '\n' ' ')" = "PASS 1 " ]
}

@test "what each says is what it says alone, in any order and on any number of threads" {
	all "$dir/good.yaml" "$dir/bad.yaml" --jobs 2
	two=$(field '[.contracts[] | del(.run)]')
	for one in good bad; do "$LAKEPROOF" reconcile "$dir/$one.yaml" --quiet --format json || true; done >"$dir/alone"
	[ "$(jq -s '[.[] | del(.run)]' "$dir/alone" | jq -c .)" = "$(jq -c . <<<"$two")" ]
	all "$dir/good.yaml" "$dir/bad.yaml" --jobs 1
	[ "$two" = "$(field '[.contracts[] | del(.run)]')" ]
}

@test "what a contract was found to lack is told by name, however many contracts are judged after it" {
	local number
	for number in 1 2 3 4; do
		sed "s/^table: good/table: another_table_of_a_longer_name_$number/" "$dir/good.yaml" >"$dir/other$number.yaml"
	done
	all "$dir/bad.yaml" "$dir"/other?.yaml --jobs 1
	[ "$(field '[.contracts[0].findings[] | select(.id == "row.missing").columns[].column] | join(" ")')" = "pk v" ]
}

@test "a contract that cannot be judged takes PASS away, but not the others' reports" {
	rm "$dir/bad.yaml"
	printf 'sources: [{exprot: x}]\n' >"$dir/worse.yaml"
	all "$dir"
	[ "$status" -eq 64 ]
	[ "$(field '[.verdict, .contracts[0].verdict, .contracts[1].error.exit] | join(" ")')" = "UNKNOWN PASS 64" ]
	grep -q "worse.yaml:1:.*'exprot'" "$BATS_TEST_TMPDIR/stderr"
	printf 'a: [\n' >"$dir/worse.yaml"
	all "$dir"
	[ "$status" -eq 64 ]
	run "$LAKEPROOF" reconcile "$dir" --quiet
	[[ "$output" == *UNKNOWN*"2 contracts: 1 PASS, 0 FAIL, 0 UNKNOWN, 1 not judged"*"error 64  $dir/worse.yaml"*"== $dir/good.yaml"* ]]
}

@test "YAML that is no contract is passed over by name, and a folder without any is refused" {
	printf 'seed: 1\ntable: {items: 5}\n' >"$dir/workload.yaml"
	all "$dir"
	[ "$(field '.passed_over[]')" = "$dir/workload.yaml" ]
	rm "$dir/good.yaml" "$dir/bad.yaml"
	all "$dir"
	[ "$status" -eq 64 ]
	grep -q 'there is no contract in the folder' "$BATS_TEST_TMPDIR/stderr"
}

@test "the same contract twice, and a version for several, are refused" {
	all "$dir" "$dir/good.yaml"
	[ "$status" -eq 64 ]
	grep -q 'good.yaml" is there twice' "$BATS_TEST_TMPDIR/stderr"
	all "$dir" --version 0
	[ "$status" -eq 64 ]
}

@test "TAP has all points under one plan" {
	rm "$dir/bad.yaml"
	"$LAKEPROOF" reconcile "$dir" --quiet --format tap13 | tee "$BATS_TEST_TMPDIR/tap" | prove --exec cat /dev/stdin
	grep -q '^1..12$' "$BATS_TEST_TMPDIR/tap"
	grep -q "^ok 3 - $dir/good.yaml: the capture has no hole" "$BATS_TEST_TMPDIR/tap"
}

@test "with --state each contract has its own below it" {
	all "$dir" --state "$BATS_TEST_TMPDIR/state"
	[ "$status" -eq 1 ]
	[ -d "$BATS_TEST_TMPDIR/state/good" ] && [ -d "$BATS_TEST_TMPDIR/state/bad" ]
}
