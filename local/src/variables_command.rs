//! `variables`: prints the environment's variables, or derives from their list all that has to agree with it:
//! `.env.example`, README's table, `docs/providers.md`, and the parameters of `template.yaml`. Likewise the table of `docs/mail.md`, from the
//! list of kinds of mail.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use local::platform::repository;
use serde_json::json;
use shared::config::variables::{
    API_KEY_PEPPER, CALL_MAX_SECONDS, CRON_SECRET, FRONTEND_URL, Group, KV_REST_API_TOKEN, KV_REST_API_URL, Kind,
    Presence, RUST_LOG, Variable, all,
};
use shared::mail::{KINDS, Kind as KindOfMail};
use shared::providers::Provider;
use shared::providers::table::PROVIDERS;

/// What stands before and after a derived part, in each file's own comments.
const BEGIN: &str = "Derived by `cargo run -- variables --write`:";
const END: &str = "End of the derived part.";

/// What to do with the list.
#[derive(clap::Args)]
pub struct Options {
    /// Writes the derived files in place of printing the table.
    #[arg(long)]
    write: bool,
}

/// Prints or writes.
pub fn run(options: &Options) -> ExitCode {
    if !options.write {
        print!("{}", table());
        return ExitCode::SUCCESS;
    }
    let written = derive(repository()).and_then(|files| {
        files.into_iter().try_for_each(|(name, content)| fs::write(repository().join(name), content))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write the derived files: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every derived file by its name, as it should be.
fn derive(root: &Path) -> io::Result<Vec<(&'static str, String)>> {
    let between = |name: &'static str, parts: &[String]| {
        let text = fs::read_to_string(root.join(name))?;
        let text = replaced(&text, parts).ok_or_else(|| io::Error::other(format!("{name} has lost its marks")))?;
        Ok::<_, io::Error>((name, text))
    };
    Ok(vec![
        (".env.example", env_example()),
        between("README.md", &[format!("\n{}\n", table())])?,
        between("docs/providers.md", &[format!("\n{}\n", providers())])?,
        between("docs/mail.md", &[format!("\n{}\n", mails())])?,
        between("template.yaml", &[parameters(), environment()])?,
    ])
}

/// The text with what stands between its marks replaced, one part for each pair of them.
fn replaced(text: &str, parts: &[String]) -> Option<String> {
    let mut done = String::new();
    let mut rest = text;
    for part in parts {
        let begin = rest.find(BEGIN)?;
        let line_end = begin + rest[begin..].find('\n')? + 1;
        let end = line_end + rest[line_end..].find(END)?;
        let end = rest[..end].rfind('\n')? + 1;
        done.push_str(&rest[..line_end]);
        done.push_str(part);
        rest = &rest[end..];
    }
    done.push_str(rest);
    Some(done)
}

fn table() -> String {
    let mut text = String::from("| variable | for | default |\n|---|---|---|\n");
    for variable in all().filter(|variable| !is_of_a_provider(variable)) {
        let default = match variable.presence {
            Presence::Required => "required".to_owned(),
            Presence::Optional => "–".to_owned(),
            Presence::Default(value) => format!("`{value}`"),
        };
        let local = if variable.group == Group::Local { "local only: " } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| `{}` | {local}{} | {default} |", variable.name, variable.purpose.replace('|', "\\|"));
    }
    text
}

/// Whether a row of the provider table has it.
fn is_of_a_provider(variable: &Variable) -> bool {
    PROVIDERS.iter().any(|provider| [provider.key, provider.address].contains(variable))
}

/// The providers: their names, their variables, where they are, and what is asked of each in which format.
fn providers() -> String {
    let mut text = String::from("| provider | name | key | address | speaks |\n|---|---|---|---|---|\n");
    for Provider { title, name, key, address, base_url, speaks, .. } in PROVIDERS {
        let place = if base_url.is_empty() { format!("needs `{}`", address.name) } else { format!("`{base_url}`") };
        let paths: Vec<String> = speaks.iter().map(|(_, path)| format!("`{path}`")).collect();
        let _ = writeln!(text, "| {title} | `{name}` | `{}` | {place} | {} |", key.name, paths.join(" "));
    }
    text
}

/// The kinds of mail: when each is sent, and whether it can be switched off.
fn mails() -> String {
    let mut text = String::from("| kind | when | can be switched off |\n|---|---|---|\n");
    for KindOfMail { name, when, optional } in KINDS {
        let _ = writeln!(text, "| `{name}` | {when} | {} |", if *optional { "yes" } else { "–" });
    }
    text
}

fn env_example() -> String {
    let mut text = String::from(
        "# Derived from shared/src/config/variables.rs by `cargo run -- variables --write`.\n\
         # `cargo run` needs none of this. A value set here is used by the local platform too: a provider with a key is\n\
         # the real one. What is commented out stands as it holds without it.\n",
    );
    let mut group = None;
    for variable in all() {
        if group.replace(variable.group) != Some(variable.group) {
            let _ = writeln!(text, "\n# == {}", heading(variable.group));
        }
        let (comment, value) = match variable.presence {
            Presence::Default(value) => ("# ", value),
            Presence::Required | Presence::Optional => ("", ""),
        };
        let _ = writeln!(text, "# {}\n{comment}{}={value}", variable.purpose, variable.name);
    }
    text
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Stores => "Stores",
        Group::Secrets => "Secrets",
        Group::SignIn => "Sign-in",
        Group::Providers => "Providers: at least one in production",
        Group::Payments => "Payments",
        Group::Business => "Business",
        Group::Times => "Times",
        Group::Network => "Network",
        Group::Process => "Process",
        Group::Traces => "Traces",
        Group::Local => "Local only",
    }
}

/// The variables that mean something on Lambda: not those of another platform.
fn on_lambda() -> impl Iterator<Item = &'static Variable> {
    all().filter(|variable| {
        let has_group = !matches!(variable.group, Group::Process | Group::Local);
        // All variables of a function are 4 KB at most: the addresses that hold anyway would be half of them.
        let is_known = is_of_a_provider(variable) && matches!(variable.presence, Presence::Default(_));
        let is_other = is_known || [KV_REST_API_URL, KV_REST_API_TOKEN, CALL_MAX_SECONDS].contains(variable);
        has_group && !is_other || **variable == RUST_LOG
    })
}

