//! Gathers what an alert says from the database.
use super::Settings;
use super::alert::{About, Alert, Happened, LastPing, Notice, Side, Why, one_line};
use super::consent;
use crate::core::Time;
use crate::core::schedule::Zone;
use crate::healthchecks;
use crate::i18n::{Lang, zone_or_utc};
use crate::links::Links;
use crate::mime;
use crate::store::channels::Channel;
use crate::store::checks::{self, Check};
use crate::store::flips::{self, Flip};
use crate::store::outbox::{self, Claimed, subject};
use crate::store::projects::Project;
use crate::store::{Db, StoreError, failover, pings, projects};

/// Loads what a message to `channel` about `claimed` says. `None`: everything that it was about is gone.
pub async fn load(
    db: &Db,
    links: &Links,
    channel: &Channel,
    claimed: &[Claimed],
) -> Result<Option<Alert>, StoreError> {
    if let Some(row) = claimed.first().filter(|row| row.check_id.is_none()) {
        return about_no_check(db, links, channel, row).await;
    }
    let lang = Lang::named(&channel.language).unwrap_or_default();
    let mut names = Vec::with_capacity(claimed.len());
    let mut abouts = Vec::new();
    let mut first = None;
    // Where both sides are told together, the recovery is the news.
    let back = claimed.iter().any(|row| row.kind == "up");
    for row in claimed.iter().filter(|row| !back || row.kind == "up") {
        let Some(found) = subject(db, row).await? else { continue };
        names.push(display_name(&found.check, lang));
        if abouts.len() < TOLD_IN_FULL {
            let channels = checks::channel_uuids(db, found.check.id).await?.join(",");
            let json = healthchecks::text(&found.check, &channels, links, found.flip.at());
            abouts.push(about(&found.check, lang, json));
        }
        first.get_or_insert((row, found));
    }
    let Some((row, found)) = first else { return Ok(None) };
    let (check, flip) = (&found.check, &found.flip);
    let side = if row.kind == "up" { Side::Up } else { Side::Down };
    let began = if side == Side::Up { flip.since() } else { flip.at() };
    let project = projects::by_id(db, check.project_id).await?;
    let link = match names.len() {
        1 => links.check(check.code()),
        _ => links.to("/"),
    };
    Ok(Some(Alert {
        side,
        event_id: format!("{}.{}", flip.id, channel.uuid),
        outage_id: Some(format!("outage.{}.{}.{}", check.id, began.timestamp_micros(), channel.uuid)),
        at: flip.at(),
        lang,
        zone: zone(&channel.settings()).unwrap_or_else(|| zone_or_utc(&check.spec().tz)),
        project: project.map(|project| project.name).unwrap_or_default(),
        check: together(abouts, names.len()),
        event: Some(happened(flip)),
        blackout: found.blackout,
        last: last_ping(db, check, flip).await?,
        link,
        unsubscribe: consent::link(db, links, channel, consent::Answer::Unsubscribe).await?,
        names,
        untold: untold(db, claimed, row).await?,
        note: note(db, channel, row).await?,
        quiet: false,
        notice: None,
    }))
}

/// Why the check went down that `up` says is back, when the same message tells of both.
async fn untold(db: &Db, claimed: &[Claimed], up: &Claimed) -> Result<Option<Why>, StoreError> {
    let down =
        claimed.iter().find(|row| up.kind == "up" && row.kind == "down" && row.check_id == up.check_id);
    let Some(row) = down else { return Ok(None) };
    Ok(subject(db, row).await?.map(|found| why(&found.flip)))
}

/// What there is to be said about an alert that stands in for another.
async fn note(db: &Db, channel: &Channel, row: &Claimed) -> Result<Option<String>, StoreError> {
    let Some(origin) = row.origin_id else { return Ok(None) };
    let Some((failed, reason)) = failover::why(db, origin).await? else { return Ok(None) };
    let failed = outbox::channel(db, failed).await?;
    Ok(failed.map(|failed| instead_of(channel, &failed, &reason)))
}

