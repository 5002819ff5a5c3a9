#!/usr/bin/env bats
# Runs told again by `lakeproof report`, in every format; the folders are written by hand here, from docs/run-json.md.

bats_require_minimum_version 1.5.0
load helper

# cell SCENARIO PIPELINE VERDICT STATE EXPECTED FINDING: writes its cell.json and adds it to the plan.
cell() {
	local place=cells/$1/$2
	mkdir -p "$run/$place"
	jq -n --arg scenario "$1" --arg pipeline "$2" --arg verdict "$3" --arg state "$4" --arg expected "$5" --arg id "$6" '
		(if $id == "" then {} else {($id): 3} end) as $findings |
		{format: 1, $scenario, title: "a title", class: "D1", why: "Because.", $pipeline, seed: 7, $verdict, $expected,
		 expected_findings: (if $expected == "breaks" then ["row.zombie"] else [] end), as_expected: true,
		 started_us: 1767434400000000, seconds: 0.25, batches: 2, items: 10, changes: 20,
		 points: [{id: "ran", name: "every step ends well", state: "ok", findings: {}, detail: null},
			  {id: "final.deletes", name: "what was deleted is gone", $state, $findings, detail: "3 of 10 keys"},
			  {id: "poison", name: "poison is set aside", state: "skipped", findings: {}, detail: "none is planted"}],
		 $findings, examples: (if $id == "" then [] else [{$id, key: "{\"pk\":\"a\"}", cause: "it is <still> there & \"quoted\""}] end),
		 story: ["It was deleted.", "It is still there."], timeline: null, steps: [],
		 reproduce: "lakeproof run \($scenario) --pipeline \($pipeline) --seed 7"}' >"$run/$place/cell.json"
	plan "$1" "$2"
}

plan() { # SCENARIO PIPELINE
	plans+=("{\"scenario\":\"$1\",\"pipeline\":\"$2\",\"seed\":7,\"folder\":\"cells/$1/$2\"}")
}

# Writes run.json of what was planned.
planned() {
	local IFS=,
	printf '{"format":1,"name":"%s","version":"0.1.0","command":"lakeproof run","started_us":%s,"ended_us":%s,"seed":7,"repeat":1,"jobs":2,"expect":false,"cells":[%s]}\n' \
		"${run##*/}" "${1:-1767434400000000}" "${1:-1767434400000000}" "${plans[*]}" >"$run/run.json"
}

begin() { # NAME
	run_name=$1 run=$BATS_TEST_TMPDIR/runs/$1 plans=()
	mkdir -p "$run/cells"
}

# A run with a PASS, an alarm, a bug that is caught and one that is missed.
mixed() {
	begin "${1:-20260103T100000Z-mixed}"
	cell deletes/late good PASS ok holds ""
	cell deletes/late good+bug FAIL failed breaks row.zombie
	cell order/swapped good FAIL failed holds row.stale
	cell order/swapped good+other PASS ok breaks ""
	planned
}

