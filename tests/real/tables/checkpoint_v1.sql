CREATE TABLE delta.`${LAKE}` (pk STRING, version INT, more STRUCT<a: STRING, b: ARRAY<INT>>) USING delta
TBLPROPERTIES ('delta.checkpointInterval' = '4', 'delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'true');
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(0, 100);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(100, 200);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(200, 300);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(300, 400);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(400, 500);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(500, 600);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(600, 700);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(700, 800);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(800, 900);
INSERT INTO delta.`${LAKE}` SELECT printf('k%05d', id), 0, named_struct('a', string(id), 'b', array(1, NULL, 3)) FROM range(900, 1000);
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k000_7';
UPDATE delta.`${LAKE}` SET version = 1 WHERE pk LIKE 'k00_50';
DELETE FROM delta.`${LAKE}` WHERE pk LIKE 'k002%';
