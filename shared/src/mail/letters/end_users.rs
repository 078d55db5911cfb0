//! Mail about end users.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Says, dollars, moment};
use crate::mail::letter::Letter;
use crate::money::Nanos;

/// An end user that has come near its budget. Of one that was forgotten since there is no name.
#[derive(Deserialize)]
struct Reached {
    user: Option<String>,
    step: u32,
    spent: Nanos,
    budget: Nanos,
    period: String,
}

impl Reached {
    fn shown(&self) -> String {
        let each = if self.period == "total" { String::new() } else { format!(" a {}", self.period) };
        format!("{} % of {}{each}: {}", self.step, dollars(self.budget), dollars(self.spent))
    }
}

#[derive(Deserialize)]
pub(super) struct EndUserBudget {
    count: usize,
    users: Vec<Reached>,
    at: Timestamp,
}

impl Says for EndUserBudget {
    fn says(self, site: &str) -> Letter {
        let subject = match &self.users[..] {
            [one] if self.count == 1 && one.step < 100 => format!("An end user has used {}% of its budget", one.step),
            [_] if self.count == 1 => "An end user is at its budget".to_owned(),
            _ => format!("End users have come near their budgets, or to them, {} times", self.count),
        };
        let more = self.count.saturating_sub(self.users.len());
        let mut rows = Vec::new();
        for one in self.users {
            let spent = one.shown();
            rows.extend([("User", one.user.unwrap_or_else(|| "deleted".to_owned())), ("Has spent", spent)]);
        }
        if more > 0 {
            rows.push(("And", format!("{more} more")));
        }
        rows.push(("When", moment(self.at)));
        Letter {
            subject,
            paragraphs: vec![
                "Calls for an end user that its budget does not cover are refused until its next period begins (in UTC), or its \
                 budget is raised."
                    .to_owned(),
            ],
            rows,
            action: Some(("Your end users", site.to_owned())),
            ..Letter::default()
        }
    }
}
