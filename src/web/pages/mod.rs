//! Pages for people: one file per page.
pub mod api_docs;
pub mod badges;
pub mod channel_form;
pub mod channels;
pub mod check;
pub mod check_form;
pub mod checks;
pub mod events;
pub mod health;
pub mod home;
pub mod keys;
pub mod language;
pub mod setup;
pub mod sign_in;
pub mod telegram;
pub mod timeline;
