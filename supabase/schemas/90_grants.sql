-- Who may call what: the service may call the functions of `public`, and nobody may do anything else. No table, no
-- sequence and no function of `gateway` is anybody's. A test finds functions of `public`, and privileges, that are not
-- on this list.

-- 36_audit.sql
revoke execute on function public.record_refusal(jsonb, text) from public, anon, authenticated;
grant execute on function public.record_refusal(jsonb, text) to service_role;

-- 40_begin_request.sql
revoke execute on function public.begin_request(json) from public, anon, authenticated;
grant execute on function public.begin_request(json) to service_role;

-- 41_finish_request.sql
revoke execute on function public.finish_request(json) from public, anon, authenticated;
grant execute on function public.finish_request(json) to service_role;

-- 42_sweep_holds.sql
revoke execute on function public.sweep_holds(uuid) from public, anon, authenticated;
grant execute on function public.sweep_holds(uuid) to service_role;

-- 43_ledger_check.sql
revoke execute on function public.check_ledger(jsonb, text) from public, anon, authenticated;
grant execute on function public.check_ledger(jsonb, text) to service_role;

-- 44_stripe_events.sql
revoke execute on function public.apply_stripe_event(jsonb) from public, anon, authenticated;
grant execute on function public.apply_stripe_event(jsonb) to service_role;

-- 48_due_mail.sql
revoke execute on function public.queue_due_mail() from public, anon, authenticated;
grant execute on function public.queue_due_mail() to service_role;

