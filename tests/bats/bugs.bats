#!/usr/bin/env bats
# The main job: a correct pipeline passes, and each planted bug is caught by the finding that fits it.

load helper

setup_file() {
	load helper
	generate "$BATS_FILE_TMPDIR/good" --items 3000 --changes 6000 --seed 7 --shards 4
	pipe "$BATS_FILE_TMPDIR/good"
}

setup() {
	good=$BATS_FILE_TMPDIR/good
	bad=$BATS_TEST_TMPDIR/bad
}

# caught BUG ID...: exit 1, and every id is among the findings.
caught() {
	local bug=$1 id
	shift
	copy_history "$good" "$bad"
	pipe "$bad" --bug "$bug"
	reconcile "$bad"
	echo "verdict $(field .verdict), ids $(ids)"
	[ "$status" -eq 1 ]
	[ "$(field .verdict)" = FAIL ]
	for id in "$@"; do
		[ "$(field ".findings_by_id[\"$id\"] // 0")" -gt 0 ]
	done
}

@test "a correct pipeline passes with every sum in place" {
	reconcile "$good"
	echo "$(field '.verdict, .reasons[], .findings_by_id')"
	[ "$status" -eq 0 ]
	[ "$(field .verdict)" = PASS ]
	[ "$(field .counts.equal)" -eq "$(field .counts.expected)" ]
	[ "$(field .counts.equal)" -eq "$(field .counts.compared)" ]
	[ "$(field .counts.actual)" -eq "$(field .counts.expected)" ]
	[ "$(field .counts.unproven)" -eq 0 ]
	[ "$(field .counts.expected)" -eq "$(sqlite3 "$good/truth.sqlite" "select count(*) from item where state = 'live'")" ]
}

@test "a PASS names its scope in the same line" {
	run "$LAKEPROOF" reconcile "$good/contract.yaml" --quiet
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" == PASS*"against DynamoDB through 2025-"*"landing zone through 2025-"* ]]
}

@test "a pipeline that drops REMOVE leaves zombies" { caught drops-remove row.zombie row.zombie_ttl; }
@test "last arrival wins leaves stale rows" { caught last-arrival-wins row.stale; }
@test "append only makes duplicates" { caught append-only row.duplicate; }
@test "numbers through double differ" { caught numbers-through-double row.differs; }
@test "a backfill over newer rows leaves stale rows" { caught backfill-overwrites row.stale; }
@test "ignored TTL removes leave TTL zombies and nothing else" {
	caught ttl-ignored row.zombie_ttl
	[ "$(field '.findings_by_id["row.zombie"] // 0')" -eq 0 ]
}
@test "a MERGE on part of the key loses rows" { caught partial-key-merge row.missing; }
@test "ties within a second by arrival leave stale rows" { caught seconds-tie row.stale; }
@test "sequence numbers compared as text leave stale rows" { caught sequence-as-text row.stale; }
@test "forgotten tombstones resurrect" { caught tombstones-forgotten row.zombie; }
@test "null that becomes an empty string differs" { caught null-becomes-empty-string row.differs; }
@test "reversed lists differ" { caught lists-reversed row.differs; }
@test "a removed attribute that survives is not the item" { caught removed-attribute-survives row.differs; }
@test "binary written as text differs" { caught binary-as-text row.differs; }
@test "truncated decimals differ" { caught decimals-truncated row.differs; }
@test "a skipped export file leaves rows missing" { caught export-file-skipped row.missing; }
@test "ignored MODIFY records leave stale rows" { caught inserts-only row.stale; }

@test "a pipeline that writes nothing fails, however green it looks" {
	copy_history "$good" "$bad"
	pipe "$bad" --bug writes-nothing
	reconcile "$bad"
	[ "$status" -eq 1 ]
	[ "$(field '.findings_by_id["row.missing"]')" -eq "$(field .counts.expected)" ]
}

@test "a finding names key, cause, both values and the records it missed" {
	copy_history "$good" "$bad"
	pipe "$bad" --bug backfill-overwrites
	reconcile "$bad" --values full
	[ "$(field '[.findings[] | select(.id == "row.stale")][0] | .key | has("pk") and has("sk")')" = true ]
	[ "$(field '[.findings[] | select(.id == "row.stale")][0].columns | length > 0')" = true ]
	[ "$(field '[.findings[] | select(.id == "row.stale")][0].columns[0] | .expected != .actual')" = true ]
	[ "$(field '[.findings[] | select(.id == "row.stale")][0].records | map(.role) | contains(["decided", "older image", "missed"])')" = true ]
}

@test "the same run twice says the same, and reads nothing again" {
	reconcile "$good"
	first=$(field 'del(.run)')
	reconcile "$good"
	[ "$first" = "$(field 'del(.run)')" ]
	run "$LAKEPROOF" merge "$good/contract.yaml" --quiet --format json
	[ "$(jq .files_read <<<"$output")" -eq 0 ]
}

@test "one thread and four say the same" {
	copy_history "$good" "$bad"
	pipe "$bad" --bug last-arrival-wins
	reconcile "$bad" --jobs 1
	one=$(field 'del(.run)')
	rm -rf "$bad/.lakeproof"
	reconcile "$bad" --jobs 4
	[ "$one" = "$(field 'del(.run)')" ]
}

@test "--findings all lists every one, and the default count is complete" {
	copy_history "$good" "$bad"
	pipe "$bad" --bug writes-nothing
	reconcile "$bad"
	[ "$(field '.findings | length')" -eq 1000 ]
	total=$(field '.findings_by_id | add')
	reconcile "$bad" --findings all
	[ "$(field '.findings | length')" -eq "$total" ]
}

@test "a sample is judged as the whole is, and never PASS" {
	reconcile "$good" --sample 20%
	echo "$(field '.verdict, .reasons[], .counts.compared')"
	[ "$status" -eq 2 ]
	[ "$(field '.reasons | join(";")')" = "sampled 20% of the keys, no difference found: the other keys were not compared" ]
	[ "$(field .counts.compared)" -eq "$("$LAKEPROOF" sql "$good/contract.yaml" --quiet \
		"select count(*) from item where class = 'equal' and key_hash between 0 and 3689348814741910400" | tail -n 1)" ]
	[ "$(field .counts.compared)" -gt 400 ] && [ "$(field .counts.compared)" -lt 800 ]
	copy_history "$good" "$bad"
	pipe "$bad" --bug writes-nothing
	reconcile "$bad" --sample 0.5% --jobs 2
	[ "$status" -eq 1 ]
	[ "$(field .counts.different)" -lt 60 ]
	for share in 0% 100% 5 1.5 x; do
		run "$LAKEPROOF" reconcile "$bad/contract.yaml" --quiet --sample $share
		[ "$status" -eq 64 ]
	done
}

@test "the reference merger agrees on every key" {
	run "$LAKEPROOF" merge "$good/contract.yaml" --reference
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"agrees on every key"* ]]
}

