import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;

/** One stream record, and where it stood. */
final class Change {
	/** INSERT, MODIFY or REMOVE. */
	final String operation;
	/** Objects of attribute values in DynamoDB JSON; null when the record has none. */
	final JsonNode keys;
	final JsonNode newImage;
	final JsonNode oldImage;
	/** Filled up with zeros to forty digits, so that texts order as the numbers do; null in records of Kinesis. */
	final String sequence;
	/** The record's time, and how many microseconds it may be short of the change's. */
	final long timeUs;
	final long precisionUs;
	final boolean byTtl;
	final JsonNode record;
	final Path file;
	final long offset;

	/** @throws IllegalArgumentException with the reason when this is no stream record */
	Change(JsonNode record, Path file, long offset) {
		this.record = record;
		this.file = file;
		this.offset = offset;
		JsonNode dynamodb = record.path("dynamodb");
		operation = record.path("eventName").asText("");
		if (!operation.equals("INSERT") && !operation.equals("MODIFY") && !operation.equals("REMOVE")) {
			throw new IllegalArgumentException("no change record");
		}
		keys = object(dynamodb, "Keys");
		newImage = object(dynamodb, "NewImage");
		oldImage = object(dynamodb, "OldImage");
		if (keys == null) {
			throw new IllegalArgumentException("no keys");
		}
		sequence = dynamodb.has("SequenceNumber") ? pad(dynamodb.get("SequenceNumber").asText()) : null;
		String unit = dynamodb.path("ApproximateCreationDateTimePrecision").asText("SECOND");
		precisionUs = unit.equals("MICROSECOND") ? 1 : unit.equals("MILLISECOND") ? 1000 : 1000000;
		timeUs = (long) (dynamodb.path("ApproximateCreationDateTime").asDouble() * precisionUs);
		byTtl = record.path("userIdentity").path("principalId").asText("").equals("dynamodb.amazonaws.com");
	}

	boolean removes() {
		return operation.equals("REMOVE");
	}

	/** The item as the record shows it: what it is now, or was before a REMOVE, or at least its key. */
	JsonNode item() {
		return newImage != null ? newImage : oldImage != null ? oldImage : keys;
	}

	private static JsonNode object(JsonNode parent, String name) {
		JsonNode value = parent.get(name);
		return value != null && value.isObject() ? value : null;
	}

	private static String pad(String digits) {
		if (digits.isEmpty() || digits.length() > 40 || !digits.chars().allMatch(Character::isDigit)) {
			throw new IllegalArgumentException("sequence number");
		}
		return "0".repeat(40 - digits.length()) + digits;
	}
}
