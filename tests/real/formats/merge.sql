-- Of each key the last change wins, the first export being what was before all of them. How many rows that has, how many the
-- pipeline's table, and on how many they differ.
CREATE OR REPLACE TEMPORARY VIEW merged AS
SELECT ${NAMES} FROM (
	SELECT *, row_number() OVER (PARTITION BY key_pk, key_sk ORDER BY place DESC) AS nth FROM (
		SELECT place, gone, key_pk, key_sk, ${NAMES} FROM ${CHANGES}
		UNION ALL
		SELECT '' AS place, false AS gone, pk AS key_pk, sk AS key_sk, ${NAMES} FROM first_item))
WHERE nth = 1 AND NOT gone;
SELECT sum(merged) AS merged, sum(lake) AS lake, sum(abs(merged - lake)) AS differ FROM (
	SELECT sum(merged) AS merged, sum(lake) AS lake
	FROM (SELECT *, 1 AS merged, 0 AS lake FROM merged UNION ALL SELECT *, 0, 1 FROM ${LAKE}) GROUP BY ${NAMES});
