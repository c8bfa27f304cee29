NOT EXISTS (
    SELECT FROM {schema}.quarantine AS quarantined
    WHERE quarantined.run_id OPERATOR(pg_catalog.=) {run} AND quarantined.state OPERATOR(pg_catalog.<>) 'settled'
      AND quarantined.key_value OPERATOR(pg_catalog.=) {key}
)
