// Pan, zoom and look at a node: all that a picture in a page needs. No library, no network.
"use strict";
(() => {
  const stage = document.getElementById("stage");
  const svg = stage.querySelector("svg");
  const panel = document.getElementById("panel");
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const size = { width: svg.width.baseVal.value, height: svg.height.baseVal.value };
  let view = { x: 0, y: 0, scale: 1 };
  let chosen = null;

  const show = () => { svg.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`; };

  const fit = () => {
    const room = stage.getBoundingClientRect();
    // A long graph is shown from its top at a size that can be read, not as a hair.
    const height = room.height - 56; // the buttons' row stays free
    const whole = Math.min(room.width / size.width, height / size.height);
    const scale = Math.min(1.5, Math.max(whole, Math.min(0.6, room.width / size.width)));
    view = { x: Math.max(0, (room.width - size.width * scale) / 2), y: 0, scale };
    if (size.height * scale < height) view.y = (height - size.height * scale) / 2;
    show();
  };

  const zoom = (factor, x, y) => {
    const scale = Math.min(8, Math.max(0.02, view.scale * factor));
    const ratio = scale / view.scale;
    view = { x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, scale };
    show();
  };

  const middle = () => { const room = stage.getBoundingClientRect(); return [room.width / 2, room.height / 2]; };

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
  }, { passive: false });

  const fingers = new Map();
  let moved = 0;
  stage.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    moved = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved > 4 && !stage.classList.contains("is-moving")) {
      stage.classList.add("is-moving");
      stage.setPointerCapture(event.pointerId);
    }
    if (others.length) {
      const [x, y] = others[0][1];
      const was = Math.hypot(before[0] - x, before[1] - y) || 1;
      zoom(Math.hypot(event.clientX - x, event.clientY - y) / was, x, y);
    } else {
      view.x += dx;
      view.y += dy;
      show();
    }
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  const lift = (event) => { fingers.delete(event.pointerId); stage.classList.remove("is-moving"); };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);

  const element = (tag, text, parent) => {
    const made = document.createElement(tag);
    made.textContent = text;
    parent.append(made);
    return made;
  };

  const section = (title, text) => {
    if (!text) return;
    element("h3", title, panel);
    element("pre", text, panel);
  };

  const links = (title, nodes) => {
    if (!nodes.length) return;
    element("h3", title, panel);
    const list = element("ul", "", panel);
    for (const [node, words] of nodes) {
      const button = element("button", words, element("li", "", list));
      button.addEventListener("click", () => choose(node, true));
    }
  };

  const close = () => {
    if (chosen) chosen.classList.remove("is-chosen");
    chosen = null;
    panel.hidden = true;
  };

  const choose = (node, isMoving) => {
    close();
    const about = facts[node];
    chosen = document.getElementById("n" + node);
    if (!about || !chosen) return;
    chosen.classList.add("is-chosen");
    panel.replaceChildren();
    panel.hidden = false;
    const button = element("button", "×", panel);
    button.id = "close";
    button.setAttribute("aria-label", "close");
    button.addEventListener("click", close);
    element("h2", about.title, panel);
    element("p", about.facts, panel);
    section("value", about.value);
    section("gradient", about.gradient);
    links("from", about.from);
    links("to", about.to);
    if (isMoving) {
      const room = stage.getBoundingClientRect();
      const box = chosen.getBoundingClientRect();
      view.x += room.width / 2 - (box.left + box.width / 2);
      view.y += room.height / 2 - (box.top + box.height / 2);
      show();
    }
  };

  for (const node of svg.querySelectorAll(".node")) {
    const number = node.id.slice(1);
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.addEventListener("click", () => { if (moved <= 4) choose(number, false); });
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(number, false); }
    });
  }

  document.getElementById("in").addEventListener("click", () => zoom(1.25, ...middle()));
  document.getElementById("out").addEventListener("click", () => zoom(0.8, ...middle()));
  document.getElementById("fit").addEventListener("click", fit);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "+" || event.key === "=") zoom(1.25, ...middle());
    if (event.key === "-") zoom(0.8, ...middle());
    if (event.key === "0") fit();
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) { view.x += step[0]; view.y += step[1]; show(); }
  });
  fit();
})();
