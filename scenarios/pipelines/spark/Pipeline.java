/** What is under test: takes each batch of files into a Delta table, as somebody's job on Databricks would. */
interface Pipeline {
	void apply(Batch batch) throws Exception;

	/** Once, before the first batch. */
	default void setup(Batch batch) throws Exception {
	}
}
