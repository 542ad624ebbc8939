//! Lists of a project's checks: all of them, a page of them, and how many are in which state.
use std::collections::HashMap;

use super::check_row::{Check, check_columns, from_json};
use super::db::read;
use super::{Db, StoreError, micros};
use crate::core::Time;

/// All checks of a project, oldest first, as the API and the command line list them.
pub async fn list_all(db: &Db, project_id: i64) -> Result<Vec<Check>, StoreError> {
    // As one text: a thousand checks cross from SQLite's thread at once, and not value by value. And by two readers, who
    // take turns in the list.
    const SQLITE: &str = concat!(
        "SELECT json_group_array(json_array(",
        check_columns!(""),
        ")) FROM checks WHERE project_id = $1 AND id % 2 = $2"
    );
    const POSTGRES: &str =
        concat!("SELECT ", check_columns!(""), " FROM checks WHERE project_id = $1 ORDER BY id");
    match db {
        Db::Sqlite { reader, .. } => {
            let half = async |odd: i64| -> Result<Vec<Check>, StoreError> {
                let (rows,): (String,) =
                    sqlx::query_as(SQLITE).bind(project_id).bind(odd).fetch_one(reader).await?;
                from_json(&rows)
            };
            let (mut checks, odd) = tokio::try_join!(half(0), half(1))?;
            checks.extend(odd);
            checks.sort_unstable_by_key(|check| check.id);
            Ok(checks)
        }
        Db::Postgres(_) => {
            Ok(read!(db, |pool| sqlx::query_as(POSTGRES).bind(project_id).fetch_all(pool).await?))
        }
    }
}

/// The checks of a project that have this slug, oldest first.
pub async fn with_slug(db: &Db, project_id: i64, slug: &str) -> Result<Vec<Check>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        check_columns!(""),
        " FROM checks WHERE project_id = $1 AND slug = $2 ORDER BY id"
    );
    // Nothing stored holds a NUL, and PostgreSQL refuses to look for one.
    if slug.contains('\0') {
        return Ok(Vec::new());
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(slug).fetch_all(pool).await?))
}

/// Whether a check of this project has this name.
pub async fn has_name(db: &Db, project_id: i64, name: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT id FROM checks WHERE project_id = $1 AND name = $2 LIMIT 1";
    if name.contains('\0') {
        return Ok(false);
    }
    let row: Option<(i64,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(name).fetch_optional(pool).await?);
    Ok(row.is_some())
}

/// The UUIDs of a project's checks, as text.
pub async fn codes(db: &Db, project_id: i64) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT uuid FROM checks WHERE project_id = $1 ORDER BY id";
    let rows: Vec<(String,)> = read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(uuid,)| uuid).collect())
}

/// For each check that notifies any, the UUIDs of its channels, sorted, with commas between them.
pub type ChannelUuids = HashMap<i64, String>;

/// The channels of all checks of a project.
pub async fn channel_uuids(db: &Db, project_id: i64) -> Result<ChannelUuids, StoreError> {
    // A row per channel: there are few of them, and the engine has nothing to sort.
    const SQL: &str = "SELECT c.uuid, STRING_AGG(CAST(cc.check_id AS TEXT), ',')
        FROM channels c JOIN check_channels cc ON cc.channel_id = c.id
        WHERE c.project_id = $1 GROUP BY c.id, c.uuid ORDER BY c.uuid";
    let rows: Vec<(String, String)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    let mut channels = ChannelUuids::new();
    for (uuid, checks) in rows {
        for check in checks.split(',').filter_map(|id| id.parse().ok()) {
            let uuids: &mut String = channels.entry(check).or_default();
            if !uuids.is_empty() {
                uuids.push(',');
            }
            uuids.push_str(&uuid);
        }
    }
    Ok(channels)
}

/// The zone of the check that was made last: the best guess for the next one.
pub async fn newest_zone(db: &Db, project_id: i64) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT tz FROM checks WHERE project_id = $1 ORDER BY id DESC LIMIT 1";
    let row: Option<(String,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_optional(pool).await?);
    Ok(row.map(|(tz,)| tz))
}

