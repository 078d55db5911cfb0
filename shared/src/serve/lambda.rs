//! The Lambda function, behind a function URL in `RESPONSE_STREAM` mode.

use std::env;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use lambda_http::request::RequestContext;
use lambda_http::{Context, RequestExt as _};
use tower::ServiceExt as _;

use super::invocation::ends_with_tasks;
use super::{Invocation, ServeError, Tasks, application, stopped};
use crate::app::SharedApp;

/// Serves one event after the other until the process is stopped, then drains the tasks.
pub(super) async fn serve(endpoints: Router<SharedApp>, app: SharedApp) -> Result<(), ServeError> {
    check_environment(|name| env::var(name).ok())?;
    let tasks = Tasks::tracked();
    let running = tasks.clone();
    let service = application(endpoints, app)
        .layer(from_fn(withhold_end))
        .map_request(move |mut request: lambda_http::Request| {
            let client_ip = request.request_context_ref().and_then(client_ip);
            let left = request.lambda_context_ref().map_or(Duration::ZERO, time_left);
            request.extensions_mut().insert(Invocation::limited_to(left, client_ip, running.of_a_run()));
            request
        })
        .map_response(|mut response: Response| {
            join_repeated(response.headers_mut());
            response
        });
    tokio::select! {
        outcome = lambda_http::run_with_streaming_response(service) => outcome.map_err(ServeError::Lambda),
        () = stopped() => {
            tasks.drain().await;
            Ok(())
        }
    }
}

/// With the end of the body the run is over: the next event is asked for, and the process is frozen if there is none. So the end is
/// withheld until everything that the handler has handed over is done: a settle, mail, webhooks.
async fn withhold_end(request: Request, next: Next) -> Response {
    let tasks = request.extensions().get::<Invocation>().map(|invocation| invocation.tasks.clone());
    let response = next.run(request).await;
    match tasks {
        Some(tasks) => ends_with_tasks(response, &tasks),
        None => response,
    }
}

/// The runtime client panics without these.
fn check_environment(get: impl Fn(&str) -> Option<String>) -> Result<(), ServeError> {
    for name in ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"] {
        get(name).ok_or(ServeError::LambdaVariable(name))?;
    }
    let (memory, api) = ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_RUNTIME_API");
    get(memory).and_then(|size| size.parse::<i32>().ok()).ok_or(ServeError::LambdaVariable(memory))?;
    get(api).and_then(|host| host.parse::<http::uri::Authority>().ok()).ok_or(ServeError::LambdaVariable(api))?;
    Ok(())
}

fn client_ip(context: &RequestContext) -> Option<IpAddr> {
    let RequestContext::ApiGatewayV2(context) = context else { return None };
    context.http.source_ip.as_deref()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn time_left(context: &Context) -> Duration {
    context.deadline().duration_since(SystemTime::now()).unwrap_or(Duration::ZERO)
}

/// A function URL takes one value for each name of the prelude, so repeated headers become lists. Cookies travel apart.
fn join_repeated(headers: &mut HeaderMap) {
    let repeated: Vec<HeaderName> = headers
        .keys()
        .filter(|name| **name != header::SET_COOKIE && headers.get_all(*name).iter().nth(1).is_some())
        .cloned()
        .collect();
    for name in repeated {
        let values: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            headers.insert(name, joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;

    use super::*;

    #[test]
    fn an_address_of_the_old_family_is_one_however_it_is_written() {
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.http.source_ip = Some("::ffff:192.0.2.1".to_owned());
        assert_eq!(client_ip(&RequestContext::ApiGatewayV2(context)), Some(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn repeated_headers_become_one_and_cookies_stay_apart() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("vary", "accept"), ("vary", "origin"), ("set-cookie", "a=1"), ("set-cookie", "b=2")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        join_repeated(&mut headers);
        assert_eq!(headers.get_all("vary").iter().collect::<Vec<_>>(), ["accept, origin"]);
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn what_the_runtime_client_would_panic_over_is_named() {
        let complete = [
            ("AWS_LAMBDA_FUNCTION_NAME", "gateway"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ];
        let check = |without: &str| {
            let get = |name: &str| complete.iter().find(|(key, _)| *key == name && *key != without);
            check_environment(|name| get(name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(check("").is_ok());
        for (name, _) in complete {
            let error = check(name).expect_err("a missing variable").to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
