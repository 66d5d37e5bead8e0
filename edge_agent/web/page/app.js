/** Builds the page, keeps it connected, and asks who is there when it is refused. */

import * as api from "./api.js";
import { Bar } from "./bar.js";
import { Controls } from "./controls.js";
import { describe } from "./describe.js";
import { showEvent, showKeys } from "./dialogs.js";
import { loadIcons } from "./dom.js";
import { Drag } from "./drag.js";
import { follow } from "./feed.js";
import { Health } from "./health.js";
import { chooseLanguage, translate } from "./i18n.js";
import { listen } from "./keys.js";
import { Layouts } from "./layouts.js";
import { Pad } from "./ptz.js";
import { backoff, pause } from "./retry.js";
import { signIn } from "./signin.js";
import { Site } from "./site.js";
import { Talk } from "./talk.js";
import { Announcer, Ticker } from "./ticker.js";
import { Tree } from "./tree.js";
import { Voice } from "./voice.js";
import { Volume } from "./volume.js";
import { Wall } from "./wall.js";
import { WallBar } from "./wallbar.js";

const SHOWN = 100;
const SILENCE = 20_000;
const SETTLING = 300;

const place = (id) => document.getElementById(id);

function build(site) {
  const layouts = new Layouts(site);
  const wall = new Wall(place("wall"), site, layouts);
  new WallBar(place("wall-bar"), site, layouts);
  const tree = buildTree(site, layouts, wall);
  const voice = new Voice(site);
  const pad = new Pad(site);
  const talk = new Talk(site, { voice, volume: new Volume(site) });
  const controls = new Controls(place("controls"), site, { talk, pad });
  const speak = () => {
    controls.open("talk");
    talk.focus();
  };
  new Bar(site);
  new Health(place("health"), site);
  new Announcer(place("announcer"), site);
  new Ticker(place("ticker"), site, (event) => {
    const { camera } = describe(event, site);
    if (site.cameras.has(camera)) wall.enlarge(camera);
    showEvent(event, site, speak);
  });
  site.on("event", (event) => {
    const { alarm, camera } = describe(event, site);
    if (alarm) wall.flash(camera);
  });
  place("help").addEventListener("click", showKeys);
  listen({ site, wall, layouts, tree, talk: { focus: speak }, voice, pad, help: showKeys });
}

/** Builds the tree, and lets cameras be carried from it to the wall and from place to place there. */
function buildTree(site, layouts, wall) {
  const tree = new Tree(place("cameras"), site, {
    show: (id) => wall.show(id),
    add: (id) => layouts.add(id),
    place: (id) => {
      const at = layouts.shown().indexOf(id);
      return at < 0 ? null : at;
    },
  });
  layouts.addEventListener("changed", () => tree.refresh());
  const drag = new Drag(({ camera }, cell) => layouts.hang(camera, cell));
  drag.from(tree.list, (event) => tree.carried(event));
  drag.from(place("wall"), (event) => wall.carried(event));
  return tree;
}

let again = 0;

/** Asks for the site once more when the feed says that boxes or rights have changed; a burst of that is one question. */
function loadAgain(site) {
  clearTimeout(again);
  again = setTimeout(async () => {
    try {
      site.load(await api.site());
    } catch {
      // The feed breaks for the same reason, and its return asks again.
    }
  }, SETTLING);
}

/** Follows the agent for ever: whatever was missed while the link was down is asked for again. */
async function run(site) {
  for (let attempt = 0; ; attempt++) {
    try {
      site.load(await api.site());
      await follow("api/feed", {
        opened: async () => {
          attempt = 0;
          site.setLink("live");
          site.loadEvents(await api.events(SHOWN));
        },
        take: (name, data) => (name === "site" ? loadAgain(site) : site.take(name, data)),
        silence: SILENCE,
      });
    } catch (error) {
      if (error.status === 401) {
        await signIn(error.code);
        continue;
      }
      site.setLink("lost");
    }
    await pause(backoff(attempt));
  }
}

chooseLanguage();
loadIcons();
const site = new Site();
// Until the site is known there is nothing to choose from and nothing to operate.
site.on("site", () => (place("room").hidden = false));
build(site);
translate(document.body);
run(site);
