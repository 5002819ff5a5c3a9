#!/usr/bin/env bats
# What readers set aside is listed with its bytes, so that it can be mended and delivered again; a contract may allow
# some of it, but not what it leaves unproven.

load helper
load by_hand

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

change() { # SECONDS KEY V
	record 2025-10-09T08:00:00.000 "$1" INSERT "\"Keys\":{\"pk\":{\"S\":\"$2\"}},\"NewImage\":$(item "$2" "$3")"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_export "$dir" 1760000000 "$(item a A)"
	write_contract "export: \"AWSDynamoDB/$export_id\"" "events: events, from: 2025-10-09T08:00:00Z"
	change 1760000200 b B
	change 1760000201 c C
	change 1760000202 d D
	write_lake "$(item a A)" "$(item b B)" "$(item c C)" "$(item d D)"
	events=$dir/events/records.jsonl
	list=$dir/.lakeproof/quarantine.jsonl
}

@test "nothing set aside, nothing listed" {
	mkdir -p "$dir/.lakeproof"
	echo old >"$list"
	reconcile "$dir"
	[ "$status" -eq 0 ]
	[ ! -e "$list" ]
	[ "$(field .quarantine)" = null ]
}

@test "a record of a known key, and one of none, are listed with reason and bytes" {
	sed -i '2s/{"S":"C"}/{"X":"C"}/; 3s/"Keys"/"Kees"/' "$events"
	printf '%s\n' '{"broken":' >>"$events"
	reconcile "$dir"
	[ "$status" -eq 2 ]
	[ "$(field '.quarantine | .file, .records' | tr '\n' ' ')" = "$list 3 " ]
	[ "$(wc -l <"$list")" -eq 3 ]
	[ "$(stat -c %a "$list")" = 600 ]
	[ "$(jq -r '.record' "$list" | tr '\n' ' ')" = "1 2 3 " ]
	for line in 2 3; do
		jq -r "select(.record == $line - 1).raw" "$list" | base64 -d >"$dir/raw"
		cmp "$dir/raw" <(sed -n ${line}p "$events" | tr -d '\n')
		[ "$(jq -r "select(.record == $line - 1).size" "$list")" -eq "$(stat -c %s "$dir/raw")" ]
	done
	jq -r 'select(.record == 3).raw' "$list" | base64 -d | grep -q '{"broken":'
	[[ "$(jq -r 'select(.record == 1).reasons[]' "$list")" == "new image: unknown type tag: v: 'X'" ]]
	[ "$(jq -r 'select(.record == 1).file' "$list")" = "$events" ]
}

@test "the list is the same when nothing is read again, by merge too, and where --quarantine says" {
	sed -i '2s/{"S":"C"}/{"X":"C"}/' "$events"
	gzip "$events"
	reconcile "$dir"
	cp "$list" "$dir/first"
	reconcile "$dir"
	cmp "$list" "$dir/first"
	run "$LAKEPROOF" merge "$dir/contract.yaml" --quiet --quarantine "$dir/here.jsonl"
	echo "$output"
	[[ "$output" == *"set aside: 1 records, listed with their bytes in $dir/here.jsonl"* ]]
	cmp "$dir/here.jsonl" "$dir/first"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet --quarantine "$dir/no/such/folder"
	[ "$status" -eq 74 ]
}

@test "a long record is cut, and says so" {
	long=$(head -c 70000 /dev/zero | tr '\0' x)
	record 2025-10-09T08:00:00.000 1760000203 INSERT "\"Keys\":{\"pk\":{\"S\":\"e\"}},\"NewImage\":{\"v\":{\"X\":\"$long\"}}"
	reconcile "$dir"
	[ "$(jq -r '[.cut, (.size > 70000)] | all' "$list")" = true ]
	[ "$(jq -r .raw "$list" | base64 -d | wc -c)" -eq 65536 ]
	cmp <(jq -r .raw "$list" | base64 -d) <(sed -n 4p "$events" | head -c 65536)
}

@test "with sensitive values there is a hash in place of the bytes" {
	sed -i 's/attribute: v, /&sensitive: true, /' "$dir/contract.yaml"
	sed -i '2s/{"S":"C"}/{"X":"secret"}/' "$events"
	reconcile "$dir"
	cat "$list"
	[ "$(jq -r '.raw // "none", (.hash | startswith("hmac:"))' "$list" | tr '\n' ' ')" = "none true " ]
	[ "$(grep -c secret "$list")" -eq 0 ]
}

@test "the contract may allow some; the keys they leave unproven are allowed apart" {
	sed -i '2s/{"S":"C"}/{"X":"C"}/' "$events"
	reconcile "$dir"
	[ "$status" -eq 2 ]
	[ "$(field .counts.unproven)" -eq 1 ]
	printf 'allow: {record.unreadable: 1}\n' >>"$dir/contract.yaml"
	reconcile "$dir"
	[ "$status" -eq 2 ]
	[ "$(field '.reasons | join(";")')" = "1 key unproven (image unknown: 1, unreadable records: 1)" ]
	sed -i 's/^allow.*/allow: {record.unreadable: 1, unproven: 1}/' "$dir/contract.yaml"
	reconcile "$dir"
	[ "$status" -eq 0 ]
	sed -i 's/^allow.*/allow: {record.unreadable: 20%, unproven: 1}/' "$dir/contract.yaml"
	reconcile "$dir"
	[ "$status" -eq 0 ]
	sed -i 's/^allow.*/allow: {record.unreadable: 19%, unproven: 1}/' "$dir/contract.yaml"
	reconcile "$dir"
	[ "$status" -eq 2 ]
}

@test "a record of no known key leaves all keys unproven, whatever is allowed of records" {
	sed -i '3s/"Keys"/"Kees"/' "$events"
	printf 'allow: {record.unreadable: 100%%, unproven: 3}\n' >>"$dir/contract.yaml"
	reconcile "$dir"
	echo "$(field -c '.reasons, .counts')"
	[ "$status" -eq 2 ]
	[ "$(field .counts.unproven)" -eq 4 ]
}

@test "lakes have one list of all their records, each told once" {
	sed -i '2s/{"S":"C"}/{"X":"C"}/; 3s/"Keys"/"Kees"/' "$events"
	cp -r "$dir/lake" "$dir/other"
	sed -i '/^lake:/,$d' "$dir/contract.yaml"
	cat >>"$dir/contract.yaml" <<-END
		lakes:
		  - {name: one, delta: lake, where: {attribute: pk, begins_with: c}, columns: [{column: pk, attribute: pk, type: string}, {column: v, attribute: v, type: string}]}
		  - {name: two, delta: other, where: {attribute: pk, begins_with: b}, columns: [{column: pk, attribute: pk, type: string}, {column: v, attribute: v, type: string}]}
	END
	reconcile "$dir" --quarantine "$dir/mine.jsonl"
	[ "$(field '.quarantine | .file, .records' | tr '\n' ' ')" = "$dir/mine.jsonl 2 " ]
	[ "$(jq -c '[.record, (.reasons | length)]' "$dir/mine.jsonl" | tr '\n' ' ')" = "[1,1] [2,1] " ]
	reconcile "$dir"
	[ "$(field .quarantine.file)" = "$list" ]
	cmp "$list" "$dir/mine.jsonl"
	rm "$list"
	run "$LAKEPROOF" merge "$dir/contract.yaml" --quiet
	[ "$status" -eq 0 ]
	[[ "$output" == *"set aside: 2 records"* ]]
	cmp "$list" "$dir/mine.jsonl"
	[ "$(find "$dir/.lakeproof" -name 'quarantine*' | wc -l)" -eq 1 ]
}
