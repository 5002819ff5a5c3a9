#!/usr/bin/env bats
# One DynamoDB table, several Delta tables: customers and orders by the sort key alone, open orders by an attribute.

load helper
load by_hand

exported=1760003600
label=2025-10-09T08:00:00.000

customer() { # ID NAME
	printf '{"pk":{"S":"CUST#%s"},"sk":{"S":"PROFILE"},"name":{"S":"%s"}}' "$1" "$2"
}

order() { # CUSTOMER NUMBER STATE
	printf '{"pk":{"S":"CUST#%s"},"sk":{"S":"ORDER#%s"},"state":{"S":"%s"}}' "$1" "$2" "$3"
}

keys_of() { # ITEM
	jq -c '{pk, sk}' <<<"$1"
}

change() { # SECONDS NAME NEW [OLD]: one record; NEW or OLD may be empty
	local members
	members="\"Keys\":$(keys_of "${3:-$4}")${3:+,\"NewImage\":$3}${4:+,\"OldImage\":$4}"
	record $label "$1" "$2" "$members"
}

# table NAME COLUMN-LINES ITEM...: a lake of exactly these rows.
table() {
	local export export_id name=$1
	printf '%b\n' "$2" >"$dir/$name.txt"
	shift 2
	rm -rf "$dir/$name" "$dir/aside"
	write_export "$dir/aside" 1760000000 "$@"
	"$PIPELINE" --quiet --table "$dir/$name" --columns "$dir/$name.txt" --export "$export"
}

customers() { # ID:NAME...
	local rows=() one
	for one in "$@"; do rows+=("{\"id\":{\"S\":\"${one%%:*}\"},\"name\":{\"S\":\"${one#*:}\"}}"); done
	table customers 'id string id key\nname string name' "${rows[@]}"
}

orders() { # NAME CUSTOMER:NUMBER:STATE...: a table of orders
	local rows=() one name=$1
	shift
	for one in "$@"; do
		rows+=("$(jq -cn --arg one "$one" '$one | split(":") |
			{customer: {S: .[0]}, number: {N: .[1]}, state: {S: .[2]}}')")
	done
	table "$name" 'customer string customer key\nnumber bigint number key\nstate string state' "${rows[@]}"
}

order_lake() { # NAME WHERE
	cat <<-END
		  - name: $1
		    delta: $1
		    where: $2
		    key:
		      - {column: customer, attribute: pk, extract: "^CUST#(.+)$"}
		      - {column: number, attribute: sk, extract: "^ORDER#(.+)$"}
		    columns: [{column: state, attribute: state, type: string}]
	END
}

contract() { # [MORE LINES]
	cat >"$dir/contract.yaml" <<-END
		table: shop
		key: [{attribute: pk, type: S}, {attribute: sk, type: S}]
		sources:
		  - {export: "AWSDynamoDB/$export_id"}
		  - {events: events}
		$1
		lakes:
		  - name: customers
		    delta: customers
		    where: {attribute: sk, eq: PROFILE}
		    key: [{column: id, attribute: pk, extract: "^CUST#(.+)$"}]
		    columns: [{column: name, attribute: name, type: string}]
		$(order_lake orders '{attribute: sk, begins_with: "ORDER#"}')
		$(order_lake open_orders '{all: [{attribute: sk, begins_with: "ORDER#"}, {attribute: state, eq: open}]}')
	END
}

setup() {
	dir=$BATS_TEST_TMPDIR
	write_export "$dir" $exported "$(customer 1 Ada)" "$(customer 2 Bob)" "$(order 1 7 open)" "$(order 2 8 open)"
	change $((exported - 600)) INSERT "$(customer 1 Ada)"
	change $((exported + 100)) MODIFY "$(customer 2 Bea)" "$(customer 2 Bob)"
	change $((exported + 200)) MODIFY "$(order 2 8 shipped)" "$(order 2 8 open)"
	change $((exported + 600)) INSERT "$(order 1 9 open)"
	contract
	customers 1:Ada 2:Bea
	orders orders 1:7:open 2:8:shipped 1:9:open
	orders open_orders 1:7:open 1:9:open
}

# A table made by a test is newer than its evidence.
found() {
	field '.findings_by_id | keys - ["lake.newer"] | join(" ")'
}

lake() { # NAME JQ
	jq -r --arg name "$1" ".lakes[] | select(.name == \$name) | $2" <<<"$json"
}

@test "every table says what its items say: PASS" {
	reconcile "$dir"
	[ "$status" -eq 0 ] && [ "$(field .verdict)" = PASS ]
	[ "$(field '[.lakes[] | .name + " " + .verdict + " " + (.counts.equal | tostring)] | join(", ")')" = \
		"customers PASS 2, orders PASS 3, open_orders PASS 2" ]
	[ "$(field '.counts.equal, .counts.deleted' | tr '\n' ' ')" = "7 1 " ]
	[ "$(field '.findings_by_id | del(.["lake.newer"]) | length')" -eq 0 ]
}

@test "a record is read once, however many lakes it is told to" {
	reconcile "$dir"
	[ "$(lake orders '.evidence.sources[1].records')" -eq 4 ]
	# Nothing is read again.
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 0 ]
	[[ $output == *"== lake open_orders"* ]]
}

