#!/usr/bin/env bats
# A history narrowed to a few items: what is told of them is what was told before, byte for byte and in the same files.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	"$LAKEPROOF" generate --print-preset orders >all.yaml
	"$LAKEPROOF" generate --print-preset orders >some.yaml
	printf 'only_items: [3, 17, 21]\n' >>some.yaml
	options=(--items 100 --changes 400 --seed 7 --second-export --incremental 3 --fault reupload:2)
	"$LAKEPROOF" generate all --workload all.yaml "${options[@]}" >/dev/null
	"$LAKEPROOF" generate some --workload some.yaml "${options[@]}" >/dev/null
}

@test "each record is in the file where it was, and its file's other records are gone" {
	local file
	for file in $(cd some && find events -type f); do
		[ "$(grep -cvxFf "all/$file" "some/$file" || true)" -eq 0 ]
	done
	keys=$(cat some/events/*/*/*/*/* | jq -c .dynamodb.Keys | sort -u)
	[ "$(wc -l <<<"$keys")" -le 3 ]
	[ -n "$keys" ]
	[ "$(cat some/events/*/*/*/*/* | jq -c . | grep -cFf <(printf '%s\n' "$keys"))" -eq \
		"$(cat all/events/*/*/*/*/* | jq -c . | grep -cFf <(printf '%s\n' "$keys"))" ]
}

@test "exports, full and incremental, hold those items only" {
	[ "$(ls some/AWSDynamoDB)" = "$(ls all/AWSDynamoDB)" ]
	find some/AWSDynamoDB -name "*.gz" | while read -r file; do
		zcat "$file"
	done >lines
	count=$(wc -l <lines)
	[ "$count" -gt 6 ]
	[ "$count" -le 12 ]
}

@test "a pipeline over them passes, and there is no truth" {
	[ ! -e some/truth.sqlite ]
	pipe some
	reconcile some
	echo "$(field '.verdict, .reasons[]')"
	[ "$status" -eq 0 ]
	[ "$(field .counts.keys)" -le 3 ]
}

@test "what is no item's number is refused" {
	printf 'only_items: [x]\n' >>all.yaml
	run "$LAKEPROOF" generate other --workload all.yaml
	[ "$status" -eq 64 ]
	[[ "$output" == *"only_items takes numbers of items, not 'x'"* ]]
}
