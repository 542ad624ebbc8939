//! A token that stands for a user in scripts: signed and stored nowhere, and worthless once the password is another one.
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha2::Sha256;

use super::secret::{hex, same, token};
use crate::store::users::{self, User};
use crate::store::{Db, StoreError, installation};

/// How a token begins; the user's id and the signature follow, with `_` between them.
pub const PREFIX: &str = "mbt_";
/// Bytes of a signature that a token has, as twice as many hex digits.
const SIGNATURE: usize = 20;

/// What this installation signs tokens with; made when the first one is asked for.
pub async fn secret(db: &Db) -> Result<String, StoreError> {
    installation::get_or_insert(db, installation::TOKEN_SECRET, token).await
}

/// The user's token, `mbt_<user id>_<40 hex digits>`: the same each time until the password is changed.
#[must_use]
pub fn issue(secret: &str, user: &User) -> String {
    // A key of any length will do.
    let Ok(mac) = SimpleHmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    // The password is stored with a salt of its own: another one is another text, even for the same password.
    let signed = format!("{} {}", user.id, user.password);
    let bytes = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
    format!("{PREFIX}{}_{}", user.id, hex(&bytes[..SIGNATURE]))
}

/// The user whose token this is.
pub async fn verify(db: &Db, text: &str) -> Result<Option<User>, StoreError> {
    let id = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')?.0.parse().ok());
    let Some(id) = id else { return Ok(None) };
    let Some(user) = users::by_id(db, id).await? else { return Ok(None) };
    let secret = secret(db).await?;
    Ok(same(text, &issue(&secret, &user)).then_some(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, password: &str) -> User {
        User {
            id,
            email: "ops@example.org".to_owned(),
            password: password.to_owned(),
            is_admin: false,
            language: "en".to_owned(),
        }
    }

    #[test]
    fn a_token_is_bound_to_user_password_and_installation() {
        // Computed with Python's hmac and hashlib.
        let token = issue("a secret", &user(7, "$argon2id$x"));
        assert_eq!(token, "mbt_7_cc90ffb54027bd1208da5da04fd80fb31fdc2841");
        assert_eq!(token, issue("a secret", &user(7, "$argon2id$x")));
        for other in [
            issue("a secret", &user(7, "$argon2id$y")),
            issue("a secret", &user(8, "$argon2id$x")),
            issue("another", &user(7, "$argon2id$x")),
        ] {
            assert_ne!(token, other);
        }
    }
}
