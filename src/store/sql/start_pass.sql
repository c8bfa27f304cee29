UPDATE {schema}.run SET pass = $2 WHERE id = $1
