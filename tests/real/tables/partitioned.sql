CREATE TABLE delta.`${LAKE}` (pk STRING, region STRING, day DATE, level DECIMAL(10,2), a_flag BOOLEAN, at TIMESTAMP, qty INT) USING delta
PARTITIONED BY (region, day, a_flag, level, at);
INSERT INTO delta.`${LAKE}`
SELECT /*+ COALESCE(1) */ printf('k%05d', id),
	element_at(array('eu/west=1', 'a b', 'per%20cent', 'é:?#"\\', NULL, '__HIVE_DEFAULT_PARTITION__ ', '日本'), CAST(id % 7 AS INT) + 1),
	IF(id % 3 = 0, NULL, DATE_ADD(DATE'1969-12-31', CAST(id % 3 AS INT))),
	IF(id % 2 = 0, 1.50BD, NULL), id % 2 = 0,
	IF(id % 2 = 0, TIMESTAMP'2024-02-29 12:34:56.789012', NULL), CAST(id AS INT)
FROM range(420);
UPDATE delta.`${LAKE}` SET region = 'moved' WHERE qty % 70 = 1;
DELETE FROM delta.`${LAKE}` WHERE day = DATE'1970-01-01' AND region IS NULL;
