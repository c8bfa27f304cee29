//! How a table is stored: what the walk over it and the batches' number and size are chosen from.

use tokio_postgres::{Client, Error};

use super::catalog::Table;
use super::quote;
use crate::model::{Assignment, Key};

/// Pages that are looked at to see how full they are.
const SAMPLE_PAGES: f64 = 64.0;

/// A value that is longer is stored elsewhere, and its row holds a pointer of [`POINTER`] bytes: PostgreSQL's
/// `TOAST_TUPLE_THRESHOLD`.
const STORED_ELSEWHERE: u32 = 2032;
const POINTER: u32 = 18;

/// A row's header, aligned, and its line pointer.
const ROW_OVERHEAD: f64 = 24.0 + 4.0;

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
    /// The share of a page, in percent, that inserts fill.
    pub fillfactor: u32,
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
    /// Bytes that are free, roughly: what alignment takes isn't known.
    pub free_bytes: f64,
    /// Bytes a row, its line pointer included.
    pub row_bytes: f64,
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
            fillfactor: row.get::<_, i32>("fillfactor").unsigned_abs(),
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
        Ok(storage)
    }
}

async fn sample(client: &Client, table: &Table, storage: &Storage) -> Result<Option<PageSample>, Error> {
    let size = |column: &super::catalog::Column| {
        let name = quote::ident(&column.name);
        format!(
            "CASE WHEN pg_column_size({name}) > {STORED_ELSEWHERE} THEN {POINTER} \
             ELSE coalesce(pg_column_size({name}), 0) END"
        )
    };
    let sizes: Vec<String> = table.columns.iter().map(size).collect();
    let statement = format!(
        "SELECT count(*), count(DISTINCT (tableoid, split_part(ctid::text, ',', 1))), coalesce(sum({}), 0)::int8 \
         FROM {} TABLESAMPLE SYSTEM ($1::float4)",
        if sizes.is_empty() { "0".to_owned() } else { sizes.join(" + ") },
        quote::table(&table.name),
    );
    #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
    let percent = (SAMPLE_PAGES / storage.pages as f64 * 100.0).min(100.0) as f32;
    let row = client.query_one(&statement, &[&percent]).await?;
    let (rows, pages, bytes): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if rows == 0 || pages == 0 {
        return Ok(None);
    }
    let row_bytes = bytes as f64 / rows as f64 + ROW_OVERHEAD;
    let rows = rows as f64 / pages as f64;
    let free_bytes = (storage.page_bytes as f64 - PAGE_OVERHEAD - rows * row_bytes).max(0.0);
    Ok(Some(PageSample { rows, free_bytes, row_bytes }))
}

/// Whoever keeps dead row versions from being taken away for longest, in words, and for how many transactions;
/// `None`: nobody outside this program.
pub async fn horizon_holder(client: &Client) -> Result<Option<(String, i32)>, Error> {
    let row = client.query_opt(include_str!("catalog/horizon.sql"), &[]).await?;
    Ok(row.and_then(|row| Some((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i32>>(1)?))))
}
