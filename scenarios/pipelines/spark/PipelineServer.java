import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;

/**
 * One Spark with Delta behind a loopback port, so that a whole run pays for one start.
 *
 * <p>POST /setup?NAME and /apply?NAME, with batch.json as the body, run one step of that pipeline: status 200 when it is
 * done, 410 when it died at the moment that the batch names, 500 with the error's text. Steps run in sessions of their own,
 * several at once; each cell has its own paths. Usage: PipelineServer FOLDER [train]; the port appears in
 * FOLDER/ready.json. Ends
 * by SIGTERM, or when the process that started it is gone.
 */
public final class PipelineServer {
	private static final int STEPS_AT_ONCE = 4;

	private final SparkSession spark;
	private final Map<String, Pipeline> pipelines = new TreeMap<>();

	private PipelineServer(SparkSession spark) {
		this.spark = spark;
		Document000.register(pipelines);
		Document001.register(pipelines);
		Document002.register(pipelines);
		Document003.register(pipelines);
		Document004.register(pipelines);
	}

	public static void main(String[] arguments) throws Exception {
		Path folder = Path.of(arguments[0]).toAbsolutePath();
		watchParent();
		PipelineServer server = new PipelineServer(session(folder));
		if (arguments.length > 1) {
			train(server.spark, folder);
			System.exit(0);
		}
		HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		http.setExecutor(Executors.newFixedThreadPool(STEPS_AT_ONCE));
		http.createContext("/setup", exchange -> server.answer(exchange, Pipeline::setup));
		http.createContext("/apply", exchange -> server.answer(exchange, Pipeline::apply));
		http.start();
		Path unfinished = folder.resolve("ready.json.part");
		Files.writeString(unfinished, "{\"port\":" + http.getAddress().getPort() + "}\n");
		Files.move(unfinished, folder.resolve("ready.json"), StandardCopyOption.ATOMIC_MOVE);
	}

	private static SparkSession session(Path folder) {
		SparkSession spark = SparkSession.builder()
			.master("local[2]")
			.appName("lakeproof-pipelines")
			.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
			.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
			.config("spark.sql.catalogImplementation", "in-memory")
			.config("spark.sql.warehouse.dir", folder.resolve("warehouse").toUri().toString())
			.config("spark.local.dir", folder.resolve("spark").toString())
			.config("spark.driver.host", "127.0.0.1")
			.config("spark.driver.bindAddress", "127.0.0.1")
			.config("spark.ui.enabled", "false")
			.config("spark.sql.session.timeZone", "UTC")
			.config("spark.sql.datetime.java8API.enabled", "true")
			// The rest is for tables of a few hundred rows: what Spark does for large ones costs more than the work.
			.config("spark.hadoop.fs.file.impl", QuickFiles.class.getName())
			.config("spark.hadoop.fs.file.impl.disable.cache", "false")
			.config("spark.delta.logStore.file.impl", "io.delta.storage.LocalLogStore")
			.config("spark.sql.streaming.checkpointFileManagerClass",
				"org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager")
			.config("spark.sql.shuffle.partitions", "1")
			.config("spark.sql.adaptive.enabled", "false")
			.config("spark.sql.ui.explainMode", "simple")
			.config("spark.sql.codegen.cache.maxEntries", "2000")
			.config("spark.sql.codegen.wholeStage", "false")
			.config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
			.config("spark.sql.streaming.pollingDelay", "1ms")
			.config("spark.ui.retainedJobs", "10")
			.config("spark.ui.retainedStages", "10")
			.config("spark.ui.retainedTasks", "100")
			.config("spark.sql.ui.retainedExecutions", "10")
			.config("spark.databricks.delta.snapshotPartitions", "1")
			.config("spark.databricks.delta.stats.collect", "false")
			.getOrCreate();
		spark.sparkContext().setLogLevel("WARN");
		return spark;
	}

	/** Uses what pipelines use, once, so that its classes are loaded. */
	private static void train(SparkSession spark, Path folder) {
		String table = folder.resolve("lake").toString();
		for (int i = 0; i < 2; i++) {
			io.delta.tables.DeltaTable.createIfNotExists(spark).location(table).addColumn("id", "BIGINT").execute();
			io.delta.tables.DeltaTable.forPath(spark, table).as("t").merge(spark.range(10).toDF().as("s"), "t.id = s.id")
				.whenMatched().updateAll().whenNotMatched().insertAll().execute();
		}
	}

	private static void watchParent() {
		long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
		Thread watch = new Thread(() -> {
			while (ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L) == parent) {
				try {
					Thread.sleep(500);
				} catch (InterruptedException ended) {
					return;
				}
			}
			System.exit(0);
		});
		watch.setDaemon(true);
		watch.start();
	}

	private interface Step {
		void run(Pipeline pipeline, Batch batch) throws Exception;
	}

	private void answer(HttpExchange exchange, Step step) throws IOException {
		int status = 200;
		String text = "";
		try {
			run(exchange, step);
		} catch (Throwable error) { // a failing step must not end the server
			Batch.Crash crash = crash(error);
			StringWriter trace = new StringWriter();
			error.printStackTrace(new PrintWriter(trace));
			status = crash != null ? 410 : 500;
			text = crash != null ? crash.getMessage() + "\n" : trace.toString();
		}
		byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
		exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
		try (OutputStream body = exchange.getResponseBody()) {
			body.write(bytes);
		}
	}

	private void run(HttpExchange exchange, Step step) throws Exception {
		String name = exchange.getRequestURI().getQuery();
		Pipeline pipeline = pipelines.get(name);
		if (pipeline == null) {
			throw new IllegalArgumentException("no pipeline \"" + name + "\"; there are " + pipelines.keySet());
		}
		SparkSession session = spark.newSession();
		SparkSession.setActiveSession(session);
		Batch batch = new Batch(session, new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
		if (batch.number <= 1) {
			// A cell may have had this path before: what is remembered of another table there must not count.
			DeltaLog.invalidateCache(session, new org.apache.hadoop.fs.Path(batch.table));
		}
		step.run(pipeline, batch);
	}

	/** Streaming queries wrap what their functions throw. */
	private static Batch.Crash crash(Throwable error) {
		for (Throwable cause = error; cause != null; cause = cause.getCause()) {
			if (cause instanceof Batch.Crash) {
				return (Batch.Crash) cause;
			}
		}
		return null;
	}
}
