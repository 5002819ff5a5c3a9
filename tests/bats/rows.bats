#!/usr/bin/env bats
# Sources that are rows of fields: JSON lines of a Lambda, CSV as DMS writes it, rows polled by a field that grows, and
# dumps of items. Each passes intact, and then with one thing wrong says exactly that.

load helper
load by_hand

begun=1760000000

setup() {
	dir=$BATS_TEST_TMPDIR/table
	mkdir -p "$dir/rows"
	policy=
	printf '%s\n' 'pk string pk key' 'v string v' 'n decimal(20,2) n' 'ok boolean ok' 'bin binary bin' \
		'tags array<string> tags' >"$dir/columns.txt"
}

item() { # KEY V N [MORE]
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"n":{"N":"%s"}%s}' "$1" "$2" "$3" "${4:+,$4}"
}

# contract SOURCE [SOURCE...]: each in braces; $policy are further lines.
contract() {
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
			    - {column: ok, attribute: ok, type: boolean}
			    - {column: bin, attribute: bin, type: binary}
			    - {column: tags, attribute: tags, type: "array<string>", unordered: true}
			$policy
		END
	} >"$dir/contract.yaml"
}

# ---- rows of a Lambda

flat() { # SECONDS NAME DATA [ID]
	printf '{"event_id":"%s","event_name":"%s","event_time":%s,"data":%s}\n' "${4:-e$((++events))}" "$2" "$1" "$3" \
		>>"$dir/rows/1.json"
}

flat_history() {
	events=0
	flat $begun INSERT '{"pk":"a","v":"1","n":1}'
	flat $((begun + 10)) INSERT '{"pk":"b","v":"1","n":1}'
	flat $((begun + 20)) MODIFY '{"pk":"a","v":"2","n":1.50,"ok":true,"bin":"AQI=","tags":["y","x"]}'
	flat $((begun + 30)) REMOVE '{"pk":"b"}'
	flat $((begun + 40)) INSERT '{"pk":"c","v":"x","n":1e3,"u":null}'
}

flat_lake() {
	write_lake "$(item a 2 1.5 '"ok":{"BOOL":true},"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')" "$(item c x 1000)" "$@"
}

@test "rows of a Lambda prove the lake as landed" {
	flat_history
	flat_lake
	contract 'rows: rows, preset: flat'
	finds PASS ""
	[[ "$(field .scope)" == "against the landing zone only"* ]]
}

@test "rows of a Lambda: what the lake did not follow shows" {
	flat_history
	contract 'rows: rows, preset: flat'
	write_lake "$(item a 1 1)" "$(item c x 1000)"
	finds FAIL row.stale
	write_lake "$(item a 2 1.5 '"ok":{"BOOL":true},"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')"
	finds FAIL row.missing
	flat_lake "$(item b 1 1)"
	finds FAIL row.zombie
	write_lake "$(item a 2 1.5 '"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')" "$(item c x 1000)"
	finds FAIL row.differs
	[ "$(field '.findings[] | select(.id == "row.differs") | .columns[0].column')" = ok ]
}

@test "rows of a Lambda: a change that did not land shows, twice or late does not" {
	flat_history
	flat_lake
	contract 'rows: rows, preset: flat'
	shuf --random-source=/dev/zero "$dir/rows/1.json" >"$dir/rows/2.json"
	finds PASS ""
	rm "$dir/rows/2.json"
	sed -i '/MODIFY/d' "$dir/rows/1.json"
	finds_fresh FAIL row.differs
	flat $((begun + 50)) INSERT '{"pk":"a","v":"2","n":1.50,"ok":true,"bin":"AQI=","tags":["y","x"]}'
	finds_fresh UNKNOWN chain.broken
}

@test "two changes of one second have no order" {
	flat_history
	flat $((begun + 50)) MODIFY '{"pk":"c","v":"y","n":1}'
	flat $((begun + 50)) MODIFY '{"pk":"c","v":"z","n":1}'
	contract 'rows: rows, preset: flat'
	write_lake "$(item a 2 1.5 '"ok":{"BOOL":true},"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')" "$(item c z 1)"
	finds UNKNOWN order.ambiguous
	sed -i 's/"event_id":"e\(.\)"/"event_id":"e\1","n":\1/' "$dir/rows/1.json"
	contract 'rows: rows, preset: flat, sequence: n'
	finds_fresh PASS ""
}

