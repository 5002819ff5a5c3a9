#!/bin/bash
# The row digest is Spark's own number: for every row of tables that hold every type, nulls and nesting, real Spark's value of
# the expression in docs/digest.md equals lakeproof's, of the lake row and of the item, bit for bit.
source "$(dirname "$(realpath "$0")")/lib.sh"
WORK=$REAL/digest
mkdir -p "$WORK"

# The table in docs/digest.md names expressions and results.
documented_examples()
{
	sed -nE 's/^\|.*\| `(xxhash64\(.*\))` \| (-?[0-9]+) \|$/\1\t\2/p' "$ROOT/docs/digest.md" >"$WORK/examples"
	[ "$(wc -l <"$WORK/examples")" -ge 10 ] || { echo "too few examples found"; return 1; }
	awk -F '\t' '{ printf "SELECT string(%s) AS digest;\n", $1 }' "$WORK/examples" | spark | jq -r .digest >"$WORK/answers" || return 1
	diff <(cut -f 2 "$WORK/examples") "$WORK/answers"
}

# Published and computed values of Spark's xxhash64 that the C code is tested with (tests/unit).
known_vectors()
{
	spark <<'SQL' | jq -e 'to_entries | map("\(.key)=\(.value)") | join(" ")' >"$WORK/vectors" || return 1
SELECT string(xxhash64('Spark', array(123), 2)) AS a, string(xxhash64('a', NULL, 'b')) AS b, string(xxhash64(NULL)) AS c,
	string(xxhash64(repeat('x', 40))) AS d, string(xxhash64(CAST(-1 AS DECIMAL(38,0)))) AS e, string(xxhash64(CAST(1 AS DECIMAL(38,18)))) AS f,
	string(xxhash64('a', 1L, CAST(1.5 AS DECIMAL(38,10)))) AS g, string(xxhash64(-0.0D)) AS h;
SQL
	diff - "$WORK/vectors" <<<'"a=5602566077635097486 b=-7357372313250070212 c=42 d=-5348608777870439244 e=-4006032525457443936 f=-1012199175776213219 g=5618639910951465423 h=-5252525462095825812"'
}

# write NAME FOLDER: the table from FOLDER/NAME.sql, with contract and export (an empty one when there is no NAME.jq).
write()
{
	local name=$1 from=$2 folder=$WORK/$1
	mkdir -p "$folder"
	sed -E 's/\br\(([0-9]+)\)/int(pmod(xxhash64(id, \1), 100L))/g; s/\br\(([0-9]+) \+ x\)/int(pmod(xxhash64(id, \1, x), 100L))/g
		s/\bh\(([0-9]+)\)/xxhash64(id, -\1)/g' "$from/$name.sql" | spark_on "$folder/lake" || return 1
	if [ -e "$from/$name.jq" ]; then
		jq -L "$HERE/tables" -nc -f "$from/$name.jq" || return 1
	fi | export_write "$folder" "$(time_in 'now + 1 hour')"
	cp "$from/$name.yaml" "$folder/contract.yaml"
}

# Spark's digests of NAME, one "key<TAB>digest" a line.
digests_by_spark()
{
	local folder=$WORK/$1 sql
	sql=$("$REAL/digest_sql" "$folder/contract.yaml") || return 1
	spark <<<"SELECT pk, string($sql) AS digest FROM delta.\`$folder/lake\`;" | jq -r '"\(.pk)\t\(.digest)"' | sort >"$folder/spark"
}

digests_by_lakeproof()
{
	"$LAKEPROOF" sql --quiet --format json "$WORK/$1/contract.yaml" "SELECT pk, CAST($2 AS TEXT) AS digest FROM $3" |
		jq -r '"\(.pk)\t\(.digest)"' | sort
}

rows_agree()
{
	[ "$(wc -l <"$WORK/$1/spark")" -ge "$2" ] || { echo "only $(wc -l <"$WORK/$1/spark") rows"; return 1; }
	[ "$(cut -f 2 "$WORK/$1/spark" | sort -u | wc -l)" -eq "$(wc -l <"$WORK/$1/spark")" ] || { echo "digests repeat"; return 1; }
	digests_by_lakeproof "$1" row "fact WHERE kind = 'lake'" | diff "$WORK/$1/spark" -
}

items_agree()
{
	digests_by_lakeproof "$1" row "fact WHERE kind = 'snapshot'" | diff "$WORK/$1/spark" -
}

# 200 columns of changing types, so that null bits fill four words; each third value is null.
wide_files()
{
	local types=(STRING BIGINT INT 'DECIMAL(38,10)' 'STRUCT<a: STRING>') column type value
	local columns='' values='' yaml=''
	for ((column = 0; column < 200; column++)); do
		type=${types[column % 5]}
		value="xxhash64(id, ${column}L)"
		[[ $type == STRUCT* ]] && value="named_struct('a', string($value))"
		columns+=", c$column $type"
		values+=", IF(pmod(xxhash64(${column}L, id), 3L) = 0, NULL, CAST($value AS $type))"
		yaml+="    - {column: c$column, attribute: c$column}"$'\n'
	done
	printf 'CREATE TABLE delta.`${LAKE}` (pk STRING%s) USING delta;\nINSERT INTO delta.`${LAKE}` SELECT string(id)%s FROM range(300);\n' \
		"$columns" "$values" >"$WORK/wide.sql"
	sed '/column: pk/q' "$HERE/digest/random.yaml" >"$WORK/wide.yaml"
	printf '%s' "$yaml" >>"$WORK/wide.yaml"
}

point "docs/digest.md's examples are what Spark answers" documented_examples
point "known vectors are what Spark answers" known_vectors
wide_files
for table in "types:$HERE/tables:6" "nested:$HERE/tables:600" "partitioned:$HERE/tables:400" "schema_evolution:$HERE/tables:450" \
	"random:$HERE/digest:3000" "wide:$WORK:300"; do
	IFS=: read -r name from rows <<<"$table"
	need write "$name" "$from"
	point "$name: Spark computes the documented expression" digests_by_spark "$name"
	point "$name: every lake row's digest is Spark's" rows_agree "$name" "$rows"
	if [ -e "$from/$name.jq" ]; then
		point "$name: every item's digest is Spark's of its row" items_agree "$name"
	fi
done
finish
