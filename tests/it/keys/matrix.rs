//! Every operation of the route table under every kind of caller. A new route is in it as soon as it is in the table.

use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use shared::scopes::USER_SCOPES;
use tests::answer::Answer;
use tests::world::{Account, World};

use crate::samples::{self, sample, send_with};

/// A kind of caller: whose key it shows, if any, and what it is told.
struct Case {
    what: &'static str,
    key: Option<String>,
    owner: Account,
    told: (u16, &'static str),
}

/// An account whose key or account was changed so.
async fn account_with(world: &World, key: &str, account: &str) -> Account {
    let made = world.account(1_000_000_000).await;
    if !key.is_empty() {
        world.change_key(&made, key).await;
    }
    if !account.is_empty() {
        world.change_account(&made, account).await;
    }
    made
}

/// Every kind of caller of an operation. Their accounts are new: some operations end the account that calls.
async fn cases(world: &World, route: &Route, operation: &Operation) -> Vec<Case> {
    let served = samples::told(route, *operation);
    let keyed = matches!(operation.auth, Auth::User | Auth::Admin);
    let told = |refused: (u16, &'static str)| match operation.auth {
        // A code is its user's, who may do nothing any more.
        Auth::Public if route.name == "v1_auth_keys" && refused.1 == "account_disabled" => (403, "invalid_auth_code"),
        Auth::Public => (200, ""),
        Auth::Cron => (401, "invalid_cron_secret"),
        Auth::User | Auth::Admin => refused,
    };
    let mut cases = Vec::new();
    let unknown = format!("gw_live_{}", "x".repeat(43));
    for (what, key, refused) in [
        ("no key", None, "missing_api_key"),
        ("a malformed key", Some("gw_live_short".to_owned()), "invalid_api_key"),
        ("an unknown key", Some(unknown), "invalid_api_key"),
    ] {
        cases.push(Case { what, key, owner: account_with(world, "", "").await, told: told((401, refused)) });
    }
    let admin = "role = 'admin'";
    let disabled = "role = 'admin', disabled_at = gateway.now()";
    let wrong_scope = if operation.scope == Some("models:read") { "inference" } else { "models:read" };
    let wrong_scope = format!("scopes = '{{{wrong_scope}}}'");
    // Any key may read of itself.
    let other_scope = if operation.scope == Some("self") { served } else { (403, "insufficient_scope") };
    let user = if operation.auth == Auth::Admin { (403, "insufficient_scope") } else { served };
    for (what, key, account, refused) in [
        ("a revoked key", "revoked_at = gateway.now()", admin, (401, "api_key_revoked")),
        ("an expired key", "expires_at = gateway.now()", admin, (401, "api_key_expired")),
        ("a disabled account", "", disabled, (403, "account_disabled")),
        ("a disabled key", "disabled_at = gateway.now()", admin, (401, "api_key_disabled")),
        ("a key of another scope", wrong_scope.as_str(), admin, other_scope),
        ("a user", "", "", user),
        ("an administrator", "", admin, served),
    ] {
        let owner = account_with(world, key, account).await;
        cases.push(Case { what, key: Some(owner.key.clone()), owner, told: told(refused) });
    }
    if keyed {
        // The right key in the other header is asked of one route, in `headers`.
        assert!(operation.scope.is_some(), "{} has no scope", operation.method);
    }
    cases
}

async fn call(
    world: &World,
    (route, operation, pattern): (&Route, &Operation, &str),
    key: Option<&str>,
    owner: &Account,
) -> (u16, String) {
    let sample = sample(world, route, *operation, owner).await;
    Answer::to(send_with(world, (*operation, pattern), &sample, key)).await.outcome()
}

#[tokio::test]
async fn every_operation_tells_every_kind_of_caller_what_it_should() {
    let world = World::start().await;
    // A role that nobody loses: the last administrator could not be demoted or deleted.
    let _keeps_the_role = world.administrator().await;
    let mut wrong = Vec::new();
    for route in ROUTES {
        for operation in route.operations {
            for pattern in route.paths {
                for Case { what, key, owner, told: (status, code) } in cases(&world, route, operation).await {
                    let told = call(&world, (route, operation, pattern), key.as_deref(), &owner).await;
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
async fn what_is_somebody_elses_is_out_of_reach() {
    let world = World::start().await;
    let mut wrong = Vec::new();
    for route in ROUTES {
        for operation in route.operations.iter().filter(|operation| operation.auth == Auth::User) {
            let (owner, stranger) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
            let sample = sample(&world, route, *operation, &owner).await;
            let what = format!("{} {}", operation.method, route.paths[0]);
            let Some((status, code)) = sample.foreign else {
                assert!(!route.paths[0].contains("id}"), "{what}: the sample does not say what a stranger is told");
                continue;
            };
            let before = world.evidence(owner.id).await;
            let request = send_with(&world, (*operation, route.paths[0]), &sample, Some(&stranger.key));
            let told = Answer::to(request).await.outcome();
            if told != (status, code.to_owned()) {
                wrong.push(format!("{what}: {told:?}, not {status} {code}"));
            }
            assert_eq!(world.evidence(owner.id).await, before, "{what} changed something");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_operation_wants_the_scope_that_the_table_names_and_no_other() {
    let world = World::start().await;
    let _keeps_the_role = world.administrator().await;
    let mut all: Vec<&str> = USER_SCOPES.to_vec();
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
            let served = samples::told(route, *operation);
            let mut enough = vec![scope];
            enough.extend(samples::handed_out(route, *operation));
            // Any key may read of itself.
            let without = if scope == "self" { served } else { (403, "insufficient_scope") };
            for (scopes, wanted) in [(enough, served), (others, without)] {
                let set = format!("scopes = '{{{}}}'", scopes.join(","));
                let account = account_with(&world, &set, "role = 'admin'").await;
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
                    let request = world.http.get(format!("{}{}", world.base_url, route.paths[0]));
                    let as_another = request.header("authorization", format!("Basic {secret}"));
                    Answer::to(as_another).await.refused(401, "invalid_cron_secret");
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
