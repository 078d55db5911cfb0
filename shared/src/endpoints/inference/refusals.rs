//! The refusals and failures that every endpoint with a call of a model has, as the document shows them.

use utoipa::IntoResponses;

/// By status, the codes of what can become of a call. What only some endpoints have, of 400, 404 and 409, stands with them.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only documentation")]
pub enum CallRefusals {
    #[response(
        status = 402,
        description = "`insufficient_credits`, `credits_in_flight`, `spend_limit_reached`, `end_user_budget_reached`, \
            `account_in_debt`"
    )]
    Credit,
    #[response(status = 422, description = "`upstream_rejected`")]
    Rejected,
    #[response(
        status = 429,
        description = "`rate_limit_exceeded`, `concurrency_exceeded`, `request_limit_reached`, `quota_exceeded`, \
            `trial_requests_used`, `too_many_end_users`, `upstream_rate_limited`"
    )]
    Limited,
    #[response(status = 502, description = "`upstream_error`")]
    Failed,
    #[response(
        status = 503,
        description = "`service_unavailable`, `not_configured`, `no_provider`, `model_not_priced`, `upstream_unavailable`"
    )]
    Unavailable,
    #[response(status = 504, description = "`upstream_timeout`, `deadline_exceeded`")]
    Late,
}
