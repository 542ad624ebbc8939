//! What those got within the last minute who count messages: the same for every server and after every restart.
use super::db::{Dialects, on, run, write_tx};
use super::{Db, StoreError, WriteTx, micros, time};
use crate::core::{Span, Time};

/// What limits are counted over.
const MINUTE: Span = Span::seconds(60);
/// How long a recipient is remembered who gets nothing.
const REMEMBERED: Span = Span::hours(1);

/// When messages went to a recipient within the last minute, oldest first. Until the end of the transaction no other
/// server counts for the same one.
pub(super) async fn lock(tx: &mut WriteTx, recipient: &str, now: Time) -> Result<Vec<Time>, StoreError> {
    const MAKE: &str = "INSERT INTO paced (recipient, sent, last_at) VALUES ($1, '[]', $2) ON CONFLICT (recipient) DO NOTHING";
    const READ: Dialects = Dialects {
        sqlite: "SELECT sent FROM paced WHERE recipient = $1",
        postgres: "SELECT sent FROM paced WHERE recipient = $1 FOR UPDATE",
    };
    run!(tx, sqlx::query(MAKE).bind(recipient).bind(micros(now)));
    let sql = READ.on(tx);
    let found: Option<(String,)> =
        on!(tx, |conn| sqlx::query_as(sql).bind(recipient).fetch_optional(conn).await?);
    let sent: Vec<i64> = found.and_then(|(text,)| serde_json::from_str(&text).ok()).unwrap_or_default();
    // What lies in the future was noted by a clock that was wrong.
    Ok(sent.into_iter().map(time).filter(|at| now - *at < MINUTE && *at <= now + MINUTE).collect())
}

/// Notes that messages go to a recipient now. It is locked.
pub(super) async fn note(
    tx: &mut WriteTx,
    recipient: &str,
    messages: usize,
    now: Time,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE paced SET sent = $2, last_at = $3 WHERE recipient = $1";
    let mut sent: Vec<i64> = lock(tx, recipient, now).await?.into_iter().map(micros).collect();
    sent.extend(std::iter::repeat_n(micros(now), messages));
    let text = serde_json::to_string(&sent).unwrap_or_default();
    run!(tx, sqlx::query(SQL).bind(recipient).bind(text).bind(micros(now)));
    Ok(())
}

/// Notes one message outside of the queue, which waits for nobody, but counts.
pub async fn count(db: &Db, recipient: &str, now: Time) -> Result<(), StoreError> {
    write_tx!(db, |tx| note(tx, recipient, 1, now).await?);
    Ok(())
}

/// Forgets those who have not got anything for long.
pub(super) async fn forget(tx: &mut WriteTx, now: Time) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM paced WHERE last_at < $1";
    run!(tx, sqlx::query(SQL).bind(micros(now - REMEMBERED)));
    Ok(())
}
