import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync, readdirSync } from "node:fs";
import { load } from "./modules.mjs";

const { GRID_KEYS, SLIDER_KEYS } = await load("help");
const { GLOSSARY } = await load("glossary");
const { PAD_KEYS } = await load("draw_pad_tools");
const { PIXEL_KEYS } = await load("enlarged");
const { moved } = await load("tiles");

const EVERY = { GRID_KEYS, SLIDER_KEYS, PAD_KEYS, PIXEL_KEYS };

test("every key of the help is said once, in words", () => {
  for (const [name, keys] of Object.entries(EVERY)) {
    assert.equal(new Set(keys.map(([key]) => key)).size, keys.length, name);
    for (const [key, words] of keys) assert.ok(key && words.length > 3, `${name}: ${key}`);
  }
});

test("the keys that the help of a grid names are those that move in it, and no others", () => {
  const named = GRID_KEYS.map(([keys]) => keys).join(", ").split(", ");
  const pressed = { arrows: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], "Page up": ["PageUp"], "Page down": ["PageDown"] };
  const works = named.flatMap((name) => pressed[name] ?? [name]);
  assert.equal(works.length, 8);
  for (const key of works) assert.notEqual(moved(key, 5, 40, 4, 2), null, key);
  for (const key of ["Enter", " ", "?", "Escape", "a"]) assert.equal(moved(key, 5, 40, 4, 2), null, key);
});

test("each word of the glossary is explained by some card", () => {
  const folder = new URL("../../cnnwidgets/widgets/static/", import.meta.url);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".js")).map((name) => readFileSync(new URL(name, folder), "utf8"));
  const lists = sources.flatMap((text) => [...text.matchAll(/helping\(\s*ui,\s*(\[.*?\])/g)].map((found) => JSON.parse(found[1])));
  assert.deepEqual(new Set(lists.flat()), new Set(Object.keys(GLOSSARY)));
});
