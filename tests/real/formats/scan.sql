-- Pages of the API, one a line, or of the CLI, one a file.
CREATE OR REPLACE TEMPORARY VIEW page (Items ARRAY<STRUCT<${IMAGE}>>) USING json OPTIONS (path '${DUMP}', multiLine ${MULTILINE}, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS SELECT ${COLUMNS} FROM (SELECT explode(Items) AS image FROM page);
