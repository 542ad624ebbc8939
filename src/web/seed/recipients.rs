//! `notify_to`: the addresses that a service's mails go to, which are email channels here.
use super::caller::Caller;
use super::refusal::Refusal;
use crate::core::access::Action;
use crate::notify::{self, consent};
use crate::store::channels::{self, Channel, New, Settings};
use crate::store::checks::Channels;
use crate::store::users;
use crate::web::AppState;

/// Most addresses of one service.
const MAX_ADDRESSES: usize = 20;
/// Most channels that a project may have when addresses make another one.
const MAX_CHANNELS: usize = 200;
/// Longest name of a channel, in characters.
const MAX_NAME: usize = 100;

const FIELD: &str = "notify_to";
const EMAIL: &str = "email";

/// Where an email channel sends to, in the form in which addresses are compared.
fn address(channel: &Channel) -> Option<String> {
    let to = channel.settings().get("to").cloned().unwrap_or_default();
    is_mail(channel).then(|| to.to_lowercase())
}

/// Whether a channel is one of those that `notify_to` speaks of.
pub(super) fn is_mail(channel: &Channel) -> bool {
    channel.kind == EMAIL
}

/// The addresses of a check that notifies these channels of its project.
pub(super) fn shown(known: &[Channel], notified: impl Fn(&Channel) -> bool) -> String {
    let mut addresses: Vec<String> = Vec::new();
    for to in known.iter().filter(|channel| notified(channel)).filter_map(address) {
        if !addresses.contains(&to) {
            addresses.push(to);
        }
    }
    addresses.join(";")
}

/// Reads addresses with `;` between them.
pub(super) fn read(text: &str) -> Result<Vec<String>, String> {
    let mut addresses: Vec<String> = Vec::new();
    for part in text.split([';', '；']).map(str::trim).filter(|part| !part.is_empty()) {
        let address = users::normal_email(part)
            .ok_or_else(|| format!("\"{}\" is not a mail address.", notify::alert::one_line(part)))?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.len() > MAX_ADDRESSES {
        return Err(format!("Ensure there are no more than {MAX_ADDRESSES} addresses."));
    }
    Ok(addresses)
}

/// The channels of a check that notifies these, once it is to mail to exactly these addresses. An address without a
/// channel gets one, from persons who may make channels: a key that got lost must not send mail to anybody.
pub(super) async fn channels(
    state: &AppState,
    caller: &Caller,
    project: i64,
    addresses: &[String],
    notified: impl Fn(&Channel) -> bool,
) -> Result<Channels, Refusal> {
    let known = channels::list(&state.db, project).await?;
    let wanted = |channel: &Channel| address(channel).is_none_or(|to| addresses.contains(&to));
    let mut kept: Vec<&Channel> =
        known.iter().filter(|channel| notified(channel) && wanted(channel)).collect();
    let mut missing = Vec::new();
    for to in addresses {
        let mails_there = |channel: &&Channel| address(channel).as_ref() == Some(to);
        if kept.iter().any(&mails_there) {
            continue;
        }
        match known.iter().find(mails_there) {
            Some(channel) => kept.push(channel),
            None => missing.push(to),
        }
    }
    let mut ids: Vec<i64> = kept.iter().map(|channel| channel.id).collect();
    if missing.is_empty() {
        return Ok(Channels::These(ids));
    }
    caller.permit(&state.db, project, Action::EditChannels).await?;
    if !caller.is_person() {
        let words = "An API key makes no channels; add one for this address on the dashboard first.";
        return Err(Refusal::field(FIELD, words));
    }
    if known.len() + missing.len() > MAX_CHANNELS {
        let words = format!("The project has {} channels; delete some before adding addresses.", known.len());
        return Err(Refusal::field(FIELD, words));
    }
    for address in missing {
        ids.push(make(state, caller, project, address).await?);
    }
    Ok(Channels::These(ids))
}

/// Makes an email channel; gives its id.
async fn make(state: &AppState, caller: &Caller, project: i64, address: &str) -> Result<i64, Refusal> {
    let given = Settings::from([("to".to_owned(), address.to_owned())]);
    let driver = notify::driver(EMAIL).ok_or_else(|| Refusal::field(FIELD, "There are no mails here."))?;
    let settings = notify::accept(driver, &given, &state.post.outbound)
        .await
        .map_err(|error| Refusal::field(FIELD, error.to_string()))?;
    let name: String = address.chars().take(MAX_NAME).collect();
    let asks = consent::must_ask(&state.db, project, EMAIL, &settings).await?;
    if asks && state.guesses.may_ask(project, address, state.now()).is_err() {
        let words =
            format!("Too many mails asked {address} lately whether they want alerts; try again later.");
        return Err(Refusal::field(FIELD, words));
    }
    let new = New { kind: EMAIL, name: &name, settings: &settings, language: caller.lang.code(), asks };
    Ok(channels::create(&state.db, project, &new, false, state.now()).await?.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_between_semicolons() {
        assert_eq!(read(" a@b.org;;A@B.org； c@d.org ").unwrap(), ["a@b.org", "c@d.org"]);
        assert!(read("").unwrap().is_empty());
        assert!(read("a@b.org, c@d.org").is_err());
        let many: Vec<String> = (0..21).map(|n| format!("a{n}@b.org")).collect();
        assert!(read(&many.join(";")).is_err());
    }
}
