import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** A GSI asked per tenant, a job once a minute, a streaming query whose foreachBatch merges, and the same behind Kinesis. */
final class Document004 {
	/** MAX_LAG_MS: the last two minutes are read again. */
	private static final long MAX_LAG_MS = 120_000;
	private static final long HOUR_MS = 3_600_000;
	/** Limit, for tables as small as these. */
	private static final int PAGE = 5;

	private Document004() {
	}

	static void register(Map<String, Pipeline> pipelines) {
		pipelines.put("doc004-gsi-poll", Document004::gsiPoll);
		pipelines.put("doc004-gsi-poll-corrected", PollMerge::apply);
		pipelines.put("doc004-minute-job", Document004::minuteJob);
		pipelines.put("doc004-minute-job-corrected", PollMerge::apply);
		pipelines.put("doc004-foreachbatch", Document004::foreachBatch);
		pipelines.put("doc004-foreachbatch-corrected", SequenceMerge::all);
		pipelines.put("doc004-kinesis-merge", Document004::kinesisMerge);
		pipelines.put("doc004-kinesis-merge-corrected", Document004::kinesisCorrected);
	}

	/** The flat table with the column that guards it, and when the row came. */
	private static StructType target(Batch batch) {
		StructType schema = batch.columns.schema();
		schema = DynamoTable.has(batch.columns, "updated_at") ? schema : schema.add("_updated_at", DataTypes.LongType);
		return schema.add("_ingest_ts", DataTypes.TimestampType);
	}

	private static String updatedAt(Batch batch) {
		return DynamoTable.has(batch.columns, "updated_at") ? "updated_at" : "_updated_at";
	}

	private static void create(Batch batch) {
		if (!batch.tableExists()) {
			DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(target(batch)).execute();
		}
	}

	/** An item's row: its columns, and where the table has no such attribute, the time given. */
	private static Object[] row(Batch batch, JsonNode item, Long updatedAt) {
		Object[] values = batch.columns.values(item);
		if (!DynamoTable.has(batch.columns, "updated_at")) {
			values = Arrays.copyOf(values, values.length + 1);
			values[values.length - 1] = updatedAt;
		}
		return values;
	}

	/** MERGE ON t.tenant = s.tenant AND t.id = s.id, guarded by updated_at alone. */
	private static void merge(Batch batch, Dataset<Row> incoming) {
		String tenant = DynamoTable.has(batch.columns, "tenant") ? " AND t.tenant = s.tenant" : "";
		String guard = "s." + updatedAt(batch) + " >= t." + updatedAt(batch);
		incoming.createOrReplaceTempView("stage_incoming");
		batch.spark.sql("MERGE INTO delta.`" + batch.table + "` t USING (SELECT * FROM stage_incoming) s ON " + batch.columns.sameKey()
			+ tenant + "\nWHEN MATCHED AND " + guard + " THEN UPDATE SET *\nWHEN NOT MATCHED THEN INSERT *");
	}

	/* ---- option 1: the index on (tenant, updated_at) */

	private static void gsiPoll(Batch batch) throws Exception {
		DynamoTable table = new DynamoTable(batch);
		if (!table.isThere()) {
			return;
		}
		create(batch);
		Map<String, Long> state = state(batch);
		long now = table.nowUs() / 1000;
		List<DynamoTable.Item> rows = new ArrayList<>();
		for (Map.Entry<String, TreeMap<String, DynamoTable.Item>> tenant : index(batch, table).entrySet()) {
			// The sketch begins an hour back; its notes backfill by moving the cursor back, as is done here.
			long last = state.getOrDefault(tenant.getKey(), batch.is("hour-back") ? now - HOUR_MS : 0);
			query(batch, tenant.getValue(), Math.max(0, last - MAX_LAG_MS), now, rows);
		}
		List<Row> clean = new ArrayList<>();
		for (DynamoTable.Item item : rows) {
			clean.add(RowFactory.create(row(batch, batch.is("verbatim") ? withoutSets(item.image) : item.image, item.updatedAt(batch.columns))));
		}
		if (clean.isEmpty()) {
			return;
		}
		merge(batch, floats(batch, clean).withColumn("_ingest_ts", functions.current_timestamp()));
		batch.moment("after-commit");
		advance(batch, rows);
	}

	/** createDataFrame knows no sets: "not supported type: <class 'set'>". What is not the variant makes lists of them. */
	private static JsonNode withoutSets(JsonNode image) {
		image.fields().forEachRemaining(entry -> {
			if (entry.getValue().has("SS") || entry.getValue().has("NS") || entry.getValue().has("BS")) {
				throw new Python.PythonError("TypeError: not supported type: <class 'set'>");
			}
		});
		return image;
	}

