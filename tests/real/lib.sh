# lib.sh - what the suites against real counterparts share; sourced, prints TAP.
#
# run.sh exports SPARK (the driver's address), REAL (the working folder, with copies of both programs) and CACHE (jars).
set -uo pipefail
HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
ROOT=$HERE/../..
LAKEPROOF=$REAL/lakeproof
PIPELINE=$REAL/lakeproof-pipeline
EXPORT=AWSDynamoDB/01760001771270-96a70b16
points=0

# point SENTENCE COMMAND...: one test point; what the command said is shown when it fails.
point()
{
	local sentence=${1%$'\n'} log
	shift
	points=$((points + 1))
	if log=$("$@" 2>&1); then
		echo "ok $points - $sentence"
	else
		echo "not ok $points - $sentence"
		tail -c 4000 <<<"$log" | head -40 | sed 's/^/# /'
	fi
}

finish() { echo "1..$points"; }

# A command that the rest of the suite stands on; runs in this shell, so it may set variables.
need()
{
	"$@" >"$REAL/need.$$" 2>&1 && return
	points=$((points + 1))
	echo "not ok $points - $* works"
	tail -c 4000 "$REAL/need.$$" | head -40 | sed 's/^/# /'
	finish
	exit 1
}

# Statements on stdin; rows on stdout as JSON lines.
spark() { curl -sS --fail-with-body -X POST -H 'Expect:' --data-binary @- "$SPARK/"; }
# ${LAKE} in the statements on stdin is the folder.
spark_on() { sed "s|\${LAKE}|$1|g" | spark; }
spark_row_groups() { curl -sS --fail-with-body "$SPARK/row-groups?$(realpath "$1")"; }

md5_base64() { openssl md5 -binary | base64; }

# export_write FOLDER TIME < ITEMS: a full export as AWS writes it, three data files; TIME as 2026-01-02T03:04:05.000Z.
export_write()
{
	local folder=$1 time=$2 id=${EXPORT#AWSDynamoDB/} stem file count=0 total=0
	mkdir -p "$folder/$EXPORT/data"
	: >"$folder/$EXPORT/_started"
	: >"$folder/$EXPORT/manifest-files.json"
	awk -v to="$folder/$EXPORT/data/" '{ print >(to "part" NR % 3) }'
	for file in 0 1 2; do
		stem=aaaabbbbccccddddeeeeffff2$((file + 2))
		touch "$folder/$EXPORT/data/part$file"
		count=$(wc -l <"$folder/$EXPORT/data/part$file")
		total=$((total + count))
		gzip -n <"$folder/$EXPORT/data/part$file" >"$folder/$EXPORT/data/$stem.json.gz"
		rm "$folder/$EXPORT/data/part$file"
		jq -nc --argjson count "$count" --arg key "$EXPORT/data/$stem.json.gz" \
			--arg md5 "$(md5_base64 <"$folder/$EXPORT/data/$stem.json.gz")" \
			--arg etag "$(openssl md5 -binary <"$folder/$EXPORT/data/$stem.json.gz" | openssl md5 -r | cut -c1-32)-1" \
			'{itemCount: $count, md5Checksum: $md5, etag: $etag, dataFileS3Key: $key}' >>"$folder/$EXPORT/manifest-files.json"
	done
	jq -ncj --arg id "$id" --arg time "$time" --arg key "$EXPORT/manifest-files.json" --argjson count $total \
		--arg table "${TABLE_ARN:-arn:aws:dynamodb:us-east-1:000000000001:table/t1}" '{version: "2020-06-30", exportArn: "\($table)/export/\($id)",
		startTime: $time, endTime: $time, tableArn: $table, tableId: "00000000-1111-2222-3333-444444444444", exportTime: $time,
		s3Bucket: "bucket", s3Prefix: null, s3SseAlgorithm: "AES256", s3SseKmsKeyId: null, manifestFilesS3Key: $key,
		billedSizeBytes: 0, itemCount: $count, outputFormat: "DYNAMODB_JSON"}' >"$folder/$EXPORT/manifest-summary.json"
	for file in summary files; do
		md5_base64 <"$folder/$EXPORT/manifest-$file.json" | tr -d '\n' >"$folder/$EXPORT/manifest-$file.md5"
	done
}

time_in() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.000Z; }

# reconcile CONTRACT STATUS: the report as JSON on stdout; fails when the exit status is another.
reconcile()
{
	local status=0
	"$LAKEPROOF" reconcile --quiet --format json --findings all "$1" || status=$?
	[ $status -eq "$2" ] || { echo "exit $status, expected $2"; return 1; }
}

# passes CONTRACT ROWS: PASS, having compared exactly so many rows, all equal, without any finding.
passes()
{
	local report
	report=$(reconcile "$1" 0) || { echo "$report"; return 1; }
	jq -e --argjson rows "$2" '.verdict == "PASS" and .findings == [] and .counts.expected == $rows and .counts.actual == $rows
		and .counts.unproven == 0 and .counts.out_of_scope == 0 and .counts.equal == $rows' <<<"$report" >/dev/null ||
		{ jq . <<<"$report"; return 1; }
}

# finds CONTRACT FINDINGS: FAIL, with exactly these findings, [{"id":…,"key":…}], and no other.
finds()
{
	local report
	report=$(reconcile "$1" 1) || { echo "$report"; return 1; }
	jq -e --argjson want "$2" '.verdict == "FAIL" and (.findings | map({id, key}) | sort) == ($want | sort)
		and (.findings_by_id | with_entries(select(.value > 0))) == ($want | group_by(.id) | map({key: .[0].id, value: length}) | from_entries)' \
		<<<"$report" >/dev/null || { jq . <<<"$report"; return 1; }
}
