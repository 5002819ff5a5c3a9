-- Records as texts in a column of Parquet files.
CREATE OR REPLACE TEMPORARY VIEW bronze USING parquet OPTIONS (path '${EVENTS}', recursiveFileLookup true);
CREATE OR REPLACE TEMPORARY VIEW landed AS SELECT record.* FROM (SELECT from_json(value, '${RECORD}', map('mode', 'FAILFAST')) AS record FROM bronze);
