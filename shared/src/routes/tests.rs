//! The table as a whole, and how a path and its parameters reach a handler.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::app::App;
use crate::config::Config;
use crate::route::INDEX;
use crate::serve::application;

static MODEL: Route = Route {
    name: "model",
    summary: "A model.",
    paths: &["/models/{provider}/{*model}", "/catalog/models/{provider}/{*model}"],
    operations: &[Operation { method: "GET", auth: Auth::User, scope: Some("models:read") }],
    max_duration: Duration::from_secs(10),
    cron: None,
    needs: &[],
    speaks: None,
};

#[test]
fn the_whole_table_is_one_router_and_no_two_files_are_the_same() {
    let _: Router<SharedApp> = all();
    let mut files: Vec<String> = ROUTES.iter().map(Route::file).collect();
    let count = files.len();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), count);
    assert!(!files.iter().any(|file| file == INDEX));
    assert!(ROUTES.iter().all(|route| route.max_duration <= crate::serve::LONGEST && !route.summary.is_empty()));
}

#[test]
fn the_first_path_names_the_file() {
    assert_eq!(MODEL.file(), "models/[provider]/[model]");
    assert_eq!(
        MODEL.mounts(),
        [
            "/models/{provider}/{*model}",
            "/api/models/{provider}/{*model}",
            "/catalog/models/{provider}/{*model}",
            "/api/catalog/models/{provider}/{*model}",
        ]
    );
    let root = &ROUTES[0];
    assert_eq!((root.file().as_str(), root.mounts()), ("root", ["/", "/api", "/api/root"].map(String::from).to_vec()));
}

#[tokio::test]
async fn a_parameter_reaches_its_handler_decoded_once_however_it_travels() {
    let show = |Path((provider, model)): Path<(String, String)>, Extension(operation): Extension<Operation>| async move {
        format!("{provider} {model} {}", operation.scope.unwrap_or_default())
    };
    let router = mount(&MODEL, [on(MethodFilter::GET, show)]);
    let service = application(router, App::new(Config::from_lookup(|_| None), ROUTES).expect("an app"));
    let cases = [
        ("/models/openrouter/openai/gpt-4o", "openai/gpt-4o"),
        ("/models/openrouter/openai%2Fgpt-4o", "openai/gpt-4o"),
        ("/api/models/openrouter/openai%2Fgpt-4o", "openai/gpt-4o"),
        ("/catalog/models/openrouter/a%252Fb", "a%2Fb"),
        ("/api/models/[provider]/[model]?provider=openrouter&model=openai/gpt-4o", "openai/gpt-4o"),
        ("/api/models/[provider]/[model]?provider=openrouter&model=openai%2Fgpt-4o:free", "openai/gpt-4o:free"),
        ("/api/models/%5Bprovider%5D/%5Bmodel%5D?model=a%252Fb&provider=openrouter", "a%2Fb"),
    ];
    for (uri, model) in cases {
        let request = Request::builder().uri(uri).body(Body::empty()).expect("a request");
        let response = service.clone().oneshot(request).await.expect("infallible");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body, format!("openrouter {model} models:read"), "{uri}");
    }
}
