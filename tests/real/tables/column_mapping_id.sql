CREATE TABLE delta.`${LAKE}` (pk BINARY, left_one STRING, right_one STRING, list ARRAY<STRUCT<a: INT, b: STRING>>) USING delta
TBLPROPERTIES ('delta.columnMapping.mode' = 'id', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5');
INSERT INTO delta.`${LAKE}` SELECT unhex(printf('%08x', id)), concat('l', id), concat('r', id),
	array(named_struct('a', CAST(id AS INT), 'b', 'x'), named_struct('a', NULL, 'b', NULL), NULL) FROM range(600);
ALTER TABLE delta.`${LAKE}` RENAME COLUMN left_one TO swap;
ALTER TABLE delta.`${LAKE}` RENAME COLUMN right_one TO left_one;
ALTER TABLE delta.`${LAKE}` RENAME COLUMN swap TO right_one;
ALTER TABLE delta.`${LAKE}` RENAME COLUMN list.element.a TO number;
INSERT INTO delta.`${LAKE}` SELECT unhex(printf('%08x', id)), 'right', 'left', array() FROM range(600, 700);
DELETE FROM delta.`${LAKE}` WHERE pk = X'00000101';
