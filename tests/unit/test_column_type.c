/* Types by Spark's names and from Arrow. */
#include "reconcile/contract/column_type.h"
#include "tests/tap.h"

static struct arena arena;

static void test_spellings(void)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"string", "string"},
		{"STRING", "string"},
		{" Long ", "bigint"},
		{"byte", "tinyint"},
		{"short", "smallint"},
		{"integer", "int"},
		{"real", "float"},
		{"DECIMAL", "decimal(10,0)"},
		{"decimal(5)", "decimal(5,0)"},
		{"Decimal( 38 , 10 )", "decimal(38,10)"},
		{"dec(4,4)", "decimal(4,4)"},
		{"numeric(4,1)", "decimal(4,1)"},
		{"timestamp_ltz", "timestamp"},
		{"timestamp_ntz", "timestamp_ntz"},
		{"array<string>", "array<string>"},
		{"array< array<BYTE> >", "array<array<tinyint>>"},
		{"map<string, decimal(3,2)>", "map<string,decimal(3,2)>"},
		{"struct<a:int, b:struct<c:date>>", "struct<a:int,b:struct<c:date>>"},
		{"struct<`a b`:int,`c``d`:boolean>", "struct<`a b`:int,`c``d`:boolean>"},
		{"struct<é:binary>", "struct<é:binary>"},
		{"struct<A:float,a:double>", "struct<A:float,a:double>"},
		{"struct<a:int,b:int,c:int,d:int,e:int>", "struct<a:int,b:int,c:int,d:int,e:int>"},
	};
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		const char *why = "unset";
		char text[200] = "";
		const struct column_type *type = column_type_parse(&arena, slice_from(cases[index].text), &why);
		ok(type != NULL && why == NULL &&
			   strcmp(column_type_text(type, text, sizeof(text)), cases[index].canonical) == 0,
		   "'%s' is %s", cases[index].text, cases[index].canonical);
		const struct column_type *again = column_type_parse(&arena, slice_from(text), &why);
		ok(type != NULL && again != NULL && column_type_equal(type, again),
		   "its own spelling reads back the same");
	}
}

static void test_refusals(void)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "unknown type"},
		{"text", "unknown type"},
		{"varchar(10)", "unknown type"},
		{"string x", "something follows the type"},
		{"decimal(39,0)", "a decimal's precision is 1 to 38"},
		{"decimal(0,0)", "a decimal's precision is 1 to 38"},
		{"decimal(5,6)", "a decimal's scale is 0 to its precision"},
		{"decimal(5,)", "a decimal's scale is 0 to its precision"},
		{"decimal(5", "decimal wants (precision,scale)"},
		{"decimal(99999,0)", "decimal wants (precision,scale)"},
		{"array", "array wants <element>"},
		{"array<string", "array wants <element>"},
		{"array<>", "unknown type"},
		{"map<string>", "map wants <key,value>"},
		{"struct<>", "struct wants <name:type,…>"},
		{"struct<a int>", "struct wants <name:type,…>"},
		{"struct<`a:int>", "struct wants <name:type,…>"},
		{"struct<``:int>", "struct wants <name:type,…>"},
		{"struct<a:int,a:int>", "struct has a field twice"},
	};
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		const char *why = NULL;
		const struct column_type *type = column_type_parse(&arena, slice_from(cases[index].text), &why);
		ok(type == NULL && why != NULL && strcmp(why, cases[index].why) == 0, "'%s' is refused: %s",
		   cases[index].text, cases[index].why);
		if (why != NULL && strcmp(why, cases[index].why) != 0)
			printf("# got: %s\n", why);
	}
	char deep[400] = "";
	for (int level = 0; level < 40; level++)
		memcpy(deep + level * 6, "array<", 7);
	const char *why = NULL;
	ok(column_type_parse(&arena, slice_from(deep), &why) == NULL && strcmp(why, "nested too deep") == 0,
	   "40 arrays within each other are refused");
}

