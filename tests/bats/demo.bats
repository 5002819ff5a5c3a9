#!/usr/bin/env bats
# The demo runs as README.md shows it, and the guides name what there is.

load helper

# The README shows what a terminal does, with values. Its block after this command line, up to the next command or the block's end.
readme() { # COMMAND
	awk -v command="\$ lakeproof $1" '$0 == command { on = 1; next } on && (/^\$ / || /^```$/) { exit } on' \
		"$BATS_TEST_DIRNAME/../../README.md" | settled
}

# What differs from run to run: when the lake was committed, and the names of its files.
settled() {
	sed -E 's/(committed (at )?)20[0-9T:.-]*Z/\1TIME/; s/part-[0-9a-f-]*-c000/part/'
}

# Each line of the README is printed, in that order; it leaves some out, where it says "…" and at the end.
shown_by() { # COMMAND
	readme "$1" | grep -v '^  …$' >"$BATS_TEST_TMPDIR/readme"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/readme")" -gt 15 ]
	awk 'NR == FNR { want[++n] = $0; next } at < n && $0 == want[at + 1] { at++ }
		END { if (at < n) print "not printed: " want[at + 1]; exit at < n }' "$BATS_TEST_TMPDIR/readme" -
}

@test "the demo ends as it must, and README shows what it prints" {
	export BUILD DEMO_PLACE=$BATS_TEST_TMPDIR/demo
	BUILD=$(dirname "$LAKEPROOF")
	"$BATS_TEST_DIRNAME/../../scenarios/demo.sh" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" ||
		{ cat "$BATS_TEST_TMPDIR/err"; false; }
	grep -q '<- decides' "$BATS_TEST_TMPDIR/out"
	cd "$DEMO_PLACE"
	"$LAKEPROOF" reconcile good/contract.yaml --quiet | settled | shown_by "reconcile good/contract.yaml"
	{ "$LAKEPROOF" reconcile bad/contract.yaml --quiet --values full --details 1 || true; } | settled |
		shown_by "reconcile bad/contract.yaml --details 1"
}

@test "every option of generate is in its guide" {
	for option in $("$LAKEPROOF" generate --help | grep -oE '^  --[a-z-]+'); do
		[ "$option" = --help ] || grep -qF -e "$option" "$BATS_TEST_DIRNAME/../../docs/generate.md" || { echo "$option"; false; }
	done
}

@test "the time limits that make help and CONTRIBUTING.md name are the same" {
	cd "$BATS_TEST_DIRNAME/../.."
	for target in $(sed -n 's/^| \(`.*`\) |.*/\1/p' CONTRIBUTING.md | grep -oE '`(make )?[a-z-]+`' | tr -d '`' | sed 's/^make //' | sort -u); do
		[ "$target" != make ] || continue
		limit=$(grep -E "^\|.*\`(make )?$target\`.*min" CONTRIBUTING.md | grep -oE '[0-9]+ min' | tail -n 1)
		echo "$target: $limit"
		[ -n "$limit" ]
		grep -E "^$target:.*## " Makefile | grep -qE "$limit|a minute"
	done
}
