-- row.differs {"pk":"k00003"}
UPDATE delta.`${LAKE}` SET two = '' WHERE pk = 'k00003';
-- row.differs {"pk":"k00001"}
UPDATE delta.`${LAKE}` SET four = map('a', 1) WHERE pk = 'k00001';
-- row.differs {"pk":"k00449"}
UPDATE delta.`${LAKE}` SET three.y = array(DATE'2025-03-26') WHERE pk = 'k00449';
-- row.differs {"pk":"k00448"}
UPDATE delta.`${LAKE}` SET three = NULL WHERE pk = 'k00448';
-- row.missing {"pk":"k00399"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00399';
-- row.duplicate {"pk":"k00401"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00401';
-- row.phantom {"pk":"k00450"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('k00450');
