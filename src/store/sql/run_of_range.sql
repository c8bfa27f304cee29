(SELECT r.run_id FROM {schema}.range AS r WHERE r.id OPERATOR(pg_catalog.=) {range})
