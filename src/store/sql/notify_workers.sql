SELECT pg_notify('longhaul', $1)
