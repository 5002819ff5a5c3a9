import com.amazon.ion.IonType;
import com.amazon.ion.IonReader;
import com.amazon.ion.IonWriter;
import com.amazon.ion.system.IonReaderBuilder;
import com.amazon.ion.system.IonTextWriterBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Lines of an export in Ion text, read and written by ion-java, from stdin to stdout.
 *
 * <p>Usage: IonLines read, Ion to DynamoDB JSON; IonLines json, DynamoDB JSON to the same; IonLines write, DynamoDB JSON to
 * Ion as AWS's exports have it. DynamoDB JSON comes out in one form: names and sets in order, each number as BigDecimal's plain
 * text without trailing zeros. A line that is no one value, or has a name twice, ends the program.
 */
public final class IonLines {
	private static final ObjectMapper JSON = new ObjectMapper()
		.enable(com.fasterxml.jackson.core.JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
		.enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
	private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
	private static final List<String> OUTSIDE = List.of("Item", "Keys", "OldImage", "NewImage", "Metadata");

	public static void main(String[] arguments) throws IOException {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			switch (arguments[0]) {
				case "read" -> out.write(JSON.writeValueAsString(record(ionLine(line))));
				case "json" -> out.write(JSON.writeValueAsString(record(JSON.readTree(line))));
				case "write" -> write(JSON.readTree(line), out);
				default -> throw new IllegalArgumentException(arguments[0]);
			}
			out.write('\n');
		}
		out.flush();
	}

	/* ---- DynamoDB JSON in one form ---- */

	private static ObjectNode record(JsonNode line) {
		ObjectNode record = NODES.objectNode();
		for (String name : names(line)) {
			if (!OUTSIDE.contains(name)) {
				throw new IllegalArgumentException("a record with " + name);
			}
			record.set(name, attributes(line.get(name)));
		}
		return record;
	}

	private static ObjectNode attributes(JsonNode map) {
		ObjectNode sorted = NODES.objectNode();
		for (String name : names(map)) {
			sorted.set(name, value(map.get(name)));
		}
		return sorted;
	}

	private static JsonNode value(JsonNode tagged) {
		if (tagged.size() != 1) {
			throw new IllegalArgumentException("a value of " + tagged.size() + " types");
		}
		String type = tagged.fieldNames().next();
		JsonNode value = tagged.get(type);
		return NODES.objectNode().set(type, switch (type) {
			case "S", "BOOL", "NULL" -> value;
			case "N" -> NODES.textNode(number(new BigDecimal(value.textValue())));
			case "B" -> NODES.textNode(binary(Base64.getDecoder().decode(value.textValue())));
			case "M" -> attributes(value);
			case "L" -> list(value, IonLines::value);
			case "SS" -> sorted(list(value, member -> member));
			case "NS" -> sorted(list(value, member -> NODES.textNode(number(new BigDecimal(member.textValue())))));
			case "BS" -> sorted(list(value, member -> NODES.textNode(binary(Base64.getDecoder().decode(member.textValue())))));
			default -> throw new IllegalArgumentException("a value of type " + type);
		});
	}

	private static ArrayNode list(JsonNode members, java.util.function.UnaryOperator<JsonNode> each) {
		ArrayNode list = NODES.arrayNode();
		members.forEach(member -> list.add(each.apply(member)));
		return list;
	}

	private static ArrayNode sorted(ArrayNode set) {
		List<String> texts = new ArrayList<>();
		set.forEach(member -> texts.add(member.textValue()));
		Collections.sort(texts);
		ArrayNode sorted = NODES.arrayNode();
		texts.forEach(sorted::add);
		return sorted;
	}

	private static String number(BigDecimal number) {
		return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
	}

	private static String binary(byte[] bytes) {
		return Base64.getEncoder().encodeToString(bytes);
	}

	private static List<String> names(JsonNode object) {
		List<String> names = new ArrayList<>();
		object.fieldNames().forEachRemaining(names::add);
		Collections.sort(names);
		return names;
	}

	/* ---- Ion to DynamoDB JSON ---- */

	private static ObjectNode ionLine(String line) throws IOException {
		try (IonReader reader = IonReaderBuilder.standard().build(line)) {
			reader.next();
			ObjectNode record = members(reader, true);
			if (record.has("Record")) {
				record = (ObjectNode) record.get("Record");
			}
			if (reader.next() != null) {
				throw new IOException("a second value in the line");
			}
			return record;
		}
	}

