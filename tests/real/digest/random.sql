-- r(k), 0 to 99, and h(k), any BIGINT, are functions of the row and k; digest.t writes them out, since Spark 3.5 has no SQL functions.
SET spark.sql.parquet.int96RebaseModeInWrite = CORRECTED;
SET spark.sql.parquet.datetimeRebaseModeInWrite = CORRECTED;
CREATE TABLE delta.`${LAKE}` (pk STRING, s STRING, b BOOLEAN, ti TINYINT, si SMALLINT, i INT, bi BIGINT, f FLOAT, dbl DOUBLE,
	dec9 DECIMAL(9,3), dec18 DECIMAL(18,0), dec19 DECIMAL(19,5), dec38 DECIMAL(38,0), bin BINARY, d DATE, ts TIMESTAMP, ntz TIMESTAMP_NTZ,
	a ARRAY<STRING>, u ARRAY<STRING>, aa ARRAY<ARRAY<DOUBLE>>, ua ARRAY<ARRAY<INT>>, ast ARRAY<STRUCT<x: INT, y: STRING, z: ARRAY<DATE>>>,
	m MAP<STRING, DECIMAL(38,5)>, mi MAP<INT, ARRAY<STRING>>, mm MAP<STRING, MAP<BIGINT, BOOLEAN>>, um MAP<STRING, ARRAY<STRING>>,
	st STRUCT<a: TINYINT, b: STRUCT<c: BINARY, d: TIMESTAMP, e: FLOAT>, `f.g`: MAP<STRING, STRUCT<h: DECIMAL(20,2)>>>, ust STRUCT<a: ARRAY<STRING>, b: INT>) USING delta;
INSERT INTO delta.`${LAKE}`
SELECT concat('k', id),
	IF(r(1) < 20, NULL, substr(repeat('aé日😀 ', 30), 1, r(2))), IF(r(3) < 20, NULL, r(4) < 50), IF(r(5) < 20, NULL, tinyint(r(6) - 50)),
	IF(r(7) < 20, NULL, smallint(r(8) * 600 - 30000)), IF(r(9) < 20, NULL, int(h(10))), IF(r(11) < 20, NULL, h(12)),
	CASE WHEN r(13) < 20 THEN NULL WHEN r(13) < 25 THEN float('NaN') WHEN r(13) < 30 THEN float('-Infinity') WHEN r(13) < 35 THEN float(-0.0D) WHEN r(13) < 40 THEN float(1e-45D) ELSE float(h(14) / 1000D) END,
	CASE WHEN r(15) < 20 THEN NULL WHEN r(15) < 25 THEN double('NaN') WHEN r(15) < 30 THEN double('Infinity') WHEN r(15) < 35 THEN -0.0D WHEN r(15) < 40 THEN 4.9e-324D ELSE h(16) / 1e10D END,
	IF(r(17) < 20, NULL, CAST(int(h(18)) % 1000000 / 1000BD AS DECIMAL(9,3))), IF(r(19) < 20, NULL, CAST(h(20) DIV 10 AS DECIMAL(18,0))),
	IF(r(21) < 20, NULL, CAST(h(22) / 100000BD AS DECIMAL(19,5))),
	IF(r(23) < 20, NULL, CAST(CAST(h(24) AS DECIMAL(19,0)) * CAST(CASE r(25) % 4 WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN 2 THEN 1000000007 ELSE 9999999999999999 END AS DECIMAL(19,0)) AS DECIMAL(38,0))),
	IF(r(26) < 20, NULL, substr(unhex(sha2(string(id), 256)), 1, r(27) % 33)), IF(r(28) < 20, NULL, date_add(DATE'1970-01-01', int(h(29) % 1000000))),
	IF(r(30) < 20, NULL, timestamp_micros(h(31) DIV 1000)), IF(r(32) < 20, NULL, CAST(timestamp_micros(h(33) DIV 1000) AS TIMESTAMP_NTZ)),
	IF(r(34) < 20, NULL, transform(sequence(1, r(35) % 5), x -> IF(r(36 + x) < 30, NULL, string(r(37 + x))))),
	IF(r(40) < 20, NULL, transform(sequence(1, 1 + r(41) % 6), x -> IF(r(42 + x) < 30, NULL, string(r(43 + x) % 3)))),
	IF(r(50) < 20, NULL, array(array(1D, NULL, double('NaN')), NULL, array(), array(double(r(51))))),
	IF(r(52) < 20, NULL, array(array(r(53) % 3, 1), array(1, r(54) % 3), NULL, array())),
	IF(r(55) < 20, NULL, array(named_struct('x', r(56), 'y', NULL, 'z', array(DATE'2024-01-01', NULL)), NULL, named_struct('x', NULL, 'y', string(r(57)), 'z', NULL))),
	IF(r(58) < 20, NULL, map(string(r(59)), CAST(r(60) AS DECIMAL(38,5)), 'other', NULL)), IF(r(61) < 20, NULL, map(r(62), array('x', NULL), -1, NULL, -2, array())),
	IF(r(63) < 20, NULL, map('a', map(h(64), true, 0L, NULL), 'b', NULL, 'c', map())), IF(r(65) < 20, NULL, map('k', array('b', 'a', string(r(66))), 'l', NULL)),
	IF(r(67) < 20, NULL, named_struct('a', tinyint(r(68)), 'b', IF(r(69) < 50, NULL, named_struct('c', IF(r(70) < 30, NULL, X'00ff'), 'd', timestamp_micros(h(71) DIV 1000), 'e', IF(r(72) < 50, NULL, float(r(73))))),
		'f.g', IF(r(74) < 50, NULL, map('p', named_struct('h', CAST(r(75) AS DECIMAL(20,2))), 'q', NULL, 'r', named_struct('h', NULL))))),
	IF(r(76) < 20, NULL, named_struct('a', array('z', NULL, string(r(77) % 4), 'm'), 'b', NULL))
FROM range(3000);
