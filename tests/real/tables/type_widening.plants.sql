-- row.differs {"pk":"k00001"}
UPDATE delta.`${LAKE}` SET small = 2 WHERE pk = 'k00001';
-- row.differs {"pk":"k00199"}
UPDATE delta.`${LAKE}` SET nested.short = NULL WHERE pk = 'k00199';
-- row.missing {"pk":"k00299"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00299';
-- row.duplicate {"pk":"k00000"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00000';
-- row.phantom {"pk":"k00400"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('k00400');
