#!/usr/bin/env bats
# Shapes of tables other than one row an item: a column that holds the last operation. Lakes are written by hand: items
# that have an attribute for each column.

load helper
load by_hand

exported=1760003600
label=2025-10-09T08:00:00.000

item() { # KEY V
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"}}' "$1" "$2"
}

change() { # SECONDS NAME KEY [NEW [OLD]]: to the events, "" for a side that is not there
	local members="\"Keys\":{\"pk\":{\"S\":\"$3\"}}"
	[ -z "$4" ] || members+=",\"NewImage\":$(item "$3" "$4")"
	[ -z "$5" ] || members+=",\"OldImage\":$(item "$3" "$5")"
	record $label $((exported + $1)) "$2" "$members"
}

contract() { # the lake's part from standard input
	cat >"$dir/contract.yaml" <<-END
		version: 1
		table: t
		key:
		  - {attribute: pk, type: S}
		sources:
		  - {export: "AWSDynamoDB/$export_id"}
		  - {events: events}
	END
	cat >>"$dir/contract.yaml"
}

judged() { # VERDICT [IDS]: the lake is newer than what it was made of, as always
	reconcile "$dir"
	echo "exit $status, verdict $(field .verdict), ids $(ids): $(field '[.reasons, .counts, [.findings[].cause]]')"
	[ "$(field .verdict)" = "$1" ]
	[ "$(others)" = "$2" ]
}

setup() {
	dir=$BATS_TEST_TMPDIR
}

# ---- the last operation

row() { # KEY V OPERATION: of a lake whose rows stay for ever
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"op":{"S":"%s"}}' "$1" "$2" "$3"
}

operations() { # a is changed, b is deleted, c is deleted and comes back, d stays
	printf '%s\n' 'pk string pk key' 'v string v' 'op string op' >"$dir/columns.txt"
	write_export "$dir" "$exported" "$(item a A)" "$(item b B)" "$(item c C)" "$(item d D)"
	change -600 INSERT d D ""
	change 100 MODIFY a A2 A
	change 110 REMOVE b "" B
	change 120 REMOVE c "" C
	change 130 INSERT c C2 ""
	contract <<-END
		lake:
		  delta: lake
		  deletes: {column: op, when: [REMOVE, D]}
		  columns:
		    - {column: pk, attribute: pk, type: "string"}
		    - {column: v, attribute: v, type: "string"}
	END
}

@test "a row whose operation is a delete is one of a deleted item" {
	operations
	write_lake "$(row a A2 MODIFY)" "$(row b B REMOVE)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged PASS ""
	[ "$(field '.counts | [.equal, .deleted, .soft_deleted] | join(" ")')" = "3 1 1" ]
	run "$LAKEPROOF" count "$dir/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ "lake rows"\ +3\ +live ]]
	write_lake "$(row a A2 MODIFY)" "$(row b B D)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged PASS ""
}

@test "a delete that is not written as the contract says is none" {
	operations
	write_lake "$(row a A2 MODIFY)" "$(row b B remove)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged FAIL row.zombie
	write_lake "$(row a A2 MODIFY)" "$(row b B MODIFY)" "$(row c C2 INSERT)" "$(row d D READ)"
	judged FAIL row.zombie
}

@test "a live item whose row says it was deleted is a finding" {
	operations
	write_lake "$(row a A2 MODIFY)" "$(row b B REMOVE)" "$(row c C2 REMOVE)" "$(row d D READ)"
	judged FAIL row.differs
}

@test "a boolean column has no operations, and a text has no truth" {
	operations
	write_lake "$(row a A2 MODIFY)"
	sed -i 's/, when: \[REMOVE, D\]//' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" == *"column 'op' (lake.deletes) is not boolean; with 'when' it may be an operation"* ]]
	sed -i 's/column: op}/column: v, when: [D]}/; s/\(column: v, attribute: v\)/column: op, attribute: v/' "$dir/contract.yaml"
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	[ "$status" -ne 64 ]
}

