/** The session of this browser: who is logged in, and what the pages may show. */
import { ApiError, del, get, onUnauthorized, post } from "./api.js";
import { asApiError } from "./resource.js";
import { createStore, useStore } from "./store.js";

/**
 * @typedef {object} Session
 * @property {string} account
 * @property {string} keyId
 * @property {"ADMIN" | "INFERENCE"} keyType
 * @property {string} keyDescription
 * @property {boolean} operator whether the key may manage the server
 * @property {{id: string, isCharged: boolean}} tier
 * @property {{USD: number, DIEM: number}} balances
 * @property {number} diemAllocation DIEM that the account receives each epoch
 * @property {string} nextEpochBegins
 * @property {string} version of the server
 * @property {boolean} docs whether the documentation is served at docs/
 */

/**
 * @typedef {object} LoginState
 * @property {"unknown" | "out" | "in"} state
 * @property {Session | null} session
 * @property {string} notice why nobody is logged in, where there is more to say
 * @property {ApiError | null} error of the last attempt
 */

const store = createStore(/** @type {LoginState} */ ({ state: "unknown", session: null, notice: "", error: null }));

/** The login state, followed by the component. */
export const useLogin = () => useStore(store);

/** The account whose drafts, results and conversations this page holds in memory. */
let holder = "";

/**
 * Show a session. Where it is of another account than the page was used for, the page is loaded again: nothing in its
 * memory is for that account.
 *
 * @param {Session} session
 */
function begin(session) {
  if (holder && holder !== session.account) return location.reload();
  holder = session.account;
  store.set({ state: "in", session, notice: "", error: null });
}

/** @param {Partial<LoginState>} [rest] */
const end = (rest = {}) =>
  store.set({ state: "out", session: null, notice: "", error: null, ...rest });

/**
 * Log in by the token of the page's address, if there is one, or go on with the session of the cookie.
 *
 * The token leaves the address at once, so that no history, bookmark or screenshot keeps it.
 */
export async function startSession() {
  onUnauthorized(() => {
    if (store.get().state === "in") end({ notice: "The session has ended. Log in again to go on." });
  });
  const token = takeLoginToken();
  try {
    begin(token ? await post("dashboard/session", { login: token }) : await get("dashboard/session"));
  } catch (error) {
    if (token && (await resumed())) return; // an old link, opened again while logged in
    const fault = asApiError(error);
    if (fault.status !== 401) end({ error: fault });
    else if (token) end({ notice: "This link was used before or has expired." });
    else end();
  }
}

async function resumed() {
  try {
    begin(await get("dashboard/session"));
    return true;
  } catch {
    return false;
  }
}

function takeLoginToken() {
  const address = new URL(location.href);
  const token = address.searchParams.get("login");
  if (token !== null) {
    address.searchParams.delete("login");
    history.replaceState(history.state, "", address);
  }
  return token;
}

/**
 * Log in by an API key.
 *
 * @param {string} apiKey
 * @throws {ApiError}
 */
export async function logIn(apiKey) {
  begin(await post("dashboard/session", { apiKey }));
}

/** Log out here and on the server. */
export async function logOut() {
  await del("dashboard/session");
  end({ notice: "You are logged out." });
}

/** Log out everywhere: an admin ends all sessions of the account and its unused login links, others those of their key. */
export async function logOutEverywhere() {
  await del("dashboard/sessions");
  end({ notice: "You are logged out everywhere." });
}

/**
 * Read the session again: balances change with every call. A failure leaves what is known, and so does a response that
 * comes after the session has ended here.
 */
export async function refreshSession() {
  const before = store.get().session;
  try {
    const session = await get("dashboard/session");
    if (store.get().session?.keyId === before?.keyId && before) begin(session);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
