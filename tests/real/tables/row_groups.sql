SET parquet.block.size = 262144;
CREATE TABLE delta.`${LAKE}` (pk STRING, qty BIGINT, body STRING) USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true');
INSERT INTO delta.`${LAKE}` SELECT /*+ COALESCE(1) */ printf('k%05d', id), id, sha2(string(id), 512) FROM range(50000);
DELETE FROM delta.`${LAKE}` WHERE qty % 1000 = 999;
SET parquet.block.size = 134217728;
