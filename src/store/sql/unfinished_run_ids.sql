-- Every run that is not over.
SELECT id FROM {schema}.run WHERE state NOT IN ('done', 'cancelled', 'undone') ORDER BY id
