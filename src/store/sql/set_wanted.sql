UPDATE {schema}.run
SET wanted = $2, wanted_by = $3, wanted_at = clock_timestamp(), wanted_why = $4
WHERE id = $1
