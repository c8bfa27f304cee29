DELETE FROM {schema}.worker WHERE id = ANY($1)
