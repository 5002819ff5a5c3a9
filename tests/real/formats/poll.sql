-- Items with the time of their last write.
CREATE OR REPLACE TEMPORARY VIEW row (_updated_at STRING, ${PLAIN}) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW landed_change AS
SELECT '' AS id, lpad(string(unix_micros(timestamp(_updated_at))), 40, '0') AS place, false AS gone, item.pk AS key_pk, item.sk AS key_sk, ${PLAIN_COLUMNS}
FROM (SELECT _updated_at, struct(${FIELDS}) AS item FROM row);
