-- Somebody has noticed something that an alert is to tell; who comes second changes nothing.
INSERT INTO {schema}.alert (alert, occurrence, status, kind, run_id, message, noticed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (alert, occurrence, status) DO NOTHING
