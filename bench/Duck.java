import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;

/** Runs a file of SQL statements, separated by lines that hold only ';', in one in-memory DuckDB; prints wall seconds. */
public final class Duck {
	public static void main(String[] arguments) throws Exception {
		String[] statements = Files.readString(Path.of(arguments[0])).split("(?m)^;$");
		try (var connection = DriverManager.getConnection("jdbc:duckdb:"); var statement = connection.createStatement()) {
			long begin = System.nanoTime();
			for (String sql : statements) {
				if (sql.isBlank())
					continue;
				if (statement.execute(sql)) {
					try (var rows = statement.getResultSet()) {
						while (rows.next())
							for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++)
								System.err.print(rows.getMetaData().getColumnName(i) + "=" + rows.getString(i) + " ");
						System.err.println();
					}
				}
			}
			System.out.printf("%.3f%n", (System.nanoTime() - begin) / 1e9);
		}
	}
}
