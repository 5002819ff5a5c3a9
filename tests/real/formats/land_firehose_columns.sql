-- The same, images as structs of lower-case types. Its schema has no old images and no userIdentity.
CREATE OR REPLACE TEMPORARY VIEW landed (${RECORD}) USING json OPTIONS (path '${EVENTS}', recursiveFileLookup true, mode 'FAILFAST');
INSERT OVERWRITE DIRECTORY '${OUT}' USING parquet
SELECT eventID AS eventid, eventName AS eventname, CAST(dynamodb AS STRUCT<approximatecreationdatetime: BIGINT, sequencenumber: STRING,
	keys: STRUCT<pk: STRUCT<s: STRING>, sk: STRUCT<n: STRING>>, newimage: STRUCT<${EMR_IMAGE}>>) AS dynamodb FROM landed;
