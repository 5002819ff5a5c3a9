#!/usr/bin/env bash
# Time and memory of `lakeproof reconcile` on 1,000,000 exported items and 200,000 changes, as ratios taken in one run:
# against the floor (the same files read, checked, inflated, parsed and decoded, nothing else) and against DuckDB doing
# the comparable work. `make bench`; BENCH_ITEMS, BENCH_CHANGES and BENCH_RUNS change the size.
set -eu -o pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
items=${BENCH_ITEMS:-1000000}
changes=${BENCH_CHANGES:-210000}
runs=${BENCH_RUNS:-3}
place=$build/bench/data-$items
jars=build/cache/duckdb
duckdb=org.duckdb:duckdb_jdbc:2.0.0.1

need() {
	command -v "$1" >/dev/null || { echo "bench: '$1' is missing: apt-get install -y $2" >&2; exit 1; }
}
need javac default-jdk-headless
need mvn maven
[ -x /usr/bin/time ] || { [ "$(id -u)" = 0 ] && apt-get install -y -qq time >/dev/null; } || { echo "bench: apt-get install -y time" >&2; exit 1; }

note() { echo "$*" >&2; }

if [ ! -e "$place/ready" ]; then
	note "generating $items items and $changes changes under $place"
	rm -rf "$place"
	mkdir -p "$place"
	"$build/lakeproof" generate "$place" --items "$items" --changes "$changes" --shards 8 --records-per-file 5000 --seed 1 \
		--truth none --quiet >&2
	"$build/lakeproof-pipeline" --quiet --table "$place/lake" --columns "$place/columns.txt" --batch 1000 \
		--export "$place"/AWSDynamoDB/*-* --events "$place/events"
	sed 's/attribute: addr.street/attribute: addr.X/; s/attribute: addr.city/attribute: addr.street/; s/attribute: addr.X/attribute: addr.city/' \
		"$place/contract.yaml" >"$place/all-differ.yaml"
	touch "$place/ready"
fi
export_data=$(echo "$place"/AWSDynamoDB/*-*/data)

# best NAME COMMAND...: the fastest of $runs runs; sets wall, cpu (seconds) and rss (MB) of it.
best() {
	local name=$1 line w u s r status
	shift
	wall=999999
	for _ in $(seq "$runs"); do
		rm -rf "$place/state"
		status=0
		/usr/bin/time -f '%e %U %S %M' -o "$place/time" "$@" >"$place/out" 2>"$place/err" || status=$?
		[ $status -le 1 ] || { cat "$place/err" >&2; note "bench: $name exited $status"; exit 1; }
		line=$(tail -n 1 "$place/time")
		read -r w u s r <<<"$line"
		if awk "BEGIN { exit !($w < $wall) }"; then
			wall=$w
			cpu=$(awk "BEGIN { print $u + $s }")
			rss=$((r / 1024))
		fi
	done
	printf '%-34s %8.2f s wall %8.2f s CPU %8d MB\n' "$name" "$wall" "$cpu" "$rss"
}

note "building the floor"
gcc -std=c17 -O2 -D_GNU_SOURCE -I. -c bench/floor.c -o "$build/bench/floor.o"
g++ -pthread -Wl,--exclude-libs,ALL -Wl,--gc-sections -o "$build/bench/floor" "$build/bench/floor.o" \
	"$build/lib/sources.a" "$build/lib/base.a" build/bridge/release/liblakeproof_bridge.a -lsimdjson -lisal -lcrypto -lxxhash -ldl -lm

note "building the digest bench"
gcc -std=c17 -O2 -D_GNU_SOURCE -I. -c bench/digest.c -o "$build/bench/digest.o"
g++ -pthread -Wl,--gc-sections -o "$build/bench/digest" "$build/bench/digest.o" "$build/lib/reconcile.a" "$build/lib/base.a" \
	-lsimdjson -licui18n -licuuc -lisal -lcrypto -lyaml -lxxhash -lz -lm
sed 's/, type: "[^"]*"//' "$place/contract.yaml" >"$place/items.yaml"
data_file=$(find "$export_data" -type f | sort | head -n 1)

echo "$(du -cm "$export_data" | tail -n 1 | cut -f 1) MB of export, $(du -cm "$place/events" | tail -n 1 | cut -f 1) MB of events, $("$build/lakeproof" count --export "${export_data%/data}" --delta "$place/lake" --format json) "
echo "one core, item and row digest:"
"$build/bench/digest" "$place/contract.yaml" "$data_file"
echo "one core, item digest alone; shuffled, the aim is 1.5 M/s:"
"$build/bench/digest" "$place/items.yaml" "$data_file"
best "floor" "$build/bench/floor" 2 "$export_data" "$place/events" "$place/lake"
floor=$wall
best "reconcile, nothing differs" "$build/lakeproof" reconcile "$place/contract.yaml" --quiet --jobs 2 --state "$place/state"
whole=$wall
grep -q '^PASS' "$place/out" || { cat "$place/out"; exit 1; }
best "reconcile, every row differs" "$build/lakeproof" reconcile "$place/all-differ.yaml" --quiet --jobs 2 --state "$place/state"
differs=$wall
grep -q '^FAIL' "$place/out" || { cat "$place/out"; exit 1; }

if [ "${BENCH_DUCKDB:-1}" = 1 ]; then
	if [ ! -e "$jars/ready" ]; then
		note "fetching $duckdb"
		mkdir -p "$jars"
		mvn -q -B dependency:copy -Dartifact=$duckdb -DoutputDirectory="$PWD/$jars" >&2
		touch "$jars/ready"
	fi
	javac -d "$build/bench" bench/Duck.java
	# What the log's last version holds; rows that deletion vectors mark are counted as `only_lake`.
	files=$("$build/lakeproof" sql "$place/contract.yaml" --state "$place/state" --quiet \
		"SELECT group_concat('''' || '$place/lake/' || path || '''') FROM source WHERE kind = 'lake'" | tail -n 1)
	sed "s|@EXPORT@|$export_data|; s|@EVENTS@|$place/events|; s|@FILES@|$files|" bench/compare.sql >"$place/compare.sql"
	best "DuckDB" java -cp "$build/bench:$(echo "$jars"/*.jar)" Duck "$place/compare.sql"
	cat "$place/err" >&2
	duck=$(sort -n "$place/out" | head -n 1)
	awk "BEGIN { printf \"reconcile / DuckDB (its SQL alone, %.2f s): %.2f, the aim is 0.33\n\", $duck, $whole / $duck }"
fi
awk "BEGIN { printf \"reconcile / floor: %.2f, the aim is 1.5\nevery row differs / none: %.2f, the aim is at most 2\n\", $whole / $floor, $differs / $whole }"
