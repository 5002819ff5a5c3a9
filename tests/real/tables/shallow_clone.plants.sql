-- row.differs {"pk":"k00004"}
UPDATE delta.`${LAKE}` SET body = 'not for the clone' WHERE pk = 'k00004';
-- row.phantom {"pk":"k00014"}
INSERT INTO delta.`${LAKE}` VALUES ('k00014', 14, 'body 14');
-- row.missing {"pk":"k00949"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00949';
