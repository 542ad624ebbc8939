//! History is bounded, by count and by age, and loses nothing that is still needed.
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::{Maibo, now, until};

const DAY: i64 = 86_400_000_000;

/// The numbers of a check's pings that are stored, and along the chain from the newest.
fn numbers(maibo: &Maibo, uuid: &str) -> (Vec<i64>, Vec<i64>) {
    let stored: Vec<(i64,)> = maibo.rows(&format!(
        "SELECT p.n FROM pings p JOIN checks c ON c.id = p.check_id WHERE c.uuid = '{uuid}' ORDER BY p.n DESC"
    ));
    let chain: Vec<(i64,)> = maibo.rows(&format!(
        "WITH RECURSIVE chain(id, n) AS (
            SELECT p.prev_id, p.n FROM checks c JOIN pings p ON p.id = c.last_ping_id WHERE c.uuid = '{uuid}'
            UNION ALL SELECT p.prev_id, p.n FROM chain JOIN pings p ON p.id = chain.id)
        SELECT n FROM chain"
    ));
    let flat = |rows: Vec<(i64,)>| rows.into_iter().map(|(n,)| n).collect();
    (flat(stored), flat(chain))
}

fn kept(numbers: impl Iterator<Item = i64>) -> (Vec<i64>, Vec<i64>) {
    let numbers: Vec<i64> = numbers.collect();
    (numbers.clone(), numbers)
}

#[test]
fn what_is_beyond_its_count_or_its_age_goes_and_the_rest_stays() {
    let gone_robot = HttpSink::start([], Answer::status(500));
    let mut maibo = Maibo::new();
    let url = format!("url_down={}", gone_robot.url("/hook"));
    maibo.channel("webhook", "hook", &[&url]);
    let busy = maibo.check("busy", &["--every", "1h"]);
    let quiet = maibo.check("quiet", &["--every", "1h"]);
    let old = maibo.check("old", &["--every", "1h"]);
    let flapping = maibo.check("flapping", &["--every", "1h"]);
    let waiting = maibo.check("waiting", &["--every", "1h", "--channel", "hook"]);
    let deleted = maibo.check("deleted", &["--every", "1h"]);
    maibo.serve();
    for n in 0..25 {
        assert_eq!(maibo.post(&busy, format!("run {n}").as_bytes()).status, 200);
        maibo.ping_ok(&format!("{flapping}/{}", if n % 2 == 0 { "fail" } else { "0" }));
        maibo.ping_ok(&deleted);
    }
    for _ in 0..3 {
        maibo.ping_ok(&quiet);
        maibo.ping_ok(&old);
    }
    maibo.ping_ok(&format!("{waiting}/fail"));
    gone_robot.wait_for(1);
    maibo.ping_ok(&waiting);
    maibo.stop();
    // As time and a crash might have left it.
    let long_ago = now().timestamp_micros() - 31 * DAY;
    maibo.execute(&format!(
        "UPDATE pings SET at = {long_ago} WHERE check_id IN (SELECT id FROM checks WHERE uuid = '{old}')"
    ));
    maibo.execute(&format!("UPDATE flips SET at = {long_ago}"));
    maibo.execute(&format!("DELETE FROM checks WHERE uuid = '{deleted}'"));
    maibo.execute("DELETE FROM installation WHERE name = 'history_pass'");

    let mut maibo = maibo.with("MAIBO_HISTORY_PINGS", "10").with("MAIBO_HISTORY_DAYS", "30");
    maibo.serve();
    until("history was gone through", || maibo.log().contains("old history deleted"));
    assert_eq!(numbers(&maibo, &busy), kept((16..=25).rev()));
    assert_eq!(numbers(&maibo, &quiet), kept((1..=3).rev()));
    assert_eq!(numbers(&maibo, &old), kept(3..=3), "the newest stays");
    assert_eq!(
        maibo.number("SELECT COUNT(*) FROM pings"),
        10 + 3 + 1 + 10 + 2,
        "nothing of the deleted check"
    );
    assert_eq!(maibo.number("SELECT COUNT(*) FROM ping_bodies"), 10);
    let flips = |uuid: &str| {
        maibo.number(&format!(
            "SELECT COUNT(*) FROM flips f JOIN checks c ON c.id = f.check_id WHERE c.uuid = '{uuid}'"
        ))
    };
    assert_eq!(flips(&flapping), 1, "all are old, the newest stays");
    assert_eq!(flips(&waiting), 2, "still to be told");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'"), 2);
    // And life goes on.
    maibo.ping_ok(&busy);
    assert_eq!(numbers(&maibo, &busy), kept((16..=26).rev()));
}