# ---- events

events_contract() { # MORE of the lake
	contract <<-END
		lake:
		  delta: lake
		  shape: events
		  key: [{column: event_id, attribute: \$event_id}]
		  columns:
		    - {column: event_id, attribute: \$event_id, type: "string"}
		    - {column: op, attribute: \$operation, type: "string"}
		    - {column: at, attribute: \$time, from: epoch_s, type: "timestamp"}
		    - {column: pk, attribute: \$key.pk, type: "string"}
		    - {column: new, attribute: \$new_image.v, type: "string"}
		    - {column: old, attribute: \$old_image.v, type: "string"}
		  $1
	END
}

event() { # NUMBER SECONDS OPERATION KEY [NEW [OLD]]: the row of the change that `change` wrote as that number
	local members
	members=$(printf '"event_id":{"S":"%032d"},"op":{"S":"%s"},"at":{"S":"%s"},"pk":{"S":"%s"}' \
		$((100000000000000 + $1)) "$3" "$(at $((exported + $2)))" "$4")
	[ -z "$5" ] || members+=",\"new\":{\"S\":\"$5\"}"
	[ -z "$6" ] || members+=",\"old\":{\"S\":\"$6\"}"
	printf '{%s}' "$members"
}

events() { # a and b are changed, c comes and goes
	printf '%s\n' 'event_id string event_id key' 'op string op' 'at timestamp at' 'pk string pk' 'new string new' \
		'old string old' >"$dir/columns.txt"
	unset sequence
	write_export "$dir" "$exported" "$(item a A)" "$(item b B)" "$(item d D)"
	change -600 INSERT d D ""
	change 100 MODIFY a A2 A
	change 100 MODIFY a A3 A2
	change 110 REMOVE b "" B
	change 120 INSERT c C ""
	change 900 REMOVE c "" C
	rows=("$(event 1 -600 INSERT d D)" "$(event 2 100 MODIFY a A2 A)" "$(event 3 100 MODIFY a A3 A2)"
		"$(event 4 110 REMOVE b "" B)" "$(event 5 120 INSERT c C)" "$(event 6 900 REMOVE c "" C)")
}

@test "every event is one row" {
	events
	events_contract
	write_lake "${rows[@]}"
	judged PASS ""
	[ "$(field '.counts | [.expected, .equal] | join(" ")')" = "6 6" ]
}

@test "an event delivered again is one event" {
	events
	events_contract
	write_lake "${rows[@]}"
	head -n 3 "$dir/events/records.jsonl" >"$dir/events/again.jsonl"
	judged PASS ""
	[ "$(field '.counts | [.equal, .duplicates] | join(" ")')" = "6 3" ]
}

@test "an event that is lost, or there with other values, is a finding" {
	events
	events_contract
	write_lake "${rows[@]:0:3}" "${rows[@]:4}"
	judged FAIL row.missing
	write_lake "${rows[@]:0:3}" "$(event 4 110 REMOVE b "" WRONG)" "${rows[@]:4}"
	judged FAIL row.differs
	reconcile "$dir" --values full
	[ "$(field '.findings[] | select(.id == "row.differs").columns[0] | [.column, .expected, .actual] | join(" ")')" = "old B WRONG" ]
	write_lake "${rows[@]:0:3}" "$(event 4 110 MODIFY b "" B)" "${rows[@]:4}"
	judged FAIL row.differs
}

@test "what records do not carry of an event is not known, and not taken for nothing" {
	events
	events_contract
	jq -c "del(.dynamodb.OldImage)" "$dir/events/records.jsonl" >"$dir/kept"
	mv "$dir/kept" "$dir/events/records.jsonl"
	write_lake "${rows[@]}"
	judged UNKNOWN image.unknown
	[ "$(field '.counts | [.equal, .unproven] | join(" ")')" = "2 4" ]
	write_lake "${rows[@]:0:3}" "${rows[@]:4}"
	judged FAIL "image.unknown row.missing"
	sed -i "/column: old,/d" "$dir/contract.yaml"
	write_lake "${rows[@]}"
	judged UNKNOWN column.unmapped
	printf "  ignore: [old]\n" >>"$dir/contract.yaml"
	judged PASS ""
}

