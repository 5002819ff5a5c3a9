-- Firehose's record format conversion by the OpenX SerDe: names in lower case; a column of type string holds the JSON text of what it is given.
CREATE OR REPLACE TEMPORARY VIEW raw USING text OPTIONS (path '${EVENTS}', recursiveFileLookup true);
INSERT OVERWRITE DIRECTORY '${OUT}' USING parquet
SELECT get_json_object(value, '$.awsRegion') AS awsregion, record.eventID AS eventid, record.eventName AS eventname, record.userIdentity AS useridentity,
	named_struct('approximatecreationdatetime', record.dynamodb.ApproximateCreationDateTime,
		'keys', named_struct('pk', named_struct('s', record.dynamodb.Keys.pk.S), 'sk', named_struct('n', record.dynamodb.Keys.sk.N)),
		'newimage', get_json_object(value, '$.dynamodb.NewImage'), 'oldimage', get_json_object(value, '$.dynamodb.OldImage'),
		'sequencenumber', record.dynamodb.SequenceNumber) AS dynamodb
FROM (SELECT value, from_json(value, '${RECORD}, userIdentity STRING', map('mode', 'FAILFAST')) AS record FROM raw);
