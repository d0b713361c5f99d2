/** Overview: balances, the last days, and for an operator how the server does. */
import { html, useEffect } from "../lib/ui.js";
import { url } from "../lib/api.js";
import { dateTime, money, relative } from "../lib/format.js";
import { refreshSession } from "../lib/session.js";
import { Figure, Page } from "../components/page.js";
import { Connect } from "../components/overview/connect.js";
import { Engines, Pulled, ServerStatus } from "../components/overview/server.js";
import { LastDays } from "../components/overview/last-days.js";

const REFRESH_S = 30;

/** @param {{session: import("../lib/session.js").Session}} props */
export default function Overview({ session }) {
  useEffect(() => {
    void refreshSession();
    const timer = setInterval(() => document.hidden || void refreshSession(), REFRESH_S * 1000);
    return () => clearInterval(timer);
  }, []);
  return html`<${Page} title="Overview">
    <${Balances} session=${session} />
    ${session.keyType === "ADMIN" && html`<${LastDays} />`}
    ${session.operator && html`<${ServerStatus} />`}
    ${session.operator && html`<div class="grid-halves"><${Engines} /><${Pulled} /></div>`}
    <${Connect} />
  <//>`;
}

/** @param {{session: import("../lib/session.js").Session}} props */
function Balances({ session }) {
  const { balances, diemAllocation, nextEpochBegins, tier } = session;
  return html`<div class="panel">
    <dl class="figures">
    <${Figure} label="DIEM" value=${money(balances.DIEM, "DIEM")}
      note=${diemAllocation ? `of ${money(diemAllocation, "DIEM")} in each epoch` : "none allocated"} />
    <${Figure} label="US dollars" value=${money(balances.USD)} note="spent after DIEM" />
    <${Figure} label="Next epoch" value=${relative(nextEpochBegins)} note=${`${dateTime(nextEpochBegins)}: DIEM and limits of keys refill`} />
    <${Figure} label="Tier" value=${tier.id} note=${tier.isCharged ? "calls are charged" : "calls are free of charge"} />
    </dl>
    <p class="panel-more">
      DIEM is an allowance that refills at the start of each epoch, a UTC day, and pays before dollars do; the tier sets rate
      limits, and whether calls are charged.${session.docs && html` <a href=${url("docs/explanation/money/")}>How money works</a>`}
    </p>
  </div>`;
}
