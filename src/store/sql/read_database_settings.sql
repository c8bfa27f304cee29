SELECT settings FROM {schema}.database_settings
