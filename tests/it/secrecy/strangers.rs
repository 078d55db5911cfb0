//! Whoever asks about something of somebody else's is told what is told about something that does not exist.

use serde_json::{Value, json};
use shared::route::{Auth, Operation, Route};
use tests::world::{Account, World};
use uuid::Uuid;

use super::{Slot, Told, slots, told};
use crate::documentation::document;
use crate::samples::catalog::waiting_price;
use crate::samples::chats::kept_chat;
use crate::samples::coupons::coupon;
use crate::samples::payments::paid;
use crate::samples::responses::stored_response;
use crate::samples::webhooks::{delivery, webhook};
use crate::samples::{self, Sample, sample, send_with};

/// What an id is the id of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Key,
    OwnKey,
    Account,
    Chat,
    Response,
    Payment,
    Coupon,
    PriceChange,
    Webhook,
    Delivery,
}

impl Thing {
    fn named(route: &Route, slot: &Slot) -> Self {
        let path = route.paths[0];
        let (Slot::Path(name) | Slot::Query(name) | Slot::Body(name)) = slot;
        match name.as_str() {
            "key_id" | "hash" | "api_key_hash" => Self::Key,
            "id" if path.starts_with("/user/webhooks/") => Self::Webhook,
            "id" if path.starts_with("/user/provider-keys/") || path.starts_with("/v1/byok/") => Self::OwnKey,
            "delivery_id" | "cursor" if path.starts_with("/user/webhooks/") => Self::Delivery,
            "cursor" if ["/admin/ledger/check", "/admin/rate-limits/alerts"].contains(&path) => Self::Account,
            "id" | "cursor" if path.starts_with("/user/api-keys") || path.starts_with("/user/rate-limits") => Self::Key,
            "id" if path.starts_with("/v1/chat/") => Self::Chat,
            "id" if path.starts_with("/v1/responses/") => Self::Response,
            "session_id" => Self::Chat,
            "payment_id" => Self::Payment,
            "id" if path.contains("/payments/") => Self::Payment,
            "id" | "batch" if path.starts_with("/admin/coupons") => Self::Coupon,
            "id" if path.starts_with("/admin/price-changes/") => Self::PriceChange,
            name if name.ends_with("account_id") || path.starts_with("/admin/users/") => Self::Account,
            _ => panic!("{path}: say here what {name} is the id of"),
        }
    }

    /// How a request names it that has this id in the database.
    fn name(self, id: Uuid) -> String {
        if self == Self::Response { format!("resp_{}", id.simple()) } else { id.to_string() }
    }

    /// What may have become of it, as SQL about the key `KEY` of the account `ACCOUNT`.
    fn states(self) -> &'static [&'static str] {
        match self {
            Self::Key => &[
                "select 1",
                "update gateway.api_keys set revoked_at = gateway.now() where id = 'KEY'",
                "update gateway.api_keys set expires_at = gateway.now() where id = 'KEY'",
                "update gateway.api_keys set is_primary = true, scopes = '{}', environment = 'test' where id = 'KEY'",
                "update gateway.accounts set disabled_at = gateway.now() where id = 'ACCOUNT'",
            ],
            Self::OwnKey => &[
                "select 1",
                "update gateway.provider_keys set disabled_at = gateway.now() where account_id = 'ACCOUNT'",
            ],
            Self::Chat => {
                &["select 1", "update gateway.chat_sessions set updated_at = '2020-01-01' where account_id = 'ACCOUNT'"]
            }
            Self::Response => &[
                "select 1",
                "update gateway.response_threads set updated_at = '2020-01-01' where account_id = 'ACCOUNT'",
            ],
            Self::Payment => &[
                "select 1",
                "update gateway.payments set settled_at = settled_at - interval '2 days' where account_id = 'ACCOUNT'",
            ],
            Self::Coupon => {
                &["select 1", "update gateway.coupons set deleted_at = gateway.now() where account_id = 'ACCOUNT'"]
            }
            Self::PriceChange => &["select 1"],
            Self::Webhook => &[
                "select 1",
                "update gateway.webhooks set disabled_at = gateway.now(), disabled_reason = 'gone' where account_id = 'ACCOUNT'",
            ],
            Self::Delivery => &[
                "select 1",
                "update gateway.webhook_deliveries set state = 'due', ended_at = null
                   where webhook_id in (select id from gateway.webhooks where account_id = 'ACCOUNT')",
            ],
            Self::Account => &[
                "select 1",
                "update gateway.accounts set role = 'admin' where id = 'ACCOUNT'",
                "update gateway.accounts set disabled_at = gateway.now() where id = 'ACCOUNT'",
                "update gateway.accounts set deleted_at = gateway.now(), email = null where id = 'ACCOUNT'",
            ],
        }
    }
}

