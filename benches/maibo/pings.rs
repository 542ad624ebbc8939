//! Durable pings over HTTP, beside a bare server in the same minute.
use std::path::Path;

use anyhow::Context as _;

use crate::database::{Database, Engine};
use crate::installation::Installation;
use crate::load::{self, Load};
use crate::process::{self, Process};
use crate::report::{Goal, Section, Spread, float, grouped};
use crate::{Settings, now, say, titled};

/// How connections are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    KeepAlive(u32),
    Close(u32),
}

const SHAPES: [Shape; 6] = [
    Shape::KeepAlive(1),
    Shape::KeepAlive(16),
    Shape::KeepAlive(64),
    Shape::KeepAlive(256),
    Shape::Close(1),
    Shape::Close(64),
];
/// How many checks the pings go to, one after the other.
const CHECKS: [i64; 2] = [1, 10_000];
const HOUR: i64 = 3_600_000_000;

impl Shape {
    fn name(self) -> String {
        match self {
            Self::KeepAlive(c) => format!("keep-alive, c={c}"),
            Self::Close(c) => format!("close, c={c}"),
        }
    }

    const fn connections(self) -> u32 {
        match self {
            Self::KeepAlive(c) | Self::Close(c) => c,
        }
    }

    async fn run(self, process: &Process, paths: &Path, seconds: u64) -> anyhow::Result<Load> {
        match self {
            Self::KeepAlive(c) => load::keep_alive(process.addr, paths, c, seconds).await,
            Self::Close(c) => load::close(process.addr, paths, c, seconds).await,
        }
    }

    /// What the ratio should be, what p50 and p99 may be.
    fn goals(self, engine: Engine) -> (Option<Goal>, Option<Goal>, Option<Goal>) {
        let at_least = |ratio| Some(Goal::AtLeast(ratio));
        match (engine, self) {
            (Engine::Sqlite, Self::KeepAlive(256)) => (at_least(0.35), None, None),
            (Engine::Sqlite, Self::KeepAlive(64)) | (Engine::Postgres, Self::KeepAlive(256)) => {
                (at_least(0.30), None, None)
            }
            (Engine::Sqlite, Self::KeepAlive(1)) => (None, Some(Goal::AtMost(0.6)), None),
            (Engine::Sqlite, Self::Close(64)) => (at_least(0.60), None, Some(Goal::AtMost(20.0))),
            _ => (None, None, None),
        }
    }
}

/// A server that takes pings.
struct Subject {
    installation: Installation,
    process: Process,
    database: Database,
    /// PostgreSQL's first process, whose children do the work.
    postmaster: Option<u32>,
    idle: f64,
}

impl Subject {
    async fn new(engine: Engine, checks: i64) -> anyhow::Result<Self> {
        let installation = Installation::empty(engine).await?;
        installation.made(&["check", "create", "--name", "seed", "--every", "1d", "--grace", "1h"], "")?;
        let mut database = installation.database().await?;
        let model = database.number("SELECT MIN(id) FROM checks").await?;
        let now = now();
        database.copy_checks(model, (model, checks), now, now + 2 * HOUR, 1_000_000).await?;
        let postmaster = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let own = database.number("SELECT CAST(pg_backend_pid() AS BIGINT)").await?;
                Some(process::parent(u32::try_from(own)?)?)
            }
        };
        let process = installation.serve().await?;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let idle = process.resident()?;
        Ok(Self { installation, process, database, postmaster, idle })
    }

    fn postgres_cpu(&self) -> anyhow::Result<f64> {
        self.postmaster.map_or(Ok(0.0), process::cpu_of_family)
    }

    /// Loads the server and compares what it answered with what it kept.
    async fn measure(
        &mut self,
        shape: Shape,
        paths: &Path,
        seconds: u64,
        faults: &mut Vec<String>,
    ) -> anyhow::Result<Measured> {
        const NEWEST: &str = "SELECT COALESCE(MAX(id), 0) FROM pings";
        let newest = self.database.number(NEWEST).await?;
        let (cpu, database_cpu) = (self.process.cpu()?, self.postgres_cpu()?);
        let load = shape.run(&self.process, paths, seconds).await?;
        // What was under way when the load ended.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let (cpu, database_cpu) = (self.process.cpu()? - cpu, self.postgres_cpu()? - database_cpu);
        let stored = self.database.number(format!("SELECT COUNT(*) FROM pings WHERE id > {newest}")).await?;
        let name = format!("{}, {}", self.installation.engine.name(), shape.name());
        let under_way = i64::from(shape.connections());
        if stored < load.answered || stored > load.answered + under_way {
            faults.push(format!("{name}: {} pings were answered 200, {stored} were stored", load.answered));
        }
        note(&name, &load, faults);
        Ok(Measured {
            load,
            cpu: cpu / float(load.answered) * 1e6,
            database_cpu: database_cpu / float(load.answered) * 1e6,
        })
    }
}

fn note(name: &str, load: &Load, faults: &mut Vec<String>) {
    if load.refused + load.broken > 0 {
        faults.push(format!(
            "{name}: {} answers were not 2xx, {} requests had none",
            load.refused, load.broken
        ));
    }
}

struct Measured {
    load: Load,
    /// Microseconds of CPU per ping, of the server and of PostgreSQL's processes.
    cpu: f64,
    database_cpu: f64,
}

