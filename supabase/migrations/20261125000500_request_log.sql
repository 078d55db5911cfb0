-- What the activity of an account is read from.

alter table gateway.requests add column own_key boolean not null default false;
comment on column gateway.requests.own_key is 'It went to the provider with the caller''s own key there, and cost nothing here.';

-- By when a call ended: finish_request reads the clock under the account's lock, so within an account no row can
-- appear behind one that was seen. A call's id orders by its beginning, and a settle may come days later.
drop index gateway.requests_account;
create index requests_account on gateway.requests (account_id, finished_at);
