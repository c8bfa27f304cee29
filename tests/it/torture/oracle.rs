//! What must be true, whatever the writers did and whenever the program died.
//!
//! Not everything that looks wrong is: a row whose key was changed may have left what was still to be walked over, or
//! come into it again, and so was counted less or more than once; one that was inserted may lie behind the end of the
//! walk. A deleted row is told by the audit alone.

use super::case::Case;
use crate::support::{Database, JobKind};

/// At any moment, since a batch's rows and its books are one transaction: in one statement, and so on one snapshot.
const ALWAYS: &str = "
    WITH changed AS (SELECT uid, count(*) AS times, bool_or(is_wrong) AS is_wrong FROM audit GROUP BY uid),
         moved AS (SELECT uid, count(*) AS times FROM moves GROUP BY uid),
         books AS (SELECT coalesce(sum(rows_changed), 0) AS rows, coalesce(sum(batches), 0) AS batches
                   FROM longhaul.range),
         log AS (SELECT coalesce(sum(rows_changed), 0) AS rows, count(*) AS batches FROM longhaul.batch)
    (SELECT format('%s rows were changed, %s by the books and %s by the log; %s batches by the books, %s by the log',
                   (SELECT count(*) FROM audit), books.rows, log.rows, books.batches, log.batches)
     FROM books, log
     WHERE (books.rows, books.batches) <> (log.rows, log.batches) OR books.rows <> (SELECT count(*) FROM audit))
    UNION ALL
    (SELECT format('row %s was changed %s times, its key %s times', uid, changed.times, coalesce(moved.times, 0))
     FROM changed LEFT JOIN moved USING (uid)
     WHERE {counting} AND changed.times > 1 + coalesce(moved.times, 0) LIMIT 5)
    UNION ALL
    (SELECT format('row %s was changed in a way, or at a time, that the job never does', uid)
     FROM changed WHERE is_wrong LIMIT 5)";

/// Once the run is through and nobody writes.
const AT_LAST: &str = "
    WITH changed AS (SELECT uid, count(*) AS times FROM audit GROUP BY uid),
         latest AS (SELECT * FROM longhaul.run ORDER BY id DESC LIMIT 1)
    (SELECT format('the run is %s: %s', state, reason) FROM latest WHERE state <> 'done')
    UNION ALL
    (SELECT format('there are %s runs', count(*)) FROM longhaul.run HAVING count(*) <> 1)
    UNION ALL
    (SELECT format('range %s of pass %s is open', id, pass) FROM longhaul.range WHERE NOT finished LIMIT 5)
    UNION ALL
    (SELECT format('row %s is left: old %s, new %s', uid, old, new)
     FROM entries WHERE NOT {counting} AND new IS DISTINCT FROM old * 2 LIMIT 5)
    UNION ALL
    (SELECT format('row %s was there all the time and was changed %s times', uid, coalesce(times, 0))
     FROM entries LEFT JOIN changed USING (uid)
     WHERE {counting} AND uid <= {rows} AND NOT EXISTS (SELECT FROM moves WHERE moves.uid = entries.uid)
       AND coalesce(times, 0) <> 1 LIMIT 5)
    UNION ALL
    (SELECT format('row %s has %s visits, and was changed %s times', uid, visits - 100 * direct, coalesce(times, 0))
     FROM entries LEFT JOIN changed USING (uid)
     WHERE {counting} AND visits - 100 * direct <> coalesce(times, 0) LIMIT 5)";

/// What is wrong in the middle of a run.
pub(super) async fn look(case: &Case, database: &Database) -> Vec<String> {
    ask(ALWAYS, case, database).await
}

/// What is wrong at the end, with nobody at work any more.
pub(super) async fn judge(case: &Case, database: &Database) -> Vec<String> {
    let mut findings = ask(ALWAYS, case, database).await;
    findings.extend(ask(AT_LAST, case, database).await);
    findings
}

async fn ask(question: &str, case: &Case, database: &Database) -> Vec<String> {
    let counting = (case.kind == JobKind::Counting).to_string();
    let question = question.replace("{counting}", &counting).replace("{rows}", &case.rows.to_string());
    let rows = database.client.query(&question, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
