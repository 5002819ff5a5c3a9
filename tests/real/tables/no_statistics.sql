SET spark.databricks.delta.stats.collect = false;
CREATE TABLE delta.`${LAKE}` (pk STRING, qty INT) USING delta
TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '0', 'delta.enableDeletionVectors' = 'false');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT) FROM range(700);
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k0010_';
RESET spark.databricks.delta.stats.collect;