/// A canary or a notice. `None`: there is nothing to be told any more.
async fn about_no_check(
    db: &Db,
    links: &Links,
    channel: &Channel,
    row: &Claimed,
) -> Result<Option<Alert>, StoreError> {
    let project = projects::by_id(db, channel.project_id).await?;
    let project = project.map(|project| project.name).unwrap_or_default();
    let (at, id) = (row.since(), format!("{}-{}", row.kind, row.id));
    if row.kind == "canary" {
        return Ok(Some(canary(channel, &project, links, at, &id)));
    }
    let Some(dead) = row.about_id else { return Ok(None) };
    // Whoever has mended it meanwhile need not be told.
    let dead = outbox::channel(db, dead).await?.filter(|dead| !dead.broken.is_empty());
    Ok(dead.map(|dead| channel_died(channel, &dead, &dead.broken, &project, links, at, &id)))
}

/// Checks of one message that are described in full; of more, the number is told.
const TOLD_IN_FULL: usize = 100;

/// One description for a message about several checks: every value holds those of all, separated by commas, and the
/// JSON is an array, so that a program hears of each.
fn together(mut abouts: Vec<About>, all: usize) -> About {
    if abouts.len() < 2 {
        return abouts.pop().unwrap_or_default();
    }
    let join = |value: fn(&About) -> &str, separator: &str| {
        abouts.iter().map(value).collect::<Vec<_>>().join(separator)
    };
    let mut name = join(|about| &about.name, ", ");
    if all > abouts.len() {
        name = format!("{name}, +{}", all - abouts.len());
    }
    let mut tags: Vec<&str> = abouts.iter().flat_map(|about| about.tags.split_whitespace()).collect();
    tags.sort_unstable();
    tags.dedup();
    About {
        uuid: join(|about| &about.uuid, ","),
        slug: join(|about| &about.slug, ","),
        tags: tags.join(" "),
        json: format!("[{}]", join(|about| &about.json, ",")),
        grace: abouts.first().map(|about| about.grace).unwrap_or_default(),
        name,
    }
}

/// The zone that a channel's messages are to tell times in; without one it is the check's.
#[must_use]
pub fn zone(settings: &Settings) -> Option<Zone> {
    Zone::named(settings.get("time_zone")?).ok()
}

/// A message that only shows that the channel works.
#[must_use]
pub fn test(channel: &Channel, project: &str, links: &Links, now: Time) -> Alert {
    let id = format!("test-{}.{}", now.timestamp_micros(), channel.uuid);
    of_our_own(channel, project, links, now, Side::Test, id)
}

/// The regular sign of life of a channel that seldom has something to tell. `id` is the same on every try.
#[must_use]
pub fn canary(channel: &Channel, project: &str, links: &Links, now: Time, id: &str) -> Alert {
    let lang = Lang::named(&channel.language).unwrap_or_default();
    let notice = Notice { title: lang.t("alert-title-canary"), sentence: lang.t("alert-canary") };
    let id = format!("{id}.{}", channel.uuid);
    Alert { notice: Some(notice), quiet: true, ..of_our_own(channel, project, links, now, Side::Test, id) }
}

/// Tells through `channel` that another one no longer works. `id` is the same on every try.
#[must_use]
pub fn channel_died(
    channel: &Channel,
    dead: &Channel,
    reason: &str,
    project: &str,
    links: &Links,
    now: Time,
    id: &str,
) -> Alert {
    let lang = Lang::named(&channel.language).unwrap_or_default();
    let name = one_line(&dead.name);
    let notice = Notice {
        title: lang.ta("alert-title-channel-died", &[("name", &name)]),
        sentence: lang.ta("alert-channel-died", &[("name", &name), ("reason", &one_line(reason))]),
    };
    let link = links.to(&format!("/channels/{}", dead.uuid));
    let id = format!("{id}.{}", channel.uuid);
    Alert { notice: Some(notice), link, ..of_our_own(channel, project, links, now, Side::Down, id) }
}

/// Why a message arrives here, when the channel that it was meant for failed. For [`Alert::note`].
#[must_use]
pub fn instead_of(channel: &Channel, failed: &Channel, reason: &str) -> String {
    let lang = Lang::named(&channel.language).unwrap_or_default();
    lang.ta("alert-note-instead", &[("name", &one_line(&failed.name)), ("reason", &one_line(reason))])
}

