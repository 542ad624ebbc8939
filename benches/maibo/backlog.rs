//! A long queue: what waits after an outage goes out in order, and the memory stays as it was.
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::installation::Installation;
use crate::report::{Section, float, grouped};
use crate::sink::Sink;
use crate::{Settings, now, say, storm, titled};

/// Channels, and alerts that wait for each.
const CHANNELS: i64 = 1_000;
const EACH: i64 = 100;
/// From queueing to the first that may go, in microseconds: longer than queueing takes.
const AHEAD: i64 = 10_000_000;
/// How long draining may take.
const PATIENCE: Duration = Duration::from_mins(6);

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Backlog",
        "A hundred thousand alerts wait for a thousand webhooks, a hundred for each, and become due at one instant. \
        Memory is the server's resident set before, and the most while they go out.",
    );
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for engine in &settings.engines {
        let sink = Sink::start()?;
        let installation = Installation::empty(*engine).await?;
        let (mut database, process, model) = storm::with_webhooks(&installation, &sink, CHANNELS).await?;
        // One real alert each, whose flip the others tell of as well.
        storm::storm(&mut database, &sink, model, CHANNELS, 0, &mut faults).await?;
        let before = process.resident()?;
        let due = now() + AHEAD;
        let last = database.number("SELECT MAX(id) FROM outbox").await?;
        database
            .execute(format!(
                "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {EACH})
                INSERT INTO outbox (kind, check_id, flip_id, channel_id, state, created_at, attempts, next_at, leased_until)
                SELECT o.kind, o.check_id, o.flip_id, o.channel_id, 'queued', {due}, 0, {due}, 0
                FROM n, outbox o WHERE o.id <= {last} ORDER BY n.n, o.id"
            ))
            .await?;
        if now() >= due {
            faults.push(format!("{}: queueing took longer than {} s", engine.name(), AHEAD / 1_000_000));
        }
        sink.take();
        let wanted = usize::try_from(CHANNELS * EACH)?;
        let begun = Instant::now();
        let (mut most, mut halfway) = (before, 0);
        while sink.count() < wanted && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(250)).await;
            most = most.max(process.resident()?);
            if halfway == 0 && sink.count() > wanted / 2 {
                halfway = database.number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'").await?;
                say(&format!("        {}, {halfway} still queued", engine.name()));
            }
        }
        let took = float(now() - due) / 1_000_000.0;
        let queued = "SELECT COUNT(*) FROM outbox WHERE state = 'queued'";
        while database.number(queued).await? > 0 && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let heard = sink.take().len();
        if heard != wanted {
            faults.push(format!("{}: {heard} messages for {wanted} alerts", engine.name()));
        }
        let overtaken = database
            .number(
                "SELECT COUNT(*) FROM (SELECT a.outbox_id - LAG(a.outbox_id)
                    OVER (PARTITION BY o.channel_id ORDER BY a.at, a.id) AS step
                FROM attempts a JOIN outbox o ON o.id = a.outbox_id) AS steps WHERE step < 0",
            )
            .await?;
        if overtaken > 0 {
            faults.push(format!("{}: {overtaken} alerts overtook an earlier one", engine.name()));
        }
        ensure!(took > 0.0, "alerts went out before they were due");
        rows.push(vec![
            engine.name().to_owned(),
            grouped(float(CHANNELS * EACH)),
            format!("{took:.0}"),
            grouped(float(CHANNELS * EACH) / took),
            format!("{before:.0}"),
            format!("{most:.0}"),
        ]);
        process.stop().await?;
        drop(database);
        installation.remove().await?;
    }
    section.table(&["Engine", "Alerts", "s", "Alerts/s", "MB before", "MB at most"], &rows);
    section.faults(&faults);
    Ok(section)
}
