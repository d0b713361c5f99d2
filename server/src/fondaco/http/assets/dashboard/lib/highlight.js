/** Colours of code. Grammars are loaded one by one, when code of their language is first shown. */

/** Names of languages, and the grammar of each. */
const GRAMMARS = {
  bash: "bash", sh: "bash", shell: "bash", zsh: "bash", console: "bash",
  c: "c", h: "c",
  cpp: "cpp", "c++": "cpp", cc: "cpp", hpp: "cpp",
  css: "css",
  diff: "diff", patch: "diff",
  go: "go", golang: "go",
  ini: "ini", toml: "ini",
  java: "java",
  javascript: "javascript", js: "javascript", jsx: "javascript", mjs: "javascript",
  json: "json", jsonc: "json",
  markdown: "markdown", md: "markdown",
  python: "python", py: "python",
  rust: "rust", rs: "rust",
  sql: "sql",
  typescript: "typescript", ts: "typescript", tsx: "typescript",
  html: "xml", xml: "xml", svg: "xml",
  yaml: "yaml", yml: "yaml",
};

/** The longest code that is coloured, in characters: grammars may need quadratic time. */
const LIMIT = 32 * 1024;

/** @type {Map<string, Promise<any>>} */
const loading = new Map();

/**
 * Return code as escaped HTML with `hljs-` classes.
 *
 * @param {string} source
 * @param {string} language
 * @returns {Promise<string | null>} Null where the language is not known, or the code is too long.
 */
export async function highlighted(source, language) {
  const name = language.toLowerCase();
  const grammar = Object.hasOwn(GRAMMARS, name) ? /** @type {Record<string, string>} */ (GRAMMARS)[name] : null;
  if (!grammar || source.length > LIMIT) return null;
  try {
    const hljs = await highlighterOf(grammar);
    return hljs.highlight(source, { language: grammar, ignoreIllegals: true }).value;
  } catch {
    return null;
  }
}

/**
 * @param {string} grammar
 * @returns {Promise<any>} highlight.js, which knows the grammar by then.
 */
async function highlighterOf(grammar) {
  const core = (await import("../vendor/highlight/core.js")).default;
  if (!loading.has(grammar)) {
    loading.set(
      grammar,
      import(`../vendor/highlight/${grammar}.js`).then((module) => core.registerLanguage(grammar, module.default)),
    );
  }
  await loading.get(grammar);
  return core;
}
