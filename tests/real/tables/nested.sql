CREATE TABLE delta.`${LAKE}` (pk STRING, tags ARRAY<STRING>, numbers ARRAY<DECIMAL(38,10)>, deep STRUCT<a: STRUCT<b: STRUCT<c: INT, d: STRING>, e: ARRAY<ARRAY<STRING>>>, f: BOOLEAN>,
	counts MAP<STRING, BIGINT>, places MAP<STRING, STRUCT<lat: DOUBLE, names: ARRAY<STRING>>>, street STRING, blobs ARRAY<BINARY>) USING delta;
INSERT INTO delta.`${LAKE}`
SELECT printf('k%05d', id),
	CASE id % 4 WHEN 0 THEN array('c', 'a', 'b') WHEN 1 THEN NULL WHEN 2 THEN array('', 'é') ELSE array(string(id)) END,
	CASE id % 3 WHEN 0 THEN array(2.5BD, -1BD, CAST(id AS DECIMAL(38,10))) WHEN 1 THEN array() ELSE NULL END,
	CASE id % 5 WHEN 0 THEN NULL
		WHEN 1 THEN named_struct('a', NULL, 'f', true)
		WHEN 2 THEN named_struct('a', named_struct('b', NULL, 'e', array(array('x', NULL), NULL, array())), 'f', NULL)
		WHEN 3 THEN named_struct('a', named_struct('b', named_struct('c', CAST(id AS INT), 'd', NULL), 'e', array()), 'f', false)
		ELSE named_struct('a', named_struct('b', named_struct('c', NULL, 'd', 'd'), 'e', NULL), 'f', NULL) END,
	CASE id % 3 WHEN 0 THEN map('z', id, 'a', NULL, 'é', -id) WHEN 1 THEN map() ELSE NULL END,
	CASE id % 2 WHEN 0 THEN map('one', named_struct('lat', id / 4, 'names', array('n', 'm')), 'none', NULL) ELSE NULL END,
	IF(id % 6 = 0, NULL, concat('street ', id)),
	IF(id % 2 = 0, array(X'00', X'', X'ff'), NULL)
FROM range(600);
