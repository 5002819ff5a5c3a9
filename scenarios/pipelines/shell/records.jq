# A line "FILE:OFFSET:RECORD" to {"key", "seq", "time", "remove", "keys", "image"}, or to what is set aside: {"file",
# "offset", "reason"}. $types is the table's key as {"pk": "S"}.
include "keys";

# Whatever unit a time was written in.
def seconds: if . > 1e14 then . / 1e6 elif . > 1e11 then . / 1e3 else . end | floor;

def problem:
	if type != "object" then "no JSON document begins here"
	elif (.dynamodb | type) != "object" or (.eventName | IN("INSERT", "MODIFY", "REMOVE") | not) then "not a stream record"
	elif (.dynamodb.Keys | type) != "object" then "the record has no Keys"
	elif (.dynamodb.Keys | keys) != ($types | keys) then "the Keys are not the table's"
	elif (.dynamodb.SequenceNumber | type) != "string" then "the record has no sequence number"
	elif (.dynamodb.ApproximateCreationDateTime | type) != "number" then "the record has no usable time"
	elif .eventName != "REMOVE" and (.dynamodb.NewImage | type) != "object" then "a change without NewImage"
	else (.dynamodb.Keys, .dynamodb.NewImage // .dynamodb.Keys) as $item |
		(try (key_of($item) | empty) catch "a key attribute is missing") end;

index(":") as $first | .[$first + 1:] as $rest | ($rest | index(":")) as $second |
{file: .[:$first], offset: ($rest[:$second] | tonumber)} as $place |
$rest[$second + 1:] | ltrimstr("\ufeff") |
if test("^\\s*$") then empty
elif contains("\ufffd") then $place + {reason: "invalid UTF-8"}
else (try fromjson catch null) | first(problem, null) as $reason |
	if $reason != null then $place + {$reason}
	else {
		key: key_of(.dynamodb.Keys),
		seq: ("0" * 40 + .dynamodb.SequenceNumber)[-40:],
		time: (.dynamodb.ApproximateCreationDateTime | seconds),
		remove: (.eventName == "REMOVE"),
		keys: keys_of(.dynamodb.Keys),
		image: .dynamodb.NewImage
	} end
end
