-- row.differs {"pk":"k00050"}
UPDATE delta.`${LAKE}` SET version = 0 WHERE pk = 'k00050';
-- row.missing {"pk":"k00001"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00001';
-- row.duplicate {"pk":"k00599"}
INSERT INTO delta.`${LAKE}` VALUES ('k00599', 0);
