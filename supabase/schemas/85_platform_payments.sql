-- What was bought by all accounts, and what came back of it: what an operator asks for who hears of a dispute or a refund.

-- A payment as an operator sees it: as its account does, whose it is, and each refund and dispute of it.
create function gateway.payment_of_operator(payment gateway.payments) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'platform_payment', 'payment', gateway.payment_view(payment), 'account_id', payment.account_id,
    'email', (select email from gateway.accounts where id = payment.account_id),
    'reversals', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', id, 'kind', kind, 'status', status, 'amount', gateway.dollars(gateway.of_cents(amount)), 'counts', counts,
        'reason', reason, 'due_by', due_by, 'created_at', created_at) order by created_at, id)
      from gateway.reversals where payment_id = payment.id), '[]'))
$$;

-- query: account_id, status, reversal (refund, dispute: those of which there is one, however it stands), limit, cursor {at, id}.
-- Newest first.
create function public.list_platform_payments(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:payments');
  most constant integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select payments as payment, created_at, id from gateway.payments
    where (query ->> 'account_id' is null or account_id = (query ->> 'account_id')::uuid)
      and (query ->> 'status' is null or status = query ->> 'status')
      and (query ->> 'reversal' is null or exists (
        select from gateway.reversals where payment_id = payments.id and kind = query ->> 'reversal'))
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.payment_of_operator(payment) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;
