//! How a table is stored: what the walk over it and the batches' number and size are chosen from.

use tokio_postgres::{Client, Error};

use super::catalog::Table;
use super::{quote, search_path};
use crate::model::{Assignment, Key};

/// Pages that are looked at to see how full they are.
const SAMPLE_PAGES: f64 = 64.0;

/// A value that is longer is stored elsewhere, and its row holds a pointer of [`POINTER`] bytes: PostgreSQL's
/// `TOAST_TUPLE_THRESHOLD`.
const STORED_ELSEWHERE: u32 = 2032;
const POINTER: u32 = 18;

/// Bytes of a line pointer.
const LINE_POINTER: f64 = 4.0;

/// A page's header.
const PAGE_OVERHEAD: f64 = 24.0;

/// What the catalog, the server's settings and a sample say.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// An ordinary table in PostgreSQL's own format, with neither partitions nor children.
    pub is_heap: bool,
    /// Pages it has now, in all partitions.
    pub pages: u64,
    /// The file they are in; another after a rewrite.
    pub file_node: u32,
    /// Bytes a page.
    pub page_bytes: u64,
    /// The server's own cache, in bytes.
    pub shared_buffers: u64,
    /// Indexes on what the job sets: each of its updates writes every index.
    pub forbidding: Vec<String>,
    /// How far the first key column follows the rows' order in the file, from -1 to 1; `None`: not analyzed.
    pub correlation: Option<f32>,
    /// This role may VACUUM it.
    pub owned: bool,
    /// The server runs on this machine.
    pub same_machine: bool,
    /// Sessions of others that are running something.
    pub active_sessions: u64,
    /// What the pages of a sample hold; `None`: the sample met no row.
    pub sample: Option<PageSample>,
}

/// What a page holds on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageSample {
    /// Rows.
    pub rows: f64,
    /// Line pointers up to the last that is a row's.
    pub line_pointers: f64,
    /// Bytes that are free.
    pub free_bytes: f64,
    /// Bytes a row, its line pointer included.
    pub row_bytes: f64,
    /// Bytes that a row grows by with its new values; 0 where they can't be computed.
    pub growth: f64,
}

impl Storage {
    /// Reads it. Looks at some 64 pages of the table, whatever its size.
    pub async fn read(client: &Client, table: &Table, key: &Key, set: &[Assignment]) -> Result<Self, Error> {
        let targets: Vec<&str> = set.iter().map(|assignment| assignment.column.0.as_str()).collect();
        let first = key.columns.first().map(|column| column.name.0.as_str());
        let row =
            client.query_one(include_str!("catalog/storage.sql"), &[&table.oid, &targets, &first]).await?;
        let count = |name: &str| row.get::<_, i64>(name).unsigned_abs();
        let mut storage = Self {
            is_heap: row.get("is_heap"),
            pages: count("pages"),
            file_node: row.get("file_node"),
            page_bytes: count("block_size"),
            shared_buffers: count("shared_buffers"),
            forbidding: row.get("forbidding"),
            correlation: row.get("correlation"),
            owned: row.get("owned"),
            same_machine: row.get("same_machine"),
            active_sessions: count("active_sessions"),
            sample: None,
        };
        if storage.pages > 0 {
            storage.sample = sample(client, table, &storage).await?;
        }
        if let Some(sample) = &mut storage.sample {
            sample.growth = growth(client, table, set).await?;
        }
        Ok(storage)
    }

    /// As a percentage of the table's pages, so many as are looked at.
    fn sampled_percent(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
        let percent = (SAMPLE_PAGES / self.pages as f64 * 100.0).min(100.0) as f32;
        percent
    }
}

async fn sample(client: &Client, table: &Table, storage: &Storage) -> Result<Option<PageSample>, Error> {
    let statement = format!(
        "SELECT coalesce(sum(rows), 0)::int8, count(*), coalesce(sum(bytes), 0)::int8, coalesce(avg(pointers), 0)::float8 \
         FROM (SELECT count(*) AS rows, sum({})::int8 AS bytes, \
               max(split_part(rtrim(ctid::text, ')'), ',', 2)::int4) AS pointers \
               FROM {} TABLESAMPLE SYSTEM ($1::float4) GROUP BY tableoid, split_part(ctid::text, ',', 1)) AS page",
        row_size(table, &[]),
        quote::table(&table.name),
    );
    let row = client.query_one(&statement, &[&storage.sampled_percent()]).await?;
    let (rows, pages, bytes): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if rows == 0 || pages == 0 {
        return Ok(None);
    }
    let row_bytes = bytes as f64 / rows as f64 + LINE_POINTER;
    let rows = rows as f64 / pages as f64;
    let free_bytes = (storage.page_bytes as f64 - PAGE_OVERHEAD - rows * row_bytes).max(0.0);
    Ok(Some(PageSample { rows, line_pointers: row.get(3), free_bytes, row_bytes, growth: 0.0 }))
}

/// How much the author's expressions make a row grow, seen on its first rows. What can't be computed, or takes long, is
/// told by its batch.
async fn growth(client: &Client, table: &Table, set: &[Assignment]) -> Result<f64, Error> {
    let statement = format!(
        "SELECT coalesce(pg_catalog.avg(growth), 0)::float8 FROM (SELECT {} - {} AS growth FROM {} LIMIT 1000) AS sample",
        row_size(table, set),
        row_size(table, &[]),
        quote::table(&table.name),
    );
    let begin = "BEGIN READ ONLY; SET LOCAL statement_timeout = '500ms'";
    client.batch_execute(&format!("{begin}; {}", search_path::AS_AUTHOR)).await?;
    let row = client.query_one(&statement, &[]).await;
    client.batch_execute("ROLLBACK").await?;
    match row {
        Ok(row) => Ok(row.get(0)),
        Err(error) if error.code().is_some() => Ok(0.0),
        Err(error) => Err(error),
    }
}

/// SQL for the bytes of a row, aligned as in its page, with these values set. A composite value has the header and the
/// alignment of a row; only values that are stored elsewhere must be kept out of it.
fn row_size(table: &Table, set: &[Assignment]) -> String {
    let value = |column: &super::catalog::Column| match set.iter().find(|a| a.column == column.name) {
        Some(assignment) => format!("({}\n)::{}", assignment.expression, column.type_name),
        None => quote::ident(&column.name),
    };
    let values: Vec<String> = table.columns.iter().map(value).collect();
    let is_long =
        |value: &String| format!("coalesce(pg_catalog.pg_column_size({value}) > {STORED_ELSEWHERE}, false)");
    let fields: Vec<String> = values
        .iter()
        .map(|value| format!("CASE WHEN {} THEN NULL ELSE {value} END", is_long(value)))
        .collect();
    let pointers: Vec<String> =
        values.iter().map(|value| format!("{POINTER} * ({})::int4", is_long(value))).collect();
    format!("(pg_catalog.pg_column_size(ROW({})) + {} + 7) / 8 * 8", fields.join(", "), pointers.join(" + "))
}

/// Whoever keeps dead row versions from being taken away for longest, in words, and for how many transactions;
/// `None`: nobody outside this program.
pub async fn horizon_holder(client: &Client) -> Result<Option<(String, i32)>, Error> {
    let row = client.query_opt(include_str!("catalog/horizon.sql"), &[]).await?;
    Ok(row.and_then(|row| Some((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i32>>(1)?))))
}
