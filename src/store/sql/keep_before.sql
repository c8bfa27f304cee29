UPDATE {schema}.run SET before = $2 WHERE id = $1 AND before IS NULL
