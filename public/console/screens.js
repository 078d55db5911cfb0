// THE list of screens: what they are called, where they stand in the navigation, and who sees them there.

/**
 * @typedef {object} ScreenEntry
 * @property {string} name Its first segment in the address, and its icon.
 * @property {string} title
 * @property {string} group
 * @property {string} [scope] The administrator's scope without which it is not offered.
 * @property {() => Promise<any>} load
 */

/** @type {ScreenEntry[]} */
export const SCREENS = [
  { name: "overview", title: "Overview", group: "Use", load: () => import("./screens/overview.js") },
  { name: "playground", title: "Playground", group: "Use", load: () => import("./screens/playground.js") },
  { name: "models", title: "Models", group: "Use", load: () => import("./screens/models.js") },
  { name: "chats", title: "Chats", group: "Use", load: () => import("./screens/chats.js") },
  { name: "requests", title: "Requests", group: "Watch", load: () => import("./screens/requests.js") },
  { name: "usage", title: "Usage", group: "Watch", load: () => import("./screens/usage.js") },
  { name: "keys", title: "API keys", group: "Account", load: () => import("./screens/keys.js") },
  { name: "end-users", title: "End users", group: "Account", load: () => import("./screens/end_users.js") },
  { name: "credit", title: "Credit", group: "Account", load: () => import("./screens/credit.js") },
  { name: "settings", title: "Settings", group: "Account", load: () => import("./screens/settings.js") },
  { name: "business", title: "Business", group: "Administration", scope: "admin:monitor", load: () => import("./screens/business.js") },
  { name: "traffic", title: "All requests", group: "Administration", scope: "admin:requests", load: () => import("./screens/traffic.js") },
  { name: "users", title: "Users", group: "Administration", scope: "admin:users", load: () => import("./screens/users.js") },
  { name: "payments", title: "Payments", group: "Administration", scope: "admin:payments", load: () => import("./screens/payments.js") },
  { name: "catalog", title: "Catalog", group: "Administration", scope: "admin:models", load: () => import("./screens/catalog.js") },
  { name: "plans", title: "Plans", group: "Administration", scope: "admin:plans", load: () => import("./screens/plans.js") },
  { name: "coupons", title: "Coupons", group: "Administration", scope: "admin:coupons", load: () => import("./screens/coupons.js") },
  { name: "roles", title: "Roles", group: "Administration", scope: "admin:roles", load: () => import("./screens/roles.js") },
  { name: "audit", title: "Audit trail", group: "Administration", scope: "admin:audit", load: () => import("./screens/audit.js") },
  { name: "health", title: "Health", group: "Administration", scope: "admin:ledger", load: () => import("./screens/health.js") },
];
