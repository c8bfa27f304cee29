SELECT true FROM {schema}.revision WHERE id = $1
