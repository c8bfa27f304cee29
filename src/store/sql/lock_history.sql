BEGIN;
SET LOCAL idle_in_transaction_session_timeout = '60s';
LOCK TABLE {schema}.history_lock IN EXCLUSIVE MODE NOWAIT
