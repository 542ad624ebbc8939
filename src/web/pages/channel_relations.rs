//! The part of a channel's form that is about other channels and time: members, fallback, canary.
use crate::i18n::{Lang, zone_or_utc};
use crate::notify::{canary, driver};
use crate::store::channels::{self, Channel, GROUP};
use crate::store::{Db, StoreError, canaries};
use crate::web::AppState;
use crate::web::extract::Fields;

/// What a form says of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The id of the fallback; empty: none.
    fallback: String,
    canary: bool,
}

/// How the form shows them.
pub(super) struct Relations {
    pub is_group: bool,
    pub members: Vec<Other>,
    /// None but for channels that could have one.
    pub fallbacks: Vec<Other>,
    pub canary: bool,
    /// When the next one is due, in words.
    pub canary_hint: String,
}

/// Another channel of the project.
pub(super) struct Other {
    pub uuid: String,
    pub name: String,
    pub kind: String,
    pub chosen: bool,
}

impl Asked {
    /// What is stored.
    pub(super) async fn of(db: &Db, channel: &Channel) -> Result<Self, StoreError> {
        let all = channels::list(db, channel.project_id).await?;
        let fallback = all.into_iter().find(|other| Some(other.id) == channel.fallback_id);
        Ok(Self {
            fallback: fallback.map(|fallback| fallback.uuid).unwrap_or_default(),
            canary: channel.canary_at().is_some(),
        })
    }

    pub(super) fn read(fields: &Fields) -> Self {
        Self { fallback: fields.get("fallback").to_owned(), canary: fields.has("canary") }
    }

    /// Saves what is asked for a channel. What the form does not offer is left out.
    pub(super) async fn save(&self, state: &AppState, channel: &Channel) -> Result<(), StoreError> {
        if channel.kind == GROUP {
            return Ok(());
        }
        let all = channels::list(&state.db, channel.project_id).await?;
        let fallback = all.iter().find(|other| other.uuid == self.fallback).map(|other| other.id);
        channels::set_fallback(&state.db, channel.id, fallback).await?;
        match (self.canary, channel.canary_at()) {
            (true, None) => {
                let next = canary::next(&channel.uuid, state.now());
                canaries::set(&state.db, channel.id, Some(next)).await
            }
            (false, Some(_)) => canaries::set(&state.db, channel.id, None).await,
            _ => Ok(()),
        }
    }
}

/// Draws them. `members`: the ids that the form holds for a group.
pub(super) async fn draw(
    state: &AppState,
    l: Lang,
    project_id: i64,
    kind: &str,
    channel: Option<&Channel>,
    members: &str,
    asked: &Asked,
) -> Result<Relations, StoreError> {
    let is_group = kind == GROUP;
    let all = channels::list(&state.db, project_id).await?;
    let others =
        || all.iter().filter(|other| other.kind != GROUP && channel.is_none_or(|own| own.id != other.id));
    let shown = |other: &Channel, chosen: bool| {
        let word = l.t(&format!("channel-kind-{}", other.kind));
        // Two of one name are told apart by where they send.
        let is_twin = all.iter().any(|twin| twin.id != other.id && twin.name == other.name);
        let target = driver(&other.kind).filter(|_| is_twin).map(|driver| (driver.target)(&other.settings()));
        Other {
            uuid: other.uuid.clone(),
            name: other.name.clone(),
            kind: match target {
                Some(target) if !target.is_empty() => format!("{word}, {target}"),
                _ => word,
            },
            chosen,
        }
    };
    let member = |other: &Channel| members.lines().any(|uuid| uuid == other.uuid);
    let at = channel.and_then(Channel::canary_at);
    Ok(Relations {
        is_group,
        members: others().filter(|_| is_group).map(|other| shown(other, member(other))).collect(),
        fallbacks: others()
            .filter(|_| !is_group)
            .map(|other| shown(other, other.uuid == asked.fallback))
            .collect(),
        canary: asked.canary,
        canary_hint: match at {
            Some(at) => l.ta("channel-canary-next", &[("at", &l.moment(at, &zone_or_utc("UTC"), false))]),
            None => l.t("channel-canary-hint"),
        },
    })
}
