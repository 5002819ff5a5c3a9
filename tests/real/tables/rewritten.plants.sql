-- row.differs {"pk":"k00003"}
UPDATE delta.`${LAKE}` SET body = 'ruined' WHERE pk = 'k00003';
-- row.phantom {"pk":"k00305"}
INSERT INTO delta.`${LAKE}` VALUES ('k00305', 305, 'body 305');
-- row.missing {"pk":"k00799"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00799';
