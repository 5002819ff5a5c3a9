-- With simplifyDDBJson: plain values.
INSERT OVERWRITE DIRECTORY '${OUT}' USING parquet
SELECT pk, sk, status, amount, quantity, active, tags, named_struct('street', street, 'city', city) AS addr, notes, payload, created_at, history, expires_at FROM closing_item;
