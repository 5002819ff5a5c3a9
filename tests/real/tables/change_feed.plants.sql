-- row.differs {"pk":"k00005"}
UPDATE delta.`${LAKE}` SET qty = 5 WHERE pk = 'k00005';
-- row.phantom {"pk":"k00100"}
INSERT INTO delta.`${LAKE}` VALUES ('k00100', 100, 'body 100');
-- row.missing {"pk":"k00919"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00919';
