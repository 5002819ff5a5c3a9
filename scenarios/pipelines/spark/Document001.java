import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Firehose → bronze → silver by MERGE; files of DMS; periodic exports; a Lambda that scans by a watermark; a deduplicating table. */
final class Document001 {
	private static final StructType FILES = new StructType().add("path", DataTypes.StringType)
		.add("modificationTime", DataTypes.TimestampType).add("length", DataTypes.LongType).add("content", DataTypes.BinaryType);
	private static final DateTimeFormatter COMMIT_TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss[.SSSSSS]");
	private static final DateTimeFormatter DUMP_TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd-HH-mm-ss");

	private Document001() {
	}

	static void register(Map<String, Pipeline> pipelines) {
		pipelines.put("doc001-firehose", Document001::firehose);
		pipelines.put("doc001-firehose-corrected", Document001::careful);
		pipelines.put("doc001-soft-delete", batch -> stream(batch, records -> soft(batch, records)));
		pipelines.put("doc001-soft-delete-corrected", Document001::careful);
		pipelines.put("doc001-hard-delete", batch -> stream(batch, records -> hard(batch, records)));
		pipelines.put("doc001-hard-delete-corrected", Document001::careful);
		pipelines.put("doc001-dms", Document001::dms);
		pipelines.put("doc001-dms-corrected", Document001::dmsByCommitTime);
		pipelines.put("doc001-snapshot", Document001::snapshot);
		pipelines.put("doc001-snapshot-corrected", SequenceMerge::exports);
		pipelines.put("doc001-scan", Document001::scan);
		pipelines.put("doc001-scan-corrected", PollMerge::apply);
		pipelines.put("doc001-dedupe", Document001::dedupe);
		pipelines.put("doc001-dedupe-corrected", Document001::careful);
	}

	/* ---- Firehose, bronze and silver */

	private interface Silver {
		void merge(Dataset<Row> records);
	}

	private static Dataset<Row> landed(Batch batch) throws IOException {
		return Databricks.stream(batch).schema(Databricks.RECORD).json(batch.landed("events"))
			.withColumn("_ingest_ts", functions.current_timestamp());
	}

	/** Bronze keeps each record as it came, silver is merged from bronze: two queries, each with a checkpoint of its own. */
	private static void firehose(Batch batch) throws Exception {
		String bronze = batch.inner("bronze");
		create(batch);
		batch.exports.forEach(export -> soft(batch, exported(batch, export)));
		Databricks.append(batch, landed(batch), "bronze", bronze);
		Dataset<Row> stream = batch.spark.readStream().format("delta").load(bronze);
		Databricks.drain(batch, stream, "silver", (records, id) -> soft(batch, newest(batch, silver(batch, records))));
	}

	/** Bronze is the micro-batch. */
	private static void stream(Batch batch, Silver silver) throws Exception {
		create(batch);
		batch.exports.forEach(export -> silver.merge(exported(batch, export)));
		Databricks.drain(batch, landed(batch), "silver", (records, id) -> silver.merge(silver(batch, records)));
	}

	private static void create(Batch batch) {
		Databricks.create(batch, batch.columns.schema().add("updated_at", DataTypes.TimestampType)
			.add("is_deleted", DataTypes.BooleanType));
	}

	/** The initial load, from a full export: merged as if its items had just been inserted. */
	private static Dataset<Row> exported(Batch batch, Path export) {
		return Databricks.items(batch, batch.spark.read().schema(Databricks.EXPORTED).json(export.resolve("data").toString()))
			.withColumn("op", functions.lit("INSERT")).withColumn("_ingest_ts", functions.current_timestamp());
	}

	private static Dataset<Row> silver(Batch batch, Dataset<Row> records) {
		List<org.apache.spark.sql.Column> columns = new ArrayList<>();
		columns.add(functions.col("eventName").as("op"));
		columns.add(functions.col("_ingest_ts"));
		columns.add(Databricks.unwrap(batch.columns).apply(functions.coalesce(functions.col("dynamodb.NewImage"),
			functions.col("dynamodb.Keys"))).as("record"));
		return records.select(columns.toArray(org.apache.spark.sql.Column[]::new)).select("op", "_ingest_ts", "record.*");
	}

