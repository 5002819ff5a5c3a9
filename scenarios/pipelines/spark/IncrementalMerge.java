import com.fasterxml.jackson.databind.JsonNode;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The notebook of document 002, corrected: exports are read whole or not at all, of each key the newest write counts whatever
 * the order of the windows, a delete leaves its row marked so that an older window cannot bring the item back, in either view,
 * and numbers keep their digits.
 *
 * <p>Columns: the key's as texts, payload, written_us, is_deleted. What a full export holds is as old as its time, which is
 * where its first window begins.
 */
final class IncrementalMerge {
	private final Batch batch;
	private final StructType schema;
	private final Map<List<String>, Row> newest = new LinkedHashMap<>();

	private IncrementalMerge(Batch batch) {
		this.batch = batch;
		StructType columns = new StructType();
		for (String key : batch.columns.keys()) {
			columns = columns.add(key, DataTypes.StringType);
		}
		schema = columns.add("payload", DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType))
			.add("written_us", DataTypes.LongType).add("is_deleted", DataTypes.BooleanType);
	}

	static void apply(Batch batch) throws IOException {
		IncrementalMerge merge = new IncrementalMerge(batch);
		for (Path export : batch.exports) {
			long time = Landing.exportTimeUs(export);
			Landing.export(export, item -> merge.take(item, item, time));
		}
		for (Path export : batch.increments) {
			Landing.increment(export, merge::change);
		}
		merge.commit();
	}

	/** Without a new image the item is gone, in either view: nothing else leaves it out. */
	private void change(JsonNode record) {
		take(record.get("Keys"), record.get("NewImage"), record.path("Metadata").path("WriteTimestampMicros").path("N").asLong());
	}

	private void take(JsonNode keys, JsonNode image, long writtenUs) {
		Object[] values = new Object[schema.length()];
		List<String> key = new ArrayList<>();
		for (Columns.Column column : batch.columns.list) {
			if (column.key) {
				values[key.size()] = Columns.value(keys.get(column.path[0]), DataTypes.StringType);
				key.add((String) values[key.size()]);
			}
		}
		values[values.length - 3] = image == null ? null : payload(image);
		values[values.length - 2] = writtenUs;
		values[values.length - 1] = image == null;
		newest.merge(key, RowFactory.create(values), (held, other) ->
			other.getLong(values.length - 2) >= held.getLong(values.length - 2) ? other : held);
	}

	private static Map<String, String> payload(JsonNode image) {
		Map<String, String> payload = new LinkedHashMap<>();
		image.fields().forEachRemaining(entry -> {
			String text = (String) Columns.value(entry.getValue(), DataTypes.StringType);
			JsonNode plain = text == null ? plain(entry.getValue()) : null;
			payload.put(entry.getKey(), plain == null || plain.isNull() ? text : plain.toString());
		});
		return payload;
	}

	/** An attribute value as plain JSON, numbers with all their digits. */
	private static JsonNode plain(JsonNode value) {
		String tag = value.fieldNames().next();
		JsonNode payload = value.get(tag);
		var factory = Landing.JSON.getNodeFactory();
		switch (tag) {
			case "N":
				return factory.numberNode(new java.math.BigDecimal(payload.asText()));
			case "NULL":
				return factory.nullNode();
			case "M":
				var map = factory.objectNode();
				payload.fields().forEachRemaining(entry -> map.set(entry.getKey(), plain(entry.getValue())));
				return map;
			case "L":
			case "NS":
				var list = factory.arrayNode();
				payload.forEach(entry -> list.add(tag.equals("L") ? plain(entry)
					: factory.numberNode(new java.math.BigDecimal(entry.asText()))));
				return list;
			default:
				return payload;
		}
	}

	private void commit() {
		StringBuilder same = new StringBuilder();
		for (String key : batch.columns.keys()) {
			same.append(same.length() == 0 ? "" : " AND ").append("t.`" + key + "` = s.`" + key + "`");
		}
		List<Row> rows = new ArrayList<>(newest.values());
		batch.moment("before-commit");
		for (int attempt = 1;; attempt++) {
			try {
				DeltaTable.createIfNotExists(batch.spark).location(batch.table).addColumns(schema).execute();
				if (!rows.isEmpty()) {
					batch.delta().as("t").merge(batch.spark.createDataFrame(rows, schema).as("s"), same.toString())
						.whenMatched("s.written_us > t.written_us").updateAll().whenNotMatched().insertAll().execute();
				}
				batch.moment("after-commit");
				return;
			} catch (RuntimeException conflict) {
				if (attempt == 8 || !conflict.getClass().getName().contains("Concurrent")) {
					throw conflict;
				}
			}
		}
	}
}
