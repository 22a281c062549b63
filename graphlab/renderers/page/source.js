// The script beside the graph: its text with the line that runs marked, and what its comments tell about that line.

const code = byId("code");
const codeLines = new Map();

const TOKENS = /(#.*)|("""|'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\b(False|None|True|and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield)\b/g;

/** Colour one line of Python; `open` is the triple quote that an earlier line left open. Returns what stays open. */
const colorLine = (text, open, parent) => {
  let at = 0;
  const put = (kind, end) => {
    if (end > at) make("span", kind, text.slice(at, end), parent);
    at = end;
  };
  while (at < text.length) {
    if (open) {
      const end = text.indexOf(open, at);
      if (end < 0) { put("string", text.length); return open; }
      put("string", end + 3);
      open = "";
      continue;
    }
    TOKENS.lastIndex = at;
    const match = TOKENS.exec(text);
    if (!match) { put("", text.length); break; }
    put("", match.index);
    if (match[2] === '"""' || match[2] === "'''") { open = match[2]; put("string", match.index + 3); continue; }
    put(match[1] ? "comment" : match[2] ? "string" : "keyword", match.index + match[0].length);
  }
  return open;
};

/** Write the files of the script; a line that ran in a step of this page leads there. */
const writeSource = () => {
  document.body.classList.toggle("has-no-script", !data.files.length);
  const ran = new Set(data.steps.flatMap((step) => step.lines.map((line, at) => `${step.files[at]}:${line}`)));
  for (const file of data.files) {
    if (data.files.length > 1) make("div", "file", file.path, code);
    let open = "";
    if (file.text === null) make("div", "file", say("files_left_out"), code);
    (file.text ?? "").split("\n").forEach((text, at) => {
      const line = make("div", "code-line", "", code);
      make("i", "", String(at + 1), line);
      const words = make("span", "", "", line);
      open = colorLine(text, open, words);
      const key = `${file.id}:${at + 1}`;
      codeLines.set(key, line);
      if (!ran.has(key)) return;
      line.classList.add("is-runnable");
      line.addEventListener("click", () => goToLine(file.id, at + 1));
    });
  }
  if (data.run.error) codeLines.get(`${data.run.error.file}:${data.run.error.line}`)?.classList.add("is-raised");
};

/** Go to the next moment at which a line ran, in this step or, if need be, in another. */
const goToLine = (file, line) => {
  const isThere = (step, at) => step.lines[at] === line && step.files[at] === file;
  const count = data.steps.length;
  for (let offset = 0; offset <= count; offset += 1) {
    const index = (now.step + offset) % count, step = data.steps[index];
    const found = step.events.findIndex((_, at) => (offset || at > now.moment) && isThere(step, at));
    if (found >= 0) return go(index, found);
  }
  return undefined;
};

let marked = null;

/** Mark the line of a moment, scroll to it, and tell its narration. */
const showSource = (state) => {
  const { step, moment } = state;
  let at = moment;
  while (at > 0 && !step.lines[at]) at -= 1;
  const line = step.lines[at] ?? 0, file = step.files[at] ?? 0;
  const next = codeLines.get(`${file}:${line}`) ?? null;
  if (marked !== next) {
    marked?.classList.remove("is-now");
    next?.classList.add("is-now");
    marked = next;
    // Only the list of lines scrolls, never the page.
    const top = next?.offsetTop ?? 0;
    if (top < code.scrollTop + 30 || top > code.scrollTop + code.clientHeight - 60) code.scrollTop = top - code.clientHeight / 2.6;
  }
  const narration = byId("narration");
  const chapter = data.chapters.filter(([begin]) => file === 1 && begin <= line).at(-1);
  narration.replaceChildren();
  if (chapter) make("b", "", chapter[1], narration);
  const told = (file === 1 && data.narration[line]) || (line ? "" : data.run.question);
  if (told) writeTold(told, narration);
  else if (!line) writeProse(data.run.about, narration);
};
