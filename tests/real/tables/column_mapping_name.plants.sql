-- row.differs {"sk":"7"}
UPDATE delta.`${LAKE}` SET `the first, and only` = 'two 7' WHERE sk = 7;
-- row.differs {"sk":"8"}
UPDATE delta.`${LAKE}` SET second = 0 WHERE sk = 8;
-- row.differs {"sk":"1200"}
UPDATE delta.`${LAKE}` SET second = NULL WHERE sk = 1200;
-- row.differs {"sk":"9"}
UPDATE delta.`${LAKE}` SET addr.city = 'city' WHERE sk = 9;
-- row.missing {"sk":"0"}
DELETE FROM delta.`${LAKE}` WHERE sk = 0;
-- row.duplicate {"sk":"10"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE sk = 10;
-- row.phantom {"sk":"-1"}
INSERT INTO delta.`${LAKE}` (sk) VALUES (-1);
