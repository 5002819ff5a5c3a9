#!/usr/bin/env bash
# A pipeline in shell, called once a batch: jq reads records and items, SQLite decides what is newest, and
# lakeproof-pipeline, used as a plain Delta writer, puts the rows. It reads JSON lines, plain or gzip.
# What it knows is in state.sqlite, which is replaced as a whole when the table has the batch; a crash before that
# repeats the batch, and the same rows are put again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ "${1-}" = --bug ] && bug=$2 || bug=none
lake=$LAKEPROOF_TABLE aside=$LAKEPROOF_WORK/set-aside.jsonl applied=$LAKEPROOF_WORK/applied
refuse() {
	echo "pipeline.sh: $*" >&2
	exit 65
}
crash() { # MOMENT
	[ "${LAKEPROOF_CRASH_AT-}" != "$1" ] || [ "$(jq .attempt "$LAKEPROOF_BATCH_JSON")" -gt 1 ] || kill -KILL $$
}
plain() { # FILE: its bytes, unpacked
	if [ "$(head -c 2 "$1" | od -An -tx1)" = " 1f 8b" ]; then
		gzip --decompress --stdout --force <"$1" || refuse "$1 is cut short or damaged"
	else
		cat "$1"
	fi
}

exec 9>"$LAKEPROOF_WORK/lock"
flock 9
work=$LAKEPROOF_WORK/batch
rm -rf "$work"
mkdir -p "$work"
cd "$work"
touch "$applied" "$aside" lines exported
types=$(jq -cn --arg key "$LAKEPROOF_TABLE_KEY" '$key | split(",") | map(split(":") | {(.[0]): .[1]}) | add')

# ---- records
jq -r '.events[]' "$LAKEPROOF_BATCH_JSON" | sort >files
while read -r file; do
	name=${file#"$LAKEPROOF_BATCH/"}
	name=${name#"$LAKEPROOF_LANDING/"}
	read -r known < <(stat -c "%s %y" "$file")
	grep -qxF "$name $known" "$applied" && continue
	plain "$file" >bytes
	LC_ALL=C grep -abH --label="$name" '' - <bytes >>lines || [ ! -s bytes ]
	echo "$name $known" >>done
done <files
jq -cR --argjson types "$types" -L "$here" -f "$here/records.jq" lines >records
grep -v '^{"file"' records >incoming || true
grep '^{"file"' records >refused.jsonl || true
[ "$bug" != drops-remove ] || { jq -c 'select(.remove | not)' incoming >kept && mv kept incoming; }

# ---- the newest export among them
cut=null has_export=0
jq -r '.exports[]' "$LAKEPROOF_BATCH_JSON" >folders
while read -r folder; do
	summary=$folder/manifest-summary.json
	[ "$(openssl dgst -md5 -binary "$summary" | base64)" = "$(cat "${summary%.json}.md5")" ] || refuse "$summary is not what its MD5 says"
	time=$(jq -r '.exportTime | sub("\\.[0-9]+Z"; "Z") | fromdate' "$summary")
	[ "$cut" = null ] || [ $((time - 60)) -gt "$cut" ] || continue
	cut=$((time - 60)) has_export=1
	: >exported
	while IFS=$'\t' read -r key md5 count; do
		file=$folder/data/${key##*/}
		[ -e "$file" ] || refuse "$file is missing"
		[ "$(openssl dgst -md5 -binary "$file" | base64)" = "$md5" ] || refuse "$file is not what its MD5 says"
		plain "$file" | jq -c --argjson types "$types" 'include "keys"; {key: key_of(.Item), keys: keys_of(.Item), image: .Item}' -L "$here" >items
		[ "$(wc -l <items)" -eq "$count" ] || refuse "$file has not the $count items of its manifest"
		cat items >>exported
	done < <(jq -r '[.dataFileS3Key, .md5Checksum, .itemCount] | @tsv' "$folder/manifest-files.json")
done <folders

# ---- decide, write, remember
[ ! -e "$LAKEPROOF_WORK/state.sqlite" ] || cp "$LAKEPROOF_WORK/state.sqlite" state.sqlite
arrival=0
[ "$bug" != last-arrival-wins ] || arrival=1
sqlite3 -bail state.sqlite >/dev/null <<SQL
CREATE TEMP TABLE parameter AS SELECT $cut cut, $has_export has_export, $arrival arrival;
CREATE TEMP TABLE incoming(line);
CREATE TEMP TABLE exported(line);
.mode ascii
.separator "\037" "\n"
.import incoming incoming
.import exported exported
.read $here/merge.sql
SQL
crash before-commit
lakeproof-pipeline --quiet --no-sync --table "$lake" --columns "$LAKEPROOF_COLUMNS" --upsert upsert.jsonl --delete delete.jsonl
crash after-commit
cat "$aside" refused.jsonl 2>/dev/null | awk '!seen[$0]++' >aside && mv aside "$aside"
mv state.sqlite "$LAKEPROOF_WORK/state.sqlite"
crash after-state
[ ! -e done ] || { cat "$applied" done >all && mv all "$applied"; }
