//! The console, as far as it can be told without a browser (tests/browser uses it in one): the program has every file of it that a
//! page asks for, and none of them may run or load anything from elsewhere.

use std::collections::BTreeSet;

use tests::answer::Answer;
use tests::world::World;

#[tokio::test]
async fn the_console_is_part_of_the_program_and_closed_to_everything_else() {
    let world = World::start().await;
    let get = |path: &str| Answer::to(world.http.get(format!("{}{path}", world.base_url)));
    let page = get("/console").await;
    let slash = get("/console/").await;
    assert_eq!((page.status, slash.status, &page.text), (200, 200, &slash.text));
    for inline in ["<style", "style=", "onclick", "<script>"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    let mut wanted: Vec<String> =
        page.text.split('"').filter(|part| part.starts_with("/console/")).map(str::to_owned).collect();
    let mut seen = BTreeSet::new();
    while let Some(path) = wanted.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let file = get(&path).await;
        assert_eq!(file.status, 200, "{path}");
        let kind = match path.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        };
        assert_eq!(file.header("content-type"), kind, "{path}");
        let policy = file.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(file.header("cache-control").contains("immutable"), path.contains("/vendor/"), "{path}");
        let again = world.http.get(format!("{}{path}", world.base_url)).header("if-none-match", file.header("etag"));
        assert_eq!(Answer::to(again).await.status, 304, "{path}");
        if path.ends_with("js") {
            wanted.extend(imports(&path, &file.text));
        }
    }
    assert!(seen.len() > 40 && seen.iter().any(|path| path.contains("/vendor/uplot-")), "{seen:?}");
    Answer::to(world.http.get(format!("{}/console/lib/none.js", world.base_url))).await.refused(404, "not_found");
}

#[tokio::test]
async fn the_page_may_ask_privy_where_it_is_configured_and_nothing_else_may() {
    let world = World::start().await;
    let policy = |base_url: String, path: &str| {
        let request = world.http.get(format!("{base_url}{path}")).header("accept", "text/html");
        async move { Answer::to(request).await.header("content-security-policy").to_owned() }
    };
    let url = world.platform.privy.url();
    let file = policy(world.base_url.clone(), "/console/main.js").await;
    assert!(file.contains("connect-src 'self';"), "{file}");
    let with_privy = file.replace("connect-src 'self';", &format!("connect-src 'self' {url};"));
    for path in ["/console", "/console/"] {
        assert_eq!(policy(world.base_url.clone(), path).await, with_privy, "{path}");
    }
    assert_eq!(policy(world.base_url.clone(), "/").await, file, "the landing page");
    let elsewhere = world.another_gateway_with(&[("PRIVY_URL", "https://privy.example.com/base")]).await;
    assert_eq!(policy(elsewhere, "/console").await, with_privy.replace(url, "https://privy.example.com"));
    for variable in [("PRIVY_APP_ID", ""), ("PRIVY_URL", "https://a;script-src"), ("PRIVY_URL", "nope")] {
        let without = world.another_gateway_with(&[variable]).await;
        assert_eq!(policy(without, "/console").await, file, "{variable:?}");
    }
    // The page comes by its own path alone: as a file it would come without its policy on a platform that serves files.
    Answer::to(world.http.get(format!("{}/console/index.html", world.base_url))).await.refused(404, "not_found");
    let again = world.http.get(format!("{}/console", world.base_url));
    let tag = Answer::to(again.try_clone().expect("a request")).await.header("etag").to_owned();
    let known = Answer::to(again.header("if-none-match", tag)).await;
    assert_eq!((known.status, known.header("content-security-policy")), (304, with_privy.as_str()));
}

/// The paths of the modules that a module at `path` imports, now or later.
fn imports(path: &str, module: &str) -> Vec<String> {
    let quoted =
        module.split("from \"").skip(1).chain(module.split("from\"").skip(1)).chain(module.split("import(\"").skip(1));
    let names = quoted.filter_map(|rest| rest.split('"').next()).filter(|name| name.starts_with('.'));
    names.map(|name| resolved(path, name)).collect()
}

/// A relative address against that of the module it stands in.
fn resolved(path: &str, name: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}
