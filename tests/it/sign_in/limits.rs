//! How often an address is written to, and how often one network may try.

use std::net::IpAddr;

use serde_json::json;
use tests::answer::Answer;
use tests::people::Person;
use tests::world::World;

async fn ask(world: &World, email: &str) -> Answer {
    world.visit("/auth/register", &json!({"email": email})).await
}

/// The same from another network than everybody else's here.
async fn ask_elsewhere(world: &World, email: &str) -> Answer {
    let elsewhere = reqwest::Client::builder().no_proxy().local_address(IpAddr::from([127, 0, 0, 2]));
    let elsewhere = elsewhere.build().expect("a client");
    let request = elsewhere.post(format!("{}/auth/register", world.base_url));
    Answer::to(request.json(&json!({"email": email}))).await
}

/// The refusal says when to come back.
fn assert_wait(answer: &Answer, milliseconds: &str, should_retry: &str) {
    answer.refused(429, "too_many_attempts");
    assert_eq!(answer.headers["retry-after-ms"], milliseconds, "{}", answer.text);
    assert_eq!(answer.headers["x-should-retry"], should_retry, "{}", answer.text);
}

#[tokio::test]
async fn a_network_asks_for_four_codes_an_hour_for_an_address_known_or_not() {
    let world = World::start().await;
    let (known, unknown) = (Person::new(), Person::new());
    world.visit("/auth/privy", &world.tokens(&known)).await.success();
    for person in [&known, &unknown] {
        world.set_clock("2090-03-01 12:00Z").await;
        ask(&world, &person.email).await.success();
        world.set_clock("2090-03-01 12:30Z").await;
        for _ in 0..3 {
            ask(&world, &person.email).await.success();
        }
        let sent = world.platform.mailbox.messages().len();
        assert_wait(&ask(&world, &person.email).await, "1800000", "false");
        // Case does not make another address.
        assert_wait(&ask(&world, &person.email.to_uppercase()).await, "1800000", "false");
        world.set_clock("2090-03-01 12:59:59Z").await;
        assert_wait(&ask(&world, &person.email).await, "1000", "true");
        assert_eq!(world.platform.mailbox.messages().len(), sent);
        world.set_clock("2090-03-01 13:00Z").await;
        ask(&world, &person.email).await.success();
        assert_wait(&ask(&world, &person.email).await, "1800000", "false");
    }
}

#[tokio::test]
async fn an_address_is_sent_six_codes_an_hour_whoever_asks() {
    let world = World::start().await;
    let person = Person::new();
    world.set_clock("2090-03-01 12:00Z").await;
    for _ in 0..3 {
        ask(&world, &person.email).await.success();
        ask_elsewhere(&world, &person.email).await.success();
    }
    assert_wait(&ask(&world, &person.email).await, "3600000", "false");
    assert_wait(&ask_elsewhere(&world, &person.email).await, "3600000", "false");
    world.set_clock("2090-03-01 13:00Z").await;
    // What was refused counted against nothing.
    for _ in 0..4 {
        ask(&world, &person.email).await.success();
    }
}

#[tokio::test]
async fn an_address_is_sent_twenty_codes_a_day_and_no_network_gets_more_than_ten() {
    let world = World::start().await;
    let person = Person::new();
    for hour in ["00", "02", "04", "06"] {
        world.set_clock(&format!("2090-03-01 {hour}:00Z")).await;
        for _ in 0..3 {
            ask(&world, &person.email).await;
            ask_elsewhere(&world, &person.email).await;
        }
    }
    assert_eq!(world.platform.mailbox.messages().len(), 20);
    world.set_clock("2090-03-01 23:00Z").await;
    for refused in [ask(&world, &person.email).await, ask_elsewhere(&world, &person.email).await] {
        assert_wait(&refused, "3600000", "false");
    }
    ask(&world, &Person::new().email).await.success();
    world.set_clock("2090-03-02 00:00Z").await;
    let another = Person::new();
    for hour in ["00", "02", "04", "06"] {
        world.set_clock(&format!("2090-03-02 {hour}:00Z")).await;
        for _ in 0..3 {
            ask(&world, &another.email).await;
        }
    }
    assert_wait(&ask(&world, &another.email).await, "64800000", "false");
    ask_elsewhere(&world, &another.email).await.success();
}

#[tokio::test]
async fn no_network_keeps_an_owner_from_signing_in_elsewhere() {
    let world = World::start().await;
    let person = Person::new();
    for hour in ["00", "02", "04", "06", "08", "10"] {
        world.set_clock(&format!("2090-03-01 {hour}:00Z")).await;
        while ask(&world, &person.email).await.status == 200 {}
        ask_elsewhere(&world, &person.email).await.success();
        let body = json!({"email": person.email, "code": world.mailed_code(&person.email)});
        world.visit("/auth/verify", &body).await.success();
    }
}

#[tokio::test]
async fn a_network_asks_for_twenty_codes_an_hour() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    for _ in 0..20 {
        ask(&world, &Person::new().email).await.success();
    }
    let person = Person::new();
    for _ in 0..6 {
        assert_wait(&ask(&world, &person.email).await, "3600000", "false");
    }
    assert_eq!(world.platform.mailbox.messages().len(), 20);
    world.set_clock("2090-03-01 13:00Z").await;
    // What was refused counted against nothing: the address has all of its four.
    for _ in 0..4 {
        ask(&world, &person.email).await.success();
    }
    assert_wait(&ask(&world, &person.email).await, "3600000", "false");
}

#[tokio::test]
async fn a_network_tries_sixty_codes_an_hour_right_ones_too() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    for _ in 0..60 {
        let body = json!({"email": Person::new().email, "code": "123456"});
        world.visit("/auth/verify", &body).await.refused(401, "invalid_code");
    }
    let person = Person::new();
    world.keep_code(&person.email, "123456").await;
    let body = json!({"email": person.email, "code": "123456"});
    assert_wait(&world.visit("/auth/verify", &body).await, "3600000", "false");
    world.set_clock("2090-03-01 13:00Z").await;
    world.keep_code(&person.email, "123456").await;
    world.sql("update gateway.sign_in_codes set expires_at = gateway.now() + interval '10 minutes'").await;
    world.visit("/auth/verify", &body).await.success();
}

#[tokio::test]
async fn a_network_is_an_address_or_the_64_of_one() {
    let world = World::start().await;
    for (ip, network) in [
        ("\"192.0.2.1\"", "192.0.2.1"),
        ("\"2001:db8:1:2:3:4:5:6\"", "2001:db8:1:2::/64"),
        ("\"2001:db8:1:2::9\"", "2001:db8:1:2::/64"),
        ("null", "unknown"),
    ] {
        let sql = format!("select gateway.network_of('{{\"ip\": {ip}}}')");
        assert_eq!(world.value(&sql).await, json!(network));
    }
}

#[tokio::test]
async fn what_counts_for_nothing_any_more_is_forgotten() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    for _ in 0..3 {
        ask(&world, &Person::new().email).await.success();
    }
    let kept = "select jsonb_build_array((select count(*) from gateway.attempts), (select count(*) from gateway.sign_in_codes))";
    assert_eq!(world.value(kept).await, json!([13, 3]));
    world.set_clock("2090-03-02 12:11Z").await;
    ask(&world, &Person::new().email).await.success();
    assert_eq!(world.value(kept).await, json!([5, 1]));
}