@test "an event that is there twice is a finding" {
	events
	events_contract
	sed -i 's/ key$//; s/^pk string pk/pk string pk key/; s/^at timestamp at/at timestamp at key/' "$dir/columns.txt"
	write_lake "${rows[@]}"
	mv "$dir/lake" "$dir/one"
	# The pipeline's table has one row a key: the same event under two of them.
	printf '%s\n' 'event_id string event_id' 'op string op' 'at timestamp at' 'pk string pk' 'new string new' \
		'old string old' 'n string n key' >"$dir/columns.txt"
	write_lake "$(jq -c '.n = {S: "1"}' <<<"${rows[0]}")" "$(jq -c '.n = {S: "2"}' <<<"${rows[0]}")" \
		"$(jq -c '.n = {S: "3"}' <<<"${rows[1]}")" "$(jq -c '.n = {S: "4"}' <<<"${rows[2]}")" \
		"$(jq -c '.n = {S: "5"}' <<<"${rows[3]}")" "$(jq -c '.n = {S: "6"}' <<<"${rows[4]}")" \
		"$(jq -c '.n = {S: "7"}' <<<"${rows[5]}")"
	events_contract 'ignore: [n]'
	judged FAIL row.duplicate
}

@test "a row that no event made is one where the capture had all of them, else it is not proven" {
	events
	events_contract
	write_lake "${rows[@]}" "$(event 77 200 MODIFY a X A3)"
	judged FAIL row.phantom
	write_lake "${rows[@]}" "$(event 77 -700 MODIFY a X A3)"
	judged UNKNOWN state.unknown
	write_lake "${rows[@]}" "$(event 77 900 MODIFY a X A3)"
	judged UNKNOWN state.unknown
	sed -i 's/{events: events}/{events: events, filtered: true}/' "$dir/contract.yaml"
	write_lake "${rows[@]}" "$(event 77 200 MODIFY a X A3)"
	judged UNKNOWN state.unknown
}

@test "a table of items and a log of its events are judged together" {
	events
	write_lake "${rows[@]}"
	mv "$dir/lake" "$dir/log"
	printf '%s\n' 'pk string pk key' 'v string v' >"$dir/columns.txt"
	write_lake "$(item a A3)" "$(item d D)"
	contract <<-END
		lakes:
		  - name: log
		    delta: log
		    shape: events
		    key: [{column: event_id, attribute: \$event_id}, {column: pk, attribute: \$key.pk}]
		    columns:
		      - {column: op, attribute: \$operation, type: "string"}
		      - {column: at, attribute: \$time_ms, from: epoch_ms, type: "timestamp"}
		      - {column: new, attribute: \$new_image.v, type: "string"}
		      - {column: old, attribute: \$old_image.v, type: "string"}
		  - name: items
		    delta: lake
		    columns:
		      - {column: pk, attribute: pk, type: "string"}
		      - {column: v, attribute: v, type: "string"}
	END
	sed -i 's/{column: v, attribute: v/{column: v, sensitive: true, attribute: v/' "$dir/contract.yaml"
	judged PASS ""
	[ "$(field '.lakes[] | select(.name == "log") | [.verdict, .counts.equal] | join(" ")')" = "PASS 6" ]
}

