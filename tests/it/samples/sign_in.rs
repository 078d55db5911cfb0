//! Signing in, each time as somebody new.

use serde_json::json;
use tests::people::Person;
use tests::world::World;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str)) -> Option<Sample> {
    let person = Person::new();
    Some(match (method, name) {
        ("POST", "auth") => Sample::body(world.tokens(&person)),
        ("POST", "auth_register") => Sample::body(json!({"email": person.email})),
        ("POST", "auth_verify") => {
            world.keep_code(&person.email, "123456").await;
            Sample::body(json!({"email": person.email, "code": "123456"}))
        }
        _ => return None,
    })
}
