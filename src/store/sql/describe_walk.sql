UPDATE {schema}.run SET walk = $2 WHERE id = $1
