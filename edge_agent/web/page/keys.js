/** The keyboard's short cuts. */

/** Listens for the whole page; quiet while somebody types or a dialog is open. */
export function listen({ site, wall, talk, help }) {
  const keys = {
    f: () => wall.selected?.fullscreen(),
    m: () => talk.focus(),
    "+": () => wall.selected?.zoom.by(1.4),
    "-": () => wall.selected?.zoom.by(1 / 1.4),
    0: () => wall.selected?.zoom.reset(),
    "?": help,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (event.target.matches?.("textarea")) return event.target.blur();
      return wall.shrink();
    }
    if (event.target.matches?.("input, textarea, select")) return;
    const number = Number(event.key);
    const act = keys[event.key.toLowerCase()] ?? (number ? () => site.select([...site.cameras.keys()][number - 1] ?? site.selected) : null);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
