//! What a ping takes up in the database.
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;

use crate::database::Engine;
use crate::http::request;
use crate::installation::Installation;
use crate::load::{self, Plan};
use crate::report::{Section, float, grouped};
use crate::{Settings, titled};

/// How the pings of a row come about: their name, how many, the length of their body in bytes.
const KINDS: [(&str, usize, usize); 3] =
    [("no body", 40_000, 0), ("body of 100 bytes", 40_000, 100), ("log of 10,000 bytes", 4_000, 10_000)];
/// Bodies that are told apart.
const DIFFERENT: usize = 200;

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Size",
        "Growth of the database by pings for one check: of SQLite's file after a clean stop, of `pg_database_size` \
        after a checkpoint. The logs are made of lines with times, words and numbers that differ from line to line, \
        as those of a backup do.",
    );
    let mut rows = Vec::new();
    for engine in &settings.engines {
        for (name, pings, length) in KINDS {
            let bytes = measure(*engine, pings, length).await?;
            rows.push(vec![
                engine.name().to_owned(),
                name.to_owned(),
                grouped(float(i64::try_from(pings)?)),
                grouped(bytes),
            ]);
        }
    }
    section.table(&["Engine", "Pings with", "pings", "bytes per ping"], &rows);
    Ok(section)
}

async fn measure(engine: Engine, pings: usize, length: usize) -> anyhow::Result<f64> {
    let installation = Installation::empty(engine).await?;
    let url = installation.made(&["check", "create", "--name", "seed", "--every", "1d"], "")?;
    let path = url.rsplit_once('/').map_or("", |(_, uuid)| uuid);
    // One start and stop before, so that what they leave is not counted.
    installation.serve().await?.stop().await?;
    let before = size(&installation).await?;
    let process = installation.serve().await?;
    let requests = (0..DIFFERENT)
        .map(|number| {
            let method = if length == 0 { "GET" } else { "POST" };
            request(method, &format!("/ping/{path}"), &[("User-Agent", "curl/7.88.1")], &body(length, number))
        })
        .collect();
    let plan = Plan { requests: Arc::new(requests), senders: 16, most: pings, time: Duration::from_mins(1) };
    let load = load::run(process.addr, plan).await?;
    let wanted = i64::try_from(pings)?;
    ensure!(load.answered == wanted, "{} of {pings} pings were answered 200", load.answered);
    process.stop().await?;
    let grown = size(&installation).await? - before;
    installation.remove().await?;
    Ok(float(grown) / float(wanted))
}

async fn size(installation: &Installation) -> anyhow::Result<i64> {
    let mut database = installation.database().await?;
    database.flush().await?;
    database
        .number(match installation.engine {
            Engine::Sqlite => {
                "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)"
            }
            Engine::Postgres => "SELECT pg_database_size(current_database())",
        })
        .await
}

/// A log of this length. `number` makes it differ from others.
fn body(length: usize, number: usize) -> Vec<u8> {
    const WORDS: [&str; 6] = ["copied", "unchanged", "hashed", "skipped", "verified", "removed"];
    // A linear congruential generator: the same logs on every machine.
    let mut state = u64::try_from(number).unwrap_or(0) + 1;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = String::new();
    let mut line = 0;
    while text.len() < length {
        let word = usize::try_from(next(6)).map_or("", |at| WORDS[at]);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "2026-11-21T03:{:02}:{:02}.{:03}Z INFO {word} /srv/data/{:04x}/{:08x}.dat {} bytes in {} ms",
            line / 60 % 60,
            line % 60,
            next(1000),
            next(65_536),
            next(4_294_967_296),
            next(10_000_000),
            next(5000)
        );
        line += 1;
    }
    text.truncate(length);
    text.into_bytes()
}
