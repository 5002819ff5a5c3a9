CREATE TABLE delta.`${LAKE}` (pk STRING, amount DECIMAL(38,10), qty INT, ok BOOLEAN, note STRING) USING delta;
INSERT INTO delta.`${LAKE}`
SELECT printf('k%05d', id), id * 1.25BD, CAST(id AS INT), id % 2 = 0, IF(id % 10 = 0, NULL, concat('note ', id))
FROM range(2000);
MERGE INTO delta.`${LAKE}` t
USING (SELECT printf('k%05d', id) AS pk, id, id % 7 = 0 AS gone FROM range(500, 2500)) s
ON t.pk = s.pk
WHEN MATCHED AND s.gone THEN DELETE
WHEN MATCHED THEN UPDATE SET amount = s.id * 3.5BD, note = 'merged'
WHEN NOT MATCHED AND NOT s.gone THEN INSERT (pk, amount, qty) VALUES (s.pk, s.id * 2BD, -1);
