//! The tests' list of wires has every format, and every way through the gateway that a format has.

use std::collections::HashSet;

use shared::formats::Format;
use shared::providers::Provider;
use shared::providers::table::PROVIDERS;
use shared::route::Route;
use shared::routes::ROUTES;
use tests::whole::WHOLES;
use tests::wire::WIRES;

#[test]
fn every_inference_route_is_a_wire() {
    // Counting a prompt's tokens asks no model, and neither does forgetting cached answers.
    let infers = |route: &&Route| {
        let scoped = route.operations.iter().any(|operation| operation.scope == Some("inference"));
        scoped && !matches!(route.name, "v1_messages_count_tokens" | "user_cache")
    };
    let routes: HashSet<_> = ROUTES.iter().filter(infers).map(|route| (route.name, route.speaks)).collect();
    let wholes = WHOLES.iter().map(|whole| (whole.route, Some(whole.format)));
    let tested: HashSet<_> = WIRES.iter().map(|wire| (wire.route, Some(wire.format))).chain(wholes).collect();
    assert_eq!(
        tested, routes,
        "say in tests/src/wire or tests/src/whole how it is asked, so that all that is promised is tested of it"
    );
}

#[test]
fn every_format_is_tested_in_every_way_that_a_provider_needs() {
    for format in Format::ALL {
        if let Some(whole) = WHOLES.iter().find(|whole| whole.format == format && !whole.is_chat()) {
            // Nothing can be translated into it, so that only those are asked who speak it.
            let speaks = |name: &str| PROVIDERS.iter().any(|row| row.name == name && row.path(format).is_some());
            assert!(speaks(whole.provider) && speaks(whole.second), "{format:?}");
            continue;
        }
        let tested: HashSet<_> =
            WIRES.iter().filter(|wire| wire.format == format).map(|wire| wire.upstream()).collect();
        // Each provider is asked in the format itself, else by way of chat, else by way of messages.
        let way = |provider: &Provider| {
            let mut ways = [format, Format::Chat, Format::Messages].into_iter();
            ways.find(|way| provider.path(*way).is_some()).expect("each speaks one of them")
        };
        assert_eq!(tested, PROVIDERS.iter().map(way).collect::<HashSet<_>>(), "{format:?}");
    }
}
