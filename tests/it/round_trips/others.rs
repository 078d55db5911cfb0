//! Every endpoint that is not a completion asks the database once at most.

use shared::route::Auth;
use tests::watch::Watch;
use tests::world::{World, send};

use crate::samples::{operations, request, told};

#[tokio::test]
async fn every_other_endpoint_makes_one_database_call_at_most() {
    let world = World::start().await;
    let watch = Watch::new(&world);
    for (route, operation) in operations() {
        let name = format!("{} {}", operation.method, route.paths[0]);
        let response = send(request(&world, route, operation).await).await;
        let (status, text) = (response.status().as_u16(), response.text().await.expect("a body"));
        assert_eq!(status, told(route, operation).0, "{name}: {text}");
        let asked = watch.functions();
        assert!(asked.len() <= 1, "{name}: {asked:?}");
        // Who a caller is, only the database knows.
        if matches!(operation.auth, Auth::User | Auth::Admin) {
            assert_eq!(asked.len(), 1, "{name}");
        }
        watch.clear();
    }
}
