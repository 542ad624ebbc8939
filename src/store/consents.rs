//! Whether the reader of a mail address wants what a channel sends there, and the mails that ask.
use super::channels::Channel;
use super::db::{read, run, write_tx};
use super::{Db, StoreError, WriteTx, failover, micros, time, wake};
use crate::core::{Span, Time};

/// What is known of the reader's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A mail asks, or soon will; alerts wait for the answer.
    Asked,
    Given,
    /// Unsubscribed.
    Withdrawn,
}

impl State {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Given => "given",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this stored word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Asked, Self::Given, Self::Withdrawn].into_iter().find(|known| known.as_str() == word)
    }
}

/// Whether the operator, or a member of the project, has an account with this address, in lower case.
pub async fn is_members(db: &Db, project_id: i64, address: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM users u WHERE u.email = $2 AND (u.is_admin = $3
        OR EXISTS (SELECT 1 FROM members m WHERE m.project_id = $1 AND m.user_id = u.id))";
    let (count,): (i64,) = read!(db, |pool| {
        sqlx::query_as(SQL).bind(project_id).bind(address).bind(true).fetch_one(pool).await?
    });
    Ok(count > 0)
}

/// The mail that asks is to go out.
pub(super) async fn ask_in(tx: &mut WriteTx, channel_id: i64, now: Time) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO consent_mails (channel_id, made_at, next_at, tries, mailed_at, trouble)
        VALUES ($1, $2, $2, 0, NULL, '')
        ON CONFLICT (channel_id) DO UPDATE SET made_at = excluded.made_at, next_at = excluded.next_at, tries = 0,
            mailed_at = NULL, trouble = ''";
    run!(tx, sqlx::query(SQL).bind(channel_id).bind(micros(now)));
    Ok(())
}

/// Asks once more; also who has unsubscribed. `false`: there is nothing to ask.
pub async fn ask_again(db: &Db, channel_id: i64, now: Time) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE channels SET consent = 'asked', broken = '' WHERE id = $1 AND consent IN ('asked', 'withdrawn')";
    Ok(write_tx!(db, |tx| {
        let asked = run!(tx, sqlx::query(SQL).bind(channel_id)) > 0;
        if asked {
            ask_in(tx, channel_id, now).await?;
        }
        asked
    }))
}

/// The reader of this channel, as it is, said yes: what waits for it is due now.
pub async fn give(db: &Db, channel: &Channel, now: Time) -> Result<(), StoreError> {
    const GIVEN: &str = "UPDATE channels SET consent = 'given', broken = ''
        WHERE id = $1 AND settings = $2 AND consent IN ('asked', 'withdrawn')";
    const NO_MAIL: &str = "UPDATE consent_mails SET next_at = NULL, trouble = '' WHERE channel_id = $1";
    // That it waited is no failure after which the next try would come late.
    const DUE: &str = "UPDATE outbox SET next_at = $2, attempts = 0
        WHERE channel_id = $1 AND state = 'queued' AND leased_until = 0 AND next_at > $2";
    write_tx!(db, |tx| {
        if run!(tx, sqlx::query(GIVEN).bind(channel.id).bind(&channel.settings)) > 0 {
            run!(tx, sqlx::query(NO_MAIL).bind(channel.id));
            run!(tx, sqlx::query(DUE).bind(channel.id).bind(micros(now)));
            wake::tell(tx, wake::Signal::Outbox).await?;
        }
    });
    Ok(())
}

