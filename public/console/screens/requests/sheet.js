// One request with all that is known of it, by an address of its own: what the list knows is there at once, the rest is asked for.

import { api } from "../../lib/api.js";
import { count, duration, exactly, moneyExact, words } from "../../lib/format.js";
import { to } from "../../lib/route.js";
import { html, useEffect } from "../../lib/ui.js";
import { useLoad } from "../../lib/use.js";
import { Costs } from "./costs.js";
import { Waterfall } from "./waterfall.js";
import { Badge } from "../../ui/badge.js";
import { Facts } from "../../ui/card.js";
import { Dialog } from "../../ui/dialog.js";
import { Bones, Failure, Note } from "../../ui/states.js";

/**
 * @param {{ id: string, row?: any, path: string, screen: string, keyName?: (id: string) => string | undefined, onClose: () => void }} props
 *   `row`: as the list has it. `path`: of the API, which knows more. `screen`: where other requests are shown.
 */
export function RequestSheet({ id, row: known, path, screen, keyName, onClose }) {
  const detail = useLoad((signal) => api("GET", `${path}/${encodeURIComponent(id)}`, { signal }), [id]);
  const row = detail.data?.request ?? known;
  // One that runs is looked at again until it is over.
  useEffect(() => {
    if (detail.data?.request.status !== "running") return undefined;
    const later = setTimeout(detail.reload, 2000);
    return () => clearTimeout(later);
  }, [detail.data]);
  return html`<${Dialog} title="Request" kind="sheet" onClose=${onClose}>
    <div class="body" aria-busy=${detail.busy ? "true" : undefined}>
      ${row && html`
        <div class="spread"><h3 class="mono">${row.model}</h3><${Badge} state=${row.outcome ?? row.status} /></div>
        ${row.status === "swept" && html`<${Note} kind="warn" title="Past its time">It is not settled, and what it reserved is free again. If its settlement still comes, it counts.</${Note}>`}
        ${row.error_code && html`<${Note} kind="bad" title=${row.error_code}>The provider or the gateway refused it; it cost ${moneyExact(row.cost)}.</${Note}>`}
        ${row.replayed_call && html`<${Note} title="A cached answer">An <a href=${to([screen, row.replayed_call])}>earlier call</a>'s answer was given again: no provider was asked.</${Note}>`}
        ${row.estimated && html`<${Note} kind="warn">The provider did not report usage: tokens were counted by the gateway.</${Note}>`}`}
      <${Failure} error=${detail.error} retry=${detail.reload} />
      ${detail.data && row.status === "finished" && html`<h3>When</h3><${Waterfall} attempts=${detail.data.attempts} row=${row} overhead=${detail.data.overhead_ms} />
        <h3>What it cost</h3><${Costs} costs=${detail.data.costs} row=${row} />`}
      ${detail.busy && !detail.data && html`<${Bones} lines=${6} />`}
      ${row && html`<${Rest} row=${row} detail=${detail.data} screen=${screen} keyName=${keyName} />`}
    </div>
  </${Dialog}>`;
}

/** @param {{ row: any, detail: any, screen: string, keyName?: (id: string) => string | undefined }} props */
function Rest({ row, detail, screen, keyName }) {
  const tokens = (/** @type {number} */ number) => (number > 0 ? count(number) : null);
  const units = Object.entries(row.units ?? {}).filter(([, number]) => Number(number) > 0);
  const code = (/** @type {any} */ text) => text && html`<code>${text}</code>`;
  const dollars = (/** @type {number | null | undefined} */ amount) => (amount === undefined || amount === null ? null : moneyExact(amount));
  const metadata = row.metadata && Object.keys(row.metadata).length > 0 ? JSON.stringify(row.metadata) : null;
  return html`
    <h3>What was used</h3>
    <${Facts} items=${[
      ["Prompt tokens", count(row.prompt_tokens)],
      ["… from cache", tokens(row.cached_tokens)],
      ["… into cache", tokens(row.written_tokens)],
      ["Completion tokens", count(row.completion_tokens)],
      ["… reasoning", tokens(row.reasoning_tokens)],
      ...units.map(([name, number]) => [words(name), count(Number(number))]),
      ["Paid to the provider", dollars(row.provider_cost)],
      ["Held before", dollars(row.held)],
      ["Limited", row.clamped ? "The provider reported more tokens than the model has" : null],
    ]} />
    <h3>Whom it was for, and where it went</h3>
    <${Facts} items=${[
      ["End user", row.user && (screen === "requests" ? html`<a href=${to(["requests"], { user: row.user })}>${row.user}</a>` : row.user)],
      ["Tags", row.tags?.length > 0 && html`<div class="row">${row.tags.map((/** @type {string} */ tag) => html`<span class="badge" key=${tag}>${tag}</span>`)}</div>`],
      ["Metadata", code(metadata)],
      ["Application", row.app],
      ["Account", row.account_id && html`<a href=${to(["users", row.account_id])}>${row.account_id}</a>`],
      ["Key", keyName?.(row.key_id)],
      ["Provider", row.provider],
      ["Own key", row.own_key ? "Yes" : null],
      ["Streamed", row.stream === null ? null : row.stream ? "Yes" : "No"],
      ["Ended with", detail?.finish_reason],
      ["Begun", exactly(row.created_at)],
      ["Running for", row.age_ms !== null && duration(row.age_ms)],
      ["Finished", row.finished_at && exactly(row.finished_at)],
      ["Call", code(row.call_id)],
      // A request that nobody has named goes by its call's id.
      ["Request", row.request_id !== row.call_id && code(row.request_id)],
      ["Answer", code(detail?.answer_id)],
    ].map(([name, value]) => /** @type {[string, any]} */ ([name, value || null]))} />`;
}
