//! Who somebody is: passwords, sessions, keys, and how often one may guess.
pub mod password;
pub mod secret;
pub mod throttle;
