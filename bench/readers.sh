#!/bin/sh
# How fast each text format is read: `bench/readers.sh [CHANGES]`. Files are generated, gzip, and read from the page cache.
set -e
cd "$(dirname "$0")/.."
changes=${1:-100000}
build=${BUILD:-build}
place=$(mktemp -d "${TMPDIR:-/tmp}/lakeproof-readers-XXXXXX")
trap 'rm -rf "$place"' EXIT
mkdir -p "$build/bench"
gcc -std=c17 -O2 -D_GNU_SOURCE -I. -c bench/readers.c -o "$build/bench/readers.o"
g++ -pthread -Wl,--gc-sections -o "$build/bench/readers" "$build/bench/readers.o" "$build/lib/sources.a" "$build/lib/base.a" \
	$(test ! -f build/bridge/release/liblakeproof_bridge.a || echo build/bridge/release/liblakeproof_bridge.a) \
	-lsimdjson -lisal -ldeflate -lcrypto -lsqlite3 -lyaml -lxxhash -lcurl -lz -lcsv -ldl -lm
set --
for format in streams lambda pipes concatenated kinesis kinesis-ms kinesis-lambda kinesis-pipes kinesis-base64 firehose \
	firehose-transform flat poll-csv bronze; do
	kind=events gzip=--gzip
	case $format in
	flat) kind=flat ;;
	poll-csv) kind=csv ;;
	bronze) kind=bronze gzip= ;;
	esac
	"$build/lakeproof" generate "$place/$format" --quiet --items 20000 --changes "$changes" --truth none $gzip \
		--format $format >/dev/null
	set -- "$@" "$format=$kind:$place/$format/events"
done
for format in json ion; do
	"$build/lakeproof" generate "$place/export-$format" --quiet --items 20000 --changes 1 --truth none --export-format $format >/dev/null
	set -- "$@" "export-$format=export:$(ls -d "$place/export-$format"/AWSDynamoDB/*-*)"
done
mkdir "$place/scan" "$place/emr"
zcat "$place/streams"/AWSDynamoDB/*/data/*.gz >"$place/lines"
jq -c .Item "$place/lines" | gzip -1 >"$place/scan/items.gz"
jq -c '{Items: [inputs.Item]} | {Items, Count: (.Items | length)}' -n "$place/lines" | gzip -1 >"$place/page.gz"
mkdir "$place/pages" && mv "$place/page.gz" "$place/pages/"
jq -c '.Item | walk(if type == "object" then with_entries(.key |= if . == "BOOL" or . == "NULL" or test("^[SNB]S$")
	then (.[0:1] | ascii_downcase) + .[1:] elif test("^[SNBML]$") then ascii_downcase else . end) else . end)' "$place/lines" |
	gzip -1 >"$place/emr/items.gz"
"$build/bench/readers" "$@" "scan-lines=items:$place/scan" "scan-pages=items:$place/pages" "emr=items:$place/emr"
