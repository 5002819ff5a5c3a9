-- The older form: names and values between 0x03 and 0x02. No attribute of this table has a quote in its name.
CREATE OR REPLACE TEMPORARY VIEW bare USING text OPTIONS (path '${DUMP}', pathGlobFilter '*-*');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS SELECT ${COLUMNS} FROM (
	SELECT from_json(concat('{"', replace(replace(value, char(3), '":'), char(2), ',"'), '}'), 'STRUCT<${EMR_IMAGE}>', map('mode', 'FAILFAST')) AS image FROM bare);
