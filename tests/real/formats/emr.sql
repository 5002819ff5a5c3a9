-- EMR's: a bare item a line, its type tags beginning in lower case. The manifest beside them is none.
CREATE OR REPLACE TEMPORARY VIEW bare USING text OPTIONS (path '${DUMP}', pathGlobFilter '*-*');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS
SELECT ${COLUMNS} FROM (SELECT from_json(value, 'STRUCT<${EMR_IMAGE}>', map('mode', 'FAILFAST')) AS image FROM bare);
