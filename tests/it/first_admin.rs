//! A new deployment gets its first administrator from whoever holds the service key.

use serde_json::{Value, json};
use shared::api_key::NewKey;
use tests::world::{World, read, send};

#[tokio::test]
async fn the_service_key_makes_an_administrator_whose_key_works() {
    let world = World::start().await;
    let app = world.platform.gateway().expect("an app");
    let peppers = app.config.peppers.clone().expect("a pepper");
    for _ in 0..2 {
        let key = NewKey::generate(app.config.key_environment(), "k".to_owned(), &peppers).expect("a key");
        let arguments = json!({"request": {"email": "Root@test.example"}, "key": key.stored});
        let supabase = app.supabase().expect("configured");
        let made: Value = supabase.rpc("create_admin", &arguments).await.expect("an answer");
        assert_eq!(made["email"], "root@test.example");
        let (status, report) = read(send(world.get("/admin/ledger/check", &key.secret)).await).await;
        assert_eq!((status, &report["ok"]), (200, &json!(true)));
    }
    let accounts = world.value("select count(*) from gateway.accounts where role = 'admin'").await;
    assert_eq!(accounts, json!(1));
}
