CREATE OR REPLACE TEMPORARY VIEW landed (${RECORD}) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
INSERT OVERWRITE DIRECTORY '${OUT}' USING parquet
SELECT id, op, ts, lsn, coalesce(pk, key_pk) AS pk, coalesce(sk, key_sk) AS sk, status, amount, quantity, active, tags,
	named_struct('street', street, 'city', city) AS addr, notes, payload, created_at, history, expires_at
FROM (SELECT eventID AS id, IF(eventName = 'REMOVE', 'D', 'P') AS op, ApproximateCreationDateTime AS ts, SequenceNumber AS lsn, Keys.pk.S AS key_pk,
	CAST(Keys.sk.N AS DECIMAL(38,0)) AS key_sk, ${COLUMNS} FROM (SELECT eventID, eventName, dynamodb.*, dynamodb.NewImage AS image FROM landed));
