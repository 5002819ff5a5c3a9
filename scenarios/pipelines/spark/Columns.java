import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;

/**
 * The columns of the flat table (a line each: NAME TYPE ATTRIBUTE [key]), and what an item holds in them.
 *
 * <p>Values are exact: what does not fit its column is null, never rounded. A set's entries are sorted.
 */
final class Columns implements java.io.Serializable {
	static final class Column implements java.io.Serializable {
		final String name;
		final DataType type;
		final String[] path;
		final boolean key;

		Column(String line) {
			String[] words = line.split(" ", 4);
			name = words[0];
			type = DataType.fromDDL(words[1]);
			key = line.endsWith(" key") && words.length == 4;
			path = words[2].split("\\.");
		}
	}

	final List<Column> list = new ArrayList<>();

	static Columns read(Path file) throws IOException {
		Columns columns = new Columns();
		for (String line : Files.readAllLines(file)) {
			if (!line.isBlank() && !line.startsWith("$")) {
				columns.list.add(new Column(line));
			}
		}
		return columns;
	}

	StructType schema() {
		StructType schema = new StructType();
		for (Column column : list) {
			schema = schema.add(column.name, column.type, true);
		}
		return schema;
	}

	List<String> names() {
		List<String> names = new ArrayList<>();
		list.forEach(column -> names.add(column.name));
		return names;
	}

	/** The key's columns, the partition key's first. */
	List<String> keys() {
		List<String> names = new ArrayList<>();
		list.stream().filter(column -> column.key).forEach(column -> names.add(column.name));
		return names;
	}

	/** The condition under which row t of the table and row s of a source are of one item. */
	String sameKey() {
		return same(keys());
	}

	/** The same by the partition key alone, which names an item only where there is no sort key. */
	String samePartitionKey() {
		return same(keys().subList(0, 1));
	}

	private static String same(List<String> keys) {
		StringBuilder condition = new StringBuilder();
		for (String key : keys) {
			condition.append(condition.length() == 0 ? "" : " AND ").append("t.`" + key + "` = s.`" + key + "`");
		}
		return condition.toString();
	}

	/** Whether this is a key and nothing else: each attribute there, of its type, and a number that DynamoDB could hold. */
	boolean isKey(JsonNode value) {
		int found = 0;
		for (Column column : list) {
			JsonNode attribute = column.key ? value.get(column.path[0]) : null;
			String tag = column.type instanceof StringType ? "S" : column.type instanceof BinaryType ? "B" : "N";
			if (attribute != null && attribute.size() == 1 && attribute.path(tag).isTextual()
				&& (!tag.equals("N") || isNumber(attribute.get(tag).asText()))) {
				found++;
			}
		}
		return found == keys().size() && found == value.size();
	}

	private static boolean isNumber(String text) {
		try {
			return new BigDecimal(text).stripTrailingZeros().precision() <= 38;
		} catch (NumberFormatException none) {
			return false;
		}
	}

	/** The values of an item, an object of attribute values in DynamoDB JSON, in the columns' order. */
	Object[] values(JsonNode item) {
		Object[] values = new Object[list.size()];
		for (int i = 0; i < values.length; i++) {
			values[i] = value(at(item, list.get(i).path), list.get(i).type);
		}
		return values;
	}

	private static JsonNode at(JsonNode item, String[] path) {
		JsonNode value = item.get(path[0]);
		for (int i = 1; i < path.length && value != null; i++) {
			JsonNode map = value.get("M");
			value = map == null ? null : map.get(path[i]);
		}
		return value;
	}

	/** One attribute value, {"S": "text"}, as a value of the column's type; null when absent, NULL or when it does not fit. */
	static Object value(JsonNode value, DataType type) {
		if (value == null || !value.isObject() || value.size() != 1) {
			return null;
		}
		String tag = value.fieldNames().next();
		try {
			return tagged(tag, value.get(tag), type);
		} catch (RuntimeException misfit) {
			return null;
		}
	}

