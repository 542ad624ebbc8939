//! The tables of a database, as the database itself lists them.
use std::collections::BTreeSet;

use sqlx::{PgConnection, SqliteConnection};

use super::StoreError;

/// What a column holds. SQLite keeps yes and no as integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Boolean,
    Text,
    Blob,
}

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Filled from a sequence where no value is given; PostgreSQL alone.
    pub(super) identity: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
    /// Tables that its rows refer to.
    refers_to: BTreeSet<String>,
}

impl Table {
    /// Its columns as `table.column`.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| format!("{}.{}", self.name, column.name)).collect()
    }
}

/// Table, column, type, place in the primary key (0: not in it), identity.
type Listed = (String, String, String, i64, bool);

/// The tables of a SQLite file, each after those that it refers to.
pub(super) async fn of_sqlite(db: &mut SqliteConnection) -> Result<Vec<Table>, StoreError> {
    const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, c.type, c.pk, 0 FROM sqlite_schema t
        JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name <> '_sqlx_migrations'
        ORDER BY t.name, c.cid";
    const SQLITE_REFERENCES: &str = "SELECT t.name, r.\"table\" FROM sqlite_schema t
        JOIN pragma_foreign_key_list(t.name) r WHERE t.type = 'table'";
    let columns = sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut *db).await?;
    let references = sqlx::query_as(SQLITE_REFERENCES).fetch_all(db).await?;
    put_together(columns, &references)
}

/// The tables of a PostgreSQL database, each after those that it refers to.
pub(super) async fn of_postgres(db: &mut PgConnection) -> Result<Vec<Table>, StoreError> {
    const POSTGRES_COLUMNS: &str =
        "SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT), format_type(c.atttypid, NULL),
            CAST(COALESCE(array_position(CAST(k.indkey AS SMALLINT[]), c.attnum) + 1, 0) AS BIGINT),
            c.attidentity <> ''
        FROM pg_class t
        JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
        JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
        LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary
        WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname <> '_sqlx_migrations'
        ORDER BY t.relname COLLATE \"C\", c.attnum";
    const POSTGRES_REFERENCES: &str = "SELECT CAST(t.relname AS TEXT), CAST(r.relname AS TEXT)
        FROM pg_constraint f
        JOIN pg_class t ON t.oid = f.conrelid
        JOIN pg_class r ON r.oid = f.confrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
        WHERE f.contype = 'f'";
    let columns = sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut *db).await?;
    let references = sqlx::query_as(POSTGRES_REFERENCES).fetch_all(db).await?;
    put_together(columns, &references)
}

fn put_together(columns: Vec<Listed>, references: &[(String, String)]) -> Result<Vec<Table>, StoreError> {
    let mut tables: Vec<Table> = Vec::new();
    let mut keys: Vec<Vec<(i64, String)>> = Vec::new();
    for (table, name, kind, key, identity) in columns {
        if tables.last().is_none_or(|last| last.name != table) {
            let refers_to = references
                .iter()
                .filter(|(from, to)| *from == table && *to != table)
                .map(|(_, to)| to.clone())
                .collect();
            tables.push(Table { name: table.clone(), columns: Vec::new(), key: Vec::new(), refers_to });
            keys.push(Vec::new());
        }
        let kind = match kind.to_lowercase().as_str() {
            "integer" | "bigint" => Kind::Integer,
            "boolean" => Kind::Boolean,
            "text" => Kind::Text,
            "blob" | "bytea" => Kind::Blob,
            other => return Err(StoreError::Schema(format!("{table}.{name} is a {other}"))),
        };
        if let (Some(last), Some(parts)) = (tables.last_mut(), keys.last_mut()) {
            if key > 0 {
                parts.push((key, name.clone()));
            }
            last.columns.push(Column { name, kind, identity });
        }
    }
    for (table, mut parts) in tables.iter_mut().zip(keys) {
        parts.sort();
        table.key = parts.into_iter().map(|(_, name)| name).collect();
        if table.key.is_empty() {
            return Err(StoreError::Schema(format!("{} has no primary key", table.name)));
        }
    }
    in_order(tables)
}

/// Each table after those that it refers to, otherwise by name.
fn in_order(mut waiting: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .position(|table| table.refers_to.iter().all(|to| ordered.iter().any(|done| done.name == *to)));
        let Some(at) = ready else {
            let names: Vec<&str> = waiting.iter().map(|table| table.name.as_str()).collect();
            return Err(StoreError::Schema(format!("{} refer to each other", names.join(", "))));
        };
        ordered.push(waiting.remove(at));
    }
    Ok(ordered)
}
