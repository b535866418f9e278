import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

const { fit, moved } = await load("tiles");

const ROOM = { width: 500, height: 620, gap: 6, least: 24, ratio: 1, zoom: 1 };
const wideOf = ({ columns, width, gap }) => columns * width + (columns - 1) * gap;
const tallOf = ({ rows, height, gap }) => rows * height + (rows - 1) * gap;

describe("a grid that fits", () => {
  const grids = [];
  for (const count of [1, 2, 3, 7, 8, 16, 32, 64, 100, 512, 2048]) {
    for (const [rows, columns] of [[28, 28], [7, 7], [1, 1], [112, 112], [14, 30], [300, 400]]) {
      for (const width of [120, 250, 331, 500, 1100]) {
        for (const ratio of [1, 1.25, 2, 3]) {
          for (const zoom of [0.5, 1, 4]) grids.push({ count, rows, columns, room: { ...ROOM, width, ratio, zoom } });
        }
      }
    }
  }
  const each = (check) => {
    for (const grid of grids) {
      const { count, rows, columns, room } = grid;
      check(fit(count, rows, columns, room), grid, JSON.stringify(grid));
    }
  };

  test("is never wider than its room", () => {
    each((layout, { room }, which) => assert.ok(wideOf(layout) <= room.width + 1e-6, which));
  });

  test("has a place for every tile and no empty row", () => {
    each((layout, { count }, which) => {
      assert.ok(layout.columns * layout.rows >= count, which);
      assert.ok(layout.columns * (layout.rows - 1) < count, which);
    });
  });

  test("makes each value a whole number of pixels, wherever it has one at all", () => {
    let whole = 0;
    each((layout, { columns, room }, which) => {
      const scale = (layout.width * room.ratio) / columns;
      if (scale < 1) return;
      assert.ok(Math.abs(scale - Math.round(scale)) < 1e-6, which);
      whole++;
    });
    assert.ok(whole > grids.length / 2);
  });

  test("keeps the proportions of its pictures", () => {
    each((layout, { rows, columns }, which) =>
      assert.ok(Math.abs(layout.height / layout.width - rows / columns) < 1e-9, which),
    );
  });

  test("shows all at once where it can, and scrolls rather than shrink below the least", () => {
    assert.ok(tallOf(fit(32, 26, 26, ROOM)) <= ROOM.height);
    const many = fit(2048, 7, 7, ROOM);
    assert.ok(tallOf(many) > ROOM.height);
    assert.ok(many.width >= 21, "least 24, rounded down to whole pixels of 7");
  });

  test("grows with the zoom", () => {
    const widths = [0.5, 1, 2].map((zoom) => fit(32, 7, 7, { ...ROOM, zoom }).width);
    assert.ok(widths[0] < widths[1]);
    assert.ok(widths[1] < widths[2]);
  });
});

describe("a key in a grid", () => {
  // 0 1 2 3
  // 4 5 6 7
  // 8 9
  const to = (key, at) => moved(key, at, 10, 4, 2);
  const cases = [
    ["ArrowLeft", 5, 4],
    ["ArrowLeft", 4, 3],
    ["ArrowLeft", 0, 0],
    ["ArrowRight", 3, 4],
    ["ArrowRight", 9, 9],
    ["ArrowUp", 5, 1],
    ["ArrowUp", 1, 1],
    ["ArrowDown", 1, 5],
    ["ArrowDown", 9, 9],
    ["ArrowDown", 6, 6],
    ["Home", 7, 0],
    ["End", 2, 9],
    ["PageDown", 1, 9],
    ["PageDown", 2, 6],
    ["PageDown", 8, 8],
    ["PageUp", 9, 1],
    ["PageUp", 6, 2],
    ["PageUp", 0, 0],
    ["x", 3, null],
    ["Enter", 3, null],
    ["Tab", 3, null],
  ];
  for (const [key, at, expected] of cases) {
    test(`${key} leads from ${at} to ${expected}`, () => assert.equal(to(key, at), expected));
  }

  test("never leads outside", () => {
    const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"];
    for (let count = 1; count < 20; count++) {
      for (let columns = 1; columns < 8; columns++) {
        for (let at = 0; at < count; at++) {
          for (const key of keys) {
            const to = moved(key, at, count, columns, 3);
            assert.ok(to >= 0 && to < count, `${key} from ${at} of ${count} in ${columns} columns: ${to}`);
          }
        }
      }
    }
  });

  test("keeps the column of pages and of up and down", () => {
    for (const key of ["PageUp", "PageDown", "ArrowUp", "ArrowDown"]) {
      for (let at = 0; at < 10; at++) assert.equal(to(key, at) % 4, at % 4, `${key} from ${at}`);
    }
  });
});
