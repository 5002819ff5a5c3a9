# What of a JSON Schema's keywords docs/run.schema.json uses, held against a document: prints each place that breaks it.
#   jq -r --slurpfile schema docs/run.schema.json -f tests/support/schema.jq report.json
$schema[0] as $root |
def kind: if type == "number" and . == floor then "integer" else type end;
def resolve: if has("$ref") then (."$ref" | ltrimstr("#/") / "/") as $path | $root | getpath($path) else . end;
def check($rules; $place):
	. as $value | ($rules | resolve) as $rule |
	(if $rule.type == null then empty
	 else ([$rule.type] | flatten) as $types | (kind) as $kind |
		if ($types | index($kind)) or ($kind == "integer" and ($types | index("number"))) then empty
		else "\($place): \($kind), not \($types | join(" or "))" end
	 end),
	(if ($rule | has("const")) and $rule.const != $value then "\($place): not \($rule.const)" else empty end),
	(if $rule.enum != null and ([$rule.enum[] == $value] | any | not) then "\($place): none of \($rule.enum)" else empty end),
	(if $rule.minimum != null and ($value | type) == "number" and $value < $rule.minimum
	 then "\($place): less than \($rule.minimum)" else empty end),
	(if ($value | type) == "object" then
		($rule.required // [] | .[] | select(. as $name | $value | has($name) | not) | "\($place): no \(.)"),
		($value | keys_unsorted[] as $name | .[$name] |
			($rule.properties // {} | .[$name] // $rule.additionalProperties) as $member |
			if $member != null then check($member; "\($place).\($name)")
			elif $rule.properties != null then "\($place): \($name) is not described" else empty end)
	 elif ($value | type) == "array" and $rule.items != null then
		(range($value | length) as $i | $value[$i] | check($rule.items; "\($place)[\($i)]"))
	 else empty end);
check($root; "report")
