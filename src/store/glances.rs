//! What a badge reads of checks: a few columns, so that a project of thousands is read at a glance.
use super::db::read;
use super::{Db, StoreError, time};
use crate::core::Time;
use crate::core::check::{Shown, State, Status};

/// A check's name, tags, and what decides about its shown state.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Glance {
    pub name: String,
    tags: String,
    status: String,
    due_at: Option<i64>,
    deadline: Option<i64>,
}

impl Glance {
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.split_whitespace()
    }

    #[must_use]
    pub fn has_tag(&self, wanted: &str) -> bool {
        self.tags().any(|tag| tag == wanted)
    }

    /// The status for a reader at `now`.
    #[must_use]
    pub fn shown(&self, now: Time) -> Shown {
        let state = State {
            status: Status::named(&self.status).unwrap_or(Status::New),
            due: self.due_at.map(time),
            deadline: self.deadline.map(time),
            ..State::new(now)
        };
        state.shown(now)
    }
}

/// The check with this badge key.
pub async fn by_badge_key(db: &Db, badge_key: &str) -> Result<Option<Glance>, StoreError> {
    const SQL: &str = "SELECT name, tags, status, due_at, deadline FROM checks WHERE badge_key = $1";
    // Nothing stored holds a NUL, and PostgreSQL refuses to look for one.
    if badge_key.contains('\0') {
        return Ok(None);
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(badge_key).fetch_optional(pool).await?))
}

/// All checks of a project.
pub async fn of_project(db: &Db, project_id: i64) -> Result<Vec<Glance>, StoreError> {
    const SQL: &str = "SELECT name, tags, status, due_at, deadline FROM checks WHERE project_id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?))
}
