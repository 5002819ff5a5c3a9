CREATE TABLE delta.`${LAKE}` (pk STRING, qty STRING, part DOUBLE) USING delta PARTITIONED BY (qty);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), concat('q', id % 3), id FROM range(700);
CREATE OR REPLACE TABLE delta.`${LAKE}` USING delta PARTITIONED BY (part)
AS SELECT id % 5 AS part, printf('k%05d', id) AS pk, CAST(id AS INT) AS qty FROM range(600);
INSERT INTO delta.`${LAKE}` REPLACE WHERE part = 2 SELECT 2L, printf('k%05d', id), -1 FROM range(2, 300, 5);
SET spark.sql.sources.partitionOverwriteMode = dynamic;
INSERT OVERWRITE delta.`${LAKE}` SELECT 3L, printf('k%05d', id), -2 FROM range(3, 200, 5);
RESET spark.sql.sources.partitionOverwriteMode;
