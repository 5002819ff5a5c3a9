#!/usr/bin/env bats
# Pipelines put through scenarios: cells say what happened, whatever the pipeline does, and nothing is left running.

load helper

setup() {
	dir="$BATS_TEST_TMPDIR/with spaces"
	scenarios=$dir/scenarios
	mkdir -p "$scenarios/g" "$scenarios/pipelines/good"
	cat >"$scenarios/workload.yaml" <<'YAML'
table: t
items: 30
changes: 60
duration: 20m
stream: {shards: 1, splits: 0}
export: {at: 50, fuzz: 5s, files: 1}
ttl: {share: none}
delivery: {records_per_file: 10, batch_window: 5m, duplicates: none, shuffle: 0, replay: 0}
attributes:
  - {name: n, type: integer, range: 0..1000, counts: true}
YAML
	scenario plain
	pipeline good 'exec lakeproof-pipeline --quiet --no-sync --job "$LAKEPROOF_BATCH_JSON"' 'checkpoint: checkpoint'
	cd "$dir"
}

# scenario NAME [LINES]
scenario() {
	printf 'version: 1\ntitle: %s\ndelivery: {batches: 3}\n%s\n' "$1" "${2:-}" >"$scenarios/g/$1.yaml"
}

# pipeline NAME SCRIPT [LINES]
pipeline() {
	mkdir -p "$scenarios/pipelines/$1"
	printf '#!/bin/sh\n%s\n' "$2" >"$scenarios/pipelines/$1/step"
	chmod +x "$scenarios/pipelines/$1/step"
	printf 'reads: {changes: streams, export: json}\napply: [./step, a word]\n%s\n' "${3:-}" >"$scenarios/pipelines/$1/pipeline.yaml"
}

# go OPERANDS: runs, report as JSON into $json, the run's folder into $run
go() {
	status=0
	json=$("$LAKEPROOF" run --quiet --format json --keep all --runs "$dir/runs" "$@" 2>"$dir/err") || status=$?
	run=$(ls -dt "$dir"/runs/*/ | head -n 1)
}

cell() { # PIPELINE [SCENARIO]
	printf '%scells/g/%s/%s/cell.json' "$run" "${2:-plain}" "$1"
}

# is_gone PID: it has ended, if nobody has looked after it yet
is_gone() {
	for _ in $(seq 50); do
		grep -q . "/proc/$1/cmdline" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

findings() {
	jq -r '[.findings | keys[]] | sort | join(" ")' "$(cell "$@")"
}

@test "a pipeline that is right passes, in folders whose names have spaces" {
	go --pipeline good
	[ "$status" -eq 0 ]
	[ "$(jq -r .verdict "$(cell good)")" = PASS ]
	[ "$(jq -r '[.points[] | select(.state != "ok") | .id] | join(" ")' "$(cell good)")" = "" ]
	[ "$(jq -r '[.points[].id] | index("idempotent.order") != null and index("versions.never_back") != null' "$(cell good)")" = true ]
	[ -s "${run}report.html" ]
	# Moved, it is whole: contracts and histories lie where they lay, seen from the cell.
	[ "$(readlink "${run}cells/g/plain/good/evidence")" = ../../../../histories/00000/evidence ]
	"$LAKEPROOF" reconcile --quiet "${run}cells/g/plain/good/contract.yaml" >/dev/null
}

@test "a path does as well as a name, and files of a cell that passed go" {
	run "$LAKEPROOF" run --quiet --runs "$dir/runs" g/plain --pipeline "$scenarios/pipelines/good/pipeline.yaml"
	[ "$status" -eq 0 ]
	[ "$(jq -r .reproduce "$dir"/runs/*/cells/g/plain/good/cell.json)" = \
		"lakeproof run g/plain --pipeline '$scenarios/pipelines/good/pipeline.yaml' --seed 1" ]
	cd "$dir"/runs/*/cells/g/plain/good
	[ "$(ls | tr '\n' ' ')" = "cell.json digest " ]
	[ ! -e "$dir"/runs/*/histories/00000 ]
}

