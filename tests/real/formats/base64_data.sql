-- Pipes': an array of Kinesis records, whose data are DynamoDB's.
CREATE OR REPLACE TEMPORARY VIEW encoded (data STRING) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW landed AS
SELECT record.* FROM (SELECT from_json(string(unbase64(data)), '${RECORD}', map('mode', 'FAILFAST')) AS record FROM encoded);
