#!/bin/bash
# What `lakeproof generate` writes against what DynamoDB Local records of the same writes: generated changes are replayed over
# HTTP into a table of each view type, and its stream must hold the same events, keys and images in the same order and shape.
# lakeproof reads the capture as the history that was applied, and a Scan, as the API or the CLI gives it, as the same table.
source "$(dirname "$(realpath "$0")")/lib.sh"
source "$HERE/dynamodb/local.sh"

# use_view VIEW: what the functions below work on.
use_view()
{
	VIEW=$1 TABLE=records-$1 WORK=$REAL/records/$1
	mkdir -p "$WORK/theirs/events"
}

# Writes that change nothing leave no record in either. TTL is dynamodb.t's.
generate()
{
	"$LAKEPROOF" generate --quiet --preset kitchen-sink --wild --items 0 --changes 500 --ttl none --export-at none --duplicates none \
		--shuffle 0 --replay 0 --truth none --view "$1" "$2" && find "$2/events" -type f -exec cat {} + |
		jq -cs 'sort_by(.dynamodb.SequenceNumber | length, .)[]' >"$2.records" && [ "$(wc -l <"$2.records")" -gt 400 ]
}

create_table()
{
	call DynamoDB_20120810.CreateTable '{"TableName": "'"$TABLE"'", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
		"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
		"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "'"$VIEW"'"}}' >"$WORK/table.json" &&
		STREAM=$(jq -er .TableDescription.LatestStreamArn "$WORK/table.json")
}

# One connection, one request after the other, in the order of the sequence numbers; every answer must be 200.
replay()
{
	jq -r --arg url "$URL" --arg table "$TABLE" -f "$HERE/dynamodb/replay.jq" "$REAL/records/both.records" | tail -n +2 >"$WORK/requests"
	curl -K "$WORK/requests" >"$WORK/answers" 2>&1
	[ "$(grep -c '^200$' "$WORK/answers")" -eq "$(wc -l <"$REAL/records/both.records")" ] || { grep -B1 -m3 '^[45][0-9][0-9]$' "$WORK/answers"; return 1; }
}

