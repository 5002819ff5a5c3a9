import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Reads landed files as a careful pipeline does: records one after another or a line each, in envelopes of Lambda or plain,
 * gzip or not. What cannot be read is said, with its place, and reading goes on behind it.
 */
final class Landing {
	/** Strict: a name twice in one object, or anything behind the value, is an error. Numbers keep their digits. */
	static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
		.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
		.streamReadConstraints(StreamReadConstraints.builder().maxStringLength(32 << 20).build()).build())
		.enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
		.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

	private static final int RECORD_SIZE_MAX = 16 << 20;

	interface Poison {
		void found(Path file, long offset, String reason) throws IOException;
	}

	interface Sink {
		void record(JsonNode record, long offset) throws IOException;
	}

	private final Path file;
	private final byte[] bytes;
	private final Poison poison;
	private final Sink sink;

	private Landing(Path file, byte[] bytes, Poison poison, Sink sink) {
		this.file = file;
		this.bytes = bytes;
		this.poison = poison;
		this.sink = sink;
	}

	/** Stream records of a file in their order; poison records go to `poison`. */
	static List<Change> changes(Path file, Poison poison) throws IOException {
		List<Change> changes = new ArrayList<>();
		records(file, poison, (record, offset) -> {
			try {
				changes.add(new Change(record, file, offset));
			} catch (IllegalArgumentException none) {
				poison.found(file, offset, none.getMessage());
			}
		});
		return changes;
	}

	static void records(Path file, Poison poison, Sink sink) throws IOException {
		boolean[] cut = new boolean[1];
		byte[] bytes = content(Files.readAllBytes(file), cut);
		new Landing(file, bytes, poison, sink).read();
		if (cut[0]) {
			poison.found(file, bytes.length, "the file is cut short");
		}
	}

	/** What a file holds, inflated when it is gzip; cut[0] when that ends before it should. */
	static byte[] content(byte[] raw, boolean[] cut) throws IOException {
		if (raw.length < 2 || raw[0] != 0x1f || raw[1] != (byte) 0x8b) {
			return raw;
		}
		ByteArrayOutputStream whole = new ByteArrayOutputStream();
		try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(raw))) {
			byte[] piece = new byte[65536];
			for (int size; (size = in.read(piece)) > 0;) {
				whole.write(piece, 0, size);
			}
		} catch (EOFException | ZipException ended) {
			cut[0] = true;
		}
		return whole.toByteArray();
	}

	/** The items of a full export; throws when it is not whole. */
	static void export(Path folder, Consumer<JsonNode> items) throws IOException {
		exported(folder, folder.resolve("data"), record -> items.accept(record.get("Item")));
	}

	/** The changes of an incremental export, whose data files lie in the folder that all of them share; throws likewise. */
	static void increment(Path folder, Consumer<JsonNode> changes) throws IOException {
		exported(folder, folder.resolveSibling("data"), changes);
	}

	/** The records of an export, by its manifest. */
	private static void exported(Path folder, Path data, Consumer<JsonNode> records) throws IOException {
		byte[] list = checked(folder, "manifest-files");
		JsonNode summary = JSON.readTree(checked(folder, "manifest-summary"));
		long total = 0;
		for (String line : new String(list, "UTF-8").split("\n")) {
			if (line.isBlank()) {
				continue;
			}
			JsonNode entry = JSON.readTree(line);
			String key = entry.get("dataFileS3Key").asText();
			Path file = data.resolve(key.substring(key.lastIndexOf('/') + 1));
			byte[] raw = Files.readAllBytes(file);
			need(md5(raw).equals(entry.get("md5Checksum").asText()), file + " is not the file that the manifest names");
			boolean[] cut = new boolean[1];
			long[] count = new long[1];
			Poison none = (at, offset, reason) -> {
				throw new IOException(file + " at " + offset + ": " + reason);
			};
			new Landing(file, content(raw, cut), none, (record, offset) -> {
				count[0]++;
				records.accept(record);
			}).read();
			need(!cut[0] && count[0] == entry.get("itemCount").asLong(), file + " does not hold as many items as its manifest says");
			total += count[0];
		}
		need(total == summary.get("itemCount").asLong(), folder + " does not hold as many items as its summary says");
	}

	static boolean isFullExport(Path folder) throws IOException {
		return Files.exists(folder.resolve("manifest-summary.json")) &&
			!summary(folder).path("exportType").asText().equals("INCREMENTAL_EXPORT");
	}

	static long exportTimeUs(Path folder) throws IOException {
		return java.time.Instant.parse(summary(folder).get("exportTime").asText()).toEpochMilli() * 1000;
	}

	private static JsonNode summary(Path folder) throws IOException {
		return JSON.readTree(Files.readAllBytes(folder.resolve("manifest-summary.json")));
	}

	private static byte[] checked(Path folder, String name) throws IOException {
		byte[] bytes = Files.readAllBytes(folder.resolve(name + ".json"));
		String md5 = Files.readString(folder.resolve(name + ".md5")).trim();
		need(md5(bytes).equals(md5), folder.resolve(name) + ".json is not what its MD5 says");
		return bytes;
	}

	private static void need(boolean good, String otherwise) throws IOException {
		if (!good) {
			throw new IOException(otherwise);
		}
	}

	private static String md5(byte[] bytes) throws IOException {
		try {
			return Base64.getEncoder().encodeToString(MessageDigest.getInstance("MD5").digest(bytes));
		} catch (java.security.NoSuchAlgorithmException none) {
			throw new IOException(none);
		}
	}

	/* ---- records, found by their brackets */

	private void read() throws IOException {
		int at = 0;
		while ((at = skip(at)) < bytes.length) {
			int end = bytes[at] == '{' ? end(at) : -1;
			if (end > 0 && end - at <= RECORD_SIZE_MAX && take(at, end)) {
				at = end;
				continue;
			}
			if (end <= 0 || end - at > RECORD_SIZE_MAX) {
				poison.found(file, at, end <= 0 ? "no whole record" : "too large");
			}
			at = end > 0 ? end : resume(at + 1);
		}
	}

	private int skip(int at) {
		while (at < bytes.length && (bytes[at] <= ' ' && bytes[at] >= 0 || bytes[at] == ',' || isMark(at))) {
			at += bytes[at] == (byte) 0xef ? 3 : 1;
		}
		return at;
	}

	private boolean isMark(int at) {
		return at + 2 < bytes.length && bytes[at] == (byte) 0xef && bytes[at + 1] == (byte) 0xbb && bytes[at + 2] == (byte) 0xbf;
	}

	/** Behind the bracket that closes the one at `at`; negative, or 0 when something shows that the record is cut short. */
	private int end(int at) {
		int depth = 0;
		boolean text = false;
		byte significant = ':';
		for (int i = at; i < bytes.length; i++) {
			byte b = bytes[i];
			if (text) {
				if (b == '\\') {
					i++;
				} else if (b == '"') {
					text = false;
				} else if (b == '\n') {
					return stop(i);
				}
				continue;
			}
			boolean follows = significant == ':' || significant == ',' || significant == '[';
			if (b == '{' && !follows && i > at && (bytes[i - 1] > ' ' || bytes[i - 1] == '\n')) {
				return stop(i);
			}
			text = b == '"';
			depth += b == '{' || b == '[' ? 1 : b == '}' || b == ']' ? -1 : 0;
			if (depth == 0) {
				return i + 1;
			}
			significant = b > ' ' ? b : significant;
		}
		return stop(bytes.length);
	}

	private int stopped;

	private int stop(int at) {
		stopped = at;
		return -1;
	}

	/** Where reading goes on behind a record without an end. */
	private int resume(int at) {
		int from = Math.max(at, stopped);
		while (from < bytes.length && bytes[from] != '{') {
			from++;
		}
		return from;
	}

	/** False only when the record is set aside already; a poison record with an end is taken as read. */
	private boolean take(int at, int end) throws IOException {
		try {
			JsonNode record = JSON.readTree(bytes, at, end - at);
			JsonNode list = record.has("Records") ? record.get("Records") : record.get("records");
			if (list != null && list.isArray() && !record.has("dynamodb") && !record.has("Item")) {
				envelope(at, end);
			} else {
				sink.record(record, at);
			}
			return true;
		} catch (com.fasterxml.jackson.core.JacksonException broken) {
			if (isEnvelope(at, end)) {
				envelope(at, end);
			} else {
				poison.found(file, at, "not JSON");
			}
			return false;
		}
	}

	private boolean isEnvelope(int at, int end) {
		return new String(bytes, at, Math.min(end - at, 32), java.nio.charset.StandardCharsets.ISO_8859_1)
			.replaceAll("\\s", "").startsWith("{\"Records\":[{");
	}

	/** The records of an envelope one by one, so that one that cannot be read does not take the others with it. */
	private void envelope(int at, int end) throws IOException {
		int next = at + 1;
		while (next < end && bytes[next] != '[') {
			next++;
		}
		for (next = skip(next + 1); next < end && bytes[next] != ']'; next = skip(next)) {
			int element = end(next);
			if (element <= 0 || element > end) {
				poison.found(file, next, "no whole record");
				next = Math.min(end, resume(next + 1));
				continue;
			}
			try {
				sink.record(JSON.readTree(bytes, next, element - next), next);
			} catch (com.fasterxml.jackson.core.JacksonException broken) {
				poison.found(file, next, "not JSON");
			}
			next = element;
		}
	}
}
