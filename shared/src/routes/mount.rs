//! A route's router.

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodRouter;
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::app::SharedApp;
use crate::route::Route;
use crate::serve::Invocation;

/// One handler a method at every path of the route. Each request learns its operation and its limit on the way, each
/// answer the format that its errors are to have.
pub(super) fn mount<const N: usize>(
    route: &'static Route,
    handlers: [MethodRouter<SharedApp>; N],
) -> Router<SharedApp> {
    let mut methods = MethodRouter::new();
    for (operation, handler) in route.operations.iter().zip(handlers) {
        methods = methods.merge(handler.route_layer(MapRequestLayer::new(move |mut request: Request| {
            request.extensions_mut().insert(*operation);
            if let Some(invocation) = request.extensions_mut().get_mut::<Invocation>() {
                invocation.limit(route.max_duration);
            }
            request
        })));
    }
    if let Some(format) = route.speaks {
        methods = methods.route_layer(MapResponseLayer::new(move |mut response: Response| {
            response.extensions_mut().insert(format);
            response
        }));
    }
    route.mounts().iter().fold(Router::new(), |router, path| router.route(path, methods.clone()))
}
