INSERT INTO {schema}.range (run_id, pass, walk_order, file_node, lower_key, upper_key)
VALUES ($1, $2, $3, $4, $5, $6)
