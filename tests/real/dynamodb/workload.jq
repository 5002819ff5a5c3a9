# A random workload as a curl configuration: $count requests to $url, over $keys keys of type $key ("SN", or "B" for up to 256
# keys), from $seed. With $now in epoch seconds, some items get a TTL value soon after it.
def step: . * 16807 % 2147483647 | (. % 65537) * (. / 32768 | floor) + . | . % 2147483647;
def random($i; $k): ($i * 1009 + $k * 31 + $seed * 7919 + 1) % 2147483647 | step | step | step;
def pick($i; $k; list): list[random($i; $k) % (list | length)];
def base64_digit: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[. : . + 1];
def key_of($i): random($i; 3) % $keys
	| if $key == "B" then {id: {B: ((. % 64 | base64_digit) + ["A==", "Q==", "g==", "w=="][. / 64 | floor])}}
	  else {pk: {S: (["item ", "élan ", "日本 "][. % 3] + tostring)}, sk: {N: (. % 7 | tostring)}} end;
def number($i; $k): pick($i; $k; ["0", "-1", "1.50", "12345678901234567890123456789012345678", "-0.00000000000000000001",
	"1E+20", "7e-3", "99999999999999999999999999999999999999", "\(random($i; $k + 1)).25", "-\(random($i; $k + 2))", "1e125", "1e-130"]);
def text($i; $k): pick($i; $k; ["", "plain", "quote \" back \\ slash /", "tab\tline\n", "\u0001\u007f", "é日本😀", "text \(random($i; $k + 1))"]);
def binary($i; $k): pick($i; $k; ["AA==", "", "//79", "AAECAwQFBgcICQ=="]);
def some($i; $k; $percent; value): if random($i; $k) % 100 < $percent then value else {} end;
def attributes($i):
	some($i; 10; 80; {amount: {N: "\(random($i; 11) % 100000).\(random($i; 12) % 100)"}})
	+ some($i; 13; 70; {body: {S: text($i; 14)}})
	+ some($i; 15; 50; {flag: {BOOL: (random($i; 16) % 2 == 0)}})
	+ some($i; 17; 50; {tags: {SS: ([range(1 + random($i; 18) % 4) | "tag \(random($i; 19 + .) % 9)"] | unique)}})
	+ some($i; 23; 30; {wild: {N: number($i; 24)}})
	+ some($i; 27; 30; {bytes: {B: binary($i; 28)}})
	+ some($i; 29; 20; {nothing: {NULL: true}})
	+ some($i; 30; 30; {numbers: {NS: ([range(1 + random($i; 31) % 3) | "\(random($i; 32 + .) % 50 + . * 100).5"])}})
	+ some($i; 36; 20; {blobs: {BS: ["AQ==", "Ag==", ""]}})
	+ some($i; 37; 30; {list: {L: [{S: text($i; 38)}, {N: number($i; 40)}, {L: []}, {M: {}}, {NULL: true}, {L: [{BOOL: true}, {B: "AQ=="}]}]}})
	+ some($i; 44; 30; {map: {M: {S: {N: number($i; 45)}, "a.b": {M: {SS: {SS: ["x"]}}}}}})
	+ some($i; 49; 5; {("attribute \(random($i; 50) % 20)"): {S: "rare"}});
def put($i; more): key_of($i) + attributes($i) + more;
def ttl($i): {expires_at: pick($i; 60; [{N: "\($now + random($i; 61) % 4)"}, {N: "\($now - 100)"}, {N: "\($now + 1000000)"}, {S: "\($now - 100)"},
	{N: "\($now - 200000000)"}, {N: "1.5"}])};
def update($i): {TableName: $table, Key: key_of($i)} + pick($i; 70; [
	{UpdateExpression: "SET body = :s, amount = :n", ExpressionAttributeValues: {":s": {S: text($i; 71)}, ":n": {N: "\(random($i; 73) % 1000)"}}},
	{UpdateExpression: "REMOVE body, #m", ExpressionAttributeNames: {"#m": "map"}},
	{UpdateExpression: "ADD tags :t, amount :n", ExpressionAttributeValues: {":t": {SS: ["tag \(random($i; 74) % 9)"]}, ":n": {N: "0.01"}}},
	{UpdateExpression: "DELETE tags :t", ExpressionAttributeValues: {":t": {SS: ["tag \(1 + random($i; 74) % 8)", "tag 0"]}}},
	{UpdateExpression: "REMOVE expires_at"},
	{UpdateExpression: "SET flag = :f", ExpressionAttributeValues: {":f": {BOOL: true}}}]);
def request($i):
	random($i; 0) % 100
	| if . < 45 then ["PutItem", {TableName: $table, Item: put($i; some($i; 62; $ttl; ttl($i)))}]
	  elif . < 65 then ["UpdateItem", update($i)]
	  elif . < 79 then ["DeleteItem", {TableName: $table, Key: key_of($i)}]
	  elif . < 84 then ["PutItem", {TableName: $table, Item: (key_of($i) + {body: {S: "always the same"}, amount: {N: "1.0"}})}]
	  elif . < 92 then ["BatchWriteItem", {RequestItems: {($table): ([range(4) | ($i * 131 + .) as $j | put($j; {}) as $item
		| {key: key_of($j), request: (if random($j; 4) % 4 == 0 then {DeleteRequest: {Key: key_of($j)}} else {PutRequest: {Item: $item}} end)}]
		| unique_by(.key) | map(.request))}}]
	  else ["PutItem", {TableName: $table, Item: put($i; {expires_at: {NULL: true}})}] end;
range($from; $from + $count)
| request(.)
| "next", "url = \"\($url)\"", "silent", "aws-sigv4 = \"aws:amz:us-east-1:dynamodb\"", "user = \"AKIDEXAMPLE:secret\"",
	"header = \"x-amz-target: DynamoDB_20120810.\(.[0])\"", "header = \"content-type: application/x-amz-json-1.0\"",
	"data-raw = \(.[1] | tojson | tojson)", "write-out = \"\\n%{http_code}\\n\""
