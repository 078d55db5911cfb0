// Renders the document. No validator badge: it would send the document to somebody else's server.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#api",
    validatorUrl: null,
    deepLinking: true,
    docExpansion: "list",
    persistAuthorization: false,
  });
});
