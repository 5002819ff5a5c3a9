-- Nothing between records, as Firehose leaves them: Spark's JSON reader would take each file's first one and drop the rest.
CREATE OR REPLACE TEMPORARY VIEW file USING text OPTIONS (path '${EVENTS}', recursiveFileLookup true, wholetext true);
CREATE OR REPLACE TEMPORARY VIEW landed AS SELECT record.* FROM (
	SELECT from_json(text, '${RECORD}', map('mode', 'FAILFAST')) AS record
	FROM (SELECT explode(split(value, '(?<=[}])(?=[{]"(?:eventID|awsRegion)":)')) AS text FROM file));
