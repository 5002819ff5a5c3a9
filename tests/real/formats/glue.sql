-- Items by AWS Glue: a struct an attribute, a member a type, binaries as base64.
CREATE OR REPLACE TEMPORARY VIEW glued USING parquet OPTIONS (path '${DUMP}');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS
SELECT ${COLUMNS} FROM (SELECT from_json(to_json(Item), 'STRUCT<${IMAGE}>', map('mode', 'FAILFAST')) AS image FROM glued);
