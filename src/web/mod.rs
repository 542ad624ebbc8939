//! HTTP: pages for people, JSON for programs.
pub mod api;
pub mod assets;
pub mod badges;
mod body;
mod connection;
pub mod error;
pub mod extract;
pub mod layers;
pub mod maibo_api;
pub mod metrics;
pub mod pages;
pub mod parts;
pub mod routes;
pub mod seed;
pub mod server;
pub mod view;

use std::sync::Arc;

use axum::extract::FromRef;
use ipnet::IpNet;
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;

use crate::auth::throttle::{Throttle, Who};
use crate::auth::verified::Verified;
use crate::clock::Clock;
use crate::core::{Span, Time};
use crate::links::Links;
use crate::meters::Meters;
use crate::notify::post::Post;
use crate::store::Db;
use crate::store::listed::Known;
use crate::wake::Wakes;
use crate::web::api::check_list::Lists;

/// What handlers can reach. Cloning is cheap: every part is a handle.
#[derive(Clone, FromRef)]
pub struct AppState {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub links: Links,
    pub post: Post,
    pub wakes: Wakes,
    pub meters: Arc<Meters>,
    pub proxies: Arc<[IpNet]>,
    pub guesses: Arc<Guesses>,
    /// Passwords that programs send with every call, once they were compared.
    pub verified: Arc<Verified>,
    /// What the addresses of badges are signed with, once it was asked for.
    pub badge_secret: BadgeSecret,
    /// Settings of checks, for lists of them.
    pub known: Arc<Known>,
    /// Lists of the Healthchecks API that were written before.
    pub lists: Arc<Lists>,
    /// For work that no answer waits for, and that a stopping server does.
    pub tasks: TaskTracker,
}

/// Read from the database once.
pub type BadgeSecret = Arc<OnceCell<String>>;

/// Limits on what can be tried again and again.
///
/// Wrong API keys are not counted. A limit that spares right keys stops no guess, one that does not lets a stranger lock
/// out everybody behind the same NAT, and 28 random characters are not guessed.
pub struct Guesses {
    /// Signing in, per address: 10 at once, then one every 30 seconds.
    pub sign_in: Throttle,
    /// Signing in, per account from anywhere: 100 at once, then one a minute. Wide, so that a stranger from one
    /// address cannot lock somebody out who signs in from another.
    pub account: Throttle,
    /// Test messages per person: they cost somebody's patience, or money.
    pub test_send: Throttle,
    /// Mails that ask whether somebody wants alerts, per address: 3 at once, then one an hour. They go to strangers.
    pub ask_address: Throttle,
    /// The same mails per project: 30 at once, then one every 5 minutes.
    pub ask_project: Throttle,
    /// Recording that an API key was used, per key.
    pub key_use: Throttle,
}

impl Guesses {
    /// Counts a mail that asks somebody whether they want alerts. `Err`: how long to wait before the next one.
    pub fn may_ask(&self, project_id: i64, address: &str, now: Time) -> Result<(), Span> {
        self.ask_project.take(Who::Account(project_id.to_string()), now)?;
        self.ask_address.take(Who::Account(address.to_owned()), now)
    }
}

impl AppState {
    #[must_use]
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        post: Post,
        wakes: Wakes,
        meters: Arc<Meters>,
        proxies: Arc<[IpNet]>,
        tasks: TaskTracker,
    ) -> Self {
        let guesses = Guesses {
            sign_in: Throttle::new(10, Span::seconds(30)),
            account: Throttle::new(100, Span::minutes(1)),
            test_send: Throttle::new(10, Span::seconds(10)),
            ask_address: Throttle::new(3, Span::hours(1)),
            ask_project: Throttle::new(30, Span::minutes(5)),
            key_use: Throttle::new(1, Span::minutes(1)),
        };
        Self {
            db,
            clock,
            links: post.links.clone(),
            post,
            wakes,
            meters,
            proxies,
            guesses: Arc::new(guesses),
            verified: Arc::default(),
            badge_secret: BadgeSecret::default(),
            known: Arc::default(),
            lists: Arc::default(),
            tasks,
        }
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }
}
