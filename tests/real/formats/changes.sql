-- What is common to records of both services: from view landed to view landed_change. A sequence number has up to 40 digits, two more
-- than a decimal of Spark takes, so places are text.
CREATE OR REPLACE TEMPORARY VIEW landed_change AS
SELECT eventID AS id, lpad(string(${ORDER}), 40, '0') AS place, eventName = 'REMOVE' AS gone, Keys.pk.S AS key_pk, CAST(Keys.sk.N AS DECIMAL(38,0)) AS key_sk, ${COLUMNS}
FROM (SELECT eventID, eventName, dynamodb.*, dynamodb.NewImage AS image FROM landed);
