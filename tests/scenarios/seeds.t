#!/bin/bash
# The pipelines that are right raise no alarm, whatever the seed: every pair of a scenario and an embedded pipeline that
# is to hold, over SEEDS seeds (20).
cd "$(dirname "$0")/../.." || exit 1
. tests/support/suite.bash
export TZ=UTC LC_ALL=C
build=${BUILD:-build} seeds=${SEEDS:-20}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mapfile -t scenarios < <(suite_scenarios)
holds=$(suite_expected holds 'embedded(-.*)?' "${scenarios[@]}")
# Names without a variant: what is planted is run with one seed, by scenarios.bats.
names=$(sed -n 's/^name: //p' scenarios/pipelines/embedded*/pipeline.yaml | paste -sd, -)
status=0
"$build/lakeproof" run --pipeline "$names" --expect --repeat "$seeds" --quiet --keep none --runs "$scratch/runs" \
	--format json --output "$scratch/report" >"$scratch/out" 2>&1 || status=$?
[ -s "$scratch/report" ] || echo '{}' >"$scratch/report"
wanted=$((holds * seeds))
echo "1..2"
if [ "$holds" -gt 100 ] && [ "$(jq '.cell_count // 0' "$scratch/report")" -eq "$wanted" ]; then
	echo "ok 1 - $wanted cells are to hold, over $seeds seeds"
else
	echo "not ok 1 - $wanted cells are to hold, over $seeds seeds"
	echo "# the report has $(jq '.cell_count // 0' "$scratch/report")"
	sed 's/^/# /' "$scratch/out"
fi
if [ "$status" -eq 0 ] && [ "$(jq '.score.holding_cells_quiet // 0' "$scratch/report")" -eq "$wanted" ]; then
	echo "ok 2 - none of them raises an alarm"
else
	echo "not ok 2 - none of them raises an alarm"
	jq -r '.cells[]? | .cell | select(.as_expected | not) |
		"# \(.scenario) \(.pipeline) seed \(.seed): \(.verdict) \(.findings | tojson)"' "$scratch/report"
	false
fi
