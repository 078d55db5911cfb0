//! The page at /docs, as far as it can be told without a browser (tests/browser opens it in one).

use serde_json::Value;
use tests::answer::Answer;
use tests::world::World;

use super::document;

#[tokio::test]
async fn the_page_takes_everything_from_here_and_allows_nothing_else() {
    let world = World::start().await;
    let get = |path: &str| Answer::to(world.http.get(format!("{}{path}", world.base_url)));
    let page = get("/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert!(!page.text.contains("http:") && !page.text.contains("https:"), "{}", page.text);
    let links = page.text.split(['"', '\'']).filter(|part| part.starts_with("/docs/") && *part != "/docs/guides");
    let mut found = 0;
    for link in links {
        let asset = get(link).await;
        assert_eq!(asset.status, 200, "{link}");
        let kind = asset.headers["content-type"].to_str().expect("text").to_owned();
        let wanted = if link.ends_with(".css") { "text/css" } else { "text/javascript" };
        assert_eq!(kind, wanted, "{link}");
        found += 1;
    }
    assert_eq!(found, 3, "a style sheet and two scripts");
}

#[tokio::test]
async fn whoever_has_a_page_or_a_file_already_is_sent_nothing() {
    let world = World::start().await;
    let get = |path: &str| world.http.get(format!("{}{path}", world.base_url));
    let page = Answer::to(get("/docs")).await;
    let links = page.text.split('"').filter(|part| part.starts_with("/docs/"));
    for path in links.chain(["/docs", "/openapi.json", "/docs/guides/keys", "/docs/guides/keys.md", "/llms.txt"]) {
        let first = Answer::to(get(path)).await;
        let (tag, keep) = (first.header("etag").to_owned(), first.header("cache-control").to_owned());
        assert!(keep.starts_with("public, max-age="), "{path}: {keep}");
        assert_eq!(keep.contains("immutable"), path.contains("-1."), "{path}: a name with a version");
        let again = Answer::to(get(path).header("if-none-match", &tag)).await;
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", tag.as_str()), "{path}");
        let changed = Answer::to(get(path).header("if-none-match", "\"another\"")).await;
        assert_eq!(changed.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_document_is_in_the_order_in_which_a_user_needs_it_and_offers_nobody_the_crons_secret() {
    let world = World::start().await;
    let document = document(&world).await;
    let names = |tags: &Value| -> Vec<String> {
        let tags = tags.as_array().expect("a list").iter();
        tags.map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
    };
    let tags = names(&document["tags"]);
    let wanted = ["inference", "models", "keys", "usage", "money", "admin", "cron"];
    assert_eq!(tags.iter().filter(|tag| wanted.contains(&tag.as_str())).collect::<Vec<_>>(), wanted);
    assert_eq!(tags.last().map(String::as_str), Some("cron"));
    assert!(document["tags"].as_array().expect("a list").iter().all(|tag| tag["description"].is_string()));
    let schemes = document["components"]["securitySchemes"].as_object().expect("schemes");
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["bearer", "x_api_key"]);
    for (name, _) in shared::answer_headers::DESCRIBED {
        assert!(document["info"]["description"].as_str().is_some_and(|text| text.contains(name)), "{name}");
    }
}

#[tokio::test]
async fn every_call_of_a_model_has_an_example_of_its_request_and_of_its_answer() {
    let world = World::start().await;
    let document = document(&world).await;
    let schema = |reference: &Value| {
        let place = reference["schema"]["$ref"].as_str().map(|place| place.trim_start_matches('#').to_owned());
        place.and_then(|place| document.pointer(&place).cloned()).unwrap_or_default()
    };
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            if operation["tags"][0] != "inference" || method != "post" {
                continue;
            }
            seen += 1;
            let request = schema(&operation["requestBody"]["content"]["application/json"]);
            assert!(request["examples"][0].is_object(), "{path} has no example of its request");
            let content = &operation["responses"]["200"]["content"];
            // Sound has no schema of which an example could be.
            if content["application/json"].is_null() {
                continue;
            }
            let answer = schema(&content["application/json"]);
            let shown = if answer["example"].is_object() { &answer["example"] } else { &answer["examples"][0] };
            assert!(shown.is_object(), "{path} has no example of its answer");
        }
    }
    assert!(seen >= 4, "{seen} of them");
    let chat = &document["components"]["schemas"]["ChatCompletionRequest"]["properties"];
    for member in [
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_completion_tokens",
        "max_tokens",
        "n",
        "temperature",
        "top_p",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "verbosity",
        "modalities",
        "service_tier",
        "provider",
        "user",
        "metadata",
    ] {
        assert!(chat[member].is_object(), "{member}");
    }
}

#[tokio::test]
async fn a_file_that_the_page_has_not_is_not_found() {
    let world = World::start().await;
    for file in ["nothing.js", "..%2fCargo.toml", "%2e%2e%2fpage.html", "page.css%00"] {
        Answer::to(world.http.get(format!("{}/docs/{file}", world.base_url))).await.refused(404, "not_found");
    }
}
