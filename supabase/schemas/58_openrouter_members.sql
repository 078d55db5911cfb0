-- What OpenRouter's clients read of a model besides what OpenAI's do (openrouter.ai/docs/api-reference, "Models").

-- The parameters that ask for what a model can do, by OpenRouter's names: of one for chat of which the catalog does not say, the usual
-- ones.
create function gateway.parameters_of(model gateway.models) returns text[]
language plpgsql stable
as $$
begin
  return case when model.supported_parameters <> '{}' then model.supported_parameters when model.kind <> 'chat' then '{}' else
    array['frequency_penalty', 'max_tokens', 'presence_penalty', 'response_format', 'seed', 'stop', 'temperature', 'tool_choice',
          'tools', 'top_p']
    || case when model.reasoning then array['include_reasoning', 'reasoning'] else '{}' end
  end;
end;
$$;

-- Those that it takes by a route.
create function gateway.parameters_of_route(model gateway.models, route gateway.model_routes) returns text[]
language plpgsql stable
as $$
begin
  return case when route.supported_parameters <> '{}' then route.supported_parameters else gateway.parameters_of(model) end;
end;
$$;

create function gateway.openrouter_members(model gateway.models) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'canonical_slug', model.id,
    'architecture', jsonb_build_object(
      'modality', array_to_string(model.input_modalities, '+') || '->' || array_to_string(model.output_modalities, '+'),
      'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities,
      'tokenizer', 'Other', 'instruct_type', null),
    'top_provider', jsonb_build_object(
      'context_length', model.context_length, 'max_completion_tokens', nullif(model.max_output, 0), 'is_moderated', false),
    'per_request_limits', null, 'default_parameters', null, 'supported_voices', null,
    'supported_parameters', gateway.parameters_of(model),
    'links', jsonb_build_object('details', '/api/v1/models/' || model.id || '/endpoints'));
end;
$$;
