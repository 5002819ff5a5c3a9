/* A contract's columns against a table: what the plan reports, its fingerprint, its SQL. */
#include "tests/support/digest_fixture.h"

static struct ArrowSchema field(const char *name, const char *format)
{
	return (struct ArrowSchema){.format = format, .name = name};
}

static void test_plan_report(void)
{
	struct ArrowSchema fields[] = {field("PK", "u"),      field("amount", "d:10,2"), field("extra", "l"),
				       field("_ingest", "i"), field("odd", "tDs"),       field("gone", "b")};
	struct ArrowSchema *children[6];
	for (size_t index = 0; index < 6; index++)
		children[index] = &fields[index];
	struct ArrowSchema schema = {.format = "+s", .n_children = 6, .children = children};
	struct fixture fixture;
	ok(open_fixture(&fixture,
			"    - {column: amount, attribute: amount, type: \"decimal(38,10)\"}\n"
			"    - {column: lost, attribute: lost}\n    - {column: odd, attribute: odd}\n",
			"  ignore: [\"_*\"]\n  deletes: {column: gone}\n", &schema),
	   "a plan against a table");
	const struct plan_report *report = digest_plan_report(fixture.plan);
	ok(report->missing_count == 1 && strcmp(report->missing_columns[0], "lost") == 0, "a column the table lacks");
	ok(report->unmapped_count == 1 && strcmp(report->unmapped_columns[0], "extra") == 0, "a column nobody maps");
	ok(report->mismatch_count == 2 && strcmp(report->mismatches[0].want, "decimal(38,10)") == 0 &&
		   strcmp(report->mismatches[0].have, "decimal(10,2)") == 0,
	   "a column of another type than the contract's");
	ok(strcmp(report->mismatches[1].have, "unsupported (Arrow \"tDs\")") == 0, "a column of a type Spark has not");
	is_int(report->compared_columns, 2, "two columns are left to compare");
	uint64_t count;
	const char *const *columns = digest_plan_columns(fixture.plan, &count);
	ok(count == 3 && strcmp(columns[0], "PK") == 0 && strcmp(columns[1], "amount") == 0 &&
		   strcmp(columns[2], "gone") == 0,
	   "the reader is asked for compared columns in the table's spelling, then the deletes column");
	close_fixture(&fixture);
	schema.n_children = 5;
	ok(!open_fixture(&fixture, "", "  deletes: {column: gone}\n", &schema), "a table without the deletes column");
	is_text(fixture.error.message, "c.yaml: the table has no column 'gone' (lake.deletes)", "says so");
	close_fixture(&fixture);
	fields[0].format = "l";
	ok(!open_fixture(&fixture, "", "", &schema), "a table whose key column cannot hold the key");
	is_text(fixture.error.message,
		"c.yaml: the table has no column that can hold key attribute 'pk' of type S; see lake.columns",
		"says so");
	close_fixture(&fixture);
}

static void test_fingerprint(void)
{
	static const char *const variants[] = {
		"    - {column: a, attribute: a, type: int}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: b, attribute: b, type: string}\n    - {column: a, attribute: a, type: int}\n",
		"    - {column: a, attribute: a, type: bigint}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: a, attribute: x.a, type: int}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: a, attribute: [x.a], type: int}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: a, attribute: a, type: int}\n",
		"    - {column: a, attribute: a, type: \"array<int>\"}\n",
		"    - {column: a, attribute: a, type: \"array<int>\", unordered: true}\n",
		"    - {column: a, attribute: a}\n",
	};
	enum { COUNT = sizeof(variants) / sizeof(variants[0]) };
	uint64_t seen[COUNT];
	bool distinct = true, stable = true;
	for (size_t index = 0; index < COUNT; index++) {
		struct fixture fixture, again;
		bool opened = open_fixture(&fixture, variants[index], "", NULL);
		opened = open_fixture(&again, variants[index], "", NULL) && opened;
		seen[index] = opened ? digest_plan_fingerprint(fixture.plan) : 0;
		stable = stable && opened && seen[index] == digest_plan_fingerprint(again.plan);
		for (size_t other = 0; other < index; other++)
			distinct = distinct && seen[other] != seen[index];
		if (index == COUNT - 1)
			ok(opened && !digest_plan_has_rows(fixture.plan),
			   "without a table, a column without a type leaves no row digest");
		close_fixture(&fixture);
		close_fixture(&again);
	}
	ok(distinct, "columns, paths, types, order and unordered each change the fingerprint");
	ok(stable, "the same contract gives the same fingerprint");
}

