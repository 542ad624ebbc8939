//! Tags across a project. They are words on its checks and have no rows of their own.
use std::collections::BTreeMap;

use super::db::{Dialects, on, read, run, write_tx};
use super::{Db, StoreError, time};
use crate::core::Time;

/// The tags that a project's checks have, each with the time at which the oldest of those checks was made.
pub async fn in_use(db: &Db, project_id: i64) -> Result<BTreeMap<String, Time>, StoreError> {
    const SQL: &str = "SELECT tags, MIN(created_at) FROM checks WHERE project_id = $1 AND tags <> ''
        GROUP BY tags";
    let rows: Vec<(String, i64)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    let mut tags: BTreeMap<String, Time> = BTreeMap::new();
    for (words, made) in rows {
        for word in words.split_whitespace() {
            let since = tags.entry(word.to_owned()).or_insert(time(made));
            *since = time(made).min(*since);
        }
    }
    Ok(tags)
}

/// Puts another tag in the place of one on all checks of a project, or takes it away.
pub async fn replace(db: &Db, project_id: i64, old: &str, new: Option<&str>) -> Result<(), StoreError> {
    // Those in whose tags the word stands, perhaps as a part of another one.
    const SQL: Dialects = Dialects {
        sqlite: "SELECT id, tags FROM checks WHERE project_id = $1 AND INSTR(tags, $2) > 0 ORDER BY id",
        postgres: "SELECT id, tags FROM checks WHERE project_id = $1 AND POSITION($2 IN tags) > 0
            ORDER BY id FOR NO KEY UPDATE",
    };
    const SET: &str = "UPDATE checks SET tags = $2 WHERE id = $1";
    write_tx!(db, |tx| {
        let sql = SQL.on(tx);
        let rows: Vec<(i64, String)> =
            on!(tx, |conn| sqlx::query_as(sql).bind(project_id).bind(old).fetch_all(conn).await?);
        for (id, tags) in rows {
            if tags.split_whitespace().any(|tag| tag == old) {
                let left = tags.split_whitespace().filter_map(|tag| if tag == old { new } else { Some(tag) });
                let left: Vec<&str> = left.collect();
                run!(tx, sqlx::query(SET).bind(id).bind(left.join(" ")));
            }
        }
    });
    Ok(())
}
