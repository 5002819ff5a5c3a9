import io.delta.tables.DeltaMergeBuilder;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The core that the corrected pollers share: a cursor taken from the rows themselves, read again with an overlap, merged under
 * a guard; and every third poll a full scan, whose rows are put beside the table's so that what is gone goes.
 *
 * <p>The table has one column more, _written_ms. Asking by time can only ever find what was written; deletes, items that an
 * index leaves out and changes that became visible late are found by the full scans, so the table is right as of the last of
 * these. The last poll of a cell is one, as nobody compares a table in the middle of the day with one at its end.
 */
final class PollMerge {
	private static final long OVERLAP_MS = 600_000;
	private static final int FULL_EVERY = 3;
	private static final int ATTEMPTS = 8;

	private PollMerge() {
	}

	static void apply(Batch batch) throws IOException {
		DynamoTable source = new DynamoTable(batch);
		if (!source.isThere()) {
			return;
		}
		StructType schema = batch.columns.schema().add("_written_ms", DataTypes.LongType);
		for (int attempt = 1;; attempt++) {
			try {
				DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(schema).execute();
				poll(batch, source, schema);
				return;
			} catch (RuntimeException conflict) {
				if (attempt == ATTEMPTS || !conflict.getClass().getName().contains("Concurrent")) {
					throw conflict;
				}
			}
		}
	}

	private static void poll(Batch batch, DynamoTable source, StructType schema) {
		Row newest = batch.rows().selectExpr("max(_written_ms)").first();
		boolean full = newest.isNullAt(0) || batch.number % FULL_EVERY == 0 || batch.number >= batch.of;
		long from = full ? 0 : newest.getLong(0) - OVERLAP_MS;
		List<Row> rows = new ArrayList<>();
		for (DynamoTable.Item item : source.scan()) {
			long written = item.writtenUs / 1000;
			if (written >= from) {
				Object[] values = batch.columns.values(item.image);
				Object[] row = Arrays.copyOf(values, values.length + 1);
				row[values.length] = written;
				rows.add(RowFactory.create(row));
			}
		}
		Dataset<Row> found = batch.spark.createDataFrame(rows, schema);
		DeltaMergeBuilder merge = batch.delta().as("t").merge(found.as("s"), batch.columns.sameKey())
			.whenMatched("s._written_ms >= t._written_ms").updateAll().whenNotMatched().insertAll();
		(full ? merge.whenNotMatchedBySource().delete() : merge).execute();
		batch.moment("after-commit");
	}
}
