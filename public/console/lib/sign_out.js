// The way out. A key that the sign-in made for this session ends with it; one that was pasted belongs to its owner.

import { api } from "./api.js";
import { end, session } from "./session.js";

export async function signOut() {
  const ended = session();
  end();
  if (!ended?.keyId) return;
  // Where this fails the key is still forgotten here; Settings can end all of them.
  await api("DELETE", `/user/api-keys/${ended.keyId}`, { key: ended.key }).catch(() => {});
}
