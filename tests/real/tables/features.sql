CREATE TABLE delta.`${LAKE}` (pk STRING, qty INT, gone BOOLEAN) USING delta CLUSTER BY (pk)
TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name', 'delta.enableRowTracking' = 'true',
	'delta.enableInCommitTimestamps' = 'true', 'delta.checkpointPolicy' = 'v2');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT), id % 9 = 0 FROM range(3000);
UPDATE delta.`${LAKE}` SET gone = true, qty = NULL WHERE pk LIKE 'k000_1';
OPTIMIZE delta.`${LAKE}`;
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k000_2';
OPTIMIZE delta.`${LAKE}`;
