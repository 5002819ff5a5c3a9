-- How many rows are found, how many the pipeline's table has, and on how many they differ.
SELECT sum(found) AS found, sum(lake) AS lake, sum(abs(found - lake)) AS differ FROM (
	SELECT sum(found) AS found, sum(lake) AS lake
	FROM (SELECT *, 1 AS found, 0 AS lake FROM ${FOUND} UNION ALL SELECT *, 0, 1 FROM ${LAKE}) GROUP BY ${NAMES});
