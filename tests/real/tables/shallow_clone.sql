CREATE TABLE delta.`${LAKE}.source` (pk STRING, qty INT, body STRING) USING delta
TBLPROPERTIES ('delta.enableDeletionVectors' = 'true');
INSERT INTO delta.`${LAKE}.source`
SELECT /*+ REPARTITION(3) */ printf('k%05d', id), CAST(id AS INT), concat('body ', id) FROM range(900);
DELETE FROM delta.`${LAKE}.source` WHERE qty % 11 = 3;
CREATE TABLE delta.`${LAKE}` SHALLOW CLONE delta.`${LAKE}.source`;
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k0010_';
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT), 'cloned' FROM range(900, 950);
UPDATE delta.`${LAKE}.source` SET body = 'not for the clone' WHERE qty < 50;