@test "TAP 13 runs under prove, TAP 14 says so" {
	"$LAKEPROOF" reconcile "$good/contract.yaml" --quiet --format tap13 >"$BATS_TEST_TMPDIR/pass.tap"
	prove --exec cat "$BATS_TEST_TMPDIR/pass.tap"
	run "$LAKEPROOF" reconcile "$good/contract.yaml" --quiet --format tap
	[ "${lines[0]}" = "TAP version 14" ]
	copy_history "$good" "$bad"
	pipe "$bad" --bug drops-remove
	"$LAKEPROOF" reconcile "$bad/contract.yaml" --quiet --format tap13 >"$BATS_TEST_TMPDIR/fail.tap" || true
	run prove --exec cat "$BATS_TEST_TMPDIR/fail.tap"
	[ "$status" -ne 0 ]
	echo "$output"
	[[ "$output" == *"Tests: 12 Failed: 1)"* && "$output" != *"Parse errors"* ]]
}

@test "count agrees, and says what equal counts prove" {
	run "$LAKEPROOF" count "$good/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"proves nothing about contents"* ]]
	run "$LAKEPROOF" count --export "$good"/AWSDynamoDB/*-* --delta "$good/lake" --format json
	[ "$(jq .rows <<<"$output")" -eq "$(sqlite3 "$good/truth.sqlite" "select count(*) from item where state = 'live'")" ]
	[ "$(jq .scanned <<<"$output")" = false ]
}

@test "explain tells a key's life and what the lake holds" {
	copy_history "$good" "$bad"
	pipe "$bad" --bug drops-remove
	reconcile "$bad"
	key=$(field '[.findings[] | select(.id == "row.zombie")][0].key | tojson')
	run "$LAKEPROOF" explain "$bad/contract.yaml" "$key" --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *REMOVE* && "$output" == *"<- decides"* && "$output" == *row.zombie* ]]
}

@test "check finds nothing wrong with a good contract and names what is" {
	run "$LAKEPROOF" check "$good/contract.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	sed '/column: status/d' "$good/contract.yaml" >"$good/less.yaml"
	run "$LAKEPROOF" check "$good/less.yaml"
	[ "$status" -eq 1 ]
	[[ "$output" == *"status"* ]]
}

@test "sql sees items, facts and sources" {
	run "$LAKEPROOF" sql "$good/contract.yaml" "select count(*) n from item where state = 'image'" --quiet --format json
	echo "$output"
	[ "$(jq .n <<<"$output")" -eq "$(sqlite3 "$good/truth.sqlite" "select count(*) from item where state = 'live'")" ]
}
