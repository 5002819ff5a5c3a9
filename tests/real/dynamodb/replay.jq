# Stream records with both images, in order, as a curl configuration: for each the request to $url that makes $table record it.
(if .dynamodb.NewImage then ["PutItem", {TableName: $table, Item: .dynamodb.NewImage}] else ["DeleteItem", {TableName: $table, Key: .dynamodb.Keys}] end)
| "next", "url = \"\($url)\"", "silent", "aws-sigv4 = \"aws:amz:us-east-1:dynamodb\"", "user = \"AKIDEXAMPLE:secret\"",
	"header = \"x-amz-target: DynamoDB_20120810.\(.[0])\"", "header = \"content-type: application/x-amz-json-1.0\"",
	"data-raw = \(.[1] | tojson | tojson)", "write-out = \"\\n%{http_code}\\n\""
