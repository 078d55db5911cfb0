//! Links that switch a kind of mail off, without a login: they say whose and which, and that we made them.

use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::api_key::hash;
use crate::app::App;
use crate::config::Pepper;

/// How much of the HMAC a link holds, in hex digits: 128 bits.
const LENGTH: usize = 32;

fn proof(account: Uuid, kind: &str, pepper: &Pepper) -> String {
    // Domain separation: no API key and no sign-in code begins like this.
    hash(&format!("unsubscribe\n{account}\n{kind}"), pepper)[..LENGTH].to_owned()
}

/// The address at which one click, or a mail client by itself, switches a kind of mail off.
pub fn link(app: &App, account: Uuid, kind: &str) -> Option<String> {
    let pepper = app.config.peppers.as_ref().ok()?.first()?;
    let base = &app.config.frontend_url;
    Some(format!("{base}/notifications/unsubscribe?t={}.{kind}.{}", account.simple(), proof(account, kind, pepper)))
}

/// Whose mail, and which kind, a link's token is about; nothing if we have not made it.
#[must_use]
pub fn read(app: &App, token: &str) -> Option<(Uuid, String)> {
    let mut parts = token.splitn(3, '.');
    let (account, kind, shown) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    let peppers = app.config.peppers.as_ref().ok()?;
    let ours = peppers.iter().any(|pepper| bool::from(proof(account, kind, pepper).as_bytes().ct_eq(shown.as_bytes())));
    ours.then(|| (account, kind.to_owned()))
}