@test "what is not there is named with what is near it" {
	run "$LAKEPROOF" run --runs "$dir/runs" g/plian --pipeline good
	[ "$status" -eq 64 ]
	[[ "$output" == *'there is no scenario "g/plian" in "scenarios", did you mean "g/plain"'* ]]
	run "$LAKEPROOF" run --runs "$dir/runs" --pipeline goood
	[ "$status" -eq 64 ]
	[[ "$output" == *'did you mean "good"'* ]]
	[ ! -e "$dir/runs" ]
}

@test "a pipeline that does nothing, fails or cannot be run is not PASS" {
	pipeline nothing 'exit 0'
	pipeline fails 'echo no >&2; exit 3'
	pipeline missing 'exit 0' 'needs: [no-such-program]'
	pipeline nowhere 'exit 0'
	rm "$scenarios/pipelines/nowhere/step"
	go --pipeline nothing,fails,missing,nowhere
	[ "$status" -eq 1 ]
	[ "$(findings nothing)" = pipeline.silent ]
	[[ "$(findings fails)" == *pipeline.failed* ]]
	[ "$(jq -r '.points[] | select(.id == "ran") | .detail' "$(cell fails)")" = "apply 1 exited with 3" ]
	[ "$(jq -r '.points[] | select(.id == "ran") | .detail' "$(cell missing)")" = "it needs no-such-program, which is not on PATH" ]
	[[ "$(jq -r '.points[] | select(.id == "ran") | .detail' "$(cell nowhere)")" == *'cannot run "./step": No such file or directory' ]]
	for name in nothing fails missing nowhere; do [ "$(jq -r .verdict "$(cell $name)")" = FAIL ]; done
	[ "$(cat "${run}"cells/g/plain/fails/steps/01-apply-1.err)" = no ]
}

@test "a pipeline that hangs is stopped at its limit, with all it started" {
	pipeline hangs 'sleep 300 & echo $! >>"$LAKEPROOF_WORK/left"; trap "" TERM; wait' 'limits: {apply: 300ms}'
	go --pipeline hangs
	[ "$status" -eq 1 ]
	[[ "$(findings hangs)" == *pipeline.limit* ]]
	while read -r pid; do is_gone "$pid"; done <"${run}cells/g/plain/hangs/work/left"
}

@test "a table of garbage is UNKNOWN, never PASS" {
	pipeline garbage 'mkdir -p "$LAKEPROOF_TABLE/_delta_log"; echo nonsense; echo "{" >"$LAKEPROOF_TABLE/_delta_log/00000000000000000000.json"'
	go --pipeline garbage
	[ "$status" -ne 0 ]
	[ "$(jq -r .verdict "$(cell garbage)")" != PASS ]
}

