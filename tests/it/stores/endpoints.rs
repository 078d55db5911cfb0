//! Every other endpoint with a database that cannot be used.

use std::collections::BTreeSet;

use tests::watch::Watch;
use tests::world::{World, read, send};

use super::{assert_no_internals, assert_unavailable, database_faults};
use crate::samples::{operations, request};

#[tokio::test]
async fn an_endpoint_whose_database_cannot_be_used_is_a_503_with_retry_after() {
    let world = World::start().await;
    let watch = Watch::new(&world);
    let mut unavailable = BTreeSet::new();
    for fault in database_faults() {
        world.platform.postgrest.control().fail(None, None, fault.clone());
        for (route, operation) in operations() {
            let case = format!("{} {} with {fault:?}", operation.method, route.paths[0]);
            let request = request(&world, route, operation).await;
            watch.clear();
            let response = send(request).await;
            if watch.functions().is_empty() && response.status().is_success() {
                continue;
            }
            if route.name == "health" {
                // It is there to say so.
                let (status, told) = read(response).await;
                assert_eq!((status, told["database"].as_str()), (503, Some("unavailable")), "{case}: {told}");
                assert_no_internals(&told.to_string(), &case);
                continue;
            }
            assert_unavailable(response, &case).await;
            unavailable.insert(route.name);
        }
        world.platform.postgrest.control().clear();
    }
    for name in
        ["models", "v1_model", "user_balance", "admin_create", "cron_sweep_holds", "cron_rollups", "cron_retention"]
    {
        assert!(unavailable.contains(name), "{name} does not ask the database: {unavailable:?}");
    }
}
