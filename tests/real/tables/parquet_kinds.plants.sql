-- row.differs {"pk":"k00001"}
UPDATE delta.`${LAKE}` SET d9 = d9 + 0.01BD WHERE pk = 'k00001';
-- row.differs {"pk":"k00101"}
UPDATE delta.`${LAKE}` SET d18 = d18 + 0.0001BD WHERE pk = 'k00101';
-- row.differs {"pk":"k00203"}
UPDATE delta.`${LAKE}` SET at = at + INTERVAL '0.001' SECOND WHERE pk = 'k00203';
-- row.differs {"pk":"k00301"}
UPDATE delta.`${LAKE}` SET tags = array('a', 'NULL', '301') WHERE pk = 'k00301';
-- row.differs {"pk":"k00401"}
UPDATE delta.`${LAKE}` SET d38 = 401000000000000000200.5000000001BD WHERE pk = 'k00401';
