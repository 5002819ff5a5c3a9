import com.fasterxml.jackson.databind.JsonNode;
import io.delta.tables.DeltaMergeBuilder;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The core that the corrected pipelines share: of each key the newest change by sequence number, merged under a guard.
 *
 * <p>The table has four columns more. _sequence is the newest change's number, also of a delete, whose row stays with
 * _deleted true: a late or repeated change finds that it is late. _changed_us is that change's time, _export_us the time of
 * the export that the row is from, if it is. An export's item gives way to any change that may be younger than it, and
 * stands against those that are surely older: the export's cut lies within a minute of its time.
 */
final class SequenceMerge {
	static final long EXPORT_FUZZ_US = 60_000_000;
	private static final int ATTEMPTS = 8;
	private static final String GUARD = "(s._sequence IS NOT NULL AND (t._sequence IS NULL OR s._sequence > t._sequence)"
		+ " AND (t._export_us IS NULL OR s._changed_us > t._export_us - " + EXPORT_FUZZ_US + "))"
		+ " OR (s._sequence IS NULL AND (t._sequence IS NULL OR t._changed_us <= s._export_us - " + EXPORT_FUZZ_US + ")"
		+ " AND (t._export_us IS NULL OR t._export_us < s._export_us))";

	private final Batch batch;
	private final StructType schema;
	private final Map<List<Object>, Object[]> newest = new LinkedHashMap<>();

	SequenceMerge(Batch batch) {
		this.batch = batch;
		schema = batch.columns.schema().add("_sequence", DataTypes.StringType).add("_changed_us", DataTypes.LongType)
			.add("_export_us", DataTypes.LongType).add("_deleted", DataTypes.BooleanType);
	}

	/** Takes all of a batch: exports first, then changes; what it cannot take is set aside. */
	static void all(Batch batch) throws IOException {
		exports(batch);
		events(batch, batch.events);
	}

	static void exports(Batch batch) throws IOException {
		for (Path export : batch.exports) {
			SequenceMerge merge = new SequenceMerge(batch);
			merge.export(export);
			merge.commitSnapshot(Landing.exportTimeUs(export));
		}
	}

	static void events(Batch batch, List<Path> files) throws IOException {
		SequenceMerge merge = new SequenceMerge(batch);
		for (Path file : files) {
			merge.events(file);
		}
		batch.moment("before-commit");
		merge.commit();
		batch.moment("after-commit");
	}

	void export(Path folder) throws IOException {
		long time = Landing.exportTimeUs(folder);
		Landing.export(folder, item -> put(batch.columns.values(item), null, null, time, false));
	}

	void events(Path file) throws IOException {
		for (Change change : Landing.changes(file, batch::setAside)) {
			change(change);
		}
	}

	void change(Change change) throws IOException {
		JsonNode image = change.removes() ? change.keys : change.newImage;
		if (!batch.columns.isKey(change.keys)) {
			batch.setAside(change.file, change.offset, "no key");
		} else if (image == null || change.sequence == null) {
			batch.setAside(change.file, change.offset, "no image");
		} else if (!put(batch.columns.values(image), change.sequence, change.timeUs + change.precisionUs, null, change.removes())) {
			batch.setAside(change.file, change.offset, "no whole key");
		}
	}

	/**
	 * Takes the columns' values: of a change with its sequence and the time by which it was made, or of an export with its time.
	 * Of two of one key with one sequence the later one counts. False when the key is not whole.
	 */
	boolean put(Object[] values, String sequence, Long changedUs, Long exportUs, boolean deleted) {
		Object[] row = Arrays.copyOf(values, values.length + 4);
		row[values.length] = sequence;
		row[values.length + 1] = changedUs;
		row[values.length + 2] = exportUs;
		row[values.length + 3] = deleted;
		List<Object> key = key(row);
		if (key.contains(null)) {
			return false;
		}
		newest.merge(key, row, (held, other) -> sequence == null || sequence(other).compareTo(sequence(held)) >= 0 ? other : held);
		return true;
	}

	private String sequence(Object[] row) {
		return (String) row[row.length - 4];
	}

	private List<Object> key(Object[] row) {
		List<Object> key = new ArrayList<>();
		for (int i = 0; i < batch.columns.list.size(); i++) {
			if (batch.columns.list.get(i).key) {
				key.add(row[i] instanceof byte[] ? java.nio.ByteBuffer.wrap((byte[]) row[i]) : row[i]);
			}
		}
		return key;
	}

	/** Merges changes; those surely older than a snapshot that had no such item are settled by it. */
	void commit() throws IOException {
		long since = newestSnapshot();
		write(merge -> merge.whenNotMatched("s._changed_us > " + since).insertAll());
	}

	/** Merges a whole snapshot: rows surely older than it whose items it lacks are deleted. */
	void commitSnapshot(long exportUs) throws IOException {
		write(merge -> merge.whenNotMatched().insertAll()
			.whenNotMatchedBySource("NOT t._deleted AND coalesce(t._changed_us <= " + (exportUs - EXPORT_FUZZ_US) + ", true)"
				+ " AND coalesce(t._export_us < " + exportUs + ", true)")
			.updateExpr(Map.of("_deleted", "true", "_export_us", exportUs + "L")));
		Files.writeString(state(), String.valueOf(Math.max(newestSnapshot(), exportUs - EXPORT_FUZZ_US)));
	}

	private Path state() {
		return batch.work.resolve("newest-snapshot");
	}

	private long newestSnapshot() throws IOException {
		return Files.exists(state()) ? Long.parseLong(Files.readString(state())) : Long.MIN_VALUE + 1;
	}

	/** One MERGE, made again when another writer came between. */
	private void write(UnaryOperator<DeltaMergeBuilder> rest) {
		List<Row> rows = new ArrayList<>();
		newest.values().forEach(row -> rows.add(RowFactory.create(row)));
		Dataset<Row> source = batch.spark.createDataFrame(rows, schema);
		for (int attempt = 1;; attempt++) {
			try {
				if (!batch.tableExists()) {
					DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(schema).execute();
				}
				rest.apply(batch.delta().as("t").merge(source.as("s"), batch.columns.sameKey()).whenMatched(GUARD).updateAll())
					.execute();
				return;
			} catch (RuntimeException conflict) {
				if (attempt == ATTEMPTS || !conflict.getClass().getName().contains("Concurrent")) {
					throw conflict;
				}
			}
		}
	}
}
