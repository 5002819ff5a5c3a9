#!/usr/bin/env bash
# The main job from end to end, on data made here: generate a DynamoDB history, run a pipeline over what it would land,
# reconcile the Delta table it writes; then the same with a planted bug. Called by `make demo`.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 70
build=${BUILD:-build}
items=${DEMO_ITEMS:-100000}
place=${DEMO_PLACE:-$build/demo}
step() { printf '\n== %s\n' "$*" >&2; }
run() {
	printf '$' >&2
	printf ' %q' "$@" >&2
	echo >&2
	"$@"
}

rm -rf "$place"
mkdir -p "$place"

step "generate: $items items, a full export mid-history, a change stream round it (duplicates, shuffles, replays, deletes, TTL)"
run "$build/lakeproof" generate "$place/good" --items "$items" --seed 1 || exit 1

export=$(echo "$place"/good/AWSDynamoDB/*-*)
step "the embedded pipeline applies it to a Delta table"
run "$build/lakeproof-pipeline" --table "$place/good/lake" --columns "$place/good/columns.txt" --batch 12 \
	--export "$export" --events "$place/good/events" || exit 1

step "reconcile: does the table say what DynamoDB says?"
run "$build/lakeproof" reconcile "$place/good/contract.yaml"
status=$?
[ $status -eq 0 ] || { echo "demo: expected PASS (0), got $status" >&2; exit 1; }

step "the same data through a pipeline that drops REMOVE records"
mkdir -p "$place/bad"
ln -s ../good/AWSDynamoDB ../good/events "$place/bad"
cp "$place/good/contract.yaml" "$place/bad/contract.yaml"
run "$build/lakeproof-pipeline" --table "$place/bad/lake" --columns "$place/good/columns.txt" --batch 12 --bug drops-remove \
	--export "$export" --events "$place/bad/events" || exit 1

step "reconcile: the bug is named, with the keys and what happened to them"
run "$build/lakeproof" reconcile "$place/bad/contract.yaml"
status=$?
[ $status -eq 1 ] || { echo "demo: expected FAIL (1), got $status" >&2; exit 1; }

step "explain: one of those keys, its whole life"
key=$("$build/lakeproof" sql "$place/bad/contract.yaml" "SELECT key FROM item WHERE finding = 'row.zombie' LIMIT 1" --quiet | tail -n 1)
run "$build/lakeproof" explain "$place/bad/contract.yaml" "$key" --quiet || exit 1

cat >&2 <<TEXT

Both verdicts are as they should be: PASS for the good pipeline, FAIL for the planted bug. Where to look next:
  $build/lakeproof count $place/bad/contract.yaml
      counts alone, and what they can and cannot say
  $build/lakeproof-pipeline --list-bugs
      other bugs to plant
  $build/lakeproof --help, README.md, docs/contract.md
      your own export and table
TEXT