	/** Last write wins by updated_at, which is when the record was ingested: all of a micro-batch in one moment. */
	private static Dataset<Row> newest(Batch batch, Dataset<Row> records) {
		return Databricks.newestBy(records, Databricks.keys(batch), "_ingest_ts");
	}

	private static void soft(Batch batch, Dataset<Row> records) {
		Map<String, String> assigned = Databricks.assign(batch, Map.of("updated_at", "s._ingest_ts", "is_deleted", "false"));
		batch.moment("before-commit");
		Databricks.merge(batch, records)
			.whenMatched("s.op = 'REMOVE'").updateExpr(Map.of("is_deleted", "true", "updated_at", "s._ingest_ts"))
			.whenMatched("s.op IN ('INSERT', 'MODIFY')").updateExpr(assigned)
			.whenNotMatched("s.op IN ('INSERT', 'MODIFY')").insertExpr(assigned).execute();
		batch.moment("after-commit");
	}

	private static void hard(Batch batch, Dataset<Row> records) {
		Map<String, String> assigned = Databricks.assign(batch, Map.of("updated_at", "s._ingest_ts", "is_deleted", "false"));
		batch.moment("before-commit");
		Databricks.merge(batch, newest(batch, records)).whenMatched("s.op = 'REMOVE'").delete()
			.whenMatched("s.op IN ('INSERT', 'MODIFY')").updateExpr(assigned)
			.whenNotMatched("s.op IN ('INSERT', 'MODIFY')").insertExpr(assigned).execute();
		batch.moment("after-commit");
	}

	/** The same stream done right: files found by the same means, records read and ordered by the core. */
	static void careful(Batch batch) throws Exception {
		SequenceMerge.exports(batch);
		Dataset<Row> stream = Databricks.stream(batch).format("binaryFile").schema(FILES).load(batch.landed("events")).select("path");
		Databricks.drain(batch, stream, "files", (found, id) -> {
			List<Path> files = found.collectAsList().stream().map(row -> Path.of(URI.create(row.getString(0)))).sorted()
				.collect(Collectors.toList());
			SequenceMerge.events(batch, files);
		});
	}

	/* ---- Database Migration Service */

	private static void dms(Batch batch) throws IOException {
		create(batch);
		for (Path dump : batch.dumps) {
			soft(batch, typed(batch, DmsRows.read(batch, false, dump.toString()), false));
		}
		if (!batch.events.isEmpty()) {
			String[] files = batch.events.stream().map(Path::toString).toArray(String[]::new);
			Dataset<Row> changes = typed(batch, DmsRows.read(batch, true, files), true);
			soft(batch, Databricks.newestBy(changes, Databricks.keys(batch), "commit_time"));
		}
	}

	private static Dataset<Row> typed(Batch batch, Dataset<Row> rows, boolean changes) {
		StructType schema = batch.columns.schema().add("op", DataTypes.StringType).add("commit_time", DataTypes.StringType);
		List<Row> typed = new ArrayList<>();
		for (Row row : rows.collectAsList()) {
			Object[] values = DmsRows.values(batch.columns, row);
			Object[] whole = Arrays.copyOf(values, values.length + 2);
			String op = changes ? row.getAs("Op") : "I";
			whole[values.length] = "D".equals(op) ? "REMOVE" : "I".equals(op) ? "INSERT" : "U".equals(op) ? "MODIFY" : null;
			whole[values.length + 1] = changes ? row.getAs("_commit_time") : null;
			typed.add(RowFactory.create(whole));
		}
		return batch.spark.createDataFrame(typed, schema).withColumn("_ingest_ts", functions.current_timestamp());
	}

