//! What people and scripts wait for: the dashboard and the API's list, with a thousand checks.
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::database::Database;
use crate::http::{exchange, parsed, request, send};
use crate::installation::Installation;
use crate::report::{Goal, Section, Spread, float, grouped};
use crate::{Settings, now, titled};

const CHECKS: i64 = 1_000;
const REQUESTS: usize = 100;
const HOUR: i64 = 3_600_000_000;
const PASSWORD: &str = "a long password";

pub(crate) async fn section(settings: &Settings) -> anyhow::Result<Section> {
    let mut section = titled(
        "Pages",
        &format!(
            "With {} checks; {REQUESTS} requests one after the other, each on a new connection, from connecting to \
            the last byte. Sizes are those of the body.",
            grouped(float(CHECKS))
        ),
    );
    let mut rows = Vec::new();
    for engine in &settings.engines {
        let installation = Installation::empty(*engine).await?;
        let user = ["user", "create", "--email", "bench@example.org", "--password-stdin"];
        installation.made(&user, &format!("{PASSWORD}\n"))?;
        let key = installation.made(&["key", "create", "--scope", "read-write"], "")?;
        installation.made(&["check", "create", "--name", "seed", "--every", "1d", "--grace", "1h"], "")?;
        let mut database = installation.database().await?;
        let model = database.number("SELECT MIN(id) FROM checks").await?;
        database.copy_checks(model, (model, CHECKS - 1), now(), now() + 2 * HOUR, 1_000_000).await?;
        let project = database.text("SELECT uuid FROM projects").await?;
        let process = installation.serve().await?;
        let cookie = sign_in(process.addr).await?;
        let dashboard = format!("/projects/{project}/checks");
        let p50 = |most: f64| move |page: &Page| Goal::AtMost(most).judge(page.millis.median(), "ms");
        let p50_and_size =
            |page: &Page| format!("{}; {}", p50(15.0)(page), Goal::AtMost(60.0).judge(page.kilobytes, "kB"));
        let api = ("X-Api-Key", key.as_str());
        let page = ("Cookie", cookie.as_str());
        let gzip = ("Accept-Encoding", "gzip");
        let list = ("list of the API v3", "/api/v3/checks/", Between::Nothing);
        let list_of_others = ("the same, each time with all checks pinged since", list.1, Between::Pings);
        let dashboard = ("dashboard, signed in", dashboard.as_str(), Between::Nothing);
        for ((name, target, between), headers, goal) in [
            (list, vec![api], &p50(3.0) as &dyn Fn(&Page) -> String),
            (list, vec![api, gzip], &p50(3.0)),
            (list_of_others, vec![api], &|_| "–".to_owned()),
            (list_of_others, vec![api, gzip], &|_| "–".to_owned()),
            (dashboard, vec![page], &p50(15.0)),
            (dashboard, vec![page, gzip], &p50_and_size),
        ] {
            let form = if headers.contains(&gzip) { "gzip" } else { "plain" };
            let mut row = vec![engine.name().to_owned(), name.to_owned(), form.to_owned()];
            row.extend(match ask(process.addr, target, &headers, between, &mut database).await? {
                Answer::Page(page) => [
                    format!("{:.1}", page.kilobytes),
                    format!("{:.2}", page.millis.median()),
                    format!("{:.2}", page.millis.quantile(0.99)),
                    goal(&page),
                ],
                Answer::Refused(status) => {
                    let words = format!("this version answers {status}");
                    ["–".to_owned(), "–".to_owned(), "–".to_owned(), words]
                }
            });
            rows.push(row);
        }
        drop(database);
        process.stop().await?;
        installation.remove().await?;
    }
    section.table(&["Engine", "Page", "Form", "kB", "p50 ms", "p99 ms", "Goal"], &rows);
    Ok(section)
}

struct Page {
    kilobytes: f64,
    millis: Spread,
}

/// What happens between one request and the next.
#[derive(Clone, Copy)]
enum Between {
    Nothing,
    /// Each check is written as a ping writes it, so that nothing of an older answer is of use.
    Pings,
}

enum Answer {
    Page(Page),
    Refused(u16),
}

async fn ask(
    addr: SocketAddr,
    target: &str,
    headers: &[(&str, &str)],
    between: Between,
    database: &mut Database,
) -> anyhow::Result<Answer> {
    const PING: &str = "UPDATE checks SET n_pings = n_pings + 1, last_ping_at = last_ping_at + 1000000";
    let mut millis = Spread::default();
    let mut length = 0;
    let asked = request("GET", target, headers, b"");
    // Room that was used before: what a client does with an answer is not measured.
    let mut answer = Vec::new();
    for _ in 0..REQUESTS {
        if matches!(between, Between::Pings) {
            database.execute(PING).await?;
        }
        let begun = Instant::now();
        exchange(addr, &asked, &mut answer).await?;
        millis.add(begun.elapsed().as_secs_f64() * 1e3);
        let reply = parsed(&answer)?;
        if reply.status != 200 {
            return Ok(Answer::Refused(reply.status));
        }
        length = reply.body.len();
    }
    Ok(Answer::Page(Page { kilobytes: float(i64::try_from(length)?) / 1e3, millis }))
}

/// Signs in; gives the cookie.
async fn sign_in(addr: SocketAddr) -> anyhow::Result<String> {
    let form = format!("email=bench@example.org&password={}&next=/", PASSWORD.replace(' ', "+"));
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let reply = send(addr, &request("POST", "/login", &headers, form.as_bytes())).await?;
    ensure!(reply.status == 303, "signing in was answered {}", reply.status);
    let cookie = reply.header("set-cookie").context("signing in gave no cookie")?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}
