//! `maibo user`: people who sign in.
use std::io::BufRead as _;
use std::io::IsTerminal as _;

use clap::Subcommand;
use secrecy::SecretString;

use super::{Cx, conflict, print, say};
use crate::auth::password;
use crate::i18n::Lang;
use crate::store::projects;
use crate::store::users::{self, MAX_PASSWORD, MIN_PASSWORD};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a user; the first one owns the project `default` and voids the set-up link. Prints the address
    Create {
        #[arg(long)]
        email: String,
        /// Read the password from stdin: one line, without its newline
        #[arg(long)]
        password_stdin: bool,
        /// Project that a later user becomes a member of
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
    },
    /// Set a forgotten password; signs the user out everywhere
    Password {
        #[arg(long)]
        email: String,
        /// Read the password from stdin: one line, without its newline
        #[arg(long)]
        password_stdin: bool,
    },
}

pub(super) async fn run(cx: &Cx, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create { email, password_stdin, project } => {
            let email = users::normal_email(&email)
                .ok_or_else(|| anyhow::anyhow!("`{}` is not a mail address", email.trim()))?;
            let project = cx.project(&project).await?;
            if users::by_email(&cx.db, &email).await?.is_some() {
                anyhow::bail!("there is already a user {email}; `maibo user password` sets a new password");
            }
            let hash = password::hash(read_password(password_stdin)?).await?;
            let lang = std::env::var("LANG").ok().and_then(|lang| Lang::named(&lang)).unwrap_or_default();
            users::create(&cx.db, &email, &hash, lang.code(), project.id, false, cx.clock.now())
                .await
                .map_err(|error| conflict(error, "there is already a user with this address"))?;
            print(&email)?;
        }
        Command::Password { email, password_stdin } => {
            let known = match users::normal_email(&email) {
                Some(email) => users::by_email(&cx.db, &email).await?,
                None => None,
            };
            let user = known.ok_or_else(|| anyhow::anyhow!("there is no user {}", email.trim()))?;
            let hash = password::hash(read_password(password_stdin)?).await?;
            users::set_password(&cx.db, user.id, &hash).await?;
            say("The password is set; all sessions of this user have ended.");
        }
    }
    Ok(())
}

fn read_password(from_stdin: bool) -> anyhow::Result<SecretString> {
    let text = if from_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\n', '\r']).to_owned()
    } else {
        anyhow::ensure!(
            std::io::stdin().is_terminal(),
            "no terminal to ask for a password; pipe it in with --password-stdin"
        );
        let first = rpassword::prompt_password("Password: ")?;
        anyhow::ensure!(first == rpassword::prompt_password("Again: ")?, "the two passwords differ");
        first
    };
    let chars = text.chars().count();
    anyhow::ensure!(chars >= MIN_PASSWORD, "the password has fewer than {MIN_PASSWORD} characters");
    anyhow::ensure!(chars <= MAX_PASSWORD, "the password has more than {MAX_PASSWORD} characters");
    Ok(text.into())
}
