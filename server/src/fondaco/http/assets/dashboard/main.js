/**
 * The dashboard: a client of the server's API, without a build step.
 *
 * Where things are:
 *   index.html      names this file and the style sheets
 *   main.js         the frame: login or navigation, page, announcements
 *   pages.js        the list of pages, which session sees each, and what loads it
 *   pages/          one file a page; a page loads its data by blocks, with useResource and Loaded
 *   components/     one file a component; parts for one page alone lie in a folder of that page's name
 *   lib/            what draws nothing: API, session, router, stores, formats
 *   styles/         tokens.css has the colours, type and spaces; base.css the elements and layout helpers;
 *                   components.css one section a component; pages.css what one page alone needs, but for
 *                   playground.css
 *   vendor/         libraries as they are published, held to manifest.json by a test; imported through lib/ where
 *                   more than one place needs them
 *
 * Conventions: components take markup and hooks from lib/ui.js; requests go through lib/api.js, whose errors say
 * what happened and what to do; texts of callers and models are shown as text, never as markup. The policy of the
 * page allows no inline script or style: use classes, or `style=${{ width }}`, which Preact sets by script. Types are
 * JSDoc, checked by `make check`.
 */
import { html, render, useEffect } from "./lib/ui.js";
import { useRoute } from "./lib/router.js";
import { startSession, useLogin } from "./lib/session.js";
import { Announcer } from "./components/announcer.js";
import { SideNavigation, TopNavigation } from "./components/navigation.js";
import { PageView } from "./components/page-view.js";
import { Skeleton } from "./components/states.js";
import Login from "./pages/login.js";

/** The frame around the page. */
function App() {
  const login = useLogin();
  const route = useRoute();
  useEffect(() => void startSession(), []);

  if (login.state === "out") return html`<${Login} login=${login} /><${Announcer} />`;
  const { session } = login;
  return html`
    <a class="skip-link" href="#main" onClick=${skip}>Skip to content</a>
    <div class="frame">
      ${session
        ? html`<${SideNavigation} session=${session} path=${route.path} /><${TopNavigation} session=${session} path=${route.path} />`
        : html`<div class="frame-side"></div><div class="frame-top"></div>`}
      <main class="frame-main" id="main" tabindex="-1">
        ${session
          ? html`<${PageView} session=${session} route=${route} />`
          : html`<div class="page"><${Skeleton} lines=${6} /></div>`}
      </main>
    </div>
    <${Announcer} />
  `;
}

/** Move to the page; the fragment of the address belongs to the router. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.textContent = "";
render(html`<${App} />`, root);