@test "a lake may hold some events only, under its own names and keys" {
	events
	contract <<-END
		lake:
		  delta: lake
		  shape: events
		  where: {attribute: \$operation, in: [c, u]}
		  operations: {insert: c, modify: u, remove: d}
		  key: [{column: pk, attribute: \$key.pk}, {column: sequence, attribute: \$sequence}]
		  columns:
		    - {column: op, attribute: \$operation, type: "string"}
		    - {column: new, attribute: \$new_image, as: json, type: "string"}
		  ignore: [at]
	END
	printf '%s\n' 'sequence string sequence key' 'op string op' 'at string at' 'pk string pk' 'new string new' >"$dir/columns.txt"
	row() { # NUMBER OPERATION KEY NEW
		printf '{"sequence":{"S":"111111%d"},"op":{"S":"%s"},"pk":{"S":"%s"},"new":{"S":"%s"}}' $((100000000000000 + $1)) \
			"$2" "$3" "{\\\"pk\\\":\\\"$3\\\", \\\"v\\\":\\\"$4\\\"}"
	}
	local some=("$(row 1 c d D)" "$(row 2 u a A2)" "$(row 3 u a A3)")
	write_lake "${some[@]}" "$(row 5 c c C)"
	judged PASS ""
	[ "$(field .counts.equal)" = 4 ]
	write_lake "${some[@]}" "$(row 5 c c D)"
	judged FAIL row.differs
	write_lake "${some[@]}" "$(row 5 c c C)" "$(row 4 d b x)"
	judged FAIL row.zombie
	write_lake "${some[@]}" "$(row 5 c x C)"
	judged FAIL "row.missing state.unknown"
}

refused() { # TEXT: the lake's part from standard input
	contract
	run "$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet
	echo "$output"
	[ "$status" -eq 64 ]
	[[ "$output" == *"$1"* ]]
}

@test "what a lake of events cannot be is refused" {
	events
	refused "a lake of events needs 'key'" <<-END
		lake: {delta: lake, shape: events, columns: [{column: pk, attribute: \$key.pk}]}
	END
	refused "needs a 'key' that tells it from all others" <<-END
		lake: {delta: lake, shape: events, key: [{column: pk, attribute: \$key.pk}], columns: [{column: pk, attribute: \$key.pk}]}
	END
	refused "'v' is nothing that an event has; an attribute of the item is \$new_image.v" <<-END
		lake: {delta: lake, shape: events, key: [{column: event_id, attribute: \$event_id}], columns: [{column: v, attribute: v}]}
	END
	refused "'v' is nothing that an event has" <<-END
		lake: {delta: lake, shape: events, where: {attribute: v, exists: true}, key: [{column: event_id, attribute: \$event_id}], columns: [{column: op, attribute: \$operation}]}
	END
	refused "'\$time' tells no event" <<-END
		lake: {delta: lake, shape: events, key: [{column: event_id, attribute: \$event_id}, {column: at, attribute: \$time}], columns: [{column: op, attribute: \$operation}]}
	END
	refused "'deletes' is not for a lake of events" <<-END
		lake: {delta: lake, shape: events, deletes: absent, key: [{column: event_id, attribute: \$event_id}], columns: [{column: op, attribute: \$operation}]}
	END
	refused "'operations' is not for a lake of items as they are now" <<-END
		lake: {delta: lake, operations: {insert: c}, columns: [{column: pk, attribute: pk}]}
	END
}

# ---- a history

since=70

history() { # MORE of `history`: a is changed twice in a second and once later, b is deleted and comes back, d stays
	printf '%s\n' 'n string n key' 'pk string pk' 'v string v' 'valid_from timestamp valid_from' \
		'valid_to timestamp valid_to' 'is_current boolean is_current' >"$dir/columns.txt"
	write_export "$dir" "$exported" "$(item a A)" "$(item b B)" "$(item d D)"
	change -600 INSERT d D ""
	change 100 MODIFY a A2 A
	change 100 MODIFY a A3 A2
	change 110 REMOVE b "" B
	change 200 INSERT b B2 ""
	change 300 MODIFY a A4 A3
	change 310 MODIFY a A4 A4
	change 320 INSERT e E ""
	change 330 REMOVE e "" E
	change 900 MODIFY d D2 D
	contract <<-END
		lake:
		  delta: lake
		  shape: history
		  history: {valid_from: valid_from, valid_to: valid_to, is_current: is_current, since: "$(at $((exported + since)))"$1}
		  columns:
		    - {column: pk, attribute: pk, type: "string"}
		    - {column: v, attribute: v, type: "string"}
		  ignore: [n]
	END
	versions=("$(version a A 0 100)" "$(version a A2 100 100)" "$(version a A3 100 300)" "$(version a A4 300)"
		"$(version b B 0 110)" "$(version b B2 200)" "$(version d D -600 900)" "$(version d D2 900)" "$(version e E 320 330)")
}

