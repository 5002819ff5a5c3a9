-- row.differs {"pk":"k00002"}
INSERT INTO delta.`${LAKE}` REPLACE WHERE pk = 'k00002' SELECT 2L, 'k00002', 2;
-- row.phantom {"pk":"k00302"}
INSERT INTO delta.`${LAKE}` VALUES (2, 'k00302', 302);
-- row.missing {"pk":"k00599"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00599';
