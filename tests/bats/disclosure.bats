#!/usr/bin/env bats
# What reports tell of values: whole ones when asked for or on a terminal, kinds and lengths elsewhere, and of sensitive
# ones only keyed hashes, wherever they could show.

load helper
load by_hand

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"n":{"N":"5"}}' "$1" "$2"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' 'n bigint n' >"$dir/columns.txt"
	write_export "$dir" 1760000000 "$(item alice secret-one)" "$(item bob x)"
	cat >"$dir/contract.yaml" <<-END
		table: t
		key: [{attribute: pk, type: S}]
		sources: [{export: "AWSDynamoDB/$export_id"}]
		lake:
		  delta: lake
		  columns:
		    - {column: pk, attribute: pk, type: string}
		    - {column: v, attribute: v, type: string}
		    - {column: n, attribute: n, type: bigint}
	END
	write_lake "$(item alice secret-two)" "$(item bob x)"
}

absent() { # PATTERN FILE
	if grep -E -e "$1" "$2"; then return 1; fi
}

everything() { # OPTION...: all that any verb prints about alice
	local format
	for format in text json tap tap13; do
		"$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet --format $format "$@" || true
	done
	"$LAKEPROOF" explain "$dir/contract.yaml" pk=alice --quiet "$@"
}

@test "values are told when asked for, and on a terminal" {
	everything --values full >"$dir/out"
	[ "$(grep -c 'secret-one.*secret-two' "$dir/out")" -eq 3 ]
	script -qec "'$LAKEPROOF' reconcile '$dir/contract.yaml' --quiet" /dev/null >"$dir/out" || true
	grep -q secret-two "$dir/out"
}

@test "elsewhere their kinds and lengths are, and which differ" {
	everything >"$dir/out"
	cat "$dir/out"
	absent secret "$dir/out"
	grep -q 'v *expected string(10)  lake string(10)' "$dir/out"
	grep -q '^! v  *string(10)  *string(10)' "$dir/out"
	grep -q '^  n  *number(1)  *number(1)' "$dir/out"
	grep -q 'values full shows them' "$dir/out"
	json=$("$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet --format json || true)
	[ "$(field '.values, .findings[0].key.pk, (.findings[0].columns[0] | .expected, .actual)' | tr '\n' ' ')" = \
		"redacted alice string(10) string(10) " ]
}

@test "a sensitive value is a hash: the same wherever it shows, another under another key" {
	sed -i 's/attribute: v, /&sensitive: true, /; s/type: S}/type: S, sensitive: true}/' "$dir/contract.yaml"
	printf 'sensitive_key_env: HASH_KEY\n' >>"$dir/contract.yaml"
	export HASH_KEY=0123456789abcdef
	everything --values full >"$dir/out"
	cat "$dir/out"
	absent 'secret|alice' "$dir/out"
	alice=$(printf alice | openssl dgst -sha256 -hmac "$HASH_KEY" | sed 's/.* \(.\{32\}\).*/hmac:\1/')
	[ "$(grep -c "$alice" "$dir/out")" -ge 5 ]
	grep -q "hashes under \$HASH_KEY" "$dir/out"
	run "$LAKEPROOF" sql "$dir/contract.yaml" --quiet 'select key, pk from item'
	echo "$output"
	[[ "$output" == *"$alice\"}"$'\t'"$alice"* && "$output" != *alice[\"$'\n']* ]]
	sed -i '/sensitive_key_env/d' "$dir/contract.yaml"
	everything >"$dir/out"
	absent "secret|alice|$alice" "$dir/out"
	grep -q 'hashes under a random key' "$dir/out"
	HASH_KEY= run "$LAKEPROOF" explain "$dir/contract.yaml" "pk=$alice" --quiet
	[ "$status" -eq 64 ]
	[[ "$output" == *"give the value itself"* ]]
}

@test "what a message quotes of a record is hidden too" {
	mkdir -p "$dir/events"
	record x 1760000100 INSERT '"Keys":{"pk":{"S":"carl"}},"NewImage":{"pk":{"S":"carl"},"n":{"N":"secret-number"}}'
	sed -i 's/^sources:.*/sources: [{export: "AWSDynamoDB\/'"$export_id"'"}, {events: events}]/' "$dir/contract.yaml"
	write_export "$dir" 1760000000 "$(item alice secret-one)" "$(item bob x)"
	everything --values full | grep -q secret-number
	for verb in check merge count; do "$LAKEPROOF" $verb "$dir/contract.yaml" --quiet || true; done >"$dir/out" 2>&1
	everything >>"$dir/out" 2>&1
	cat "$dir/out"
	grep -q "not a number" "$dir/out"
	absent secret "$dir/out"
	sed -i 's/attribute: n, /&sensitive: true, /' "$dir/contract.yaml"
	everything --values full >"$dir/out" 2>&1
	absent secret-number "$dir/out"
}
