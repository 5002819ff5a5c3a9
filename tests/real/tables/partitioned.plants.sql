-- row.differs {"pk":"k00006"}
UPDATE delta.`${LAKE}` SET region = 'nihon' WHERE pk = 'k00006';
-- row.differs {"pk":"k00007"}
UPDATE delta.`${LAKE}` SET region = NULL WHERE pk = 'k00007';
-- row.differs {"pk":"k00008"}
UPDATE delta.`${LAKE}` SET day = DATE'1970-01-01' WHERE pk = 'k00008';
-- row.differs {"pk":"k00010"}
UPDATE delta.`${LAKE}` SET at = TIMESTAMP'2024-02-29 12:34:56.789013' WHERE pk = 'k00010';
-- row.missing {"pk":"k00003"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00003';
-- row.duplicate {"pk":"k00000"}
INSERT INTO delta.`${LAKE}` SELECT pk, 'elsewhere', day, level, a_flag, at, qty FROM delta.`${LAKE}` WHERE pk = 'k00000';
-- row.phantom {"pk":"k00004"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('k00004');
