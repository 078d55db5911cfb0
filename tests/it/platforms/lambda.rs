//! The function as Lambda runs it.

use serde_json::Value;
use shared::routes::ROUTES;
use tests::function::Function;
use tests::lambda::{LambdaHost, event};

use super::function;

#[tokio::test]
async fn events_are_answered_one_after_the_other_as_streams() {
    let host = LambdaHost::start(function(), &[]).await;
    for count in 1..=3 {
        let event = event("GET", "/ping", &[("x-request-id", "from-the-caller")], None);
        let answer = host.invoke(event).await.expect("an answer");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["x-request-id"], "from-the-caller");
        assert_eq!(answer.headers["content-type"], "application/json");
        let body: Value = serde_json::from_str(&answer.text().await).expect("JSON");
        assert_eq!((&body["message"], &body["count"]), (&"pong".into(), &count.into()));
        host.asked(count + 1).await;
    }
}

#[tokio::test]
async fn the_landing_page_and_errors_come_with_their_heads() {
    let host = LambdaHost::start(function(), &[]).await;
    let page = host.invoke(event("GET", "/", &[("accept", "text/html")], None)).await.expect("an answer");
    assert!(page.headers["content-type"].starts_with("text/html"));
    assert!(page.text().await.starts_with("<!doctype html>"));
    let missing = host.invoke(event("GET", "/nowhere?key=value", &[], None)).await.expect("an answer");
    assert_eq!(missing.status, 404);
    let body: Value = serde_json::from_str(&missing.text().await).expect("JSON");
    assert_eq!(body["error"]["code"], "not_found");
    let log = host.function.line(|line| line.contains("/nowhere")).await.expect("an access line");
    let log: Value = serde_json::from_str(&log).expect("a JSON line");
    assert_eq!((&log["path"], &log["status"]), (&"/nowhere".into(), &404.into()), "{log}");
}

#[tokio::test]
async fn the_consoles_page_names_privy_where_the_deployment_has_it() {
    for (variables, named) in [(&[][..], false), (&[("PRIVY_APP_ID", "app")][..], true)] {
        let host = LambdaHost::start(function(), variables).await;
        let page = host.invoke(event("GET", "/console", &[], None)).await.expect("an answer");
        let policy = page.headers["content-security-policy"].to_owned();
        assert_eq!(policy.contains("connect-src 'self' https://auth.privy.io;"), named, "{policy}");
        assert_eq!(policy.contains("privy"), named, "{policy}");
        assert!(page.text().await.starts_with("<!doctype html>"));
    }
}

#[tokio::test]
async fn an_event_of_no_function_url_is_an_error_and_not_the_end() {
    let host = LambdaHost::start(function(), &[]).await;
    host.invoke(serde_json::json!({ "source": "aws.events" })).await.expect_err("not a function URL's event");
    let answer = host.invoke(event("GET", "/ping", &[], None)).await.expect("an answer");
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_template_schedules_every_cron_job_with_an_event_that_the_function_understands() {
    let template = include_str!("../../../template.yaml");
    let host = LambdaHost::start(function(), &[]).await;
    let mut scheduled = Vec::new();
    for input in template.split("Input: !Sub >-").skip(1) {
        let end = input.find("}}}").expect("the event's end") + 3;
        let lines = input[..end].lines().map(str::trim);
        let event: Value = serde_json::from_str(&lines.collect::<Vec<_>>().join(" ")).expect("JSON");
        let path = event["rawPath"].as_str().expect("a path").to_owned();
        assert_eq!(event["requestContext"]["http"]["path"], path);
        host.invoke(event).await.expect("an HTTP answer");
        let log = host.function.line(|line| line.contains(&path)).await.expect("an access line");
        assert!(log.contains("\"method\":\"GET\""), "{log}");
        scheduled.push(path);
    }
    let jobs: Vec<&str> = ROUTES.iter().filter(|route| route.cron.is_some()).map(|route| route.paths[0]).collect();
    assert_eq!(scheduled, jobs);
}

#[tokio::test]
async fn a_missing_variable_of_the_platform_is_one_clear_line() {
    let mut process = Function::start(function(), &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")]);
    let line = process.line(|line| line.starts_with("cannot serve")).await.expect("a line on stderr");
    assert!(line.contains("AWS_LAMBDA_FUNCTION_NAME"), "{line}");
    assert!(!process.ended().await.success());
}
