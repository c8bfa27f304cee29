UPDATE {schema}.revision SET checksum = $2, content = $3 WHERE id = $1
