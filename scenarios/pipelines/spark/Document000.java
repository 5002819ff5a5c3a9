import java.util.Map;

/** A backfill from a full export, and Streams → Lambda → S3 → a job that merges what landed. */
final class Document000 {
	private Document000() {
	}

	static void register(Map<String, Pipeline> pipelines) {
		pipelines.put("doc000-merge-corrected", SequenceMerge::all);
	}
}
