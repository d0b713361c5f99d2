/** Playground: every model that is installed, tried with every parameter it has. */
import { html, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { isNavigation, replaceQuery } from "../lib/router.js";
import { useResource } from "../lib/resource.js";
import { useSelected, useStore } from "../lib/store.js";
import { requestOf } from "../lib/playground/bench.js";
import { benchOf, benches, change } from "../lib/playground/benches.js";
import { chatBody } from "../lib/playground/chat.js";
import { shown } from "../lib/playground/conversation.js";
import { draftOf } from "../lib/playground/drafts.js";
import { first, named } from "../lib/playground/models.js";
import { loadModels, loadOffer } from "../lib/playground/offer.js";
import { fieldsOf, sectionsOf } from "../lib/playground/parameters.js";
import { attachmentsOf } from "../lib/playground/samples.js";
import * as work from "../lib/playground/workspace.js";
import { announce, toast } from "../components/announcer.js";
import { Button } from "../components/button.js";
import { Input } from "../components/field.js";
import { ErrorNotice, Skeleton } from "../components/states.js";
import { BenchView } from "../components/playground/bench-view.js";
import { ChatView } from "../components/playground/chat/chat-view.js";
import { CodeDialog } from "../components/playground/code-dialog.js";
import { ConversationList } from "../components/playground/chat/conversation-list.js";
import { ModelPicker } from "../components/playground/model-picker.js";
import { ParameterPanel } from "../components/playground/parameter-panel.js";
import { Sheet } from "../components/playground/sheet.js";
import { useWidth } from "../components/playground/use-width.js";

/** The narrowest page with parameters beside the conversation, and with the list of conversations, too, in pixels. */
const WIDE = 760;
const WIDEST = 1180;

/** @typedef {import("../lib/playground/models.js").Model} Model */

/** @param {{session: import("../lib/session.js").Session, route: import("../lib/router.js").Route}} props */
export default function Playground({ session, route }) {
  const models = useResource(loadModels, [], { every_s: 60 });
  const offer = useResource(loadOffer);
  const state = useSelected(work.workspace, work.headOf);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    document.title = "Playground · Fondaco";
    if (isNavigation()) heading.current?.focus();
    void work.open(session);
  }, [session.account]);
  useEffect(() => {
    if (state.said) announce(state.said);
  }, [state.said]);
  useEffect(() => {
    if (state.dropped.length > 0) toast("The oldest conversations were deleted: the browser holds as many as it may.");
  }, [state.dropped]);
  return html`<div class="pg">
    <h1 class="visually-hidden" tabindex="-1" ref=${heading}>Playground</h1>
    ${models.data && offer.data && state.account === session.account
      ? html`<${Workbench} models=${models.data} offer=${offer.data} session=${session} route=${route} state=${state} />`
      : models.error && !models.data
        ? html`<div class="pg-bench"><${ErrorNotice} error=${models.error} onRetry=${models.reload} /></div>`
        : html`<div class="pg-bench"><${Skeleton} lines=${6} /></div>`}
  </div>`;
}

/**
 * @param {{models: Model[], offer: import("../lib/playground/parameters.js").Offer,
 *     session: import("../lib/session.js").Session, route: import("../lib/router.js").Route,
 *     state: import("../lib/playground/workspace.js").Head}} props
 */
