#!/bin/bash
# Tables written by real Spark: reconcile passes on each, and finds each planted difference.
#
# tests/real/tables/NAME.sql writes the table, NAME.jq the items it must equal (worked out apart from Spark), NAME.yaml is
# the contract, NAME.shape a command that holds when the table is of the shape the test is about (it may prune the
# log), and NAME.plants.sql one difference after the other, each under the findings it must lead to. NAME.count, where there
# is one, holds of what `count --format json` says.
source "$(dirname "$(realpath "$0")")/lib.sh"

# write_table NAME: folder $REAL/tables/NAME with lake, export and contract.
write_table()
{
	local name=$1 folder=$REAL/tables/$1
	mkdir -p "$folder"
	spark_on "$folder/lake" <"$HERE/tables/$name.sql" || return 1
	if [ -e "$HERE/tables/$name.shape" ]; then
		(cd "$folder/lake" && source "$HERE/tables/$name.shape") || { echo "the table is not of the shape to be tested"; return 1; }
	fi
	jq -L "$HERE/tables" -nc -f "$HERE/tables/$name.jq" >"$folder/items" || return 1
	export_write "$folder" "$(time_in 'now + 1 hour')" <"$folder/items"
	cp "$HERE/tables/$name.yaml" "$folder/contract.yaml"
}

# plant NAME NUMBER: a copy of the table, lake.NUMBER, changed by the statements on stdin, and its contract.
plant()
{
	local folder=$REAL/tables/$1 number=$2
	cp -r "$folder/lake" "$folder/lake.$number" || return 1
	spark_on "$folder/lake.$number" || return 1
	sed "s/^  delta: lake$/  delta: lake.$number/" "$folder/contract.yaml" >"$folder/contract.$number.yaml"
}

test_plants()
{
	local name=$1 line statement='' wanted='' number=0
	while IFS= read -r line; do
		if [[ $line == '-- '* ]]; then
			wanted+=$(sed -E 's/^-- ([a-z._]+) (.*)$/{"id":"\1","key":\2}/' <<<"$line")
		else
			statement+=$line$'\n'
		fi
		[[ $line == *';' ]] || continue
		number=$((number + 1))
		point "$name: $(jq -sr 'map("\(.id) \(.key // "" | tojson)") | join(" and ")' <<<"$wanted") after ${statement//delta.\`\$\{LAKE\}\` /}" \
			test_plant "$name" $number "$statement" "$(jq -sc . <<<"$wanted")"
		statement='' wanted=''
	done <"$HERE/tables/$name.plants.sql"
}

test_plant()
{
	plant "$1" "$2" <<<"$3" && finds "$REAL/tables/$1/contract.$2.yaml" "$4"
}

# The first planted difference is the table's latest version; the one before is still right, and one that never was is refused.
test_time_travel()
{
	local folder=$REAL/tables/$1 version rows
	version=$(ls "$folder/lake.1/_delta_log" | sed -nE 's/^0*([0-9]+)[.]json$/\1/p' | sort -n | tail -1)
	rows=$(wc -l <"$folder/items")
	sed "s/^  delta: .*/&\n  version: $((version - 1))/" "$folder/contract.1.yaml" >"$folder/contract.before.yaml"
	sed "s/^  delta: .*/&\n  version: 99/" "$folder/contract.1.yaml" >"$folder/contract.never.yaml"
	point "$1: the version before a planted difference passes" passes "$folder/contract.before.yaml" "$rows"
	point "$1: a version that never was is refused" reconcile "$folder/contract.never.yaml" 65
}

counts()
{
	local report
	report=$("$LAKEPROOF" count --quiet --format json "$1") && jq -e "$2" <<<"$report" || { echo "$report"; return 1; }
}

fail_with() { cat "$1"; return 1; }

for sql in "$HERE"/tables/*.sql; do
	name=$(basename "$sql" .sql)
	[[ $name == *.plants || -n ${ONLY:-} && " $ONLY " != *" $name "* ]] && continue
	if write_table "$name" >"$REAL/table.log" 2>&1; then
		point "$name: a table equal to its items passes" passes "$REAL/tables/$name/contract.yaml" "$(wc -l <"$REAL/tables/$name/items")"
		if [ -e "$HERE/tables/$name.count" ]; then
			point "$name: count knows $(<"$HERE/tables/$name.count")" counts "$REAL/tables/$name/contract.yaml" "$(<"$HERE/tables/$name.count")"
		fi
		test_plants "$name"
		test_time_travel "$name"
		point "$name: it passes again" passes "$REAL/tables/$name/contract.yaml" "$(wc -l <"$REAL/tables/$name/items")"
	else
		point "$name: Spark writes the table" fail_with "$REAL/table.log"
	fi
done
finish
