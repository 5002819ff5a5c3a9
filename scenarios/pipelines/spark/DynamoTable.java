import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * The DynamoDB table that a poller asks: what it held at a time, rebuilt from the full export and the stream records that landed.
 *
 * <p>It stands in for the service, so it is exact: of each item the newest change up to that time, before the first one that
 * item's old image. Once an export landed, the table is never shown as it was before it: of each item the export's, until a
 * change that the export cannot hold. The clock is behind the batch's newest file by the time that records take to
 * land, so that what was written up to then has landed too; it never goes back, and after the last batch an hour is quiet.
 * Writes are stamped in whole seconds but happen at some moment within theirs, and a poll comes in the middle of a second in
 * which something was written: that is when pollers go wrong.
 */
final class DynamoTable {
	static final long SECOND = 1_000_000;
	/** A file of stream records is closed after three minutes at most. */
	private static final long LANDING_US = 200 * SECOND;
	private static final long QUIET_US = 3600 * SECOND;
	/** An export holds everything from before a minute ahead of its time. */
	private static final long FUZZ_US = 60 * SECOND;
	/** When whatever was there before the first record was written. */
	private static final long LONG_AGO_US = SECOND;

	static final class Item {
		/** An object of attribute values in DynamoDB JSON. */
		final JsonNode image;
		/** When it was written last, in whole seconds. */
		final long writtenUs;

		Item(JsonNode image, long writtenUs) {
			this.image = image;
			this.writtenUs = writtenUs;
		}

		/** Of the attribute, in milliseconds; when the table has no such attribute, of the write. Null when the item lacks it. */
		Long updatedAt(Columns columns) {
			return has(columns, "updated_at") ? (Long) Columns.value(image.get("updated_at"),
				org.apache.spark.sql.types.DataTypes.LongType) : Long.valueOf(writtenUs / 1000);
		}

		/** Of the attribute tenant; when the table has no such attribute, a fixed bucket. Null when the item lacks it. */
		String tenant(Columns columns) {
			return !has(columns, "tenant") ? "bucket#00"
				: (String) Columns.value(image.get("tenant"), org.apache.spark.sql.types.DataTypes.StringType);
		}
	}

	private final Batch batch;
	private final Map<String, JsonNode> exported = new LinkedHashMap<>();
	private final Map<String, TreeMap<String, Change>> changes = new HashMap<>();
	private final long clockUs;
	private boolean born = true;
	/** From when on changes count beside the newest export: a minute before its time, to which it may be behind. */
	private long exportedUs = Long.MIN_VALUE;

	DynamoTable(Batch batch) throws IOException {
		this.batch = batch;
		boolean full = false;
		for (Path folder : files(batch.landing.resolve("AWSDynamoDB"), 1)) {
			if (!Landing.isFullExport(folder)) {
				continue;
			}
			full = true;
			long us = Landing.exportTimeUs(folder) - FUZZ_US;
			if (us > exportedUs) {
				exportedUs = us;
				exported.clear();
				Landing.export(folder, item -> exported.put(key(item), item));
			}
		}
		long newest = 0;
		for (Path file : files(batch.landing.resolve("events"), 16)) {
			for (Change change : Files.isRegularFile(file) ? Landing.changes(file, (at, offset, reason) -> { }) : List.<Change>of()) {
				changes.computeIfAbsent(key(change.keys), none -> new TreeMap<>()).put(change.sequence, change);
			}
		}
		long settled = batch.nowUs - LANDING_US;
		for (TreeMap<String, Change> of : changes.values()) {
			born &= of.firstEntry().getValue().operation.equals("INSERT");
			for (Change change : of.values()) {
				newest = change.timeUs <= settled ? Math.max(newest, change.timeUs) : newest;
			}
		}
		born |= full;
		clockUs = clock(batch.number >= batch.of ? batch.nowUs + QUIET_US : newest + SECOND / 2);
	}

	static boolean has(Columns columns, String attribute) {
		return columns.list.stream().anyMatch(column -> column.path.length == 1 && column.path[0].equals(attribute));
	}

	private static List<Path> files(Path folder, int depth) throws IOException {
		if (!Files.isDirectory(folder)) {
			return List.of();
		}
		try (Stream<Path> paths = Files.walk(folder, depth)) {
			return paths.filter(path -> !path.equals(folder)).sorted().collect(java.util.stream.Collectors.toList());
		}
	}

	/** The newest time that this cell's clock has shown, however old the batch that comes now. */
	private long clock(long us) throws IOException {
		Path file = batch.work.resolve("clock");
		long shown = Files.exists(file) ? Long.parseLong(Files.readString(file)) : 0;
		Files.writeString(file, String.valueOf(Math.max(us, shown)));
		return Math.max(us, shown);
	}

	private String key(JsonNode item) {
		StringBuilder key = new StringBuilder();
		for (Columns.Column column : batch.columns.list) {
			JsonNode value = column.key ? item.path(column.path[0]) : null;
			if (value != null) {
				String text = value.elements().hasNext() ? value.elements().next().asText() : "";
				key.append(value.has("N") ? Columns.spelling(new java.math.BigDecimal(text)) : text).append('\0');
			}
		}
		return key.toString();
	}

	/** False while no export landed of a table whose items are older than the capture: nothing is known of them. */
	boolean isThere() {
		return born;
	}

	/** The time of this poll. */
	long nowUs() {
		return clockUs;
	}

	/** All items, as they are now. */
	List<Item> scan() {
		return at(change -> 0);
	}

	/** All items, as an index shows them that is behind by so many microseconds of a change. */
	List<Item> at(ToLongFunction<Change> lagUs) {
		List<Item> items = new ArrayList<>();
		changes.forEach((key, of) -> {
			Change last = null;
			long visible = 0;
			for (Change change : of.values()) {
				long within = Math.floorMod(change.sequence.hashCode(), SECOND);
				visible = Math.max(visible, change.timeUs + within + lagUs.applyAsLong(change));
				if (visible > clockUs) {
					break;
				}
				last = change.timeUs < exportedUs ? null : change;
			}
			JsonNode before = exportedUs == Long.MIN_VALUE ? of.firstEntry().getValue().oldImage : exported.get(key);
			if (last != null && !last.removes() && last.newImage != null) {
				items.add(new Item(last.newImage, last.timeUs));
			}
			if (last == null && before != null) {
				items.add(new Item(before, LONG_AGO_US));
			}
		});
		exported.forEach((key, item) -> {
			if (!changes.containsKey(key)) {
				items.add(new Item(item, LONG_AGO_US));
			}
		});
		return items;
	}
}
