# Of an item: its key as one text, and its key attributes. $types is the table's key as {"pk": "S"}.
def plain: if test("^-?[0-9]+$") then . else tonumber | tostring end;
def keys_of($item): $types | with_entries(.key as $name | .value = $item[$name]) |
	with_entries(.value |= if has("N") then .N |= plain else . end);
def key_of($item): keys_of($item) as $keys |
	[$types | to_entries[] | $keys[.key][.value] | if type == "string" then . else error("no key") end] | tojson;