capture()
{
	(WORK=$WORK/theirs && read_stream) && cat "$WORK"/theirs/events/* >"$WORK/theirs.records"
}

# says FILTER: what FILTER makes of each record is the same on both sides. Sets have no order.
says()
{
	local side
	for side in ours theirs; do
		jq -cS 'def unordered: walk(if type == "object" and (keys == ["SS"] or keys == ["NS"] or keys == ["BS"]) then map_values(sort) else . end);
			unordered | '"$1" "$WORK/$side.records" >"$WORK/$side.said" || return 1
	done
	[ "$(grep -vc '^null$' "$WORK/ours.said")" -gt 400 ] || { echo 'too little is said'; return 1; }
	cmp "$WORK/ours.said" "$WORK/theirs.said" || { diff "$WORK/ours.said" "$WORK/theirs.said" | head -4; return 1; }
}

# Members and their types, but for what is inside keys and images.
shape='del(.dynamodb[("Keys", "OldImage", "NewImage")][]?) | [paths as $path | "\($path | join(".")): \(getpath($path) | type)"] | sort'

# The texts and numbers that are DynamoDB Local's own; docs of the service have ours.
differs_as_known()
{
	jq -es 'all(.[]; (.eventID | test("^[0-9a-f]{32}$")) and .awsRegion == "eu-west-1" and (.dynamodb.SequenceNumber | test("^[1-9][0-9]{20,39}$")))' \
		"$WORK/ours.records" >/dev/null || { echo 'ours'; return 1; }
	jq -es 'all(.[]; (.eventID | test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")) and .awsRegion == "ddblocal"
		and (.dynamodb.SequenceNumber | test("^0{10}[0-9]{11}$")) and .dynamodb.ApproximateCreationDateTime % 60 == 0)' "$WORK/theirs.records" >/dev/null ||
		{ echo 'theirs'; return 1; }
}

# The service's guide calls its rule for a number's size approximate, and DynamoDB Local has another: a byte more or less.
sizes_are_near()
{
	jq -nc --slurpfile ours "$WORK/ours.records" --slurpfile theirs "$WORK/theirs.records" 'range($ours | length) as $i
		| [$ours[$i].dynamodb | .OldImage, .NewImage | .. | objects | (select(keys == ["N"]) | .N), (select(keys == ["NS"]) | .NS[])] as $numbers
		| ($theirs[$i].dynamodb.SizeBytes - $ours[$i].dynamodb.SizeBytes) as $more
		| select(($more | fabs) > ($numbers | length)) | {$i, $more, $numbers}' | head -3 >"$WORK/sizes"
	[ ! -s "$WORK/sizes" ] || { cat "$WORK/sizes"; return 1; }
}

# contract FOLDER SOURCE [BASELINE]
contract()
{
	mkdir -p "$1" && cat >"$1/contract.yaml" <<-YAML
		table: $TABLE
		key: [{attribute: pk, type: S}, {attribute: sk, type: N}]
		${3:+baseline: $3}
		sources:
		  - $2
	YAML
}

ask() { "$LAKEPROOF" sql --quiet --no-lake --format json "$1/contract.yaml" "$2"; }

write_contracts()
{
	local captured="from: \"$(time_in "@$((begun - 1200))")\", to: \"$(time_in "@$(($(date +%s) + 1200))")\"" scanned
	scanned="from: \"$(time_in "@$((begun - 60))")\", to: \"$(time_in "@$(($(date +%s) + 60))")\""
	contract "$WORK/theirs" "{events: events, $captured}" empty
	contract "$WORK/ours" '{events: events}' none
	contract "$WORK/pages" "{items: dump, format: scan, complete: true, $scanned}"
	contract "$WORK/cli" "{items: dump, complete: true, $scanned}"
	mkdir -p "$WORK"/{pages,cli}/dump
	scan_pages "$WORK/pages/dump/scan" 10 && [ "$(wc -l <"$WORK/pages/dump/scan")" -gt 3 ] || return 1
	# As `aws dynamodb scan` prints it: the pages in one, indented, with what no request asked for.
	jq -s '{Items: map(.Items[]), Count: map(.Count) | add, ScannedCount: map(.ScannedCount) | add, ConsumedCapacity: null}' \
		"$WORK/pages/dump/scan" >"$WORK/cli/dump/scan.json"
}

# Each key's changes in their order, with the images' digests.
histories_are_the_same()
{
	local side history='SELECT key, state, image, before_state, before_image, deleted FROM fact ORDER BY key, length(sequence), sequence'
	for side in ours theirs; do
		ask "$WORK/$side" "$history" >"$WORK/$side.history" || return 1
	done
	[ "$(wc -l <"$WORK/ours.history")" -eq "$(wc -l <"$WORK/ours.records")" ] && cmp "$WORK/ours.history" "$WORK/theirs.history"
}

# keys: which are there in the end; image: and what they hold.
state_is_the_scan()
{
	local what=key state=image scan=$WORK/pages
	[ "$1" = image ] && what='key, image'
	[ "$1" = image ] || state='present'
	ask "$scan" "SELECT $what FROM item WHERE state = 'image' ORDER BY key" >"$WORK/scan.state" &&
		ask "$WORK/theirs" "SELECT $what FROM item WHERE state = '$state' ORDER BY key" >"$WORK/theirs.state" || return 1
	[ "$(wc -l <"$WORK/scan.state")" -eq "$(jq -s 'map(.Count) | add' "$scan/dump/scan")" ] && [ "$(wc -l <"$WORK/scan.state")" -gt 30 ] || return 1
	diff "$WORK/scan.state" "$WORK/theirs.state" | head -5
	cmp "$WORK/scan.state" "$WORK/theirs.state"
}

scans_are_the_same()
{
	local query="SELECT key, state, image, unproven FROM item ORDER BY key"
	cmp <(ask "$WORK/pages" "$query") <(ask "$WORK/cli" "$query")
}

need generate NEW_AND_OLD_IMAGES "$REAL/records/both"
need start_server
begun=$(date +%s)
for view in NEW_AND_OLD_IMAGES NEW_IMAGE OLD_IMAGE KEYS_ONLY; do
	use_view $view
	need generate $view "$WORK/ours"
	need create_table
	point "$view: DynamoDB Local takes every generated write" replay
	need capture
	need write_contracts
	point "$view: its records are the generated ones: event, keys, images, one by one" \
		says '[.eventName, .userIdentity] + (.dynamodb | [.Keys, .OldImage, .NewImage, .StreamViewType])'
	point "$view: and of the same shape" says "$shape"
	point "$view: other texts are those that are known to differ" differs_as_known
	point "$view: sizes are the same, to a byte for each number" sizes_are_near
	point "$view: lakeproof reads both as one history" histories_are_the_same
	case $view in
		NEW_*) point "$view: which ends in what a Scan shows" state_is_the_scan image ;;
		*) point "$view: which ends in the keys that a Scan shows" state_is_the_scan keys ;;
	esac
	point "$view: pages of the API and what the CLI prints are the same table" scans_are_the_same
done
finish
