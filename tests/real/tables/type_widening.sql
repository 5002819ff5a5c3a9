CREATE TABLE delta.`${LAKE}` (pk STRING, small TINYINT, nested STRUCT<short: SMALLINT>) USING delta TBLPROPERTIES ('delta.enableTypeWidening' = 'true');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id - 100 AS TINYINT), named_struct('short', CAST(-id AS SMALLINT)) FROM range(200);
ALTER TABLE delta.`${LAKE}` ALTER COLUMN small TYPE SMALLINT;
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), CAST(id * 100 AS SMALLINT), NULL FROM range(200, 300);
ALTER TABLE delta.`${LAKE}` ALTER COLUMN small TYPE INT;
ALTER TABLE delta.`${LAKE}` ALTER COLUMN nested.short TYPE INT;
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), id * 1000000, named_struct('short', -id * 100000) FROM range(300, 400);
