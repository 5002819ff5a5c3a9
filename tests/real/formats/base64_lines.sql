-- Data of Kinesis records, a line each.
CREATE OR REPLACE TEMPORARY VIEW encoded USING text OPTIONS (path '${EVENTS}', recursiveFileLookup true);
CREATE OR REPLACE TEMPORARY VIEW landed AS
SELECT record.* FROM (SELECT from_json(string(unbase64(value)), '${RECORD}', map('mode', 'FAILFAST')) AS record FROM encoded);
