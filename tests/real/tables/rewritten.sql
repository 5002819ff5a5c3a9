SET spark.databricks.delta.retentionDurationCheck.enabled = false;
CREATE TABLE delta.`${LAKE}` (pk STRING, qty INT, body STRING) USING delta
TBLPROPERTIES ('delta.enableDeletionVectors' = 'true');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT), concat('body ', id) FROM range(0, 400);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT), concat('body ', id) FROM range(400, 800);
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k0020_';
OPTIMIZE delta.`${LAKE}` ZORDER BY (qty, pk);
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k0030_';
UPDATE delta.`${LAKE}` SET body = 'ruined' WHERE qty % 3 = 0;
DELETE FROM delta.`${LAKE}` WHERE qty > 500;
RESTORE TABLE delta.`${LAKE}` TO VERSION AS OF 5;
UPDATE delta.`${LAKE}` SET body = 'after' WHERE pk LIKE 'k0040_';
REORG TABLE delta.`${LAKE}` APPLY (PURGE);
VACUUM delta.`${LAKE}` RETAIN 0 HOURS;
RESET spark.databricks.delta.retentionDurationCheck.enabled;
