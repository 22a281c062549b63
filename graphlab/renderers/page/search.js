// Finding nodes: every word must stand in what is known of a node; the matches are lit, counted, and gone through.

let matches = [], match = -1;

/** Return everything of a node that can be searched, in small letters. */
const searchText = (structure, node, names) => {
  const about = structure.nodes[node];
  const line = about.line ? say("line", about) : "";
  return [about.title, about.name, about.detail, about.call, about.kind, about.module, about.shape, line, about.file, ...names]
    .filter(Boolean).join(" ").toLowerCase();
};

const findNodes = (query) => {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [];
  const { structure, names } = now.state;
  return structure.nodes.map((_, index) => index).filter((index) => {
    const text = searchText(structure, index, data.names[names[index]]);
    return wanted.every((word) => text.includes(word));
  });
};

const showMatches = () => {
  const isSearching = byId("query").value.trim() !== "";
  stage.classList.toggle("is-searching", isSearching && matches.length > 0);
  const found = new Set(matches);
  for (const box of scene.boxes) box.element.classList.toggle("is-found", membersOf(box).some((node) => found.has(node)));
  const count = matches.length;
  byId("found").textContent = !isSearching ? "" : count ? say("found", { index: match + 1, count }) : say("found_none");
  byId("match-back").disabled = byId("match-on").disabled = !count;
};

const search = () => {
  matches = findNodes(byId("query").value);
  match = matches.length ? 0 : -1;
  showMatches();
  if (matches.length) reveal(boxOf(matches[0]), false);
};

const goToMatch = (offset) => {
  if (!matches.length) return;
  match = (match + offset + matches.length) % matches.length;
  const box = unfoldTo(matches[match]);
  showMatches();
  choose(box, true);
};

byId("query").addEventListener("input", search);
byId("search").addEventListener("submit", (event) => event.preventDefault());
byId("query").addEventListener("keydown", (event) => {
  if (event.key === "Enter") { event.preventDefault(); goToMatch(event.shiftKey ? -1 : panel.hidden ? 0 : 1); }
  if (event.key === "Escape") { byId("query").value = ""; search(); byId("query").blur(); choose(null); }
  event.stopPropagation();
});
byId("match-on").addEventListener("click", () => goToMatch(1));
byId("match-back").addEventListener("click", () => goToMatch(-1));
