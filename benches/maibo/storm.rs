//! Alerts: from the deadline to a webhook's receiver, one at a time and thousands at one instant.
use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::database::Database;
use crate::installation::Installation;
use crate::process::Process;
use crate::report::{Goal, Section, Spread, float, grouped};
use crate::sink::{Silent, Sink};
use crate::{Settings, now, say, titled};

/// Checks that fall silent one after the other.
const SINGLES: i64 = 20;
/// Checks that fall silent at one instant.
const STORMS: [i64; 3] = [100, 1_000, 10_000];
const MOST: i64 = 10_000;
/// From writing the deadlines to the first of them, in microseconds: longer than writing them takes.
const AHEAD: i64 = 3_000_000;
/// How long the alerts of a storm may take.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Alerts",
        &format!(
            "Every check has a webhook channel of its own to one receiver on this machine. Deadlines are written into \
            the database {} s ahead; measured is the time from the deadline to the receiver's reading of the request.",
            AHEAD / 1_000_000
        ),
    );
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for engine in &settings.engines {
        let sink = Sink::start()?;
        let installation = Installation::empty(*engine).await?;
        let (mut database, process, model) = with_webhooks(&installation, &sink, MOST).await?;

        let lateness = storm(&mut database, &sink, model, SINGLES, 263_000, &mut faults).await?;
        let judge = |median: f64, worst: f64, lateness: &Spread| {
            format!(
                "median {}; last {}",
                Goal::AtMost(median).judge(lateness.median(), "ms"),
                Goal::AtMost(worst).judge(lateness.max(), "ms")
            )
        };
        let mut row = |what: String, lateness: &Spread, goal: String| {
            rows.push(vec![
                engine.name().to_owned(),
                what,
                format!("{:.0}", lateness.median()),
                format!("{:.0}", lateness.quantile(0.99)),
                format!("{:.0}", lateness.max()),
                goal,
            ]);
        };
        row(format!("1, {SINGLES} times, 263 ms apart"), &lateness, judge(100.0, 300.0, &lateness));
        for checks in STORMS {
            say(&format!("        {}, {checks} at one instant", engine.name()));
            let lateness = storm(&mut database, &sink, model, checks, 0, &mut faults).await?;
            let goal = if checks == 1_000 { judge(500.0, 1500.0, &lateness) } else { String::new() };
            row(format!("{} at one instant", grouped(float(checks))), &lateness, goal);
        }
        // The same thousand twice, with the history of all those before.
        let healthy = storm(&mut database, &sink, model, 1_000, 0, &mut faults).await?;
        row("1,000 at one instant, again".to_owned(), &healthy, String::new());
        // The first of a thousand leads to somebody who takes the request and says nothing.
        let silent = Silent::start()?;
        let (alive, dead) = (sink.addr, silent.addr);
        database
            .execute(format!(
                "UPDATE channels SET settings = replace(settings, '{alive}', '{dead}') WHERE id = {model} + 1"
            ))
            .await?;
        let lateness = storm_without(&mut database, &sink, model, (1_000, 1), 0, &mut faults).await?;
        let goal = Goal::AtMost((healthy.max() * 1.1).round()).judge(lateness.max(), "ms");
        row("1,000 at one instant, one of them hangs".to_owned(), &lateness, format!("last {goal}"));
        let blackouts = database.number("SELECT COUNT(*) FROM blackouts").await?;
        if blackouts > 0 {
            faults.push(format!("{}: Maibo thought that it was away {blackouts} times", engine.name()));
        }
        process.stop().await?;
        drop(database);
        installation.remove().await?;
    }
    section.table(&["Engine", "Checks due", "median ms", "p99 ms", "last ms", "Goal"], &rows);
    section.faults(&faults);
    Ok(section)
}

/// A server whose checks number `count` and have a webhook each, and none of them due for a day; its database, and the
/// number that those of checks and channels are counted from.
pub(crate) async fn with_webhooks(
    installation: &Installation,
    sink: &Sink,
    count: i64,
) -> anyhow::Result<(Database, Process, i64)> {
    let seed = format!("url_down=http://{}/seed", sink.addr);
    installation.made(&["channel", "create", "--kind", "webhook", "--name", "seed", "--set", &seed], "")?;
    installation.made(&["check", "create", "--name", "seed", "--every", "1h", "--grace", "1m"], "")?;
    let mut database = installation.database().await?;
    let model = database.number("SELECT MIN(id) FROM checks").await?;
    let channel = database.number("SELECT MIN(id) FROM channels").await?;
    ensure!(model == channel, "a fresh database numbers both alike");
    // Deadlines far away, until their turn comes.
    let far = now() + 86_400_000_000;
    database.copy_checks(model, (model, count), now(), far, 1000).await?;
    database.copy_channels(channel, (channel, count)).await?;
    let process = installation.serve().await?;
    Ok((database, process, model))
}

/// Lets the first `checks` checks after `base` fall silent, `apart` microseconds one after the other; gives how
/// late each alert came, in milliseconds.
pub(crate) async fn storm(
    database: &mut Database,
    sink: &Sink,
    base: i64,
    checks: i64,
    apart: i64,
    faults: &mut Vec<String>,
) -> anyhow::Result<Spread> {
    storm_without(database, sink, base, (checks, 0), apart, faults).await
}

/// The same where the first `dead` of them have a channel that never answers: those are not waited for.
async fn storm_without(
    database: &mut Database,
    sink: &Sink,
    base: i64,
    (checks, dead): (i64, i64),
    apart: i64,
    faults: &mut Vec<String>,
) -> anyhow::Result<Spread> {
    sink.take();
    let first = now() + AHEAD;
    let deadline = format!("{first} + (id - {base} - 1) * {apart}");
    // Silent since an hour, as far as the check knows; `due_at` lies after the start of the server, so that no
    // absence of Maibo explains the silence.
    database
        .execute(format!(
            "UPDATE checks SET status = 'up', since = {first} - 3600000000, last_ping_at = {first} - 3600000000,
                due_at = {deadline} - grace, deadline = {deadline}, wake_at = {deadline}
            WHERE id > {base} AND id <= {base} + {checks}"
        ))
        .await?;
    let written = now();
    if written >= first {
        faults.push(format!("{checks} deadlines were written {} ms too late", (written - first) / 1000));
    }
    let begun = Instant::now();
    let wanted = usize::try_from(checks - dead)?;
    while sink.count() < wanted && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The attempts are recorded a moment after they succeed.
    let queued =
        format!("SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND channel_id > {base} + {dead}");
    while database.number(queued.as_str()).await? > 0 && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut arrived: HashMap<i64, i64> = HashMap::new();
    let heard = sink.take();
    let messages = heard.len();
    for (number, at) in heard {
        let known = arrived.entry(number).or_insert(at);
        *known = at.min(*known);
    }
    if messages != wanted || arrived.len() != wanted {
        faults.push(format!(
            "{}: of {wanted} alerts {} came, in {messages} messages",
            database.engine().name(),
            arrived.len()
        ));
    }
    Ok(arrived
        .into_iter()
        .map(|(number, at)| float(at - (first + (number - base - 1) * apart)) / 1000.0)
        .collect())
}
