//! The mail with a code, by Resend.

use std::time::Duration;

use resend_rs::types::CreateEmailBaseOptions;
use resend_rs::{ConfigBuilder, Resend};

use super::code::Code;
use crate::app::App;
use crate::config::configured;
use crate::error::{Code as ErrorCode, Error, Result};
use crate::html::escape;
use crate::reason::reason;

/// How long Resend may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Mails `code` to `address`.
///
/// # Errors
/// `mail_unavailable` when Resend does not take it, `not_configured`.
pub async fn send_code(app: &App, address: &str, code: &Code) -> Result<()> {
    let settings = configured(&app.config.mail)?;
    // A client for each mail: one that is shared would hold mails back, about one a second, long before Resend does.
    let resend = Resend::with_config(
        ConfigBuilder::new(settings.key.as_str()).base_url(settings.url.clone()).client(app.http.clone()).build(),
    );
    let name = &app.config.app_name;
    let mail = CreateEmailBaseOptions::new(settings.from.as_str(), [address], subject(name))
        .with_text(&text(name, code))
        .with_html(&html(name, code));
    let reason = match tokio::time::timeout(TIMEOUT, resend.emails.send(mail)).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(resend_rs::Error::Resend(error))) => format!("status {}, {}", error.status_code, error.name),
        Ok(Err(resend_rs::Error::RateLimit { .. })) => "over its rate limit".to_owned(),
        // What it quotes may be the mail.
        Ok(Err(resend_rs::Error::Http(error))) => reason(error),
        Ok(Err(_)) => "no proper answer".to_owned(),
        Err(_) => format!("no answer within {TIMEOUT:?}"),
    };
    tracing::error!(%reason, "a mail cannot be sent");
    Err(Error::new(ErrorCode::MailUnavailable))
}

fn subject(name: &str) -> String {
    format!("Your sign-in code for {name}")
}

fn text(name: &str, code: &Code) -> String {
    format!(
        "{code} is your code to sign in to {name}.\n\n\
         It is valid for 10 minutes and can be used once. Nobody at {name} will ever ask you for it.\n\
         If you did not ask for it, ignore this mail.\n"
    )
}

fn html(name: &str, code: &Code) -> String {
    let name = escape(name);
    format!(
        "<p>Your code to sign in to {name}:</p>\n\
         <p style=\"font-size:2em;letter-spacing:.2em\"><strong>{code}</strong></p>\n\
         <p>It is valid for 10 minutes and can be used once. Nobody at {name} will ever ask you for it.</p>\n\
         <p>If you did not ask for it, ignore this mail.</p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_says_what_the_code_is_for_and_escapes_the_name() {
        let code = Code::generate().expect("a code");
        let (text, html) = (text("A&B", &code), html("A&B", &code));
        for (body, name) in [(&text, "A&B"), (&html, "A&amp;B")] {
            assert_eq!(body.matches(&code.to_string()).count(), 1, "{body}");
            assert!(body.contains(name) && body.contains("10 minutes") && body.contains("Nobody"), "{body}");
        }
        assert!(subject("A&B").contains("A&B") && !subject("A&B").contains(&code.to_string()));
    }
}