@test "an item that leaves the predicate is a delete of that table" {
	orders open_orders 1:7:open 2:8:open 1:9:open
	reconcile "$dir"
	[ "$status" -eq 1 ] && [ "$(found)" = row.zombie ]
	[ "$(lake open_orders '.verdict, (.findings[0].key | tojson)' | tr '\n' ' ')" = 'FAIL {"customer":"2","number":"8"} ' ]
	[ "$(lake orders .verdict)" = PASS ]
	lake open_orders ".findings[0].cause" | grep -F "taken out of this lake's"
	"$LAKEPROOF" explain "$dir/contract.yaml" "pk=CUST#2,sk=ORDER#8" --quiet |
		grep -F "row.zombie: taken out of this lake's"
	change $((exported + 500)) REMOVE '' "$(order 2 8 shipped)"
	reconcile "$dir"
	lake open_orders ".findings[0].cause" | grep "^deleted by the change of"
	rm "$dir/events/records.jsonl"
	reconcile "$dir"
	lake open_orders ".findings[0].cause" | grep "^deleted, or taken out of"
}

@test "a delete by its key alone must have gone from every table" {
	record $label $((exported + 700)) REMOVE "\"Keys\":$(keys_of "$(order 1 7 open)")"
	reconcile "$dir"
	[ "$(field '[.lakes[].verdict] | join(" ")')" = "PASS FAIL FAIL" ]
	[ "$(found)" = row.zombie ] && [ "$(field '.findings_by_id["row.zombie"]')" -eq 2 ]
	orders orders 2:8:shipped 1:9:open
	orders open_orders 1:9:open
	reconcile "$dir"
	[ "$(field .verdict)" = PASS ]
}

@test "a change by its key alone leaves unknown which table the item is in" {
	record $label $((exported + 700)) MODIFY "\"Keys\":$(keys_of "$(order 1 7 open)")"
	sed -i '$ s/"NEW_IMAGE"/"KEYS_ONLY"/' "$dir/events/records.jsonl"
	reconcile "$dir"
	[ "$status" -eq 2 ]
	[ "$(lake customers .verdict)" = PASS ]
	[ "$(lake orders '.findings_by_id | keys - ["lake.newer"] | join(" ")')" = image.unknown ]
	[ "$(lake open_orders '.findings_by_id | keys - ["lake.newer"] | join(" ")')" = state.unknown ]
}

@test "an item that no lake takes is counted, and is a warning until the contract raises it" {
	change $((exported + 700)) INSERT '{"pk":{"S":"STOCK#3"},"sk":{"S":"BIN"}}'
	change $((exported + 701)) INSERT '{"pk":{"S":"STOCK#4"},"sk":{"S":"BIN"}}'
	change $((exported + 702)) REMOVE "" '{"pk":{"S":"STOCK#4"},"sk":{"S":"BIN"}}'
	reconcile "$dir"
	[ "$(field .verdict)" = PASS ] && [ "$(field '.findings_by_id["item.unrouted"]')" -eq 1 ]
	[ "$(field '.findings[0].key | tojson')" = '{"pk":"STOCK#3","sk":"BIN"}' ]
	contract 'severity: {item.unrouted: fail}'
	reconcile "$dir"
	[ "$(field .verdict)" = FAIL ]
	[[ $(field '.reasons[0]') == "1 item.unrouted"* ]]
	contract $'severity: {item.unrouted: fail}\nallow: {item.unrouted: 1}'
	reconcile "$dir"
	[ "$(field .verdict)" = PASS ]
}

