/* digest_sql - prints the row digest of a contract as the SQL expression of docs/digest.md, for real Spark to run. */
#include <stdio.h>

#include "bridge/read.h"
#include "reconcile/digest/digest.h"

int main(int argc, char **argv)
{
	struct contract *contract = NULL;
	struct bridge_table *table = NULL;
	struct digest_plan *plan = NULL;
	struct ArrowSchema schema = {0};
	struct error error = {0};
	struct buffer sql;
	buffer_init(&sql, (size_t)4 * 1024 * 1024);
	int code = argc == 2 ? 0 : error_set(&error, ERROR_USAGE, "usage: digest_sql CONTRACT");
	if (code == 0)
		code = contract_load(argv[1], &contract, &error);
	if (code == 0)
		code = bridge_table_open(contract->delta, contract->version, &table, &error);
	if (code == 0)
		code = bridge_table_schema(table, &schema, &error);
	if (code == 0)
		code = digest_plan_new(contract, &schema, &plan, &error);
	if (code == 0 && digest_plan_sql(plan, &sql) != 0)
		code = error_set(&error, ERROR_INTERNAL, "the expression cannot be made");
	if (code == 0)
		printf("%.*s\n", (int)sql.size, sql.data);
	else
		fprintf(stderr, "%s\n", error.message);
	buffer_release(&sql);
	digest_plan_free(plan);
	if (schema.release != NULL)
		schema.release(&schema);
	bridge_table_close(table);
	contract_free(contract);
	return code;
}
