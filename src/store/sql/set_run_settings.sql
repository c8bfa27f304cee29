UPDATE {schema}.run SET settings = $2 WHERE id = $1