@test "two items made into one row's key are never a PASS" {
	sed -i 's/eq: PROFILE/begins_with: PROFILE/' "$dir/contract.yaml"
	change $((exported + 700)) INSERT \
		'{"pk":{"S":"CUST#1"},"sk":{"S":"PROFILE#old"},"name":{"S":"Ada"}}'
	reconcile "$dir"
	[ "$status" -eq 2 ] && [ "$(found)" = key.collision ]
	[ "$(lake customers '.findings[0].key.id, .counts.unproven_by_reason.collision' | tr '\n' ' ')" = "1 1 " ]
}

@test "an item of the lake that gives no row's key is never a PASS" {
	change $((exported + 700)) INSERT '{"pk":{"S":"FIRM#1"},"sk":{"S":"PROFILE"},"name":{"S":"Co"}}'
	reconcile "$dir"
	[ "$status" -eq 2 ] && [ "$(found)" = key.unmatched ]
	[ "$(lake orders .verdict)" = PASS ]
	customers 1:Ada 2:Bea 77:Co
	reconcile "$dir"
	[ "$status" -eq 2 ] && [ "$(found)" = key.unmatched ]
	[ "$(lake customers .counts.unproven)" -eq 1 ]
}

@test "what is wrong with a source is told once, and is every lake's reason" {
	# One record, and two things wrong with it.
	printf '{"dynamodb":{"Keys":{"pk":{"S":"CUST#1"}}}}\n' >>"$dir/events/records.jsonl"
	reconcile "$dir"
	[ "$(field '.findings_by_id["record.unreadable"]')" -eq 2 ]
	[ "$(field '[.lakes[].findings[] | select(.id == "record.unreadable")] | length')" -eq 2 ]
	[ "$(field '[.lakes[] | .verdict + " " + (.findings_by_id["record.unreadable"] | tostring)] | unique | join(" ")')" = "UNKNOWN 2" ]
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$(grep -c "file .*records.jsonl" <<<"$output")" -eq 2 ]
	sed -i '$d' "$dir/events/records.jsonl"
	sed -i 1d "$dir/events/records.jsonl"
	rm -rf "$dir/.lakeproof"
	reconcile "$dir"
	[ "$(field '.findings_by_id["coverage.hole"]')" -eq 1 ]
	[ "$(field '[.lakes[].findings_by_id["coverage.hole"]] | join(" ")')" = "1 1 1" ]
	[ "$(field '[.lakes[].findings[] | select(.id == "coverage.hole")] | length')" -eq 1 ]
}

@test "extract takes characters, by the patterns that columns have" {
	sed -i '/column: id/ s/extract: "[^"]*"/extract: "^CUST#(?:X-)?(\\\\p{L}|\\\\d+)$"/' "$dir/contract.yaml"
	grep -F '(?:X-)?(\\p{L}|\\d+)' "$dir/contract.yaml"
	change $((exported + 700)) INSERT "$(customer X-é Eve)"
	customers 1:Ada 2:Bea é:Eve
	reconcile "$dir"
	[ "$(lake customers .counts.equal)" -eq 3 ]
}

@test "text has a section for each lake, TAP a point for each lake and property" {
	orders open_orders 1:7:open 2:8:open 1:9:open
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 1 ]
	[[ $output == *"PASS     customers: 2 of 2 expected rows equal"* ]]
	[[ $output == *"== lake open_orders"*"row.zombie"* ]]
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet --format tap
	[[ $output == *"1..37"* ]]
	[[ $output == *"not ok 32 - open_orders: no deleted item is still there"* ]]
	[[ $output == *"ok 37 - every item is in a lake"* ]]
}

@test "a row's own values are told under its own key" {
	customers 1:Ada 2:Bob
	reconcile "$dir" --values full
	[ "$(found)" = row.stale ]
	[ "$(lake customers '.findings[0] | .key.id, (.columns[0] | .expected, .actual)' | tr '\n' ' ')" = "2 Bea Bob " ]
}

