//! From the start of the process to its first answer.
use crate::database::Engine;
use crate::installation::{Installation, binary};
use crate::report::{Goal, Section, Spread, float, grouped};
use crate::{Settings, now, titled};

/// Starts of each kind.
const STARTS: usize = 5;
const MANY: i64 = 100_000;
const HOUR: i64 = 3_600_000_000;

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Start",
        &format!(
            "From starting the process to the answer, asked every millisecond; {STARTS} starts of each kind."
        ),
    );
    let goal = |millis: &Spread| Goal::AtMost(300.0).judge(millis.median(), "ms");
    let mut rows = Vec::new();
    for engine in &settings.engines {
        let mut fresh = Spread::default();
        for _ in 0..STARTS {
            let installation = Installation::empty(*engine).await?;
            let mut process = installation.start()?;
            fresh.add(process.until_answered("/readyz").await?.as_secs_f64() * 1e3);
            process.stop().await?;
            installation.remove().await?;
        }
        rows.push(vec![
            engine.name().to_owned(),
            "empty database, migrated on the way, to `/readyz`".to_owned(),
            fresh.show(0),
            goal(&fresh),
        ]);
        for checks in [1, MANY] {
            let (millis, resident) = to_first_ping(*engine, checks).await?;
            rows.push(vec![
                engine.name().to_owned(),
                format!(
                    "{} check(s), to the first ping answered 200; then {resident:.0} MB resident",
                    grouped(float(checks))
                ),
                millis.show(0),
                goal(&millis),
            ]);
        }
    }
    section.table(&["Engine", "Start", "ms", "Goal"], &rows);
    #[expect(clippy::cast_precision_loss, reason = "a file's size")]
    let size = std::fs::metadata(binary())?.len() as f64;
    section.say(&format!("The binary has {:.1} MB.", size / 1e6));
    Ok(section)
}

/// Milliseconds to the first ping, and MB resident one second after it.
async fn to_first_ping(engine: Engine, checks: i64) -> anyhow::Result<(Spread, f64)> {
    let installation = Installation::empty(engine).await?;
    installation.made(&["check", "create", "--name", "seed", "--every", "1d", "--grace", "1h"], "")?;
    let mut database = installation.database().await?;
    let model = database.number("SELECT MIN(id) FROM checks").await?;
    let now = now();
    database.copy_checks(model, (model, checks), now, now + 2 * HOUR, 100_000).await?;
    let paths = database.ping_paths(model + 1, model + 2).await?;
    drop(database);
    let mut millis = Spread::default();
    let mut resident = 0.0;
    for _ in 0..STARTS {
        let mut process = installation.start()?;
        millis.add(process.until_answered(&paths.concat()).await?.as_secs_f64() * 1e3);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        resident = process.resident()?;
        process.stop().await?;
    }
    installation.remove().await?;
    Ok((millis, resident))
}