@test "what a row says is what its columns tell, no more" {
	# One item by two names of its types: 1 and "1".
	flat $begun INSERT '{"pk":"a","v":"1","n":"1.50"}'
	flat_lake
	write_lake "$(item a 1 1.5)"
	contract 'rows: rows, preset: flat'
	finds PASS ""
	# A value that its column cannot hold is equal to no row.
	rm "$dir/rows/1.json"
	flat $begun INSERT '{"pk":"a","v":"1","n":1.501}'
	finds_fresh FAIL "row.differs value.precision_lost"
	rm "$dir/rows/1.json"
	flat $begun INSERT '{"pk":"a","v":"1","n":"one"}'
	finds_fresh FAIL "row.differs value.precision_lost"
	rm "$dir/rows/1.json"
	flat $begun INSERT '{"pk":"a","v":"1","n":1.5,"tags":7}'
	finds_fresh FAIL "row.differs value.precision_lost"
}

@test "an export and rows of a Lambda beside it" {
	write_export "$dir" $((begun + 1000)) "$(item a 2 1.5)" "$(item c x 1000)"
	flat $begun INSERT '{"pk":"a","v":"2","n":1.5}'
	flat $((begun + 1)) INSERT '{"pk":"c","v":"x","n":1000}'
	flat $((begun + 2000)) MODIFY '{"pk":"c","v":"y","n":1000}'
	contract 'rows: rows, preset: flat' "export: ${export#"$dir"/}"
	write_lake "$(item a 2 1.5)" "$(item c y 1000)"
	finds PASS ""
	flat $((begun + 1999)) MODIFY '{"pk":"a","v":"3","n":1.5}'
	finds_fresh FAIL row.stale
	# Images are told apart by what the columns say of them alone.
	sed -i '$d' "$dir/rows/1.json"
	write_export "$dir" $((begun + 1000)) "$(item a 2 1.5 '"other":{"S":"x"}')" "$(item c z 1000)"
	finds_fresh UNKNOWN "attribute.unmapped overlap.contradiction"
}

@test "a sequence that begins anew orders nothing" {
	for file in 1 2; do
		printf 'op,ts,seq,pk,v\nput,%d,%d,a,%s\n' $((begun + 1000 * file)) $((10 - file * 4)) "$file" >"$dir/rows/$file.csv"
	done
	contract "rows: rows, sequence: seq, stamp: {field: ts, from: epoch_s}, operation: {field: op, put: [put]}"
	write_lake '{"pk":{"S":"a"},"v":{"S":"1"}}'
	finds UNKNOWN order.ambiguous
	write_lake '{"pk":{"S":"a"},"v":{"S":"2"}}'
	finds UNKNOWN order.ambiguous
	sed -i "s/,6,a/,1,a/" "$dir/rows/1.csv"
	finds_fresh PASS ""
}

# ---- CSV, as DMS writes it

dms_names='names: [Op, ts, pk, v, n, ok, bin, tags]'

dms_history() {
	cat >"$dir/rows/20251009-085320123.csv" <<-'END'
		I,2025-10-09 08:53:20.000000,a,1,1,NULL,NULL,NULL
		I,2025-10-09 08:53:21.000000,b,1,1,NULL,NULL,NULL
		U,2025-10-09 08:53:22.000000,a,"x, ""y""
		z",1.50,true,AQI=,"[""x"",""y""]"
		D,2025-10-09 08:53:23.000000,b,1,1,NULL,NULL,NULL
		I,2025-10-09 08:53:24.000000,c,,1e3,NULL,NULL,NULL
	END
	contract "rows: rows, preset: dms, $dms_names, stamp: {field: ts}"
}

dms_lake() {
	write_lake "$(item a 'x, \"y\"\nz' 1.5 '"ok":{"BOOL":true},"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')" \
		"$(item c '' 1000)" "$@"
}

@test "CSV as DMS writes it, quotes and line breaks in it" {
	dms_history
	dms_lake
	finds PASS ""
	run "$LAKEPROOF" check "$dir/contract.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"rows "*": 1 files"* ]]
	# With a mark, CR LF, compressed, and with a header that says what the contract does.
	sed -i 's/$/\r/; 4s/\r$//; 3s/\r$//; 1s/^/Op,ts,pk,v,n,ok,bin,tags\n/' "$dir/rows/"*.csv
	sed -i '1s/^/\xef\xbb\xbf/' "$dir/rows/"*.csv
	gzip "$dir/rows/"*.csv
	finds_fresh PASS ""
}

