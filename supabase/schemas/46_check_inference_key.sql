-- Whether the calling key may ask a model: for what asks none and holds nothing.
create function public.check_inference_key(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform gateway.authenticate(caller, 'inference');
  return jsonb_build_object('ok', true);
end;
$$;
