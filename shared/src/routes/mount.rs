//! A route's router.

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::MethodRouter;
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::app::SharedApp;
use crate::key_first::key_first;
use crate::route::{Auth, Route};
use crate::serve::Invocation;

/// Mounts one handler a method at every path of the route, inside the layers that set a request's operation and time limit,
/// authenticate before a malformed request is refused, and give errors the shape of the route's wire format.
pub(super) fn mount<const N: usize>(
    route: &'static Route,
    handlers: [MethodRouter<SharedApp>; N],
) -> Router<SharedApp> {
    let mut methods = MethodRouter::new();
    for (operation, handler) in route.operations.iter().zip(handlers) {
        let handler = match operation.auth {
            Auth::User | Auth::Admin => handler.route_layer(from_fn(move |request, next| {
                key_first(*operation, route.speaks.is_some(), request, next)
            })),
            Auth::Public | Auth::Cron => handler,
        };
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
