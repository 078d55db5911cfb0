//! The tests' list of wires has every format, and every way through the gateway that a format has.

use std::collections::HashSet;

use shared::formats::Format;
use shared::providers::table::PROVIDERS;
use shared::route::Route;
use shared::routes::ROUTES;
use tests::wire::WIRES;

#[test]
fn every_inference_route_is_a_wire() {
    let infers = |route: &&Route| route.operations.iter().any(|operation| operation.scope == Some("inference"));
    let routes: HashSet<_> = ROUTES.iter().filter(infers).map(|route| (route.name, route.speaks)).collect();
    let tested: HashSet<_> = WIRES.iter().map(|wire| (wire.route, Some(wire.format))).collect();
    assert_eq!(
        tested, routes,
        "say in tests/src/wire.rs how it is asked, so that all that is promised is tested of it"
    );
}

#[test]
fn every_format_is_tested_natively_and_over_chat_where_a_provider_needs_that() {
    for format in Format::ALL {
        let tested: Vec<_> = WIRES.iter().filter(|wire| wire.format == format).map(|wire| wire.upstream()).collect();
        let speaks = |native: bool| PROVIDERS.iter().any(|provider| provider.path(format).is_some() == native);
        assert_eq!(tested.contains(&format), speaks(true), "{format:?} natively");
        assert_eq!(tested.iter().any(|upstream| *upstream != format), speaks(false), "{format:?} over chat");
    }
}