@test "the other verbs follow" {
	cd "$dir"
	run "$LAKEPROOF" merge contract.yaml --quiet --reference
	[ "$status" -eq 0 ]
	[[ $output == *"lake open_orders: 2 items, 1 deleted"* && $output == *"in no lake: 0 items"* ]]
	[ "$(grep -c agrees <<<"$output")" -eq 4 ]
	run "$LAKEPROOF" count contract.yaml --quiet --format json
	[ "$(jq -c '[.lakes[] | [.name, .expected, .rows]]' <<<"$output")" = \
		'[["customers",2,2],["orders",3,3],["open_orders",2,2]]' ]
	run "$LAKEPROOF" explain contract.yaml 'pk=CUST#2,sk=ORDER#8' --quiet
	[[ $output == *"lake customers"*"is not in this lake"*"lake orders"*'{"customer":"2","number":"8"}'*"equal"* ]]
	[[ $output == *"lake open_orders"*"absent: deleted"*"deleted, and the lake agrees"* ]]
	run "$LAKEPROOF" sql contract.yaml 'SELECT id FROM item ORDER BY id' --quiet
	[ "$status" -eq 64 ] && [[ $output == *"--lake NAME"* ]]
	run "$LAKEPROOF" sql contract.yaml 'SELECT id FROM item ORDER BY id' --quiet --lake customers
	[ "$(echo $output)" = "id 1 2" ]
	run "$LAKEPROOF" check contract.yaml
	[ "$status" -eq 0 ] && [[ $output == *"lake 'orders'"*"4 of 8 sample images are in this lake"* ]]
}

@test "a run that was killed, or a lake that is new, reads what it lacks and no more" {
	reconcile "$dir"
	rm -r "$dir/.lakeproof/lakes/orders"
	run "$LAKEPROOF" merge "$dir/contract.yaml" --quiet
	[[ $output == *"lake customers: 2 items"*"0 files read, 2 unchanged"*"lake orders: 3 items"*"2 files read, 0 unchanged"* ]]
	rm -r "$dir/.lakeproof/lakes/orders"
	rm "$dir/events/records.jsonl"
	change $((exported + 700)) INSERT "$(order 3 1 open)"
	mv "$dir/events/records.jsonl" "$dir/events/later.jsonl"
	reconcile "$dir"
	[ "$status" -ne 0 ] && [[ $(lake orders '.findings_by_id | keys | join(" ")') == *source.gone* ]]
}

@test "what cannot be is refused with what to do" {
	sed -i 's/attribute: pk, extract: "^CUST#(.+)$"}\]$/attribute: tags}]/' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	[[ $output == *"'tags' is no key attribute of the table."*"one row for an item"* ]]
	contract
	sed -i 's/- {column: number.*//' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ]
	[[ $output == *"'key' must hold 'sk' too"* ]]
}

@test "a lake with a condition of its own is one lake" {
	sed '/^lakes:/,$d' "$dir/contract.yaml" >"$dir/one.yaml"
	cat >>"$dir/one.yaml" <<-END
		lake:
		  delta: customers
		  where: {attribute: sk, eq: PROFILE}
		  key: [{column: id, attribute: pk, extract: "^CUST#(.+)$"}]
		  columns: [{column: name, attribute: name, type: string}]
	END
	mv "$dir/one.yaml" "$dir/contract.yaml"
	reconcile "$dir"
	[ "$status" -eq 0 ] && [ "$(field .counts.equal)" -eq 2 ] && [ "$(field 'has("lakes")')" = false ]
	[ "$(found)" = item.unrouted ] && [ "$(field '.findings_by_id["item.unrouted"]')" -eq 3 ]
}

@test "what a removal by TTL says of a lake goes by the contract's ttl, also when that is changed" {
	local before after verdicts=()
	record $label $((exported + 700)) REMOVE "\"Keys\":$(keys_of "$(order 1 7 open)")" \
		'"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}'
	orders orders 2:8:shipped 1:9:open
	orders open_orders 1:9:open
	for before in keep delete; do
		after=$([ $before = keep ] && echo delete || echo keep)
		for policy in $before $after; do
			contract
			sed -i "s/delta: open_orders/&\n    ttl: $policy/" "$dir/contract.yaml"
			reconcile "$dir"
		done
		verdicts+=("$(lake open_orders .verdict)")
		rm -r "$dir/.lakeproof"
		reconcile "$dir"
		[ "${verdicts[-1]}" = "$(lake open_orders .verdict)" ]
		rm -r "$dir/.lakeproof"
	done
	[ "${verdicts[*]}" = "PASS UNKNOWN" ]
}