static void test_equality(void)
{
	static const char *const texts[] = {
		"int",           "bigint",          "decimal(10,2)", "decimal(10,3)", "array<int>",
		"array<bigint>", "map<string,int>", "struct<a:int>", "struct<b:int>", "struct<a:int,b:int>"};
	enum { COUNT = sizeof(texts) / sizeof(texts[0]) };
	bool right = true;
	for (size_t a = 0; a < COUNT; a++) {
		for (size_t b = 0; b < COUNT; b++) {
			const char *why;
			const struct column_type *left = column_type_parse(&arena, slice_from(texts[a]), &why);
			const struct column_type *other = column_type_parse(&arena, slice_from(texts[b]), &why);
			right = right && left != NULL && other != NULL && column_type_equal(left, other) == (a == b);
		}
	}
	ok(right, "types are equal exactly when their texts are");
}

static void test_cut(void)
{
	const char *why;
	char text[8];
	const struct column_type *type = column_type_parse(&arena, slice_from("array<string>"), &why);
	is_text(column_type_text(type, text, sizeof(text)), "array<s", "a text that does not fit is cut");
}

static void test_arrow(void)
{
	static const struct {
		const char *format, *text;
	} cases[] = {
		{"u", "string"},
		{"U", "string"},
		{"vu", "string"},
		{"b", "boolean"},
		{"c", "tinyint"},
		{"s", "smallint"},
		{"i", "int"},
		{"l", "bigint"},
		{"f", "float"},
		{"g", "double"},
		{"z", "binary"},
		{"Z", "binary"},
		{"tdD", "date"},
		{"tsu:", "timestamp_ntz"},
		{"tsu:UTC", "timestamp"},
		{"tsu:+00:00", "timestamp"},
		{"d:38,10", "decimal(38,10)"},
		{"d:9,2,32", "decimal(9,2)"},
		{"d:18,2,64", "decimal(18,2)"},
		{"d:20,2,128", "decimal(20,2)"},
		{"d:50,2,256", NULL},
		{"d:39,0", NULL},
		{"d:5,-2", NULL},
		{"d:38,10,", NULL},
		{"d:38,10,128,", NULL},
		{"d:38", NULL},
		{"tsn:UTC", NULL},
		{"L", NULL},
		{"n", NULL},
		{"+l", NULL},
		{"+m", NULL},
	};
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		struct ArrowSchema schema = {.format = cases[index].format, .name = "c"};
		const struct column_type *type = column_type_from_arrow(&arena, &schema);
		char text[100];
		if (cases[index].text == NULL)
			ok(type == NULL, "Arrow %s is no type of Spark's", cases[index].format);
		else
			ok(type != NULL && strcmp(column_type_text(type, text, sizeof(text)), cases[index].text) == 0,
			   "Arrow %s is %s", cases[index].format, cases[index].text);
	}
}

static void test_nested_arrow(void)
{
	struct ArrowSchema key = {.format = "u", .name = "key"}, value = {.format = "l", .name = "value"};
	struct ArrowSchema *pair[] = {&key, &value};
	struct ArrowSchema entries = {.format = "+s", .name = "entries", .n_children = 2, .children = pair};
	struct ArrowSchema *one[] = {&entries};
	struct ArrowSchema map = {.format = "+m", .name = "m", .n_children = 1, .children = one};
	struct ArrowSchema *fields[] = {&map};
	struct ArrowSchema list = {.format = "+l", .name = "l", .n_children = 1, .children = fields};
	struct ArrowSchema *top[] = {&list, &key};
	struct ArrowSchema structure = {.format = "+s", .name = "s", .n_children = 2, .children = top};
	char text[200];
	const struct column_type *type = column_type_from_arrow(&arena, &structure);
	ok(type != NULL, "nested Arrow types are read");
	is_text(type == NULL ? NULL : column_type_text(type, text, sizeof(text)),
		"struct<l:array<map<string,bigint>>,key:string>", "and spelled as Spark does");
	key.dictionary = &value;
	ok(column_type_from_arrow(&arena, &structure) == NULL, "a dictionary within is refused");
}

int main(void)
{
	arena_init(&arena, 16 * 1024 * 1024);
	test_spellings();
	test_refusals();
	test_equality();
	test_cut();
	test_arrow();
	test_nested_arrow();
	arena_release(&arena);
	return tap_done();
}
