#!/usr/bin/env bats
# The program as people and scripts meet it: options, help, what is printed where, and exit codes.

load helper

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/good" --items 400 --changes 800 --seed 3 --shards 4 --records-per-file 100 --skew 0
	pipe "$BATS_FILE_TMPDIR/good"
}

setup() {
	good=$BATS_FILE_TMPDIR/good
	here="$BATS_TEST_TMPDIR/it's here"
}

says() { # EXIT TEXT ARGUMENT...: this exit code, and this text on stderr
	local want=$1 text=$2 code=0
	shift 2
	"$LAKEPROOF" "$@" >/dev/null 2>"$BATS_TEST_TMPDIR/stderr" || code=$?
	echo "lakeproof $*: exit $code, $(cat "$BATS_TEST_TMPDIR/stderr")"
	[ "$code" -eq "$want" ]
	[[ "$(cat "$BATS_TEST_TMPDIR/stderr")" == *"$text"* ]]
}

@test "what is misspelt is told with what may have been meant" {
	says 64 "did you mean 'reconcile'?" recncile
	says 64 "did you mean '--version'?" --verson
	says 64 "did you mean '--format'?" reconcile --formt json x
	says 64 "lists the verbs" nonsense
}

@test "numbers are whole and not negative" {
	says 64 "'-1' is no value for --details" reconcile --details -1 "$good/contract.yaml"
	says 64 "'-5' is no value for --version" reconcile --version -5 "$good/contract.yaml"
	says 64 "not '99999999999999999999999'" reconcile --findings 99999999999999999999999 "$good/contract.yaml"
}

@test "a contract that is not there is the command line's fault" {
	for verb in check count merge reconcile; do says 64 'cannot open the contract "nowhere.yaml"' $verb nowhere.yaml; done
	says 64 'cannot open the contract' reconcile "$good/contract.yaml/nowhere.yaml"
	says 74 'cannot read the contract' merge "$good"
}

@test "explain tells a life where there is no lake" {
	sed '/^lake:/,$d' "$good/contract.yaml" >"$good/no_lake.yaml"
	pk=$("$LAKEPROOF" sql "$good/no_lake.yaml" --quiet --state "$BATS_TEST_TMPDIR/state" \
		"select key from item where state = 'image' limit 1" | tail -n 1)
	run "$LAKEPROOF" explain "$good/no_lake.yaml" "$pk" --quiet --state "$BATS_TEST_TMPDIR/state"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"<- decides"*"expected: present" && "$output" != *"lake:"* ]]
}

@test "help fits 80 columns and tells each default" {
	for verb in check count explain generate merge reconcile sql; do
		"$LAKEPROOF" "$verb" --help >"$BATS_TEST_TMPDIR/help"
		echo "$verb: $(awk 'length > 80' "$BATS_TEST_TMPDIR/help")"
		[ "$(awk 'length > 80' "$BATS_TEST_TMPDIR/help" | wc -l)" -eq 0 ]
	done
	run "$LAKEPROOF" generate --help
	[[ "$output" == *"(default: 100000)"* && "$output" == *"(default: 2h)"* ]]
	run "$LAKEPROOF" help help
	[ "$status" -eq 0 ]
}

@test "the line to reproduce can be pasted, whatever the folder is called" {
	line=$("$LAKEPROOF" generate "$here" --quiet --items 50 --changes 50 --duration 5000s | sed -n 's/^reproduce: lakeproof //p')
	sum=$(sha256sum <"$here/generated.json")
	rm -r "$here"
	eval "'$LAKEPROOF' $line --quiet"
	[ "$(sha256sum <"$here/generated.json")" = "$sum" ]
	pipe "$here"
	line=$("$LAKEPROOF" reconcile "$here/contract.yaml" --quiet | sed -n 's/^reproduce: lakeproof //p')
	eval "'$LAKEPROOF' $line --quiet"
}