report() { # OPTION...: stdout into $out, exit code into $status
	status=0
	out=$("$LAKEPROOF" report "$run" --quiet "$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
}

@test "text: the verdict, the sums, each cell that is not good and how to run it again" {
	mixed
	report
	[ "$status" -eq 1 ]
	[ "${out%%$'\n'*}" = "FAIL  $run_name: 2 of 4 cells do not pass, 3 pipelines under 2 scenarios" ]
	grep -q '2 PASS, 2 FAIL, 0 UNKNOWN, 0 ERROR; 2 of 4 as the scenarios expect' <<<"$out"
	grep -q 'planted bugs: 1 of 2 pipelines caught with the findings named (1 of 2 cells); to hold: 0 of 1' <<<"$out"
	grep -q '^FAIL  order/swapped  good  seed 7  (expected to hold)$' <<<"$out"
	grep -q '^    failed  final.deletes: what was deleted is gone (row.stale 3)$' <<<"$out"
	grep -q '^    reproduce: lakeproof run order/swapped --pipeline good --seed 7$' <<<"$out"
	# What nobody expected comes before what was.
	[ "$(grep -n '^FAIL  order' <<<"$out" | cut -d : -f 1)" -lt "$(grep -n '^FAIL  deletes' <<<"$out" | cut -d : -f 1)" ]
}

@test "exit codes: all pass, one fails, one cannot be judged, one has no result, none at all" {
	begin pass
	cell a/b good PASS ok holds ""
	planned
	report
	[ "$status" -eq 0 ]
	cell a/b unsure UNKNOWN unknown holds ""
	planned
	report
	[ "$status" -eq 2 ]
	cell a/b bad FAIL failed holds row.stale
	planned
	report
	[ "$status" -eq 1 ]
	plan a/b never
	planned
	report
	[ "$status" -eq 70 ]
	begin empty
	planned
	report
	[ "$status" -eq 65 ]
	grep -q 'holds no cells' "$BATS_TEST_TMPDIR/stderr"
}

@test "--expect: a planted bug that is caught is good, one that is missed is not" {
	begin caught
	cell a/b good PASS ok holds ""
	cell a/b good+bug FAIL failed breaks row.zombie
	planned
	report
	[ "$status" -eq 1 ]
	report --expect
	[ "$status" -eq 0 ]
	cell a/c good+bug FAIL failed breaks row.stale
	planned
	report --expect
	[ "$status" -eq 1 ]
	grep -q 'expected to break with findings that are not there: row.zombie' <<<"$out"
}

@test "--expect over cells of which nothing is expected is no success" {
	begin nothing
	cell a/b mine PASS ok none ""
	planned
	report
	[ "$status" -eq 0 ]
	report --expect
	[ "$status" -eq 2 ]
	grep -q 'no scenario expects anything of these pipelines' <<<"$out"
}

@test "a cell that began and did not finish, one that never began and a damaged one are errors, not left out" {
	mixed
	mkdir -p "$run/cells/order/cut/good/work"
	plan order/cut good
	plan order/never good
	planned
	head -c 100 "$run/cells/deletes/late/good/cell.json" >"$run/x" && mv "$run/x" "$run/cells/deletes/late/good/cell.json"
	report --format json
	[ "$status" -eq 70 ]
	[ "$(jq '.cell_count' <<<"$out")" -eq 6 ]
	[ "$(jq -r '.cells[] | select(.mark == "error") | "\(.cell.scenario) \(.problem[:20])"' <<<"$out")" = "deletes/late its cell.json cannot
order/cut it began and did not
order/never it was planned and h" ]
	# Not in the plan, and there all the same.
	mkdir -p "$run/cells/order/stray/good@9/steps"
	report --format json
	[ "$(jq -r '.cells[] | select(.cell.scenario == "order/stray") | "\(.cell.pipeline) \(.cell.seed) \(.mark)"' <<<"$out")" = "good 9 error" ]
}

@test "a PASS whose points say otherwise is not believed" {
	begin liar
	cell a/b good PASS failed holds ""
	planned
	report
	[ "$status" -eq 70 ]
	grep -q 'it says PASS, which its points do not' <<<"$out"
}

@test "without run.json nothing passes" {
	begin planless
	cell a/b good PASS ok holds ""
	report
	[ "$status" -eq 2 ]
	grep -q 'what was planned is not known' <<<"$out"
}

@test "TAP 13 and TAP 14 run under prove, and fail there when the run does" {
	begin good
	cell a/b good PASS ok holds ""
	cell a/b good+bug FAIL failed breaks row.zombie
	planned
	# Perl's prove knows no version line after 13; the rest of TAP 14 it reads.
	for format in tap13 tap; do
		report --format $format --expect
		[ "$status" -eq 0 ]
		sed '1s/14/13/' <<<"$out" >"$BATS_TEST_TMPDIR/tap"
		prove --exec cat "$BATS_TEST_TMPDIR/tap"
		report --format $format
		[ "$status" -eq 1 ]
		sed '1s/14/13/' <<<"$out" >"$BATS_TEST_TMPDIR/tap"
		run -1 prove --exec cat "$BATS_TEST_TMPDIR/tap"
	done
	report --format tap
	[ "${out%%$'\n'*}" = "TAP version 14" ]
	grep -q '^    # Subtest: good+bug (seed 7)$' <<<"$out"
	grep -q '^        not ok 2 - final.deletes: what was deleted is gone$' <<<"$out"
	grep -q '^        ok 3 - poison: poison is set aside # SKIP none is planted$' <<<"$out"
	report --format tap --expect
	grep -q '^        not ok 2 - .* # TODO the scenario expects it to break$' <<<"$out"
}

@test "JUnit is valid, adds up, and says what failed" {
	mixed
	plan order/never good
	planned
	for expect in "" --expect; do
		report --format junit $expect
		xmllint --noout --schema "$BATS_TEST_DIRNAME/../support/junit.xsd" - <<<"$out"
		[ "$(xmllint --xpath 'count(//testcase)' - <<<"$out")" = "$(xmllint --xpath 'string(/testsuites/@tests)' - <<<"$out")" ]
		[ "$(xmllint --xpath 'sum(//testsuite/@failures) = count(//failure)' - <<<"$out")" = true ]
		[ "$(xmllint --xpath 'sum(//testsuite/@errors) = count(//error)' - <<<"$out")" = true ]
		[ "$(xmllint --xpath 'sum(//testsuite/@skipped) = count(//skipped)' - <<<"$out")" = true ]
	done
	report --format junit
	[ "$(xmllint --xpath 'string(//testsuite[@name="order/swapped"]//failure[1]/@type)' - <<<"$out")" = row.stale ]
	xmllint --xpath 'string(//failure[1])' - <<<"$out" | grep -q 'it is <still> there & "quoted"'
	# The schema refuses what Jenkins' does: a count that is none, a time that is none.
	run ! xmllint --noout --schema "$BATS_TEST_DIRNAME/../support/junit.xsd" - <<<"${out/tests=\"/tests=\"x}"
	run ! xmllint --noout --schema "$BATS_TEST_DIRNAME/../support/junit.xsd" - <<<"${out/time=\"0/time=\"1:0}"
}

@test "JSON is as docs/run.schema.json describes it" {
	mixed
	report --format json
	problems=$(jq -r --slurpfile schema "$BATS_TEST_DIRNAME/../../docs/run.schema.json" -f "$BATS_TEST_DIRNAME/../support/schema.jq" <<<"$out")
	[ -z "$problems" ]
	[ "$(jq -r '[.verdict, .exit, .as_expected, .score.planted_caught] | join(" ")' <<<"$out")" = "FAIL 1 2 1" ]
	# The check itself can fail.
	problems=$(jq '.cells[0].cell.verdict = "GREEN" | .surprise = 1' <<<"$out" |
		jq -r --slurpfile schema "$BATS_TEST_DIRNAME/../../docs/run.schema.json" -f "$BATS_TEST_DIRNAME/../support/schema.jq")
	[ "$(wc -l <<<"$problems")" -eq 2 ]
}

@test "Markdown has the failures first and no markup of others" {
	mixed
	report --format markdown
	[ "$(grep -c '^| FAIL | <code>' <<<"$out")" -eq 2 ]
	run ! grep -q '<still' <<<"$out"
	grep -q '&#60;still&#62;' <<<"$out"
	[ "$(grep -n 'What is not good' <<<"$out" | cut -d : -f 1)" -lt "$(grep -n '### Pipelines' <<<"$out" | cut -d : -f 1)" ]
}

@test "HTML is one file without script and network, and well-formed" {
	mixed
	report --format html --output "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 1 ]
	[ -z "$out" ]
	page=$BATS_TEST_TMPDIR/page.html
	run ! grep -Eqi '<script|https?:|url\(|@import|<img|<link' "$page"
	run ! grep -q '<still' "$page"
	[ "$(grep -c 'class="cell' "$page")" -eq 4 ]
	# Every link of the page leads somewhere in it.
	for id in $(grep -o 'href="#[a-z0-9]*"' "$page" | cut -d '"' -f 2 | tr -d '#' | sort -u); do
		grep -q "id=\"$id\"" "$page"
	done
}

@test "--scenario and --pipeline narrow a report" {
	mixed
	report --format json --scenario deletes --pipeline 'good*'
	[ "$(jq '.cell_count' <<<"$out")" -eq 2 ]
	report --format json --pipeline good,good+other
	[ "$(jq -r '[.cells[].cell.pipeline] | join(" ")' <<<"$out")" = "good good good+other" ]
	report --scenario none
	[ "$status" -eq 64 ]
}

@test "last is the newest run of a folder" {
	mixed 20260103T100000Z-old
	mixed 20260104T100000Z-new
	"$LAKEPROOF" report last --runs "$BATS_TEST_TMPDIR/runs" >"$BATS_TEST_TMPDIR/out" || true
	grep -q '^FAIL  20260104T100000Z-new: ' "$BATS_TEST_TMPDIR/out"
	run -65 "$LAKEPROOF" report last --runs "$BATS_TEST_TMPDIR/runs/20260104T100000Z-new"
	run -74 "$LAKEPROOF" report last --runs "$BATS_TEST_TMPDIR/nowhere"
}

@test "a damaged history costs no verdict" {
	mixed
	echo "this is no database" >"$BATS_TEST_TMPDIR/runs/history.sqlite"
	report
	[ "$status" -eq 1 ]
	grep -q 'history.sqlite" cannot be read' "$BATS_TEST_TMPDIR/stderr"
	[ "${out%%:*}" = "FAIL  $run_name" ]
}

@test "the shell recipe of docs/ci.md runs, leaves its reports and ends with the run's exit code" {
	cd "$BATS_TEST_TMPDIR"
	mkdir bin
	ln -s "$LAKEPROOF" bin/lakeproof
	ln -s "$PIPELINE" bin/lakeproof-pipeline
	awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$BATS_TEST_DIRNAME/../../docs/ci.md" >recipe.sh
	# One scenario stands for all, and one pipeline that breaks in it.
	sed -i 's/^lakeproof run /&deletes\/remove-ignored /' recipe.sh
	status=0
	PATH=$PWD/bin:$PATH SCENARIOS=$BATS_TEST_DIRNAME/../../scenarios PIPELINE=embedded+drops-remove \
		sh recipe.sh >out 2>stderr || status=$?
	[ "$status" -eq 1 ]
	grep -q '^FAIL  deletes/remove-ignored  embedded+drops-remove  seed 1' out
	grep -q 'deletes/remove-ignored' report.html
	xmllint --noout --schema "$BATS_TEST_DIRNAME/../support/junit.xsd" junit.xml
	grep -q '^| FAIL |' summary.md
	[ "$(sqlite3 runs/history.sqlite 'SELECT count(*), min(verdict) FROM verdict')" = "1|FAIL" ]
}
