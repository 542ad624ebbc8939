//! A list as one parameter of a statement: `IN (SELECT value FROM json_each($1))` on SQLite, `= ANY($1)` on PostgreSQL.
//!
//! PostgreSQL plans `= ANY` by the length of the list. What it cannot count (rows out of JSON, say) it takes for a
//! hundred, and then rather reads the whole table.
use serde::Serialize;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{Encode, Postgres, Sqlite, Type};

/// Borrowed values, to be bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a, T>(pub(super) &'a [T]);

impl<T> Type<Sqlite> for List<'_, T> {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl<'q, T: Serialize> Encode<'q, Sqlite> for List<'_, T> {
    fn encode_by_ref(&self, buf: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<'q, Sqlite>>::encode(serde_json::to_string(self.0)?, buf)
    }
}

impl<'a, T> Type<Postgres> for List<'a, T>
where
    &'a [T]: Type<Postgres>,
{
    fn type_info() -> PgTypeInfo {
        <&'a [T] as Type<Postgres>>::type_info()
    }
}

impl<'q, 'a, T> Encode<'q, Postgres> for List<'a, T>
where
    &'a [T]: Encode<'q, Postgres>,
{
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.encode_by_ref(buf)
    }
}