@test "explain tells a life in the order in which it happened" {
	pk=$("$LAKEPROOF" sql "$good/contract.yaml" --quiet "select f.key from fact f where f.kind <> 'lake'
		group by f.key having min(f.time) < (select max(time) from fact) - 5400000000 and count(distinct kind) = 2 limit 1" | tail -n 1)
	[ -n "$pk" ]
	"$LAKEPROOF" explain "$good/contract.yaml" "$pk" --quiet >"$BATS_TEST_TMPDIR/life"
	cat "$BATS_TEST_TMPDIR/life"
	grep -q exported "$BATS_TEST_TMPDIR/life"
	sed -n 's/^  \(2025-[^ ]*\) .*/\1/p' "$BATS_TEST_TMPDIR/life" | sed 's/\.[0-9]*Z/Z/' >"$BATS_TEST_TMPDIR/times"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/times")" -gt 1 ]
	sort -c "$BATS_TEST_TMPDIR/times"
	! grep -q ' $' "$BATS_TEST_TMPDIR/life"
	run "$LAKEPROOF" explain "$good/contract.yaml" pk=nobody,sk=1 --quiet
	[[ "$output" == *"no source and no lake row has this key"*"absent: an export lacks it"* ]]
}

@test "sql prints bytes as base64, one row a line, and valid JSON" {
	run "$LAKEPROOF" sql "$good/contract.yaml" --quiet "select x'ff00' b, 'a' || char(9, 10) t, null n"
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[1]}" = $'/wA=\ta\\t\\n\tNULL' ]
	run "$LAKEPROOF" sql "$good/contract.yaml" --quiet --format json "select x'ff00' b, -9e999 i, '\"' || char(1, 10) t"
	[ "$(jq -c '[.b, .i < -1e300, .t]' <<<"$output")" = '["/wA=",true,"\"\u0001\n"]' ]
}

@test "check says nothing of columns when there is no table" {
	sed 's/delta: lake/delta: elsewhere/' "$good/contract.yaml" >"$good/elsewhere.yaml"
	run "$LAKEPROOF" check "$good/elsewhere.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"does not exist"* && "$output" != *" of 0 table columns"* ]]
}

@test "count knows when it cannot know" {
	copy_history "$good" "$here"
	cp -r "$good/lake" "$here/"
	run "$LAKEPROOF" count "$here/contract.yaml" --quiet
	[ "$status" -eq 0 ]
	rm "$(find "$here/AWSDynamoDB" -name '*.json.gz' -size +1k | head -n 1)"
	run "$LAKEPROOF" count "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"export.missing"* && "$output" == *"the expected count is not known"* ]]
	run "$LAKEPROOF" count --export "$here"/AWSDynamoDB/* --delta "$here/lake" --quiet
	[ "$status" -eq 2 ]
	sed '/export:/d; /^lake:/i baseline: none' "$good/contract.yaml" >"$here/contract.yaml"
	run "$LAKEPROOF" count "$here/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 2 ]
}

@test "progress is one line that fits the terminal, and not drawn elsewhere" {
	script -qec "stty cols 20; TERM=xterm '$LAKEPROOF' reconcile '$good/contract.yaml' --state '$BATS_TEST_TMPDIR/a'" /dev/null >"$BATS_TEST_TMPDIR/terminal"
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/terminal" | sed -n $'s/^\e\\[Kreading: \\([0-9]* of .*\\)/reading: \\1/p' >"$BATS_TEST_TMPDIR/drawn"
	cat "$BATS_TEST_TMPDIR/drawn"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/drawn")" -ge 1 ]
	[ "$(awk 'length > 19' "$BATS_TEST_TMPDIR/drawn" | wc -l)" -eq 0 ]
	grep -q $'\e\\[1;32mPASS' "$BATS_TEST_TMPDIR/terminal"
	NO_COLOR=1 script -qec "TERM=xterm '$LAKEPROOF' reconcile '$good/contract.yaml' --quiet" /dev/null >"$BATS_TEST_TMPDIR/plain"
	"$LAKEPROOF" reconcile "$good/contract.yaml" --state "$BATS_TEST_TMPDIR/b" >>"$BATS_TEST_TMPDIR/plain" 2>&1
	grep -q '^reading: [0-9]* files' "$BATS_TEST_TMPDIR/plain"
	grep -q '^judging: [0-9]* keys in ' "$BATS_TEST_TMPDIR/plain"
	! grep -q $'\e' "$BATS_TEST_TMPDIR/plain"
}
