NOT EXISTS (
    SELECT FROM {schema}.quarantine AS quarantined
    WHERE quarantined.run_id = {run} AND quarantined.state <> 'settled' AND quarantined.key_value = {key}
)
