-- Firehose's events to a Lambda, of Kinesis records, whose data are DynamoDB's.
CREATE OR REPLACE TEMPORARY VIEW event (records ARRAY<STRUCT<data: STRING>>) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW landed AS
SELECT record.* FROM (SELECT from_json(string(unbase64(r.data)), '${RECORD}', map('mode', 'FAILFAST')) AS record
	FROM (SELECT explode(records) AS r FROM event));
