import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.delta.tables.DeltaMergeBuilder;
import io.delta.tables.DeltaTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What notebooks are made of: reading with Spark's own readers, a function that unwraps DynamoDB JSON, a MERGE of columns. */
final class Databricks {
	/** A stream record; images stay texts, as no schema could hold every item's attributes. */
	static final StructType RECORD = new StructType().add("eventName", DataTypes.StringType).add("dynamodb",
		new StructType().add("ApproximateCreationDateTime", DataTypes.DoubleType).add("SequenceNumber", DataTypes.StringType)
			.add("Keys", DataTypes.StringType).add("NewImage", DataTypes.StringType));
	static final StructType EXPORTED = new StructType().add("Item", DataTypes.StringType);

	private static final ObjectMapper JSON = new ObjectMapper();

	private Databricks() {
	}

	/** A text of DynamoDB JSON to a struct of the columns; null when it is none. The unwrapping itself is right. */
	static UserDefinedFunction unwrap(Columns columns) {
		UDF1<String, Row> function = text -> {
			try {
				return text == null ? null : RowFactory.create(columns.values(JSON.readTree(text)));
			} catch (JsonProcessingException broken) {
				return null;
			}
		};
		return functions.udf(function, columns.schema());
	}

	/** Items of an export: the table's columns. */
	static Dataset<Row> items(Batch batch, Dataset<Row> exported) {
		return exported.select(unwrap(batch.columns).apply(functions.col("Item")).as("item")).select("item.*");
	}

	/** Stream records: op, event_time in seconds, the table's columns, of which a REMOVE has the key's alone. */
	static Dataset<Row> changes(Batch batch, Dataset<Row> records) {
		Column image = functions.coalesce(functions.col("dynamodb.NewImage"), functions.col("dynamodb.Keys"));
		return records.select(functions.col("eventName").as("op"),
			functions.col("dynamodb.ApproximateCreationDateTime").as("event_time"),
			unwrap(batch.columns).apply(image).as("item")).select("op", "event_time", "item.*");
	}

	/** Of each key the row that is first by a column, falling. */
	static Dataset<Row> newestBy(Dataset<Row> rows, List<String> keys, String column) {
		Column[] by = keys.stream().map(key -> functions.col("`" + key + "`")).toArray(Column[]::new);
		return rows.withColumn("rn", functions.row_number().over(Window.partitionBy(by).orderBy(functions.col(column).desc())))
			.filter("rn = 1").drop("rn");
	}

	/** The key's columns as the documents take it when it is told to: the partition key alone. */
	static List<String> keys(Batch batch) {
		return batch.is("partition-key") ? batch.columns.keys().subList(0, 1) : batch.columns.keys();
	}

	static String sameKey(Batch batch) {
		return batch.is("partition-key") ? batch.columns.samePartitionKey() : batch.columns.sameKey();
	}

	static void create(Batch batch, StructType schema) {
		if (!batch.tableExists()) {
			DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(schema).execute();
		}
	}

	/** Each of the table's columns from the source's of that name, and these besides. */
	static Map<String, String> assign(Batch batch, Map<String, String> besides) {
		Map<String, String> assigned = new LinkedHashMap<>(besides);
		batch.columns.names().forEach(name -> assigned.put("`" + name + "`", "s.`" + name + "`"));
		return assigned;
	}

	static DeltaMergeBuilder merge(Batch batch, Dataset<Row> source) {
		return DeltaTable.forPath(source.sparkSession(), batch.table).as("t").merge(source.as("s"), sameKey(batch));
	}

	/** What landed under a folder as a stream: the open-source stand-in for Auto Loader. */
	static DataStreamReader stream(Batch batch) {
		return batch.spark.readStream().option("recursiveFileLookup", "true");
	}

	/** Drains the stream into a function, batch by batch, and returns when there is no more. */
	static void drain(Batch batch, Dataset<Row> stream, String query, VoidFunction2<Dataset<Row>, Long> function) throws Exception {
		StreamingQuery running = stream.writeStream().option("checkpointLocation", batch.checkpoint(query))
			.trigger(Trigger.AvailableNow()).foreachBatch(function).start();
		running.awaitTermination();
	}

	static void append(Batch batch, Dataset<Row> stream, String query, String table) throws Exception {
		StreamingQuery running = stream.writeStream().format("delta").outputMode("append")
			.option("checkpointLocation", batch.checkpoint(query)).trigger(Trigger.AvailableNow()).start(table);
		running.awaitTermination();
	}
}
