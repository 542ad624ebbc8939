//! Channels: where alerts go.
use std::collections::{BTreeMap, BTreeSet};

use super::db::{Dialects, on, read, run, write_tx};
use super::list::List;
use super::{Db, StoreError, WriteTx, consents, micros, time};
use crate::core::Time;
use crate::rng;

/// The columns of [`Channel`], each behind this prefix; one by one, as `check_columns!` says why.
macro_rules! channel_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "id, ",
            $prefix,
            "uuid, ",
            $prefix,
            "project_id, ",
            $prefix,
            "kind, ",
            $prefix,
            "name, ",
            $prefix,
            "settings, ",
            $prefix,
            "language, ",
            $prefix,
            "broken, ",
            $prefix,
            "fallback_id, ",
            $prefix,
            "canary_at, ",
            $prefix,
            "consent"
        )
    };
}
pub(super) use channel_columns;

/// The kind that stands for other channels; they are named in its setting `members`, by their ids, one a line.
pub const GROUP: &str = "group";

/// A channel's fields by name, as its kind defines them. Values may be secrets.
pub type Settings = BTreeMap<String, String>;

#[derive(Clone, sqlx::FromRow)]
pub struct Channel {
    pub id: i64,
    pub uuid: String,
    pub project_id: i64,
    pub kind: String,
    pub name: String,
    pub(super) settings: String,
    pub language: String,
    /// Why it can no longer work; empty while it can.
    pub broken: String,
    consent: String,
    /// The channel that gets what this one could not deliver.
    pub fallback_id: Option<i64>,
    canary_at: Option<i64>,
}

impl std::fmt::Debug for Channel {
    /// Without the settings: they hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("uuid", &self.uuid).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Channel {
    #[must_use]
    pub fn settings(&self) -> Settings {
        serde_json::from_str(&self.settings).unwrap_or_default()
    }

    /// Whether alerts reach somebody through it, as far as is known.
    #[must_use]
    pub fn works(&self) -> bool {
        self.broken.is_empty() && matches!(self.consent(), None | Some(consents::State::Given))
    }

    /// Whether the reader of its address wants its mails; `None` where nobody need be asked.
    #[must_use]
    pub fn consent(&self) -> Option<consents::State> {
        consents::State::named(&self.consent)
    }

    /// When a message is next sent only to see that it works.
    #[must_use]
    pub fn canary_at(&self) -> Option<Time> {
        self.canary_at.map(time)
    }
}

/// What a channel is made from.
#[derive(Clone, Copy)]
pub struct New<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    pub settings: &'a Settings,
    /// Of its messages: `en` or `zh-CN`.
    pub language: &'a str,
    /// The reader of its address must say yes first.
    pub asks: bool,
}

/// Makes a channel. `for_all`: every check of the project notifies it from now on.
pub async fn create(
    db: &Db,
    project_id: i64,
    new: &New<'_>,
    for_all: bool,
    now: Time,
) -> Result<Channel, StoreError> {
    const SQL: &str = concat!(
        "INSERT INTO channels (uuid, project_id, kind, name, settings, language, created_at, broken, consent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8) RETURNING ",
        channel_columns!("")
    );
    const ALL: &str =
        "INSERT INTO check_channels (check_id, channel_id) SELECT id, $2 FROM checks WHERE project_id = $1";
    let channel: Channel = write_tx!(db, |tx| {
        let channel: Channel = on!(tx, |conn| sqlx::query_as(SQL)
            .bind(rng::uuid().to_string())
            .bind(project_id)
            .bind(new.kind)
            .bind(new.name)
            .bind(serde_json::json!(new.settings).to_string())
            .bind(new.language)
            .bind(micros(now))
            .bind(if new.asks { consents::State::Asked.as_str() } else { "" })
            .fetch_one(conn)
            .await?);
        if new.asks {
            consents::ask_in(tx, channel.id, now).await?;
        }
        if for_all {
            run!(tx, sqlx::query(ALL).bind(project_id).bind(channel.id));
        }
        write_members(tx, channel.id, new.settings).await?;
        channel
    });
    Ok(channel)
}