@test "CSV as DMS writes it: what the lake did not follow shows" {
	dms_history
	write_lake "$(item a 1 1)" "$(item c '' 1000)"
	finds FAIL row.stale
	dms_lake "$(item b 1 1)"
	finds FAIL row.zombie
	write_lake "$(item a 'x, \"y\" z' 1.5 '"ok":{"BOOL":true},"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')" "$(item c '' 1000)"
	finds FAIL row.differs
	write_lake "$(item a 'x, \"y\"\nz' 1.5 '"ok":{"BOOL":true},"bin":{"B":"AQI="},"tags":{"SS":["x","y"]}')" \
		'{"pk":{"S":"c"},"n":{"N":"1000"}}'
	finds FAIL row.differs
}

@test "the row of a delete is what was before it" {
	dms_history
	dms_lake
	finds PASS ""
	# It does not bring the item back, and what it says is held to what the changes before it left.
	sed -i 's/^D,\(.*\),b,1,1/D,\1,b,9,1/' "$dir/rows/"*.csv
	finds_fresh UNKNOWN chain.broken
}

@test "a full load is a dump, and no file of changes" {
	dms_history
	dms_lake "$(item d 1 1)"
	printf 'd,1,1,NULL,NULL,NULL\na,1,1,NULL,NULL,NULL\n' >"$dir/rows/LOAD00000001.csv"
	finds UNKNOWN "record.unreadable state.unknown"
	[[ "$(field '.findings[] | select(.id == "record.unreadable") | .cause')" == *"full load"* ]]
	mkdir "$dir/load"
	mv "$dir/rows/LOAD00000001.csv" "$dir/load"
	sed -i '/^I,.*,a,/d' "$dir/rows/"*.csv
	contract "rows: rows, preset: dms, $dms_names, stamp: {field: ts}, from: \"$(at $((begun - 400)))\"" \
		"rows: load, preset: dms, names: [pk, v, n, ok, bin, tags], from: \"$(at $((begun - 300)))\", to: \"$(at $((begun - 200)))\", complete: true"
	finds_fresh PASS ""
	dms_lake
	finds FAIL row.missing
	dms_lake "$(item d 1 1)" "$(item e 1 1)"
	finds FAIL row.phantom
}

@test "a field is the attribute that the contract says, wherever it stands, and what it is besides" {
	printf '%s\n' 'pk string pk key' 'v string v' 'x string x' 'w string w' 'ts string ts' >"$dir/columns.txt"
	printf '%s\n' '{"pk":"a","x":"q","w":"1","ts":"2025-10-09T08:53:20Z"}' \
		'{"pk":"b","w":"2","x":"q","ts":"2025-10-09T08:53:20Z"}' >"$dir/rows/1.json"
	write_contract 'rows: rows, stamp: {field: ts}, fields: {v: w}'
	write_lake '{"pk":{"S":"a"},"v":{"S":"1"},"x":{"S":"q"},"ts":{"S":"2025-10-09T08:53:20Z"}}' \
		'{"pk":{"S":"b"},"v":{"S":"2"},"x":{"S":"q"},"ts":{"S":"2025-10-09T08:53:20Z"}}'
	finds PASS ""
	write_lake '{"pk":{"S":"a"},"w":{"S":"1"},"x":{"S":"q"},"ts":{"S":"2025-10-09T08:53:20Z"}}' \
		'{"pk":{"S":"b"},"v":{"S":"2"},"x":{"S":"q"}}'
	finds FAIL row.differs
	[ "$(field '.findings_by_id["row.differs"]')" = 2 ]
}

@test "a dump of items in CSV" {
	printf 'pk,v,n\na,1,1\nb,,2\n' >"$dir/rows/items.csv"
	contract "rows: rows, from: \"$(at $begun)\", to: \"$(at $((begun + 9)))\", complete: true"
	write_lake "$(item a 1 1)" '{"pk":{"S":"b"},"n":{"N":"2"}}'
	finds PASS ""
	write_lake "$(item a 1 1)"
	finds FAIL row.missing
	# A row that cannot be read may be that of any key.
	printf 'c,3\n' >>"$dir/rows/items.csv"
	write_lake "$(item a 1 1)" '{"pk":{"S":"b"},"n":{"N":"2"}}' "$(item c 1 1)"
	finds UNKNOWN "record.unreadable state.unknown"
	: >"$dir/rows/items.csv"
	finds UNKNOWN "export.unfinished state.unknown"
}

@test "a full load that was read as changes is refused once it is said to be one" {
	write_lake "$(item a 1 1)"
	printf 'I,2025-10-09 08:53:20.000000,a,1,1\n' >"$dir/rows/LOAD00000001.csv"
	names='names: [Op, ts, pk, v, n], stamp: {field: ts}'
	contract "rows: rows, $names, operation: {field: Op, insert: [I], modify: [U], delete: [D]}, null_text: \"NULL\", empty: text, delete_image: old"
	finds PASS ""
	contract "rows: rows, $names, preset: dms"
	finds UNKNOWN "coverage.hole record.unreadable state.unknown"
}

