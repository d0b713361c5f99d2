/** The page of a route: loaded when it is first opened, and its faults kept from the rest. */
import { html, useEffect, useErrorBoundary, useState } from "../lib/ui.js";
import { link } from "../lib/router.js";
import { asApiError } from "../lib/resource.js";
import { PAGES } from "../pages.js";
import { Button, LinkButton } from "./button.js";
import { Page } from "./page.js";
import { EmptyState, ErrorNotice, Skeleton } from "./states.js";

/**
 * @param {{session: import("../lib/session.js").Session, route: import("../lib/router.js").Route}} props
 */
export function PageView({ session, route }) {
  const entry = PAGES.find((page) => page.path === route.path);
  if (!entry) return html`<${Refused} title="Page not found" text="No page has this address." icon="search" />`;
  if (!entry.isFor(session)) {
    const needed = session.keyType === "ADMIN" ? "an operator's key" : "an admin key";
    return html`<${Refused} title=${entry.title} text=${`This page needs ${needed}. Log out, and log in with one.`} />`;
  }
  return html`<${Boundary} key=${entry.path} title=${entry.title}>
    <${LazyPage} entry=${entry} session=${session} route=${route} />
  <//>`;
}

/** Modules that are loaded, by path: a page that was open before appears at once. @type {Map<string, any>} */
const loaded = new Map();

/**
 * @param {{entry: import("../pages.js").PageEntry, session: import("../lib/session.js").Session,
 *     route: import("../lib/router.js").Route}} props
 */
function LazyPage({ entry, session, route }) {
  const [component, setComponent] = useState(() => loaded.get(entry.path) ?? null);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    if (component) return undefined;
    let gone = false;
    entry.load().then(
      (module) => {
        loaded.set(entry.path, module.default);
        if (!gone) setComponent(() => module.default);
      },
      (failure) => gone || setError(failure),
    );
    return () => void (gone = true);
  }, []);
  if (error) return html`<${Failed} title=${entry.title} error=${error} />`;
  if (!component) return html`<${Page} title=${entry.title}><${Skeleton} lines=${6} /><//>`;
  return html`<${component} session=${session} route=${route} />`;
}

/** @param {{title: string, children?: any}} props */
function Boundary({ title, children }) {
  const [error, retry] = useErrorBoundary();
  return error ? html`<${Failed} title=${title} error=${error} onRetry=${retry} />` : children;
}

/** @param {{title: string, error: unknown, onRetry?: () => void}} props */
function Failed({ title, error, onRetry }) {
  return html`<${Page} title=${title}>
    <${ErrorNotice} error=${asApiError(error)} onRetry=${onRetry} />
    <div class="row"><${Button} icon="retry" onClick=${() => location.reload()}>Reload<//></div>
  <//>`;
}

/** @param {{title: string, text: string, icon?: import("./icon.js").IconName}} props */
function Refused({ title, text, icon = "lock" }) {
  return html`<${Page} title=${title}>
    <div class="panel"><${EmptyState} title=${text} icon=${icon}><${LinkButton} href=${link("")}>Go to Overview<//><//></div>
  <//>`;
}