	/* The struct at which the reader stands. Outside of images are names, inside are attributes. */
	private static ObjectNode members(IonReader reader, boolean outside) {
		ObjectNode members = NODES.objectNode();
		reader.stepIn();
		for (IonType type = reader.next(); type != null; type = reader.next()) {
			String name = reader.getFieldName();
			JsonNode member = !outside ? ionValue(reader, type) : members(reader, name.equals("Record"));
			if (members.replace(name, member) != null) {
				throw new IllegalArgumentException("the name " + name + " twice");
			}
		}
		reader.stepOut();
		return members;
	}

	private static ObjectNode ionValue(IonReader reader, IonType type) {
		String[] annotations = reader.getTypeAnnotations();
		ObjectNode tagged = NODES.objectNode();
		if (reader.isNullValue()) {
			return tagged.put("NULL", true);
		}
		switch (type) {
			case STRING -> tagged.put("S", reader.stringValue());
			case DECIMAL, INT -> tagged.put("N", reader.bigDecimalValue().toString());
			case BLOB -> tagged.put("B", binary(reader.newBytes()));
			case BOOL -> tagged.put("BOOL", reader.booleanValue());
			case STRUCT -> tagged.set("M", members(reader, false));
			case LIST -> ionList(reader, annotations, tagged);
			default -> throw new IllegalArgumentException("a value of Ion's type " + type);
		}
		return tagged;
	}

	private static void ionList(IonReader reader, String[] annotations, ObjectNode tagged) {
		String type = annotations.length == 0 ? "L" : annotations[0].replace("$dynamodb_", "");
		ArrayNode list = tagged.putArray(type);
		reader.stepIn();
		for (IonType member = reader.next(); member != null; member = reader.next()) {
			ObjectNode value = ionValue(reader, member);
			list.add(type.equals("L") ? value : value.get(type.substring(0, 1)));
		}
		reader.stepOut();
	}

	/* ---- DynamoDB JSON to Ion ---- */

	private static void write(JsonNode line, BufferedWriter out) throws IOException {
		StringBuilder text = new StringBuilder();
		try (IonWriter writer = IonTextWriterBuilder.standard().build(text)) {
			writer.stepIn(IonType.STRUCT);
			if (!line.has("Item")) {
				writer.setFieldName("Record");
				writer.stepIn(IonType.STRUCT);
			}
			for (Iterator<Map.Entry<String, JsonNode>> member = line.fields(); member.hasNext();) {
				Map.Entry<String, JsonNode> entry = member.next();
				writer.setFieldName(entry.getKey());
				writeMap(entry.getValue(), writer);
			}
			if (!line.has("Item")) {
				writer.stepOut();
			}
			writer.stepOut();
		}
		out.write("$ion_1_0 " + text);
	}

	private static void writeMap(JsonNode map, IonWriter writer) throws IOException {
		writer.stepIn(IonType.STRUCT);
		for (Iterator<Map.Entry<String, JsonNode>> attribute = map.fields(); attribute.hasNext();) {
			Map.Entry<String, JsonNode> entry = attribute.next();
			writer.setFieldName(entry.getKey());
			writeValue(entry.getValue(), writer);
		}
		writer.stepOut();
	}

	private static void writeValue(JsonNode tagged, IonWriter writer) throws IOException {
		Map.Entry<String, JsonNode> entry = tagged.fields().next();
		JsonNode value = entry.getValue();
		switch (entry.getKey()) {
			case "S" -> writer.writeString(value.textValue());
			case "N" -> writer.writeDecimal(new BigDecimal(value.textValue()).stripTrailingZeros());
			case "B" -> writer.writeBlob(Base64.getDecoder().decode(value.textValue()));
			case "BOOL" -> writer.writeBool(value.booleanValue());
			case "NULL" -> writer.writeNull();
			case "M" -> writeMap(value, writer);
			case "L" -> {
				writer.stepIn(IonType.LIST);
				for (JsonNode member : value) {
					writeValue(member, writer);
				}
				writer.stepOut();
			}
			default -> {
				writer.setTypeAnnotations("$dynamodb_" + entry.getKey());
				writer.stepIn(IonType.LIST);
				for (JsonNode member : value) {
					writeValue(NODES.objectNode().set(entry.getKey().substring(0, 1), member), writer);
				}
				writer.stepOut();
			}
		}
	}
}
