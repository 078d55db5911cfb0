//! The page in HTML. All that it quotes is escaped: model names and subjects are what anybody has sent.

use serde_json::Value;
use shared::html::escape;

use crate::pages::page;

const INTRODUCTION: &str = "What <code>cargo run</code> has started in the place of a deployment's services, and what goes on in it. \
    For programs: <code>curl -H 'accept: application/json' /_local</code> at this address.";

/// The page of a state.
pub(super) fn of(state: &Value, hands_out_tokens: bool) -> String {
    let body = format!(
        "<div id=\"live\" class=\"stack\">{}{}{}{}</div>\n{}<script src=\"/_local/live.js\" defer></script>\n",
        figures(state),
        calls(state),
        mails(state),
        services(state),
        if hands_out_tokens { SIGN_IN } else { "" },
    );
    page("This machine", INTRODUCTION, &body)
}

/// The columns that hold figures, which are set to the right.
const FIGURES: [&str; 3] = ["Tokens", "Cost", "Took"];

const SIGN_IN: &str = "<section class=\"card\"><header><h2>Sign in as somebody</h2>\
    <p>The tokens that a page of Privy's would give, for <code>POST /auth/privy</code>. To sign in to the console by Privy, take \
    <a href=\"/_local/privy\">the code that it has mailed</a>.</p></header>\
    <form class=\"body row\" action=\"/_local/privy\"><div class=\"field grow\"><label for=\"email\">E-mail</label>\
    <input id=\"email\" name=\"email\" type=\"email\" required value=\"you@example.com\"></div>\
    <button class=\"button\">Give me tokens</button></form></section>\n";

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => escape(text),
        Value::Null => String::new(),
        other => escape(&other.to_string()),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A card with a table, or with what is to be done while it has no rows.
fn card(title: &str, link: &str, head: &[&str], rows: &[String], empty: &str) -> String {
    let named = |name: &&str| {
        let kind = if FIGURES.contains(name) { " class=\"number\"" } else { "" };
        format!("<th scope=\"col\"{kind}>{name}</th>")
    };
    let head: String = head.iter().map(named).collect();
    let body = match rows.is_empty() {
        true => format!("<p class=\"body soft\">{empty}</p>"),
        false => format!(
            "<div class=\"scroll\" role=\"region\" aria-label=\"{title}\" tabindex=\"0\"><table><thead><tr>{head}</tr></thead>\
             <tbody>{}</tbody></table></div>",
            rows.concat()
        ),
    };
    format!("<section class=\"card\"><header><h2>{title}</h2>{link}</header>{body}</section>\n")
}

fn figures(state: &Value) -> String {
    let mut shown =
        vec![("Accounts", &state["accounts"]), ("Keys", &state["keys"]), ("Calls that run", &state["running"])];
    shown.push(("Mails", &state["mails"]));
    if state["stripe"].is_object() {
        shown.push(("Payments", &state["stripe"]["payment_intent"]));
    }
    let stats: String = shown
        .iter()
        .map(|(name, value)| format!("<div class=\"stat\"><dt>{name}</dt><dd>{}</dd></div>", text(value)))
        .collect();
    format!("<dl class=\"stats\">{stats}</dl>\n")
}

fn calls(state: &Value) -> String {
    let row = |call: &Value| {
        let cost = call["cost"].as_i64().unwrap_or_default();
        let outcome = if call["error_code"].is_null() { &call["outcome"] } else { &call["error_code"] };
        format!(
            "<tr><td><time>{}</time></td><td><code>{}</code></td><td>{}</td><td>{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">${}.{:06}</td><td class=\"number\">{} ms</td></tr>",
            text(&call["finished_at"]).get(11..19).unwrap_or_default(),
            text(&call["model"]),
            text(&call["provider"]),
            text(outcome),
            text(&call["tokens"]),
            cost / 1_000_000_000,
            cost % 1_000_000_000 / 1000,
            text(&call["duration_ms"]),
        )
    };
    let rows: Vec<String> = list(&state["calls"]).iter().map(row).collect();
    let head = ["Time (UTC)", "Model", "Provider", "Outcome", "Tokens", "Cost", "Took"];
    let link = "<a href=\"/console#/requests\">All requests</a>";
    card("The newest calls", link, &head, &rows, "None in the last day. The console's playground makes one.")
}

fn mails(state: &Value) -> String {
    let row = |mail: &Value| {
        let to: Vec<String> = list(&mail["to"]).iter().map(text).collect();
        format!("<tr><td>{}</td><td>{}</td></tr>", text(&mail["subject"]), to.join(", "))
    };
    let rows: Vec<String> = list(&state["newest_mails"]).iter().map(row).collect();
    let link = "<a href=\"/_local/mail\">All mail</a>";
    card(
        "The newest mails",
        link,
        &["Subject", "To"],
        &rows,
        "None yet. A sign-in code that is asked for arrives here.",
    )
}

fn services(state: &Value) -> String {
    let row = |service: &Value| {
        let address = &service["address"];
        let shown = if address.is_null() { "–".to_owned() } else { format!("<code>{}</code>", text(address)) };
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{shown}</td></tr>",
            text(&service["what"]),
            text(&service["by"])
        )
    };
    let rows: Vec<String> = list(&state["services"]).iter().map(row).collect();
    let link = if state["stripe"].is_object() { "<a href=\"/_local/stripe\">Stripe's stand-in</a>" } else { "" };
    card("Services", link, &["For", "By", "Where"], &rows, "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn what_was_sent_is_shown_as_text() {
        let evil = "<img src=x onerror=alert(1)>";
        let state = json!({
            "accounts": 1, "keys": 1, "running": 0, "mails": 1,
            "newest_mails": [{ "subject": evil, "to": [evil] }],
            "calls": [{ "finished_at": "2026-01-02T03:04:05.6+00:00", "model": evil, "provider": null, "outcome": evil,
                        "error_code": null, "tokens": 3, "cost": 1_000_001_000, "duration_ms": 7 }],
            "services": [{ "what": evil, "by": evil, "address": evil }],
        });
        let page = of(&state, true);
        assert!(!page.contains("<img src=x") && page.matches("&lt;img").count() >= 6, "{page}");
        for shown in ["03:04:05", "$1.000001", ">3<"] {
            assert!(page.contains(shown), "{shown}");
        }
    }
}
