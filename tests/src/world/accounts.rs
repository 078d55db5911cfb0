//! Accounts of a test: their keys, credit and limits.

use std::sync::PoisonError;

use local::secrets::Secrets;
use serde_json::Value;
use shared::config::Pepper;
use uuid::Uuid;

use super::World;

/// What most tests' accounts start with in nano-dollars: more than any of their calls can hold.
pub const CREDIT: i64 = 1_000_000_000;

/// An account with one key of every scope.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// The id of its key.
    pub key_id: Uuid,
    /// Its key.
    pub key: String,
}

impl World {
    /// An account on pay-as-you-go, with limits that no test meets unless it lowers them, and this credit in
    /// nano-dollars.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn account(&self, nanos: i64) -> Account {
        let (id, key_id) = (Uuid::new_v4(), Uuid::new_v4());
        let key = format!("gw_live_{}", &Secrets::random().of("key"));
        let hash = self.hash(&key);
        if let Some(own) = &self.own {
            own.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        }
        let mut sql = format!(
            r#"insert into gateway.accounts (id, email, plan, rate_limits) values ('{id}', '{id}@test.example', 'customize',
                 '{{"requests_per_minute": 1000000, "burst": 1000000, "concurrency": 100000}}');
               insert into gateway.api_keys (id, account_id, key_hash, prefix, last_four, name, environment, scopes)
                 values ('{key_id}', '{id}', '{hash}', 'gw_live_', 'test', 'test', 'live', array['*']);"#
        );
        if nanos > 0 {
            sql.push_str(&granting(id, nanos, "purchase", None));
        }
        self.sql(&sql).await;
        Account { id, key_id, key }
    }

    /// An account that may administer.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn administrator(&self) -> Account {
        let account = self.account(0).await;
        self.sql(&format!("update gateway.accounts set role = 'admin' where id = '{}'", account.id)).await;
        account
    }

    /// Sets limits of an account in place of its plan's, by the names of `gateway.plans`.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn limit(&self, account: Uuid, limits: &Value) {
        let sql = format!("update gateway.accounts set rate_limits = rate_limits || '{limits}' where id = '{account}'");
        self.sql(&sql).await;
    }

    /// Gives an account credit.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn grant(&self, account: Uuid, nanos: i64, source: &str, expires_in: Option<&str>) {
        self.sql(&granting(account, nanos, source, expires_in)).await;
    }

    /// Sets columns of an account: `set` as in SQL's update.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn change_account(&self, account: &Account, set: &str) {
        self.sql(&format!("update gateway.accounts set {set} where id = '{}'", account.id)).await;
    }

    /// Gives an account another key with these scopes, separated by commas.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn another_key(&self, account: &Account, scopes: &str) -> Account {
        let (key_id, key) = (Uuid::new_v4(), format!("gw_live_{}", Secrets::random().of("key")));
        self.sql(&format!(
            "insert into gateway.api_keys (id, account_id, key_hash, prefix, last_four, name, environment, scopes)
               values ('{key_id}', '{}', '{}', 'gw_live_', 'test', 'another', 'live', '{{{scopes}}}')",
            account.id,
            self.hash(&key)
        ))
        .await;
        Account { id: account.id, key_id, key }
    }

    /// Sets columns of an account's key: `set` as in SQL's update.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn change_key(&self, account: &Account, set: &str) {
        self.sql(&format!("update gateway.api_keys set {set} where id = '{}'", account.key_id)).await;
    }

    /// Gives an account a key of its own at a provider, as the gateway would have stored it, in place of those that it has there.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn own_key(&self, account: Uuid, provider: &str, key: &str) {
        self.sql(&format!(
            "delete from gateway.provider_keys where account_id = '{account}' and provider = '{provider}'"
        ))
        .await;
        self.further_own_key(account, provider, key, 0).await;
    }

    /// Gives an account one more key at a provider, with this place in the order; the key's id.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn further_own_key(&self, account: Uuid, provider: &str, key: &str, priority: u32) -> Uuid {
        let id = Uuid::new_v4();
        let app = self.platform.gateway().expect("a gateway");
        let sealed = shared::keyring::seal(&app, key).expect("a keyring");
        self.sql(&format!(
            "insert into gateway.provider_keys
               (id, account_id, provider, ciphertext, key_version, last_four, priority, created_at)
               values ('{id}', '{account}', '{provider}', '{}', {}, right('{key}', 4), {priority}, gateway.now());
             update gateway.accounts set has_provider_keys = true where id = '{account}'",
            sealed.ciphertext, sealed.version
        ))
        .await;
        id
    }

    /// The hash under which the gateway knows a key.
    #[must_use]
    pub fn hash(&self, key: &str) -> String {
        let secret = self.platform.variables()["API_KEY_PEPPER"].clone();
        shared::api_key::hash(key, &Pepper { version: 1, secret })
    }
}

/// The SQL that gives an account credit.
fn granting(account: Uuid, nanos: i64, source: &str, expires_in: Option<&str>) -> String {
    let expires_at = expires_in.map_or("null".to_owned(), |within| format!("gateway.now() + interval '{within}'"));
    format!(
        "do $$ declare account gateway.accounts; begin
           select * into account from gateway.accounts where id = '{account}' for update;
           perform gateway.grant_credit(account, '{source}', {nanos}, {expires_at}, 'test', gateway.now());
         end $$"
    )
}