/// Every slot that names something of an account's.
async fn things(world: &World) -> Vec<(&'static Route, Operation, Slot)> {
    let document = document(world).await;
    let mut things = slots(&document, "uuid");
    things.extend(slots(&document, "response-id"));
    things
}

/// A coupon of this account's that is the only one of its batch, which has its id.
async fn batch_of_one(world: &World, owner: &Account) -> Uuid {
    let (id, _) = coupon(world, owner).await;
    world.sql(&format!("update gateway.coupons set batch = id where id = '{id}'")).await;
    id
}

/// The sample with this value in that slot.
fn put(mut sample: Sample, slot: &Slot, value: &str) -> Sample {
    match slot {
        Slot::Path(name) => {
            let found = sample.parameters.iter_mut().find(|(parameter, _)| parameter == name);
            value.clone_into(&mut found.expect("the sample has the parameter").1);
        }
        Slot::Query(name) => {
            let separator = if sample.query.is_empty() { '?' } else { '&' };
            sample.query = format!("{}{separator}{name}={value}", sample.query);
        }
        Slot::Body(name) => {
            let body = sample.body.get_or_insert_with(|| json!({}));
            body[name] = Value::from(value);
        }
    }
    sample
}

async fn ask(
    world: &World,
    (route, operation, slot): &(&'static Route, Operation, Slot),
    caller: &Account,
    value: &str,
) -> Told {
    let sample = put(sample(world, route, *operation, caller).await, slot, value);
    told(send_with(world, (*operation, route.paths[0]), &sample, Some(&caller.key))).await
}

#[tokio::test]
async fn somebody_elses_object_is_answered_like_one_that_does_not_exist() {
    let world = World::start().await;
    let _keeps_the_role = world.administrator().await;
    let slots = things(&world).await;
    let mut wrong = Vec::new();
    let mut compared = 0;
    for named in &slots {
        let (route, operation, slot) = named;
        let what = format!("{} {}, {slot:?}", operation.method, route.paths[0]);
        let (thing, scope) = (Thing::named(route, slot), operation.scope.expect("whoever names something has a key"));
        // Of administrators nobody hides: they are asked for by a user.
        let stranger = world.account(1_000_000_000).await;
        let narrow = world.another_key(&stranger, scope).await;
        for state in thing.states() {
            let owner = world.account(1_000_000_000).await;
            let key = world.another_key(&owner, scope).await;
            let id = match thing {
                Thing::Key => key.key_id,
                Thing::OwnKey => world.further_own_key(owner.id, "chutes", "cpk_0123456789abcdef", 0).await,
                Thing::Account => owner.id,
                Thing::Chat => kept_chat(&world, &owner).await,
                Thing::Response => stored_response(&world, &owner).await,
                Thing::Payment => paid(&world, &owner).await,
                Thing::Coupon => batch_of_one(&world, &owner).await,
                Thing::PriceChange => waiting_price(&world).await,
                Thing::Webhook => webhook(&world, &owner).await,
                Thing::Delivery => delivery(&world, &owner).await,
            };
            let (id, unknown) = (thing.name(id), || thing.name(Uuid::new_v4()));
            world.sql(&state.replace("KEY", &key.key_id.to_string()).replace("ACCOUNT", &owner.id.to_string())).await;
            for caller in [&stranger, &narrow] {
                let existing = ask(&world, named, caller, &id).await;
                let missing = ask(&world, named, caller, &unknown()).await;
                compared += 1;
                if existing != missing {
                    wrong.push(format!("{what}, {state}: {existing:?}, and if it does not exist {missing:?}"));
                }
            }
            if operation.auth == Auth::User && *state == "select 1" && matches!(slot, Slot::Path(_)) {
                let (own, missing) =
                    (ask(&world, named, &owner, &id).await, ask(&world, named, &owner, &unknown()).await);
                let served = samples::told(route, *operation).0;
                assert!(own.0 == served && own != missing, "{what} tells its owner nothing: {own:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(slots.len() >= 18 && compared >= 160, "{} slots, {compared} answers", slots.len());
}

#[tokio::test]
async fn every_path_that_names_something_of_an_accounts_is_among_them() {
    let world = World::start().await;
    let slots = things(&world).await;
    for route in shared::routes::ROUTES {
        for operation in route.operations.iter().filter(|operation| operation.auth == Auth::User) {
            let segments = route.paths[0].split('/').filter(|segment| segment.ends_with("id}"));
            for parameter in segments.map(|segment| segment.trim_matches(['{', '}'])) {
                let slot = Slot::Path(parameter.to_owned());
                let found = slots.iter().any(|(at, of, one)| at.name == route.name && of == operation && *one == slot);
                assert!(found, "{} {}: {parameter} is no id, by the document", operation.method, route.paths[0]);
            }
        }
    }
}
