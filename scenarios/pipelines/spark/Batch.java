import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** One batch of one cell: batch.json as the runner writes it, and a Spark session of its own. */
final class Batch {
	private static final ObjectMapper JSON = new ObjectMapper();

	/** The pipeline is to die here: the client kills itself, and nothing more is done. */
	static final class Crash extends RuntimeException {
		Crash(String moment) {
			super("crashed at " + moment);
		}
	}

	final SparkSession spark;
	final int number;
	final int of;
	final int attempt;
	/** Everything that landed so far: AWSDynamoDB/, events/, dumps/. */
	final Path landing;
	/** The same layout with this batch's files alone. */
	final Path folder;
	/** The pipeline's own folder; table and checkpoints lie below it. */
	final Path work;
	final String table;
	/** This batch's: folders of full exports, of incremental ones, of dumps; files of events, in the order they landed. */
	final List<Path> exports;
	final List<Path> increments;
	final List<Path> dumps;
	final List<Path> events;
	/** All that landed comes again as this one batch. */
	final boolean fullReplay;
	/** The pipeline's clock, on the history's time line. */
	final long nowUs;
	final Columns columns;
	private final String variant;
	private final String crashAt;

	Batch(SparkSession spark, String text) throws IOException {
		this(spark, JSON.readTree(text));
	}

	private Batch(SparkSession spark, JsonNode json) throws IOException {
		this.spark = spark;
		number = json.path("batch").asInt();
		of = json.path("of").asInt();
		attempt = json.path("attempt").asInt(1);
		landing = Path.of(json.path("landing").asText());
		folder = Path.of(json.path("batch_dir").asText());
		work = Path.of(json.path("work").asText());
		table = json.path("table").asText();
		exports = paths(json.path("exports"));
		increments = paths(json.path("increments"));
		dumps = paths(json.path("dumps"));
		events = paths(json.path("events"));
		fullReplay = json.path("full_replay").asBoolean();
		nowUs = json.path("now_us").asLong();
		variant = json.path("variant").asText(null);
		crashAt = json.path("crash_at").asText(null);
		columns = Columns.read(Path.of(json.path("columns").asText()));
	}

	private static List<Path> paths(JsonNode list) {
		List<Path> paths = new ArrayList<>();
		list.forEach(path -> paths.add(Path.of(path.asText())));
		return paths;
	}

	/** Whether the variant asked for is this one. */
	boolean is(String name) {
		return name.equals(variant);
	}

	/** A named moment at which the pipeline dies if it is told to. */
	void moment(String name) {
		if (name.equals(crashAt)) {
			throw new Crash(name);
		}
	}

	/** Where streaming queries keep what they have seen; the scenario that loses checkpoints deletes all of it. */
	String checkpoint(String query) {
		return work.resolve("checkpoint").resolve(query).toString();
	}

	/** A Delta table of the pipeline's own, beside the one that is judged. */
	String inner(String name) {
		return work.resolve(name).toString();
	}

	static boolean isDelta(String table) {
		return Files.isDirectory(Path.of(table, "_delta_log"));
	}

	boolean tableExists() {
		return isDelta(table);
	}

	DeltaTable delta() {
		return DeltaTable.forPath(spark, table);
	}

	Dataset<Row> rows() {
		return spark.read().format("delta").load(table);
	}

	/** A folder of what landed that may not be there yet: Spark refuses to read or watch what does not exist. */
	String landed(String name) throws IOException {
		Path path = landing.resolve(name);
		Files.createDirectories(path);
		return path.toString();
	}

	/** Lists a record that could not be applied and must not get lost. */
	void setAside(Path file, long offset, String reason) throws IOException {
		String line = JSON.createObjectNode().put("file", relative(file)).put("offset", offset).put("reason", reason) + "\n";
		Files.writeString(work.resolve("set-aside.jsonl"), line, StandardCharsets.UTF_8, StandardOpenOption.CREATE,
			StandardOpenOption.APPEND);
	}

	private String relative(Path file) {
		for (Path root : List.of(folder, landing)) {
			if (file.startsWith(root)) {
				return root.relativize(file).toString();
			}
		}
		return file.toString();
	}
}
