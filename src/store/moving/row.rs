//! A row on its way: its values, what it must become, and the checksum that proves that it arrived.
use sha2::{Digest as _, Sha256};

use super::NOTICES;
use crate::auth::secret::hex;
use crate::core::Time;
use crate::store::micros;
use crate::store::schema::Table;

/// A value on its way, as both engines know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

/// What a row must become on its way.
pub(super) struct Tidy<'a> {
    pub(super) table: &'a Table,
    /// PostgreSQL keeps no NUL in a text.
    pub(super) strip: bool,
    pub(super) now: Time,
    pub(super) stripped: u64,
}

impl Tidy<'_> {
    /// Changes the row where it must; gives the words for what people should know.
    pub(super) fn tidy(&mut self, row: &mut [Value]) -> Option<String> {
        let mut notice = None;
        if self.strip {
            for (at, column) in self.table.columns.iter().enumerate() {
                let Some(Value::Text(text)) = row.get_mut(at) else { continue };
                if !text.contains('\0') {
                    continue;
                }
                text.retain(|c| c != '\0');
                self.stripped += 1;
                if self.stripped <= NOTICES {
                    let key = self.key_of(row);
                    notice = Some(format!(
                        "{} {key}: `{}` held a NUL, which PostgreSQL cannot keep; it was left out",
                        self.table.name, column.name
                    ));
                }
            }
        }
        if self.table.name == "outbox" {
            self.free_lease(row);
        }
        notice
    }

    /// The key of a row in words.
    pub(super) fn key_of(&self, row: &[Value]) -> String {
        let of_key = self.table.columns.iter().zip(row).filter(|(c, _)| self.table.key.contains(&c.name));
        let words = of_key.map(|(_, value)| match value {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Null | Value::Blob(_) => String::new(),
        });
        words.collect::<Vec<_>>().join("/")
    }

    /// Whoever held a lease is gone: the alert is due at once.
    pub(super) fn free_lease(&self, row: &mut [Value]) {
        let at = |name: &str| self.table.columns.iter().position(|column| column.name == name);
        let (Some(leased), Some(next)) = (at("leased_until"), at("next_at")) else { return };
        if matches!(row.get(leased), Some(Value::Integer(until)) if *until != 0) {
            if let Some(Value::Integer(next)) = row.get_mut(next) {
                *next = (*next).min(micros(self.now));
            }
            if let Some(until) = row.get_mut(leased) {
                *until = Value::Integer(0);
            }
        }
    }
}

/// A checksum over rows that is the same on every engine.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) rows: i64,
    hash: Sha256,
}

impl Sum {
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            let (tag, bytes): (u8, &[u8]) = match value {
                Value::Null => (0, &[]),
                Value::Integer(number) => (1, &number.to_be_bytes()),
                Value::Text(text) => (2, text.as_bytes()),
                Value::Blob(bytes) => (3, bytes),
            };
            self.hash.update([tag]);
            self.hash.update(bytes.len().to_be_bytes());
            self.hash.update(bytes);
        }
    }

    pub(super) fn finish(self) -> (i64, String) {
        (self.rows, hex(&self.hash.finalize()))
    }
}
