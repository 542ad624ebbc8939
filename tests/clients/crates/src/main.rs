//! Drives the crate `healthchecks`: checks, lists and pings, and what it makes of refusals.
use std::env::var;
use std::error::Error;

use healthchecks::errors::HealthchecksApiError as Refused;
use healthchecks::manage::{ManageClient, UpsertResult, get_client_with_url};
use healthchecks::model::{NewCheck, UpdatedCheck};
use healthchecks::ping;
use uuid::Uuid;

type Ended = Result<(), Box<dyn Error>>;

const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

fn connect(key: &str) -> Result<ManageClient, Box<dyn Error>> {
    let url = format!("{}/api/{}", var("BASE")?, var("VERSION")?);
    Ok(get_client_with_url(var(key)?, None, url)?)
}

fn named(name: &str) -> NewCheck {
    NewCheck { name: Some(name.to_owned()), ..NewCheck::default() }
}

/// Leaves the checks `kept` and `paused`; gives the UUID of the former.
fn manage(api: &ManageClient) -> Result<String, Box<dyn Error>> {
    let wanted = NewCheck {
        tags: Some("db prod".to_owned()),
        desc: Some("nightly".to_owned()),
        timeout: Some(3600),
        grace: Some(300),
        channels: Some("*".to_owned()),
        ..named("kept")
    };
    let made = api.create_check(wanted.clone())?;
    assert_eq!((made.name.as_str(), made.status.as_str(), made.timeout), ("kept", "new", Some(3600)));
    let id = made.id().ok_or("no ping URL")?;
    let again =
        NewCheck { grace: Some(600), unique: Some(vec!["name".to_owned(), "tags".to_owned()]), ..wanted };
    let (result, found) = api.upsert_check(again)?;
    assert!(matches!(result, UpsertResult::Updated));
    assert_eq!((found.id().as_deref(), found.grace), (Some(id.as_str()), 600));

    let cron = NewCheck {
        schedule: Some("0 3 * * *".to_owned()),
        tz: Some("Asia/Shanghai".to_owned()),
        ..named("paused")
    };
    let (result, other) = api.upsert_check(cron)?;
    assert!(matches!(result, UpsertResult::Created));
    let other = other.id().ok_or("no ping URL")?;
    let weekly = UpdatedCheck {
        desc: Some("weekly".to_owned()),
        schedule: Some("0 3 * * 7".to_owned()),
        ..UpdatedCheck::default()
    };
    assert_eq!(api.update_check(weekly, &other)?.schedule.as_deref(), Some("0 3 * * 7"));
    assert_eq!(api.pause(&other)?.status, "paused");
    assert_eq!(api.get_check(&other)?.desc, "weekly");

    let gone = api.create_check(named("gone"))?.id().ok_or("no ping URL")?;
    assert_eq!(api.delete(&gone)?.name, "gone");
    assert!(matches!(api.get_check(&gone), Err(Refused::NoCheckFound(_))));
    assert!(matches!(api.pause(NOBODY), Err(Refused::NoCheckFound(_))));
    // It sends a text where the API wants true or false.
    let text_for_bool = NewCheck { manual_resume: Some("true".to_owned()), ..named("never") };
    assert!(matches!(api.create_check(text_for_bool), Err(Refused::NotWellFormed)));
    let mut names: Vec<String> = api.get_checks()?.into_iter().map(|check| check.name).collect();
    names.sort();
    assert_eq!(names, ["kept", "paused"]);
    let channels: Vec<(String, String)> =
        api.get_channels()?.into_iter().map(|channel| (channel.name, channel.kind)).collect();
    assert_eq!(channels, [("ops".to_owned(), "webhook".to_owned())]);
    Ok(id)
}

fn ping(api: &ManageClient, id: &str) -> Ended {
    let job = ping::get_client_with_url(id, &format!("{}/ping", var("BASE")?))?;
    let run: Uuid = NOBODY.parse()?;
    assert!(job.start_timer_with_run_id(Some(&run)));
    assert!(job.report_success_with_run_id(Some(&run)));
    assert!(job.start_timer());
    assert!(job.report_failure_with_logs("磁盘已满\n"));
    assert!(job.report_success());
    let job = job.set_user_agent("nightly/1.0");
    assert!(job.report_failure_with_logs_and_run_id("lost", Some(&run)));
    assert!(job.report_failure());
    let nobody = ping::get_client_with_url(NOBODY, &format!("{}/ping", var("BASE")?))?;
    assert!(!nobody.report_success(), "an unknown check is told");

    let pings = api.list_logged_pings(id)?;
    let told: Vec<(&str, bool)> =
        pings.iter().rev().map(|ping| (ping.type_field.as_str(), ping.duration.is_some())).collect();
    assert_eq!(
        told,
        [
            ("start", false),
            ("success", true),
            ("start", false),
            ("fail", true),
            ("success", false),
            ("fail", false),
            ("fail", false),
        ]
    );
    // It expects a bare list, which Healthchecks does not send either.
    assert!(matches!(api.list_status_changes(id), Err(Refused::Io { .. })));
    assert!(matches!(api.list_status_changes(NOBODY), Err(Refused::NoCheckFound(_))));
    Ok(())
}

fn read_only(api: &ManageClient) -> Ended {
    let kept = api.get_checks()?.into_iter().find(|check| check.name == "kept").ok_or("it is not listed")?;
    assert_eq!(kept.id(), None);
    let key = kept.unique_key.ok_or("no unique key")?;
    assert_eq!(api.get_check(&key)?.name, "kept");
    assert!(matches!(api.create_check(named("never")), Err(Refused::InvalidApiKey)));
    assert!(matches!(api.get_channels(), Err(Refused::PossibleReadOnlyKey)));
    assert!(matches!(api.pause(NOBODY), Err(Refused::PossibleReadOnlyKey)));
    Ok(())
}

fn main() -> Ended {
    let api = connect("WRITE")?;
    let id = manage(&api)?;
    ping(&api, &id)?;
    read_only(&connect("READ")?)?;
    assert!(matches!(connect("WRONG")?.get_checks(), Err(Refused::InvalidApiKey)));
    Ok(())
}