/// The rounds of one shape on one server.
#[derive(Default)]
struct Figures {
    rate: Spread,
    ratio: Spread,
    p50: Spread,
    p99: Spread,
    cpu: Spread,
    database_cpu: Spread,
}

impl Figures {
    fn add(&mut self, measured: &Measured, bare: f64) {
        self.rate.add(measured.load.rate());
        self.ratio.add(measured.load.rate() / bare);
        self.p50.add(measured.load.p50);
        self.p99.add(measured.load.p99);
        self.cpu.add(measured.cpu);
        self.database_cpu.add(measured.database_cpu);
    }

    fn row(&self, shape: Shape, server: &str, engine: Option<Engine>) -> Vec<String> {
        let mut cells = vec![
            shape.name(),
            server.to_owned(),
            grouped(self.rate.median()),
            self.ratio.show(2),
            self.p50.show(2),
            self.p99.show(2),
            self.cpu.show(0),
            if engine == Some(Engine::Postgres) { self.database_cpu.show(0) } else { String::new() },
        ];
        let (ratio, p50, p99) = engine.map_or((None, None, None), |engine| shape.goals(engine));
        let goals: Vec<String> = [
            ratio.map(|goal| format!("ratio {}", goal.judge(self.ratio.median(), ""))),
            p50.map(|goal| format!("p50 {}", goal.judge(self.p50.median(), "ms"))),
            p99.map(|goal| format!("p99 {}", goal.judge(self.p99.median(), "ms"))),
        ]
        .into_iter()
        .flatten()
        .collect();
        cells.push(goals.join("; "));
        cells
    }
}

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Pings",
        &format!(
            "Each ping is answered after it was committed and synced. {} rounds of {} s, each round: bare axum (answers \
            `OK`), then Maibo on each engine, all in processes of their own on this machine, as is the load: `wrk \
            --latency` for keep-alive; for *close*, a generator of our own that opens a connection per ping, as curl \
            in a cron job does, and whose time includes connecting. The ratio is to the bare server's rate of the \
            same round. CPU is user and system time of the server process per ping. After each round the pings in \
            the database were counted and compared with the answers.",
            settings.rounds, settings.seconds
        ),
    );
    let mut memory = Vec::new();
    let mut faults = Vec::new();
    for checks in CHECKS {
        let bare = Process::bare().await?;
        let mut subjects = Vec::new();
        for engine in &settings.engines {
            subjects.push(Subject::new(*engine, checks).await?);
        }
        let mut lists = Vec::new();
        for subject in &mut subjects {
            let file = subject.installation.path("paths");
            let paths = subject.database.ping_paths(2, i64::MAX).await?;
            std::fs::write(&file, paths.join("\n") + "\n")?;
            lists.push(file);
        }
        let mut rows = Vec::new();
        for shape in SHAPES {
            say(&format!("        {checks} checks, {}", shape.name()));
            let mut bare_figures = Figures::default();
            let mut figures: Vec<Figures> = subjects.iter().map(|_| Figures::default()).collect();
            for _ in 0..settings.rounds {
                let cpu = bare.cpu()?;
                let list = lists.first().context("no engine to measure")?;
                let load = shape.run(&bare, list, settings.seconds).await?;
                note(&format!("bare axum, {}", shape.name()), &load, &mut faults);
                let cpu = (bare.cpu()? - cpu) / float(load.answered) * 1e6;
                let rate = load.rate();
                bare_figures.add(&Measured { load, cpu, database_cpu: 0.0 }, rate);
                for ((subject, figures), list) in subjects.iter_mut().zip(&mut figures).zip(&lists) {
                    let measured = subject.measure(shape, list, settings.seconds, &mut faults).await?;
                    figures.add(&measured, rate);
                }
            }
            rows.push(bare_figures.row(shape, "bare axum", None));
            for (figures, subject) in figures.iter().zip(&subjects) {
                let engine = subject.installation.engine;
                rows.push(figures.row(shape, engine.name(), Some(engine)));
            }
        }
        section.say(&format!(
            "### Over {} check{}",
            grouped(float(checks)),
            if checks == 1 { "" } else { "s" }
        ));
        section.table(
            &[
                "Load",
                "Server",
                "pings/s",
                "ratio",
                "p50 ms",
                "p99 ms",
                "CPU µs",
                "PostgreSQL's CPU µs",
                "Goal",
            ],
            &rows,
        );
        for subject in subjects {
            let loaded = subject.process.resident()?;
            memory.push(vec![
                grouped(float(checks)),
                subject.installation.engine.name().to_owned(),
                format!("{:.0}", subject.idle),
                Goal::AtMost(25.0).judge(subject.idle.round(), "MB"),
                format!("{loaded:.0}"),
                Goal::AtMost(60.0).judge(loaded.round(), "MB"),
            ]);
            subject.process.stop().await?;
            drop(subject.database);
            subject.installation.remove().await?;
        }
    }
    section.say("### Memory\n\nResident set of the server process: two seconds after it was ready, and after all the pings above.");
    section.table(&["Checks", "Engine", "idle MB", "Goal", "after load MB", "Goal"], &memory);
    section.faults(&faults);
    Ok(section)
}
