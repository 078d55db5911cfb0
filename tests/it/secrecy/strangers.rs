//! Who asks about somebody else's thing hears what everyone hears about a thing that does not exist.

use http::HeaderMap;
use shared::routes::{Auth, ROUTES};
use tests::answer::Answer;
use tests::world::World;
use uuid::Uuid;

use crate::samples::{Sample, sample, send_with};

/// What a stranger can compare: all of an answer but when and under which name it was given.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let named = |headers: &HeaderMap| {
        let mut headers: Vec<(String, String)> = headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), format!("{value:?}")))
            .collect();
        headers.sort();
        headers
    };
    (answer.status, named(&answer.headers), answer.text.clone())
}

#[tokio::test]
async fn somebody_elses_object_and_one_that_does_not_exist_are_told_alike() {
    let world = World::start().await;
    let mut compared = 0;
    for route in ROUTES {
        for operation in route.operations.iter().filter(|operation| operation.auth == Auth::User) {
            let (owner, stranger) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
            let theirs = sample(&world, route, *operation, &owner).await;
            if theirs.foreign.is_none() {
                continue;
            }
            let nobodys = Sample {
                parameters: theirs.parameters.iter().map(|(name, _)| (*name, Uuid::new_v4().to_string())).collect(),
                query: theirs.query.clone(),
                body: theirs.body.clone(),
                foreign: None,
            };
            let mut told = Vec::new();
            for sample in [&theirs, &nobodys] {
                let request = send_with(&world, (*operation, route.paths[0]), sample, Some(&stranger.key));
                told.push(comparable(&Answer::to(request).await));
            }
            assert_eq!(told[0], told[1], "{} {}", operation.method, route.paths[0]);
            compared += 1;
        }
    }
    assert!(compared >= 5, "{compared} operations name an object of somebody's");
}