/// The reader of this channel, as it is, wants no more mails. `words`: what its owners read, also in a notice through
/// another channel, of those with the lowest `rank`. `false`: it was so before.
pub async fn withdraw(
    db: &Db,
    channel: &Channel,
    words: &str,
    now: Time,
    rank: fn(&str) -> Option<u8>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE channels SET consent = 'withdrawn', broken = $3
        WHERE id = $1 AND settings = $2 AND consent <> 'withdrawn'";
    const NO_MAIL: &str = "UPDATE consent_mails SET next_at = NULL WHERE channel_id = $1";
    Ok(write_tx!(db, |tx| {
        let withdrawn = run!(tx, sqlx::query(SQL).bind(channel.id).bind(&channel.settings).bind(words)) > 0;
        if withdrawn {
            run!(tx, sqlx::query(NO_MAIL).bind(channel.id));
            // No alert was its end; the moment stands in.
            if failover::tell_of_death(tx, channel.id, -micros(now), now, rank).await? > 0 {
                wake::tell(tx, wake::Signal::Outbox).await?;
            }
        }
        withdrawn
    }))
}

/// What became of the mail that asks for a channel's consent.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Asking {
    pub channel_id: i64,
    made_at: i64,
    next_at: Option<i64>,
    mailed_at: Option<i64>,
    /// Why the last try failed; empty when none did.
    pub trouble: String,
}

impl Asking {
    #[must_use]
    pub fn made_at(&self) -> Time {
        time(self.made_at)
    }

    /// Whether it is tried again.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.next_at.is_some()
    }

    /// When the mail server took it.
    #[must_use]
    pub fn mailed_at(&self) -> Option<Time> {
        self.mailed_at.map(time)
    }
}

/// The mails that asked for consent to a project's channels.
pub async fn of_project(db: &Db, project_id: i64) -> Result<Vec<Asking>, StoreError> {
    const SQL: &str = "SELECT m.channel_id, m.made_at, m.next_at, m.mailed_at, m.trouble FROM consent_mails m
        JOIN channels c ON c.id = m.channel_id WHERE c.project_id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?))
}

/// A mail that asks, leased by this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Question {
    pub channel_id: i64,
    made_at: i64,
    /// Which try this is, from 1.
    pub tries: i64,
    /// The end of the lease.
    next_at: i64,
}

impl Question {
    /// When it was decided to ask: the same on every try.
    #[must_use]
    pub fn made_at(&self) -> Time {
        time(self.made_at)
    }
}

/// Most mails that ask leased at once.
const AT_ONCE: i64 = 8;

/// Leases the mails that are due.
pub async fn due(db: &Db, now: Time, lease: Span) -> Result<Vec<Question>, StoreError> {
    const DUE: &str = "SELECT channel_id, made_at, tries, next_at FROM consent_mails WHERE next_at <= $1 ORDER BY next_at LIMIT $2";
    const LEASE: &str =
        "UPDATE consent_mails SET next_at = $3, tries = tries + 1 WHERE channel_id = $1 AND next_at = $2";
    let found: Vec<Question> =
        read!(db, |pool| sqlx::query_as(DUE).bind(micros(now)).bind(AT_ONCE).fetch_all(pool).await?);
    if found.is_empty() {
        return Ok(found);
    }
    let until = micros(now + lease);
    Ok(write_tx!(db, |tx| {
        let mut ours = Vec::new();
        for question in &found {
            // Another server may have been faster.
            let leased =
                run!(tx, sqlx::query(LEASE).bind(question.channel_id).bind(question.next_at).bind(until));
            if leased > 0 {
                ours.push(Question { tries: question.tries + 1, next_at: until, ..*question });
            }
        }
        ours
    }))
}

/// Records what became of a mail. `again`: when to try once more; `trouble`: why this try failed.
pub async fn asked(
    db: &Db,
    question: &Question,
    mailed_at: Option<Time>,
    again: Option<Time>,
    trouble: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE consent_mails SET mailed_at = $3, next_at = $4, trouble = $5
        WHERE channel_id = $1 AND next_at = $2";
    write_tx!(db, |tx| {
        run!(
            tx,
            sqlx::query(SQL)
                .bind(question.channel_id)
                .bind(question.next_at)
                .bind(mailed_at.map(micros))
                .bind(again.map(micros))
                .bind(trouble)
        );
    });
    Ok(())
}
