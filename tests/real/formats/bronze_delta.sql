-- Records as texts in a column of a Delta table.
CREATE OR REPLACE TEMPORARY VIEW bronze AS SELECT * FROM delta.`${EVENTS}`;
CREATE OR REPLACE TEMPORARY VIEW landed AS SELECT record.* FROM (SELECT from_json(value, '${RECORD}', map('mode', 'FAILFAST')) AS record FROM bronze);
