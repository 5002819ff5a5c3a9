-- row.differs {"pk":"AAABAg=="}
UPDATE delta.`${LAKE}` SET left_one = right_one, right_one = left_one WHERE pk = X'00000102';
-- row.differs {"pk":"AAAAAQ=="}
UPDATE delta.`${LAKE}` SET list = array(list[0], list[1]) WHERE pk = X'00000001';
-- row.differs {"pk":"AAACuw=="}
UPDATE delta.`${LAKE}` SET list = NULL WHERE pk = X'000002bb';
-- row.missing {"pk":"AAAAAA=="}
DELETE FROM delta.`${LAKE}` WHERE pk = X'00000000';
-- row.duplicate {"pk":"AAAAAg=="}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = X'00000002';
-- row.phantom {"pk":"AAABAQ=="}
INSERT INTO delta.`${LAKE}` (pk) VALUES (X'00000101');
