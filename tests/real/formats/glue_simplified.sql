-- The same without types: a column an attribute, numbers and binaries as texts.
CREATE OR REPLACE TEMPORARY VIEW glued USING parquet OPTIONS (path '${DUMP}');
CREATE OR REPLACE TEMPORARY VIEW dump_item AS
SELECT pk, CAST(sk AS DECIMAL(38,0)) AS sk, status, CAST(amount AS DECIMAL(38,10)) AS amount, CAST(quantity AS INT) AS quantity, active, array_sort(tags) AS tags,
	addr.street AS street, addr.city AS city, notes, unbase64(payload) AS payload, created_at, history, CAST(expires_at AS BIGINT) AS expires_at
FROM glued;
