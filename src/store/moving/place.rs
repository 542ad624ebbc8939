//! Where the two databases of a copy are, in words that show no password.
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use super::MoveError;
use crate::store::db::{is_postgres, postgres_name, postgres_options, sqlite_file};
use crate::store::{Role, StoreError};

/// One of the two databases: where it is, and by which flag it was named.
#[derive(Debug, Clone)]
pub struct Place {
    pub(super) flag: &'static str,
    pub(super) kind: PlaceKind,
}

#[derive(Debug, Clone)]
pub(super) enum PlaceKind {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

impl std::fmt::Display for Place {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            PlaceKind::File(file) => write!(f, "{} {}", self.flag, file.display()),
            PlaceKind::Server(options) => write!(f, "{} {}", self.flag, postgres_name(options)),
        }
    }
}

impl Place {
    /// `flag`: which of the two, for the words of a refusal. They do not repeat the URL: it may hold a password.
    pub fn read(flag: &'static str, url: &str) -> Result<Self, MoveError> {
        if !is_postgres(url) {
            let file = sqlite_file(url).ok_or(MoveError::Url(flag))?;
            return Ok(Self { flag, kind: PlaceKind::File(file.to_owned()) });
        }
        let options = postgres_options(url, Role::Command).map_err(|error| match error {
            StoreError::Parameter(_) => MoveError::Side(flag.to_owned(), error),
            _ => MoveError::Url(flag),
        })?;
        if options.get_database().is_none() {
            return Err(MoveError::NoDatabase(flag));
        }
        // It idles while the other side works, and waits for nobody's locks for long.
        let options = options.options([
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("lock_timeout", "6s"),
        ]);
        Ok(Self { flag, kind: PlaceKind::Server(Box::new(options)) })
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.kind {
            PlaceKind::File(file) => Some(file),
            PlaceKind::Server(_) => None,
        }
    }

    /// An error of this side, in words that name it.
    pub(super) fn wrong(&self, error: StoreError) -> MoveError {
        MoveError::Side(self.to_string(), error)
    }

    /// Whether both are the same, as far as their names tell.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let name = |options: &PgConnectOptions| {
            (
                options.get_host().to_owned(),
                options.get_socket().cloned(),
                options.get_port(),
                options.get_database().map(str::to_owned),
            )
        };
        match (&self.kind, &other.kind) {
            (PlaceKind::File(one), PlaceKind::File(two)) => {
                let real = |file: &Path| std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
                real(one) == real(two)
            }
            (PlaceKind::Server(one), PlaceKind::Server(two)) => name(one) == name(two),
            _ => false,
        }
    }
}

pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let server = postgres_name(options);
    options.connect().await.map_err(|reason| StoreError::Connect { server, reason })
}
