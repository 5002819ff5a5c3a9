SET spark.databricks.delta.checkpoint.partSize = 2;
CREATE TABLE delta.`${LAKE}` (pk STRING, version INT) USING delta
TBLPROPERTIES ('delta.checkpointInterval' = '6', 'delta.checkpointPolicy' = 'classic');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0 FROM range(0, 100);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0 FROM range(100, 200);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0 FROM range(200, 300);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0 FROM range(300, 400);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0 FROM range(400, 500);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0 FROM range(500, 600);
UPDATE delta.`${LAKE}` SET version = 1 WHERE pk LIKE 'k00_50';
RESET spark.databricks.delta.checkpoint.partSize;
