-- As AWS Glue's export connector gives items: a struct of types for each attribute, of which one is not null.
CREATE OR REPLACE TEMPORARY VIEW typed_line (Item STRUCT<${GLUE_IMAGE}>) USING json OPTIONS (path '${CLOSING}', mode 'FAILFAST');
INSERT OVERWRITE DIRECTORY '${OUT}' USING parquet SELECT Item FROM typed_line;
