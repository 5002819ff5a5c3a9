SET spark.databricks.delta.schema.autoMerge.enabled = true;
CREATE TABLE delta.`${LAKE}` (pk STRING, one INT) USING delta;
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id AS INT) FROM range(300);
MERGE INTO delta.`${LAKE}` t
USING (SELECT printf('k%05d', id) AS pk, -CAST(id AS INT) AS one, concat('two ', id) AS two FROM range(250, 400)) s
ON t.pk = s.pk
WHEN MATCHED AND s.one > -260 THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *;
MERGE INTO delta.`${LAKE}` t
USING (SELECT printf('k%05d', id) AS pk, named_struct('x', id, 'y', array(date_add(DATE'2024-01-01', CAST(id AS INT)))) AS three FROM range(390, 450)) s
ON t.pk = s.pk
WHEN NOT MATCHED THEN INSERT *;
SET spark.databricks.delta.schema.autoMerge.enabled = false;
ALTER TABLE delta.`${LAKE}` ADD COLUMNS (four MAP<STRING, INT> FIRST, five DOUBLE);
UPDATE delta.`${LAKE}` SET four = map('b', 2, 'a', 1), five = 0.1 WHERE pk = 'k00001';
