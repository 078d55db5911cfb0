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
  authentication: { preferredSecurityScheme: "bearer" },
  persistAuth: false,
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
});
