-- row.differs {"pk":"k00200","sk":"1"}
UPDATE delta.`${LAKE}` SET qty = 7 WHERE pk = 'k00200' AND sk = 1;
-- row.differs {"pk":"k00200","sk":"3"}
UPDATE delta.`${LAKE}` SET body = NULL WHERE pk = 'k00200' AND sk = 3;
-- row.missing {"pk":"k02999","sk":"3"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k02999' AND sk = 3;
-- row.duplicate {"pk":"k01500","sk":"2"}
INSERT INTO delta.`${LAKE}` VALUES ('k01500', 2, 'another', 0);
-- row.phantom {"pk":"k00100","sk":"1"}
INSERT INTO delta.`${LAKE}` VALUES ('k00100', 1, 'body 401', 401);
