-- row.differs {"pk":"k00150"}
UPDATE delta.`${LAKE}` SET version = 2 WHERE pk = 'k00150';
-- row.differs {"pk":"k00999"}
UPDATE delta.`${LAKE}` SET more.b = NULL WHERE pk = 'k00999';
-- row.missing {"pk":"k00999"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00999';
-- row.duplicate {"pk":"k00500"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00500';
-- row.phantom {"pk":"k00007"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('k00007');
