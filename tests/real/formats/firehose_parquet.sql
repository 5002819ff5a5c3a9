-- What Firehose's record format conversion makes of Kinesis records: columns in lower case, images as texts.
CREATE OR REPLACE TEMPORARY VIEW converted USING parquet OPTIONS (path '${EVENTS}', recursiveFileLookup true);
CREATE OR REPLACE TEMPORARY VIEW landed AS
SELECT eventid AS eventID, eventname AS eventName, named_struct('ApproximateCreationDateTime', dynamodb.approximatecreationdatetime, 'SequenceNumber', CAST(NULL AS STRING),
	'Keys', named_struct('pk', named_struct('S', dynamodb.keys.pk.s), 'sk', named_struct('N', dynamodb.keys.sk.n)),
	'NewImage', from_json(dynamodb.newimage, 'STRUCT<${IMAGE}>', map('mode', 'FAILFAST'))) AS dynamodb
FROM converted;