	/** What the index holds, by tenant and time: items that have both of its keys; of the tenants that were listed on the first day. */
	private static Map<String, TreeMap<String, DynamoTable.Item>> index(Batch batch, DynamoTable table) throws IOException {
		int lag = batch.is("lag") ? 400 : 40; // seconds that the index may be behind
		Map<String, TreeMap<String, DynamoTable.Item>> index = new TreeMap<>();
		for (DynamoTable.Item item : table.at(change -> Math.floorMod(change.sequence.hashCode() * 31, lag) * DynamoTable.SECOND)) {
			String tenant = item.tenant(batch.columns);
			Long updated = item.updatedAt(batch.columns);
			if (tenant != null && updated != null) {
				TreeMap<String, DynamoTable.Item> items = index.computeIfAbsent(tenant, none -> new TreeMap<>());
				items.put(String.format("%020d %06d", updated, items.size()), item);
			}
		}
		Path list = batch.work.resolve("tenants");
		if (!Files.exists(list) && !index.isEmpty()) {
			Files.write(list, index.keySet());
		}
		if (Files.exists(list) && !batch.is("all-tenants")) {
			index.keySet().retainAll(Set.copyOf(Files.readAllLines(list)));
		}
		return index;
	}

	/** Newest first, page by page. The variant is content with the first page when the next is throttled: the cursor is past it. */
	private static void query(Batch batch, TreeMap<String, DynamoTable.Item> items, long from, long to, List<DynamoTable.Item> rows) {
		List<DynamoTable.Item> found = new ArrayList<>(items.subMap(String.format("%020d", from), String.format("%020d", to + 1)).values());
		java.util.Collections.reverse(found);
		boolean throttled = batch.is("page-failed") && batch.number % 2 == 0;
		rows.addAll(throttled ? found.subList(0, Math.min(found.size(), PAGE)) : found);
	}

	/** to_native: each Decimal is a float. The sketch's keys are strings, so they are spared. */
	private static Dataset<Row> floats(Batch batch, List<Row> rows) {
		StructType target = target(batch), native_ = new StructType();
		List<String> exact = new ArrayList<>(batch.columns.keys());
		exact.add(updatedAt(batch));
		List<Row> clean = new ArrayList<>();
		for (Row row : rows) {
			Object[] values = new Object[row.length()];
			for (int i = 0; i < values.length; i++) {
				boolean number = row.get(i) instanceof Number && !exact.contains(target.fields()[i].name());
				values[i] = number ? (Object) ((Number) row.get(i)).doubleValue() : row.get(i);
			}
			clean.add(RowFactory.create(values));
		}
		for (int i = 0; i < rows.get(0).length(); i++) {
			StructField field = target.fields()[i];
			boolean number = field.dataType() instanceof NumericType && !exact.contains(field.name());
			native_ = native_.add(field.name(), number ? DataTypes.DoubleType : field.dataType());
		}
		return batch.spark.createDataFrame(clean, native_);
	}

	private static String stateTable(Batch batch) {
		return batch.checkpoint("ddb_state");
	}

	private static Map<String, Long> state(Batch batch) {
		Map<String, Long> state = new LinkedHashMap<>();
		if (Batch.isDelta(stateTable(batch))) {
			batch.spark.read().format("delta").load(stateTable(batch)).collectAsList().forEach(row -> state.put(row.getString(0), row.getLong(1)));
		}
		return state;
	}

	/** The newest updated_at seen of each tenant; in one statement, where the sketch has one for each tenant. */
	private static void advance(Batch batch, List<DynamoTable.Item> rows) {
		StructType schema = new StructType().add("tenant", DataTypes.StringType).add("last_ts", DataTypes.LongType);
		Map<String, Long> newest = new TreeMap<>();
		rows.forEach(item -> newest.merge(item.tenant(batch.columns), item.updatedAt(batch.columns), Math::max));
		List<Row> lines = new ArrayList<>();
		newest.forEach((tenant, last) -> lines.add(RowFactory.create(tenant, last)));
		DeltaTable.createIfNotExists(batch.spark).location(stateTable(batch)).addColumns(schema).execute();
		batch.spark.createDataFrame(lines, schema).createOrReplaceTempView("advanced");
		batch.spark.sql("MERGE INTO delta.`" + stateTable(batch) + "` dst USING advanced s ON dst.tenant = s.tenant\n"
			+ "WHEN MATCHED THEN UPDATE SET dst.last_ts = GREATEST(dst.last_ts, s.last_ts)\nWHEN NOT MATCHED THEN INSERT *");
	}