@test "a disturbed attempt may fail, the next one may not" {
	scenario killed 'process: [{fault: kill, batch: 2, after: 1ms}, {fault: twice, batch: 3}]'
	scenario full 'process: [{fault: disk-full, batch: 2}, {fault: together, batch: 1}]'
	scenario lost 'process: [{fault: checkpoint-lost, batch: 2}, {fault: reupload, batch: 1, as: other-name}]'
	go --pipeline good
	[ "$status" -eq 0 ]
	[ "$(jq -r '[.steps[] | select(.faulted)] | length' "$(cell good killed)")" -eq 1 ]
	[ "$(jq -r '[.steps[] | select(.name == "apply 3" and (.faulted | not))] | length' "$(cell good killed)")" -eq 2 ]
	[ "$(jq -r '[.steps[] | select(.faulted and .exit != 0)] | length >= 1' "$(cell good full)")" = true ]
	[ "$(jq -r .full_replay "${run}cells/g/lost/good/batches/02.json")" = true ]
	ls "${run}"cells/g/lost/good/batches/02/events/*/*/*/*/ | grep -q again1
}

@test "who must refuse and does not is silent" {
	scenario refuse 'must: {final: refuse}'
	pipeline fails 'exit 1'
	go g/refuse --pipeline good,fails
	[ "$(findings good refuse)" = pipeline.silent ]
	[ "$(jq -r .verdict "$(cell fails refuse)")" = PASS ]
}

@test "--expect: good is what the scenario says" {
	pipeline nothing 'exit 0'
	scenario plain 'holds: [good]
breaks: [{pipeline: nothing, findings: [pipeline.silent]}]'
	go --expect
	[ "$status" -eq 0 ]
	scenario plain 'holds: [good]
breaks: [{pipeline: nothing, findings: [row.zombie]}]'
	go --expect
	[ "$status" -eq 1 ]
}

@test "the same seed gives the same cell, another one another history" {
	go --pipeline good --seed 5
	first=$run
	clean='del(.started_us, .seconds, .us, .steps[].seconds, .steps[].us)'
	sleep 1
	go --pipeline good --seed 5
	[ "$first" != "$run" ]
	[ "$(jq -S "$clean" "${first}cells/g/plain/good/cell.json")" = "$(jq -S "$clean" "$(cell good)")" ]
	go --pipeline good --seed 6 --repeat 2
	[ "$(ls "${run}cells/g/plain" | tr '\n' ' ')" = "good@6 good@7 " ]
	! cmp -s "$first"cells/g/plain/good/batches/01/events/*/*/*/*/batch_000000.jsonl \
		"$run"cells/g/plain/good@6/batches/01/events/*/*/*/*/batch_000000.jsonl
}

@test "an interrupted run leaves nothing running and goes on" {
	pipeline slow 'echo $$ >>"$LAKEPROOF_RUN/../../../../pids"; test -e "'"$dir"'/go" || sleep 30
		exec lakeproof-pipeline --quiet --no-sync --job "$LAKEPROOF_BATCH_JSON"'
	"$LAKEPROOF" run --quiet --runs "$dir/runs" --jobs 1 --pipeline good,slow 2>"$dir/err" &
	pid=$!
	for _ in $(seq 300); do [ -s "$(echo "$dir"/runs/*/pids)" ] && break; sleep 0.1; done
	kill -INT $pid || kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -gt 1 ]
	while read -r child; do is_gone "$child"; done <"$(echo "$dir"/runs/*/pids)"
	[ -e "$dir"/runs/*/cells/g/plain/good/cell.json ]
	before=$(stat -c %Y "$dir"/runs/*/cells/g/plain/good/cell.json)
	touch "$dir/go"
	go --pipeline good,slow --resume "$(echo "$dir"/runs/*Z-run)"
	[ "$status" -eq 0 ]
	[ "$(stat -c %Y "$(cell good)")" = "$before" ]
	[ "$(jq -r .verdict "$(cell slow)")" = PASS ]
}

@test "lakeproof killed outright leaves no step behind" {
	pipeline slow 'echo $$ >>"'"$dir"'/pids"; sleep 30 & echo $! >>"'"$dir"'/pids"; wait'
	"$LAKEPROOF" run --quiet --runs "$dir/runs" --pipeline slow 2>"$dir/err" &
	pid=$!
	for _ in $(seq 300); do [ "$(cat "$dir/pids" 2>/dev/null | wc -l)" -ge 2 ] && break; sleep 0.1; done
	kill -KILL $pid
	wait $pid || true
	[ "$(wc -l <"$dir/pids")" -ge 2 ]
	for child in $(cat "$dir/pids"); do is_gone "$child"; done
}

@test "a service is started once and asked whether it has caught up" {
	pipeline served 'exit 1'
	cat >"$scenarios/pipelines/served/serve" <<'SH'
#!/bin/sh
echo started >>"$LAKEPROOF_WORK/starts"
n=1
while :; do
	f=$(printf '%s/batches/%02d.json' "$LAKEPROOF_RUN" $n)
	if [ -s "$f" ]; then lakeproof-pipeline --quiet --no-sync --job "$f" && echo $n >"$LAKEPROOF_WORK/done"; n=$((n + 1)); else sleep 0.05; fi
done
SH
	printf '#!/bin/sh\n[ "$(cat "$LAKEPROOF_WORK/done" 2>/dev/null)" -ge "$LAKEPROOF_BATCH_NUMBER" ] 2>/dev/null\n' >"$scenarios/pipelines/served/caught"
	chmod +x "$scenarios"/pipelines/served/*
	printf 'reads: {changes: streams, export: json}\nserve: [./serve]\ncaught_up: [./caught]\n' >"$scenarios/pipelines/served/pipeline.yaml"
	go --pipeline served
	[ "$status" -eq 0 ]
	[ "$(cat "${run}cells/g/plain/served/work/starts")" = started ]
}

@test "--list does nothing but tell" {
	run "$LAKEPROOF" run --list --pipeline good --runs "$dir/runs"
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf 'g/plain\tgood\t1\tplain')" ]
	[ ! -e "$dir/runs" ]
}