/// What a change of a channel means for the consent of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Still the same.
    Same,
    /// A new one, who must say yes first.
    Asked,
    /// A new one who need not be asked.
    Known,
}

/// Saves new settings. A channel that was marked as broken gets another chance, unless its reader has unsubscribed.
pub async fn update(
    db: &Db,
    id: i64,
    name: &str,
    settings: &Settings,
    language: &str,
    reader: Reader,
    now: Time,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE channels SET name = $2, settings = $3, language = $4,
        broken = CASE WHEN consent = 'withdrawn' THEN broken ELSE '' END WHERE id = $1";
    const CONSENT: &str = "UPDATE channels SET consent = $2, broken = '' WHERE id = $1";
    const NO_MAIL: &str = "DELETE FROM consent_mails WHERE channel_id = $1";
    write_tx!(db, |tx| {
        run!(
            tx,
            sqlx::query(SQL).bind(id).bind(name).bind(serde_json::json!(settings).to_string()).bind(language)
        );
        write_members(tx, id, settings).await?;
        match reader {
            Reader::Same => {}
            Reader::Asked => {
                run!(tx, sqlx::query(CONSENT).bind(id).bind(consents::State::Asked.as_str()));
                consents::ask_in(tx, id, now).await?;
            }
            Reader::Known => {
                run!(tx, sqlx::query(CONSENT).bind(id).bind(""));
                run!(tx, sqlx::query(NO_MAIL).bind(id));
            }
        }
    });
    Ok(())
}

/// Makes the members of a group those that its settings name. A group in a group, or in itself, would be none.
async fn write_members(tx: &mut WriteTx, id: i64, settings: &Settings) -> Result<(), StoreError> {
    const NONE: &str = "DELETE FROM channel_members WHERE group_id = $1";
    const THESE: Dialects = Dialects {
        sqlite: "INSERT INTO channel_members (group_id, channel_id)
            SELECT g.id, m.id FROM channels g JOIN channels m ON m.project_id = g.project_id AND m.kind <> 'group'
            WHERE g.id = $1 AND g.kind = 'group' AND m.uuid IN (SELECT value FROM json_each($2))",
        postgres: "INSERT INTO channel_members (group_id, channel_id)
            SELECT g.id, m.id FROM channels g JOIN channels m ON m.project_id = g.project_id AND m.kind <> 'group'
            WHERE g.id = $1 AND g.kind = 'group' AND m.uuid = ANY($2)",
    };
    let Some(named) = settings.get("members") else { return Ok(()) };
    let uuids: Vec<&str> = named.split_whitespace().collect();
    run!(tx, sqlx::query(NONE).bind(id));
    let sql = THESE.on(tx);
    run!(tx, sqlx::query(sql).bind(id).bind(List(&uuids)));
    Ok(())
}

/// The channels that a group stands for, oldest first.
pub async fn members(db: &Db, group_id: i64) -> Result<Vec<Channel>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        channel_columns!("c."),
        " FROM channel_members m JOIN channels c ON c.id = m.channel_id WHERE m.group_id = $1 ORDER BY c.id"
    );
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(group_id).fetch_all(pool).await?))
}

/// The groups of a project through which nobody hears of anything: none of their members works.
pub async fn hollow_groups(db: &Db, project_id: i64) -> Result<BTreeSet<i64>, StoreError> {
    const SQL: &str =
        "SELECT g.id FROM channels g WHERE g.project_id = $1 AND g.kind = 'group' AND NOT EXISTS (
            SELECT 1 FROM channel_members m JOIN channels c ON c.id = m.channel_id
            WHERE m.group_id = g.id AND c.broken = '' AND c.consent IN ('', 'given'))";
    let rows: Vec<(i64,)> = read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Another channel that relies on one, and would have to do without it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Reliant {
    pub name: String,
    /// It has that one as a member; else as its fallback.
    pub is_group: bool,
    /// A group that has another member which works.
    pub has_others: bool,
}

