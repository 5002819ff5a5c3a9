#!/usr/bin/env bats
# `lakeproof init`: the contract that it writes loads and passes its check on whatever it was made from; what is in doubt
# is marked, and left out of what is compared rather than guessed.

load helper
load by_hand

setup() {
	dir=$BATS_TEST_TMPDIR
}

# init [OPTION...] SOURCE...: a contract into $dir/contract.yaml; what it says into $output.
init() {
	run "$LAKEPROOF" init --output "$dir/contract.yaml" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	cat "$dir/contract.yaml"
}

check() { # the contract: it must find nothing
	run "$LAKEPROOF" check "$dir/contract.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	if grep -q '^problem' <<<"$output"; then return 1; fi
}

has() { # LINE: a fixed string in the contract
	grep -qF -- "$1" "$dir/contract.yaml"
}

lacks() { # LINE: `! has` alone would not fail a test
	if has "$1"; then return 1; fi
}

judge() { # VERDICT
	reconcile "$dir"
	field '.verdict, .reasons[]'
	[ "$(field .verdict)" = "$1" ]
}

@test "every preset, with its lake: it is checked without a problem, and proves the lake as it is" {
	for preset in orders single-table kitchen-sink wide hot large-items; do
		dir=$BATS_TEST_TMPDIR/$preset
		generate "$dir" --preset $preset --items 400 --changes 400
		pipe "$dir"
		rm "$dir/contract.yaml"
		init --lake "$dir/lake" "$dir/AWSDynamoDB" "$dir/events"
		check
		judge PASS
		[ "$(field .counts.unproven)" -eq 0 ]
	done
}

@test "every format of changes and exports, without a lake" {
	for options in "--format streams" "--format lambda" "--format pipes" "--format concatenated" "--format kinesis" \
		"--format kinesis-ms" "--format kinesis-lambda" "--format kinesis-pipes" "--format kinesis-base64" \
		"--format firehose --gzip" "--export-format ion" "--incremental 3" "--wild" "--key id:B"; do
		dir=$BATS_TEST_TMPDIR/${options// /}
		# shellcheck disable=SC2086
		generate "$dir" --items 200 --changes 300 $options
		rm "$dir/contract.yaml"
		init "$dir/AWSDynamoDB" "$dir/events"
		check
		has '- {export: AWSDynamoDB}'
		has '- {events: events}'
		# The key is told by the changes, not guessed.
		lacks 'items do not tell'
	done
	has '- {attribute: id, type: B}'
}

@test "every preset alone, and changes alone" {
	for preset in orders single-table kitchen-sink wide hot large-items; do
		dir=$BATS_TEST_TMPDIR/$preset
		generate "$dir" --preset $preset --items 200 --changes 200
		rm "$dir/contract.yaml"
		init "$dir/AWSDynamoDB"
		check
		has 'items do not tell their key'
		rm "$dir/contract.yaml"
		init "$dir/events"
		check
		has 'add a full export, or baseline: empty'
		# What it proposes without a table loads too, once it is no comment.
		has 'no Delta table was given'
		awk '/no Delta table was given/ {on = 1; next} on {sub(/^# /, "")} {print}' "$dir/contract.yaml" |
			sed 's/^CHOOSE/# CHOOSE/' >"$dir/proposed.yaml"
		grep -q '^lakes\?:' "$dir/proposed.yaml"
		run "$LAKEPROOF" check "$dir/proposed.yaml"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == *'does not exist; give the folder that holds _delta_log'* ]]
	done
}

@test "a wild table with its lake" {
	generate "$dir" --wild --items 300 --changes 300
	pipe "$dir"
	rm "$dir/contract.yaml"
	init --lake "$dir/lake" "$dir/AWSDynamoDB" "$dir/events"
	check
	judge PASS
}