/// A message that is not about a check.
fn of_our_own(
    channel: &Channel,
    project: &str,
    links: &Links,
    now: Time,
    side: Side,
    event_id: String,
) -> Alert {
    let lang = Lang::named(&channel.language).unwrap_or_default();
    let check = Check::sample(&lang.t("alert-test-name"), now);
    let json = healthchecks::text(&check, "", links, now);
    Alert {
        side,
        event_id,
        outage_id: None,
        at: now,
        lang,
        zone: zone(&channel.settings()).unwrap_or_else(Zone::utc),
        project: project.to_owned(),
        link: links.to("/"),
        unsubscribe: None,
        names: vec![check.name.clone()],
        check: about(&check, lang, json),
        event: None,
        blackout: None,
        last: LastPing::default(),
        untold: None,
        note: None,
        quiet: false,
        notice: None,
    }
}

/// What to call a check. Its ping address is a secret and never stands in for a name.
#[must_use]
pub fn display_name(check: &Check, lang: Lang) -> String {
    [&check.name, &check.slug]
        .into_iter()
        .map(|name| one_line(name))
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| lang.t("check-unnamed"))
}

fn about(check: &Check, lang: Lang, json: String) -> About {
    About {
        uuid: check.code().to_owned(),
        name: display_name(check, lang),
        slug: check.slug.clone(),
        tags: check.tags.clone(),
        grace: check.grace(),
        json,
    }
}

/// Why a flip came about.
#[must_use]
pub fn why(flip: &Flip) -> Why {
    let due = flip.due_at().unwrap_or_else(|| flip.at());
    match flip.reason.as_str() {
        "success" => Why::Back,
        "exit" => Why::Exit(flip.exit_status.unwrap_or_default()),
        "missed" => Why::Missed(due),
        "overrun" => Why::Overrun(due),
        _ => Why::Failed,
    }
}

fn happened(flip: &Flip) -> Happened {
    Happened { why: why(flip), since: flip.since(), heard: flip.heard_at(), missed: flip.missed }
}

async fn last_ping(db: &Db, check: &Check, flip: &Flip) -> Result<LastPing, StoreError> {
    // The ping that caused the flip; by the time of the message hundreds may have followed it.
    let found = match flip.ping_id {
        Some(id) => pings::by_id(db, check.id, id).await?,
        None => pings::last_before(db, check.id, check.last_ping_id, flip.at()).await?,
    };
    let Some(ping) = found else { return Ok(LastPing::default()) };
    let body = pings::body(db, check.id, ping.id).await?.map(crate::store::bodies::StoredBody::unpack);
    let body = body.unwrap_or_default();
    let readable = ping.is_mail().then(|| mime::as_read(&body));
    Ok(LastPing {
        exit_status: ping.exit_status,
        body: String::from_utf8_lossy(&body).into_owned(),
        readable,
    })
}

/// What a channel with these settings would have said about the newest outage, or the newest recovery, of a project.
pub async fn past(
    db: &Db,
    links: &Links,
    project: &Project,
    side: Side,
    lang: Lang,
    settings: &Settings,
) -> Result<Option<Alert>, StoreError> {
    let Some(flip) = flips::newest(db, project.id, side == Side::Up).await? else { return Ok(None) };
    let Some(check) = flips::check_of(db, &flip).await? else { return Ok(None) };
    let about = about(&check, lang, String::new());
    Ok(Some(Alert {
        side,
        event_id: String::new(),
        outage_id: None,
        at: flip.at(),
        lang,
        zone: zone(settings).unwrap_or_else(|| zone_or_utc(&check.spec().tz)),
        project: project.name.clone(),
        names: vec![about.name.clone()],
        check: about,
        event: Some(happened(&flip)),
        blackout: None,
        last: last_ping(db, &check, &flip).await?,
        link: links.check(check.code()),
        untold: None,
        note: None,
        quiet: false,
        unsubscribe: None,
        notice: None,
    }))
}
