#!/bin/bash
# Exports in Ion, by those who wrote Ion: each line that generate writes is byte for byte what ion-java writes of its twin in
# DynamoDB JSON; ion-java reads it as that twin, and so does ion-rs, by which lakeproof reads it.
source "$(dirname "$(realpath "$0")")/lib.sh"
WORK=$REAL/ion
mkdir -p "$WORK"
ion_java() { java -XX:TieredStopAtLevel=1 -cp "$REAL/classes:$CACHE/ion-java/*" IonLines "$1"; }

# lines FOLDER: of all exports, full and incremental, in the manifests' order.
lines() { (cd "$1" && jq -r .dataFileS3Key AWSDynamoDB/*/manifest-files.json | xargs zcat); }

twins()
{
	local folder=$WORK/$1 format
	mkdir -p "$folder"
	for format in json ion; do
		"$LAKEPROOF" generate --quiet "${@:2}" --incremental 2 --second-export --truth none --export-format $format "$folder/$format" &&
			lines "$folder/$format" >"$folder/$format.lines" || return 1
	done
	[ "$(wc -l <"$folder/json.lines")" -ge 100 ] && grep -q '^{"Metadata"' "$folder/json.lines" && grep -q '^[$]ion_1_0 {Record:{' "$folder/ion.lines"
}

written_alike() { ion_java write <"$WORK/$1/json.lines" | cmp - "$WORK/$1/ion.lines"; }

read_alike() { ion_java json <"$WORK/$1/json.lines" >"$WORK/$1/json.form" && ion_java read <"$WORK/$1/${2:-ion.lines}" | cmp - "$WORK/$1/json.form"; }

# jq spells the texts; names, sets and numbers stay as they are.
read_by_ion_rs() { "$REAL/ion_json" <"$WORK/$1/${2:-ion.lines}" | jq -c . | cmp - <(jq -c . "$WORK/$1/json.lines"); }

# One last digit of a number, on one line.
a_digit_shows()
{
	awk '!done && /[0-7]\./ { done = sub(/0\./, "1.") + sub(/7\./, "6.") } { print }' "$WORK/$1/ion.lines" >"$WORK/$1/wrong"
	[ "$(diff "$WORK/$1/ion.lines" "$WORK/$1/wrong" | grep -c '^>')" -eq 1 ] || return 1
	! read_alike "$1" wrong && ! read_by_ion_rs "$1" wrong && ! cmp "$WORK/$1/ion.lines" "$WORK/$1/wrong"
}

need javac -Xlint:all -Werror -d "$REAL/classes" -cp "$CACHE/ion-java/*" "$HERE/driver/IonLines.java"
while read -r name options; do
	need twins "$name" $options
	point "$name: $(wc -l <"$WORK/$name/ion.lines") lines are ion-java's, byte for byte" written_alike "$name"
	point "$name: ion-java reads them as their twins in JSON" read_alike "$name"
	point "$name: and so does ion-rs" read_by_ion_rs "$name"
done <<'OPTIONS'
orders --items 3000 --changes 2000
kitchen-sink --preset kitchen-sink --wild --items 3000 --changes 2000
binary-keys --preset kitchen-sink --key pk:B,sk:B --items 300 --changes 200
number-keys --preset kitchen-sink --key id:N --items 300 --changes 200 --incremental-view NEW_IMAGE
single-table --preset single-table --items 1000 --changes 1000
wide --preset wide --items 200 --changes 200
large-items --preset large-items --items 60 --changes 60
OPTIONS
point "one digit in one line shows to both" a_digit_shows orders
finish
