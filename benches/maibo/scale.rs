//! Many checks: memory, restart, and deadlines that pass a thousand a second while pings come in.
use std::time::Duration;

use crate::database::{Database, Engine};
use crate::installation::Installation;
use crate::load;
use crate::report::{Section, Spread, float, grouped};
use crate::{Settings, now, say, titled};

const CHECKS: [i64; 2] = [100_000, 1_000_000];
/// Deadlines a second, and for how many seconds.
const PER_SECOND: i64 = 1_000;
const SECONDS: i64 = 30;
/// Checks that are pinged meanwhile: none of those whose deadline passes.
const PINGED: i64 = 10_000;
const HOUR: i64 = 3_600_000_000;
/// From writing the deadlines to the first of them, in microseconds.
const AHEAD: i64 = 5_000_000;
/// How often it is looked for flips.
const LOOK: Duration = Duration::from_millis(5);
/// How long the last flips may take.
const PATIENCE: i64 = 60_000_000;

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Many checks",
        &format!(
            "Checks that are up, with deadlines spread over the time to come. *Ready* is from the start of the \
            process to `/readyz`; memory is resident, two seconds later and at the end. Then {PER_SECOND} deadlines a \
            second pass for {SECONDS} s, while `wrk` pings {} other checks over 16 connections as fast as it can. A \
            flip's lateness is the time from the check's deadline to the moment at which a reader of the database, \
            that looks for new flips every {} ms, has seen it committed: up to {} ms and one query of it are the \
            reader's own.",
            grouped(float(PINGED)),
            LOOK.as_millis(),
            LOOK.as_millis()
        ),
    );
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for checks in CHECKS {
        for engine in &settings.engines {
            say(&format!("        {checks} checks on {}", engine.name()));
            rows.push(measure(*engine, checks, &mut faults).await?);
        }
    }
    section.table(
        &[
            "Checks",
            "Engine",
            "ready ms",
            "memory MB, idle",
            "at the end",
            "pings/s meanwhile",
            "lateness p50 ms",
            "p99 ms",
            "worst ms",
        ],
        &rows,
    );
    section.faults(&faults);
    Ok(section)
}

async fn measure(engine: Engine, checks: i64, faults: &mut Vec<String>) -> anyhow::Result<Vec<String>> {
    let installation = Installation::empty(engine).await?;
    installation.made(&["check", "create", "--name", "seed", "--every", "1d", "--grace", "1m"], "")?;
    let mut database = installation.database().await?;
    let model = database.number("SELECT MIN(id) FROM checks").await?;
    let begun = now();
    database.copy_checks(model, (model, checks), begun, begun + 2 * HOUR, 24 * HOUR / checks).await?;

    let mut process = installation.start()?;
    let ready = process.until_answered("/readyz").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = process.resident()?;

    let due = PER_SECOND * SECONDS;
    let paths = installation.path("paths");
    let pinged = database.ping_paths(model + due + 1, model + due + 1 + PINGED).await?;
    std::fs::write(&paths, pinged.join("\n") + "\n")?;
    let first = now() + AHEAD;
    let apart = 1_000_000 / PER_SECOND;
    let deadline = format!("{first} + (id - {model} - 1) * {apart}");
    database
        .execute(format!(
            "UPDATE checks SET due_at = {deadline} - grace, deadline = {deadline}, wake_at = {deadline}
            WHERE id > {model} AND id <= {model} + {due}"
        ))
        .await?;
    let name = format!("{} checks on {}", grouped(float(checks)), engine.name());
    if now() >= first {
        faults.push(format!("{name}: the deadlines were written too late"));
    }
    while now() < first - 500_000 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = u64::try_from(SECONDS)? + 1;
    let pings = load::keep_alive(process.addr, &paths, 16, seconds);
    let flips = watch(&mut database, usize::try_from(due)?, first + SECONDS * 1_000_000 + PATIENCE);
    let (pings, flips) = tokio::try_join!(pings, flips)?;
    if pings.refused + pings.broken > 0 {
        faults.push(format!("{name}: {} pings were refused, {} not answered", pings.refused, pings.broken));
    }
    let seen = flips.len();
    let lateness: Spread = flips.into_iter().collect();
    if seen != usize::try_from(due)? {
        faults.push(format!("{name}: {seen} of {due} checks went down"));
    }
    let blackouts = database.number("SELECT COUNT(*) FROM blackouts").await?;
    if blackouts > 0 {
        faults.push(format!("{name}: Maibo thought that it was away {blackouts} times"));
    }
    let row = vec![
        grouped(float(checks)),
        engine.name().to_owned(),
        format!("{:.0}", ready.as_secs_f64() * 1e3),
        format!("{idle:.0}"),
        format!("{:.0}", process.resident()?),
        grouped(pings.rate()),
        format!("{:.1}", lateness.median()),
        format!("{:.1}", lateness.quantile(0.99)),
        format!("{:.1}", lateness.max()),
    ];
    process.stop().await?;
    drop(database);
    installation.remove().await?;
    Ok(row)
}

/// Looks until that many checks have gone down, or until `end`; gives how late each was seen, in milliseconds. A
/// flip's own time is the deadline.
async fn watch(database: &mut Database, wanted: usize, end: i64) -> anyhow::Result<Vec<f64>> {
    let mut late = Vec::with_capacity(wanted);
    let mut newest = 0;
    let mut look = tokio::time::interval(LOOK);
    while late.len() < wanted && now() < end {
        look.tick().await;
        let rows: Vec<(i64, i64)> = database
            .rows(format!(
                "SELECT id, at FROM flips WHERE id > {newest} AND new_status = 'down' ORDER BY id LIMIT 1000"
            ))
            .await?;
        let seen = now();
        for (id, at) in rows {
            newest = id;
            late.push(float(seen - at) / 1e3);
        }
    }
    Ok(late)
}
