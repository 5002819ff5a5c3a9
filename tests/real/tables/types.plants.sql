-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET dec38 = 99999999999999999999999999999999999998BD WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET dec18 = 99999999999999999999.999999999999999998BD WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET dec10 = dec10 - 0.01BD WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET dec19 = dec19 - 0.0000000000000000001BD WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET bin = X'00ff8000' WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET ts = ts - INTERVAL 1 MICROSECOND WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET ntz = ntz - INTERVAL 1 MICROSECOND WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET d = DATE'9999-12-30' WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET ti = 126 WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET si = 32766 WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET i = 2147483646 WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET bi = 9223372036854775806 WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET f = f + 0.0000002 WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET dbl = 1.0000000000000002e100 WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET b = false WHERE pk = 'max';
-- row.differs {"pk":"max"}
UPDATE delta.`${LAKE}` SET s = 'é日本\u0000"\\/\t ' WHERE pk = 'max';
-- row.differs {"pk":"zero"}
UPDATE delta.`${LAKE}` SET dec38 = NULL WHERE pk = 'zero';
-- row.differs {"pk":"zero"}
UPDATE delta.`${LAKE}` SET bin = NULL WHERE pk = 'zero';
-- row.differs {"pk":"zero"}
UPDATE delta.`${LAKE}` SET ts = NULL WHERE pk = 'zero';
-- row.differs {"pk":"zero"}
UPDATE delta.`${LAKE}` SET b = NULL WHERE pk = 'zero';
-- row.differs {"pk":"zero"}
UPDATE delta.`${LAKE}` SET s = NULL WHERE pk = 'zero';
-- row.missing {"pk":"null"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'null';
-- row.duplicate {"pk":"byte"}
INSERT INTO delta.`${LAKE}` SELECT * FROM delta.`${LAKE}` WHERE pk = 'byte';
-- row.phantom {"pk":"nil"}
INSERT INTO delta.`${LAKE}` (pk) VALUES ('nil');