version() { # KEY V FROM [TO [CURRENT]]: a row; without TO it holds
	local to=
	[ -z "$4" ] || to=",\"valid_to\":{\"S\":\"$(at $((exported + $4)))\"}"
	printf '{"pk":{"S":"%s"},"v":{"S":"%s"},"valid_from":{"S":"%s"}%s,"is_current":{"BOOL":%s}}' "$1" "$2" \
		"$(at $((exported + $3)))" "$to" "${5:-$([ -z "$4" ] && echo true || echo false)}"
}

write_versions() { # ROW...: each under a number of its own
	local rows=() row
	for row in "$@"; do rows+=("$(jq -c --arg n "${#rows[@]}" '.n = {S: $n}' <<<"$row")"); done
	write_lake "${rows[@]}"
}

with() { # NUMBER [ROW...]: all versions, the numbered one replaced
	local number=$1
	shift
	write_versions "${versions[@]:0:number}" "$@" "${versions[@]:number+1}"
}

@test "a history has a row for each version" {
	history
	write_versions "${versions[@]}"
	judged PASS ""
	[ "$(field '.counts | [.equal, .deleted, .closed] | join(" ")')" = "3 1 6" ]
	# Of two changes within a second the first need not have held; rows of what changed nothing may be there.
	with 1
	judged PASS ""
	with 3 "$(version a A4 300 310)" "$(version a A4 310)"
	judged PASS ""
}

@test "a version that is not there, or not as it was, is a finding" {
	history
	with 2
	judged FAIL history.missing
	with 5
	judged FAIL row.missing
	with 8
	judged FAIL history.missing
	with 2 "$(version a X 100 300)"
	judged FAIL history.differs
	with 8 "$(version e E 320 330)" "$(version e E 600 700)"
	judged FAIL history.phantom
	with 8 "$(version f F 600 700)"
	judged FAIL "history.missing history.phantom"
	with 3 "$(version a A3 300)"
	judged FAIL row.stale
}

@test "versions begin and end when their changes were" {
	history
	with 8 "$(version e E 320 340)"
	judged FAIL history.end
	with 8 "$(version e E 321 330)"
	judged FAIL history.phantom
	with 4 "$(version b B 0 200)"
	judged FAIL history.end
	with 6 "$(version d D -600 800)"
	judged FAIL history.end
	with 4 "$(version b B 0)"
	judged FAIL history.current
	with 4 "$(version b B 0 250)"
	judged FAIL history.overlap
	with 8 "$(version e E 320)"
	judged FAIL row.zombie
}

@test "one version holds, and says so" {
	history
	with 3 "$(version a A4 300)" "$(version a A4 300)"
	judged FAIL history.current
	with 3 "$(version a A4 300 "" false)"
	judged FAIL history.current
	with 2 "$(version a A3 100 300 true)"
	judged FAIL history.current
	with 3 "$(jq -c '.valid_to = {S: "9999-12-31T00:00:00Z"}' <<<"${versions[3]}")"
	judged PASS ""
}

@test "what came before the capture is not proven, and need not be asked for" {
	history
	write_versions "${versions[@]}" "$(version a old -9000 -8000)"
	judged PASS ""
	sed -i 's/, since: "[^"]*"//' "$dir/contract.yaml"
	write_versions "${versions[@]}"
	judged UNKNOWN history.unknown
	[ "$(field .counts.unproven)" = 2 ]
	with 8
	judged FAIL "history.missing history.unknown"
}

@test "a history may be asked for from a change on" {
	history
	# 100 and 110 are seconds in which items change; what ended then ended before.
	sed -i "s/since: \"[^\"]*\"/since: \"$(at $((exported + 100)))\"/" "$dir/contract.yaml"
	write_versions "${versions[@]}"
	judged PASS ""
	local within
	within=$(at $((exported + 110)) | sed 's/000Z/500Z/')
	sed -i "s/since: \"[^\"]*\"/since: \"$within\"/" "$dir/contract.yaml"
	with 4 "$(sed "s/$(at $((exported + 110)))/${within/500Z/700Z}/" <<<"${versions[4]}")"
	judged PASS ""
	with 5 "$(version b B2 201)"
	judged FAIL history.phantom
}

@test "where a batch leaves only its last version, those between may be missing" {
	history ", keep: some"
	write_versions "${versions[@]}"
	judged PASS ""
	with 2 "$(version a A2 100 300)"
	judged FAIL history.differs
	write_versions "$(version a A 0 300)" "${versions[@]:3:5}"
	judged PASS ""
	with 3 "$(version a A4 310)"
	judged FAIL history.missing
}

@test "explain shows versions beside what happened" {
	history
	write_versions "${versions[@]}"
	run "$LAKEPROOF" explain "$dir/contract.yaml" b --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$(grep -o 'exported\|REMOVE\|INSERT\|lake row\|that held until .*\|that holds now' <<<"$output" | tr '\n' ';')" == \
		"exported;lake row;that held until $(at $((exported + 110)) | sed 's/\.000Z/Z/');REMOVE;INSERT;lake row;that holds now;" ]]
	[[ "$output" == *"so it is: equal"* ]]
	with 5 "$(version b B2 180)"
	run "$LAKEPROOF" explain "$dir/contract.yaml" b --quiet
	echo "$output"
	[[ "$output" == *"history.phantom: a row begins at a time at which everything was captured, and the item did not change"* ]]
	write_versions "${versions[@]:0:2}" "${versions[@]:3}"
	run "$LAKEPROOF" explain "$dir/contract.yaml" a --quiet
	echo "$output"
	[[ "$output" == *history.* && "$output" != *unreadable* ]]
}

@test "what a history cannot be is refused" {
	history
	refused "'shape' is history, so 'history' must name the columns" <<-END
		lake: {delta: lake, shape: history, columns: [{column: pk, attribute: pk}]}
	END
	refused "an item that TTL removed has no current row" <<-END
		lake: {delta: lake, shape: history, history: {valid_from: a, valid_to: b}, ttl: {attribute: e, lake: keep}, columns: [{column: pk, attribute: pk}]}
	END
	refused "'deletes' is not for a lake of history" <<-END
		lake: {delta: lake, shape: history, history: {valid_from: a, valid_to: b}, deletes: {column: c}, columns: [{column: pk, attribute: pk}]}
	END
	refused "'history' is not for a lake of items as they are now" <<-END
		lake: {delta: lake, history: {valid_from: a, valid_to: b}, columns: [{column: pk, attribute: pk}]}
	END
	write_versions "${versions[0]}"
	refused "the table has no column 'a' (lake.history)" <<-END
		lake: {delta: lake, shape: history, history: {valid_from: a, valid_to: b}, columns: [{column: pk, attribute: pk}]}
	END
	refused "column 'v' (lake.history) is no timestamp" <<-END
		lake: {delta: lake, shape: history, history: {valid_from: v, valid_to: valid_to}, columns: [{column: pk, attribute: pk}]}
	END
}

@test "a history is proven by a whole capture only" {
	history
	write_versions "${versions[@]}"
	sed -i 's/{events: events}/{events: events, filtered: true}/' "$dir/contract.yaml"
	judged UNKNOWN history.unknown
	[ "$(field .counts.equal)" = 0 ]
	sed -i 's/, filtered: true//' "$dir/contract.yaml"
	# The change to A3 is lost: A4 does not follow from A2, and which versions there were is not known.
	sed -i '3d' "$dir/events/records.jsonl"
	rm -rf "$dir/.lakeproof"
	judged UNKNOWN chain.broken
	[ "$(field .counts.equal)" = 2 ]
}

@test "a change without a time may be a version of any time" {
	history
	# When a became A2 is not known; no row says that it was A.
	sed -i '2s/"ApproximateCreationDateTime":[0-9]*,//' "$dir/events/records.jsonl"
	write_versions "$(version a A2 0 100)" "${versions[@]:2}"
	judged UNKNOWN history.unknown
	[ "$(field .counts.unproven)" = 1 ]
}

@test "what exports read within the capture must be a version" {
	history
	write_versions "${versions[@]}"
	local first=$export_id
	write_export "$dir" $((exported + 250)) "$(item a A3)" "$(item b B2)" "$(item d D)"
	local second=$export_id
	write_export "$dir" $((exported + 600)) "$(item a A4)" "$(item b B2)" "$(item d D)"
	sed -i "s|- {export: .*|- {export: AWSDynamoDB/$first}\n  - {export: AWSDynamoDB/$second}\n  - {export: AWSDynamoDB/$export_id}|" \
		"$dir/contract.yaml"
	judged PASS ""
	# All agree on what is now. The second one read something of a that no record tells of.
	rm -r "$dir/AWSDynamoDB/$second"
	write_export "$dir" $((exported + 250)) "$(item a X)" "$(item b B2)" "$(item d D)"
	judged UNKNOWN history.unknown
	[ "$(field .counts.unproven)" = 1 ]
	# The first one read A, and the first change found A2.
	rm -r "$dir/AWSDynamoDB/$second"
	write_export "$dir" $((exported + 250)) "$(item a A3)" "$(item b B2)" "$(item d D)"
	sed -i 2d "$dir/events/records.jsonl"
	rm -rf "$dir/.lakeproof"
	write_versions "$(version a A2 0 100)" "${versions[@]:2}"
	judged UNKNOWN history.unknown
	[ "$(field .counts.unproven)" = 1 ]
}

@test "a record that cannot be read may be of any version" {
	history
	write_versions "${versions[@]}" "$(version f F 600 700)"
	judged FAIL history.phantom
	rm -rf "$dir/.lakeproof"
	echo '{"eventID":"x","eventName":"MODIFY","dynamodb":{' >>"$dir/events/records.jsonl"
	judged UNKNOWN record.unreadable
}

@test "what held in a capture's first second is not proven" {
	history
	# Before the first record, in its second, a may have become what it was from then on.
	write_versions "$(version a A -1000 100)" "${versions[@]:1:3}" "$(version b B -1000 110)" "${versions[@]:5}"
	sed -i "s/since: \"[^\"]*\"/since: \"$(at $((exported - 600)))\"/" "$dir/contract.yaml"
	judged UNKNOWN history.unknown
	[ "$(field .counts.unproven)" = 2 ]
	sed -i "s/since: \"[^\"]*\"/since: \"$(at $((exported - 599)))\"/" "$dir/contract.yaml"
	judged PASS ""
}

@test "where a later window begins, what came before its hole is not proven" {
	history
	write_versions "${versions[@]}"
	mkdir "$dir/late"
	tail -n 1 "$dir/events/records.jsonl" | sed 's/08:00:00.000/09:58:00.000/' >"$dir/late/records.jsonl"
	sed -i '$d' "$dir/events/records.jsonl"
	sed -i "s|{events: events}|{events: events}\n  - {events: late}|" "$dir/contract.yaml"
	reconcile "$dir"
	echo "$(field '[.verdict, .counts, .findings_by_id]')"
	[ "$(field .verdict)" = UNKNOWN ]
	[ "$(field .counts.equal)" = 0 ]
}

@test "what is younger than the lake needs no version yet" {
	history
	with 8
	judged FAIL history.missing
	echo 'settle: 9000d' >>"$dir/contract.yaml"
	judged UNKNOWN not_settled
}
