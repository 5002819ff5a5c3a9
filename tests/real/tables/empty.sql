CREATE TABLE delta.`${LAKE}` (pk STRING, qty INT) USING delta;