/// `API_KEY_PEPPER` → `ApiKeyPepper`: a parameter's name has letters and digits only.
fn parameter(name: &str) -> String {
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_ascii_lowercase();
    name.split('_').filter(|part| !part.is_empty()).map(word).collect()
}

fn parameters() -> String {
    let mut text = String::new();
    for variable in on_lambda() {
        let mut members = match variable.kind {
            Kind::Number { least, most, .. } => {
                vec!["Type: Number".to_owned(), format!("MinValue: {least}"), format!("MaxValue: {most}")]
            }
            Kind::Choice(words) => vec!["Type: String".to_owned(), format!("AllowedValues: {}", json!(words))],
            _ => vec!["Type: String".to_owned()],
        };
        if variable.kind.is_secret() {
            members.push("NoEcho: true".to_owned());
        }
        match variable.presence {
            // It stands in a schedule's request, as JSON.
            Presence::Required if *variable == CRON_SECRET => {
                members.push("AllowedPattern: \"[0-9A-Za-z_-]{32,}\"".to_owned());
            }
            Presence::Required if *variable == API_KEY_PEPPER => members.push("MinLength: 32".to_owned()),
            Presence::Required => members.push("MinLength: 1".to_owned()),
            Presence::Optional => members.push("Default: \"\"".to_owned()),
            // Nobody's deployment is the site on the deployer's own machine.
            Presence::Default(_) if *variable == FRONTEND_URL => {}
            Presence::Default(value) => members.push(format!("Default: {}", json!(value))),
        }
        members.push(format!("Description: {}", json!(variable.purpose)));
        let _ = writeln!(text, "  {}: {{ {} }}", parameter(variable.name), members.join(", "));
    }
    text
}

fn environment() -> String {
    on_lambda().map(|variable| format!("          {}: !Ref {}\n", variable.name, parameter(variable.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_in_agrees_with_the_list() {
        for (name, content) in derive(repository()).expect("the tree can be read") {
            let there = fs::read_to_string(repository().join(name)).expect("a file");
            assert!(there == content, "{name} is stale: run `cargo run -- variables --write`");
        }
    }

    #[test]
    fn a_deployment_on_lambda_can_set_all_that_it_reads() {
        let (parameters, environment) = (parameters(), environment());
        for name in ["PRICING_MARKUP_PERCENT", "API_KEY_PEPPERS", "PORTKEY_VIRTUAL_KEY", "RUST_LOG", "KEEP_ALIVE_MS"] {
            assert!(environment.contains(&format!(" {name}: !Ref {}\n", parameter(name))), "{name}");
            assert!(parameters.contains(&format!("  {}: {{", parameter(name))), "{name}");
        }
        assert!(parameters.contains("  PricingMarkupPercent: { Type: String, Default: \"0\""), "{parameters}");
        assert!(!environment.contains("VERCEL") && !environment.contains("DATABASE_URL"), "{environment}");
    }
}
