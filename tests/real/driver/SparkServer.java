import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * One Spark session behind a loopback port, so that a whole suite pays for one start.
 *
 * <p>POST / runs the statements of the body, one after the other, and answers with their rows as JSON lines (nulls
 * included); a statement ends at a line that ends with ';'. Status 400 carries the first error's text. GET /row-groups?FILE
 * answers with a Parquet file's number of row groups. Usage: SparkServer WAREHOUSE PORTFILE; the port appears in
 * PORTFILE once the session is up.
 */
public final class SparkServer {
	private final SparkSession spark;

	private SparkServer(SparkSession spark) {
		this.spark = spark;
	}

	public static void main(String[] arguments) throws Exception {
		Path warehouse = Path.of(arguments[0]).toAbsolutePath();
		Path portFile = Path.of(arguments[1]);
		SparkSession spark = SparkSession.builder()
			.master("local[2]")
			.appName("lakeproof-check-real")
			.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
			.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
			.config("spark.sql.catalogImplementation", "in-memory")
			.config("spark.sql.warehouse.dir", warehouse.toUri().toString())
			.config("spark.ui.enabled", "false")
			.config("spark.driver.host", "127.0.0.1")
			.config("spark.driver.bindAddress", "127.0.0.1")
			.config("spark.sql.session.timeZone", "UTC")
			.config("spark.sql.shuffle.partitions", "2")
			.config("spark.sql.jsonGenerator.ignoreNullFields", "false")
			.config("spark.databricks.delta.snapshotPartitions", "1")
			.getOrCreate();
		spark.sparkContext().setLogLevel("WARN");
		SparkServer server = new SparkServer(spark);
		HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		http.setExecutor(Executors.newSingleThreadExecutor());
		http.createContext("/row-groups", exchange -> server.answer(exchange, server::rowGroups));
		http.createContext("/", exchange -> server.answer(exchange, server::statements));
		http.start();
		Path unfinished = portFile.resolveSibling(portFile.getFileName() + ".part");
		Files.writeString(unfinished, http.getAddress().getPort() + "\n");
		Files.move(unfinished, portFile, StandardCopyOption.ATOMIC_MOVE);
	}

	private interface Job {
		String run(HttpExchange exchange) throws Exception;
	}

	private void answer(HttpExchange exchange, Job job) throws IOException {
		int status = 200;
		String text;
		try {
			text = job.run(exchange);
		} catch (Throwable error) { // a failing statement must not end the server
			status = 400;
			text = error + "\n";
		}
		byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
		exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
		try (OutputStream body = exchange.getResponseBody()) {
			body.write(bytes);
		}
	}

	private String statements(HttpExchange exchange) throws IOException {
		StringBuilder out = new StringBuilder();
		for (String statement : split(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))) {
			Dataset<Row> rows = spark.sql(statement);
			for (String line : rows.toJSON().collectAsList()) {
				out.append(line).append('\n');
			}
		}
		return out.toString();
	}

	private static List<String> split(String text) {
		List<String> statements = new ArrayList<>();
		StringBuilder statement = new StringBuilder();
		for (String line : text.split("\n")) {
			boolean last = line.stripTrailing().endsWith(";");
			statement.append(last ? line.stripTrailing().replaceAll(";$", "") : line).append('\n');
			if (last) {
				statements.add(statement.toString());
				statement.setLength(0);
			}
		}
		if (!statement.toString().replaceAll("(?m)^\\s*--.*$", "").isBlank()) {
			throw new IllegalArgumentException("statement without ';': " + statement);
		}
		return statements;
	}

	private String rowGroups(HttpExchange exchange) throws IOException {
		org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(exchange.getRequestURI().getQuery());
		try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, new Configuration()))) {
			return reader.getRowGroups().size() + "\n";
		}
	}
}
