-- The same in CSV with a header. Spark tells an empty field without quotes from "" only where null has another text.
CREATE OR REPLACE TEMPORARY VIEW row (_updated_at STRING, ${CSV}) USING csv
	OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST', escape '"', multiLine true, header true, enforceSchema false, nullValue '<none>');
CREATE OR REPLACE TEMPORARY VIEW landed_change AS
SELECT '' AS id, lpad(string(unix_micros(timestamp(_updated_at))), 40, '0') AS place, false AS gone, item.pk AS key_pk, CAST(item.sk AS DECIMAL(38,0)) AS key_sk, ${CSV_COLUMNS}
FROM (SELECT _updated_at, struct(${FIELDS}) AS item FROM row);
