/**
 * The pages: where each stands in the navigation, which session sees it, and its module, loaded when it is opened.
 *
 * A page's module exports one component by default, which receives `{ session, route }` and returns a `Page`.
 */

/** @typedef {import("./lib/session.js").Session} Session */

/**
 * @typedef {object} PageEntry
 * @property {string} path of its route
 * @property {string} title
 * @property {import("./components/icon.js").IconName} icon
 * @property {string} group of the navigation
 * @property {(session: Session) => boolean} isFor whether this session may see it
 * @property {() => Promise<{default: any}>} load
 */

const anyone = () => true;
const admin = (/** @type {Session} */ session) => session.keyType === "ADMIN";
const operator = (/** @type {Session} */ session) => session.operator;

const WORK = "Models";
const ACCOUNT = "Account";
const SERVER = "Server";

/** @type {PageEntry[]} */
export const PAGES = [
  { path: "", title: "Overview", icon: "overview", group: "", isFor: anyone, load: () => import("./pages/overview.js") },
  { path: "playground", title: "Playground", icon: "playground", group: WORK, isFor: anyone, load: () => import("./pages/playground.js") },
  { path: "models", title: "Models", icon: "models", group: WORK, isFor: anyone, load: () => import("./pages/models.js") },
  { path: "characters", title: "Characters", icon: "characters", group: WORK, isFor: anyone, load: () => import("./pages/characters.js") },
  { path: "video-jobs", title: "Video jobs", icon: "video", group: WORK, isFor: anyone, load: () => import("./pages/video-jobs.js") },
  { path: "keys", title: "Keys", icon: "keys", group: ACCOUNT, isFor: admin, load: () => import("./pages/keys.js") },
  { path: "usage", title: "Usage", icon: "usage", group: ACCOUNT, isFor: admin, load: () => import("./pages/usage.js") },
  { path: "limits", title: "Limits", icon: "limits", group: ACCOUNT, isFor: anyone, load: () => import("./pages/limits.js") },
  { path: "accounts", title: "Accounts", icon: "accounts", group: SERVER, isFor: operator, load: () => import("./pages/accounts.js") },
  { path: "engines", title: "Engines", icon: "engines", group: SERVER, isFor: operator, load: () => import("./pages/engines.js") },
  { path: "configuration", title: "Configuration", icon: "configuration", group: SERVER, isFor: operator, load: () => import("./pages/configuration.js") },
];
