#!/bin/bash
# DynamoDB Local 2.6.1: a random workload, TTL among it, is written over HTTP by four writers at once, its stream is read to
# the end, and what lakeproof merges from the stream must be what a final Scan shows: every key, every image.
#
# Two tables: many keys of type S and N; few of type B with TTL, since DynamoDB Local's sweep takes 20 items every few seconds.
# The Scan is laid down as a full export that closes the capture, an empty export as the one that opens it; so a lost record is
# capture.lost and names its key. Spark writes the Scan into a Delta table, with which the merged state must agree as well.
source "$(dirname "$(realpath "$0")")/lib.sh"
source "$HERE/dynamodb/local.sh"
WRITERS=4

# use_table NAME KEY KEYS REQUESTS TTL: what the functions below work on; REQUESTS are each writer's, TTL is a percentage.
use_table()
{
	TABLE=$1 KEY=$2 KEYS=$3 REQUESTS=$4 TTL=$5 WORK=$REAL/dynamodb/$1
	mkdir -p "$WORK/events"
}

create_table()
{
	local attributes='{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}'
	local schema='{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}'
	if [ "$KEY" = B ]; then
		attributes='{"AttributeName": "id", "AttributeType": "B"}' schema='{"AttributeName": "id", "KeyType": "HASH"}'
	fi
	call DynamoDB_20120810.CreateTable '{"TableName": "'$TABLE'", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": ['"$attributes"'], "KeySchema": ['"$schema"'],
		"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}' >"$WORK/table.json" &&
		{ [ "$TTL" -eq 0 ] || call DynamoDB_20120810.UpdateTimeToLive '{"TableName": "'$TABLE'",
			"TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true}}'; } &&
		STREAM=$(jq -er .TableDescription.LatestStreamArn "$WORK/table.json") &&
		TABLE_ARN=$(jq -er .TableDescription.TableArn "$WORK/table.json")
}

# Every request must be answered with 200; what is not is shown.
write_workload()
{
	local writer pids=() status=0
	for ((writer = 0; writer < WRITERS; writer++)); do
		jq -nr --argjson seed "${SEED:-1}" --argjson from $((writer * REQUESTS)) --argjson count $REQUESTS --argjson keys "$KEYS" \
			--arg key "$KEY" --argjson ttl "$TTL" --arg url "$URL" --arg table $TABLE --argjson now "$(date +%s)" -f "$HERE/dynamodb/workload.jq" | tail -n +2 >"$WORK/requests.$writer"
		curl -K "$WORK/requests.$writer" >"$WORK/answers.$writer" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	for ((writer = 0; writer < WRITERS; writer++)); do
		[ "$(grep -c '^200$' "$WORK/answers.$writer")" -eq $REQUESTS ] || { status=1; grep -B1 -m3 '^[45][0-9][0-9]$' "$WORK/answers.$writer"; }
	done
	return $status
}

# Items that the TTL rules condemn: a number, in the past, by no more than five years.
expired() { jq -c --argjson now "$(date +%s)" '.Item.expires_at.N // empty | tonumber | select(. <= $now and . > $now - 157680000)' "$1" | wc -l; }

wait_for_ttl()
{
	local attempt
	for attempt in {1..150}; do
		scan "$WORK/scan" || return 1
		[ "$(expired "$WORK/scan")" -eq 0 ] && [ "$attempt" -gt 5 ] && return
		sleep 1
	done
	echo "$(expired "$WORK/scan") expired items are still there"
	return 1
}

final_scan() { scan "$WORK/scan"; }

# Writes, waits, reads the stream and the table.
exercise()
{
	need create_table
	point "$TABLE: four writers' requests are all answered with 200" write_workload
	point "$TABLE: the table comes to rest" "$1"
	need read_stream
	need scan "$WORK/scan.after"
	point "$TABLE: nothing was written meanwhile" diff <(jq -cS . "$WORK/scan" | sort) <(jq -cS . "$WORK/scan.after" | sort)
	cat "$WORK"/events/* >"$WORK/all"
	echo "# $TABLE: $(wc -l <"$WORK/all") stream records, $(grep -c userIdentity "$WORK/all") by TTL, $(wc -l <"$WORK/scan") items at the end"
}

holds_all_kinds()
{
	jq -es '(map(.eventName) | unique == ["INSERT", "MODIFY", "REMOVE"]) and (map(select(.userIdentity != null)) | length >= '"$1"')
		and all(.[]; .userIdentity == null or .eventName == "REMOVE")' "$WORK/all"
}

# Contracts in $WORK, each by its name: `changes` (the stream alone, captured since the table was created) and `closed` (the same
# between an empty export and one made of the final Scan).
write_contracts()
{
	local key='[{attribute: pk, type: S}, {attribute: sk, type: N}]' columns='pk sk'
	[ "$KEY" = B ] && key='[{attribute: id, type: B}]' columns=id
	local events="{events: events, independent: true, from: \"$(time_in "@$((begun - 1200))")\", to: \"$(time_in "@$((ended + 1200))")\"}"
	EXPORT=AWSDynamoDB/01760001771270-00000001 export_write "$WORK" "$(time_in "@$((begun - 600))")" </dev/null
	EXPORT=AWSDynamoDB/01760001771270-00000002 export_write "$WORK" "$(time_in "@$((ended + 600))")" <"$WORK/scan"
	cat >"$WORK/changes.yaml" <<YAML
table: $TABLE
key: $key
baseline: empty
sources:
  - $events
lake:
  delta: lake
  columns:
$(for column in $columns; do echo "    - {column: $column, attribute: $column}"; done)
    - {column: amount, attribute: amount, type: "decimal(38,10)"}
    - {column: body, attribute: body}
    - {column: flag, attribute: flag}
    - {column: tags, attribute: tags, unordered: true}
    - {column: bytes, attribute: bytes}
    - {column: numbers, attribute: numbers, type: "array<decimal(38,10)>", unordered: true}
  ignore_attributes: [wild, nothing, blobs, list, map, "attribute *", expires_at]
YAML
	sed -e '/^baseline/d' -e "s|^sources:|&\n  - {export: AWSDynamoDB/01760001771270-00000001}\n  - {export: AWSDynamoDB/01760001771270-00000002}|" \
		"$WORK/changes.yaml" >"$WORK/closed.yaml"
}

# Spark writes the Scan's items, read as DynamoDB's JSON, into a Delta table.
write_lake()
{
	local fields='pk STRUCT<S: STRING>, sk STRUCT<N: STRING>' values='Item.pk.S AS pk, CAST(Item.sk.N AS DECIMAL(38,0)) AS sk'
	[ "$KEY" = B ] && fields='id STRUCT<B: BINARY>' values='Item.id.B AS id'
	spark_on "$WORK/lake" <<SQL
CREATE OR REPLACE TEMPORARY VIEW scan (Item STRUCT<$fields, amount: STRUCT<N: STRING>, body: STRUCT<S: STRING>, flag: STRUCT<BOOL: BOOLEAN>,
	tags: STRUCT<SS: ARRAY<STRING>>, bytes: STRUCT<B: BINARY>, numbers: STRUCT<NS: ARRAY<STRING>>>) USING json OPTIONS (path '$WORK/scan');
CREATE TABLE delta.\`\${LAKE}\` USING delta AS SELECT $values, CAST(Item.amount.N AS DECIMAL(38,10)) AS amount, Item.body.S AS body,
	Item.flag.BOOL AS flag, Item.tags.SS AS tags, Item.bytes.B AS bytes,
	transform(Item.numbers.NS, n -> CAST(n AS DECIMAL(38,10))) AS numbers FROM scan;
SQL
}

items_of() { "$LAKEPROOF" sql --quiet --no-lake --format json "$WORK/$1.yaml" "SELECT key, image FROM item WHERE state = 'image' ORDER BY key"; }

# The merge of the stream alone holds the keys and images that an export made of the Scan holds.
stream_equals_scan()
{
	sed -e '/events: /d' -e '/00000001/d' "$WORK/closed.yaml" >"$WORK/scanned.yaml"
	items_of changes >"$WORK/changes.items" && items_of scanned >"$WORK/scanned.items" || return 1
	[ "$(wc -l <"$WORK/scanned.items")" -eq "$(wc -l <"$WORK/scan")" ] || { echo "$(wc -l <"$WORK/scanned.items") items of the scan's export"; return 1; }
	diff "$WORK/changes.items" "$WORK/scanned.items"
}

# as_delivered NAME COMMAND...: a copy of the table's folder whose events went through COMMAND.
as_delivered()
{
	local folder=$REAL/dynamodb/$TABLE.$1
	mkdir -p "$folder/events"
	cp -r "$WORK"/{AWSDynamoDB,lake,changes.yaml,closed.yaml} "$folder"
	"${@:2}" <"$WORK/all" >"$folder/events/all.json"
}

twice_and_shuffled() { { cat; head -n 400 "$WORK/all"; } | shuf --random-source="$WORK/all"; }

# As Lambda hands them to a function, ten at a time, written without newlines.
in_envelopes() { jq -cs '[range(0; length; 10) as $i | {Records: .[$i:$i + 10]}] | .[]' | tr -d '\n'; }

delivered_otherwise()
{
	as_delivered "$1" "$1" && passes "$REAL/dynamodb/$TABLE.$1/changes.yaml" "$(wc -l <"$WORK/scan")" &&
		passes "$REAL/dynamodb/$TABLE.$1/closed.yaml" "$(wc -l <"$WORK/scan")"
}

# The stream without the record of number $LOST, from 0.
without() { jq -cs --argjson lost "$LOST" '.[:$lost][], .[$lost + 1:][]'; }

# A lost record is seen, with its key, though the lake is right: capture.lost, the verdict UNKNOWN.
loses()
{
	local report wanted
	LOST=$(jq -s "[to_entries[] | select(.value | $2) | .key] | last" "$WORK/all")
	[ "$LOST" != null ] || { echo 'no such record'; return 1; }
	wanted=$(jq -cs --argjson lost "$LOST" '.[$lost].dynamodb.Keys | map_values(.S // .N // .B)' "$WORK/all")
	as_delivered "lost-$1" without
	report=$(reconcile "$REAL/dynamodb/$TABLE.lost-$1/closed.yaml" 2) || { echo "$report"; return 1; }
	jq -e --argjson key "$wanted" '.verdict == "UNKNOWN" and ([.findings[] | select(.id == "capture.lost" or .id == "chain.broken") | .key] | unique == [$key])
		and (.findings_by_id["capture.lost"] == 1)' <<<"$report" >/dev/null || { echo "lost: $wanted"; jq . <<<"$report"; return 1; }
}

judge()
{
	ended=$(date +%s)
	need write_contracts
	need write_lake
	point "$TABLE: the merged stream holds the final Scan's keys and images, and no others" stream_equals_scan
	point "$TABLE: the stream alone agrees with Spark's table of the Scan" passes "$WORK/changes.yaml" "$(wc -l <"$WORK/scan")"
	point "$TABLE: nothing contradicts, between two exports" passes "$WORK/closed.yaml" "$(wc -l <"$WORK/scan")"
	point "$TABLE: fast and reference merge agree" "$LAKEPROOF" merge --quiet --reference "$WORK/closed.yaml"
	point "$TABLE: nor when records come twice and in any order" delivered_otherwise twice_and_shuffled
	point "$TABLE: nor in envelopes without newlines" delivered_otherwise in_envelopes
}

need start_server
begun=$(date +%s)
use_table expiring B 64 100 60
exercise wait_for_ttl
point "expiring: the stream holds TTL removes with their identity" holds_all_kinds 3
judge
point "expiring: a lost TTL remove is capture.lost, by its key" loses ttl '.userIdentity != null'
use_table workload SN 900 1000 0
exercise final_scan
point "workload: the stream holds every kind of record" holds_all_kinds 0
stop_server
judge
point "workload: a lost MODIFY is capture.lost, by its key" loses modify '.eventName == "MODIFY"'
point "workload: a lost INSERT is capture.lost, by its key" loses insert '.eventName == "INSERT"'
point "workload: a lost REMOVE is capture.lost, by its key" loses remove '.eventName == "REMOVE"'
finish
