SELECT before FROM {schema}.run WHERE id = $1
