//! Whoever shows an address learns nothing about whose it is.

use serde_json::Value;
use shared::route::Auth;
use tests::people::Person;
use tests::world::World;

use super::{Slot, slots, told};
use crate::documentation::document;
use crate::samples::{sample, send_with};

/// What may have become of a code for an address, as SQL about the code of the hash `HASH`.
const CODES: [&str; 4] = [
    "delete from gateway.sign_in_codes where email_hash = HASH",
    "update gateway.sign_in_codes set tries = 0 where email_hash = HASH",
    "update gateway.sign_in_codes set tries = 5 where email_hash = HASH",
    "update gateway.sign_in_codes set expires_at = gateway.now() where email_hash = HASH",
];

/// One address of each kind: nobody's, somebody's, a disabled account's, one that an administrator gave, and one whose
/// owner has left.
async fn addresses(world: &World) -> Vec<String> {
    let people: Vec<Person> = (0..5).map(|_| Person::new()).collect();
    let [_, known, disabled, given, left] = &people[..] else { panic!("five people") };
    for person in [known, disabled, left] {
        world.visit("/auth/privy", &world.tokens(person)).await.success();
    }
    world
        .sql(&format!(
            "update gateway.accounts set disabled_at = gateway.now() where email = '{}';
             insert into gateway.accounts (email) values ('{}');
             delete from gateway.identities where value = '{left}' or value = '{}';
             update gateway.accounts set deleted_at = gateway.now(), disabled_at = gateway.now(), email = null
               where email = '{left}'",
            disabled.email,
            given.email,
            left.did,
            left = left.email
        ))
        .await;
    people.into_iter().map(|person| person.email).collect()
}

#[tokio::test]
async fn an_address_is_answered_alike_whoever_has_it() {
    let world = World::start().await;
    let slots = slots(&document(&world).await, "email");
    let open = slots.iter().filter(|(_, operation, _)| operation.auth != Auth::Admin);
    let mut asked = 0;
    for (route, operation, slot) in open {
        let Slot::Body(member) = slot else { panic!("{}: an address in {slot:?}", route.paths[0]) };
        let mut usual = None;
        for email in addresses(&world).await {
            for code in CODES {
                // A code that is not the one that the sample shows, in one of its states.
                world.keep_code(&email, "654321").await;
                let hash = format!("gateway.proof_hash('email', '{email}')");
                world.sql(&code.replace("HASH", &hash)).await;
                // Every answer is the first of its network.
                world.sql("delete from gateway.attempts").await;
                let caller = world.account(0).await;
                let mut sample = sample(&world, route, *operation, &caller).await;
                sample.body.as_mut().expect("a body")[member] = Value::from(email.as_str());
                let key = (operation.auth == Auth::User).then_some(caller.key.as_str());
                let (status, headers, text) = told(send_with(&world, (*operation, route.paths[0]), &sample, key)).await;
                let answer = (status, headers, text.replace(&email, "EMAIL"));
                let usual = usual.get_or_insert_with(|| answer.clone());
                assert_eq!(&answer, usual, "{} {}, {email}, {code}", operation.method, route.paths[0]);
            }
        }
        asked += 1;
    }
    assert!(asked >= 2, "this test asks nobody");
}
