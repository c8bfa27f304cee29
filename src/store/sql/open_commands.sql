-- What is asked for and not done, with the jobs whose latest run an operator has cancelled since it was asked for.
SELECT c.id,
       c.subject,
       c.tag,
       (SELECT coalesce(array_agg(r.job ORDER BY r.id), '{}')
        FROM {schema}.run AS r
        WHERE r.state = 'cancelled'
          AND r.wanted = 'cancel'
          AND r.finished_at > c.requested_at
          AND NOT EXISTS (SELECT FROM {schema}.run AS later WHERE later.job = r.job AND later.id > r.id)) AS cancelled
FROM {schema}.command AS c
WHERE c.kind = $1
  AND c.finished_at IS NULL
ORDER BY c.id