-- 48_webhooks.sql
revoke execute on function public.claim_webhook_deliveries(uuid) from public, anon, authenticated;
grant execute on function public.claim_webhook_deliveries(uuid) to service_role;
revoke execute on function public.finish_webhook_delivery(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_webhook_delivery(uuid, jsonb) to service_role;
revoke execute on function public.emit_daily_usage() from public, anon, authenticated;
grant execute on function public.emit_daily_usage() to service_role;

-- 50_account.sql
revoke execute on function public.get_profile(jsonb) from public, anon, authenticated;
grant execute on function public.get_profile(jsonb) to service_role;
revoke execute on function public.update_profile(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.update_profile(jsonb, jsonb) to service_role;
revoke execute on function public.delete_account(jsonb) from public, anon, authenticated;
grant execute on function public.delete_account(jsonb) to service_role;

-- 51_account_credit.sql
revoke execute on function public.get_balance(jsonb) from public, anon, authenticated;
grant execute on function public.get_balance(jsonb) to service_role;
revoke execute on function public.list_credit_transactions(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_credit_transactions(jsonb, jsonb) to service_role;

-- 51_statement.sql
revoke execute on function public.get_statement(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_statement(jsonb, jsonb) to service_role;

-- 52_account_provider_keys.sql
revoke execute on function public.set_provider_key(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_provider_key(jsonb, jsonb) to service_role;
revoke execute on function public.list_provider_keys(jsonb) from public, anon, authenticated;
grant execute on function public.list_provider_keys(jsonb) to service_role;
revoke execute on function public.get_provider_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_provider_key(jsonb, uuid) to service_role;
revoke execute on function public.update_provider_key(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_provider_key(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.remove_provider_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.remove_provider_key(jsonb, uuid) to service_role;
revoke execute on function public.delete_provider_key(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_provider_key(jsonb, text) to service_role;
revoke execute on function public.list_outdated_provider_keys(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_provider_keys(jsonb, jsonb) to service_role;
revoke execute on function public.renew_provider_key(uuid, uuid, text, text, integer) from public, anon, authenticated;
grant execute on function public.renew_provider_key(uuid, uuid, text, text, integer) to service_role;

-- 53_account_limits.sql
revoke execute on function public.get_limits(jsonb) from public, anon, authenticated;
grant execute on function public.get_limits(jsonb) to service_role;
revoke execute on function public.list_rate_limits(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_rate_limits(jsonb, jsonb) to service_role;
revoke execute on function public.set_rate_limits(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.set_rate_limits(jsonb, uuid, jsonb) to service_role;

-- 53_end_users.sql
revoke execute on function public.list_end_users(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_end_users(jsonb, jsonb) to service_role;
revoke execute on function public.set_end_user(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_end_user(jsonb, jsonb) to service_role;
revoke execute on function public.delete_end_user(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_end_user(jsonb, text) to service_role;

-- 54_api_keys.sql
revoke execute on function public.list_api_keys(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_api_keys(jsonb, jsonb) to service_role;
revoke execute on function public.get_api_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_api_key(jsonb, uuid) to service_role;

-- 55_api_keys_change.sql
revoke execute on function public.create_api_key(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_api_key(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.update_api_key(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_api_key(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.revoke_api_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.revoke_api_key(jsonb, uuid) to service_role;

-- 56_api_keys_rotate.sql
revoke execute on function public.rotate_api_key(jsonb, uuid, integer, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_api_key(jsonb, uuid, integer, jsonb) to service_role;
revoke execute on function public.rotate_api_keys(jsonb, text, integer, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_api_keys(jsonb, text, integer, jsonb) to service_role;

-- 57_usage.sql
revoke execute on function public.get_monitor(jsonb) from public, anon, authenticated;
grant execute on function public.get_monitor(jsonb) to service_role;
revoke execute on function public.get_environment_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_environment_usage(jsonb, jsonb) to service_role;
revoke execute on function public.get_activity_stats(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_activity_stats(jsonb, jsonb) to service_role;
revoke execute on function public.list_key_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_key_usage(jsonb, jsonb) to service_role;

-- 58_usage_activity_log.sql
revoke execute on function public.list_activity(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_activity(jsonb, jsonb) to service_role;

-- 59_catalog.sql
revoke execute on function public.list_models(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.list_models(jsonb, uuid) to service_role;
revoke execute on function public.list_developer_models(jsonb) from public, anon, authenticated;
grant execute on function public.list_developer_models(jsonb) to service_role;
revoke execute on function public.get_model(text) from public, anon, authenticated;
grant execute on function public.get_model(text) to service_role;
revoke execute on function public.list_providers() from public, anon, authenticated;
grant execute on function public.list_providers() to service_role;

-- 60_sign_in.sql
revoke execute on function public.sign_in_with_privy(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.sign_in_with_privy(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.record_failed_sign_in(jsonb, text, text) from public, anon, authenticated;
grant execute on function public.record_failed_sign_in(jsonb, text, text) to service_role;

-- 61_sign_in_codes.sql
revoke execute on function public.request_code(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.request_code(jsonb, jsonb) to service_role;
revoke execute on function public.verify_code(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.verify_code(jsonb, jsonb, jsonb) to service_role;

-- 63_admin_users.sql
revoke execute on function public.list_users(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_users(jsonb, jsonb) to service_role;
revoke execute on function public.list_role_users(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.list_role_users(jsonb, text, jsonb) to service_role;
revoke execute on function public.get_user(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_user(jsonb, uuid) to service_role;
revoke execute on function public.change_user(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.change_user(jsonb, uuid, jsonb) to service_role;

-- 64_admin_create.sql
revoke execute on function public.create_account(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_account(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.add_credits(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.add_credits(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.create_admin(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_admin(jsonb, jsonb) to service_role;

-- 65_admin_roles.sql
revoke execute on function public.list_roles(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_roles(jsonb, jsonb) to service_role;
revoke execute on function public.create_role(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_role(jsonb, jsonb) to service_role;
revoke execute on function public.change_role(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.change_role(jsonb, text, jsonb) to service_role;
revoke execute on function public.delete_role(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_role(jsonb, text) to service_role;
revoke execute on function public.assign_role(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.assign_role(jsonb, jsonb) to service_role;

-- 66_admin_limits.sql
revoke execute on function public.set_account_limits(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_account_limits(jsonb, jsonb) to service_role;
revoke execute on function public.assign_plan(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.assign_plan(jsonb, jsonb) to service_role;

-- 67_audit_logs.sql
revoke execute on function public.list_audit_logs(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_audit_logs(jsonb, jsonb) to service_role;
revoke execute on function public.list_key_audit_logs(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_key_audit_logs(jsonb, jsonb) to service_role;

-- 68_cron_rollups.sql
revoke execute on function public.roll_up_usage(uuid, integer) from public, anon, authenticated;
grant execute on function public.roll_up_usage(uuid, integer) to service_role;

-- 69_check_caller.sql
revoke execute on function public.check_caller(jsonb, text) from public, anon, authenticated;
grant execute on function public.check_caller(jsonb, text) to service_role;

-- 69_public.sql
revoke execute on function public.health(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.health(jsonb, jsonb) to service_role;

-- 70_chats.sql
revoke execute on function public.create_chat_session(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_chat_session(jsonb, jsonb) to service_role;
revoke execute on function public.list_chat_sessions(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_chat_sessions(jsonb, jsonb) to service_role;
revoke execute on function public.get_chat_session(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.get_chat_session(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.update_chat_session(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_chat_session(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_chat_session(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_chat_session(jsonb, uuid) to service_role;

-- 71_chat_messages.sql
revoke execute on function public.add_chat_message(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.add_chat_message(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.search_chats(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.search_chats(jsonb, jsonb) to service_role;
revoke execute on function public.get_chat_stats(jsonb) from public, anon, authenticated;
grant execute on function public.get_chat_stats(jsonb) to service_role;

-- 72_privacy.sql
revoke execute on function public.get_privacy(jsonb) from public, anon, authenticated;
grant execute on function public.get_privacy(jsonb) to service_role;
revoke execute on function public.update_privacy(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.update_privacy(jsonb, jsonb) to service_role;
revoke execute on function public.apply_retention() from public, anon, authenticated;
grant execute on function public.apply_retention() to service_role;
revoke execute on function public.list_outdated_chats(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_chats(jsonb, jsonb) to service_role;
revoke execute on function public.renew_chats(jsonb) from public, anon, authenticated;
grant execute on function public.renew_chats(jsonb) to service_role;

-- 73_payments.sql
revoke execute on function public.begin_payment(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_payment(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.attach_payment(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.attach_payment(jsonb, text, jsonb) to service_role;
revoke execute on function public.confirm_payment(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.confirm_payment(jsonb, text, jsonb) to service_role;
revoke execute on function public.get_payment(jsonb, text) from public, anon, authenticated;
grant execute on function public.get_payment(jsonb, text) to service_role;
revoke execute on function public.list_payments(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_payments(jsonb, jsonb) to service_role;
revoke execute on function public.list_credit_packages(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_credit_packages(jsonb, jsonb) to service_role;

-- 73_stored_responses.sql
revoke execute on function public.get_response(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_response(jsonb, uuid) to service_role;
revoke execute on function public.check_response(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.check_response(jsonb, uuid) to service_role;
revoke execute on function public.delete_response(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_response(jsonb, uuid) to service_role;
revoke execute on function public.list_outdated_responses(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_responses(jsonb, jsonb) to service_role;
revoke execute on function public.renew_responses(jsonb) from public, anon, authenticated;
grant execute on function public.renew_responses(jsonb) to service_role;

-- 74_refunds.sql
revoke execute on function public.begin_refund(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_refund(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.begin_own_refund(jsonb, text, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.begin_own_refund(jsonb, text, uuid, jsonb) to service_role;
revoke execute on function public.finish_refund(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_refund(uuid, jsonb) to service_role;

-- 75_cron_payments.sql
revoke execute on function public.list_open_payments(jsonb) from public, anon, authenticated;
grant execute on function public.list_open_payments(jsonb) to service_role;

-- 76_subscriptions.sql
revoke execute on function public.begin_subscription(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_subscription(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.set_customer(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_customer(jsonb, jsonb) to service_role;
revoke execute on function public.get_customer(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_customer(jsonb, jsonb) to service_role;
revoke execute on function public.begin_subscription_change(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_subscription_change(jsonb, jsonb) to service_role;
revoke execute on function public.finish_subscription_change(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.finish_subscription_change(jsonb, text, jsonb) to service_role;

-- 77_plans.sql
revoke execute on function public.list_plans(jsonb) from public, anon, authenticated;
grant execute on function public.list_plans(jsonb) to service_role;
revoke execute on function public.get_plan(text) from public, anon, authenticated;
grant execute on function public.get_plan(text) to service_role;
revoke execute on function public.get_account_plan(jsonb) from public, anon, authenticated;
grant execute on function public.get_account_plan(jsonb) to service_role;
revoke execute on function public.get_plan_usage(jsonb) from public, anon, authenticated;
grant execute on function public.get_plan_usage(jsonb) to service_role;
revoke execute on function public.get_plan_entitlements(jsonb) from public, anon, authenticated;
grant execute on function public.get_plan_entitlements(jsonb) to service_role;

-- 78_trials.sql
revoke execute on function public.get_trial(jsonb) from public, anon, authenticated;
grant execute on function public.get_trial(jsonb) to service_role;
revoke execute on function public.start_trial(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.start_trial(jsonb, jsonb) to service_role;
revoke execute on function public.get_trial_analytics(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_trial_analytics(jsonb, jsonb) to service_role;

-- 77_auto_topup.sql
revoke execute on function public.get_auto_topup(jsonb) from public, anon, authenticated;
grant execute on function public.get_auto_topup(jsonb) to service_role;
revoke execute on function public.set_auto_topup(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_auto_topup(jsonb, jsonb) to service_role;
revoke execute on function public.attach_auto_topup(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.attach_auto_topup(jsonb, jsonb) to service_role;
revoke execute on function public.begin_auto_topup(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.begin_auto_topup(uuid, jsonb) to service_role;
revoke execute on function public.settle_auto_topup(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.settle_auto_topup(uuid, jsonb) to service_role;
revoke execute on function public.list_auto_topups(jsonb) from public, anon, authenticated;
grant execute on function public.list_auto_topups(jsonb) to service_role;

-- 78_stripe_tasks.sql
revoke execute on function public.claim_stripe_tasks(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.claim_stripe_tasks(jsonb, uuid) to service_role;
revoke execute on function public.finish_stripe_task(bigint, text) from public, anon, authenticated;
grant execute on function public.finish_stripe_task(bigint, text) to service_role;

-- 79_warnings.sql
revoke execute on function public.begin_warned_refund(jsonb) from public, anon, authenticated;
grant execute on function public.begin_warned_refund(jsonb) to service_role;
revoke execute on function public.misses_refunds(jsonb) from public, anon, authenticated;
grant execute on function public.misses_refunds(jsonb) to service_role;

-- 80_set_up.sql
revoke execute on function public.describe_deployment() from public, anon, authenticated;
grant execute on function public.describe_deployment() to service_role;

-- 78_coupons.sql
revoke execute on function public.redeem_coupon(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.redeem_coupon(jsonb, text, jsonb) to service_role;
revoke execute on function public.list_available_coupons(jsonb) from public, anon, authenticated;
grant execute on function public.list_available_coupons(jsonb) to service_role;
revoke execute on function public.list_coupon_history(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_coupon_history(jsonb, jsonb) to service_role;

-- 79_admin_coupons.sql
revoke execute on function public.create_coupons(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_coupons(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.list_coupons(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_coupons(jsonb, jsonb) to service_role;
revoke execute on function public.get_coupon(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_coupon(jsonb, uuid) to service_role;
revoke execute on function public.change_coupon(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.change_coupon(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_coupon(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_coupon(jsonb, uuid) to service_role;
revoke execute on function public.get_coupon_analytics(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_coupon_analytics(jsonb, uuid) to service_role;
revoke execute on function public.get_coupon_stats(jsonb) from public, anon, authenticated;
grant execute on function public.get_coupon_stats(jsonb) to service_role;
revoke execute on function public.list_promotions(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_promotions(jsonb, jsonb) to service_role;
revoke execute on function public.set_promotion(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.set_promotion(jsonb, text, jsonb) to service_role;

-- 80_referrals.sql
revoke execute on function public.make_referral_code(jsonb, text) from public, anon, authenticated;
grant execute on function public.make_referral_code(jsonb, text) to service_role;
revoke execute on function public.validate_referral(jsonb, text) from public, anon, authenticated;
grant execute on function public.validate_referral(jsonb, text) to service_role;
revoke execute on function public.apply_referral(jsonb, text) from public, anon, authenticated;
grant execute on function public.apply_referral(jsonb, text) to service_role;
revoke execute on function public.release_own_referrals(jsonb) from public, anon, authenticated;
grant execute on function public.release_own_referrals(jsonb) to service_role;
revoke execute on function public.list_referrals(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_referrals(jsonb, jsonb) to service_role;
revoke execute on function public.list_all_referrals(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_all_referrals(jsonb, jsonb) to service_role;
revoke execute on function public.release_referrals() from public, anon, authenticated;
grant execute on function public.release_referrals() to service_role;

-- 47_notifications.sql
revoke execute on function public.claim_notifications() from public, anon, authenticated;
grant execute on function public.claim_notifications() to service_role;
revoke execute on function public.finish_notifications(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_notifications(uuid, jsonb) to service_role;
revoke execute on function public.take_resend_event(jsonb) from public, anon, authenticated;
grant execute on function public.take_resend_event(jsonb) to service_role;

-- 81_notifications.sql
revoke execute on function public.get_notification_preferences(jsonb) from public, anon, authenticated;
grant execute on function public.get_notification_preferences(jsonb) to service_role;
revoke execute on function public.set_notification_preferences(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_notification_preferences(jsonb, jsonb) to service_role;
revoke execute on function public.unsubscribe(uuid, text) from public, anon, authenticated;
grant execute on function public.unsubscribe(uuid, text) to service_role;
revoke execute on function public.request_mail(jsonb, text) from public, anon, authenticated;
grant execute on function public.request_mail(jsonb, text) to service_role;
revoke execute on function public.get_notification_stats(jsonb) from public, anon, authenticated;
grant execute on function public.get_notification_stats(jsonb) to service_role;

-- 82_admin_models.sql
revoke execute on function public.list_admin_models(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_admin_models(jsonb, jsonb) to service_role;
revoke execute on function public.get_admin_model(jsonb, text) from public, anon, authenticated;
grant execute on function public.get_admin_model(jsonb, text) to service_role;
revoke execute on function public.create_model(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_model(jsonb, jsonb) to service_role;
revoke execute on function public.change_model(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.change_model(jsonb, text, jsonb) to service_role;
revoke execute on function public.list_aliases(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_aliases(jsonb, jsonb) to service_role;
revoke execute on function public.set_alias(jsonb, text, text) from public, anon, authenticated;
grant execute on function public.set_alias(jsonb, text, text) to service_role;
revoke execute on function public.delete_alias(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_alias(jsonb, text) to service_role;

-- 83_admin_routes.sql
revoke execute on function public.list_routes(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_routes(jsonb, jsonb) to service_role;
revoke execute on function public.set_route(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_route(jsonb, jsonb) to service_role;
revoke execute on function public.list_admin_plans(jsonb) from public, anon, authenticated;
grant execute on function public.list_admin_plans(jsonb) to service_role;
revoke execute on function public.change_plan(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.change_plan(jsonb, text, jsonb) to service_role;

-- 84_provider_lists.sql
revoke execute on function public.apply_provider_list(text, jsonb, text, integer) from public, anon, authenticated;
grant execute on function public.apply_provider_list(text, jsonb, text, integer) to service_role;
revoke execute on function public.decide_price_change(jsonb, uuid, text) from public, anon, authenticated;
grant execute on function public.decide_price_change(jsonb, uuid, text) to service_role;
revoke execute on function public.get_catalog_status(jsonb) from public, anon, authenticated;
grant execute on function public.get_catalog_status(jsonb) to service_role;
-- 82_monitor.sql
revoke execute on function public.get_platform_monitor(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_monitor(jsonb, jsonb) to service_role;

-- 83_platform_reports.sql
revoke execute on function public.get_platform_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_usage(jsonb, jsonb) to service_role;
revoke execute on function public.get_transaction_analytics(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_transaction_analytics(jsonb, jsonb) to service_role;
revoke execute on function public.get_platform_balance(jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_balance(jsonb) to service_role;

-- 84_metrics.sql
revoke execute on function public.get_platform_metrics(jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_metrics(jsonb) to service_role;

-- 85_platform_requests.sql
revoke execute on function public.list_platform_requests(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_platform_requests(jsonb, jsonb) to service_role;
revoke execute on function public.list_platform_payments(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_platform_payments(jsonb, jsonb) to service_role;

-- 86_report.sql
revoke execute on function public.get_report(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_report(jsonb, jsonb) to service_role;
-- 82_webhooks.sql
revoke execute on function public.create_webhook(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_webhook(jsonb, jsonb) to service_role;
revoke execute on function public.list_webhooks(jsonb) from public, anon, authenticated;
grant execute on function public.list_webhooks(jsonb) to service_role;
revoke execute on function public.get_webhook(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_webhook(jsonb, uuid) to service_role;
revoke execute on function public.update_webhook(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_webhook(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_webhook(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_webhook(jsonb, uuid) to service_role;
revoke execute on function public.rotate_webhook_secret(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_webhook_secret(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.list_outdated_webhook_secrets(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_webhook_secrets(jsonb, jsonb) to service_role;
revoke execute on function public.renew_webhook_secrets(jsonb) from public, anon, authenticated;
grant execute on function public.renew_webhook_secrets(jsonb) to service_role;

-- 83_webhook_deliveries.sql
revoke execute on function public.list_webhook_deliveries(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.list_webhook_deliveries(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.test_webhook(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.test_webhook(jsonb, uuid) to service_role;
revoke execute on function public.replay_webhook_delivery(jsonb, uuid, uuid) from public, anon, authenticated;
grant execute on function public.replay_webhook_delivery(jsonb, uuid, uuid) to service_role;

-- 82_provisioning.sql
revoke execute on function public.get_calling_key(jsonb) from public, anon, authenticated;
grant execute on function public.get_calling_key(jsonb) to service_role;
revoke execute on function public.get_credits(jsonb) from public, anon, authenticated;
grant execute on function public.get_credits(jsonb) to service_role;
revoke execute on function public.list_provisioned_keys(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_provisioned_keys(jsonb, jsonb) to service_role;
revoke execute on function public.get_provisioned_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_provisioned_key(jsonb, uuid) to service_role;
revoke execute on function public.create_provisioned_key(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_provisioned_key(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.change_provisioned_key(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.change_provisioned_key(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_provisioned_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_provisioned_key(jsonb, uuid) to service_role;

-- 83_auth_codes.sql
revoke execute on function public.create_auth_code(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_auth_code(jsonb, jsonb) to service_role;
revoke execute on function public.exchange_auth_code(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.exchange_auth_code(jsonb, jsonb, jsonb) to service_role;

-- 85_openrouter_models.sql
revoke execute on function public.list_openrouter_models(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.list_openrouter_models(jsonb, uuid) to service_role;
revoke execute on function public.count_openrouter_models(jsonb) from public, anon, authenticated;
grant execute on function public.count_openrouter_models(jsonb) to service_role;
revoke execute on function public.list_models_of_key(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_models_of_key(jsonb, jsonb) to service_role;
revoke execute on function public.get_openrouter_model(text) from public, anon, authenticated;
grant execute on function public.get_openrouter_model(text) to service_role;
revoke execute on function public.get_model_endpoints(text) from public, anon, authenticated;
grant execute on function public.get_model_endpoints(text) to service_role;
revoke execute on function public.list_zdr_endpoints() from public, anon, authenticated;
grant execute on function public.list_zdr_endpoints() to service_role;
revoke execute on function public.list_openrouter_providers() from public, anon, authenticated;
grant execute on function public.list_openrouter_providers() to service_role;

-- 84_generation.sql
revoke execute on function public.get_generation_content(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_generation_content(jsonb, jsonb) to service_role;
revoke execute on function public.get_generation(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_generation(jsonb, jsonb) to service_role;
revoke execute on function public.list_openrouter_activity(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_openrouter_activity(jsonb, jsonb) to service_role;
-- 48_alerts.sql
revoke execute on function public.check_ledger_by_itself() from public, anon, authenticated;
grant execute on function public.check_ledger_by_itself() to service_role;
revoke execute on function public.raise_alerts(jsonb) from public, anon, authenticated;
grant execute on function public.raise_alerts(jsonb) to service_role;
revoke execute on function public.claim_alerts(jsonb) from public, anon, authenticated;
grant execute on function public.claim_alerts(jsonb) to service_role;
revoke execute on function public.finish_alert(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_alert(uuid, jsonb) to service_role;

-- 84_admin_alerts.sql
revoke execute on function public.list_alerts(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_alerts(jsonb, jsonb) to service_role;
revoke execute on function public.get_limit_system(jsonb) from public, anon, authenticated;
grant execute on function public.get_limit_system(jsonb) to service_role;

-- 48_user_alerts.sql
revoke execute on function public.look_at_spending() from public, anon, authenticated;
grant execute on function public.look_at_spending() to service_role;

-- 84_thresholds.sql
revoke execute on function public.get_thresholds(jsonb) from public, anon, authenticated;
grant execute on function public.get_thresholds(jsonb) to service_role;
revoke execute on function public.set_thresholds(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_thresholds(jsonb, jsonb) to service_role;

-- 87_ranking.sql
revoke execute on function public.get_ranking(jsonb) from public, anon, authenticated;
grant execute on function public.get_ranking(jsonb) to service_role;

-- 85_request_detail.sql
revoke execute on function public.get_request(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_request(jsonb, jsonb) to service_role;
revoke execute on function public.get_platform_request(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_request(jsonb, jsonb) to service_role;

-- 68_refusals.sql
revoke execute on function public.note_refusals(jsonb) from public, anon, authenticated;
grant execute on function public.note_refusals(jsonb) to service_role;
