#!/usr/bin/env bats
# Landing zones in Parquet and Delta: rows of changes, event records kept in a column (bronze), what Firehose converted,
# items by AWS Glue. Each passes intact, and then with one thing wrong says exactly that. The embedded pipeline writes
# the tables; a Parquet file is one of a table's.

load helper
load by_hand

begun=1760000000

setup() {
	dir=$BATS_TEST_TMPDIR/table
	mkdir -p "$dir/landed"
	printf '%s\n' 'pk string pk key' 'v string v' 'n decimal(20,2) n' >"$dir/columns.txt"
}

item() { # KEY V N
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"n":{"N":"%s"}}' "$1" "$2" "$3"
}

# table NAME COLUMNS ITEM...: a Delta table of other columns than the lake's, each "NAME TYPE ATTRIBUTE [key]".
table() {
	local name=$1 columns=$2 export export_id
	shift 2
	printf '%s\n' "$columns" >"$dir/$name.txt"
	rm -rf "${dir:?}/$name" "$dir/aside"
	write_export "$dir/aside" $begun "$@"
	"$PIPELINE" --quiet --table "$dir/$name" --columns "$dir/$name.txt" --export "$export"
}

# parquet NAME: the rows of that table as a Parquet file in the folder landed, not a table's any more.
parquet() {
	mv "$dir/$1"/*.parquet "$dir/landed/$1.parquet"
	rm -rf "${dir:?}/$1"
}

contract() { # SOURCE [SOURCE...]: each in braces
	{
		printf 'version: 1\ntable: t\nkey:\n  - {attribute: pk, type: S}\nsources:\n'
		printf '  - {%s}\n' "$@"
		cat <<-END
			lake:
			  delta: lake
			  columns:
			    - {column: pk, attribute: pk, type: string}
			    - {column: v, attribute: v, type: string}
			    - {column: n, attribute: n, type: "decimal(20,2)"}
		END
	} >"$dir/contract.yaml"
}

cause() { # ID: of its first finding
	field "[.findings[] | select(.id == \"$1\")][0].cause"
}

# ---- rows of changes

change_columns='op string op
ts string ts
id string id key
pk string pk
v string v
n decimal(38,10) n'

change() { # ID OP SECONDS KEY [V N]
	printf '{"id":{"S":"%s"},"op":{"S":"%s"},"ts":{"S":"%s"},"pk":{"S":"%s"}' "$1" "$2" "$(at "$3")" "$4"
	[ -z "${5-}" ] || printf ',"v":{"S":"%s"},"n":{"N":"%s"}' "$5" "$6"
	printf '}'
}

changes() { # ITEM...: and more
	table changes "$change_columns" "$(change 1 I $begun a x 1)" "$(change 2 I $((begun + 1)) b y 12345678901234567.25)" \
		"$(change 3 U $((begun + 2)) a z 0.5)" "$(change 4 D $((begun + 3)) b)" \
		"$(change 5 I $((begun + 4)) c w 12345678901234567.25)" "$@"
}

rows='operation: {field: op, insert: [I], modify: [U], delete: [D]}, stamp: {field: ts}, event_id: id'

@test "changes in a Parquet file and in a Delta table prove the lake" {
	write_lake "$(item a z 0.5)" "$(item c w 12345678901234567.25)"
	changes
	contract "rows: changes, $rows"
	finds PASS ""
	# A table whose version is the same is not read again.
	[ "$("$LAKEPROOF" merge "$dir/contract.yaml" --quiet --format json | jq -c '[.files_read, .files_unchanged]')" = '[0,1]' ]
	run "$LAKEPROOF" check "$dir/contract.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	parquet changes
	contract "rows: landed, $rows, format: parquet"
	finds_fresh PASS ""
	run "$LAKEPROOF" explain "$dir/contract.yaml" pk=c --values full
	echo "$output"
	[[ "$output" == *changes.parquet* ]]
}

@test "a lake does not prove itself" {
	write_lake "$(item a z 0.5)"
	contract "rows: lake, from: \"$(at $begun)\", to: \"$(at $((begun + 9)))\", complete: true"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml"
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" == *"proves nothing of itself"* ]]
}

@test "what the lake did not follow shows" {
	changes
	contract "rows: changes, $rows"
	write_lake "$(item a x 1)" "$(item c w 12345678901234567.25)"
	finds FAIL row.stale
	# The last digit that a double would lose.
	write_lake "$(item a z 0.5)" "$(item c w 12345678901234567.26)"
	finds FAIL row.differs
	write_lake "$(item a z 0.5)" "$(item b y 12345678901234567.25)" "$(item c w 12345678901234567.25)"
	finds FAIL row.zombie
}

@test "a later version of the table is another source, and what it lost counts no more" {
	changes
	contract "rows: changes, $rows"
	write_lake "$(item a z 0.5)" "$(item c w 12345678901234567.25)"
	finds PASS ""
	changes "$(change 6 D $((begun + 5)) c)"
	finds FAIL row.zombie
	write_lake "$(item a z 0.5)"
	finds PASS ""
	contract "rows: changes, $rows, version: 0"
	finds UNKNOWN "coverage.hole state.unknown"
	contract "rows: changes, $rows, version: 7"
	finds UNKNOWN "coverage.hole record.unreadable state.unknown"
	[[ "$(cause record.unreadable)" == *"has no version 7"* ]]
}

@test "files beside those of the log are not read, files that it names must be whole" {
	changes
	cp "$dir/changes/"*.parquet "$dir/intact"
	contract "rows: changes, $rows"
	write_lake "$(item a z 0.5)" "$(item c w 12345678901234567.25)"
	table more "$change_columns" "$(change 7 I $((begun + 9)) stray x 1)"
	cp "$dir/more/"*.parquet "$dir/changes/stray.parquet"
	finds PASS ""
	local file
	file=$(ls "$dir/changes/"part*.parquet)
	head -c 300 "$dir/intact" >"$file"
	finds_fresh UNKNOWN "coverage.hole record.unreadable state.unknown"
	[[ "$(cause record.unreadable)" == *"$(basename "$file")"* ]]
	rm "$file"
	finds_fresh UNKNOWN "coverage.hole record.unreadable state.unknown"
	cp "$dir/intact" "$file"
	finds_fresh PASS ""
}

@test "a damaged Parquet file is told by its name, and none of its records count" {
	changes
	parquet changes
	contract "rows: landed, $rows"
	write_lake "$(item a z 0.5)" "$(item c w 12345678901234567.25)"
	finds PASS ""
	cp "$dir/landed/changes.parquet" "$dir/intact"
	for cut in 0 3 40 $(($(stat -c %s "$dir/intact") - 1)); do
		head -c "$cut" "$dir/intact" >"$dir/landed/changes.parquet"
		finds_fresh UNKNOWN "coverage.hole record.unreadable state.unknown"
		[[ "$(cause record.unreadable)" == *"changes.parquet"* ]]
	done
	printf 'XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' | cat - <(tail -c +33 "$dir/intact") >"$dir/landed/changes.parquet"
	finds_fresh UNKNOWN "coverage.hole record.unreadable state.unknown"
}

# ---- bronze

event() { # SEQUENCE NAME KEY [V N]: as text within JSON
	local image=
	[ -z "${4-}" ] || image=",\"NewImage\":$(item "$3" "$4" "$5")"
	printf '{"eventID":"%s","eventName":"%s","eventSourceARN":"%s/stream/2025-10-01T00:00:00.000","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"pk":{"S":"%s"}}%s,"SequenceNumber":"%s"}}' \
		"$1" "$2" "$TABLE_ARN" $((begun + $1)) "$3" "$image" "$1"
}

raw() { # ID TEXT: an item that holds it
	printf '{"id":{"S":"%s"},"value":{"S":%s}}' "$1" "$(jq -Rs . <<<"$2")"
}

bronze_columns='id string id key
value string value'

bronze() { # ITEM...: and more
	table bronze "$bronze_columns" "$(raw 1 "$(event 1 INSERT a x 1)")" \
		"$(raw 2 "{\"Records\":[$(event 2 INSERT b y 1),$(event 3 MODIFY a z 0.5)]}")" \
		"$(raw 3 "$(event 4 REMOVE b | base64 -w 0)")" "$(raw 4 "$(event 5 INSERT c w 7)")" "$@"
}

@test "event records kept in a bronze table prove the silver one" {
	bronze
	contract 'rows: bronze, preset: bronze'
	write_lake "$(item a z 0.5)" "$(item c w 7)"
	finds PASS ""
	[[ "$(field .scope)" == "against the landing zone only"* ]]
	parquet bronze
	contract 'rows: landed, preset: bronze, record: value'
	finds_fresh PASS ""
	run "$LAKEPROOF" check "$dir/contract.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "bronze: what is lost between there and silver shows" {
	bronze
	contract 'rows: bronze, preset: bronze'
	write_lake "$(item a z 0.5)"
	finds FAIL row.missing
	write_lake "$(item a x 1)" "$(item c w 7)"
	finds FAIL row.stale
	write_lake "$(item a z 0.5)" "$(item b y 1)" "$(item c w 7)"
	finds FAIL row.zombie
}

@test "bronze and the landing zone it was made of say the same, or it shows" {
	bronze
	mkdir "$dir/events"
	{ event 1 INSERT a x 1; event 2 INSERT b y 1; event 3 MODIFY a z 0.5; event 4 REMOVE b; event 5 INSERT c w 7; } \
		>"$dir/events/1.json"
	contract 'events: events' 'rows: bronze, preset: bronze'
	write_lake "$(item a z 0.5)" "$(item c w 7)"
	finds PASS ""
	[ "$(field .counts.expected)" = 2 ]
	{ event 1 INSERT a x 1; event 2 INSERT b y 1; event 3 MODIFY a y 0.5; event 4 REMOVE b; event 5 INSERT c w 7; } \
		>"$dir/events/1.json"
	finds_fresh UNKNOWN stamp.conflict
}

@test "bronze: a row without a record, or with a broken one, is told by its row" {
	bronze '{"id":{"S":"5"}}'
	contract 'rows: bronze, preset: bronze'
	write_lake "$(item a z 0.5)" "$(item c w 7)"
	finds UNKNOWN record.unreadable
	[[ "$(cause record.unreadable)" == *"no record in this row"* ]]
	bronze "$(raw 5 '{"eventName":"INSERT","dynamodb":{"Keys":')"
	finds_fresh UNKNOWN record.unreadable
	[[ "$(cause record.unreadable)" == *"text ends inside it"* ]]
	bronze
	contract 'rows: bronze, preset: bronze, record: body'
	finds_fresh UNKNOWN "coverage.hole record.unreadable state.unknown"
	[[ "$(cause record.unreadable)" == *'has no column "body"; it has "id", "value"'* ]]
}

@test "a Delta table is no folder of events" {
	bronze
	contract 'events: bronze'
	write_lake "$(item a z 0.5)" "$(item c w 7)"
	finds UNKNOWN "coverage.hole record.unreadable state.unknown"
	[[ "$(cause record.unreadable)" == *"preset bronze"* ]]
}

# ---- what Firehose converted

converted_columns='eventid string eventid key
eventname string eventname
useridentity string useridentity
dynamodb struct<approximatecreationdatetime:bigint,keys:struct<pk:struct<s:string>>,newimage:string,sequencenumber:string> dynamodb'

converted() { # SEQUENCE NAME KEY [V N]
	local image=
	[ -z "${4-}" ] || image=",\"newimage\":{\"S\":$(item "$3" "$4" "$5" | jq -Rs .)}"
	printf '{"eventid":{"S":"%s"},"eventname":{"S":"%s"},"dynamodb":{"M":{"approximatecreationdatetime":{"N":"%d"},"keys":{"M":{"pk":{"M":{"s":{"S":"%s"}}}}}%s,"sequencenumber":{"S":"%s"}}}}' \
		"$1" "$2" $((begun + $1)) "$3" "$image" "$1"
}

firehose() {
	table converted "$converted_columns" "$(converted 1 INSERT a x 1)" "$(converted 2 INSERT b y 1)" \
		"$(converted 3 MODIFY a z 0.5)" "$(converted 4 REMOVE b)" "$@"
	rm -rf "$dir/landed"
	mkdir -p "$dir/landed/2025/10/09/08"
	mv "$dir/converted/"*.parquet "$dir/landed/2025/10/09/08/stream-1-2025-10-09-08-00-00-x.parquet"
}

@test "stream records that Firehose converted to Parquet, their images kept as texts" {
	firehose
	contract 'events: landed'
	write_lake "$(item a z 0.5)"
	finds PASS ""
	write_lake "$(item a x 1)"
	finds FAIL row.stale
	write_lake "$(item a z 0.5)" "$(item b y 1)"
	finds FAIL row.zombie
	contract 'events: landed, format: firehose'
	write_lake "$(item a z 0.5)"
	finds PASS ""
	contract 'events: landed, format: streams'
	finds UNKNOWN "coverage.hole record.unreadable state.unknown"
}

@test "images that became columns prove that items are there, not what they are" {
	converted_columns=${converted_columns/newimage:string/newimage:struct<pk:struct<s:string>,v:struct<s:string>>}
	converted() {
		local image=
		[ -z "${4-}" ] || image=",\"newimage\":{\"M\":{\"pk\":{\"M\":{\"s\":{\"S\":\"$3\"}}},\"v\":{\"M\":{\"s\":{\"S\":\"$4\"}}}}}"
		printf '{"eventid":{"S":"%s"},"eventname":{"S":"%s"},"dynamodb":{"M":{"approximatecreationdatetime":{"N":"%d"},"keys":{"M":{"pk":{"M":{"s":{"S":"%s"}}}}}%s,"sequencenumber":{"S":"%s"}}}}' \
			"$1" "$2" $((begun + $1)) "$3" "$image" "$1"
	}
	firehose
	contract 'events: landed'
	# The schema dropped n: whatever the lake says of it is not proven.
	write_lake "$(item a z 0.5)"
	finds UNKNOWN image.unknown
	write_lake "$(item a z 0.5)" "$(item b y 1)"
	finds FAIL "image.unknown row.zombie"
	write_lake
	finds FAIL row.missing
}

# ---- items by AWS Glue

glue_types='struct<S:string,N:string>'

glued() { # KEY V N
	printf '{"id":{"S":"%s"},"Item":{"M":{"pk":{"M":{"S":{"S":"%s"}}},"v":{"M":{"S":{"S":"%s"}}},"n":{"M":{"N":{"S":"%s"}}}%s}}}' \
		"$1" "$1" "$2" "$3" "${4-}"
}

glue() { # ITEM...
	rm -f "$dir/landed/glue.parquet"
	table glue "id string id key
Item struct<pk:$glue_types,v:$glue_types,n:$glue_types,u:$glue_types> Item" "$@"
	parquet glue
}

@test "items that AWS Glue wrote, each type a column" {
	glue "$(glued a x 1.5)" "$(glued b y 12345678901234567.25)"
	contract "rows: landed, preset: glue, from: \"$(at $begun)\", to: \"$(at $((begun + 60)))\", complete: true"
	write_lake "$(item a x 1.5)" "$(item b y 12345678901234567.25)"
	finds PASS ""
	write_lake "$(item a x 1.5)" "$(item b y 12345678901234567.26)"
	finds FAIL row.differs
	write_lake "$(item a x 1.5)"
	finds FAIL row.missing
	# An attribute whose type the columns lack is told, and its item may be any.
	glue "$(glued a x 1.5)" "$(glued b y 2 ',"u":{"M":{}}')"
	write_lake "$(item a x 1.5)" "$(item b y 2)"
	finds_fresh UNKNOWN "record.unreadable state.unknown"
	[[ "$(cause record.unreadable)" == *"without a value of any type"* ]]
}

@test "items that AWS Glue simplified are rows of plain values" {
	table glue $'pk string pk key\nv string v\nn decimal(38,10) n' "$(item a x 1.5)" "$(item b y 12345678901234567.25)"
	contract "rows: glue, preset: glue, from: \"$(at $begun)\", to: \"$(at $((begun + 60)))\", complete: true"
	write_lake "$(item a x 1.5)" "$(item b y 12345678901234567.25)"
	finds PASS ""
	write_lake "$(item a x 1.5)"
	finds FAIL row.missing
	write_lake "$(item a x 1.5)" "$(item b y 12345678901234567.25)" "$(item c w 1)"
	finds FAIL row.phantom
	write_lake "$(item a x 1.5)" "$(item b y 12345678901234567.26)"
	finds FAIL row.differs
}
