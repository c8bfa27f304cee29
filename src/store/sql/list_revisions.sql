SELECT id, checksum FROM {schema}.revision
