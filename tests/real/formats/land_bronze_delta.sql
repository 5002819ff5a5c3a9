CREATE OR REPLACE TEMPORARY VIEW raw USING text OPTIONS (path '${EVENTS}', recursiveFileLookup true);
CREATE TABLE delta.`${OUT}` USING delta AS SELECT uuid() AS id, value, current_timestamp() AS ingested FROM raw;
