-- Full exports: items; incremental ones: net changes, each window's later than those of the windows before.
CREATE OR REPLACE TEMPORARY VIEW full_line (Item STRUCT<${IMAGE}>) USING json OPTIONS (path '${FIRST}', mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW first_item AS SELECT ${COLUMNS} FROM (SELECT Item AS image FROM full_line);
CREATE OR REPLACE TEMPORARY VIEW closing_line (Item STRUCT<${IMAGE}>) USING json OPTIONS (path '${CLOSING}', mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW closing_item AS SELECT ${COLUMNS} FROM (SELECT Item AS image FROM closing_line);
CREATE OR REPLACE TEMPORARY VIEW net_line (Metadata STRUCT<WriteTimestampMicros: STRUCT<N: STRING>>, Keys STRUCT<pk: STRUCT<S: STRING>, sk: STRUCT<N: STRING>>,
	NewImage STRUCT<${IMAGE}>) USING json OPTIONS (path '${WINDOWS}', mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW net_change AS
SELECT uuid() AS id, lpad(Metadata.WriteTimestampMicros.N, 40, '0') AS place, NewImage IS NULL AS gone, Keys.pk.S AS key_pk,
	CAST(Keys.sk.N AS DECIMAL(38,0)) AS key_sk, ${COLUMNS}
FROM (SELECT *, NewImage AS image FROM net_line);
CACHE TABLE first_item;
