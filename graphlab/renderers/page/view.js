// Where one looks: pan by dragging, zoom by wheel, fingers or buttons, and gliding to what has just run.

const stage = byId("stage");
let view = { x: 0, y: 0, scale: 1 };
const MARGIN = 24;

const applyView = () => {
  world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
};

/** Show all of the picture; of one that would become too small to read its beginning. */
const fit = () => {
  const room = stage.getBoundingClientRect();
  const [width, height] = scene.size;
  const wide = (room.width - 2 * MARGIN) / width, high = (room.height - 2 * MARGIN - 36) / height;
  const scale = Math.min(1.4, Math.max(Math.min(wide, high), Math.min(0.55, wide)));
  view = { scale, x: (room.width - width * scale) / 2, y: Math.max(MARGIN, (room.height - 36 - height * scale) / 2) };
  world.classList.remove("is-gliding");
  applyView();
};

const zoom = (factor, x, y) => {
  const scale = Math.min(6, Math.max(0.03, view.scale * factor));
  const ratio = scale / view.scale;
  view = { x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, scale };
  applyView();
};

const zoomMiddle = (factor) => {
  const room = stage.getBoundingClientRect();
  zoom(factor, room.width / 2, room.height / 2);
};

/** Glide to a box if it is not in sight. */
const reveal = (box, isAlways) => {
  const room = stage.getBoundingClientRect();
  const [x, y, width, height] = box.place.map((length) => length * view.scale);
  const left = x + view.x, top = y + view.y;
  const isSeen = left > 8 && top > 8 && left + width < room.width - 8 && top + height < room.height - 52;
  if (isSeen && !isAlways) return;
  view.x = room.width / 2 - x - width / 2;
  view.y = room.height / 2 - y - height / 2;
  world.classList.add("is-gliding");
  applyView();
};

const fingers = new Map();
let moved = 0;

stage.addEventListener("wheel", (event) => {
  if (event.target.closest("#panel, #legend")) return;
  event.preventDefault();
  world.classList.remove("is-gliding");
  const room = stage.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - room.left, event.clientY - room.top);
}, { passive: false });

stage.addEventListener("pointerdown", (event) => {
  if (event.target.closest("#panel, #legend, #tools, button")) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  moved = 0;
  world.classList.remove("is-gliding");
});

stage.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
  moved += Math.abs(dx) + Math.abs(dy);
  if (moved > 4 && !stage.classList.contains("is-moving")) {
    stage.classList.add("is-moving");
    stage.setPointerCapture(event.pointerId);
  }
  if (other) {
    const room = stage.getBoundingClientRect();
    const was = Math.hypot(before[0] - other[0], before[1] - other[1]) || 1;
    zoom(Math.hypot(event.clientX - other[0], event.clientY - other[1]) / was, other[0] - room.left, other[1] - room.top);
  } else {
    view.x += dx;
    view.y += dy;
    applyView();
  }
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});

const lift = (event) => {
  fingers.delete(event.pointerId);
  stage.classList.remove("is-moving");
};
stage.addEventListener("pointerup", lift);
stage.addEventListener("pointercancel", lift);

byId("zoom-in").addEventListener("click", () => zoomMiddle(1.25));
byId("zoom-out").addEventListener("click", () => zoomMiddle(0.8));
byId("fit").addEventListener("click", () => fit());

// A printed page shows the whole picture, however it was moved on the screen.
addEventListener("beforeprint", () => {
  const [width, height] = scene.size;
  const scale = Math.min(1, 680 / width, 900 / height);
  stage.style.setProperty("--print-height", `${height * scale + 8}px`);
  world.classList.remove("is-gliding");
  world.style.transform = `scale(${scale})`;
});
addEventListener("afterprint", applyView);
