/** The keyboard's short cuts. */

/** Listens for the whole page; quiet while somebody types or a dialog is open. What is held is let go of wherever the key comes up. */
export function listen({ site, wall, layouts, tree, talk, voice, pad, help }) {
  const keys = {
    f: () => wall.selected?.fullscreen(),
    m: () => talk.focus(),
    "/": () => tree.focus(),
    "+": () => wall.selected?.zoom.by(1.4),
    "-": () => wall.selected?.zoom.by(1 / 1.4),
    0: () => wall.selected?.zoom.reset(),
    t: () => voice.press(),
    pageup: () => layouts.turn(layouts.page - 1),
    pagedown: () => layouts.turn(layouts.page + 1),
    "?": help,
  };
  const choose = (number) => site.select(layouts.shown()[number - 1] ?? site.selected);

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return event.target.matches?.("textarea, input") ? event.target.blur() : wall.shrink();
    if (event.target.matches?.("input, textarea, select, [role=tree], [role=tab]")) return;
    const key = event.key.length > 1 && event.key.startsWith("Arrow") ? event.key : event.key.toLowerCase();
    if (event.repeat && (key === "t" || pad.key(key, true))) return event.preventDefault();
    const number = Number(key);
    const act = keys[key] ?? (number ? () => choose(number) : null);
    if (!act && !pad.key(key, true)) return;
    event.preventDefault();
    act?.();
  });
  addEventListener("keyup", (event) => {
    const key = event.key.startsWith("Arrow") ? event.key : event.key.toLowerCase();
    if (key === "t") voice.release();
    pad.key(key, false);
  });
}
