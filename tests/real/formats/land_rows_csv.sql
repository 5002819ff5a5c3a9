-- Spark's own way to escape a quote is none that RFC 4180 knows.
CREATE OR REPLACE TEMPORARY VIEW raw USING text OPTIONS (path '${EVENTS}', recursiveFileLookup true);
INSERT OVERWRITE DIRECTORY '${OUT}' USING csv OPTIONS (header true, escape '"')
SELECT get_json_object(value, '$.eventID') AS id, IF(get_json_object(value, '$.eventName') = 'REMOVE', 'D', 'P') AS op,
	get_json_object(value, '$.dynamodb.ApproximateCreationDateTime') AS ts, get_json_object(value, '$.dynamodb.SequenceNumber') AS lsn,
	get_json_object(value, '$.dynamodb.Keys.pk.S') AS pk,
	get_json_object(value, '$.dynamodb.Keys.sk.N') AS sk, get_json_object(value, '$.dynamodb.NewImage') AS image FROM raw;
