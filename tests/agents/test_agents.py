"""Coding agents, unmodified and headless, against the gateway. The providers are stand-ins, which take the steps that a prompt
spells: a tool's name and its arguments in backticks, a line a step."""

import json
import os
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid
from decimal import Decimal
from pathlib import Path

BASE_URL = os.environ["GATEWAY_BASE_URL"]
ADMIN_KEY = os.environ["GATEWAY_ADMIN_KEY"]
AGENTS = os.environ["AGENTS"]

CREDITS = Decimal(20)
# Claude's own model, served by a provider that speaks Anthropic's Messages, and models that are asked for a chat completion.
MESSAGES, CHAT, REASONING_CHAT = "claude-sonnet-4-5", "portkey:openai/gpt-4o-mini", "chutes:deepseek/deepseek-r1"
# What Claude Code asks for by itself.
DEFAULT_MESSAGES = "claude-opus-5-5"
# Models of OpenAI's that Codex knows by name: it offers them tools that take a text, the older one a patch, and the newer one
# a script, within a namespace, within the conversation.
PATCHES, SCRIPTS = "gpt-5.5", "gpt-6.1-sol"


def call(method: str, path: str, key: str, body=None):
    """Asks the gateway; numbers of the answer are decimals, since money never passes through a float."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE_URL}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read(), parse_float=Decimal, parse_int=Decimal)


class Account:
    """An account of a test's own: what it has spent, and what that was for."""

    def __init__(self):
        created = {"email": f"{uuid.uuid4().hex}@agents.test", "credits": float(CREDITS), "plan": "customize"}
        self.key = call("POST", "/admin/create", ADMIN_KEY, created)["api_key"]

    def spent(self) -> Decimal:
        """Once no call is open: the settle comes after the answer."""
        until = time.monotonic() + 60
        while (balance := call("GET", "/user/balance", self.key))["held"] != 0:
            assert time.monotonic() < until, "a hold was never settled"
            time.sleep(0.1)
        return CREDITS - balance["credits"]

    def requests(self) -> list[dict]:
        return call("GET", "/user/activity/log?limit=100", self.key)["data"]


