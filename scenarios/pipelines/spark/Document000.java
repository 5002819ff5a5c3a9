import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A backfill from a full export, and Streams → Lambda → S3 → a job that merges what landed. */
final class Document000 {
	private Document000() {
	}

	static void register(Map<String, Pipeline> pipelines) {
		pipelines.put("doc000-merge", Document000::merge);
		pipelines.put("doc000-merge-corrected", SequenceMerge::all);
		pipelines.put("doc000-append", Document000::append);
		pipelines.put("doc000-append-corrected", Document001::careful);
		pipelines.put("doc000-watermark", Document000::watermark);
		pipelines.put("doc000-watermark-corrected", SequenceMerge::all);
		pipelines.put("doc000-replay", Document000::replay);
		pipelines.put("doc000-replay-corrected", SequenceMerge::all);
	}

	/* ---- backfill and stream by MERGE, no time compared */

	private static void merge(Batch batch) {
		Databricks.create(batch, batch.columns.schema());
		for (Path export : batch.exports) {
			// Asked to recurse, Spark takes the manifests for data as well.
			Dataset<Row> exported = batch.is("recursive-prefix")
				? batch.spark.read().schema(Databricks.EXPORTED).option("recursiveFileLookup", "true").json(export.toString())
				: batch.spark.read().schema(Databricks.EXPORTED).json(export.resolve("data").toString());
			Databricks.merge(batch, Databricks.items(batch, exported)).whenMatched().updateAll().whenNotMatched().insertAll()
				.execute();
		}
		if (!batch.events.isEmpty()) {
			Dataset<Row> changes = Databricks.changes(batch, records(batch));
			mergeChanges(batch, Databricks.newestBy(changes, Databricks.keys(batch), "event_time"));
		}
	}

	private static Dataset<Row> records(Batch batch) {
		String[] files = batch.events.stream().map(Path::toString).toArray(String[]::new);
		return batch.spark.read().schema(Databricks.RECORD).json(files);
	}

	private static void mergeChanges(Batch batch, Dataset<Row> changes) {
		batch.moment("before-commit");
		Map<String, String> assigned = Databricks.assign(batch, Map.of());
		Databricks.merge(batch, changes).whenMatched("s.op = 'REMOVE'").delete()
			.whenMatched("s.op IN ('INSERT', 'MODIFY')").updateExpr(assigned)
			.whenNotMatched("s.op IN ('INSERT', 'MODIFY')").insertExpr(assigned).execute();
		batch.moment("after-commit");
	}

	/* ---- everything appended, the export below the folder that the stream watches */

	private static void append(Batch batch) throws Exception {
		Databricks.create(batch, batch.columns.schema());
		for (Path export : batch.exports) {
			Dataset<Row> exported = batch.spark.read().schema(Databricks.EXPORTED).option("multiLine", "true")
				.json(export.resolve("data").toString());
			Databricks.items(batch, exported).write().format("delta").mode("append").option("mergeSchema", "true").save(batch.table);
			batch.moment("after-commit");
		}
		StructType both = Databricks.RECORD.add("Item", DataTypes.StringType);
		Dataset<Row> stream = Databricks.stream(batch).schema(both).json(batch.landing.toString())
			.select(functions.coalesce(functions.col("Item"), functions.col("dynamodb.NewImage")).as("Item"));
		Databricks.append(batch, Databricks.items(batch, stream), "append", batch.table);
	}

	/* ---- a watermark of the whole table: only what is newer than its newest row is merged */

	private static void watermark(Batch batch) throws Exception {
		Databricks.create(batch, batch.columns.schema().add("source_updated_at", DataTypes.LongType));
		for (Path export : batch.exports) {
			Dataset<Row> items = Databricks.items(batch,
				batch.spark.read().schema(Databricks.EXPORTED).json(export.resolve("data").toString()));
			long time = Landing.exportTimeUs(export) / 1000000;
			newerThanTable(batch, items.withColumn("op", functions.lit("INSERT")).withColumn("event_time", functions.lit(time)));
		}
		if (!batch.events.isEmpty()) {
			newerThanTable(batch, Databricks.newestBy(Databricks.changes(batch, records(batch)), Databricks.keys(batch), "event_time"));
		}
	}

	private static void newerThanTable(Batch batch, Dataset<Row> changes) {
		Row newest = batch.rows().selectExpr("coalesce(max(source_updated_at), 0)").first();
		Map<String, String> assigned = Databricks.assign(batch, Map.of("source_updated_at", "CAST(s.event_time AS BIGINT)"));
		batch.moment("before-commit");
		Databricks.merge(batch, changes.filter("event_time > " + newest.getLong(0)))
			.whenMatched("s.op = 'REMOVE'").delete()
			.whenMatched("s.op IN ('INSERT', 'MODIFY')").updateExpr(assigned)
			.whenNotMatched("s.op IN ('INSERT', 'MODIFY')").insertExpr(assigned).execute();
		batch.moment("after-commit");
	}

	/* ---- every item updated with what it already holds, so that the stream shows it */

	private static void replay(Batch batch) throws Exception {
		Databricks.create(batch, batch.columns.schema());
		Path done = batch.work.resolve("replayed");
		DynamoTable source = new DynamoTable(batch);
		if (source.isThere() && !Files.exists(done)) {
			List<Row> emitted = new ArrayList<>();
			for (DynamoTable.Item item : source.scan()) {
				// The service writes no stream record for an update that leaves the item as it is.
				if (batch.is("flag")) {
					emitted.add(org.apache.spark.sql.RowFactory.create(item.image.toString()));
				}
			}
			Dataset<Row> items = Databricks.items(batch, batch.spark.createDataFrame(emitted, Databricks.EXPORTED));
			mergeChanges(batch, items.withColumn("op", functions.lit("MODIFY")));
			Files.writeString(done, "");
		}
		if (!batch.events.isEmpty()) {
			Dataset<Row> changes = Databricks.changes(batch, records(batch));
			mergeChanges(batch, Databricks.newestBy(changes, Databricks.keys(batch), "event_time"));
		}
	}
}