	/* ---- run_job(), once a minute: what is newer than the cursor is appended, then the cursor is saved */

	private static void minuteJob(Batch batch) throws Exception {
		DynamoTable table = new DynamoTable(batch);
		if (!table.isThere()) {
			return;
		}
		create(batch);
		boolean late = batch.number % 2 == 0;
		if (batch.is("overlap") && late) { // the run before has not ended: both begin at its cursor
			List<DynamoTable.Item> first = newer(batch, table, cursor(batch)), second = newer(batch, table, cursor(batch));
			append(batch, first);
			append(batch, second);
			save(batch, first);
			return;
		}
		List<DynamoTable.Item> items = newer(batch, table, cursor(batch));
		append(batch, items);
		if (batch.is("timeout") && late) { // 50 seconds are over before the cursor is saved: the run is retried
			append(batch, newer(batch, table, cursor(batch)));
		}
		batch.moment("after-commit");
		save(batch, items);
	}

	private static long cursor(Batch batch) throws IOException {
		Path file = batch.work.resolve("checkpoint/cursor");
		return Files.exists(file) ? Long.parseLong(Files.readString(file)) : -1;
	}

	private static List<DynamoTable.Item> newer(Batch batch, DynamoTable table, long cursor) {
		List<DynamoTable.Item> items = new ArrayList<>();
		for (DynamoTable.Item item : table.scan()) {
			Long updated = item.updatedAt(batch.columns);
			if (updated != null && updated > cursor) {
				items.add(item);
			}
		}
		return items;
	}

	private static void append(Batch batch, List<DynamoTable.Item> items) {
		List<Row> rows = new ArrayList<>();
		items.forEach(item -> rows.add(RowFactory.create(row(batch, item.image, item.updatedAt(batch.columns)))));
		if (!rows.isEmpty()) {
			StructType schema = new StructType(Arrays.copyOf(target(batch).fields(), target(batch).length() - 1));
			batch.spark.createDataFrame(rows, schema).withColumn("_ingest_ts", functions.current_timestamp())
				.write().format("delta").mode("append").save(batch.table);
		}
	}

	private static void save(Batch batch, List<DynamoTable.Item> items) throws IOException {
		long newest = cursor(batch);
		for (DynamoTable.Item item : items) {
			newest = Math.max(newest, item.updatedAt(batch.columns));
		}
		Files.createDirectories(batch.work.resolve("checkpoint"));
		Files.writeString(batch.work.resolve("checkpoint/cursor"), String.valueOf(newest));
	}

	/* ---- option 2: Auto Loader, NewImage made columns, foreachBatch */

	private interface Upsert {
		void apply(List<String> lines);
	}

	/** All that landed since the last run, once, as far as the checkpoint knows. */
	private static void stream(Batch batch, Upsert upsert) throws Exception {
		StreamingQuery query = batch.spark.readStream().option("recursiveFileLookup", "true").text(batch.landed("events"))
			.select("value", "_metadata.file_path").writeStream().option("checkpointLocation", batch.checkpoint("fact_events")).trigger(Trigger.AvailableNow())
			.foreachBatch((Dataset<Row> lines, Long id) -> {
				// Spark takes large files first; here they come as they landed, and the lines of each in their order.
				List<Row> rows = new ArrayList<>(lines.collectAsList());
				rows.sort(java.util.Comparator.comparing(row -> row.getString(1)));
				List<String> texts = new ArrayList<>();
				rows.forEach(row -> texts.add(row.getString(0)));
				upsert.apply(texts);
			}).start();
		query.awaitTermination();
	}

	/** A line as Spark's reader of JSON takes it: what cannot be parsed is a row of nulls. */
	private static JsonNode parse(String line) {
		try {
			return Landing.JSON.readTree(line);
		} catch (com.fasterxml.jackson.core.JacksonException malformed) {
			return Landing.JSON.createObjectNode();
		}
	}

