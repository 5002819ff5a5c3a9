CREATE TABLE delta.`${LAKE}` (pk STRING, sk DECIMAL(38,0), body STRING, qty BIGINT) USING delta
TBLPROPERTIES ('delta.enableDeletionVectors' = 'true');
INSERT INTO delta.`${LAKE}`
SELECT /*+ REPARTITION(3) */ printf('k%05d', id DIV 4), id % 4, concat('body ', id), id FROM range(12000);
DELETE FROM delta.`${LAKE}` WHERE qty % 11 = 3;
UPDATE delta.`${LAKE}` SET body = upper(body) WHERE qty % 100 = 50;
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00100';
MERGE INTO delta.`${LAKE}` t
USING (SELECT printf('k%05d', id DIV 4) AS pk, id % 4 AS sk, id FROM range(0, 12040, 20)) s
ON t.pk = s.pk AND t.sk = s.sk
WHEN MATCHED THEN UPDATE SET body = concat('again ', s.id)
WHEN NOT MATCHED THEN INSERT (pk, sk, body, qty) VALUES (s.pk, s.sk, concat('back ', s.id), -s.id);
