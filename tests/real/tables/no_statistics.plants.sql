-- row.differs {"pk":"k00099"}
UPDATE delta.`${LAKE}` SET qty = 98 WHERE pk = 'k00099';
-- row.missing {"pk":"k00110"}
DELETE FROM delta.`${LAKE}` WHERE pk = 'k00110';
