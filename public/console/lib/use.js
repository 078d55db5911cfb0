// Data for a screen: loaded, loaded again, loaded page by page, and acts that change it.

import { page } from "./api.js";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";

/**
 * What `ask` gives. While it is asked again, what was there stays, so that nothing jumps; it is busy from the moment at which
 * something else is wanted, not only once that has been asked for, so that nothing old is ever shown as if it were the answer.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} ask
 * @param {unknown[]} about Asked again when one of these changes.
 * @returns {{ data: T | null, error: Error | null, busy: boolean, reload: () => void }}
 */
export function useLoad(ask, about) {
  const [state, setState] = useState(/** @type {{ data: T | null, error: Error | null, of: unknown[] }} */ ({ data: null, error: null, of: [] }));
  const [turn, setTurn] = useState(0);
  const wanted = [turn, ...about];
  useEffect(() => {
    const control = new AbortController();
    ask(control.signal).then(
      (data) => control.signal.aborted || setState({ data, error: null, of: wanted }),
      (error) => control.signal.aborted || setState((before) => ({ data: before.data, error, of: wanted })),
    );
    return () => control.abort();
  }, wanted);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const busy = wanted.some((it, place) => !Object.is(it, state.of[place]));
  return { data: state.data, error: state.error, busy, reload };
}

/**
 * A list page by page.
 *
 * @param {string} path @param {Record<string, unknown>} query
 */
export function useList(path, query) {
  const about = JSON.stringify(query);
  const first = useLoad((signal) => page(path, query, signal), [path, about]);
  const [more, setMore] = useState(/** @type {{ of: unknown, data: any[], next: string | null }} */ ({ of: null, data: [], next: null }));
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(/** @type {{ of: unknown, error: Error | null }} */ ({ of: null, error: null }));
  const mine = more.of === first.data;
  const next = mine ? more.next : (first.data?.next ?? null);
  const loadMore = async () => {
    setBusy(true);
    setFailed({ of: null, error: null });
    try {
      const further = await page(path, { ...query, cursor: next });
      setMore({ of: first.data, data: [...(mine ? more.data : []), ...further.data], next: further.next });
    } catch (fault) {
      setFailed({ of: first.data, error: /** @type {Error} */ (fault) });
    } finally {
      setBusy(false);
    }
  };
  const data = first.data && [...first.data.data, ...(mine ? more.data : [])];
  // What went wrong with a further page of another list is none of this one.
  const error = first.error ?? (failed.of === first.data ? failed.error : null);
  return { data, error, busy: first.busy, reload: first.reload, next, loadMore, loadingMore: busy };
}

/**
 * What is typed in filters: it begins anew with what the address asks for whenever that changes. At once, not after the next frame: what is
 * typed meanwhile is not to be written over.
 *
 * @template T
 * @param {T} asked
 * @returns {[T, (typed: T) => void]}
 */
export function useTyped(asked) {
  const [typed, setTyped] = useState(asked);
  useLayoutEffect(() => setTyped(asked), [JSON.stringify(asked)]);
  return [typed, setTyped];
}

/**
 * An act: while it runs it cannot be begun again, and what refuses it is kept until the next try.
 *
 * @template {unknown[]} A
 * @param {(...args: A) => Promise<unknown>} act
 */
export function useAct(act) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {any} */ (null));
  const running = useRef(false);
  const run = async (/** @type {A} */ ...args) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      await act(...args);
    } catch (fault) {
      setError(fault);
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { run, busy, error, clear: () => setError(null) };
}
