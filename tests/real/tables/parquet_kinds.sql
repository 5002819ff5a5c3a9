CREATE TABLE delta.`${LAKE}` (pk STRING, d9 DECIMAL(9,2), d18 DECIMAL(18,4), d38 DECIMAL(38,10), at TIMESTAMP, tags ARRAY<STRING>, counts MAP<STRING, BIGINT>, b BOOLEAN) USING delta;
SET spark.sql.parquet.compression.codec = none;
SET spark.sql.parquet.writeLegacyFormat = false;
SET spark.sql.parquet.outputTimestampType = INT96;
SET parquet.writer.version = v1;
INSERT INTO delta.`${LAKE}`
SELECT /*+ COALESCE(1) */ printf('k%05d', id), IF(id % 7 = 0, NULL, id - 250.25BD), id * -1.0001BD, IF(id % 5 = 0, NULL, id * 1000000000000000000.5BD),
	TIMESTAMP'2024-02-28 12:00:00.125' + make_dt_interval(CAST(id AS INT)), IF(id % 3 = 0, NULL, array('a', NULL, string(id))),
	IF(id % 4 = 0, NULL, map('x', id, 'y', NULL)), IF(id % 6 = 0, NULL, id % 2 = 0)
FROM range(0, 100);
SET spark.sql.parquet.compression.codec = snappy;
SET spark.sql.parquet.writeLegacyFormat = true;
SET spark.sql.parquet.outputTimestampType = TIMESTAMP_MICROS;
SET parquet.writer.version = v1;
INSERT INTO delta.`${LAKE}`
SELECT /*+ COALESCE(1) */ printf('k%05d', id), IF(id % 7 = 0, NULL, id - 250.25BD), id * -1.0001BD, IF(id % 5 = 0, NULL, id * 1000000000000000000.5BD),
	TIMESTAMP'2024-02-28 12:00:00.125' + make_dt_interval(CAST(id AS INT)), IF(id % 3 = 0, NULL, array('a', NULL, string(id))),
	IF(id % 4 = 0, NULL, map('x', id, 'y', NULL)), IF(id % 6 = 0, NULL, id % 2 = 0)
FROM range(100, 200);
SET spark.sql.parquet.compression.codec = gzip;
SET spark.sql.parquet.writeLegacyFormat = false;
SET spark.sql.parquet.outputTimestampType = TIMESTAMP_MILLIS;
SET parquet.writer.version = v2;
INSERT INTO delta.`${LAKE}`
SELECT /*+ COALESCE(1) */ printf('k%05d', id), IF(id % 7 = 0, NULL, id - 250.25BD), id * -1.0001BD, IF(id % 5 = 0, NULL, id * 1000000000000000000.5BD),
	TIMESTAMP'2024-02-28 12:00:00.125' + make_dt_interval(CAST(id AS INT)), IF(id % 3 = 0, NULL, array('a', NULL, string(id))),
	IF(id % 4 = 0, NULL, map('x', id, 'y', NULL)), IF(id % 6 = 0, NULL, id % 2 = 0)
FROM range(200, 300);
SET spark.sql.parquet.compression.codec = zstd;
SET spark.sql.parquet.writeLegacyFormat = true;
SET spark.sql.parquet.outputTimestampType = INT96;
SET parquet.writer.version = v2;
INSERT INTO delta.`${LAKE}`
SELECT /*+ COALESCE(1) */ printf('k%05d', id), IF(id % 7 = 0, NULL, id - 250.25BD), id * -1.0001BD, IF(id % 5 = 0, NULL, id * 1000000000000000000.5BD),
	TIMESTAMP'2024-02-28 12:00:00.125' + make_dt_interval(CAST(id AS INT)), IF(id % 3 = 0, NULL, array('a', NULL, string(id))),
	IF(id % 4 = 0, NULL, map('x', id, 'y', NULL)), IF(id % 6 = 0, NULL, id % 2 = 0)
FROM range(300, 400);
SET spark.sql.parquet.compression.codec = lz4_raw;
SET spark.sql.parquet.writeLegacyFormat = false;
SET spark.sql.parquet.outputTimestampType = TIMESTAMP_MICROS;
SET parquet.writer.version = v2;
INSERT INTO delta.`${LAKE}`
SELECT /*+ COALESCE(1) */ printf('k%05d', id), IF(id % 7 = 0, NULL, id - 250.25BD), id * -1.0001BD, IF(id % 5 = 0, NULL, id * 1000000000000000000.5BD),
	TIMESTAMP'2024-02-28 12:00:00.125' + make_dt_interval(CAST(id AS INT)), IF(id % 3 = 0, NULL, array('a', NULL, string(id))),
	IF(id % 4 = 0, NULL, map('x', id, 'y', NULL)), IF(id % 6 = 0, NULL, id % 2 = 0)
FROM range(400, 500);
RESET parquet.writer.version;
RESET spark.sql.parquet.compression.codec;
RESET spark.sql.parquet.outputTimestampType;
RESET spark.sql.parquet.writeLegacyFormat;
