-- A call of an account that has keys of its own at the model's providers goes there with these, and costs nothing here.

-- The caller's own keys at those providers that have the model, of the ones that the caller allows; null if none.
create function gateway.own_keys(account_id uuid, model text, allowed jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_object_agg(k.provider, jsonb_build_object('ciphertext', k.ciphertext, 'version', k.key_version))
  from gateway.provider_keys k
  join gateway.model_routes r on r.model_id = own_keys.model and r.provider = k.provider and r.enabled
  where k.account_id = own_keys.account_id and own_keys.allowed ? k.provider
$$;

-- The routes that own keys open. At price 0 whatever the catalog says, so that the hold and the settle of such a call
-- are those of a free model. Cheapest first all the same: the caller pays the provider. By which units it sells is said
-- all the same, since what it is asked goes by that.
create function gateway.own_candidates(model text, own_keys jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_agg(
    jsonb_build_object('provider', provider, 'model', upstream_model, 'prompt', 0, 'cached', 0, 'written', 0,
                       'completion', 0, 'request', 0, 'own_key', true)
    || jsonb_strip_nulls(jsonb_build_object(
      'image', case when image_price is not null or image_prices is not null then 0 end, 'search', 0 * search_price,
      'second', 0 * second_price, 'character', 0 * character_price))
    order by prompt_price + completion_price nulls last, provider)
  from gateway.model_routes
  where model_id = own_candidates.model and enabled and own_keys ? provider
$$;
