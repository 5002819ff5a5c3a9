-- CSV without a header: an item a row.
CREATE OR REPLACE TEMPORARY VIEW load (${CSV}) USING csv OPTIONS (path '${DUMP}', mode 'FAILFAST', escape '"', multiLine true, nullValue '\\N');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS SELECT ${CSV_COLUMNS} FROM (SELECT struct(*) AS item FROM load);
