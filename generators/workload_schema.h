/* workload_schema - kinds of values that only a workload file has. Inside generators/workload_*.c only. */
#ifndef LAKEPROOF_GENERATORS_WORKLOAD_SCHEMA_H
#define LAKEPROOF_GENERATORS_WORKLOAD_SCHEMA_H

#include "generators/table.h"
#include "generators/workload_file.h"

extern const struct schema_type workload_share;    /* uint32_t, parts per million */
extern const struct schema_type workload_rate;     /* struct fault_rate; bool at `also` is set */
extern const struct schema_type workload_range;    /* struct table_range; bool at `also`, unless 0, is set */
extern const struct schema_type workload_exponent; /* int, hundredths; -1: none */
extern const struct schema_type workload_percent;  /* int; -1: none */

/* `check` of an attribute (or a member of a map) and of an entity: target is its struct. */
int workload_check_attribute(struct schema_loader *loader, yaml_node_t *node, void *target);
int workload_check_entity(struct schema_loader *loader, yaml_node_t *node, void *target);

#endif
