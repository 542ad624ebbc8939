//! The members of a group of channels: found among those of its project by their ids or names.
use super::kinds::members;
use super::{Driver, FieldError, Input, Settings};
use crate::store::channels::{self, Channel, GROUP};
use crate::store::{Db, StoreError};

/// Puts the ids of channels in place of whatever names them; for kinds without such a field nothing changes. `Err`
/// within: no channel of the project that could be a member has this name.
pub async fn resolve(
    db: &Db,
    project_id: i64,
    driver: &Driver,
    settings: Settings,
) -> Result<Result<Settings, FieldError>, StoreError> {
    if !driver.fields.iter().any(|field| field.input == Input::Channels) {
        return Ok(Ok(settings));
    }
    let known: Vec<Channel> = channels::list(db, project_id).await?;
    Ok(among(&known, settings))
}

fn among(known: &[Channel], mut settings: Settings) -> Result<Settings, FieldError> {
    let mut ids: Vec<&str> = Vec::new();
    for name in members(&settings) {
        let by_id = known.iter().find(|channel| channel.uuid == name);
        let found = by_id.or_else(|| known.iter().find(|channel| channel.name == name));
        let Some(channel) = found else { return Err(FieldError::new("members", "no-member", name)) };
        if channel.kind == GROUP {
            return Err(FieldError::new("members", "group-in-group", name));
        }
        if !ids.contains(&channel.uuid.as_str()) {
            ids.push(&channel.uuid);
        }
    }
    let ids = ids.join("\n");
    settings.insert("members".to_owned(), ids);
    Ok(settings)
}
