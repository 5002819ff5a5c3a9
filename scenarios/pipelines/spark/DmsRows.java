import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * CSV as Database Migration Service writes it: a full load of rows, then files of I, U and D with the commit's time. A field is an
 * attribute; what is no scalar is JSON in its field, so types are taken from the columns.
 */
final class DmsRows {
	private static final ObjectMapper JSON = new ObjectMapper();

	private DmsRows() {
	}

	/** The fields, all as texts: Op and _commit_time before the attributes in files of changes. */
	static Dataset<Row> read(Batch batch, boolean changes, String... paths) {
		StructType schema = new StructType();
		List<String> names = new ArrayList<>(changes ? List.of("Op", "_commit_time") : List.of());
		names.addAll(attributes(batch.columns));
		for (String name : names) {
			schema = schema.add(name, DataTypes.StringType);
		}
		return batch.spark.read().schema(schema).option("nullValue", "\\N").option("emptyValue", "").option("escape", "\"")
			.option("multiLine", "true").csv(paths);
	}

	private static Set<String> attributes(Columns columns) {
		Set<String> names = new LinkedHashSet<>();
		columns.list.forEach(column -> names.add(column.path[0]));
		return names;
	}

	/** The columns' values of a row of read(). */
	static Object[] values(Columns columns, Row row) {
		Object[] values = new Object[columns.list.size()];
		for (int i = 0; i < values.length; i++) {
			Columns.Column column = columns.list.get(i);
			String text = row.getAs(column.path[0]);
			values[i] = text == null ? null : Columns.value(attribute(text, column), column.type);
		}
		return values;
	}

	private static JsonNode attribute(String text, Columns.Column column) {
		if (column.path.length == 1 && !(column.type instanceof ArrayType)) {
			return tagged(column.type, JsonNodeFactory.instance.textNode(text));
		}
		try {
			JsonNode value = JSON.readTree(text);
			for (int i = 1; i < column.path.length; i++) {
				value = value.path(column.path[i]);
			}
			return value.isMissingNode() || value.isNull() ? null : tagged(column.type, value);
		} catch (com.fasterxml.jackson.core.JacksonException broken) {
			return null;
		}
	}

	private static JsonNode tagged(DataType type, JsonNode plain) {
		JsonNodeFactory nodes = JsonNodeFactory.instance;
		if (type instanceof ArrayType) {
			ArrayNode list = nodes.arrayNode();
			plain.forEach(entry -> list.add(tagged(((ArrayType) type).elementType(), entry)));
			return nodes.objectNode().set("L", list);
		} else if (type instanceof BooleanType) {
			return nodes.objectNode().put("BOOL", plain.asText().equals("true"));
		}
		String tag = type instanceof StringType ? plain.isNumber() ? "N" : "S" : type instanceof BinaryType ? "B" : "N";
		return nodes.objectNode().put(tag, plain.asText());
	}
}
