# local.sh - DynamoDB Local 2.6.1 and its API, for the suites that use it; sourced after lib.sh.
#
# The functions work on TABLE, its STREAM and the folder WORK, which whoever calls them sets.
server=
mkdir -p "$REAL/dynamodb"

stop_server()
{
	[ -z "$server" ] && return
	kill "$server"
	wait "$server" 2>/dev/null
	server=
}
trap stop_server EXIT

# An unused port is found by trying: a server that cannot bind ends at once.
start_server()
{
	local attempt wait
	for attempt in 1 2 3 4 5; do
		PORT=$((20000 + (RANDOM + $$) % 20000))
		(exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && continue
		URL=http://127.0.0.1:$PORT/
		(cd "$REAL/dynamodb" && exec java -Xmx512m -Djava.library.path="$CACHE/dynamodb-local" -cp "$CACHE/dynamodb-local/*" \
			com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -sharedDb -port "$PORT" -disableTelemetry) \
			>"$REAL/dynamodb/server.$$.log" 2>&1 &
		server=$!
		for wait in {1..150}; do
			kill -0 $server 2>/dev/null || break
			call DynamoDB_20120810.ListTables '{}' >/dev/null 2>&1 && return
			sleep 0.2
		done
		stop_server 2>/dev/null
	done
	cat "$REAL/dynamodb/server.$$.log"
	return 1
}

# call TARGET BODY: the answer on stdout.
call()
{
	curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:dynamodb -u AKIDEXAMPLE:secret -H "x-amz-target: $1" \
		-H 'content-type: application/x-amz-json-1.0' --data-raw "$2" "$URL"
}

# scan_pages FILE LIMIT: what the API answers, a page a line.
scan_pages()
{
	local start='' page
	: >"$1"
	while :; do
		page=$(call DynamoDB_20120810.Scan '{"TableName": "'$TABLE'", "ConsistentRead": true, "Limit": '$2"$start"'}') || return 1
		jq -c . <<<"$page" >>"$1"
		start=$(jq -c '.LastEvaluatedKey // empty' <<<"$page")
		[ -n "$start" ] || return 0
		start=", \"ExclusiveStartKey\": $start"
	done
}

# scan FILE: all items, one {"Item":…} a line.
scan()
{
	scan_pages "$WORK/pages" 200 && jq -c '.Items[] | {Item: .}' "$WORK/pages" >"$1"
}

# Each shard until it is closed and drained or, when it is open, empty; one file of JSON lines for each batch.
read_stream()
{
	local shard iterator page batch=0 empty shards
	shards=$(call DynamoDBStreams_20120810.DescribeStream "{\"StreamArn\": \"$STREAM\"}") || return 1
	jq -e '.StreamDescription.LastEvaluatedShardId == null' <<<"$shards" >/dev/null || { echo 'more than one page of shards'; return 1; }
	for shard in $(jq -r '.StreamDescription.Shards[].ShardId' <<<"$shards"); do
		iterator=$(call DynamoDBStreams_20120810.GetShardIterator "{\"StreamArn\": \"$STREAM\", \"ShardId\": \"$shard\",
			\"ShardIteratorType\": \"TRIM_HORIZON\"}" | jq -r .ShardIterator)
		empty=0
		while [ -n "$iterator" ] && [ "$empty" -lt 3 ]; do
			page=$(call DynamoDBStreams_20120810.GetRecords "{\"ShardIterator\": \"$iterator\", \"Limit\": 300}") || return 1
			iterator=$(jq -r '.NextShardIterator // empty' <<<"$page")
			if jq -e '.Records == []' <<<"$page" >/dev/null; then
				empty=$((empty + 1))
			else
				empty=0
				batch=$((batch + 1))
				jq -c '.Records[]' <<<"$page" >"$WORK/events/$(printf 'batch-%04d.jsonl' $batch)"
			fi
		done
	done
	[ $batch -gt 0 ]
}
