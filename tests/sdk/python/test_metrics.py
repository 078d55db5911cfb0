"""The metrics as Prometheus' own client reads them."""

import httpx2
import openai
from conftest import ADMIN_KEY, BASE_URL, HELLO, create_account, settled_balance
from prometheus_client.parser import text_string_to_metric_families


def scrape() -> dict:
    answer = httpx2.get(f"{BASE_URL}/admin/metrics", headers={"authorization": f"Bearer {ADMIN_KEY}"})
    assert answer.status_code == 200, answer.text
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def total(families: dict, family: str) -> float:
    return sum(sample.value for sample in families[family].samples if sample.name.endswith(("_total", "_count")))


def test_counters_rise_by_what_was_done():
    before = scrape()
    key = create_account(credits=1)
    with openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=key) as client:
        model = client.models.list().data[0].id
        client.chat.completions.create(model=model, messages=HELLO, max_tokens=5)
    settled_balance(key)
    after = scrape()
    for family in ("gateway_requests", "gateway_request_duration_seconds"):
        # Other tests may call meanwhile.
        assert total(after, family) >= (total(before, family) if before[family].samples else 0) + 1
    assert {family.type for family in after.values()} == {"counter", "gauge", "histogram"}
    for name in ("gateway_request_duration_seconds", "gateway_time_to_first_byte_seconds"):
        buckets = [sample for sample in after[name].samples if sample.name.endswith("_bucket")]
        assert any(sample.labels["le"] == "+Inf" for sample in buckets)
        assert all(one.value <= next_.value for one, next_ in zip(buckets, buckets[1:]) if next_.labels["le"] != "0.010")