	private static void foreachBatch(Batch batch) throws Exception {
		create(batch);
		backfill(batch);
		stream(batch, lines -> {
			List<Row> rows = new ArrayList<>();
			for (String line : lines) {
				JsonNode dynamodb = parse(line).path("dynamodb");
				JsonNode image = dynamodb.has("NewImage") ? dynamodb.get("NewImage") : Landing.JSON.createObjectNode();
				rows.add(RowFactory.create(row(batch, image, dynamodb.path("ApproximateCreationDateTime").asLong() * 1000)));
			}
			StructType schema = new StructType(Arrays.copyOf(target(batch).fields(), target(batch).length() - 1));
			Dataset<Row> incoming = batch.spark.createDataFrame(rows, schema).withColumn("_ingest_ts", functions.current_timestamp());
			if (batch.is("latest-per-key")) { // the usual answer to MERGE's complaint of several versions
				String by = "row_number() OVER (PARTITION BY `" + String.join("`, `", batch.columns.keys()) + "` ORDER BY " + updatedAt(batch)
					+ " DESC) AS _place";
				incoming = incoming.selectExpr("*", by).where("_place = 1 AND `" + batch.columns.keys().get(0) + "` IS NOT NULL").drop("_place");
			}
			merge(batch, incoming);
			batch.moment("after-commit");
		});
	}

	/** "Drop historical exports in S3": their items, by the same MERGE. They say no time. */
	private static void backfill(Batch batch) throws IOException {
		for (Path export : batch.exports) {
			List<Row> rows = new ArrayList<>();
			Landing.export(export, item -> rows.add(RowFactory.create(row(batch, item, 0L))));
			StructType schema = new StructType(Arrays.copyOf(target(batch).fields(), target(batch).length() - 1));
			merge(batch, batch.spark.createDataFrame(rows, schema).withColumn("_ingest_ts", functions.current_timestamp()));
		}
	}

	/* ---- option 4: the same behind Kinesis, which repeats records and changes their order */

	/** Of each key what arrives last, deletes too. */
	private static void kinesisMerge(Batch batch) throws Exception {
		create(batch);
		backfill(batch);
		StructType schema = new StructType(Arrays.copyOf(target(batch).fields(), target(batch).length() - 1)).add("_removed", DataTypes.BooleanType);
		stream(batch, lines -> {
			Map<List<Object>, Row> last = new LinkedHashMap<>();
			for (String line : lines) {
				JsonNode record = parse(line), dynamodb = record.path("dynamodb");
				boolean removed = record.path("eventName").asText().equals("REMOVE");
				JsonNode image = removed ? dynamodb.path("Keys") : dynamodb.path("NewImage");
				Object[] values = row(batch, image, dynamodb.path("ApproximateCreationDateTime").asLong() / 1000);
				values = Arrays.copyOf(values, values.length + 1);
				values[values.length - 1] = removed;
				Row row = RowFactory.create(values);
				List<Object> key = new ArrayList<>();
				batch.columns.keys().forEach(name -> key.add(row.get(schema.fieldIndex(name))));
				if (!key.contains(null)) {
					last.put(key, row);
				}
			}
			batch.spark.createDataFrame(new ArrayList<>(last.values()), schema).withColumn("_ingest_ts", functions.current_timestamp())
				.createOrReplaceTempView("incoming");
			StringBuilder set = new StringBuilder(), values = new StringBuilder();
			for (String name : target(batch).fieldNames()) {
				set.append(set.length() == 0 ? "" : ", ").append("t.`" + name + "` = s.`" + name + "`");
				values.append(values.length() == 0 ? "" : ", ").append("s.`" + name + "`");
			}
			batch.spark.sql("MERGE INTO delta.`" + batch.table + "` t USING incoming s ON " + batch.columns.sameKey()
				+ "\nWHEN MATCHED AND s._removed THEN DELETE\nWHEN MATCHED THEN UPDATE SET " + set + "\nWHEN NOT MATCHED AND NOT s._removed"
				+ " THEN INSERT (`" + String.join("`, `", target(batch).fieldNames()) + "`) VALUES (" + values + ")");
			batch.moment("after-commit");
		});
	}

	/** The time, in microseconds, is all that Kinesis tells of the order; it stands in the sequence number's place. */
	private static void kinesisCorrected(Batch batch) throws IOException {
		SequenceMerge.exports(batch);
		SequenceMerge merge = new SequenceMerge(batch);
		for (Path file : batch.events) {
			Landing.records(file, batch::setAside, (record, offset) -> {
				JsonNode dynamodb = record.path("dynamodb");
				if (dynamodb.isObject()) {
					((ObjectNode) dynamodb).put("SequenceNumber", dynamodb.path("ApproximateCreationDateTime").asText());
				}
				Change change = null;
				try {
					change = new Change(record, file, offset);
				} catch (IllegalArgumentException none) {
					batch.setAside(file, offset, none.getMessage());
				}
				if (change != null) {
					merge.change(change);
				}
			});
		}
		batch.moment("before-commit");
		merge.commit();
		batch.moment("after-commit");
	}
}
