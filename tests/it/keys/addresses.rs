//! The allowlist of addresses, and where the address comes from.

use std::net::Ipv6Addr;

use serde_json::{Value, json};
use shared::routes;
use shared::serve::serve_plain;
use shared::supabase::RpcError;
use tests::answer::Answer;
use tests::world::{Account, World, hello};
use tokio::net::TcpListener;

/// Headers by which proxies name the client, any of which a client could send as well.
const FORGED: [&str; 7] = [
    "x-forwarded-for",
    "x-real-ip",
    "x-vercel-forwarded-for",
    "forwarded",
    "cf-connecting-ip",
    "true-client-ip",
    "x-client-ip",
];

/// The code with which the database refuses a caller at this address, or nothing.
async fn refusal(world: &World, account: &Account, ip: Value) -> Option<&'static str> {
    let app = world.platform.gateway().expect("an app");
    let caller = json!({"key_hashes": [world.hash(&account.key)], "ip": ip});
    match app.supabase().expect("configured").rpc::<Value>("get_balance", &json!({ "caller": caller })).await {
        Ok(_) => None,
        Err(RpcError::Refused(error)) => Some(error.code.as_str()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn addresses_and_networks_of_both_families_are_matched() {
    let world = World::start().await;
    let account = world.account(0).await;
    let cases = [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.0", false),
        ("192.0.2.77/24", "192.0.2.1", true),
        ("192.0.2.64/26", "192.0.2.63", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::1", "2001:db8::1", true),
        ("2001:db8::1", "2001:db8:0:0:0:0:0:1", true),
        ("2001:db8::1", "2001:db8::2", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::", false),
        ("::/0", "2001:db8::1", true),
        ("::/0", "192.0.2.1", false),
        ("10.0.0.0/8,2001:db8::/64,192.0.2.7", "2001:db8::abcd", true),
        ("10.0.0.0/8,2001:db8::/64,192.0.2.7", "192.0.2.7", true),
        ("10.0.0.0/8,2001:db8::/64,192.0.2.7", "192.0.2.8", false),
    ];
    for (allowlist, ip, allowed) in cases {
        world.change_key(&account, &format!("ip_allowlist = '{{{allowlist}}}'")).await;
        let refused = refusal(&world, &account, json!(ip)).await;
        assert_eq!(refused, (!allowed).then_some("ip_not_allowed"), "{ip} in {allowlist}");
    }
}

#[tokio::test]
async fn without_an_address_an_allowlist_refuses() {
    let world = World::start().await;
    let account = world.account(0).await;
    assert_eq!(refusal(&world, &account, Value::Null).await, None);
    world.change_key(&account, "ip_allowlist = '{0.0.0.0/0,::/0}'").await;
    assert_eq!(refusal(&world, &account, Value::Null).await, Some("ip_not_allowed"));
}

#[tokio::test]
async fn the_address_is_the_sockets() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for (allowlist, allowed) in
        [("127.0.0.1", true), ("127.0.0.0/8", true), ("127.0.0.2", false), ("10.0.0.0/8", false), ("::1", false)]
    {
        world.change_key(&account, &format!("ip_allowlist = '{{{allowlist}}}'")).await;
        let wanted = if allowed { (200, String::new()) } else { (403, "ip_not_allowed".to_owned()) };
        assert_eq!(Answer::to(world.get("/user/balance", &account.key)).await.outcome(), wanted, "{allowlist}");
        assert_eq!(Answer::to(world.chat(&account.key, &hello(&json!({})))).await.outcome(), wanted, "{allowlist}");
    }
}

#[tokio::test]
async fn the_address_of_a_socket_of_the_new_family_is_matched() {
    let world = World::start().await;
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
        tests::skipped("a socket of IPv6: this machine has no ::1");
        return;
    };
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = world.platform.gateway().expect("an app");
    tokio::spawn(serve_plain(listener, routes::all(), app, std::future::pending()));
    let account = world.account(0).await;
    for (allowlist, status) in [("::1", 200), ("::/64", 200), ("127.0.0.0/8", 403), ("2001:db8::/32", 403)] {
        world.change_key(&account, &format!("ip_allowlist = '{{{allowlist}}}'")).await;
        let request = world.http.get(format!("{base_url}/user/balance")).bearer_auth(&account.key);
        assert_eq!(Answer::to(request).await.status, status, "{allowlist}");
    }
}

#[tokio::test]
async fn the_address_of_a_socket_of_both_families_is_the_one_that_its_client_has() {
    let world = World::start().await;
    let Ok(listener) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).await else {
        tests::skipped("a socket of both families: this machine has no IPv6");
        return;
    };
    let base_url = format!("http://127.0.0.1:{}", listener.local_addr().expect("an address").port());
    let app = world.platform.gateway().expect("an app");
    tokio::spawn(serve_plain(listener, routes::all(), app, std::future::pending()));
    let account = world.account(0).await;
    for (allowlist, status) in [("127.0.0.1", 200), ("127.0.0.2", 403)] {
        world.change_key(&account, &format!("ip_allowlist = '{{{allowlist}}}'")).await;
        let request = world.http.get(format!("{base_url}/user/balance")).bearer_auth(&account.key);
        assert_eq!(Answer::to(request).await.status, status, "{allowlist}");
    }
}

#[tokio::test]
async fn no_header_that_a_client_can_set_changes_the_address() {
    let world = World::start().await;
    let (outside, inside) = (world.account(0).await, world.account(0).await);
    world.change_key(&outside, "ip_allowlist = '{203.0.113.7}'").await;
    world.change_key(&inside, "ip_allowlist = '{127.0.0.1}'").await;
    for header in FORGED {
        let value = if header == "forwarded" { "for=203.0.113.7" } else { "203.0.113.7" };
        let forged = world.get("/user/balance", &outside.key).header(header, value);
        Answer::to(forged).await.refused(403, "ip_not_allowed");
        let forged = world.get("/user/balance", &inside.key).header(header, value);
        assert_eq!(Answer::to(forged).await.status, 200, "{header}");
    }
}
