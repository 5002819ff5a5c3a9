-- Lambda's of Kinesis records, whose data are DynamoDB's.
CREATE OR REPLACE TEMPORARY VIEW envelope (Records ARRAY<STRUCT<kinesis: STRUCT<data: STRING>>>) USING json
	OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW landed AS
SELECT record.* FROM (SELECT from_json(string(unbase64(r.kinesis.data)), '${RECORD}', map('mode', 'FAILFAST')) AS record
	FROM (SELECT explode(Records) AS r FROM envelope));
