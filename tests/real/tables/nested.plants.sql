-- row.differs {"pk":"k00004"}
UPDATE delta.`${LAKE}` SET tags = array('c', 'a', 'b', 'b') WHERE pk = 'k00004';
-- row.differs {"pk":"k00001"}
UPDATE delta.`${LAKE}` SET tags = array() WHERE pk = 'k00001';
-- row.differs {"pk":"k00003"}
UPDATE delta.`${LAKE}` SET numbers = array(2.5BD, -1BD, 3.0000000001BD) WHERE pk = 'k00003';
-- row.differs {"pk":"k00002"}
UPDATE delta.`${LAKE}` SET deep.a.e = array(array('x'), NULL, array()) WHERE pk = 'k00002';
-- row.differs {"pk":"k00007"}
UPDATE delta.`${LAKE}` SET deep.a.e = array(array('x', NULL), array(), NULL) WHERE pk = 'k00007';
-- row.differs {"pk":"k00008"}
UPDATE delta.`${LAKE}` SET deep.a.b.c = 9 WHERE pk = 'k00008';
-- row.differs {"pk":"k00013"}
UPDATE delta.`${LAKE}` SET deep.a.b = NULL WHERE pk = 'k00013';
-- row.differs {"pk":"k00006"}
UPDATE delta.`${LAKE}` SET counts = map('z', 6L, 'a', NULL, 'é', 6L) WHERE pk = 'k00006';
-- row.differs {"pk":"k00009"}
UPDATE delta.`${LAKE}` SET counts = map('z', 9L, 'é', -9L) WHERE pk = 'k00009';
-- row.differs {"pk":"k00010"}
UPDATE delta.`${LAKE}` SET places = map('one', named_struct('lat', 2.5D, 'names', array('m', 'n')), 'none', NULL) WHERE pk = 'k00010';
-- row.differs {"pk":"k00012"}
UPDATE delta.`${LAKE}` SET street = '' WHERE pk = 'k00012';
-- row.differs {"pk":"k00014"}
UPDATE delta.`${LAKE}` SET blobs = array(X'00', X'ff') WHERE pk = 'k00014';
-- row.missing {"pk":"k00599"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00599';
-- row.duplicate {"pk":"k00000"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'k00000';
-- row.phantom {"pk":"k00600"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('k00600');