@test "what is extracted for a column of texts is a text, whatever it looks like" {
	change $((exported + 700)) INSERT "$(customer eve Eve)"
	change $((exported + 701)) INSERT "$(customer 007 James)"
	change $((exported + 702)) INSERT "$(customer 7 Seven)"
	customers 1:Ada 2:Bea eve:Eve 007:James 7:Seven
	reconcile "$dir"
	[ "$(field .verdict)" = PASS ]
	customers 01:Ada 2.0:Bea eve:Eve 007:James 7:Seven
	reconcile "$dir"
	[ "$status" -eq 1 ] && [ "$(found)" = "row.missing row.phantom" ]
}

@test "a known finding is of one lake" {
	customers 1:Ada 2:Bob
	orders orders 1:7:open 2:8:lost 1:9:open
	reconcile "$dir" --findings all
	[ "$status" -eq 1 ]
	jq -c '.lakes[] | .name as $lake | .findings[] | select(.digest) |
		{lake: $lake, id, key, digest, until: "2999-12-31", why: "being mended"}' <<<"$json" >"$dir/known.jsonl"
	[ "$(wc -l <"$dir/known.jsonl")" -eq 2 ]
	contract 'accept: known.jsonl'
	reconcile "$dir"
	[ "$status" -eq 0 ] && [ "$(found)" = "row.differs row.stale" ]
	[ "$(lake customers .counts.different)" -eq 1 ] && [ "$(lake orders .counts.different)" -eq 1 ]
	sed -i 's/"lake":"customers"/"lake":"custom"/' "$dir/known.jsonl"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ] && [[ $output == *"no lake 'custom'"* ]]
	sed -i 's/"lake":"custom",//' "$dir/known.jsonl"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -eq 64 ] && [[ $output == *"there is no 'lake'"* ]]
}

@test "a file that grew is read anew by the lake whose rules changed, and grew for the others" {
	reconcile "$dir"
	sed -i 's/{attribute: state, eq: open}/{attribute: state, in: [open, lost]}/' "$dir/contract.yaml"
	change $((exported + 700)) MODIFY "$(order 1 7 lost)" "$(order 1 7 open)"
	orders orders 1:7:lost 2:8:shipped 1:9:open
	orders open_orders 1:7:lost 1:9:open
	reconcile "$dir"
	[ "$status" -eq 0 ] && [ "$(found)" = "" ]
}

lake_of() { # DIR ENTITY: its table
	"$PIPELINE" --quiet --table "$1/lakes/$2" --columns "$1/columns/$2.txt" --export "$1"/AWSDynamoDB/*-* --events "$1/events"
}

@test "entities have a contract of one table each, and the pipeline makes those tables" {
	dir="$BATS_TEST_TMPDIR/shop"
	generate "$dir" --preset single-table --items 900 --changes 900
	for name in customer order address product; do
		lake_of "$dir" "$name"
	done
	run "$LAKEPROOF" check "$dir/contract-lakes.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	status=0
	json=$("$LAKEPROOF" reconcile "$dir/contract-lakes.yaml" --quiet --format json) || status=$?
	field '.verdict, .reasons[]'
	[ "$(field .verdict)" = PASS ]
	[ "$(field '[.lakes[].counts.equal] | add')" -eq \
		"$(sqlite3 "$dir/truth.sqlite" "SELECT value FROM counts WHERE name = 'live'")" ]
	[ "$(field '.findings_by_id["item.unrouted"] // 0')" -eq 0 ]
	# A table that took too little shows in itself alone.
	rm -rf "$dir/lakes/order"
	sed -i 's/^\$only sk ORDER#\*/$only sk ORDER#0000000002*/' "$dir/columns/order.txt"
	lake_of "$dir" order
	status=0
	json=$("$LAKEPROOF" reconcile "$dir/contract-lakes.yaml" --quiet --format json) || status=$?
	[ "$(field '[.lakes[] | .name + " " + .verdict] | join(", ")')" = \
		"customer PASS, order FAIL, address PASS, product PASS" ]
	# One entity, one table.
	generate "$BATS_TEST_TMPDIR/single" --items 5 --changes 5
	[ ! -e "$BATS_TEST_TMPDIR/single/contract-lakes.yaml" ]
}