@test "dumps: EMR's lines, a scan's pages, an item a line" {
	mkdir "$dir/emr" "$dir/scan" "$dir/lines"
	: >"$dir/emr/empty" # EMR writes such files
	printf '{"id":{"s":"a"},"n":{"n":"1"},"ok":{"bOOL":true}}\n{"id":{"s":"b"},"n":{"n":"1"},"ok":{"bOOL":false}}\n' \
		>"$dir/emr/part-0"
	printf '{"Items":[{"id":{"S":"a"},"n":{"N":"1"}},{"id":{"S":"b"},"n":{"N":"1"}}],"Count":2,"ScannedCount":2}' \
		>"$dir/scan/page"
	printf '{"id":{"S":"a"},"n":{"N":"1"}}\n{"id":{"S":"b"},"n":{"N":"1"}}\n' >"$dir/lines/items.jsonl"
	for dump in emr scan lines; do
		init --force "$dir/$dump"
		check
		has "- {items: $dump$(test $dump != emr || echo ', format: emr'), from: \"1970-01-01T00:00:00Z\", to: "
		lacks 'could not be read'
		has '- {attribute: id, type: S}'
		has 'CHOOSE: when did its reading begin and end?'
		has 'CHOOSE: items do not tell their key'
	done
}

shop() { # the items of a shop, exported
	local items=() one
	for one in 1 2 3 4 5 6; do
		items+=("{\"pk\":{\"S\":\"CUST#$one\"},\"sk\":{\"S\":\"PROFILE\"},\"name\":{\"S\":\"n$one\"}}")
		items+=("{\"pk\":{\"S\":\"CUST#$one\"},\"sk\":{\"S\":\"ORDER#70$one\"},\"total\":{\"N\":\"$one\"}}")
		items+=("{\"pk\":{\"S\":\"CUST#$one\"},\"sk\":{\"S\":\"ADDR#0$one\"},\"street\":{\"S\":\"s$one\"}}")
	done
	write_export "$dir" 1760003600 "${items[@]}"
	record 2025-10-09T08:00:00.000 1760003000 MODIFY "\"Keys\":{\"pk\":{\"S\":\"CUST#1\"},\"sk\":{\"S\":\"PROFILE\"}},\"NewImage\":${items[0]}"
	record 2025-10-09T08:00:00.000 1760004000 MODIFY "\"Keys\":{\"pk\":{\"S\":\"CUST#1\"},\"sk\":{\"S\":\"PROFILE\"}},\"NewImage\":${items[0]}"
}

# table NAME COLUMN-LINES ITEM...: a lake of exactly these rows.
table() {
	local export export_id name=$1
	printf '%b\n' "$2" >"$dir/columns.txt"
	shift 2
	rm -rf "$dir/$name" "$dir/aside"
	write_export "$dir/aside" 1760000000 "$@"
	"$PIPELINE" --quiet --table "$dir/$name" --columns "$dir/columns.txt" --export "$export"
}

@test "single-table design: a table of each kind is found, with its condition and its key" {
	local customers=() orders=() one
	shop
	for one in 1 2 3 4 5 6; do
		customers+=("{\"id\":{\"S\":\"$one\"},\"name\":{\"S\":\"n$one\"}}")
		orders+=("{\"customer\":{\"S\":\"$one\"},\"no\":{\"N\":\"70$one\"},\"total\":{\"N\":\"$one\"}}")
	done
	table lakes/customers 'id string id key\nname string name' "${customers[@]}"
	table lakes/orders 'customer_id string customer key\norder_no bigint no key\ntotal bigint total' "${orders[@]}"
	init --lake "$dir/lakes" "$dir/AWSDynamoDB" "$dir/events"
	has 'where: {attribute: sk, eq: "PROFILE"}'
	has 'where: {attribute: sk, begins_with: "ORDER#"}'
	has '- {column: id, attribute: pk, extract: "^CUST#(.+)$"}'
	has '- {column: customer_id, attribute: pk, extract: "^CUST#(.+)$"}'
	has '- {column: order_no, attribute: sk, extract: "^ORDER#(.+)$"}'
	has 'CHOOSE: no table takes the items of kind addr'
	check
	judge PASS
	[ "$(field '[.lakes[] | .counts.equal] | add')" -eq 12 ]
}

@test "single-table design without a table: one is proposed for each kind, as a comment" {
	shop
	init "$dir/AWSDynamoDB" "$dir/events"
	has '#   - name: addr'
	has '#     where: {attribute: sk, begins_with: "ADDR#"}'
	has '#       - {column: cust_id, attribute: pk, extract: "^CUST#(.+)$"}'
	check
}

