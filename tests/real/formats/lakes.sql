-- The tables that merged changes are held against: the pipeline's, and that of one with a bug.
CREATE OR REPLACE TEMPORARY VIEW lake AS SELECT ${LAKE_NAMES} FROM delta.`${RIGHT}`;
CREATE OR REPLACE TEMPORARY VIEW wrong_lake AS SELECT ${LAKE_NAMES} FROM delta.`${WRONG}`;
CACHE TABLE lake;
