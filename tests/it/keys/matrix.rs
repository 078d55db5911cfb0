//! Every operation of the route table under every kind of caller. A new route is in it as soon as it is in the table.

use reqwest::Method;
use serde_json::{Value, json};
use shared::routes::{Auth, Operation, ROUTES, Route};
use tests::answer::Answer;
use tests::world::{Account, MODEL, World, hello};
use uuid::Uuid;

/// Scopes of rules.md that no route may ask for yet.
const SCOPES: [&str; 12] = [
    "inference",
    "models:read",
    "keys:read",
    "keys:write",
    "billing:read",
    "billing:write",
    "chat:read",
    "chat:write",
    "usage:read",
    "account:read",
    "account:write",
    "admin:monitor",
];

/// The keys of the matrix.
struct Callers {
    revoked: Account,
    expired: Account,
    disabled: Account,
    user: Account,
    admin: Account,
}

impl Callers {
    async fn make(world: &World) -> Self {
        let admin = async |change: &str| {
            let account = world.account(1_000_000_000).await;
            world.change_account(&account, "role = 'admin'").await;
            if !change.is_empty() {
                world.change_key(&account, change).await;
            }
            account
        };
        let disabled = admin("").await;
        world.change_account(&disabled, "disabled_at = gateway.now()").await;
        Self {
            revoked: admin("revoked_at = gateway.now()").await,
            expired: admin("expires_at = gateway.now()").await,
            disabled,
            user: world.account(1_000_000_000).await,
            admin: admin("").await,
        }
    }
}

/// A body that the operation serves.
fn body(route: &Route, operation: &Operation, someone: &Account) -> Option<Value> {
    match (operation.method, route.name) {
        ("GET", _) => None,
        ("POST", "v1_chat_completions") => Some(hello(&json!({}))),
        ("POST", "admin_create") => Some(json!({"email": format!("{}@new.example", Uuid::new_v4())})),
        ("POST", "admin_add_credits") => Some(json!({"account_id": someone.id, "amount": 1})),
        (method, name) => panic!("add a body for {method} of the route {name} to the authorisation matrix"),
    }
}

/// The path with its parameters filled in.
fn path(pattern: &str) -> String {
    let (developer, model) = MODEL.split_once('/').expect("two parts");
    let path = pattern.replace("{provider}", developer).replace("{*model}", model).replace("{*id}", MODEL);
    assert!(!path.contains('{'), "add the parameter of {pattern} to the authorisation matrix");
    path
}

/// Calls an operation; what it does it does to `someone`.
async fn call(
    world: &World,
    (route, operation, pattern): (&Route, &Operation, &str),
    key: Option<&str>,
    someone: &Account,
) -> (u16, String) {
    let method: Method = operation.method.parse().expect("a method");
    let mut request = world.http.request(method, format!("{}{}", world.base_url, path(pattern)));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if let Some(body) = body(route, operation, someone) {
        request = request.body(body.to_string());
    }
    Answer::to(request).await.outcome()
}

/// Each caller, its key and what it is to be told.
fn expectations(operation: &Operation, callers: &Callers) -> Vec<(&'static str, Option<String>, (u16, &'static str))> {
    let with = |account: &Account| Some(account.key.clone());
    let unknown = Some(format!("gw_live_{}", "x".repeat(43)));
    let served = (200, "");
    let keyless = ["no key", "a malformed key", "an unknown key"];
    let mut wanted = match operation.auth {
        Auth::Public => keyless.map(|_| served),
        Auth::Cron => keyless.map(|_| (401, "invalid_cron_secret")),
        Auth::User | Auth::Admin => [(401, "missing_api_key"), (401, "invalid_api_key"), (401, "invalid_api_key")],
    }
    .into_iter()
    .zip(keyless)
    .zip([None, Some("gw_live_short".to_owned()), unknown])
    .map(|((wanted, what), key)| (what, key, wanted))
    .collect::<Vec<_>>();
    let known = [
        ("a revoked key", with(&callers.revoked), (401, "api_key_revoked")),
        ("an expired key", with(&callers.expired), (401, "api_key_expired")),
        ("a disabled account", with(&callers.disabled), (403, "account_disabled")),
        (
            "a user",
            with(&callers.user),
            if operation.auth == Auth::Admin { (403, "insufficient_scope") } else { served },
        ),
        ("an administrator", with(&callers.admin), served),
    ];
    wanted.extend(known.into_iter().map(|(what, key, told)| match operation.auth {
        Auth::Public => (what, key, served),
        Auth::Cron => (what, key, (401, "invalid_cron_secret")),
        Auth::User | Auth::Admin => (what, key, told),
    }));
    wanted
}

#[tokio::test]
async fn every_operation_tells_every_kind_of_caller_what_it_should() {
    let world = World::start().await;
    let callers = Callers::make(&world).await;
    let mut wrong = Vec::new();
    for route in ROUTES {
        for operation in route.operations {
            for pattern in route.paths {
                for (what, key, (status, code)) in expectations(operation, &callers) {
                    let told = call(&world, (route, operation, pattern), key.as_deref(), &callers.user).await;
                    if told != (status, code.to_owned()) {
                        wrong.push(format!("{} {pattern}, {what}: {told:?}, not {status} {code}", operation.method));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_operation_wants_the_scope_that_the_table_names_and_no_other() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.change_account(&account, "role = 'admin'").await;
    let mut all: Vec<&str> = SCOPES.to_vec();
    all.extend(ROUTES.iter().flat_map(|route| route.operations).filter_map(|operation| operation.scope));
    all.sort_unstable();
    all.dedup();
    for route in ROUTES {
        for operation in route.operations {
            let what = format!("{} {}", operation.method, route.paths[0]);
            let Some(scope) = operation.scope else {
                assert!(matches!(operation.auth, Auth::Public | Auth::Cron), "{what} takes keys of any scope");
                continue;
            };
            assert_eq!(scope.starts_with("admin"), operation.auth == Auth::Admin, "{what}");
            let others: Vec<&str> = all.iter().copied().filter(|other| *other != scope).collect();
            for (scopes, wanted) in [(vec![scope], (200, "")), (others, (403, "insufficient_scope"))] {
                world.change_key(&account, &format!("scopes = '{{{}}}'", scopes.join(","))).await;
                let told = call(&world, (route, operation, route.paths[0]), Some(&account.key), &account).await;
                assert_eq!(told, (wanted.0, wanted.1.to_owned()), "{what} with {scopes:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_cron_secret_opens_the_cron_routes_and_nothing_else() {
    let world = World::start().await;
    let (someone, secret) = (world.account(0).await, world.platform.variables()["CRON_SECRET"].clone());
    let (longer, shorter) = (format!("{secret}x"), secret[..secret.len() - 1].to_owned());
    for route in ROUTES {
        for operation in route.operations {
            let what = format!("{} {}", operation.method, route.paths[0]);
            let told = async |key: &str| call(&world, (route, operation, route.paths[0]), Some(key), &someone).await;
            match operation.auth {
                Auth::Cron => {
                    assert_eq!(told(&secret).await, (200, String::new()), "{what}");
                    for wrong in ["", "wrong", longer.as_str(), shorter.as_str()] {
                        assert_eq!(told(wrong).await, (401, "invalid_cron_secret".to_owned()), "{what}: {wrong}");
                    }
                }
                Auth::User | Auth::Admin => {
                    assert_eq!(told(&secret).await, (401, "invalid_api_key".to_owned()), "{what}");
                }
                Auth::Public => {}
            }
        }
    }
    assert!(ROUTES.iter().flat_map(|route| route.operations).any(|operation| operation.auth == Auth::Cron));
}
