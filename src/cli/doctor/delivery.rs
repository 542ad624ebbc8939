//! Whether alerts would arrive: mail, channels, the queue; and whether there are backups. Nothing is sent.
use super::Report;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::{Span, Time, span};
use crate::mail::Probe;
use crate::net::egress::Outbound;
use crate::notify::consent::UNSUBSCRIBED;
use crate::notify::{self, Driver};
use crate::scheduler::backups::{names, newest};
use crate::store::channels::Channel;
use crate::store::consents::State;
use crate::store::projects;
use crate::store::{Db, StoreError, channels, condition, installation, outbox};

/// How old an alert that waits may be before it is worth a word, and before it is a fault.
const SLOW: Span = Span::minutes(5);
const STUCK: Span = Span::hours(1);
/// How far back alerts that were given up are counted.
const LATELY: Span = Span::days(7);

/// Everything that the database knows about delivery.
pub(super) async fn look(report: &mut Report, config: &Config, db: &Db, clock: &dyn Clock) {
    let looked = async {
        let kinds = channels_of_all(report, config, db).await?;
        mail(report, config, kinds.iter().filter(|kind| *kind == "email").count()).await;
        let (count, names) = condition::silent_checks(db).await?;
        if count > 0 {
            let more = if count > 3 { ", …" } else { "" };
            report.warn(
                "checks",
                format!("{count} would go down and tell nobody: {}{more}", names.join(", ")),
                "choose channels that work for them on their pages",
            );
        } else {
            report.ok("checks", "each that is not paused has a channel that works");
        }
        queue(report, db, clock.now()).await?;
        let failure = installation::get(db, installation::BACKUP_FAILURE).await?;
        if let Some(failure) = failure.filter(|text| !text.is_empty() && config.backup_folder.is_some()) {
            report.fail(
                "backups",
                format!("the last one failed: {failure}"),
                "make its folder writable, or free some room",
            );
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = looked.await {
        report.fail("database", error.to_string(), super::advice(&error));
    }
}

/// Looks at each channel; gives the kinds of all.
async fn channels_of_all(report: &mut Report, config: &Config, db: &Db) -> Result<Vec<String>, StoreError> {
    const ABOUT: &str = "channel";
    let outbound = Outbound::new(&config.outbound_allow);
    let mut kinds = Vec::new();
    for project in projects::list(db).await? {
        let attempts = outbox::last_attempts(db, project.id).await?;
        let hollow = channels::hollow_groups(db, project.id).await?;
        for channel in channels::list(db, project.id).await? {
            let name = format!("{} `{}` of {}", channel.kind, channel.name, project.name);
            let last = attempts.iter().find(|attempt| attempt.channel_id == channel.id);
            let Some(driver) = notify::driver(&channel.kind) else {
                report.fail(
                    ABOUT,
                    format!("{name}: this version has no such kind"),
                    "start the version that made it",
                );
                kinds.push(channel.kind);
                continue;
            };
            if let Some(refusal) = refusal(&outbound, driver, &channel) {
                let advice = "add its network to MAIBO_OUTBOUND_ALLOW, or correct the channel";
                report.warn(ABOUT, format!("{name} cannot be reached: {refusal}"), advice);
            }
            if driver.kind == "shell" && !config.shell_channels {
                let advice = "set MAIBO_SHELL_CHANNELS=true, or delete the channel";
                report.warn(
                    ABOUT,
                    format!("{name} runs commands, which are off: its alerts are lost"),
                    advice,
                );
            }
            if channel.consent() == Some(State::Asked) {
                let what = format!("{name} waits until its recipient confirms the address");
                report.warn(ABOUT, what, "its alerts wait for a day; its page can ask again");
            } else if channel.consent() == Some(State::Withdrawn) {
                let what = format!("{name}: {UNSUBSCRIBED}");
                report.fail(ABOUT, what, "its page can ask them again; or choose another channel");
            } else if hollow.contains(&channel.id) {
                let what = format!("{name} reaches nobody: none of its members works");
                report.fail(ABOUT, what, "choose other members, or mend one");
            } else if !channel.broken.is_empty() {
                let advice = "correct its settings, then send a test with `maibo channel test`";
                report.fail(ABOUT, format!("{name} no longer works: {}", channel.broken), advice);
            } else if let Some(attempt) = last.filter(|attempt| attempt.outcome != "sent") {
                let at = attempt.at().format("%Y-%m-%d %H:%M UTC");
                let advice = "the check's page shows each attempt; `maibo channel test` tries again now";
                report.fail(
                    ABOUT,
                    format!("{name}: the last attempt, {at}, failed: {}", attempt.detail),
                    advice,
                );
            } else if last.is_some() {
                report.ok(ABOUT, format!("{name}: its last message arrived"));
            } else {
                report.ok(ABOUT, format!("{name}: nothing was sent lately"));
            }
            kinds.push(channel.kind);
        }
    }
    if kinds.is_empty() {
        report.warn(
            "channels",
            "there is none: nobody would hear of anything",
            "add one, and send a test with it",
        );
    }
    Ok(kinds)
}

/// Why the address of a channel will not be called, as far as that can be seen without asking for a name.
fn refusal(outbound: &Outbound, driver: &Driver, channel: &Channel) -> Option<String> {
    let settings = (driver.read)(&channel.settings()).ok()?;
    let urls = (driver.urls)(&settings);
    urls.iter().find_map(|(_, url)| outbound.refusal_of(url, driver.hosts)).map(|refusal| refusal.to_string())
}

/// Signs in to the mail server, and sends nothing.
async fn mail(report: &mut Report, config: &Config, channels: usize) {
    const ABOUT: &str = "mail";
    // Settings that cannot be read were told already.
    let Ok(mailer) = config.mailer() else { return };
    if !mailer.is_configured() {
        if channels > 0 {
            let what =
                format!("{channels} email channel(s) and no mail server: their alerts wait, and then die");
            report.fail(ABOUT, what, "set MAIBO_SMTP_URL");
        } else {
            report.ok(ABOUT, "no mail server is set, and no channel needs one");
        }
        return;
    }
    for (words, advice) in mailer.misgivings() {
        report.warn(ABOUT, words, advice);
    }
    match mailer.probe().await {
        Probe::Works => report.ok(ABOUT, "the mail server takes our sign-in; no mail was sent"),
        Probe::Fails { words, advice } => report.fail(ABOUT, words, advice),
    }
}

async fn queue(report: &mut Report, db: &Db, now: Time) -> Result<(), StoreError> {
    const ABOUT: &str = "queue";
    let queue = condition::queue(db, now - LATELY).await?;
    let age = queue.oldest.map_or(Span::zero(), |oldest| now - oldest);
    let what = format!("{} alert(s) wait, the oldest for {}", queue.waiting, span::text(age));
    let advice = "look at the channels above, and whether the server runs";
    if age > STUCK {
        report.fail(ABOUT, what, advice);
    } else if age > SLOW {
        report.warn(ABOUT, what, advice);
    } else {
        report.ok(ABOUT, format!("{} alert(s) wait", queue.waiting));
    }
    if queue.dead > 0 {
        let what = format!(
            "{} alert(s) of the last 7 days were given up, and nobody has looked at them yet",
            queue.dead
        );
        report.warn(ABOUT, what, "mend their channels; the events of a check show which");
    }
    Ok(())
}

/// Whether there are scheduled backups, as their folder tells.
pub(super) fn backups(report: &mut Report, config: &Config, on_file: bool, now: Time) {
    const ABOUT: &str = "backups";
    let Some(folder) = &config.backup_folder else {
        if on_file {
            report.warn(
                ABOUT,
                "none are made by the server",
                "set MAIBO_BACKUP_FOLDER, or run `maibo backup` yourself",
            );
        }
        return;
    };
    if !on_file {
        let what = "MAIBO_BACKUP_FOLDER is set, but the database is on PostgreSQL: the server will not start";
        report.fail(ABOUT, what, "leave it empty and use pg_dump");
        return;
    }
    let every = span::text(config.backup_every);
    let names = match names(folder) {
        Ok(names) => names,
        Err(error) => {
            let what = format!("cannot read {}: {error}", folder.display());
            report.fail(ABOUT, what, "make the folder, for the user that the server runs as");
            return;
        }
    };
    match newest(names.iter().map(String::as_str), now) {
        None => report.fail(
            ABOUT,
            format!("there is none in {}", folder.display()),
            "start the server, and see its log",
        ),
        Some(at) if now - at > config.backup_every + config.backup_every / 2 => report.fail(
            ABOUT,
            format!("the newest is {} old; one is due every {every}", span::text(now - at)),
            "see the server's log",
        ),
        Some(at) => report.ok(ABOUT, format!("the newest is {} old", span::text(now - at))),
    }
}