	private static Object tagged(String tag, JsonNode payload, DataType type) {
		if (type instanceof StringType) {
			return text(tag, payload);
		} else if (type instanceof BinaryType) {
			return tag.equals("B") ? Base64.getDecoder().decode(payload.asText()) : null;
		} else if (type instanceof BooleanType) {
			return tag.equals("BOOL") ? payload.booleanValue() : null;
		} else if (type instanceof ArrayType) {
			return array(tag, payload, ((ArrayType) type).elementType());
		} else if (type instanceof MapType) {
			return map(tag, payload, ((MapType) type).valueType());
		} else if (type instanceof StructType) {
			return struct(tag, payload, (StructType) type);
		} else if (type instanceof TimestampType || type instanceof TimestampNTZType || type instanceof DateType) {
			return time(tag, payload, type);
		}
		return tag.equals("N") ? number(new BigDecimal(payload.asText()), type) : null;
	}

	private static String text(String tag, JsonNode payload) {
		switch (tag) {
			case "S":
			case "B":
				return payload.asText();
			case "BOOL":
				return payload.asBoolean() ? "true" : "false";
			case "N":
				return spelling(new BigDecimal(payload.asText()));
			default:
				return null;
		}
	}

	/** A number as DynamoDB itself would spell it: no exponent, no trailing zeros. */
	static String spelling(BigDecimal number) {
		return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
	}

	private static Object number(BigDecimal number, DataType type) {
		if (type instanceof DecimalType) {
			BigDecimal scaled = number.setScale(((DecimalType) type).scale());
			return scaled.precision() <= ((DecimalType) type).precision() ? scaled : null;
		} else if (type instanceof IntegerType) {
			return number.intValueExact();
		} else if (type instanceof LongType) {
			return number.longValueExact();
		} else if (type instanceof DoubleType) {
			return number.doubleValue();
		}
		return null;
	}

	private static Object time(String tag, JsonNode payload, DataType type) {
		if (type instanceof DateType) {
			return tag.equals("S") ? java.time.LocalDate.parse(payload.asText()) : null;
		}
		Instant instant;
		if (tag.equals("N")) {
			long us = new BigDecimal(payload.asText()).movePointRight(6).longValueExact();
			instant = Instant.ofEpochSecond(Math.floorDiv(us, 1000000L), Math.floorMod(us, 1000000L) * 1000);
		} else {
			instant = OffsetDateTime.parse(payload.asText()).toInstant();
		}
		return type instanceof TimestampType ? instant : LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
	}

	private static Object array(String tag, JsonNode payload, DataType element) {
		boolean set = tag.equals("SS") || tag.equals("NS") || tag.equals("BS");
		if (!set && !tag.equals("L")) {
			return null;
		}
		List<Object> entries = new ArrayList<>();
		for (JsonNode entry : payload) {
			entries.add(set ? tagged(tag.substring(0, 1), entry, element) : value(entry, element));
		}
		if (set && !entries.isEmpty() && entries.get(0) instanceof String) {
			List<String> texts = new ArrayList<>();
			entries.forEach(entry -> texts.add((String) entry));
			Collections.sort(texts);
			entries = new ArrayList<>(texts);
		}
		return entries.toArray();
	}

	private static Object map(String tag, JsonNode payload, DataType type) {
		if (!tag.equals("M")) {
			return null;
		}
		Map<String, Object> entries = new LinkedHashMap<>();
		for (Iterator<Map.Entry<String, JsonNode>> it = payload.fields(); it.hasNext();) {
			Map.Entry<String, JsonNode> entry = it.next();
			entries.put(entry.getKey(), value(entry.getValue(), type));
		}
		return entries;
	}

	private static Object struct(String tag, JsonNode payload, StructType type) {
		if (!tag.equals("M")) {
			return null;
		}
		Object[] values = new Object[type.length()];
		for (int i = 0; i < values.length; i++) {
			StructField field = type.fields()[i];
			values[i] = value(payload.get(field.name()), field.dataType());
		}
		return RowFactory.create(values);
	}
}
