# suite.bash - whether a run of the scenarios is what their files expect: for tests/bats/scenarios.bats and make canary.
#
# What is expected is counted in the files themselves, not asked of the program that is tested, so a program that forgets
# cells, or what it was told of them, does not get away with it.

# suite_expected KIND PATTERN SCENARIO...: pairs of a scenario and a pipeline of that name under holds or breaks.
suite_expected() {
	local kind=$1 pattern=$2 scenario
	shift 2
	for scenario in "$@"; do
		if [ "$kind" = breaks ]; then
			perl -0ne 'print "$1\n" while /\{pipeline:\s*([^,\s]+),/g' "scenarios/$scenario.yaml"
		else
			perl -0ne 'print join("\n", split(/[,\s]+/, $1)), "\n" if /^holds:\s*\[(.*?)\]/ms' "scenarios/$scenario.yaml"
		fi
	done | grep -cE "^($pattern)$" || true
}

# suite_scenarios: all there are, one a line.
suite_scenarios() {
	find scenarios -path scenarios/pipelines -prune -o -name '*.yaml' -print | sed -n 's|^scenarios/\(.*/.*\)\.yaml$|\1|p' | sort
}

# suite_sound JSON STATUS BREAKS HOLDS: a run's report, its exit status and what should be in it. Prints what is not so.
suite_sound() {
	local json=$1 status=$2 breaks=$3 holds=$4
	if [ "$status" -ne 0 ]; then
		echo "the exit status is $status"
		return 1
	fi
	[ "$breaks" -gt 0 ] && [ "$holds" -gt 0 ] || {
		echo "nothing is expected"
		return 1
	}
	jq -e --argjson breaks "$breaks" --argjson holds "$holds" '
		[if .cell_count != $breaks + $holds then "\(.cell_count) cells, not \($breaks + $holds)" else empty end,
		 if .score.planted_cells != $breaks then "\(.score.planted_cells) cells are to break, not \($breaks)" else empty end,
		 if .score.planted_cells_caught != $breaks then "\(.score.planted_cells_caught) of them did" else empty end,
		 if .score.holding_cells != $holds then "\(.score.holding_cells) cells are to hold, not \($holds)" else empty end,
		 if .score.holding_cells_quiet != $holds then "\(.score.holding_cells_quiet) of them did" else empty end,
		 if (.cells | length) != .cell_count then "\(.cells | length) cells are listed" else empty end]
		| if length == 0 then "as expected" else (.[], error("unsound")) end' -r <<<"$json"
}
