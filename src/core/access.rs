//! Who may do what in a project. Every page and every call asks here.

/// A person's part in one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Works with checks and channels.
    Member,
    /// Also the keys and the project itself.
    Owner,
}

/// Something a person wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at checks, their history and the list of channels.
    View,
    /// Add, edit, pause, resume or delete a check.
    EditChecks,
    /// Add, edit, test or delete a channel: its settings hold secrets.
    EditChannels,
    /// Make and revoke keys, rename the project.
    EditProject,
}

/// Whether `role` allows `action`. No role, no access.
#[must_use]
pub fn allows(role: Option<Role>, action: Action) -> bool {
    let needed = match action {
        Action::View => Role::Viewer,
        Action::EditChecks | Action::EditChannels => Role::Member,
        Action::EditProject => Role::Owner,
    };
    role.is_some_and(|role| role >= needed)
}

impl Role {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// The role with this stored name; an unknown name is no role at all.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Member, Self::Owner].into_iter().find(|role| role.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_sees_nothing_and_a_viewer_changes_nothing() {
        assert!(!allows(None, Action::View));
        assert!(allows(Some(Role::Viewer), Action::View));
        assert!(!allows(Some(Role::Viewer), Action::EditChecks));
        assert!(!allows(Role::named("root"), Action::View));
        assert!(allows(Some(Role::Owner), Action::EditChannels));
        assert!(!allows(Some(Role::Member), Action::EditProject));
        assert!(allows(Some(Role::Owner), Action::EditProject));
    }
}