@test "single-table design: tables that hold the keys as they are get their kind by their rows" {
	local one
	generate "$dir" --preset single-table --items 600 --changes 600
	for one in customer order address product; do
		"$PIPELINE" --quiet --table "$dir/lakes/$one" --columns "$dir/columns/$one.txt" \
			--export "$dir"/AWSDynamoDB/*-* --events "$dir/events"
	done
	rm "$dir/contract.yaml"
	init --lake "$dir/lakes" "$dir/AWSDynamoDB" "$dir/events"
	has 'where: {attribute: sk, begins_with: "SKU#"}'
	has 'where: {attribute: sk, eq: "PROFILE"}'
	lacks '    key:'
	[ "$(grep -c 'CHOOSE: TTL' "$dir/contract.yaml")" -eq 1 ]
	# The name of one says the same as its rows.
	[ "$(grep -c 'is it for no other' "$dir/contract.yaml")" -lt 4 ]
	check
	judge PASS
	[ "$(field '.findings_by_id["item.unrouted"] // 0')" -eq 0 ]
}

@test "columns by snake case, by path and by the last part of it; times, JSON, the whole item" {
	local item='{"id":{"S":"a1"},"orderTotal":{"N":"7"},"user":{"M":{"address":{"M":{"city":{"S":"Lyon"}}}}},
		"more":{"M":{"zip":{"S":"69"}}},"at":{"N":"1760000000123"},"lines":{"L":[{"N":"1"}]}}'
	item=$(jq -c . <<<"$item")
	write_export "$dir" 1760003600 "$item"
	record 2025-10-09T08:00:00.000 1760004000 MODIFY "\"Keys\":{\"id\":{\"S\":\"a1\"}},\"NewImage\":$item"
	table lake 'id string id key\norder_total bigint t\nuser_address_city string c\nzip string z\nat timestamp ts\nlines string l\nitem string i' \
		"$(jq -cn --arg item "$(jq -c . <<<"$item")" '{id: {S: "a1"}, t: {N: "7"}, c: {S: "Lyon"}, z: {S: "69"},
			ts: {S: "2025-10-09T08:53:20.123Z"}, l: {S: "[1]"}, i: {S: $item}}')"
	init --lake "$dir/lake" "$dir/AWSDynamoDB" "$dir/events"
	has '- {column: order_total, attribute: orderTotal, type: bigint}'
	has '- {column: user_address_city, attribute: user.address.city, type: string}'
	has '- {column: zip, attribute: more.zip, type: string}'
	has '- {column: at, attribute: at, type: timestamp, from: epoch_ms}'
	has '- {column: lines, attribute: lines, type: string, as: json}'
	has '- {column: item, type: string, as: item_dynamodb_json}'
	check
}

@test "what is in doubt is not compared, and says so" {
	write_export "$dir" 1760003600 '{"id":{"S":"a1"},"home":{"M":{"city":{"S":"x"}}},"work":{"M":{"city":{"S":"y"}}},"n":{"S":"z"},"gone":{"S":"q"}}'
	record 2025-10-09T08:00:00.000 1760004000 MODIFY '"Keys":{"id":{"S":"a1"}},"NewImage":{"id":{"S":"a1"},"home":{"M":{"city":{"S":"x"}}},"work":{"M":{"city":{"S":"y"}}},"n":{"S":"z"},"gone":{"S":"q"}}'
	table lake 'id string id key\ncity string c\nn bigint nn\n_loaded string l\nis_deleted boolean d\nop string o\nother string x' \
		'{"id":{"S":"a1"},"c":{"S":"x"},"d":{"BOOL":false}}'
	init --lake "$dir/lake" "$dir/AWSDynamoDB" "$dir/events"
	has 'CHOOSE: "city": it may come from home.city or from work.city'
	has '# - {column: city, attribute: home.city, type: string}'
	has 'CHOOSE: "n": its values are texts, not all of which read as numbers'
	has 'CHOOSE: "op": it looks like the kind'
	has 'CHOOSE: "other": no attribute seen is called so'
	has 'deletes: {column: is_deleted}'
	has '    - _loaded'
	has '    - gone'
	[ "$(grep -c 'CHOOSE: ' "$dir/contract.yaml")" -ge 7 ]
	grep -q "^$(grep -c 'CHOOSE: ' "$dir/contract.yaml") choices to make" <<<"$output"
	grep -qF "$dir/contract.yaml:$(grep -n 'CHOOSE: "city"' "$dir/contract.yaml" | cut -d: -f1): \"city\"" <<<"$output"
	grep -qF "next: decide, then lakeproof check $dir/contract.yaml" <<<"$output"
	run "$LAKEPROOF" check "$dir/contract.yaml"
	[ "$status" -eq 1 ]
	[[ "$output" == *"table column 'city' is neither mapped nor ignored"* ]]
	reconcile "$dir"
	[ "$(field .verdict)" != PASS ]
}

@test "values show on a terminal or when asked for; data ends no line" {
	local value=$'secret\xe2\x80\xa8: ${HOME}'
	write_export "$dir" 1760003600 "{\"id\":{\"S\":\"a\"},\"odd\\nlake: {\":{\"S\":\"$value\"},\"\${HOME}\":{\"S\":\"1\"}}"
	record 2025-10-09T08:00:00.000 1760004000 MODIFY "\"Keys\":{\"id\":{\"S\":\"a\"}},\"NewImage\":{\"id\":{\"S\":\"a\"}}"
	table lake 'id string id key\nv string v' '{"id":{"S":"a"},"v":{"S":"b"}}'
	init --lake "$dir/lake" "$dir/AWSDynamoDB" "$dir/events"
	lacks secret
	has 'string(16)'
	has '- "odd\u000alake: {"'
	has '- "$${HOME}"'
	run "$LAKEPROOF" check "$dir/contract.yaml"
	[[ "$output" != *attribute* ]]
	init --force --values full --lake "$dir/lake" "$dir/AWSDynamoDB" "$dir/events"
	has 'secret\u2028: '
}

@test "a file that is there stays, but for --force; - is stdout" {
	shop
	echo mine >"$dir/contract.yaml"
	run "$LAKEPROOF" init --output "$dir/contract.yaml" "$dir/AWSDynamoDB"
	[ "$status" -eq 64 ]
	[[ "$output" == *"is there already; --force replaces it"* ]]
	[ "$(cat "$dir/contract.yaml")" = mine ]
	init --force "$dir/AWSDynamoDB"
	(cd "$dir" && "$LAKEPROOF" init --output - AWSDynamoDB 2>"$dir/said" >"$dir/shown")
	cmp "$dir/shown" "$dir/contract.yaml"
	grep -q 'CHOOSE' "$dir/said"
	[ "$(ls -A "$dir" | sort | tr '\n' ' ')" = "AWSDynamoDB contract.yaml events said shown " ]
}

@test "paths are relative to the contract, or absolute where they are elsewhere" {
	shop
	mkdir "$dir/sub"
	run "$LAKEPROOF" init --output "$dir/sub/contract.yaml" "$dir/AWSDynamoDB"
	grep -qF -- "- {export: $(realpath "$dir")/AWSDynamoDB}" "$dir/sub/contract.yaml" ||
		grep -qF -- "- {export: \"$(realpath "$dir")/AWSDynamoDB\"}" "$dir/sub/contract.yaml"
	run "$LAKEPROOF" check "$dir/sub/contract.yaml"
	[ "$status" -eq 0 ]
	(cd "$dir/sub" && "$LAKEPROOF" init --output ../contract.yaml ../AWSDynamoDB)
	has '- {export: AWSDynamoDB}'
}

@test "what is nothing of the kind is told" {
	run "$LAKEPROOF" init
	[ "$status" -eq 64 ]
	mkdir "$dir/empty"
	run "$LAKEPROOF" init --output "$dir/contract.yaml" "$dir/empty"
	[ "$status" -eq 65 ]
	[[ "$output" == *"is no export (no manifest-summary.json), and neither change records nor items are in it"* ]]
	[[ "$output" == *"write \`rows:\` by hand"* ]]
	echo '{"a":1}' >"$dir/other.json"
	run "$LAKEPROOF" init --output "$dir/contract.yaml" "$dir/other.json"
	[ "$status" -eq 65 ]
	shop
	run "$LAKEPROOF" init --output "$dir/contract.yaml" --lake "$dir/empty" "$dir/AWSDynamoDB"
	[ "$status" -eq 65 ]
	[ ! -e "$dir/contract.yaml" ]
}

@test "the JSON Schema is the documented one, and named where it lies beside the contract" {
	"$LAKEPROOF" init --schema >"$dir/contract.schema.json"
	cmp "$dir/contract.schema.json" "$BATS_TEST_DIRNAME/../../docs/contract.schema.json"
	shop
	init "$dir/AWSDynamoDB"
	has '# yaml-language-server: $schema=contract.schema.json'
	rm "$dir/contract.schema.json"
	init --force "$dir/AWSDynamoDB"
	lacks 'yaml-language-server'
	check
}
