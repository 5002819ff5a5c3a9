#!/usr/bin/env bats
# Any command can be a pipeline: one in shell, jq and SQLite is right, and its variants are not.

load helper

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
	type jq sqlite3 openssl flock >/dev/null
}

put_through() { # PIPELINE SCENARIO
	run "$LAKEPROOF" run --quiet --runs "$BATS_TEST_TMPDIR" --keep none --jobs 1 --pipeline "$1" "$2"
	echo "$output"
}

@test "the pipeline in shell holds when everything is delivered again, and merges by sequence number" {
	put_through shell order/full-replay
	[ "$status" -eq 0 ]
}

@test "its variant that takes the last to arrive does not" {
	put_through shell+last-arrival-wins order/ingest-clock
	[ "$status" -eq 1 ]
	[[ "$output" == *row.stale* ]]
}

@test "its variant that drops removes does not" {
	put_through shell+drops-remove deletes/remove-ignored
	[ "$status" -eq 1 ]
	[[ "$output" == *row.zombie* ]]
}
