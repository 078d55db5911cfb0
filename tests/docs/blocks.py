"""Runs the blocks of code of the guides, each by itself and in their order, as a reader would: what a block prints is shown where
it fails. Each guide has an account of its own, so that what one does to it is nothing to another.

A block in `bash`, `python` or `js` runs; `json` and `toml` are parsed; `console` shows commands of a terminal whose tools are not
here (a deployment's), and `text` is none. Any other language is a mistake, so that no block goes unseen.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
# What the guides call the deployment that they are read at.
PLACE = "https://gateway.example.com"
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# curl succeeds whatever it is answered; here a refusal is a failure.
STRICT_CURL = 'set -euo pipefail\ncurl() { command curl --silent --show-error --fail-with-body --max-time 60 "$@"; }\n'


@dataclass
class Block:
    guide: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.guide}.md:{self.line} ({self.language})"


def blocks(path: Path) -> list[Block]:
    text = path.read_text()
    return [
        Block(path.stem, text.count("\n", 0, found.start()) + 1, found[1], found[2].replace(PLACE, os.environ["GATEWAY_BASE_URL"]))
        for found in FENCE.finditer(text)
    ]


def account() -> str:
    """The key of a new account with credit."""
    body = {"email": f"{uuid.uuid4().hex}@guides.test", "credits": 50, "plan": "customize"}
    headers = {"authorization": f"Bearer {os.environ['GATEWAY_ADMIN_KEY']}", "content-type": "application/json"}
    request = urllib.request.Request(f"{os.environ['GATEWAY_BASE_URL']}/admin/create", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["api_key"]


def command(block: Block, work: Path) -> list[str]:
    if block.language == "bash":
        return ["bash", "-c", STRICT_CURL + block.code]
    suffix = {"python": "py", "js": "mjs"}[block.language]
    file = work / f"{block.guide}-{block.line}.{suffix}"
    file.write_text(block.code)
    program = sys.executable if block.language == "python" else "node"
    return [program, str(file)]


def faults_of(guide: list[Block], work: Path) -> list[str | None]:
    """What is wrong with each block of a guide."""
    variables = os.environ | {"GATEWAY_API_KEY": account()}
    return [fault(block, work, variables) for block in guide]


def fault(block: Block, work: Path, variables: dict[str, str]) -> str | None:
    """What is wrong with a block; nothing if it does what it should."""
    try:
        if block.language == "json":
            json.loads(block.code)
        elif block.language == "toml":
            tomllib.loads(block.code)
        elif block.language in ("bash", "python", "js"):
            folder = work / f"{block.guide}-{block.line}"
            folder.mkdir()
            done = subprocess.run(
                command(block, work), cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
            )
            if done.returncode != 0:
                return f"it ended with {done.returncode}:\n{done.stdout[-3000:]}"
        elif block.language not in ("console", "text"):
            return "no such language is known: bash, python, js, json, toml, console, text"
    except (ValueError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None


def main() -> int:
    work, wanted = Path(sys.argv[1]), sys.argv[2:]
    paths = [path for path in sorted(GUIDES.glob("*.md")) if not wanted or path.stem in wanted]
    guides = [blocks(path) for path in paths]
    found = [block for guide in guides for block in guide]
    with ThreadPoolExecutor(4) as pool:
        faults = [fault for of in pool.map(lambda guide: faults_of(guide, work), guides) for fault in of]
    for block, wrong in zip(found, faults, strict=True):
        if wrong:
            print(f"\n{block}\n{block.code}\n{wrong}")
    ran = sum(block.language in ("bash", "python", "js") for block in found)
    shown = sum(block.language in ("console", "text") for block in found)
    failed = sum(wrong is not None for wrong in faults)
    print(f"{len(found)} blocks of {len(paths)} guides: {ran} run, {len(found) - ran - shown} parsed, {shown} only shown, {failed} failed")
    return 1 if failed or not ran else 0


sys.exit(main())
