SELECT FROM {schema}.quarantine WHERE id = $1 AND state = 'held' FOR NO KEY UPDATE
