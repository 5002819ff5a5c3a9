# Small tables written by hand, a record at a time: exports, stream records, the lake, the contract. $dir is the folder;
# times are seconds since 1970.
TABLE_ARN=arn:aws:dynamodb:eu-west-1:123456789012:table/t

at() { # SECONDS: as text
	date -u -d "@$1" +%Y-%m-%dT%H:%M:%S.000Z
}

md5() { # FILE: as the manifests have it
	openssl dgst -md5 -binary "$1" | base64 | tr -d '\n'
}

# write_export FOLDER SECONDS ITEM...: a full export of one data file; its folder into $export, its id into $export_id.
write_export() {
	local folder=$1 time=$2 item
	shift 2
	export_id=0${time}000-0000abcd
	export=$folder/AWSDynamoDB/$export_id
	mkdir -p "$export/data"
	: >"$export/_started"
	for item in "$@"; do printf '{"Item":%s}\n' "$item"; done | gzip -n >"$export/data/f.json.gz"
	printf '{"itemCount":%d,"md5Checksum":"%s","etag":"0-1","dataFileS3Key":"AWSDynamoDB/%s/data/f.json.gz"}\n' \
		$# "$(md5 "$export/data/f.json.gz")" "$export_id" >"$export/manifest-files.json"
	cat >"$export/manifest-summary.json" <<-END
		{"version":"2020-06-30","exportArn":"$TABLE_ARN/export/$export_id","startTime":"$(at "$time")",
		"endTime":"$(at "$time")","tableArn":"$TABLE_ARN","tableId":"dec1469c-8d51-497b-a081-5c1377856b73",
		"exportTime":"$(at "$time")","s3Bucket":"b","s3Prefix":null,"s3SseAlgorithm":"AES256","s3SseKmsKeyId":null,
		"manifestFilesS3Key":"AWSDynamoDB/$export_id/manifest-files.json","billedSizeBytes":1,"itemCount":$#,
		"outputFormat":"DYNAMODB_JSON"}
	END
	md5 "$export/manifest-files.json" >"$export/manifest-files.md5"
	md5 "$export/manifest-summary.json" >"$export/manifest-summary.md5"
}

# record LABEL SECONDS NAME MEMBERS [MORE]: one stream record to $dir/events; LABEL is the stream's, MEMBERS are JSON
# members of "dynamodb" (Keys, NewImage, OldImage), MORE of the record.
record() {
	sequence=$((${sequence:-100000000000000} + 1))
	mkdir -p "$dir/events"
	printf '{"eventID":"%032d","eventName":"%s","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":%d,%s,"SequenceNumber":"111111%d","SizeBytes":10,"StreamViewType":"NEW_IMAGE"},"eventSourceARN":"%s/stream/%s"%s}\n' \
		"$sequence" "$3" "$2" "$4" "$sequence" "$TABLE_ARN" "$1" "${5:+,$5}" >>"$dir/events/records.jsonl"
}

# write_lake ITEM...: a lake of exactly these items.
write_lake() {
	local export export_id
	rm -rf "$dir/lake" "$dir/aside"
	write_export "$dir/aside" 1760000000 "$@"
	"$PIPELINE" --quiet --table "$dir/lake" --columns "$dir/columns.txt" --export "$export"
}

# write_contract SOURCE...: $dir/contract.yaml over those sources and a lake with the columns of $dir/columns.txt.
# What $lake_says holds is told of the lake besides, a line.
write_contract() {
	local column type attribute
	{
		printf 'version: 1\ntable: t\nkey:\n  - {attribute: pk, type: S}\nsources:\n'
		printf '  - {%s}\n' "$@"
		printf 'lake:\n  delta: lake\n%s  columns:\n' "${lake_says:+  $lake_says$'\n'}"
		while read -r column type attribute _; do
			printf '    - {column: %s, attribute: %s, type: "%s"}\n' "$column" "$attribute" "$type"
		done <"$dir/columns.txt"
	} >"$dir/contract.yaml"
}

# The ids found but for the one that says when the lake was written.
others() {
	field '.findings_by_id | keys - ["lake.newer"] | join(" ")'
}

# finds VERDICT IDS: what reconcile says of $dir.
finds() {
	reconcile "$dir" --values full
	echo "exit $status, verdict $(field .verdict), ids $(others)"
	field '.reasons[]'
	field '.findings[] | {id, key, cause, columns, records}' | head -c 3000
	[ "$(field .verdict)" = "$1" ]
	[ "$(others)" = "$2" ]
}

# finds_fresh VERDICT IDS: what it says when nothing was merged before.
finds_fresh() {
	rm -rf "$dir/.lakeproof"
	finds "$@"
}
