SET threads = 2
;
CREATE TEMP TABLE exported AS
SELECT Item AS image FROM read_json('@EXPORT@/*.json.gz', format = 'newline_delimited', columns = {Item:
 'STRUCT(pk STRUCT(S VARCHAR), sk STRUCT(N VARCHAR), status STRUCT(S VARCHAR), amount STRUCT(N VARCHAR), quantity STRUCT(N VARCHAR),
  active STRUCT(BOOL BOOLEAN), tags STRUCT(SS VARCHAR[]), addr STRUCT(M STRUCT(street STRUCT(S VARCHAR), city STRUCT(S VARCHAR))),
  notes STRUCT(S VARCHAR), payload STRUCT(B VARCHAR), created_at STRUCT(S VARCHAR), history STRUCT(L STRUCT(S VARCHAR)[]),
  expires_at STRUCT(N VARCHAR))'})
;
CREATE TEMP TABLE events AS
SELECT dynamodb.Keys AS keys, dynamodb.NewImage AS image, dynamodb.SequenceNumber AS sequence
FROM read_json('@EVENTS@/**/*.jsonl', format = 'newline_delimited', columns = {dynamodb:
 'STRUCT(Keys STRUCT(pk STRUCT(S VARCHAR), sk STRUCT(N VARCHAR)), SequenceNumber VARCHAR, NewImage
  STRUCT(pk STRUCT(S VARCHAR), sk STRUCT(N VARCHAR), status STRUCT(S VARCHAR), amount STRUCT(N VARCHAR), quantity STRUCT(N VARCHAR),
  active STRUCT(BOOL BOOLEAN), tags STRUCT(SS VARCHAR[]), addr STRUCT(M STRUCT(street STRUCT(S VARCHAR), city STRUCT(S VARCHAR))),
  notes STRUCT(S VARCHAR), payload STRUCT(B VARCHAR), created_at STRUCT(S VARCHAR), history STRUCT(L STRUCT(S VARCHAR)[]),
  expires_at STRUCT(N VARCHAR)))'})
;
CREATE TEMP TABLE expected AS
WITH every AS (
  SELECT image.pk.S AS pk, image.sk.N AS sk, image, '' AS sequence FROM exported
  UNION ALL SELECT keys.pk.S, keys.sk.N, image, sequence FROM events),
newest AS (SELECT *, row_number() OVER (PARTITION BY pk, sk ORDER BY length(sequence) DESC, sequence DESC) AS place FROM every)
SELECT pk, sk::DECIMAL(38, 0) AS sk,
 hash(image.status.S, image.amount.N::DECIMAL(38, 10), image.quantity.N::INTEGER, image.active.BOOL, list_sort(image.tags.SS),
  image.addr.M.street.S, image.addr.M.city.S, image.notes.S, image.payload.B, image.created_at.S,
  list_transform(image.history.L, lambda x: x.S), image.expires_at.N::BIGINT) AS digest
FROM newest WHERE place = 1 AND image IS NOT NULL
;
CREATE TEMP TABLE actual AS
SELECT pk, sk, hash(status, amount, quantity, active, list_sort(tags), street, city, notes, to_base64(payload), created_at, history,
 expires_at) AS digest
FROM read_parquet([@FILES@])
;
SELECT count(*) AS keys, count(*) FILTER (e.digest = a.digest) AS equal, count(*) FILTER (e.pk IS NULL) AS only_lake,
 count(*) FILTER (a.pk IS NULL) AS only_expected
FROM expected e FULL JOIN actual a USING (pk, sk)
;
