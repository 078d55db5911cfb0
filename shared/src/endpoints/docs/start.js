// What a user calls first stands first in its group; all else follows by its path, as the document has it.
const FIRST = ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/embeddings", "/images/generate", "/v1/images/edits", "/models", "/user/balance"];
const place = ({ path }) => (FIRST.includes(path) ? FIRST.indexOf(path) : FIRST.length);

// Renders the document. Nothing goes to anybody else: no fonts, no measuring, no proxy, no assistant.
window.Scalar.createApiReference("#api", {
  url: "/openapi.json",
  servers: [{ url: window.location.origin }],
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: "",
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  // What the schemas are for stands where they are used.
  hideModels: true,
  documentDownloadType: "json",
  orderSchemaPropertiesBy: "preserve",
  operationsSorter: (one, other) => place(one) - place(other) || (one.path < other.path ? -1 : one.path > other.path ? 1 : 0),
  authentication: { preferredSecurityScheme: "bearer" },
  persistAuth: false,
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
});
