//! Passwords: argon2id, always hashed off the async threads.
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

/// A password could not be hashed or compared; nothing the caller did.
#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be checked right now")]
pub struct PasswordError;

/// Each hash takes 46 MiB and tens of milliseconds of one core: a crowd at the door must wait in line.
static IN_LINE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));

/// Nobody's hash: it costs what a real one costs, and no password fits it.
const NOBODY: &str =
    "$argon2id$v=19$m=47104,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$P3hzQx2fGq0pCQr0xZ5mIj9V0d2pYg9b0E4Jz2mJb1o";

fn argon2() -> Argon2<'static> {
    // OWASP's first choice: 46 MiB, 1 pass, 1 lane. Blocks above 32 MiB go back to the system when they are freed;
    // smaller ones (19 MiB with 2 passes is the equal choice) would stay with each thread's heap for good.
    let params = Params::new(46 * 1024, 1, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with a fresh salt, in PHC form.
pub async fn hash(password: SecretString) -> Result<String, PasswordError> {
    let _turn = IN_LINE.acquire().await.map_err(|_| PasswordError)?;
    tokio::task::spawn_blocking(move || {
        argon2()
            .hash_password(password.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|_| PasswordError)
    })
    .await
    .map_err(|_| PasswordError)?
}

/// Compares a password with a stored hash. Without a hash (no such user) it takes the same time and says no.
pub async fn verify(password: SecretString, stored: Option<String>) -> Result<bool, PasswordError> {
    let _turn = IN_LINE.acquire().await.map_err(|_| PasswordError)?;
    tokio::task::spawn_blocking(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let fits = PasswordHash::new(&stored)
            .is_ok_and(|hash| argon2().verify_password(password.expose_secret().as_bytes(), &hash).is_ok());
        known && fits
    })
    .await
    .map_err(|_| PasswordError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_only_its_own_password() {
        let stored = hash("correct horse".into()).await.unwrap();
        assert!(verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify("wrong".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horse".into(), None).await.unwrap());
        let cost = |hash: &str| hash.split('$').nth(3).map(str::to_owned);
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert_eq!(cost(NOBODY), cost(&stored), "who asks for nobody waits as long");
    }
}