@test "a number in CSV is one to where and scope too" {
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	printf '%s\n' pk,v,n,ts a,1,7,2025-10-09T08:53:20Z b,1,3,2025-10-09T08:53:20Z >"$dir/rows/1.csv"
	lake_says='ignore_attributes: [n]'
	write_contract 'rows: rows, stamp: {field: ts}'
	sed -i 's/^  columns:/  where: {attribute: n, ge: 5}\n&/' "$dir/contract.yaml"
	write_lake "$(item a 1 7)"
	finds PASS item.unrouted
	[ "$(field '.findings_by_id["item.unrouted"]')" = 1 ]
	write_lake "$(item c 1 7)"
	finds FAIL "item.unrouted row.missing state.unknown"
	printf '%s\n' 'pk string pk key' 'v string v' 'n string n' >"$dir/columns.txt"
	printf '%s\n' pk,v,n,ts "a,1,$begun,$(at $begun)" "b,1,$((begun + 864000)),$(at $((begun + 864000)))" >"$dir/rows/1.csv"
	lake_says='scope: {attribute: n, unit: s, within: 5d}'
	write_contract 'rows: rows, stamp: {field: ts}'
	sed -i 's/^table: t/&\nas_of: 2025-10-20/' "$dir/contract.yaml"
	write_lake "$(item b 1 $((begun + 864000)))"
	finds_fresh PASS ""
}

# ---- polls

poll() { # SECONDS KEY V
	printf '%s,%s,1,%s\n' "$2" "$3" "$(at "$1")" >>"$dir/rows/1.csv"
}

poll_history() {
	printf 'pk,v,n,updated_at\n' >"$dir/rows/1.csv"
	poll $begun a 1
	poll $((begun + 60)) b 1
	poll $((begun + 120)) a 2
	policy='  ignore_attributes: [updated_at]'
	contract 'rows: rows, preset: poll, stamp: {field: updated_at}'
}

@test "what was polled proves the lake as landed, and says that deletes are not in it" {
	poll_history
	write_lake "$(item a 2 1)" "$(item b 1 1)"
	finds PASS ""
	[[ "$(field .scope)" == "against the landing zone only"*"deletes were not captured"* ]]
	write_lake "$(item a 1 1)" "$(item b 1 1)"
	finds FAIL row.stale
	write_lake "$(item a 2 1)"
	finds FAIL row.missing
	write_lake "$(item a 2 1)" "$(item b 1 1)" "$(item z 1 1)"
	finds UNKNOWN state.unknown
}

@test "what was polled never proves DynamoDB" {
	poll_history
	write_lake "$(item a 2 1)" "$(item b 1 1)" "$(item x 1 1)"
	write_export "$dir" $((begun + 60)) "$(item a 1 1)" "$(item b 1 1)" "$(item x 1 1)"
	for more in "" ", independent: true"; do
		contract "rows: rows, preset: poll, stamp: {field: updated_at}$more" "export: ${export#"$dir"/}"
		finds PASS ""
		[ "$(field .proved_through.dynamodb)" = "$(at "$begun" | sed s/.000Z/Z/)" ]
		sed -i 's/^table: t/table: t\nrequire: dynamodb/' "$dir/contract.yaml"
		finds UNKNOWN ""
		[[ "$(field '.reasons[]')" == *"require: dynamodb"* ]]
	done
}

@test "changes of which only the day is known do not show that the whole day was captured" {
	printf '%s\n' 'op,ts,pk,v,n' 'I,2025-10-10,b,1,1' 'U,2025-10-12,b,2,1' >"$dir/rows/1.csv"
	write_export "$dir" $((begun + 86400)) "$(item a 1 1)"
	write_lake "$(item a 1 1)" "$(item b 2 1)"
	operation='operation: {field: op, insert: [I], modify: [U], delete: [D]}'
	contract "rows: rows, $operation, stamp: {field: ts}" "export: ${export#"$dir"/}"
	finds UNKNOWN coverage.hole
	contract "rows: rows, $operation, stamp: {field: ts}, from: 2025-10-09" "export: ${export#"$dir"/}"
	finds PASS ""
	# All of one day.
	sed -i '/I,/d' "$dir/rows/1.csv"
	sed -i 's/^U/I/' "$dir/rows/1.csv"
	finds_fresh PASS ""
	contract "rows: rows, $operation, stamp: {field: ts}" "export: ${export#"$dir"/}"
	finds UNKNOWN coverage.hole
}

