-- row.differs {"pk":"k00004"}
UPDATE delta.`${LAKE}` SET gone = true WHERE pk = 'k00004';
-- row.phantom {"pk":"k00011"}
UPDATE delta.`${LAKE}` SET gone = false WHERE pk = 'k00011';
-- row.phantom {"pk":"k00018"}
UPDATE delta.`${LAKE}` SET gone = NULL WHERE pk = 'k00018';
-- row.differs {"pk":"k02998"}
UPDATE delta.`${LAKE}` SET qty = qty + 1 WHERE pk = 'k02998';
-- row.missing {"pk":"k02999"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k02999';
-- row.duplicate {"pk":"k00005"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00005';
