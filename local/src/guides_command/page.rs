//! A guide in HTML: what CommonMark makes of it, with headings that can be linked to, code that can be copied and tables that
//! can be scrolled on a telephone. Markup of its own a guide may not have, so the pages' strict policy holds for all of them.

use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};
use shared::html::escape;

use super::HOME;
use super::index::Index;

/// A guide that was read.
#[derive(Debug)]
pub struct Page {
    /// The title first, then every further heading.
    pub headings: Vec<Heading>,
    article: String,
}

/// A heading, and what is said under it.
#[derive(Debug, Default)]
pub struct Heading {
    /// 1 is the title.
    pub level: u8,
    pub text: String,
    pub anchor: String,
    /// All that is said up to the next heading, without markup.
    pub says: String,
}

impl Page {
    /// Reads a guide.
    ///
    /// # Errors
    /// When it does not begin with a title, has markup of its own, or links to a guide that is not in the index.
    pub fn of(text: &str, index: &Index) -> Result<Self, String> {
        let events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
        let (mut headings, mut shown) = (Vec::<Heading>::new(), Vec::new());
        let mut rest = events.as_slice();
        while let Some((event, after)) = rest.split_first() {
            rest = after;
            match event {
                Event::Html(markup) | Event::InlineHtml(markup) => {
                    return Err(format!("`{}` is markup: write Markdown", markup.trim()));
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    let text = text_until(rest, |event| matches!(event, Event::End(TagEnd::Heading(_))));
                    let anchor = anchor(&text, &headings);
                    shown.push(Event::Html(format!("<{level} id=\"{anchor}\">").into()));
                    headings.push(Heading { level: *level as u8, text, anchor, says: String::new() });
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let code = text_until(rest, |event| matches!(event, Event::End(TagEnd::CodeBlock)));
                    shown.push(Event::Html(block(kind, &code).into()));
                    say(&mut headings, &code);
                    let end = rest.iter().position(|event| matches!(event, Event::End(TagEnd::CodeBlock)));
                    rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
                }
                Event::Start(Tag::Table(_)) => {
                    let region = "<div class=\"card scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\">";
                    shown.extend([Event::Html(region.into()), event.clone()]);
                }
                Event::End(TagEnd::Table) => shown.extend([event.clone(), Event::Html("</div>\n".into())]),
                Event::Start(Tag::Link { .. }) => shown.push(linked(event.clone(), index)?),
                Event::End(TagEnd::Heading(level)) => shown.push(Event::Html(format!("</{level}>\n").into())),
                other => {
                    match other {
                        Event::Text(text) | Event::Code(text) if !is_in_heading(rest) => say_on(&mut headings, text),
                        Event::SoftBreak | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => {
                            say_on(&mut headings, " ")
                        }
                        _ => {}
                    }
                    shown.push(other.clone());
                }
            }
        }
        if headings.first().is_none_or(|first| first.level != 1) || !text.starts_with("# ") {
            return Err("it does not begin with a title".to_owned());
        }
        let mut article = String::new();
        html::push_html(&mut article, shown.into_iter());
        // The pages' policy allows no style within them.
        let article = article.replace(" style=\"text-align: right\"", " class=\"number\"");
        if article.contains(" style=") {
            return Err("its columns are set to the left or to the right".to_owned());
        }
        Ok(Self { headings, article })
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.headings[0].text
    }

    /// The whole page; `{{name}}`, the service's name, is left to whoever serves it.
    pub fn whole(&self, name: &str, index: &Index) -> String {
        let about = index.entries().find(|entry| entry.name == name).map_or("How to use the gateway.", |it| &it.about);
        include_str!("page.html")
            .replace("{{title}}", &escape(self.title()))
            .replace("{{about}}", &escape(about))
            .replace("{{guides}}", &guides(name, index))
            .replace("{{parts}}", &self.parts(name))
            .replace("{{source}}", &format!("/docs/guides/{name}.md"))
            .replace("{{onward}}", &onward(name, index))
            .replace("{{article}}", self.article.trim_end())
    }

    /// Links to the parts of a guide that has several.
    fn parts(&self, name: &str) -> String {
        let parts: Vec<_> = self.headings.iter().filter(|heading| heading.level == 2).collect();
        if name == HOME || parts.len() < 2 {
            return String::new();
        }
        let links =
            parts.iter().map(|part| format!("\n<li><a href=\"#{}\">{}</a></li>", part.anchor, escape(&part.text)));
        format!(
            "<nav class=\"parts\" aria-label=\"On this page\"><h2>On this page</h2><ul>{}\n</ul></nav>",
            links.collect::<String>()
        )
    }
}

