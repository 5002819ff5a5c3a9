-- A record a line, or an array of records a line.
CREATE OR REPLACE TEMPORARY VIEW landed (${RECORD}) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
