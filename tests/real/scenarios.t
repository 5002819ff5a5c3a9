#!/bin/bash
# The pipelines of scenarios/pipelines/doc* on real Spark, each under the scenarios that name it: the ones as written break with the
# finding that is expected of them, the corrected ones hold.
#
# A cell is one pipeline under one scenario; what became of it is read from the run's folder. PIPELINES="doc001-*" runs only those.
source "$(dirname "$(realpath "$0")")/lib.sh"
cd "$ROOT" || exit 1
PIPELINES=${PIPELINES:-doc*}
# Scenarios that between them name every pipeline, so that the suite takes a quarter of an hour; SCENARIOS= runs all.
SCENARIOS=${SCENARIOS-landing/produces-nothing deletes/remove-ignored backfill/overwrites-newer-rows order/many-versions-in-one-merge
	polling/cursor-is-now polling/ties-at-the-cursor backfill/export-loaded-twice process/killed-before-the-checkpoint
	backfill/older-snapshot-again deletes/keys-only-in-an-increment order/kinesis-shuffles backfill/older-increment-again
	process/two-at-once keys/merge-on-part-of-the-key landing/records-without-newlines landing/export-among-the-records
	polling/index-lags-behind polling/cursor-passes-a-failed-page polling/null-guard-freezes-the-row
	polling/tenant-nobody-listed}
RUNS=$REAL/runs

planned() { "$LAKEPROOF" run $SCENARIOS --list --expect --pipeline "$PIPELINES" >"$REAL/planned" && [ -s "$REAL/planned" ]; }

# A pipeline that no scenario names would never be run, and that would look like a pass.
named() { cut -f2 "$REAL/planned" | sed 's/+.*//' | grep -qxF "$1"; }

expected()
{
	jq -e .as_expected "$1" >/dev/null && return
	jq '{verdict, expected, expected_findings, findings, steps: [.steps[] | select(.exit != 0 or .signal != 0)]}' "$1"
	return 1
}

complete() { [ "$(find "$RUNS" -name cell.json | wc -l)" -eq "$(wc -l <"$REAL/planned")" ]; }

need planned
started=$SECONDS
# shellcheck disable=SC2086 # they are words
"$LAKEPROOF" run $SCENARIOS --expect --quiet --pipeline "$PIPELINES" --jobs 2 --runs "$RUNS" --name spark --output "$REAL/scenarios.txt" \
	>"$REAL/scenarios.log" 2>&1
status=$?
elapsed=$((SECONDS - started))
echo "# $(wc -l <"$REAL/planned") cells in $elapsed s"
point "every cell that was planned was run" complete
for folder in scenarios/pipelines/doc*/; do
	name=$(basename "$folder")
	# shellcheck disable=SC2254 # it is a pattern
	case $name in $PIPELINES) point "some scenario says what is expected of $name" named "$name" ;; esac
done
while read -r cell; do
	sentence=$(jq -r '"\(.pipeline) \(.expected) under \(.scenario)" + (if .expected == "breaks" then ": " + (.expected_findings | join(" or ")) else "" end)' "$cell")
	point "$sentence" expected "$cell"
done < <(find "$RUNS" -name cell.json | sort)
point "the run itself says that all is as expected" test "$status" -eq 0
finish
