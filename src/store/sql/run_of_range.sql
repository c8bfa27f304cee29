(SELECT r.run_id FROM {schema}.range AS r WHERE r.id = {range})
