//! What a test changes behind the gateway's back: the clock, keys, accounts; and gateways of other settings.

use std::collections::HashMap;
use std::net::IpAddr;

use shared::app::App;
use shared::config::Config;
use shared::routes;
use shared::serve::serve_plain;
use tokio::net::TcpListener;

use crate::world::{Account, World};

impl World {
    /// Sets the database's clock to a moment, at which it stays.
    ///
    /// # Panics
    /// When it is not one.
    pub async fn set_clock(&self, at: &str) {
        self.sql(&format!(
            "create or replace function gateway.now() returns timestamptz language sql volatile set search_path = ''
             as $$ select timestamptz '{at}' $$"
        ))
        .await;
    }

    /// Sets columns of an account's key: `set` as in SQL's update.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn change_key(&self, account: &Account, set: &str) {
        self.sql(&format!("update gateway.api_keys set {set} where id = '{}'", account.key_id)).await;
    }

    /// Sets columns of an account: `set` as in SQL's update.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn change_account(&self, account: &Account, set: &str) {
        self.sql(&format!("update gateway.accounts set {set} where id = '{}'", account.id)).await;
    }

    /// An administrator's account, without credit.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn admin(&self) -> Account {
        let account = self.account(0).await;
        self.change_account(&account, "role = 'admin'").await;
        account
    }

    /// Another gateway beside the same services, on this address, with further variables. It stops with the test's
    /// runtime. Nothing when the machine does not have the address.
    ///
    /// # Panics
    /// When the gateway cannot be built.
    pub async fn gateway_with(&self, address: IpAddr, further: &[(&str, String)]) -> Option<String> {
        let listener = TcpListener::bind((address, 0)).await.ok()?;
        let mut variables: HashMap<String, String> = self.platform.variables().clone();
        variables.extend(further.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let app = App::new(Config::from_lookup(|name| variables.get(name).cloned())).expect("a gateway");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(serve_plain(listener, routes::all(), app, std::future::pending()));
        Some(base_url)
    }
}
