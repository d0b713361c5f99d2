// Shows the server's own contract; nothing is fetched from elsewhere, and no key is remembered.
// Addresses are relative to the page, which a proxy may offer below a path of its own.
fetch("openapi.json")
  .then((reply) => reply.json())
  .then((contract) => {
    contract.servers = [{ url: new URL(".", document.baseURI).href }];
    SwaggerUIBundle({
      spec: contract,
      dom_id: "#doc",
      deepLinking: true,
      validatorUrl: null,
      persistAuthorization: false,
      defaultModelsExpandDepth: 0,
    });
  })
  .catch((error) => {
    document.getElementById("doc").textContent = `The contract could not be loaded: ${error.message}`;
  });
