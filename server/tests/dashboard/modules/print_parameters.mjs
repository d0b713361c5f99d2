// Prints the names of the parameters that the panel shows for a chat model that can do everything, and of those that
// it does not show, as JSON.
import { NOT_SHOWN, sectionsOf } from "../../../src/fondaco/http/assets/dashboard/lib/playground/parameters.js";

const able = { supportsFunctionCalling: true, supportsResponseSchema: true, supportsReasoning: true, supportsWebSearch: true };
const offer = { characters: [{ slug: "a", name: "A" }], styles: ["Watercolor"] };
const namesOf = (model) => sectionsOf(model, offer).flatMap(({ parameters }) => parameters.map(({ name }) => name));
const chat = { id: "m", type: "text", model_spec: { capabilities: able, constraints: {} } };
const image = { id: "m", type: "image", model_spec: { constraints: { steps: { default: 20, max: 50 } } } };
console.log(JSON.stringify({ chat: namesOf(chat), image: namesOf(image), notShown: Object.keys(NOT_SHOWN) }));
