#!/bin/bash
# A blinded harness is noticed: what holds the scenarios to their files passes the real program, and fails it when its
# judge, its faults, its cells or its expectations are taken away (blind.c). A canary that lives is a failure.
cd "$(dirname "$0")/../.." || exit 1
. tests/support/suite.bash
export TZ=UTC LC_ALL=C
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
PATH=$build:$PATH # for lakeproof-pipeline

# Something of everything: faults of records, of the process, replays, versions.
scenarios=(deletes/remove-ignored order/retries-duplicate order/full-replay order/swapped-within-a-batch
	process/disk-full process/killed-before-the-commit backfill/increments-follow-the-export)
pattern='embedded([-+].*)?'
points=0 failed=0

point() { # STATUS SENTENCE
	points=$((points + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $points - $2"
	else
		echo "not ok $points - $2"
		failed=$((failed + 1))
		sed 's/^/# /' "$scratch/said"
	fi
}

# suite BLIND: 0 when the run is as the files expect.
suite() {
	local status=0
	BLIND=$1 "$build/tests/canary/lakeproof" run "${scenarios[@]}" --pipeline 'embedded,embedded+*,embedded-*' --expect \
		--quiet --keep none --runs "$scratch/runs" --format json --output "$scratch/report" \
		>"$scratch/out" 2>&1 || status=$?
	[ -s "$scratch/report" ] || echo '{}' >"$scratch/report"
	suite_sound "$(cat "$scratch/report")" "$status" "$(suite_expected breaks "$pattern" "${scenarios[@]}")" \
		"$(suite_expected holds "$pattern" "${scenarios[@]}")" >"$scratch/said" 2>&1
	status=$?
	cat "$scratch/out" >>"$scratch/said"
	rm -rf "$scratch/runs" "$scratch/report"
	return $status
}

suite nothing
point $? "a harness that sees is as its scenarios expect"

for blind in "judge:a judge that says PASS whatever there is" \
	"versions:eyes shut to what a table was in between" \
	"replays:eyes shut to what changes when it is delivered again" \
	"faults:faults of records that are not planted" \
	"process:faults of the process that do not strike" \
	"cells:results of failing cells that vanish" \
	"expectations:a list of expectations that is emptied"; do
	! suite "${blind%%:*}"
	point $? "noticed: ${blind#*:}"
done

nothing=tests/canary/pipelines/copies-nothing/pipeline.yaml
status=0
"$build/lakeproof" run deletes/remove-ignored --pipeline "$nothing" --quiet --keep none --runs "$scratch/runs" \
	--format json --output "$scratch/report" >"$scratch/said" 2>&1 || status=$?
[ "$status" -eq 1 ] && [ "$(jq '.cells[0].cell.findings["pipeline.silent"] > 0' "$scratch/report")" = true ]
point $? "noticed: a pipeline that copies nothing, however green it is"

echo "1..$points"
[ "$failed" -eq 0 ]
