//! A command on Maibo's own machine, where the operator allows it. NOTIFIERS.md §31.
use crate::net::command::Command;
use crate::net::egress::HttpReply;
use crate::notify::alert::Side;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, SHELL, Settings};

pub(super) const DRIVER: Driver = Driver {
    kind: SHELL,
    family: Family::Machine,
    fields: &[Field::new("command_down", Input::Lines), Field::new("command_up", Input::Lines)],
    shared: &[],
    read,
    urls: |_| Vec::new(),
    target: |settings| {
        let command = settings.get("command_down").or_else(|| settings.get("command_up"));
        // The program alone: what follows may be a secret.
        command
            .and_then(|command| command.split_whitespace().next())
            .unwrap_or_default()
            .chars()
            .take(60)
            .collect()
    },
    hosts: &[],
    per_minute: None,
    each: true,
    has_plain: false,
    request: |draft| Ok(request(draft)),
    verdict: |_: &HttpReply| -> Result<Sent, SendError> { Err(SendError::Rejected("not a command".into())) },
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let set = given.iter().map(|(name, value)| (name.clone(), value.trim().to_owned()));
    let settings: Settings = set.filter(|(_, value)| !value.is_empty()).collect();
    if settings.is_empty() {
        return Err(FieldError::new("command_down", "shell-one", ""));
    }
    match settings.iter().find(|(_, value)| value.contains('\0')) {
        Some((name, _)) => Err(FieldError::new(name, "shell-nul", "")),
        None => Ok(settings),
    }
}

fn request(draft: &Draft<'_>) -> Outgoing {
    let (alert, words) = (draft.alert, draft.words);
    let (status, field) = match alert.side {
        Side::Down => ("down", "command_down"),
        Side::Up => ("up", "command_up"),
        Side::Test if draft.get("command_down").is_empty() => ("test", "command_up"),
        Side::Test => ("test", "command_down"),
    };
    let script = draft.get(field);
    if script.is_empty() {
        return Outgoing::Nothing;
    }
    let values = vec![
        ("MAIBO_STATUS", status.to_owned()),
        ("MAIBO_NAME", alert.check.name.clone()),
        ("MAIBO_SLUG", alert.check.slug.clone()),
        ("MAIBO_TAGS", alert.check.tags.clone()),
        ("MAIBO_PROJECT", alert.project.clone()),
        ("MAIBO_AT", alert.now_text()),
        ("MAIBO_LINK", alert.link.clone()),
        ("MAIBO_KEY", alert.key()),
        ("MAIBO_EVENT_ID", alert.event_id.clone()),
        ("MAIBO_TITLE", words.title.clone()),
        ("MAIBO_TEXT", words.text(&alert.link)),
        ("MAIBO_EXIT_STATUS", alert.last.exit_status.map(|status| status.to_string()).unwrap_or_default()),
        ("MAIBO_BODY", alert.last.body.clone()),
    ];
    Outgoing::Command(Box::new(Command { script: script.to_owned(), values }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;

    #[test]
    fn a_side_without_a_command_is_silent_and_names_stay_out_of_the_command() {
        let settings = Settings::from([("command_down".to_owned(), "page \"$MAIBO_NAME\"".to_owned())]);
        let made = |side| {
            let mut alert = alert(side);
            "$(reboot)".clone_into(&mut alert.check.name);
            let words = words(&alert);
            request(&Draft { settings: &settings, alert: &alert, words: &words, now: alert.at, plain: false })
        };
        assert!(matches!(made(Side::Up), Outgoing::Nothing));
        let Outgoing::Command(command) = made(Side::Down) else { panic!("a command is run") };
        assert_eq!(command.script, "page \"$MAIBO_NAME\"");
        assert!(command.values.contains(&("MAIBO_NAME", "$(reboot)".to_owned())));
        assert!(!command.values.iter().any(|(_, value)| value.contains("6f1c9a52")), "no ping address");
    }
}
