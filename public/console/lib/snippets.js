// A call as code that can be pasted and run, with the key's place left to an environment variable.

/** The names of what `snippet` writes. @type {[string, string][]} */
export const LANGUAGES = [["curl", "curl"], ["python", "Python"], ["js", "JavaScript"]];

/** @param {string} language @param {Record<string, any>} body Of a chat completion. @param {string} [key] */
export function snippet(language, body, key) {
  const base = `${location.origin}/v1`;
  if (language === "python") return python(base, body, key);
  if (language === "js") return javascript(base, body, key);
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return `curl ${base}/chat/completions \\
  -H "authorization: Bearer ${key ?? "$GATEWAY_API_KEY"}" \\
  -H "content-type: application/json" \\
  -d '${json}'`;
}

/** @param {string} base @param {Record<string, any>} body @param {string} [key] */
function python(base, body, key) {
  const fields = Object.entries(body).map(([name, value]) => `    ${name}=${pythonValue(value, 1)},`).join("\n");
  const read = body.stream
    ? `for chunk in answer:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)`
    : "print(answer.choices[0].message.content, answer.usage.cost)";
  return `${key ? "" : "import os\n"}from openai import OpenAI

client = OpenAI(
    base_url=${JSON.stringify(base)},
    api_key=${key ? JSON.stringify(key) : 'os.environ["GATEWAY_API_KEY"]'},
)
answer = client.chat.completions.create(
${fields}
)
${read}`;
}

/** @param {any} value @param {number} depth @returns {string} */
function pythonValue(value, depth) {
  const pad = "    ".repeat(depth);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[\n${value.map((it) => `${pad}    ${pythonValue(it, depth + 1)},\n`).join("")}${pad}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, it]) => `${JSON.stringify(name)}: ${pythonValue(it, depth + 1)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** @param {string} base @param {Record<string, any>} body @param {string} [key] */
function javascript(base, body, key) {
  const read = body.stream
    ? `for await (const chunk of answer) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}`
    : "console.log(answer.choices[0].message.content, answer.usage.cost);";
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${JSON.stringify(base)},
  apiKey: ${key ? JSON.stringify(key) : "process.env.GATEWAY_API_KEY"},
});
const answer = await client.chat.completions.create(${JSON.stringify(body, null, 2)});
${read}`;
}