/// How many checks of a project are in each shown state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    pub down: i64,
    pub late: i64,
    pub up: i64,
    pub paused: i64,
    pub new: i64,
    /// Those with an open run; they are also counted above.
    pub running: i64,
    pub total: i64,
}

/// Counts what [`State::shown`] would say of each check at `now`.
pub async fn tally(db: &Db, project_id: i64, now: Time) -> Result<Tally, StoreError> {
    const SQL: &str = "SELECT
            COUNT(CASE WHEN shown = 'down' THEN 1 END) AS down,
            COUNT(CASE WHEN shown = 'late' THEN 1 END) AS late,
            COUNT(CASE WHEN shown = 'up' THEN 1 END) AS up,
            COUNT(CASE WHEN shown = 'paused' THEN 1 END) AS paused,
            COUNT(CASE WHEN shown = 'new' THEN 1 END) AS new,
            COUNT(CASE WHEN running THEN 1 END) AS running,
            COUNT(*) AS total
        FROM (SELECT run_at IS NOT NULL AS running,
                CASE WHEN deadline <= $2 THEN 'down' WHEN status = 'up' AND due_at <= $2 THEN 'late' ELSE status END AS shown
            FROM checks WHERE project_id = $1) AS s";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(micros(now)).fetch_one(pool).await?))
}

/// What a page of the list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `down`, `late`, `up`, `paused`, `new` or `running`; empty for all.
    pub status: String,
    /// Words that each must stand in name, slug or tags; case does not matter.
    pub search: String,
    /// One whole tag; empty for any.
    pub tag: String,
    /// The whole slug; empty for any.
    pub slug: String,
}

/// One page of a project's checks, what needs attention first, and how many there are in all.
pub async fn page(
    db: &Db,
    project_id: i64,
    filter: &Filter,
    now: Time,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Check>, i64), StoreError> {
    const SQL: &str = concat!("SELECT ", check_columns!("c."), ", COUNT(*) OVER () AS matching
        FROM checks c
        WHERE project_id = $1
            AND ($3 = '' OR ($3 = 'running' AND run_at IS NOT NULL) OR $3 = CASE WHEN deadline <= $2 THEN 'down'
                WHEN status = 'up' AND due_at <= $2 THEN 'late' ELSE status END)
            AND ($4 = '' OR LOWER(' ' || tags || ' ') LIKE '% ' || LOWER($4) || ' %' ESCAPE '\\')
            AND ($5 = '' OR LOWER(name || ' ' || slug || ' ' || tags) LIKE '%' || $5 || '%' ESCAPE '\\')
            AND ($6 = '' OR LOWER(name || ' ' || slug || ' ' || tags) LIKE '%' || $6 || '%' ESCAPE '\\')
            AND ($7 = '' OR slug = $7)
        ORDER BY CASE WHEN deadline <= $2 OR status = 'down' THEN 0 WHEN status = 'up' AND due_at <= $2 THEN 1
                WHEN status = 'paused' THEN 3 ELSE 2 END, LOWER(name), c.id
        LIMIT $8 OFFSET $9");
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        check: Check,
        matching: i64,
    }
    // PostgreSQL's texts hold no NUL.
    let escape =
        |text: &str| text.replace('\0', "").replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let search = filter.search.to_lowercase();
    let mut words = search.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let rows: Vec<Row> = read!(db, |pool| {
        sqlx::query_as(SQL)
            .bind(project_id)
            .bind(micros(now))
            .bind(filter.status.replace('\0', ""))
            .bind(escape(&filter.tag))
            .bind(escape(first))
            .bind(escape(second))
            .bind(filter.slug.replace('\0', ""))
            .bind(limit)
            .bind(offset)
            .fetch_all(pool)
            .await?
    });
    let matching = rows.first().map_or(0, |row| row.matching);
    Ok((rows.into_iter().map(|row| row.check).collect(), matching))
}