class Agents(unittest.TestCase):
    def setUp(self):
        self.begin()

    def begin(self):
        """An account and a home that nobody has used."""
        self.account = Account()
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.work = self.home / "work"
        self.work.mkdir()
        self.note = self.work / "note.txt"
        self.note.write_text("Hello there\n")

    def run_agent(
        self, agent: str, *arguments: str, prompt: str | None = None, ends_well: bool = True, **environment: str
    ) -> str:
        """Runs an agent to its end, in a home of its own with nothing in it, and answers what it says."""
        known = {"PATH": f"{AGENTS}:{os.environ['PATH']}", "HOME": str(self.home), "TERM": "dumb", "CI": "1"}
        ran = subprocess.run(
            [agent, *arguments],
            cwd=self.work,
            env=known | environment,
            input=prompt or "",
            capture_output=True,
            text=True,
            timeout=180,
        )
        self.assertEqual(ran.returncode == 0, ends_well, f"{ran.stdout}\n{ran.stderr}")
        return ran.stdout

    def assert_paid(self, least: int, stream: bool = True):
        """At least so many requests went through, none of them badly, and they are all that was paid for."""
        spent, requests = self.account.spent(), self.account.requests()
        self.assertGreaterEqual(len(requests), least)
        self.assertEqual({request["outcome"] for request in requests}, {"completed"}, requests)
        self.assertEqual({request["stream"] for request in requests}, {stream})
        self.assertGreater(spent, 0)
        self.assertEqual(spent, sum(request["cost"] for request in requests))

    def steps(self, *calls: tuple[str, dict]) -> str:
        """A prompt whose steps are these calls of tools."""
        return "\n".join(["Do this:", *(f"`{name} {json.dumps(arguments)}`" for name, arguments in calls), "Then say so."])

    # Claude Code, through /v1/messages.

    def claude(self, model: str, prompt: str, **environment: str) -> str:
        return self.run_agent(
            "claude",
            *("-p", prompt, "--model", model, "--allowedTools", "Read Edit Write Bash"),
            ANTHROPIC_BASE_URL=BASE_URL,
            ANTHROPIC_AUTH_TOKEN=self.account.key,
            DISABLE_AUTOUPDATER="1",
            **environment,
        )

    def claude_edits(self, model: str, **environment: str):
        path = {"file_path": str(self.note)}
        edit = path | {"old_string": "there", "new_string": "world"}
        shell = {"command": "cp note.txt copy.txt", "description": "Copies the note"}
        said = self.claude(model, self.steps(("Read", path), ("Edit", edit), ("Bash", shell)), **environment)
        self.assertTrue(said.strip())
        self.assertEqual((self.work / "copy.txt").read_text(), "Hello world\n")
        self.assert_paid(least=4)

    def test_claude_code_edits_a_file_with_an_anthropic_model(self):
        self.claude_edits(MESSAGES)

    def test_claude_code_edits_a_file_with_the_model_that_it_asks_for_by_itself(self):
        self.claude_edits(DEFAULT_MESSAGES)

    def test_claude_code_edits_a_file_with_a_cache_of_an_hour(self):
        for model in [MESSAGES, CHAT]:
            with self.subTest(model):
                self.begin()
                self.claude_edits(model, ENABLE_PROMPT_CACHING_1H="1")

    def test_claude_code_edits_a_file_with_any_other_model(self):
        self.claude_edits(CHAT)

    def test_claude_code_edits_a_file_with_a_model_that_reasons(self):
        self.claude_edits(REASONING_CHAT)

    def test_claude_code_edits_a_file_with_all_its_betas(self):
        key = self.account.key
        self.claude_edits(
            MESSAGES,
            ANTHROPIC_API_KEY=key,
            CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY="1",
            CLAUDE_CODE_MAX_OUTPUT_TOKENS="64000",
        )

    def test_claude_code_counts_its_context_for_free(self):
        self.assertIn("Context Usage", self.claude(MESSAGES, "/context"))
        self.assertEqual((self.account.spent(), self.account.requests()), (0, []))

    # Codex, through /v1/responses.

    def codex(self, model: str | None, prompt: str, ends_well: bool = True) -> str:
        home = self.home / ".codex"
        home.mkdir()
        # JSON's texts are TOML's.
        text = json.dumps
        config = f"""
{f"model = {text(model)}" if model else ""}
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = {text(f"{BASE_URL}/v1")}
env_key = "GATEWAY_KEY"
wire_api = "responses"
"""
        (home / "config.toml").write_text(config)
        return self.run_agent(
            "codex",
            *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", prompt),
            ends_well=ends_well,
            GATEWAY_KEY=self.account.key,
        )

    def codex_edits(self, model: str, *calls: tuple[str, dict], least: int = 3):
        said = self.codex(model, self.steps(*calls))
        # It ends well also where it has heard nothing.
        items = [json.loads(line).get("item", {}) for line in said.splitlines() if line.startswith("{")]
        self.assertTrue(any(item.get("type") == "agent_message" and item["text"].strip() for item in items), said)
        self.assertEqual((self.work / "copy.txt").read_text(), "Hello world\n", said)
        self.assert_paid(least)

    def test_codex_edits_a_file_with_any_model(self):
        shell = ("exec_command", {"cmd": "sed -i s/there/world/ note.txt"}), ("exec_command", {"cmd": "cp note.txt copy.txt"})
        for model in ["openrouter:openai/gpt-5", "portkey:openai/gpt-5", f"anthropic:{MESSAGES}", REASONING_CHAT]:
            with self.subTest(model):
                self.begin()
                self.codex_edits(model, *shell)

    def test_codex_without_a_model_asks_for_one_that_nobody_sells_and_shows_which_are_near(self):
        said = self.codex(None, "Say hello.", ends_well=False)
        self.assertIn("There is no such model; did you mean", said)
        self.assertIn(SCRIPTS, said)
        self.assertEqual((self.account.spent(), self.account.requests()), (0, []))

    def test_codex_edits_a_file_by_a_patch(self):
        patch = "*** Begin Patch\n*** Update File: note.txt\n@@\n-Hello there\n+Hello world\n*** End Patch\n"
        self.codex_edits(PATCHES, ("apply_patch", {"input": patch}), ("exec_command", {"cmd": "cp note.txt copy.txt"}))

    def test_codex_edits_a_file_by_a_script(self):
        command = json.dumps({"cmd": "sed -i s/there/world/ note.txt && cp note.txt copy.txt"})
        self.codex_edits(SCRIPTS, ("exec", {"input": f"text(await tools.exec_command({command}))"}), least=2)

    # opencode, through the endpoint of each of its provider packages.

    def opencode_edits(self, package: str, model: str):
        provider = {
            "npm": package,
            "options": {"baseURL": f"{BASE_URL}/v1", "apiKey": self.account.key},
            "models": {model: {"name": "A model", "limit": {"context": 128_000, "output": 16_000}}},
        }
        config = {"autoupdate": False, "share": "disabled", "provider": {"gateway": provider}}
        (self.work / "opencode.json").write_text(json.dumps(config))
        path = {"filePath": str(self.note)}
        edit = path | {"oldString": "there", "newString": "world"}
        prompt = self.steps(("read", path), ("edit", edit))
        self.run_agent("opencode", "run", "--model", f"gateway/{model}", prompt=prompt)
        self.assertEqual(self.note.read_text(), "Hello world\n")
        self.assert_paid(least=3)

    def test_opencode_edits_a_file_through_chat(self):
        self.opencode_edits("@ai-sdk/openai-compatible", CHAT)

    def test_opencode_edits_a_file_through_chat_with_an_anthropic_model(self):
        self.opencode_edits("@ai-sdk/openai-compatible", f"anthropic:{MESSAGES}")

    def test_opencode_edits_a_file_through_messages(self):
        self.opencode_edits("@ai-sdk/anthropic", MESSAGES)

    def test_opencode_edits_a_file_through_responses(self):
        for model in ["openai:openai/gpt-4o-mini", CHAT, f"anthropic:{MESSAGES}"]:
            with self.subTest(model):
                self.begin()
                self.opencode_edits("@ai-sdk/openai", model)

    # aider and llm, through /v1/chat/completions.

    def test_aider_answers(self):
        for model in [CHAT, f"anthropic:{MESSAGES}"]:
            with self.subTest(model):
                self.run_agent(
                    "aider",
                    *("--model", f"openai/{model}", "--message", "Hello", "--yes-always", "--no-git", "--no-stream"),
                    *("--no-check-update", "--analytics-disable", "--no-show-model-warnings", "--map-tokens", "0"),
                    OPENAI_API_BASE=f"{BASE_URL}/v1",
                    OPENAI_API_KEY=self.account.key,
                )
        self.assert_paid(least=2, stream=False)

    def test_llm_answers(self):
        model = {"model_id": "ours", "model_name": "openai/gpt-4o-mini", "api_key_name": "ours", "api_base": f"{BASE_URL}/v1"}
        # JSON is YAML.
        (self.home / "extra-openai-models.yaml").write_text(json.dumps([model]))
        ask = ("-m", "ours", "--key", self.account.key, "Hello")
        said = self.run_agent("llm", *ask, LLM_USER_PATH=str(self.home))
        self.assertIn("Hello", said)
        self.assert_paid(least=1)
