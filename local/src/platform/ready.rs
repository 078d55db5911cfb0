//! Accounts that are there from the start, and their keys.

use shared::api_key::hash;
use shared::config::Pepper;

use super::{Platform, PlatformError};

/// What the ready accounts start with, in nano-dollars.
const READY_CREDIT: i64 = 100_000_000_000;

/// Keys that work at once.
#[derive(Clone, Debug)]
pub struct ReadyKeys {
    /// Of a user with credit.
    pub api_key: String,
    /// Of an administrator.
    pub admin_key: String,
}

impl Platform {
    /// Makes the ready accounts, unless they are there, and their keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ready_keys(&self) -> Result<ReadyKeys, PlatformError> {
        let key = |name: &str| format!("gw_test_{}", self.secrets.of(name));
        let ready = ReadyKeys { api_key: key("ready user key"), admin_key: key("ready admin key") };
        self.ready_account("user", &ready.api_key).await?;
        self.ready_account("admin", &ready.admin_key).await?;
        Ok(ready)
    }

    async fn ready_account(&self, role: &str, key: &str) -> Result<(), PlatformError> {
        let pepper = Pepper { version: 1, secret: self.secrets.of("pepper") };
        let last_four = &key[key.len() - 4..];
        let email = format!("{role}@gateway.local");
        let made = self
            .database
            .query(
                "insert into gateway.accounts (email, username, role, plan) values ($1::text, $2, $2, 'customize')
                 on conflict (email) do nothing returning id",
                &[&email, &role],
            )
            .await?;
        // In a statement of its own: what a grant refers to is there once the account's own statement has ended.
        if !made.is_empty() {
            self.database
                .query(
                    "select gateway.grant_credit(accounts, 'admin', $2, null, 'opening credit', now())::text
                     from gateway.accounts where email = $1::text",
                    &[&email, &READY_CREDIT],
                )
                .await?;
        }
        self.database
            .query(
                "insert into gateway.api_keys
                   (account_id, key_hash, prefix, last_four, name, environment, is_primary, scopes)
                 select id, $2, 'gw_test_', $3, 'Ready key', 'test', true, array['*']
                 from gateway.accounts where email = $1::text
                 on conflict (key_hash) do nothing",
                &[&email, &hash(key, &pepper), &last_four],
            )
            .await?;
        Ok(())
    }
}
