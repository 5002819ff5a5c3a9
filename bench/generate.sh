#!/usr/bin/env bash
# Changes a second of CPU time (user and system) in each format that they land in, and items a second in each form of
# export and dump: bench/generate.sh [FOLDER], in memory unless a folder is given.
set -eu
lakeproof=${LAKEPROOF:-build/lakeproof}
folder=${1:-/dev/shm}/lakeproof-speed
formats="streams lambda pipes concatenated kinesis kinesis-ms kinesis-lambda kinesis-pipes kinesis-base64 firehose
firehose-transform flat flat-sequence dms poll poll-csv"
exports="json ion emr emr-hive scan scan-cli scan-lines dms-load"
TIMEFORMAT='%U %S'
export LC_ALL=C

# measure NAME WHAT OPTION...: WHAT is the member of generated.json that counts what was written.
measure() {
	name=$1 what=$2
	shift 2
	rm -rf "$folder"
	seconds=$({ time "$lakeproof" generate --quiet --truth none "$@" "$folder" >/dev/null; } 2>&1)
	count=$(sed "s/.*\"$what\":\([0-9]*\).*/\1/" "$folder/generated.json")
	echo "$name $count $seconds" | awk '{printf "%-20s %8d %8d a second\n", $1, $2, $2 / ($3 + $4)}'
	rm -rf "$folder"
}

for format in $formats; do
	measure "$format" changes --items 20000 --changes 150000 --export-at none --format "$format"
done
for form in $exports; do
	measure "$form" live --items 200000 --changes 0 --export-format "$form"
done
