import com.fasterxml.jackson.databind.JsonNode;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Streams → Lambda → JSON lines → a streaming append; and a job that asks the table for what is newer than its last run. */
final class Document003 {
	private static final StructType LINES = new StructType().add("event_id", DataTypes.StringType)
		.add("event_name", DataTypes.StringType).add("event_time", DataTypes.DoubleType)
		.add("data", DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType));
	private static final int LAMBDA_RETRIES = 3;
	/** A scan of a table that is worth having in a lake takes its time. */
	private static final long SCAN_US = 60 * DynamoTable.SECOND;

	private Document003() {
	}

	static void register(Map<String, Pipeline> pipelines) {
		pipelines.put("doc003-lambda-lines", batch -> lambdaLines(batch, true));
		pipelines.put("doc003-lambda-lines-corrected", Document003::events);
		pipelines.put("doc003-lambda-decimal", batch -> lambdaLines(batch, false));
		pipelines.put("doc003-lambda-decimal-corrected", SequenceMerge::all);
		pipelines.put("doc003-poll", Document003::poll);
		pipelines.put("doc003-poll-corrected", PollMerge::apply);
	}

	/* ---- Lambda */

	/** Each landed envelope is an invocation. One that raises is made again until its records are too old; nobody hears of it. */
	private static void lambdaLines(Batch batch, boolean defaultStr) throws Exception {
		Path bucket = Files.createDirectories(batch.work.resolve("dynamodb-changes"));
		int invocations = 0;
		for (Path file : batch.events) {
			for (JsonNode envelope : envelopes(file)) {
				String name = String.format("%08d-%d-%04d.json", batch.number, batch.attempt, invocations++);
				for (int attempt = 0; attempt <= LAMBDA_RETRIES; attempt++) {
					try {
						handler(batch, envelope, bucket.resolve(name), defaultStr);
						break;
					} catch (Python.PythonError raised) {
						System.err.println("lambda: " + raised.getMessage());
					}
				}
			}
		}
		batch.moment("before-load");
		load(batch, bucket);
	}

	private static List<JsonNode> envelopes(Path file) throws IOException {
		List<JsonNode> envelopes = new ArrayList<>();
		boolean[] cut = new boolean[1];
		for (String line : new String(Landing.content(Files.readAllBytes(file), cut), "UTF-8").split("\n")) {
			try {
				JsonNode event = Landing.JSON.readTree(line);
				if (event.has("Records")) {
					envelopes.add(event);
				}
			} catch (com.fasterxml.jackson.core.JacksonException unreadable) {
				// The service never hands such an event to a handler.
			}
		}
		return envelopes;
	}

	/** lambda_handler(event, context) */
	private static void handler(Batch batch, JsonNode event, Path key, boolean defaultStr) throws IOException {
		List<String> records = new ArrayList<>();
		for (JsonNode record : event.get("Records")) {
			String name = record.path("eventName").asText();
			if (name.equals("INSERT") || name.equals("MODIFY") || batch.is("removes") && name.equals("REMOVE")) {
				JsonNode image = record.path("dynamodb").path("NewImage");
				Map<String, Object> item = new LinkedHashMap<>();
				item.put("event_id", record.path("eventID").asText());
				item.put("event_name", name);
				item.put("event_time", Python.number(record.path("dynamodb").path("ApproximateCreationDateTime").asText()));
				item.put("data", image.isObject() ? Python.deserializeItem(image) : new LinkedHashMap<>());
				records.add(Python.dumps(item, false, defaultStr));
			}
		}
		if (!records.isEmpty()) {
			Files.writeString(key, String.join("\n", records));
		}
	}

	/** The streaming query. The document's select of "data.*" is refused, as data is a map: variant "star". */
	private static void load(Batch batch, Path bucket) throws Exception {
		StructType columns = new StructType().add("event_id", DataTypes.StringType).add("event_name", DataTypes.StringType)
			.add("event_datetime", DataTypes.StringType).add("data", LINES.apply("data").dataType())
			.add("processing_time", DataTypes.TimestampType);
		DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(columns).execute();
		Dataset<Row> processed = batch.spark.readStream().schema(LINES).json(bucket.toString())
			.withColumn("processing_time", functions.current_timestamp())
			.withColumn("event_datetime", functions.from_unixtime(functions.col("event_time")))
			.select(functions.col("event_id"), functions.col("event_name"), functions.col("event_datetime"),
				functions.col(batch.is("star") ? "data.*" : "data"), functions.col("processing_time"));
		StreamingQuery query = processed.writeStream().format("delta").outputMode("append")
			.option("checkpointLocation", batch.checkpoint("dynamodb_stream")).trigger(Trigger.AvailableNow()).start(batch.table);
		query.awaitTermination();
	}

	/* ---- the same log, whole: deletes too, values as DynamoDB spells them, each event once however often it comes */

	/** An item as a value in DynamoDB JSON. */
	private static String typed(JsonNode item) {
		return "{\"M\":" + item + "}";
	}

	private static void events(Batch batch) throws Exception {
		StructType schema = new StructType().add("event_id", DataTypes.StringType).add("event_name", DataTypes.StringType)
			.add("event_time", DataTypes.LongType).add("keys", DataTypes.StringType).add("data", DataTypes.StringType);
		Map<String, Row> events = new LinkedHashMap<>();
		for (Path file : batch.events) {
			for (Change change : Landing.changes(file, batch::setAside)) {
				String id = change.record.path("eventID").asText(null);
				if (id == null || !change.removes() && change.newImage == null) {
					batch.setAside(file, change.offset, id == null ? "no event ID" : "no image");
					continue;
				}
				events.put(id, RowFactory.create(id, change.operation, change.timeUs / DynamoTable.SECOND, typed(change.keys),
					change.removes() ? null : typed(change.newImage)));
			}
		}
		batch.moment("before-commit");
		for (int attempt = 1;; attempt++) {
			try {
				DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(schema).execute();
				Dataset<Row> source = batch.spark.createDataFrame(new ArrayList<>(events.values()), schema);
				batch.delta().as("t").merge(source.as("s"), "t.event_id = s.event_id").whenNotMatched().insertAll().execute();
				batch.moment("after-commit");
				return;
			} catch (RuntimeException conflict) {
				if (attempt == 8 || !conflict.getClass().getName().contains("Concurrent")) {
					throw conflict;
				}
			}
		}
	}

	/* ---- polling */

	/** incremental_load_dynamodb(): strictly newer than the cursor, appended; and the cursor is the time after the scan. */
	private static void poll(Batch batch) throws Exception {
		DynamoTable table = new DynamoTable(batch);
		if (!table.isThere()) {
			return;
		}
		Path checkpoint = Files.createDirectories(batch.work.resolve("checkpoint")).resolve("last_timestamp");
		long last = Files.exists(checkpoint) ? Long.parseLong(Files.readString(checkpoint)) : 0;
		List<Row> items = new ArrayList<>();
		for (DynamoTable.Item item : table.scan()) {
			Long timestamp = item.updatedAt(batch.columns);
			if (timestamp != null && timestamp * 1000 > last) {
				items.add(RowFactory.create(batch.columns.values(item.image)));
			}
		}
		DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(batch.columns.schema()).execute();
		if (!items.isEmpty()) {
			Dataset<Row> df = batch.spark.createDataFrame(items, batch.columns.schema());
			if (batch.is("merge")) {
				batch.delta().as("t").merge(df.as("s"), batch.columns.sameKey()).whenMatched().updateAll().whenNotMatched()
					.insertAll().execute();
			} else {
				df.write().format("delta").mode("append").save(batch.table);
			}
			batch.moment("after-commit");
			Files.writeString(checkpoint, String.valueOf(table.nowUs() + SCAN_US)); // datetime.now()
		}
	}
}
