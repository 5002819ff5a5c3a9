#!/usr/bin/env bats
# Every planted bug is caught by the finding that fits it, and no pipeline that is right raises an alarm: the embedded
# pipelines and the one in shell through every scenario that names them. `make check-scenarios` takes 20 seeds of those
# that are right; the pipelines on Spark are run by make check-real.

load helper

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 1
	. tests/support/suite.bash
}

@test "the matrix of embedded pipelines is what the scenarios expect, cell by cell" {
	mapfile -t scenarios < <(suite_scenarios)
	pattern='(embedded|shell)([-+].*)?'
	breaks=$(suite_expected breaks "$pattern" "${scenarios[@]}")
	holds=$(suite_expected holds "$pattern" "${scenarios[@]}")
	[ "${#scenarios[@]}" -ge 100 ] && [ "$breaks" -ge 250 ] && [ "$holds" -ge 180 ]
	status=0
	"$LAKEPROOF" run --expect --pipeline 'embedded,embedded-*,embedded+*,shell,shell+*' --quiet --keep none \
		--runs "$BATS_TEST_TMPDIR/runs" --format json --output "$BATS_TEST_TMPDIR/report" || status=$?
	jq -r '.cells[] | .cell | select(.as_expected | not) |
		"\(.scenario) \(.pipeline): \(.verdict) \(.findings | tojson)"' "$BATS_TEST_TMPDIR/report"
	suite_sound "$(cat "$BATS_TEST_TMPDIR/report")" "$status" "$breaks" "$holds"
	[ "$(jq .score.planted "$BATS_TEST_TMPDIR/report")" -ge 180 ]
	[ "$(jq .score.planted_caught "$BATS_TEST_TMPDIR/report")" -eq "$(jq .score.planted "$BATS_TEST_TMPDIR/report")" ]
}

# told SEED: what came of a cell that fails.
told() {
	"$LAKEPROOF" run order/ingest-clock --pipeline embedded+last-arrival-wins --quiet --keep none --seed "$1" \
		--runs "$BATS_TEST_TMPDIR/runs" --format json --output "$BATS_TEST_TMPDIR/report" || [ $? -eq 1 ]
	jq -c '.cells[0].cell | [.verdict, .findings, .items, .changes, .story]' "$BATS_TEST_TMPDIR/report"
}

@test "the same seed says the same, and another is another history" {
	first=$(told 7)
	[[ "$first" == '["FAIL"'* ]]
	[ "$(told 7)" = "$first" ]
	[ "$(told 8)" != "$first" ]
}
