//! Everything that can go wrong for a caller: one table of codes, and in `value` what becomes a response.
//!
//! The body is OpenAI's: `{"error":{"message","type","param","code"}}` (openai-python `_exceptions.py` reads `body["error"]`).

mod value;

use http::StatusCode;

pub use value::{Error, Result};

/// Declares the codes: name, wire form, HTTP status and default message.
macro_rules! codes {
    ($($name:ident = $wire:literal, $status:literal, $message:literal;)*) => {
        /// A refusal or failure as the API names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $message] $name,)* }

        impl Code {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it stands in a response body and in the database's refusals.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$name => $status,)* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The default message.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            /// The code with this wire form, if there is one.
            #[must_use]
            pub fn parse(wire: &str) -> Option<Self> {
                match wire { $($wire => Some(Self::$name),)* _ => None }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request", 400, "The request is not valid.";
    InvalidJson = "invalid_json", 400, "The request body is not valid JSON.";
    UnknownField = "unknown_field", 400, "The request has a field that this endpoint does not know.";
    InvalidSignature = "invalid_signature", 400, "This is not signed as Stripe signs for this endpoint.";
    MissingModel = "missing_model", 400, "Name a model in `model`; GET /v1/models lists them.";
    UnsupportedModel = "unsupported_model", 400, "This model does not answer on this endpoint.";
    UnsupportedModality = "unsupported_modality", 400, "This model does not take what the messages hold; see its input_modalities.";
    ContextLengthExceeded = "context_length_exceeded", 400, "The prompt is longer than the model's context.";
    PreviousResponseNotFound = "previous_response_not_found", 400, "Previous response not found: this account has none of this id, or keeps it no longer. Leave out `previous_response_id` and send the conversation in `input`.";
    MissingApiKey = "missing_api_key", 401, "Send your API key as `Authorization: Bearer gw_…`, or in `x-api-key` or `api-key`.";
    InvalidApiKey = "invalid_api_key", 401, "This API key is not known. Check that it was copied whole.";
    ApiKeyRevoked = "api_key_revoked", 401, "This API key was revoked. Use another one.";
    ApiKeyExpired = "api_key_expired", 401, "This API key has expired. Create a new one.";
    ApiKeyDisabled = "api_key_disabled", 401, "This API key is disabled. Use another one, or let its owner enable it.";
    InvalidCronSecret = "invalid_cron_secret", 401, "Send `Authorization: Bearer` with the deployment's CRON_SECRET.";
    InvalidToken = "invalid_token", 401, "This token is not a valid one of this service. Sign in again.";
    InvalidCode = "invalid_code", 401, "This code is not valid, or not any more. Check it, or ask for a new one.";
    ProviderKeyRejected = "provider_key_rejected", 401, "Your own key was refused by its provider. Replace it, or delete it to use the gateway's account.";
    InsufficientCredits = "insufficient_credits", 402, "The balance does not cover this request. Add credits or ask for fewer tokens.";
    CreditsInFlight = "credits_in_flight", 402, "The balance is reserved by requests that are still running. Retry in a moment.";
    SpendLimitReached = "spend_limit_reached", 402, "This API key has reached its spend limit. Raise the limit or wait for its next period.";
    EndUserBudgetReached = "end_user_budget_reached", 402, "This end user has spent its budget. Raise it by PUT /user/end-users, or wait for its next period.";
    AccountInDebt = "account_in_debt", 402, "The account owes credits from an earlier request. Add credits to go on.";
    CardDeclined = "card_declined", 402, "The card was declined, and nothing has changed. POST /subscription/portal leads to where another one is left.";
    InvalidAuthCode = "invalid_auth_code", 403, "This code is not valid, or not any more, or its `code_verifier` is wrong. Each code serves once, for ten minutes: let the user agree anew.";
    AccountDisabled = "account_disabled", 403, "This account is disabled. Contact support.";
    PaymentsBlocked = "payments_blocked", 403, "A payment of this account is disputed, so it can make no others. Contact support.";
    IdentityRequired = "identity_required", 403, "A trial is a person's: sign in once, by POST /auth/register or /auth/privy, and try again.";
    IpNotAllowed = "ip_not_allowed", 403, "This API key may not be used from this IP address. Change its ip_allowlist.";
    DomainNotAllowed = "domain_not_allowed", 403, "This API key may not be used from this origin. Change its domain_allowlist.";
    InsufficientScope = "insufficient_scope", 403, "This API key's scopes do not cover this request.";
    ModelNotAllowed = "model_not_allowed", 403, "This API key may not use this model. Change its allowed_models.";
    NotFound = "not_found", 404, "There is nothing at this address.";
    ModelNotFound = "model_not_found", 404, "There is no such model; GET /v1/models lists them.";
    AliasNotFound = "alias_not_found", 404, "There is no such alias; GET /admin/aliases lists them.";
    PriceChangeNotFound = "price_change_not_found", 404, "There is no such price that waits; GET /admin/catalog-status lists them.";
    AccountNotFound = "account_not_found", 404, "There is no such account.";
    ApiKeyNotFound = "api_key_not_found", 404, "This account has no such API key.";
    ProviderKeyNotFound = "provider_key_not_found", 404, "This account has no such key of its own at a provider; GET /user/provider-keys lists them.";
    PaymentNotFound = "payment_not_found", 404, "This account has no such payment; GET /api/stripe/payments lists them.";
    CouponNotFound = "coupon_not_found", 404, "There is no such coupon for this account. Check that the code was copied whole.";
    ReferralCodeNotFound = "referral_code_not_found", 404, "Nobody has this code. Check that it was copied whole.";
    WebhookNotFound = "webhook_not_found", 404, "This account has no such webhook; GET /user/webhooks lists them.";
    WebhookDeliveryNotFound = "webhook_delivery_not_found", 404, "This webhook has no such delivery, or keeps it no longer: they are kept for 30 days.";
    RoleNotFound = "role_not_found", 404, "There is no such role; GET /admin/roles lists them.";
    PlanNotFound = "plan_not_found", 404, "There is no such plan; `plans` lists them.";
    SubscriptionNotFound = "subscription_not_found", 404, "This account has no such subscription; GET /user/plan shows what it has.";
    DeveloperNotFound = "developer_not_found", 404, "There are no models of this developer; GET /models lists all.";
    ResponseNotFound = "response_not_found", 404, "This account has no such response, or keeps it no longer. Responses are kept where `store` is not false.";
    ItemNotFound = "item_not_found", 404, "The input refers to an item that is in no stored response of yours.";
    GenerationNotFound = "generation_not_found", 404, "This account has no such call that is over, or the key may not see it. A call is on record a moment after its answer.";
    RequestNotFound = "request_not_found", 404, "There is no such request that is over, or it is no longer kept. A request is on record a moment after its answer.";
    ChatSessionNotFound = "chat_session_not_found", 404, "This account has no such chat session; GET /v1/chat/sessions lists them.";
    MethodNotAllowed = "method_not_allowed", 405, "This address does not take this method.";
    AccountExists = "account_exists", 409, "There is an account with this e-mail already.";
    IdempotencyConflict = "idempotency_conflict", 409, "This Idempotency-Key was used with another body. Use a new one.";
    IdempotencyInProgress = "idempotency_in_progress", 409, "The request that came with this Idempotency-Key first is still running. Retry as retry-after says.";
    CallFinished = "call_finished", 409, "This call is already over.";
    ApiKeyInactive = "api_key_inactive", 409, "This API key was revoked or has expired, so it cannot be changed. Create a new one.";
    TooManyApiKeys = "too_many_api_keys", 409, "This account has as many API keys as it may have. Revoke one first.";
    TooManyChatSessions = "too_many_chat_sessions", 409, "This account keeps as many chat sessions as it may. Delete some first.";
    ChatSessionBusy = "chat_session_busy", 409, "Another call is this chat session's turn right now. Retry when it has ended.";
    ChatSessionFull = "chat_session_full", 409, "This chat session holds as many messages as one may. Begin another.";
    ChatStorageFull = "chat_storage_full", 409, "This account's chats take as much room as they may. Delete some first.";
    ResponseThreadFull = "response_thread_full", 409, "This conversation holds as much as one may. Leave out `previous_response_id` and send a summary of it in `input`.";
    ModelExists = "model_exists", 409, "Another model is called so already, or could be meant by it.";
    PriceChangeDecided = "price_change_decided", 409, "This price waits no longer, or the present price has changed since it was found; see GET /admin/catalog-status.";
    CouponExists = "coupon_exists", 409, "There is a coupon with this code already, or there was.";
    CouponExpired = "coupon_expired", 409, "This coupon could be used until its day, which is over.";
    CouponUsedUp = "coupon_used_up", 409, "This coupon was used as often as it can be.";
    CouponAlreadyRedeemed = "coupon_already_redeemed", 409, "This account has used this coupon as often as it may.";
    CouponNotApplicable = "coupon_not_applicable", 409, "This coupon is for something else.";
    ReferralNotApplicable = "referral_not_applicable", 409, "This code does not count for this account.";
    MailNotPossible = "mail_not_possible", 409, "This account cannot be mailed.";
    TooManyProviderKeys = "too_many_provider_keys", 409, "This account has as many own keys at providers as it may have. Delete one first.";
    TooManyWebhooks = "too_many_webhooks", 409, "This account has as many webhooks as it may have. Delete one first.";
    WebhookDisabled = "webhook_disabled", 409, "This webhook is switched off. PATCH /user/webhooks/{id} with `enabled: true` switches it on.";
    WebhookDeliveryUnderWay = "webhook_delivery_under_way", 409, "This delivery is being tried right now. Look at what becomes of it first.";
    RoleExists = "role_exists", 409, "There is a role with this name already. PUT /admin/roles/{name} changes it.";
    RoleProtected = "role_protected", 409, "This role is built in: it can be neither changed nor deleted.";
    RoleInUse = "role_in_use", 409, "Accounts have this role. Give them another one first.";
    TaxNeedsCheckout = "tax_needs_checkout", 409, "Tax comes on top of what is sold here, and only a page of Stripe's asks for what it goes by: POST /api/stripe/checkout-session.";
    PaymentNotRefundable = "payment_not_refundable", 409, "This payment cannot be refunded.";
    SubscriptionExists = "subscription_exists", 409, "This account has a plan already: POST /subscription/change, or /subscription/portal, changes it.";
    SubscriptionEnded = "subscription_ended", 409, "This subscription has ended. POST /subscription/checkout begins another one.";
    SubscriptionUnpaid = "subscription_unpaid", 409, "This subscription has an unpaid invoice. Pay it first: POST /subscription/portal leads there.";
    TrialUsed = "trial_used", 409, "A person has one trial, and yours is used. Add credits, or choose a plan: GET /subscription/plans.";
    TrialsUsedUp = "trials_used_up", 409, "No further trials begin for now. Try again tomorrow, or add credits: GET /credit-packages.";
    RefundExceedsPayment = "refund_exceeds_payment", 409, "That is more than can be refunded: `unspent` without debt, `rest` at all, which an administrator's `force` allows.";
    RefundRefused = "refund_refused", 409, "Stripe does not make this refund; the credit was given back. The operator finds the reason in the log.";
    AccountDeleted = "account_deleted", 409, "This account's person has left and it was deleted: it cannot be changed any more.";
    LastAdmin = "last_admin", 409, "This is the last administrator. Make another one first.";
    PayloadTooLarge = "payload_too_large", 413, "The request body is larger than 4.5 MB.";
    UnsupportedMediaType = "unsupported_media_type", 415, "Send JSON, with `content-type: application/json`, or a form where one is taken.";
    RateLimitExceeded = "rate_limit_exceeded", 429, "Too many requests. Wait as retry-after says.";
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts. Wait as retry-after says.";
    PaymentLimitReached = "payment_limit_reached", 429, "This account has bought as much as it may in a day. Try again tomorrow, or contact support.";
    ConcurrencyExceeded = "concurrency_exceeded", 429, "Too many requests are running at once. Retry when one has ended.";
    RequestLimitReached = "request_limit_reached", 429, "This API key has used all of its requests. Raise max_requests or use another key.";
    TooManyEndUsers = "too_many_end_users", 429, "This account has as many end users on record as it may have. Delete some, or take the default budget back: PUT /user/end-users.";
    QuotaExceeded = "quota_exceeded", 429, "The plan's monthly quota is used up.";
    TrialRequestsUsed = "trial_requests_used", 429, "The trial's requests are used up. Add credits to go on.";
    UpstreamRateLimited = "upstream_rate_limited", 429, "The provider is over its own limits. Retry shortly, or choose another model.";
    InternalError = "internal_error", 500, "Something went wrong on our side. The request id helps us find it.";
    UpstreamError = "upstream_error", 502, "The provider did not answer properly. Retry, or choose another model.";
    UpstreamRejected = "upstream_rejected", 400, "The provider refused the request.";
    UpstreamTimeout = "upstream_timeout", 504, "The provider did not answer in time. Retry, or choose another model.";
    UpstreamUnavailable = "upstream_unavailable", 503, "The provider is overloaded. Retry as retry-after says, or choose another model.";
    DeadlineExceeded = "deadline_exceeded", 504, "The request ran out of time.";
    ModelNotPriced = "model_not_priced", 503, "This model has no price yet, so it cannot be used.";
    NoProvider = "no_provider", 503, "No provider can serve this model right now.";
    ServiceUnavailable = "service_unavailable", 503, "The gateway cannot reach its storage right now. Retry shortly.";
    AccountBusy = "account_busy", 503, "Something else is changing this account right now. Retry shortly.";
    SignInUnavailable = "sign_in_unavailable", 503, "The sign-in service does not answer right now. Retry shortly.";
    MailUnavailable = "mail_unavailable", 503, "The mail could not be sent. Retry shortly.";
    PaymentUnavailable = "payment_unavailable", 503, "The payment service does not do this right now. Retry shortly; the operator finds the reason in the log.";
    NotConfigured = "not_configured", 503, "This gateway is not configured for this yet; its operator finds the missing setting in the log.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_has_an_error_status() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(code.status().as_u16() >= 400, "{code:?}");
            assert!(code.message().ends_with('.'), "{code:?}");
        }
    }
}
