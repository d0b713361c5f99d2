/** The entry of the dashboard. */
const headers = { "content-type": "application/json", "x-fondaco-dashboard": "1" };
const address = new URL(location.href);
const login = address.searchParams.get("login");
if (login !== null) {
  address.searchParams.delete("login");
  history.replaceState(null, "", address);
  await fetch("dashboard/session", { method: "POST", headers, body: JSON.stringify({ login }) });
}
const session = await fetch("dashboard/session", { headers });
const app = /** @type {HTMLElement} */ (document.getElementById("app"));
app.textContent = session.ok ? `Account: ${(await session.json()).account}` : "Please log in.";