/// All text before the event that ends it.
fn text_until(events: &[Event<'_>], is_end: impl Fn(&Event<'_>) -> bool) -> String {
    let within = events.iter().take_while(|event| !is_end(event));
    within
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            Event::SoftBreak => Some(" "),
            _ => None,
        })
        .collect()
}

/// Whether what comes is the rest of a heading.
fn is_in_heading(rest: &[Event<'_>]) -> bool {
    let next =
        rest.iter().find(|event| matches!(event, Event::Start(_) | Event::End(TagEnd::Heading(_) | TagEnd::Paragraph)));
    matches!(next, Some(Event::End(TagEnd::Heading(_))))
}

/// Adds a text of its own to what the last heading says.
fn say(headings: &mut [Heading], text: &str) {
    say_on(headings, text);
    say_on(headings, " ");
}

/// Adds a text to what the last heading says.
fn say_on(headings: &mut [Heading], text: &str) {
    if let Some(last) = headings.last_mut() {
        last.says.push_str(text);
    }
}

/// A heading's anchor: its words, as GitHub makes them, and a number where there is another of the same.
fn anchor(text: &str, before: &[Heading]) -> String {
    let words = text.to_lowercase();
    let kept = words.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    let anchor: String = kept.map(|it| if it == ' ' { '-' } else { it }).collect();
    let same = before
        .iter()
        .filter(|heading| heading.anchor == anchor || heading.anchor.starts_with(&format!("{anchor}-")))
        .count();
    if same == 0 { anchor } else { format!("{anchor}-{same}") }
}

/// Code, under the name of its language.
fn block(kind: &CodeBlockKind<'_>, code: &str) -> String {
    let language = match kind {
        CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
        CodeBlockKind::Indented => "",
    };
    let shown = match language {
        "python" => "Python",
        "js" => "JavaScript",
        "bash" | "console" => "Shell",
        "json" => "JSON",
        "toml" => "TOML",
        "yaml" => "YAML",
        _ => "Text",
    };
    format!(
        "<div class=\"code\"><div class=\"bar\"><span>{shown}</span></div>\
         <pre tabindex=\"0\" role=\"region\" aria-label=\"{shown}\"><code>{}</code></pre></div>\n",
        escape(code.trim_end())
    )
}

/// A link to another guide's file leads to its page.
fn linked<'a>(event: Event<'a>, index: &Index) -> Result<Event<'a>, String> {
    let Event::Start(Tag::Link { link_type, dest_url, title, id }) = event else { return Ok(event) };
    let (file, anchor) = dest_url.split_once('#').map_or((&*dest_url, ""), |(file, anchor)| (file, anchor));
    let dest_url = match file.strip_suffix(".md") {
        Some(name) if index.names().any(|known| known == name) => {
            let mark = if anchor.is_empty() { "" } else { "#" };
            CowStr::from(format!("/docs/guides/{name}{mark}{anchor}"))
        }
        Some(_) => return Err(format!("it links to {file}, which is no guide of the index")),
        None => dest_url,
    };
    Ok(Event::Start(Tag::Link { link_type, dest_url, title, id }))
}

/// Links to every guide.
fn guides(name: &str, index: &Index) -> String {
    let mut links = String::new();
    for group in &index.groups {
        // Writing to a string cannot fail.
        let _ = write!(links, "<h2>{}</h2><ul>", escape(&group.title));
        for guide in &group.guides {
            let now = if guide.name == name { " aria-current=\"page\"" } else { "" };
            let _ =
                write!(links, "\n<li><a href=\"/docs/guides/{}\"{now}>{}</a></li>", guide.name, escape(&guide.title));
        }
        links += "\n</ul>\n";
    }
    links
}

/// Links to the guide before and to the one after.
fn onward(name: &str, index: &Index) -> String {
    let entries: Vec<_> = index.entries().collect();
    let here = entries.iter().position(|entry| entry.name == name);
    let link = |at: Option<usize>, rel: &str, says: &str| {
        let entry = at.and_then(|at| entries.get(at));
        entry.map_or_else(String::new, |entry| {
            let title = escape(&entry.title);
            format!(
                "<a rel=\"{rel}\" href=\"/docs/guides/{}\"><span class=\"soft small\">{says}</span>{title}</a>\n",
                entry.name
            )
        })
    };
    let before = link(here.and_then(|at| at.checked_sub(1)), "prev", "Before");
    before + &link(Some(here.map_or(0, |at| at + 1)), "next", "Next")
}