	/**
	 * The commit's time under a guard. Of a delete and a put of one microsecond the put came later, as where an item is made anew,
	 * unless what the delete deleted is what the put had put; else that one which stands last.
	 */
	private static void dmsByCommitTime(Batch batch) throws IOException {
		for (Path dump : batch.dumps) {
			long time = micros(LocalDateTime.parse(dump.getFileName().toString(), DUMP_TIME));
			SequenceMerge merge = new SequenceMerge(batch);
			for (Row row : DmsRows.read(batch, false, dump.toString()).collectAsList()) {
				merge.put(DmsRows.values(batch.columns, row), null, null, time, false);
			}
			merge.commitSnapshot(time);
		}
		List<Row> rows = new ArrayList<>();
		Set<String> puts = new HashSet<>();
		for (Path file : batch.events) {
			rows.addAll(DmsRows.read(batch, true, file.toString()).collectAsList());
		}
		rows.stream().filter(row -> !"D".equals(row.getAs("Op"))).forEach(row -> puts.add(withoutOperation(row)));
		SequenceMerge merge = new SequenceMerge(batch);
		for (Row row : rows) {
			long time = micros(LocalDateTime.parse(row.getAs("_commit_time"), COMMIT_TIME));
			boolean deletes = "D".equals(row.getAs("Op"));
			long order = time * 4 + (!deletes ? 1 : puts.contains(withoutOperation(row)) ? 2 : 0);
			merge.put(DmsRows.values(batch.columns, row), String.format("%040d", order), time + 1, null, deletes);
		}
		batch.moment("before-commit");
		merge.commit();
		batch.moment("after-commit");
	}

	private static String withoutOperation(Row row) {
		StringBuilder text = new StringBuilder();
		for (int i = 1; i < row.size(); i++) {
			text.append(row.get(i)).append('\0');
		}
		return text.toString();
	}

	private static long micros(LocalDateTime time) {
		return time.toEpochSecond(ZoneOffset.UTC) * 1000000 + time.getNano() / 1000;
	}

	/* ---- periodic exports */

	/** Whatever the newest export to arrive holds is the table; what it lacks is deleted. */
	private static void snapshot(Batch batch) {
		Databricks.create(batch, batch.columns.schema());
		for (Path export : batch.exports) {
			Dataset<Row> items = Databricks.items(batch,
				batch.spark.read().schema(Databricks.EXPORTED).json(export.resolve("data").toString()));
			batch.moment("before-commit");
			Databricks.merge(batch, items).whenMatched().updateAll().whenNotMatched().insertAll().whenNotMatchedBySource().delete()
				.execute();
			batch.moment("after-commit");
		}
	}

	/* ---- a Lambda that scans by a watermark */

	/** The newest time seen is kept; only what is newer is taken. */
	private static void scan(Batch batch) throws Exception {
		Databricks.create(batch, batch.columns.schema());
		DynamoTable source = new DynamoTable(batch);
		Path state = batch.work.resolve("high-watermark");
		long watermark = Files.exists(state) ? Long.parseLong(Files.readString(state)) : 0;
		long newest = watermark;
		List<Row> found = new ArrayList<>();
		for (DynamoTable.Item item : source.isThere() ? source.scan() : List.<DynamoTable.Item>of()) {
			if (item.writtenUs > watermark) {
				found.add(RowFactory.create(batch.columns.values(item.image)));
				newest = Math.max(newest, item.writtenUs);
			}
		}
		batch.moment("before-commit");
		Databricks.merge(batch, batch.spark.createDataFrame(found, batch.columns.schema())).whenMatched().updateAll()
			.whenNotMatched().insertAll().execute();
		batch.moment("after-commit");
		Files.writeString(state, String.valueOf(newest));
	}

	/* ---- a streaming table deduplicated by row_number */

	private static void dedupe(Batch batch) throws Exception {
		Databricks.create(batch, batch.columns.schema());
		for (Path export : batch.exports) {
			exported(batch, export).drop("op", "_ingest_ts").write().format("delta").mode("append").save(batch.table);
		}
		Dataset<Row> stream = Databricks.changes(batch, landed(batch));
		if (batch.is("each-batch")) {
			Databricks.drain(batch, stream, "silver", (changes, id) -> {
				Databricks.newestBy(changes, Databricks.keys(batch), "event_time").drop("op", "event_time").write().format("delta")
					.mode("append").save(batch.table);
				batch.moment("after-commit");
			});
			return;
		}
		Dataset<Row> newest = Databricks.newestBy(stream, Databricks.keys(batch), "event_time").drop("op", "event_time");
		Databricks.append(batch, newest, "silver", batch.table);
	}
}