/// The groups that a channel is in, and the channels whose fallback it is, oldest first.
pub async fn reliant(db: &Db, id: i64) -> Result<Vec<Reliant>, StoreError> {
    const SQL: &str = "SELECT c.name, c.kind = 'group' AS is_group,
            EXISTS (SELECT 1 FROM channel_members m JOIN channels o ON o.id = m.channel_id
                WHERE m.group_id = c.id AND o.id <> $1 AND o.broken = '' AND o.consent IN ('', 'given')) AS has_others
        FROM channels c WHERE c.fallback_id = $1
            OR c.id IN (SELECT group_id FROM channel_members WHERE channel_id = $1)
        ORDER BY c.id";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_all(pool).await?))
}

/// Sets which channel gets what this one could not deliver; `None`: none does. One of another project, a group and the
/// channel itself are no fallback: `false`, and nothing changes.
pub async fn set_fallback(db: &Db, id: i64, fallback: Option<i64>) -> Result<bool, StoreError> {
    const NONE: &str = "UPDATE channels SET fallback_id = NULL WHERE id = $1";
    const SQL: &str = "UPDATE channels SET fallback_id = $2 WHERE id = $1 AND id <> $2 AND EXISTS (
        SELECT 1 FROM channels f WHERE f.id = $2 AND f.project_id = channels.project_id AND f.kind <> 'group')";
    Ok(write_tx!(db, |tx| match fallback {
        None => run!(tx, sqlx::query(NONE).bind(id)),
        Some(fallback) => run!(tx, sqlx::query(SQL).bind(id).bind(fallback)),
    }) > 0)
}

/// Takes back that a channel is broken: it was seen to work.
pub async fn mend(db: &Db, id: i64) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE channels SET broken = '' WHERE id = $1";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(id));
    });
    Ok(())
}

/// Deletes a channel; what was queued for it is not sent any more, and groups and others that relied on it do without.
pub async fn delete(db: &Db, id: i64) -> Result<(), StoreError> {
    const FALLBACKS: &str = "UPDATE channels SET fallback_id = NULL WHERE fallback_id = $1";
    // An id stands nowhere else in a group's settings.
    const GROUPS: &str = "UPDATE channels SET settings = REPLACE(settings,
            (SELECT m.uuid FROM channels m WHERE m.id = $1), '')
        WHERE kind = 'group' AND id IN (SELECT group_id FROM channel_members WHERE channel_id = $1)";
    const SQL: &str = "DELETE FROM channels WHERE id = $1";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(FALLBACKS).bind(id));
        run!(tx, sqlx::query(GROUPS).bind(id));
        run!(tx, sqlx::query(SQL).bind(id));
    });
    Ok(())
}

pub async fn by_uuid(db: &Db, uuid: &str) -> Result<Option<Channel>, StoreError> {
    const SQL: &str = concat!("SELECT ", channel_columns!(""), " FROM channels WHERE uuid = $1");
    // Nothing stored holds a NUL, and PostgreSQL refuses to look for one.
    if uuid.contains('\0') {
        return Ok(None);
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(uuid).fetch_optional(pool).await?))
}

/// A project's channels, oldest first.
pub async fn list(db: &Db, project_id: i64) -> Result<Vec<Channel>, StoreError> {
    const SQL: &str =
        concat!("SELECT ", channel_columns!(""), " FROM channels WHERE project_id = $1 ORDER BY id");
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?))
}

/// How many checks notify each channel of a project.
pub async fn uses(db: &Db, project_id: i64) -> Result<BTreeMap<i64, i64>, StoreError> {
    const SQL: &str =
        "SELECT cc.channel_id, COUNT(*) FROM check_channels cc JOIN channels c ON c.id = cc.channel_id
        WHERE c.project_id = $1 GROUP BY cc.channel_id";
    let rows: Vec<(i64, i64)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    Ok(rows.into_iter().collect())
}
