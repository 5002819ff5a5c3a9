-- row.phantom {"pk":"a"}
INSERT INTO delta.`${LAKE}` VALUES ('a', 1);
