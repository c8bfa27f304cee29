SELECT alert, state, count(*) AS messages FROM {schema}.alert GROUP BY alert, state ORDER BY alert, state
