-- Of each key the last change wins, the first export being what was before all of them.
CREATE OR REPLACE TEMPORARY VIEW merged AS
SELECT ${NAMES} FROM (
	SELECT *, row_number() OVER (PARTITION BY key_pk, key_sk ORDER BY place DESC) AS nth FROM (
		SELECT place, gone, key_pk, key_sk, ${NAMES} FROM ${CHANGES}
		UNION ALL
		SELECT '' AS place, false AS gone, pk AS key_pk, sk AS key_sk, ${NAMES} FROM first_item))
WHERE nth = 1 AND NOT gone;
