/** Builds the page, keeps it connected, and asks for the token when the agent wants one. */

import * as api from "./api.js";
import { Bar } from "./bar.js";
import { CameraList } from "./cameras.js";
import { describe } from "./describe.js";
import { showEvent, showKeys, signIn } from "./dialogs.js";
import { loadIcons } from "./dom.js";
import { follow } from "./feed.js";
import { Health } from "./health.js";
import { chooseLanguage } from "./i18n.js";
import { listen } from "./keys.js";
import { backoff, pause } from "./retry.js";
import { Site } from "./site.js";
import { Talk } from "./talk.js";
import { Announcer, Ticker } from "./ticker.js";
import { Wall } from "./wall.js";

const SHOWN = 50;
const SILENCE = 20_000;

function build(site) {
  const place = (id) => document.getElementById(id);
  const wall = new Wall(place("wall"), site);
  const talk = new Talk(place("talk"), site);
  new Bar(site);
  new CameraList(place("cameras").querySelector("ol"), site);
  new Health(place("health"), site);
  new Announcer(place("announcer"), site);
  new Ticker(place("ticker"), site, (event) => {
    const { camera } = describe(event, site);
    if (site.cameras.has(camera)) wall.enlarge(camera);
    showEvent(event, site, () => talk.focus());
  });
  site.on("event", (event) => {
    const { alarm, camera } = describe(event, site);
    if (alarm) wall.flash(camera);
  });
  place("help").addEventListener("click", showKeys);
  listen({ site, wall, talk, help: showKeys });
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
        take: (name, data) => site.take(name, data),
        silence: SILENCE,
      });
    } catch (error) {
      if (error.status === 401) {
        await signIn();
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
build(site);
run(site);
