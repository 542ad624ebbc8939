//! What pings notice of the deletion of old history.
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::database::Engine;
use crate::http::request;
use crate::installation::Installation;
use crate::load::{self, Load, Plan};
use crate::report::{Section, float, grouped};
use crate::{Settings, now, say, titled};

/// Pings beyond what is kept of the one check that has them.
const SURPLUS: i64 = 400_000;
/// Checks that are pinged.
const PINGED: i64 = 1_000;
const CONNECTIONS: u32 = 16;
const HOUR: i64 = 3_600_000_000;
/// How long the deletion may take.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "History",
        &format!(
            "{} pings more than are kept lie in the database when the server starts and begins to delete them; `wrk` \
            pings {} other checks over {CONNECTIONS} connections for {} s, first while rows are deleted, then when \
            none are left.",
            grouped(float(SURPLUS)),
            grouped(float(PINGED)),
            settings.seconds
        ),
    );
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for engine in &settings.engines {
        say(&format!("        {}", engine.name()));
        measure(*engine, settings.seconds, &mut rows, &mut faults).await?;
    }
    section.table(&["Engine", "Meanwhile", "pings/s", "p50 ms", "p99 ms", "rows deleted/s"], &rows);
    section.faults(&faults);
    Ok(section)
}

async fn measure(
    engine: Engine,
    seconds: u64,
    rows: &mut Vec<Vec<String>>,
    faults: &mut Vec<String>,
) -> anyhow::Result<()> {
    let installation = Installation::empty(engine).await?;
    installation.made(&["check", "create", "--name", "seed", "--every", "1d", "--grace", "1h"], "")?;
    let mut database = installation.database().await?;
    let model = database.number("SELECT MIN(id) FROM checks").await?;
    let begun = now();
    database.copy_checks(model, (model, PINGED), begun, begun + 2 * HOUR, 1_000_000).await?;
    // One ping, from which the others are copied, as if the check had gone on without them.
    let process = installation.serve().await?;
    let paths = installation.path("paths");
    let path = database.ping_paths(model, model + 1).await?.concat();
    let plan = Plan {
        requests: Arc::new(vec![request("GET", &path, &[], b"")]),
        senders: 1,
        most: 1,
        time: Duration::from_secs(10),
    };
    load::run(process.addr, plan).await?;
    process.stop().await?;
    let first = database.number("SELECT MIN(id) FROM pings").await?;
    database.copy_pings(first, (first, SURPLUS)).await?;
    database
        .execute(format!(
            "UPDATE checks SET n_pings = 1000000, last_ping_id = {first} + {SURPLUS} WHERE id = {model}"
        ))
        .await?;
    database.execute("DELETE FROM installation WHERE name = 'history_pass'").await?;
    let pinged = database.ping_paths(model + 1, i64::MAX).await?;
    std::fs::write(&paths, pinged.join("\n") + "\n")?;

    let mut process = installation.start()?;
    process.until_answered("/readyz").await?;
    let old = format!("SELECT COUNT(*) FROM pings WHERE check_id = {model}");
    let before = database.number(old.clone()).await?;
    let during = load::keep_alive(process.addr, &paths, CONNECTIONS, seconds).await?;
    let after = database.number(old.clone()).await?;
    if after == 1 || after == before {
        faults.push(format!("{}: nothing was deleted all the while", engine.name()));
    }
    let mut row = |what: &str, load: &Load, deleted: f64| {
        if load.refused + load.broken > 0 {
            faults.push(format!(
                "{}, {what}: {} pings were refused, {} not answered",
                engine.name(),
                load.refused,
                load.broken
            ));
        }
        rows.push(vec![
            engine.name().to_owned(),
            what.to_owned(),
            grouped(load.rate()),
            format!("{:.2}", load.p50),
            format!("{:.2}", load.p99),
            grouped(deleted),
        ]);
    };
    row("deletion", &during, float(before - after) / during.seconds);
    let waiting = Instant::now();
    while database.number(old.clone()).await? > 1 {
        anyhow::ensure!(waiting.elapsed() < PATIENCE, "the deletion does not end");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let calm = load::keep_alive(process.addr, &paths, CONNECTIONS, seconds).await?;
    row("nothing", &calm, 0.0);
    process.stop().await?;
    drop(database);
    installation.remove().await?;
    Ok(())
}
