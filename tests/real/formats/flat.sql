-- A Lambda's rows; the sequence number is there or not. A delete's data are its keys.
CREATE OR REPLACE TEMPORARY VIEW row (event_id STRING, event_name STRING, event_time BIGINT, sequence STRING, data STRUCT<${PLAIN}>) USING json
	OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW landed_change AS
SELECT event_id AS id, lpad(coalesce(sequence, string(event_time)), 40, '0') AS place, event_name = 'REMOVE' AS gone, data.pk AS key_pk, data.sk AS key_sk, ${PLAIN_COLUMNS}
FROM (SELECT *, IF(event_name = 'REMOVE', NULL, data) AS item FROM row);
