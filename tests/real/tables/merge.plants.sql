-- row.differs {"pk":"k00017"}
UPDATE delta.`${LAKE}` SET amount = 21.2500000001BD WHERE pk = 'k00017';
-- row.differs {"pk":"k01999"}
UPDATE delta.`${LAKE}` SET note = NULL WHERE pk = 'k01999';
-- row.missing {"pk":"k02001"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k02001';
-- row.duplicate {"pk":"k00003"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00003';
-- row.phantom {"pk":"k00700"}
INSERT INTO delta.`${LAKE}` (pk, qty) VALUES ('k00700', 1);
-- row.missing {"pk":"k00042"}
-- row.null_key null
UPDATE delta.`${LAKE}` SET pk = NULL WHERE pk = 'k00042';
