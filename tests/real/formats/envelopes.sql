-- Lambda's: an object with Records a line.
CREATE OR REPLACE TEMPORARY VIEW envelope (Records ARRAY<STRUCT<${RECORD}>>) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
CREATE OR REPLACE TEMPORARY VIEW landed AS SELECT inline(Records) FROM envelope;
