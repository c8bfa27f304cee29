DELETE FROM {schema}.revision
