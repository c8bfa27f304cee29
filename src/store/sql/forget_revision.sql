DELETE FROM {schema}.revision WHERE id = $1