static void test_sql(void)
{
	struct fixture fixture;
	struct buffer sql;
	buffer_init(&sql, 1 << 20);
	ok(open_fixture(&fixture,
			"    - {column: \"o`d\", attribute: o, type: int}\n"
			"    - {column: l, attribute: l, type: \"array<array<int>>\", unordered: true}\n"
			"    - {column: m, attribute: m, type: \"map<string,bigint>\"}\n"
			"    - {column: s, attribute: s, type: \"struct<a:int,b:struct<c:string>>\"}\n",
			"", NULL) &&
		   digest_plan_sql(fixture.plan, &sql) == 0,
	   "a plan prints its SQL");
	buffer_append_byte(&sql, '\0');
	is_text(sql.data,
		"xxhash64(if(isnull(`pk`), 1L, 0L) | if(isnull(`o``d`), 2L, 0L) | if(isnull(`l`), 4L, 0L) | "
		"if(isnull(`m`), 8L, "
		"0L) | if(isnull(`s`), 16L, 0L), `pk`, `o``d`, if(isnull(`l`), NULL, xxhash64(size(`l`), "
		"array_sort(transform(`l`, x0 -> if(isnull(x0), 42L, xxhash64(size(x0), array_sort(transform(x0, x1 -> "
		"xxhash64(x1))))))))), if(isnull(`m`), NULL, xxhash64(size(`m`), "
		"array_sort(transform(map_entries(`m`), x0 -> "
		"xxhash64(xxhash64(x0.key), xxhash64(x0.value)))))), if(isnull(`s`), NULL, "
		"xxhash64(if(isnull(`s`.`a`), 1L, 0L) "
		"| if(isnull(`s`.`b`), 2L, 0L), xxhash64(`s`.`a`), if(isnull(`s`.`b`), 42L, "
		"xxhash64(if(isnull(`s`.`b`.`c`), "
		"1L, 0L), xxhash64(`s`.`b`.`c`))))))",
		"by the rules of docs/digest.md");
	buffer_release(&sql);
	close_fixture(&fixture);
}

static void test_many_columns(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	struct buffer yaml, sql;
	buffer_init(&yaml, 1 << 16);
	buffer_init(&sql, 1 << 20);
	for (int index = 1; index < 70; index++)
		buffer_printf(&yaml, "    - {column: c%d, attribute: c%d, type: int}\n", index, index);
	buffer_append_byte(&yaml, '\0');
	bool done = open_fixture(&fixture, yaml.data, "", NULL) &&
		    image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c1\":{\"N\":\"5\"},\"c69\":{\"N\":\"6\"}}", &digest,
			  &fault);
	uint64_t row = by_hand_long(42, ~UINT64_C(3));
	int32_t five = 5, six = 6;
	row = by_hand(by_hand_long(row, 31), "k", 1);
	row = by_hand(by_hand(row, &five, 4), &six, 4);
	ok(done && digest.row == row, "beyond 64 columns a second BIGINT of null bits is hashed");
	ok(digest_plan_sql(fixture.plan, &sql) == 0 && memmem(sql.data, sql.size, "shiftleft(1L, 63)", 17) != NULL &&
		   memmem(sql.data, sql.size, ", 0L), if(isnull(`c64`), 1L, 0L) |", 34) != NULL,
	   "and the SQL says the same");
	buffer_release(&yaml);
	buffer_release(&sql);
	close_fixture(&fixture);
}

int main(void)
{
	test_plan_report();
	test_fingerprint();
	test_sql();
	test_many_columns();
	return tap_done();
}
