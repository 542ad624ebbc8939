//! Who somebody is: passwords, sessions, keys, tokens, and how often one may guess.
pub mod password;
pub mod secret;
pub mod throttle;
pub mod user_token;
pub mod verified;
