CREATE TABLE delta.`${LAKE}` (sk DECIMAL(38,0), first STRING, second STRING, addr STRUCT<street: STRING, zip: STRING>) USING delta
TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5');
INSERT INTO delta.`${LAKE}` SELECT id, concat('one ', id), concat('two ', id),
	named_struct('street', concat('street ', id), 'zip', 'zip') FROM range(1000);
ALTER TABLE delta.`${LAKE}` RENAME COLUMN first TO `the first, and only`;
ALTER TABLE delta.`${LAKE}` RENAME COLUMN addr.street TO road;
ALTER TABLE delta.`${LAKE}` DROP COLUMN second;
ALTER TABLE delta.`${LAKE}` ADD COLUMN second BIGINT;
INSERT INTO delta.`${LAKE}` SELECT id, concat('new ', id), named_struct('road', 'r', 'zip', NULL), id * 2 FROM range(1000, 1500);
ALTER TABLE delta.`${LAKE}` ADD COLUMN addr.city STRING;
ALTER TABLE delta.`${LAKE}` ADD COLUMN third DATE AFTER sk;
UPDATE delta.`${LAKE}` SET third = DATE'2024-02-29', addr = named_struct('road', 'x', 'zip', 'y', 'city', 'z') WHERE sk % 100 = 99;
