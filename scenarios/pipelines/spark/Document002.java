import com.fasterxml.jackson.databind.JsonNode;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;

/** A notebook that merges incremental exports; a scan that is appended every five minutes; a scan for what is newer. */
final class Document002 {
	private static final MapType GENERIC_MAP = DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType);
	private static final StructType NORMALISED = new StructType().add("write_ts_us", DataTypes.LongType)
		.add("op", DataTypes.StringType).add("keys_json", DataTypes.StringType).add("new_image_json", DataTypes.StringType);

	private Document002() {
	}

	static void register(Map<String, Pipeline> pipelines) {
		pipelines.put("doc002-incremental-export", Document002::notebook);
		pipelines.put("doc002-incremental-export-corrected", IncrementalMerge::apply);
		pipelines.put("doc002-scan-append", Document002::scanAppend);
		pipelines.put("doc002-scan-append-corrected", PollMerge::apply);
		pipelines.put("doc002-timestamp-scan", Document002::timestampScan);
		pipelines.put("doc002-timestamp-scan-corrected", PollMerge::apply);
	}

	/* ---- the notebook */

	/** The table is filled from the full export first; then each incremental export is merged as it comes, old or new. */
	private static void notebook(Batch batch) throws Exception {
		StructType columns = new StructType();
		for (String key : batch.columns.keys()) {
			columns = columns.add(key, DataTypes.StringType);
		}
		columns = columns.add("updated_at_ts", DataTypes.TimestampType).add("payload", GENERIC_MAP);
		if (!batch.tableExists()) {
			DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(columns).execute();
		}
		for (Path export : batch.exports) {
			merge(batch, normalised(batch, lines(export), true));
		}
		for (Path export : batch.increments) {
			if (batch.is("verbatim")) {
				verbatim(batch, export);
			}
			merge(batch, normalised(batch, lines(export), false));
			batch.moment("after-commit");
		}
	}

	/** The data files that manifest-files.json names. */
	private static List<Path> files(Path export) throws IOException {
		List<Path> files = new ArrayList<>();
		for (String line : Files.readAllLines(export.resolve("manifest-files.json"))) {
			String key = Landing.JSON.readTree(line).get("dataFileS3Key").asText();
			Path shared = export.resolveSibling("data"), own = export.resolve("data");
			files.add((key.contains("/" + export.getFileName() + "/") ? own : shared).resolve(key.substring(key.lastIndexOf('/') + 1)));
		}
		return files;
	}

	private static List<JsonNode> lines(Path export) throws IOException {
		List<JsonNode> lines = new ArrayList<>();
		for (Path file : files(export)) {
			boolean[] cut = new boolean[1];
			for (String line : new String(Landing.content(Files.readAllBytes(file), cut), StandardCharsets.UTF_8).split("\n")) {
				if (!line.isBlank()) {
					lines.add(Landing.JSON.readTree(line));
				}
			}
		}
		return lines;
	}

	/** As the notebook says it: Spark infers structs, of which one is cast to a number. Spark refuses. */
	private static void verbatim(Batch batch, Path export) throws IOException {
		List<String> paths = new ArrayList<>();
		files(export).forEach(file -> paths.add(file.toString()));
		batch.spark.read().json(paths.toArray(new String[0]))
			.withColumn("write_ts_us", functions.col("Metadata.WriteTimestampMicros").cast("long")).collectAsList();
	}

	/**
	 * Normalised with what the user-defined function was meant to be given: dicts. What Spark gives it are Rows, which are
	 * tuples, so json.dumps makes arrays of them and no key is found: variant "rows-as-tuples".
	 */
	private static Dataset<Row> normalised(Batch batch, List<JsonNode> lines, boolean full) {
		List<Row> rows = new ArrayList<>();
		for (JsonNode line : lines) {
			JsonNode image = full ? line.get("Item") : line.get("NewImage");
			JsonNode keys = full ? image : line.get("Keys"), old = line.get("OldImage");
			String op = image != null && old != null ? "UPDATE" : image != null ? "INSERT" : old != null ? "DELETE" : "UNKNOWN";
			JsonNode written = line.path("Metadata").path("WriteTimestampMicros").path("N");
			boolean noTime = written.isMissingNode() || batch.is("null-sequence");
			rows.add(RowFactory.create(noTime ? null : Long.valueOf(written.asText()), op, json(batch, keys), json(batch, image)));
		}
		return batch.spark.createDataFrame(rows, NORMALISED);
	}

	/** _dyn_to_json_str */
	private static String json(Batch batch, JsonNode object) {
		Object value = object != null && batch.is("rows-as-tuples") ? tuple(object) : unwrap(object);
		return Python.dumps(value, true, false);
	}

	private static Object tuple(JsonNode node) {
		if (!node.isContainerNode()) {
			return node.isBoolean() ? (Object) node.asBoolean() : node.asText();
		}
		List<Object> list = new ArrayList<>();
		node.forEach(entry -> list.add(tuple(entry)));
		return list;
	}

	/** _unwrap: the first tag that the dict has, whether it is an attribute value or an item with an attribute of that name. */
	private static Object unwrap(JsonNode x) {
		if (x == null || x.isNull()) {
			return null;
		} else if (x.isArray()) {
			List<Object> list = new ArrayList<>();
			x.forEach(entry -> list.add(unwrap(entry)));
			return list;
		} else if (!x.isObject()) {
			return plain(x);
		}
		for (String tag : List.of("S", "N", "BOOL", "NULL", "B", "SS", "NS", "BS", "M", "L")) {
			if (x.has(tag)) {
				return untag(tag, x.get(tag));
			}
		}
		return unwrapEach(x);
	}

	private static Object untag(String tag, JsonNode value) {
		switch (tag) {
			case "N":
				return Python.number(value.asText());
			case "NULL":
				return null;
			case "NS":
				List<Object> numbers = new ArrayList<>();
				value.forEach(number -> numbers.add(Python.number(number.asText())));
				return numbers;
			case "M":
				return unwrapEach(value);
			case "L":
				return unwrap(value);
			default:
				return plain(value);
		}
	}

	private static Map<String, Object> unwrapEach(JsonNode object) {
		Map<String, Object> map = new LinkedHashMap<>();
		for (Iterator<Map.Entry<String, JsonNode>> it = object.fields(); it.hasNext();) {
			Map.Entry<String, JsonNode> entry = it.next();
			map.put(entry.getKey(), unwrap(entry.getValue()));
		}
		return map;
	}

	private static Object plain(JsonNode value) {
		if (value.isArray()) {
			List<Object> list = new ArrayList<>();
			value.forEach(entry -> list.add(plain(entry)));
			return list;
		} else if (value.isObject()) {
			Map<String, Object> map = new LinkedHashMap<>();
			value.fields().forEachRemaining(entry -> map.put(entry.getKey(), plain(entry.getValue())));
			return map;
		}
		return value.isBoolean() ? (Object) value.asBoolean() : value.isNull() ? null : value.asText();
	}

	/** MERGE without a look at the time. With APPLY_DELETES = False a delete is merged as an update to nothing. */
	private static void merge(Batch batch, Dataset<Row> normalised) {
		Dataset<Row> staged = normalised.withColumn("keys", functions.from_json(functions.col("keys_json"), GENERIC_MAP))
			.withColumn("payload", functions.from_json(functions.col("new_image_json"), GENERIC_MAP))
			.withColumn("updated_at_ts", functions.expr("CAST(write_ts_us / 1000000.0 AS TIMESTAMP)"));
		StringBuilder on = new StringBuilder(), set = new StringBuilder(), names = new StringBuilder(), values = new StringBuilder();
		for (String key : batch.columns.keys()) {
			staged = staged.withColumn(key, functions.col("keys").getItem(key));
			on.append(on.length() == 0 ? "" : " AND ").append("t.`" + key + "` = s.`" + key + "`");
			set.append("t.`" + key + "` = s.`" + key + "`, ");
			names.append("`" + key + "`, ");
			values.append("s.`" + key + "`, ");
		}
		// MERGE reads its source twice, and parses the JSON anew each time unless it is done by then.
		staged = staged.drop("keys", "keys_json", "new_image_json", "write_ts_us");
		staged = batch.spark.createDataFrame(staged.collectAsList(), staged.schema());
		staged.createOrReplaceTempView("staged_changes");
		String update = "THEN UPDATE SET " + set + "t.updated_at_ts = s.updated_at_ts, t.payload = s.payload\n";
		String insert = "THEN INSERT (" + names + "updated_at_ts, payload) VALUES (" + values + "s.updated_at_ts, s.payload)";
		String guard = batch.is("null-sequence") ? " AND s.updated_at_ts >= t.updated_at_ts"
			: batch.is("guarded") ? " AND (t.updated_at_ts IS NULL OR s.updated_at_ts >= t.updated_at_ts)" : "";
		batch.spark.sql("MERGE INTO delta.`" + batch.table + "` t USING staged_changes s ON " + on + "\n"
			+ (batch.is("apply-deletes-off") ? "WHEN MATCHED " + update + "WHEN NOT MATCHED " + insert
			: "WHEN MATCHED" + guard + " AND s.op = 'DELETE' THEN DELETE\n"
			+ "WHEN MATCHED" + guard + " AND s.op IN ('UPDATE','INSERT') " + update
			+ "WHEN NOT MATCHED AND s.op IN ('UPDATE','INSERT') " + insert));
	}

	/* ---- every five minutes */

	/** process_dynamodb_data(): the whole table, appended. */
	private static void scanAppend(Batch batch) throws Exception {
		DynamoTable table = new DynamoTable(batch);
		append(batch, rows(batch, table.scan()));
	}

	private static List<Row> rows(Batch batch, List<DynamoTable.Item> items) {
		List<Row> rows = new ArrayList<>();
		for (DynamoTable.Item item : items) {
			Object[] values = java.util.Arrays.copyOf(batch.columns.values(item.image), batch.columns.list.size() + 1);
			values[values.length - 1] = item.updatedAt(batch.columns);
			rows.add(RowFactory.create(values));
		}
		return rows;
	}

	private static void append(Batch batch, List<Row> rows) {
		if (rows.isEmpty()) {
			return; // "No data found"
		}
		StructType schema = batch.columns.schema().add("timestamp", DataTypes.LongType);
		Dataset<Row> df = batch.spark.createDataFrame(rows, schema);
		if (batch.is("merge") && batch.tableExists()) {
			batch.delta().as("t").merge(df.as("s"), batch.columns.sameKey()).whenMatched().updateAll().whenNotMatched().insertAll()
				.execute();
		} else {
			df.write().format("delta").mode(batch.is("overwrite") ? "overwrite" : "append").option("mergeSchema", "true")
				.save(batch.table);
		}
		batch.moment("after-commit");
	}

	/** read_dynamodb_incremental(): strictly newer than the newest row, appended like the scan. */
	private static void timestampScan(Batch batch) throws Exception {
		DynamoTable table = new DynamoTable(batch);
		Row newest = batch.tableExists() ? batch.rows().selectExpr("max(timestamp)").first() : null;
		List<DynamoTable.Item> items = new ArrayList<>();
		for (DynamoTable.Item item : table.scan()) {
			Long timestamp = item.updatedAt(batch.columns);
			boolean newer = newest == null || newest.isNullAt(0) || timestamp != null && timestamp > newest.getLong(0);
			if (newer && (table.isThere() || newest != null)) {
				items.add(item);
			}
		}
		append(batch, rows(batch, items));
	}
}
