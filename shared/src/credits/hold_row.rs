//! What begin_request is asked for a usual call, as a row: `gateway.usual_ask`.

use serde::Serialize;

use super::hold_request::HoldRequest;
use super::row::{Fields, Row};
use crate::caller::Caller;
use crate::config::OwnKeyFee;

/// What makes no call an unusual one, and is seldom needed.
#[derive(Serialize)]
struct Rest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key_fee: Option<&'a OwnKeyFee>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a [&'static str]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    older_hashes: &'a [String],
}

impl HoldRequest<'_> {
    /// The row of a call that may be a usual one; none of any other. A test holds that both say the same.
    pub(super) fn row(&self, caller: &Caller) -> Option<Row> {
        let (Some((key_hash, older_hashes)), None, None, None) =
            (caller.key_hashes.split_first(), self.idempotency, &self.turn, &self.stored_response)
        else {
            return None;
        };
        let is_plain = !self.hedged && self.wishes.is_none() && self.units.is_none() && self.alternatives.is_empty();
        if !is_plain || self.images > 0 || !self.modalities.is_empty() {
            return None;
        }
        let rest = Rest {
            own_key_fee: self.own_key_fee.as_ref(),
            end_user: self.end_user,
            allowed: self.allowed,
            older_hashes,
        };
        let rest = Some(serde_json::to_string(&rest).ok()?).filter(|rest| rest != "{}");
        let fields = Fields::new()
            .plain(Some(key_hash))
            .plain(caller.ip)
            .text(caller.domain.as_deref())
            .text(caller.user_agent.as_deref())
            .text(caller.name_beside(self.call_id))
            .plain(Some(self.call_id))
            .plain(self.begun)
            .text(Some(self.model))
            .text((self.kind != "chat").then_some(self.kind))
            .text(Some(&format!("{{{}}}", self.providers.join(","))))
            .plain(Some(self.prompt_bound))
            .plain(Some(self.tools))
            .plain(Some(self.choices))
            .plain(self.output_limit)
            .plain(Some(self.hold_seconds))
            .plain(Some(self.markup))
            .text(rest.as_deref());
        Some(fields.end())
    }
}