function Workbench({ models, offer, session, route, state }) {
  const [root, width] = useWidth();
  const [sheet, setSheet] = useState(/** @type {"" | "conversations" | "parameters" | "code"} */ (""));
  const all = useStore(benches);
  const [chosen, setChosen] = useState(state.model);
  const model = named(models, chosen) ?? first(models) ?? models[0];
  const isChat = model.type === "text";
  const sections = useMemo(() => sectionsOf(model, offer), [model, offer]);
  const means = useMemo(() => ({ model, sections, session }), [model, sections, session]);
  const bench = benchOf(all, model.type);
  const { id } = state; // of the conversation that is shown

  const followed = useDeepLink({ models, route, state, onModel: setChosen });
  useEffect(() => {
    // The store, not `id`: a link that was followed above may have begun one already.
    if (isChat && !work.workspace.get().current) work.begin(model.id);
  }, [isChat, id, model.id]);
  useEffect(() => {
    if (bench.said) announce(bench.said);
  }, [bench.said]);

  const choose = (/** @type {string} */ id) => {
    setChosen(id);
    if (named(models, id)?.type === "text") work.update((one) => ({ ...one, model: id }));
    followed.current = linkKey({ model: id }); // the address follows the choice, and is no link to it
    replaceQuery({ model: id });
  };
  const showConversation = async (/** @type {string} */ id) => {
    await work.show(id);
    const { current: next } = work.workspace.get();
    if (next) setChosen(next.model);
    setSheet("");
  };
  const begin = () => {
    const text = isChat ? model : first(models);
    work.begin(text?.id ?? model.id, { parameters: state.parameters, system: state.system });
    setChosen(text?.id ?? model.id);
    setSheet("");
  };
  const values = isChat ? state.parameters : bench.values;
  const setValues = (/** @type {Record<string, unknown>} */ next) =>
    isChat ? work.update((one) => ({ ...one, parameters: next })) : change(model.type, { values: next });
  const fields = fieldsOf(sections, values);

  const list = html`<${ConversationList} summaries=${state.summaries} current=${isChat ? id : ""} running=${state.running}
    isLasting=${state.isLasting} onShow=${showConversation} onNew=${begin} onDelete=${work.remove} onDeleteAll=${work.removeAll} />`;
  const panel = html`<${ParameterPanel} key=${model.type} sections=${sections} values=${values} onChange=${setValues}>
    ${isChat && html`<${Input} multiline label="System prompt" value=${state.system} placeholder="none"
      hint="Instructions that precede the conversation." onInput=${(/** @type {string} */ system) => work.update((one) => ({ ...one, system }))} />`}
    ${model.model_spec.description && html`<p class="muted small">${model.model_spec.description}</p>`}
  <//>`;
  const isWide = width >= WIDE;
  return html`<div class="pg-frame" ref=${root}>
    <header class="pg-bar">
      <${ModelPicker} models=${models} value=${model.id} onChange=${choose} />
      <div class="row pg-bar-actions">
        ${width < WIDEST && html`<${Button} icon="playground" label="Conversations" onClick=${() => setSheet("conversations")} />`}
        ${width < WIDEST && html`<${Button} icon="plus" label="New conversation" onClick=${begin} />`}
        <${Button} icon="api" label=${isWide ? undefined : "View as code"} onClick=${() => setSheet("code")}>${isWide ? "View as code" : null}<//>
        ${!isWide && html`<${Button} icon="configuration" label="Parameters" onClick=${() => setSheet("parameters")} />`}
      </div>
    </header>
    <div class=${`pg-body${isWide ? " is-wide" : ""}${width >= WIDEST ? " is-widest" : ""}`}>
      ${width >= WIDEST && html`<aside class="pg-aside" aria-label="Conversations" tabindex="0">${list}</aside>`}
      ${isChat
        ? id && html`<${ChatView} isRunning=${state.running.has(id)} means=${means} />`
        : html`<${BenchView} key=${model.type} model=${model} bench=${bench} fields=${fields} session=${session} />`}
      ${isWide && html`<aside class="pg-aside pg-aside-right" aria-label="Parameters" tabindex="0">${panel}</aside>`}
    </div>
    ${sheet === "conversations" && html`<${Sheet} label="Conversations" onClose=${() => setSheet("")}>${list}<//>`}
    ${sheet === "parameters" && html`<${Sheet} label="Parameters" onClose=${() => setSheet("")}>${panel}<//>`}
    ${sheet === "code" && html`<${CodeDialog} request=${sampleOf()} onClose=${() => setSheet("")} />`}
  </div>`;

  /** @returns {import("../lib/playground/samples.js").SampleRequest} */
  function sampleOf() {
    if (!isChat) return requestOf(model, bench.draft, fields);
    const { current } = work.workspace.get();
    const draft = draftOf(id).text;
    const messages = current ? shown(current) : [];
    const last = messages.at(-1);
    // The request whose answer is shown last; before any, the one that would be sent.
    const asked = last?.role === "assistant" ? messages.slice(0, -1) : messages;
    const next = /** @type {any} */ ({ role: "user", content: draft || "Say hello.", images: [], id: "", parent: "" });
    const body = chatBody(model, state.system, draft || messages.length === 0 ? [...messages, next] : asked, sections, values);
    return { kind: "chat", body, attachments: attachmentsOf(body.messages) };
  }
}

/**
 * Follow links such as `#/playground?model=ID&character=SLUG`. A character begins a conversation; a model answers in the
 * one that is shown. Return what keeps a link from being followed twice.
 *
 * @param {{models: Model[], route: import("../lib/router.js").Route,
 *     state: import("../lib/playground/workspace.js").Head, onModel: (id: string) => void}} props
 */
function useDeepLink({ models, route, state, onModel }) {
  const { model: wanted, character } = route.query;
  const followed = useRef("");
  useEffect(() => {
    const key = linkKey({ model: wanted, character });
    if ((!wanted && !character) || followed.current === key) return;
    followed.current = key;
    const model = (wanted && named(models, wanted)) || first(models);
    if (wanted && !named(models, wanted)) toast(`No model is named ${wanted}.`, "error");
    if (!model) return;
    onModel(model.id);
    if (model.type !== "text") return;
    if (character || state.isEmpty) {
      work.begin(model.id, character ? { parameters: { "venice_parameters.character_slug": character } } : {});
    } else if (state.model !== model.id) work.update((one) => ({ ...one, model: model.id }));
  }, [wanted, character, models]);
  return followed;
}

/** @param {{model?: string, character?: string}} link */
const linkKey = ({ model = "", character = "" }) => `${model} ${character}`;