@test "an export within what was polled: an item that it lacks may be gone" {
	poll_history
	poll $((begun + 2000)) a 2
	write_export "$dir" $((begun + 60)) "$(item a 2 1)"
	contract 'rows: rows, preset: poll, stamp: {field: updated_at}' "export: ${export#"$dir"/}"
	write_lake "$(item a 2 1)" "$(item b 1 1)"
	finds UNKNOWN not_settled
	write_lake "$(item a 2 1)"
	finds UNKNOWN not_settled
}

# ---- what cannot be read

@test "a row that cannot be read is told, set aside, and proves nothing" {
	poll_history
	write_lake "$(item a 2 1)" "$(item b 1 1)"
	printf 'b,2\n' >>"$dir/rows/1.csv"
	finds UNKNOWN record.unreadable
	[[ "$(field '.findings[] | select(.id == "record.unreadable") | .cause')" == *"2 fields where there are 4 names"* ]]
	[ "$(field '.findings[] | select(.id == "record.unreadable") | .records[0].record')" = 3 ]
	[ "$(jq -r .offset "$dir"/.lakeproof/quarantine.jsonl)" = "$(head -n 4 "$dir/rows/1.csv" | wc -c)" ]
	[ "$(jq -r .raw "$dir"/.lakeproof/quarantine.jsonl | base64 -d)" = b,2 ]
}

@test "a row whose operation is not known proves nothing of its key" {
	flat_history
	flat_lake
	flat $((begun + 50)) UPSERT '{"pk":"a","v":"7","n":1}'
	contract 'rows: rows, preset: flat'
	finds UNKNOWN "record.unreadable state.unknown"
	[ "$(field .counts.unproven)" = 1 ]
}

@test "CSV given as JSON lines is refused, and the reverse" {
	poll_history
	write_lake "$(item a 2 1)" "$(item b 1 1)"
	contract 'rows: rows, format: jsonl, preset: poll, stamp: {field: updated_at}'
	finds UNKNOWN "coverage.hole record.unreadable state.unknown"
	[[ "$(field '.findings[] | select(.id == "record.unreadable") | .cause')" == *"perhaps CSV"* ]]
	rm "$dir/rows/1.csv"
	flat_history
	contract 'rows: rows, format: csv, preset: flat'
	finds UNKNOWN "coverage.hole record.unreadable source.gone state.unknown"
}

@test "explain shows the row that decided" {
	dms_history
	dms_lake
	finds PASS ""
	run "$LAKEPROOF" explain "$dir/contract.yaml" pk=a --values full
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"20251009-085320123.csv"* ]]
	[[ "$output" == *"x, "*"y"* ]]
}

@test "several lakes of rows, and what none of them takes" {
	flat $begun INSERT '{"pk":"a#1","v":"1","n":"1.0"}'
	flat $((begun + 1)) INSERT '{"pk":"b#1","v":"1","n":2}'
	flat $((begun + 2)) INSERT '{"pk":"c#1","v":"1","n":3}'
	flat $((begun + 3)) MODIFY '{"pk":"c#1","v":"2","n":3}'
	write_export "$dir" $((begun - 1000)) "$(item c#0 1 1)"
	(
		printf 'version: 1\ntable: t\nkey:\n  - {attribute: pk, type: S}\nsources:\n  - {rows: rows, preset: flat, from: "%s"}\n' "$(at $((begun - 2000)))"
		printf '  - {export: "%s"}\nallow: {item.unrouted: 9}\nlakes:\n' "${export#"$dir"/}"
		for name in a b; do
			cat <<-END
				  - name: $name
				    delta: lake-$name
				    where: {attribute: pk, begins_with: "$name#"}
				    columns:
				      - {column: pk, attribute: pk, type: string}
				      - {column: v, attribute: v, type: string}
				      - {column: n, attribute: n, type: "decimal(20,2)"}
				    ignore: [ok, bin, tags]
			END
		done
	) >"$dir/contract.yaml"
	write_lake "$(item a#1 1 1)"
	mv "$dir/lake" "$dir/lake-a"
	write_lake "$(item b#1 1 2)"
	mv "$dir/lake" "$dir/lake-b"
	reconcile "$dir"
	echo "$json"
	[ "$(field .verdict)" = PASS ]
	[ "$(field '.findings_by_id["item.unrouted"]')" = 2 ]
	flat $((begun + 4)) MODIFY '{"pk":"b#1","v":"2","n":2}'
	reconcile "$dir"
	[ "$(field '.lakes | map(.verdict) | join(" ")')" = "PASS FAIL" ]
}
