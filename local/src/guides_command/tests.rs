//! The guides, and what is made of them.

use super::*;

fn index() -> Index {
    Index::read("# Guides\n\n## Start\n- [Quick start](quick-start.md): a first call.\n- [Keys](keys.md): who may.\n")
        .expect("an index")
}

#[test]
fn what_is_checked_in_agrees_with_the_guides() {
    let root = repository();
    let files = derive(root).expect("the guides can be read");
    for (name, content) in &files {
        let there = fs::read_to_string(root.join(name)).unwrap_or_default();
        assert!(there == *content, "{name} is stale: run `cargo run -- guides --write`");
    }
    let pages = fs::read_dir(root.join(TARGET).join("derived")).expect("a folder").count();
    assert_eq!(pages, files.len() - 1, "a page of a guide that is gone: run `cargo run -- guides --write`");
    let sources = fs::read_dir(root.join(SOURCE)).expect("a folder").count();
    assert_eq!(
        sources,
        super::index(root).expect("an index").names().count() + 1,
        "a guide that README.md does not list"
    );
}

#[test]
fn a_guide_becomes_a_page_of_nothing_but_its_own_words() {
    let text = "# A & B\n\nSee [keys](keys.md#more).\n\n## Two\n\n```python\nif a < b: pass\n```\n\n| a | b |\n|---|--:|\n| `<i>` | 2 |\n\n## Two\n\nEnd.\n";
    let page = Page::of(text, &index()).expect("a page");
    let headings: Vec<_> = page.headings.iter().map(|it| (it.level, it.anchor.as_str(), it.says.trim())).collect();
    assert_eq!(headings[0], (1, "a--b", "See keys."));
    assert_eq!((headings[1].0, headings[1].1), (2, "two"));
    assert!(headings[1].2.starts_with("if a < b: pass") && headings[1].2.contains("<i>"), "{headings:?}");
    assert_eq!(headings[2], (2, "two-1", "End."));
    let whole = page.whole("keys", &index());
    for part in [
        "<h1 id=\"a--b\">A &amp; B</h1>",
        "<a href=\"/docs/guides/keys#more\">keys</a>",
        "if a &lt; b: pass</code>",
        "<code>&lt;i&gt;</code>",
        "<td class=\"number\">2</td>",
        "<a href=\"/docs/guides/keys\" aria-current=\"page\">",
        "<a href=\"#two-1\">Two</a>",
        "rel=\"prev\" href=\"/docs/guides/quick-start\"",
        "content=\"who may.\"",
    ] {
        assert!(whole.contains(part), "{part} is not in\n{whole}");
    }
    assert!(!whole.replace("{{name}}", "").contains("{{"), "{whole}");
}

#[test]
fn what_a_guide_may_not_have_is_said() {
    for (text, says) in [
        ("# A\n\n<script>alert(1)</script>\n", "is markup"),
        ("# A\n\nan <b>inline</b> one\n", "is markup"),
        ("# A\n\n[gone](gone.md)\n", "no guide of the index"),
        ("A text.\n", "does not begin with a title"),
        ("# A\n\n| a |\n|:-:|\n| 1 |\n", "to the left or to the right"),
    ] {
        let error = Page::of(text, &index()).expect_err("it is refused");
        assert!(error.contains(says), "{error}");
    }
    for index in ["- [A](a.md): b.\n", "## A\n- A thing\n", "## A\n- [A](../a.md): b.\n"] {
        assert!(Index::read(index).is_err(), "{index}");
    }
}
