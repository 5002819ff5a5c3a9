import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the documents' Python does to values, where it is not what Java does: int and float, json.dumps, boto3's deserializer.
 *
 * <p>Values are String, BigInteger (int), Double (float), BigDecimal (Decimal), Boolean, null, List, Map, and the two that
 * json.dumps knows nothing of: PythonSet and byte[] (boto3's Binary).
 */
final class Python {
	/** A set, which is no list. */
	static final class PythonSet extends ArrayList<Object> {
	}

	/** An exception of Python's: its type and text. */
	static final class PythonError extends RuntimeException {
		PythonError(String text) {
			super(text);
		}
	}

	private Python() {
	}

	/** int(text) if it has no point, else float(text). */
	static Object number(String text) {
		return text.contains(".") ? (Object) Double.valueOf(text) : integer(text);
	}

	/** int(text): digits with a sign, nothing else. */
	static BigInteger integer(String text) {
		if (!text.strip().matches("[+-]?[0-9]+")) {
			throw new PythonError("ValueError: invalid literal for int() with base 10: '" + text + "'");
		}
		return new BigInteger(text.strip().replaceFirst("^\\+", ""));
	}

	/** repr(float): the shortest digits that read back as the same double; an exponent from 1e16 on and below 1e-4. */
	static String repr(double value) {
		if (Double.isInfinite(value) || Double.isNaN(value)) {
			return Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
		} else if (value == 0) {
			return 1 / value < 0 ? "-0.0" : "0.0";
		}
		BigDecimal exact = new BigDecimal(value);
		BigDecimal shortest = exact;
		for (int digits = 1; digits <= 17; digits++) {
			shortest = exact.round(new MathContext(digits));
			if (shortest.doubleValue() == value) {
				break;
			}
		}
		shortest = shortest.stripTrailingZeros();
		int exponent = shortest.precision() - shortest.scale() - 1;
		if (exponent >= -4 && exponent < 16) {
			String plain = shortest.toPlainString();
			return plain.contains(".") ? plain : plain + ".0";
		}
		String digits = shortest.unscaledValue().abs().toString();
		return (value < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "")
			+ (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
	}

	/** str(value) of what json.dumps(default=str) meets. */
	static String str(Object value) {
		if (value instanceof BigDecimal) {
			return value.toString();
		} else if (value instanceof PythonSet) {
			List<String> members = new ArrayList<>();
			((PythonSet) value).forEach(member -> members.add(member instanceof BigDecimal ? "Decimal('" + member + "')"
				: member instanceof byte[] ? "Binary(" + bytes((byte[]) member) + ")" : "'" + member + "'"));
			return "{" + String.join(", ", members) + "}";
		}
		return bytes((byte[]) value);
	}

	private static String bytes(byte[] value) {
		StringBuilder text = new StringBuilder("b'");
		for (byte b : value) {
			text.append(b >= 32 && b < 127 && b != '\'' && b != '\\' ? String.valueOf((char) b) : String.format("\\x%02x", b & 255));
		}
		return text.append("'").toString();
	}

	/** json.dumps(value), with default=str if `defaultStr`. */
	static String dumps(Object value, boolean compact, boolean defaultStr) {
		StringBuilder text = new StringBuilder();
		dump(text, value, compact, defaultStr);
		return text.toString();
	}

	private static void dump(StringBuilder text, Object value, boolean compact, boolean defaultStr) {
		if (value == null) {
			text.append("null");
		} else if (value instanceof String) {
			quote(text, (String) value);
		} else if (value instanceof Boolean || value instanceof BigInteger) {
			text.append(value);
		} else if (value instanceof Double) {
			text.append(repr((Double) value));
		} else if (value instanceof Map) {
			String separator = "";
			text.append('{');
			for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
				quote(text.append(separator), (String) entry.getKey());
				dump(text.append(compact ? ":" : ": "), entry.getValue(), compact, defaultStr);
				separator = compact ? "," : ", ";
			}
			text.append('}');
		} else if (value instanceof List && !(value instanceof PythonSet)) {
			String separator = "";
			text.append('[');
			for (Object entry : (List<?>) value) {
				dump(text.append(separator), entry, compact, defaultStr);
				separator = compact ? "," : ", ";
			}
			text.append(']');
		} else if (defaultStr) {
			quote(text, str(value));
		} else {
			String type = value instanceof BigDecimal ? "Decimal" : value instanceof PythonSet ? "set" : "Binary";
			throw new PythonError("TypeError: Object of type " + type + " is not JSON serializable");
		}
	}

	private static void quote(StringBuilder text, String value) {
		text.append('"');
		for (char c : value.toCharArray()) {
			if (c == '"' || c == '\\') {
				text.append('\\').append(c);
			} else if (c >= 32 && c < 127) {
				text.append(c);
			} else {
				text.append(String.format("\\u%04x", (int) c));
			}
		}
		text.append('"');
	}

	/** boto3's TypeDeserializer of one attribute value, {"N": "1"}. */
	static Object deserialize(JsonNode value) {
		String tag = value.fieldNames().next();
		JsonNode payload = value.get(tag);
		switch (tag) {
			case "S":
				return payload.asText();
			case "N":
				return new BigDecimal(payload.asText());
			case "BOOL":
				return payload.asBoolean();
			case "NULL":
				return null;
			case "B":
				return java.util.Base64.getDecoder().decode(payload.asText());
			case "M":
				return deserializeItem(payload);
			case "L":
				List<Object> list = new ArrayList<>();
				payload.forEach(entry -> list.add(deserialize(entry)));
				return list;
			case "SS":
			case "NS":
			case "BS":
				PythonSet set = new PythonSet();
				for (JsonNode member : payload) {
					set.add(tag.equals("SS") ? member.asText() : tag.equals("NS") ? (Object) new BigDecimal(member.asText())
						: java.util.Base64.getDecoder().decode(member.asText()));
				}
				return set;
			default:
				throw new PythonError("TypeError: Dynamodb type " + tag + " is not supported");
		}
	}

	/** The same of each attribute of an item. */
	static Map<String, Object> deserializeItem(JsonNode item) {
		Map<String, Object> map = new LinkedHashMap<>();
		for (Iterator<Map.Entry<String, JsonNode>> it = item.fields(); it.hasNext();) {
			Map.Entry<String, JsonNode> entry = it.next();
			map.put(entry.getKey(), deserialize(entry.getValue()));
		}
		return map;
	}
}
