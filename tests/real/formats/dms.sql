-- CSV without a header: what was done, when it was committed, the row after it or before a delete.
CREATE OR REPLACE TEMPORARY VIEW row (op STRING, committed STRING, ${CSV}) USING csv
	OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST', escape '"', multiLine true, nullValue '\\N');
CREATE OR REPLACE TEMPORARY VIEW landed_change AS
SELECT '' AS id, lpad(string(unix_micros(timestamp(committed))), 40, '0') AS place, op = 'D' AS gone, key_pk, CAST(key_sk AS DECIMAL(38,0)) AS key_sk, ${CSV_COLUMNS}
FROM (SELECT op, committed, pk AS key_pk, sk AS key_sk, IF(op = 'D', NULL, struct(${FIELDS})) AS item FROM row);
