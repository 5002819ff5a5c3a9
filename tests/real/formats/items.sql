-- A bare item a line.
CREATE OR REPLACE TEMPORARY VIEW bare USING text OPTIONS (path '${DUMP}');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS
SELECT ${COLUMNS} FROM (SELECT from_json(value, 'STRUCT<${IMAGE}>', map('mode', 'FAILFAST')) AS image FROM bare);
