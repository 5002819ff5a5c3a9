-- row.differs {"pk":"k49998"}
UPDATE delta.`${LAKE}` SET qty = 0 WHERE pk = 'k49998';
-- row.missing {"pk":"k30000"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k30000';
-- row.duplicate {"pk":"k00001"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00001';
-- row.phantom {"pk":"k00999"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('k00999');
-- row.differs {"pk":"k20000"}
UPDATE delta.`${LAKE}` SET qty = NULL WHERE pk = 'k20000';
