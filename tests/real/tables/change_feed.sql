CREATE TABLE delta.`${LAKE}` (pk STRING, qty INT, body STRING) USING delta
TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = 'true');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT), concat('body ', id) FROM range(900);
UPDATE delta.`${LAKE}` SET qty = -1 WHERE pk LIKE 'k000_5';
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k0010_';
MERGE INTO delta.`${LAKE}` t
USING (SELECT printf('k%05d', id) AS pk, id FROM range(880, 920)) s
ON t.pk = s.pk
WHEN MATCHED AND s.id % 2 = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET body = 'merged'
WHEN NOT MATCHED THEN INSERT (pk, qty) VALUES (s.pk, s.id);
