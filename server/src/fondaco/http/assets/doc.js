// Shows the server's own contract; nothing is fetched from elsewhere, and no key is remembered.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#doc",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
});
